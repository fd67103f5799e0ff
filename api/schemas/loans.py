"""Loans as their parties see them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field

from api.schemas.common import Amount, AmountIn, Input, Moment, asset_amount, major
from api.schemas.lending import OfferTerms
from chainfin.loan import Instalment
from chainfin.services.queries import LoanView, Payoff, StatementLine
from chainfin.services.repayments import PaymentInstruction
from chainfin.storage.lending_tables import LoanRow
from chainfin.storage.trade_tables import PledgeRow


class LoanOut(BaseModel):
    """A loan: its terms and state."""

    id: str
    application_id: str
    borrower_id: str
    lender_id: str
    product: str
    currency: str
    principal: str
    terms: OfferTerms
    start_date: dt.date | None
    maturity: dt.date
    status: str
    created_at: Moment
    funded_at: Moment | None
    closed_at: Moment | None

    @classmethod
    def of(cls, row: LoanRow) -> LoanOut:
        return cls(**_loan(row))


class PledgeOut(BaseModel):
    """``amount``, ``released``, ``settled``, ``lost``: of a receivable in its currency, of goods in their unit."""

    id: str
    asset_kind: str
    asset_id: str
    amount: str
    released: str
    settled: str
    lost: str = Field(description="of goods: what a count didn't find any more")
    decision_hash: str
    registry_number: str | None = Field(description="of its entry in the statutory registry")
    status: str
    tx_hash: str | None
    block_number: int | None

    @classmethod
    def of(cls, row: PledgeRow, currency: str) -> PledgeOut:
        shown = row.model_dump(include=set(cls.model_fields))
        for name in ("amount", "released", "settled", "lost"):
            shown[name] = asset_amount(shown[name], currency, goods=row.asset_kind == "warehouse_receipt")
        return cls.model_validate(shown)


class LoanDetail(LoanOut):
    """With what is owed (as of the day to which interest was accrued) and what is pledged."""

    accrued_to: dt.date
    outstanding: str = Field(description="principal still owed")
    days_past_due: int
    category: str = Field(description="five-category classification (五级分类)")
    pledges: list[PledgeOut]

    @classmethod
    def full(cls, view: LoanView) -> LoanDetail:
        return cls(
            **_loan(view.row),
            accrued_to=view.loan.accrued_to,
            outstanding=str(view.loan.outstanding),
            days_past_due=view.loan.days_past_due,
            category=view.loan.category.value,
            pledges=[PledgeOut.of(row, view.row.currency) for row in view.pledges],
        )


def _loan(row: LoanRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "application_id": row.application_id,
        "borrower_id": row.borrower_id,
        "lender_id": row.lender_id,
        "product": row.product,
        "currency": row.currency,
        "principal": major(row.principal, row.currency),
        "terms": OfferTerms.model_validate({name: row.terms.get(name) for name in OfferTerms.model_fields}),
        "start_date": row.start_date,
        "maturity": row.maturity,
        "status": row.status,
        "created_at": row.created_at,
        "funded_at": row.funded_at,
        "closed_at": row.closed_at,
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
    kind: str
    amount: Amount
    allocation: dict[str, str] = Field(description="a payment's way through the waterfall")
    at: Moment

    @classmethod
    def of(cls, line: StatementLine) -> StatementLineOut:
        allocation = {name: str(part) for name, part in line.allocation.items()}
        return cls(on=line.on, kind=line.kind, amount=Amount.of(line.amount), allocation=allocation, at=line.at)


class StatementOut(BaseModel):
    loan_id: str
    lines: list[StatementLineOut]


class PayoffOut(BaseModel):
    """What settles the loan on a day; early repayment costs only the days used."""

    loan_id: str
    on: dt.date
    currency: str
    total: str
    parts: dict[str, str]

    @classmethod
    def of(cls, loan_id: str, payoff: Payoff) -> PayoffOut:
        parts = {name: str(part) for name, part in payoff.parts.items()}
        return cls(loan_id=loan_id, on=payoff.on, currency=payoff.total.currency, total=str(payoff.total), parts=parts)


class RepaymentIn(Input):
    """How much is to be repaid; without it, all that settles the loan today."""

    amount: AmountIn | None = None


class InstructionOut(BaseModel):
    """What to write on the bank transfer. Nothing counts as paid before the bank says so."""

    account: str
    remittance: str
    amount: Amount

    @classmethod
    def of(cls, made: PaymentInstruction) -> InstructionOut:
        return cls(account=made.account, remittance=made.remittance, amount=Amount.of(made.amount))
