"""Loans as their parties see them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, Field

from api.schemas.common import (
    Amount,
    AmountIn,
    DecimalText,
    Input,
    Moment,
    Reason,
    Ref,
    major,
    quantity_text,
    states,
)
from api.schemas.lending import OfferTerms
from api.schemas.pledges import PledgeOut
from chainfin.rules.loan import Category, Instalment, LoanState, history
from chainfin.rules.margin import State
from chainfin.services.payments.instructions import PaymentInstruction
from chainfin.services.reads.queries import LoanDetail as LoanSeen
from chainfin.services.reads.queries import Payoff, StatementLine
from chainfin.services.views.lending import LoanView, MarginCallView
from chainfin.values.money import Money
from chainfin.values.product import Product


class LoanOut(BaseModel):
    """A loan: its terms and state."""

    id: str
    application_id: str
    borrower_id: str
    lender_id: str
    product: Product
    currency: str
    principal: str
    terms: OfferTerms
    start_date: dt.date | None
    maturity: dt.date
    status: str = states(LoanState)
    created_at: Moment
    funded_at: Moment | None
    closed_at: Moment | None

    @classmethod
    def of(cls, seen: LoanView) -> LoanOut:
        return cls(**_loan(seen))


class LoanDetail(LoanOut):
    """With what is owed (as of the day to which interest was accrued) and what is pledged."""

    accrued_to: dt.date
    outstanding: str = Field(description="principal still owed")
    days_past_due: int
    category: str = states(Category)
    pledges: list[PledgeOut]

    @classmethod
    def full(cls, seen: LoanSeen) -> LoanDetail:
        return cls(
            **_loan(seen.agreed),
            accrued_to=seen.loan.accrued_to,
            outstanding=str(seen.loan.outstanding),
            days_past_due=seen.loan.days_past_due,
            category=seen.loan.category.value,
            pledges=[PledgeOut.of(pledge) for pledge in seen.pledges],
        )


def _loan(seen: LoanView) -> dict[str, Any]:
    return {
        "id": seen.id,
        "application_id": seen.application_id,
        "borrower_id": seen.borrower_id,
        "lender_id": seen.lender_id,
        "product": Product(seen.product),
        "currency": seen.currency,
        "principal": major(seen.principal, seen.currency),
        "terms": OfferTerms.model_validate({name: seen.terms.get(name) for name in OfferTerms.model_fields}),
        "start_date": seen.start_date,
        "maturity": seen.maturity,
        "status": seen.status,
        "created_at": seen.created_at,
        "funded_at": seen.funded_at,
        "closed_at": seen.closed_at,
    }


class InstalmentOut(BaseModel):
    number: int
    due: dt.date
    principal: str
    interest: str
    fee: str
    total: str
    balance: str = Field(description="principal left after it")


class ScheduleOut(BaseModel):
    """The instalments as agreed; their principal adds up to the loan's."""

    loan_id: str
    currency: str
    instalments: list[InstalmentOut]

    @classmethod
    def of(cls, loan_id: str, instalments: Sequence[Instalment]) -> ScheduleOut:
        lines = [
            InstalmentOut(
                number=each.number,
                due=each.due,
                principal=str(each.principal),
                interest=str(each.interest),
                fee=str(each.fee),
                total=str(each.total),
                balance=str(each.balance),
            )
            for each in instalments
        ]
        return cls(loan_id=loan_id, currency=instalments[0].principal.currency, instalments=lines)


class StatementLineOut(BaseModel):
    """What happened; ``amount`` is signed from the borrower's side: what it owes grows with plus."""

    on: dt.date
    kind: str = states(history.Kind, "fee", "rebate")
    amount: Amount
    balance: Amount = Field(description="what is owed after it: the sum of all amounts so far")
    allocation: dict[str, str] = Field(description="a payment's way through the waterfall")
    at: Moment

    @classmethod
    def of(cls, line: StatementLine) -> StatementLineOut:
        allocation = {name: str(part) for name, part in line.allocation.items()}
        return cls(
            on=line.on,
            kind=line.kind,
            amount=Amount.of(line.amount),
            balance=Amount.of(line.balance),
            allocation=allocation,
            at=line.at,
        )


class StatementOut(BaseModel):
    loan_id: str
    lines: list[StatementLineOut]


class TopUpIn(Input):
    """More goods for the loan, like those that were lent on; ``quantity`` in the receipt's unit."""

    warehouse_receipt_id: Ref
    quantity: DecimalText


class GoodsMinimumIn(Input):
    """What the goods pledged for the loan are worth at least while they move, and why so much."""

    amount: AmountIn
    reason: Reason


class MarginCallOut(BaseModel):
    """A call (补仓): pay this much of the loan, or bring other collateral."""

    id: str
    asset_id: str
    cause: str = Field(description="what shrank the collateral: a document, a price, a count, the end of a day")
    amount: Amount
    left: Amount | None = Field(description="the least that meets it if it is paid today; null once it has ended")
    quantity: str | None = Field(description="so much more of the goods, in their unit, did the same when it was made")
    due_on: dt.date | None = Field(description="the last day to meet it; null of a loan on receivables")
    status: str = states(State)
    escalated_on: dt.date | None = Field(description="since then the lender may take the goods")
    created_at: Moment

    @classmethod
    def of(cls, call: MarginCallView) -> MarginCallOut:
        return cls(
            id=call.id,
            asset_id=call.asset_id,
            cause=call.cause,
            amount=Amount.of(Money(call.amount, call.currency)),
            left=None if call.left is None else Amount.of(call.left),
            quantity=None if call.quantity is None else quantity_text(call.quantity),
            due_on=call.due_on,
            status=call.status,
            escalated_on=call.escalated_on,
            created_at=call.created_at,
        )


class MarginCallsOut(BaseModel):
    loan_id: str
    calls: list[MarginCallOut]
    unchecked: Literal["price_missing", "price_stale"] | None = Field(
        description="why nobody can tell what the goods under the loan are worth now"
    )


class PayoffOut(BaseModel):
    """What settles the loan on a day; early repayment costs only the days used."""

    loan_id: str
    on: dt.date
    currency: str
    total: str
    parts: dict[str, str]
    rebate: str = Field(
        description="let off, so that the loan costs no more than its cap in a year; the total is less it"
    )

    @classmethod
    def of(cls, loan_id: str, payoff: Payoff) -> PayoffOut:
        return cls(
            loan_id=loan_id,
            on=payoff.on,
            currency=payoff.total.currency,
            total=str(payoff.total),
            parts={name: str(part) for name, part in payoff.parts.items()},
            rebate=str(payoff.rebate),
        )


class RepaymentIn(Input):
    """How much is to be repaid; without it, all that settles the loan today."""

    amount: AmountIn | None = None


class InstructionOut(BaseModel):
    """What to write on the bank transfer. Nothing counts as paid before the bank says so."""

    account: str = Field(description="the lender's, for this payer")
    payee: str = Field(description="in whose name it stands")
    reference: str = Field(description="the creditor reference (ISO 11649), as it is printed")
    amount: Amount

    @classmethod
    def of(cls, made: PaymentInstruction) -> InstructionOut:
        return cls(account=made.account, payee=made.payee, reference=made.remittance, amount=Amount.of(made.amount))
