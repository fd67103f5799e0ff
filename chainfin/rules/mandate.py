"""The mandate (资金授权): a lender's signed word under which its money may go out. No mandate, no money.

A mandate names products with the policies that decide on them, the credit grades and the least interest rate that the
lender takes, the most that may be outstanding under it, and the time in which money may leave. It is asked twice: when
an offer is made and again when the money goes. How much of it is taken is counted like any other limit (see
`rules.facility`); revoked, it lets nothing new out and leaves what was lent as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from chainfin.errors import BadInput, Refusal
from chainfin.values.money import Money
from chainfin.values.product import Product

GRADES = ("A", "B", "C", "D")
"""Credit grades, best first."""
PAYOUT_TAKES = timedelta(days=1)
"""How long a bank may take to carry out what it is ordered to pay: what is ordered in a mandate's last day may go
when it doesn't hold any more."""
RATE_SCALE = 6
"""Decimals of a yearly rate: millionths."""


class MandateState(StrEnum):
    PREPARED = "prepared"
    """Its text is made, the lender hasn't signed it."""
    ACTIVE = "active"
    REVOKED = "revoked"
    EXPIRED = "expired"
    """Its time is over: shown, and stored of none."""


@dataclass(frozen=True, slots=True)
class Mandate:
    """What a lender allows. ``amount``: the most that may be held and outstanding at once. ``policies``: product → hash
    of the policy that decides on it. ``documents``: product → hash of the product document under which loans of it are
    made; empty in mandates from before they named any, under which nothing new is lent. ``rate_floor``: the least
    yearly rate. Money may leave from
    ``not_before`` up to, not including, ``expires_at``.

    Raises BadInput mandate_amount_invalid, mandate_products_missing, mandate_grades_invalid, mandate_rate_invalid,
    mandate_time_invalid.
    """

    id: str
    lender: str
    amount: Money
    policies: Mapping[Product, str]
    grades: tuple[str, ...]
    rate_floor: Decimal
    not_before: datetime
    expires_at: datetime
    state: MandateState = field(default=MandateState.PREPARED)
    documents: Mapping[Product, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.amount.minor <= 0:
            raise BadInput("mandate_amount_invalid", "a mandate is over more than nothing", where="amount")
        if not self.policies:
            raise BadInput("mandate_products_missing", "a mandate names at least one product", where="products")
        if not self.grades or len(set(self.grades)) != len(self.grades) or not set(self.grades) <= set(GRADES):
            raise BadInput("mandate_grades_invalid", f"grades are among {', '.join(GRADES)}, each once", where="grades")
        rate = self.rate_floor
        if not rate.is_finite() or not 0 <= rate <= 1 or rate != rate.quantize(Decimal(1).scaleb(-RATE_SCALE)):
            raise BadInput("mandate_rate_invalid", "a rate lies from 0 to 1, with 6 decimals", where="rate_floor")
        if self.expires_at <= self.not_before:
            raise BadInput("mandate_time_invalid", "a mandate ends after it begins", where="expires_at")


@dataclass(frozen=True, slots=True)
class Use:
    """What is to be lent under a mandate. ``document``: hash of the product document that gives the terms; None in
    loans from before there were any. ``grade``: of who is expected to pay: the debtor of a receivable, else the
    borrower."""

    product: Product
    policy: str
    document: str | None
    grade: str
    annual_rate: Decimal
    amount: Money


def is_over(state: MandateState, expires_at: datetime, now: datetime) -> bool:
    """Whether the time of one that was signed has run out: nothing goes out under it, though nobody revoked it."""
    return state is MandateState.ACTIVE and now >= expires_at


def live(mandate: Mandate, now: datetime) -> Refusal | None:
    """Whether money may leave under it at ``now``. Refusals: mandate_not_signed, mandate_revoked, mandate_not_begun,
    mandate_expired."""
    proof = {"mandate": mandate.id}
    if mandate.state is MandateState.REVOKED:
        return Refusal("mandate_revoked", "the lender has revoked its mandate", proof)
    if mandate.state is not MandateState.ACTIVE:
        return Refusal("mandate_not_signed", "the lender hasn't signed its mandate", proof)
    if now < mandate.not_before:
        since = mandate.not_before.isoformat()
        return Refusal("mandate_not_begun", f"the lender's mandate begins at {since}", {**proof, "not_before": since})
    if is_over(mandate.state, mandate.expires_at, now):
        until = mandate.expires_at.isoformat()
        return Refusal("mandate_expired", f"the lender's mandate ended at {until}", {**proof, "expires_at": until})
    return None


def payable(mandate: Mandate, now: datetime) -> Refusal | None:
    """Whether the bank may be ordered now to pay under it, so that the money goes while it holds. Refusals: those of
    `live`; mandate_expired from `PAYOUT_TAKES` before its end."""
    refusal = live(mandate, now)
    if refusal is None and now + PAYOUT_TAKES > mandate.expires_at:
        until = mandate.expires_at.isoformat()
        return Refusal(
            "mandate_expired",
            f"the lender's mandate ends at {until}, and a payout ordered now may take until after it",
            {"mandate": mandate.id, "expires_at": until},
        )
    return refusal


def permits(mandate: Mandate, use: Use, now: datetime) -> Refusal | None:
    """Whether this may be lent under the mandate now. How much of it is free is for the limits to say.

    Refusals: those of `payable`, mandate_product, mandate_policy, mandate_document, mandate_currency, mandate_grade,
    mandate_rate, mandate_amount (more than the whole mandate).
    """
    refusal = payable(mandate, now)
    if refusal is not None:
        return refusal
    proof = {"mandate": mandate.id, "product": use.product.value}
    if use.product not in mandate.policies:
        return Refusal("mandate_product", f"the lender's mandate doesn't cover {use.product.value}", proof)
    if mandate.policies[use.product] != use.policy:
        return Refusal(
            "mandate_policy", "the policy is not the one that the lender's mandate names", {**proof, "hash": use.policy}
        )
    if mandate.documents.get(use.product) != use.document:
        return Refusal(
            "mandate_document",
            "the product document is not the one that the lender's mandate names",
            {**proof, "hash": str(use.document)},
        )
    if mandate.amount.currency != use.amount.currency:
        return Refusal(
            "mandate_currency",
            f"the lender's mandate is in {mandate.amount.currency}",
            {**proof, "currency": use.amount.currency},
        )
    if use.grade not in mandate.grades:
        return Refusal(
            "mandate_grade", f"the lender's mandate doesn't cover grade {use.grade}", {**proof, "grade": use.grade}
        )
    if use.annual_rate < mandate.rate_floor:
        return Refusal(
            "mandate_rate",
            f"a rate of {use.annual_rate} is below the {mandate.rate_floor} of the lender's mandate",
            {**proof, "annual_rate": str(use.annual_rate), "rate_floor": str(mandate.rate_floor)},
        )
    if use.amount > mandate.amount:
        return Refusal(
            "mandate_amount",
            f"{use.amount} is more than the whole mandate",
            {**proof, "amount": str(use.amount), "mandate_amount": str(mandate.amount)},
        )
    return None
