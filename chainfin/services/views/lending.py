"""Limits, mandates, applications and offers, loans and calls on them. Amounts in minor units of ``currency``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from chainfin.risk.explain import Sentence
from chainfin.services.views.acts import ActView
from chainfin.services.views.of_row import shown
from chainfin.storage.lending_tables import (
    ApplicationNodeRow,
    ApplicationRow,
    LimitRow,
    LoanRow,
    MandateRow,
    MarginCallRow,
    OfferRow,
)
from chainfin.values.measure import Measure
from chainfin.values.money import Money


@dataclass(frozen=True, slots=True)
class LimitView:
    """A lender's limit as the lender set it, for the lender and for whom it is about. ``held`` is promised, ``used`` is
    paid out: both together are more than ``amount`` where it was lowered below them."""

    id: str
    lender_id: str
    kind: str
    key: str
    currency: str
    amount: int
    held: int
    used: int
    grade: str | None
    proposal_id: str | None
    updated_at: datetime

    @classmethod
    def of(cls, row: LimitRow) -> LimitView:
        return shown(cls, row, amount=row.amount if row.lowered_to is None else row.lowered_to)


@dataclass(frozen=True, slots=True)
class MandateView:
    """A lender's mandate with what is held and used of it, for the lender. ``policies``, ``documents``: product → hash
    of what decides on it, and of the product document that its loans follow."""

    id: str
    lender_id: str
    policies: dict[str, str]
    documents: dict[str, str]
    currency: str
    amount: int
    held: int
    used: int
    grades: list[str]
    rate_floor: str
    not_before: datetime
    expires_at: datetime
    status: str
    signer: str
    typed_data: dict[str, object]
    signature: str | None
    proposal_id: str | None
    created_at: datetime
    revoked_at: datetime | None
    revocation: dict[str, object] | None
    revocation_signature: str | None

    @classmethod
    def of(cls, row: MandateRow, *, held: int, used: int, status: str) -> MandateView:
        return shown(cls, row, held=held, used=used, status=status)


@dataclass(frozen=True, slots=True)
class ApplicationView:
    """An application, for borrower and lender: without the data that the applicant consented to, and without the
    record of the decision (of which ``record_hash`` is the hash)."""

    id: str
    product: str
    borrower_id: str
    lender_id: str
    asset_id: str | None
    currency: str
    requested: int
    days: int
    status: str
    record_hash: str | None
    refusals: list[dict[str, object]]
    loan_id: str | None
    appeal_of: str | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: ApplicationRow) -> ApplicationView:
        return shown(cls, row)


@dataclass(frozen=True, slots=True)
class NodeView:
    """One node of an application's way."""

    seq: int
    name: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    detail: dict[str, object]

    @classmethod
    def of(cls, row: ApplicationNodeRow) -> NodeView:
        return shown(cls, row)


@dataclass(frozen=True, slots=True)
class OfferView:
    """An offer. ``pledge_amount`` counts in ``pledged_in``; ``act`` is what the borrower signs, and nobody else's."""

    id: str
    application_id: str
    terms: Mapping[str, Any]
    amount: int
    pledge_amount: int
    pledged_in: Measure
    status: str
    expires_at: datetime
    created_at: datetime
    act: ActView | None

    @classmethod
    def of(cls, row: OfferRow, *, pledged_in: Measure, act: ActView | None) -> OfferView:
        return shown(cls, row, pledged_in=pledged_in, act=act)


@dataclass(frozen=True, slots=True)
class ApplicationDetail:
    """An application with its trail, its offer, and what is said to the applicant."""

    application: ApplicationView
    progress: list[NodeView]
    offer: OfferView | None
    explanation: list[Sentence]
    limit_parts: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Trail:
    """A piece of an application's way, with the status that it has by now."""

    status: str
    progress: list[NodeView]


@dataclass(frozen=True, slots=True)
class LoanView:
    """A loan's terms and state, for borrower and lender. What is owed is read from the book."""

    id: str
    application_id: str
    borrower_id: str
    lender_id: str
    product: str
    currency: str
    principal: int
    terms: Mapping[str, Any]
    start_date: date | None
    maturity: date
    status: str
    created_at: datetime
    funded_at: datetime | None
    closed_at: datetime | None

    @classmethod
    def of(cls, row: LoanRow) -> LoanView:
        return shown(cls, row)


@dataclass(frozen=True, slots=True)
class MarginCallView:
    """A call (补仓). ``status``: `rules.margin.State`, cured once the loan is over. ``left``: the least that meets it
    if it is paid today, None once it has ended; ``quantity``: thousandths more of the goods that did the same when it
    was made; ``due_on``: the last day to meet it (both None of a loan on receivables)."""

    id: str
    asset_id: str
    cause: str
    currency: str
    amount: int
    quantity: int | None
    left: Money | None
    due_on: date | None
    status: str
    escalated_on: date | None
    created_at: datetime

    @classmethod
    def of(cls, row: MarginCallRow, *, status: str, left: Money | None) -> MarginCallView:
        return shown(cls, row, status=status, left=left)
