"""Lenders' money, what their bank says of it, and closed months."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from chainfin.services.views.of_row import shown
from chainfin.storage.bank_tables import BankFileRow, BankPaymentRow, BankStatementRow
from chainfin.storage.funding_tables import FundingAccountRow
from chainfin.storage.ledger_tables import PeriodRow


@dataclass(frozen=True, slots=True)
class FundingAccountView:
    """A lender's money for lending in one currency, minor units. ``available``: what new loans can be paid out of."""

    id: str
    lender_id: str
    currency: str
    balance: int
    committed: int
    available: int
    updated_at: datetime

    @classmethod
    def of(cls, row: FundingAccountRow, *, available: int) -> FundingAccountView:
        return shown(cls, row, available=available)


@dataclass(frozen=True, slots=True)
class PeriodView:
    """A month in which nothing is booked any more. ``period``: YYYY-MM."""

    period: str
    last_day: date
    closed_by: str
    closed_at: datetime

    @classmethod
    def of(cls, row: PeriodRow) -> PeriodView:
        return shown(cls, row)


@dataclass(frozen=True, slots=True)
class BankStatementView:
    """A bank's statement as it was taken in, for whose account it is; balances in minor units, signed."""

    id: str
    account: str
    currency: str
    kind: str
    number: str
    sequence: int | None
    page: int
    opening: int | None
    closing: int | None
    closing_on: date | None
    difference: str | None
    source: str
    taken_at: datetime

    @classmethod
    def of(cls, row: BankStatementRow) -> BankStatementView:
        return shown(cls, row)


@dataclass(frozen=True, slots=True)
class BankFileView:
    """A bank's file that was fed by hand. ``became``: what became of it once it was taken in."""

    id: str
    name: str
    sha256: str
    document: str
    proposal_id: str | None
    became: dict[str, object] | None
    created_at: datetime

    @classmethod
    def of(cls, row: BankFileRow) -> BankFileView:
        return shown(cls, row)


@dataclass(frozen=True, slots=True)
class BankOrderView:
    """An order that went to the bank as a file. ``standing``: a `rules.bank_order.Standing`; ``written_again``:
    who had it written again, when and why."""

    instruction_id: str
    standing: str
    written_again: list[dict[str, str]]

    @classmethod
    def of(cls, row: BankPaymentRow) -> BankOrderView:
        return shown(cls, row)
