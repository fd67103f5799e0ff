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
    asset_amount,
    major,
    quantity_text,
)
from api.schemas.lending import OfferTerms
from api.schemas.parties import ActOut, ActProblem
from chainfin.rules.loan import Instalment
from chainfin.services.goods.receipt_asset import ReceiptAsset
from chainfin.services.lending.margin_calls import Called
from chainfin.services.payments.incoming import COLLECTION_ACCOUNT, PaymentInstruction
from chainfin.services.pledges.substitution import SubstitutionView
from chainfin.services.pledges.undertakings import Undertaken
from chainfin.services.reads.queries import LoanView, Payoff, StatementLine
from chainfin.storage.lending_tables import LoanRow
from chainfin.storage.trade_tables import PledgeRow
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
    status: str
    created_at: Moment
    funded_at: Moment | None
    closed_at: Moment | None

    @classmethod
    def of(cls, row: LoanRow) -> LoanOut:
        return cls(**_loan(row))


class PledgeOut(BaseModel):
    """Amounts are of a receivable in its currency, or of goods in the receipt's unit; ``left`` is still locked."""

    id: str
    loan_id: str | None = Field(description="none for one that was made past this service")
    pledgor_id: str
    lender_id: str
    asset_kind: str
    asset_id: str
    amount: str
    released: str
    settled: str = Field(description="paid by the debtor, or by who bought it back")
    lost: str = Field(description="goods that a count didn't find any more")
    left: str
    decision_hash: str
    registry_number: str | None = Field(description="of its entry in the statutory registry")
    status: str
    drawn: bool = Field(description="whether the chain knows that the lender has paid out")
    expires_at: Moment | None = Field(description="from when on the pledgor may end it, if it isn't drawn")
    taken_id: str | None = Field(description="once enforced: the asset that the lender holds instead")
    tx_hash: str | None
    block_number: int | None

    @classmethod
    def of(cls, row: PledgeRow, currency: str) -> PledgeOut:
        shown = row.model_dump(include=set(cls.model_fields)) | {"left": row.left}
        for name in ("amount", "released", "settled", "lost", "left"):
            shown[name] = asset_amount(shown[name], currency, goods=row.asset_kind == ReceiptAsset.kind)
        return cls.model_validate(shown)


class ReleaseOfPledgeIn(Input):
    """How much is given up: of a receivable in its currency, of goods in the receipt's unit; without it, all."""

    amount: DecimalText | None = None


class UndertakingIn(Input):
    """How much (of goods in the receipt's unit, of a receivable in its currency), until when, in which words (of these
    a hash goes on chain)."""

    amount: DecimalText
    until: dt.date
    wording: Reason


class UndertakingOut(BaseModel):
    """``left`` isn't bought yet. To buy, pay to ``account`` with ``remittance``: goods go at the newest price, of a
    receivable that is overdue goes what is paid on its loan."""

    pledge_id: str
    buyer_id: str
    unit: str = Field(description="of the goods; of a receivable its currency")
    amount: str
    left: str
    until: dt.date
    account: str
    remittance: str
    created_at: Moment

    @classmethod
    def of(cls, made: Undertaken) -> UndertakingOut:
        row = made.row
        return cls(
            pledge_id=row.pledge_id,
            buyer_id=row.buyer_id,
            unit=made.unit,
            amount=asset_amount(row.amount, made.unit, goods=made.goods),
            left=asset_amount(row.left, made.unit, goods=made.goods),
            until=row.until,
            account=COLLECTION_ACCOUNT,
            remittance=f"BUYBACK {row.pledge_id}",
            created_at=row.created_at,
        )


class UndertakingsOut(BaseModel):
    pledge_id: str
    undertakings: list[UndertakingOut]


class SubstitutionIn(Input):
    """Goods (in the receipt's unit) to be set free of a pledge for a pledge over a receivable of the same party."""

    sold_pledge_id: Ref
    quantity: DecimalText
    receivable_id: Ref
    amount: AmountIn


class SubstitutionOut(BaseModel):
    """``id`` is the new pledge's. offered → registering → pledging → done; or expired, withdrawn, failed."""

    id: str
    sold_pledge_id: str
    receivable_id: str
    lender_id: str
    pledgor_id: str
    quantity: str = Field(description="goods set free, in the receipt's unit")
    amount: Amount = Field(description="of the receivable, pledged instead")
    status: Literal["offered", "registering", "pledging", "done", "expired", "withdrawn", "failed"]
    error: ActProblem | None = Field(description="why it failed: nothing has changed then")
    act: ActOut | None = Field(description="for the pledgor: the grant that its signature accepts")
    expires_at: Moment = Field(description="of the offer")
    created_at: Moment

    @classmethod
    def of(cls, view: SubstitutionView) -> SubstitutionOut:
        row, error = view.row, None
        if row.error_code is not None:
            error = ActProblem(code=row.error_code, message=row.error_message or "")
        return cls(
            id=row.pledge_id,
            sold_pledge_id=row.sold_id,
            receivable_id=row.receivable_id,
            lender_id=row.lender_id,
            pledgor_id=row.pledgor_id,
            quantity=quantity_text(row.quantity),
            amount=Amount.of(Money(row.amount, view.currency)),
            status=row.status,
            error=error,
            act=None if view.act is None else ActOut.of(view.act),
            expires_at=row.expires_at,
            created_at=row.created_at,
        )


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
        "product": Product(row.product),
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


class MarginCallOut(BaseModel):
    """A call (补仓): pay this much of the loan, or bring other collateral."""

    id: str
    asset_id: str
    cause: str = Field(description="what shrank the collateral: a document, a price, the end of a day")
    amount: Amount
    status: Literal["open", "met"] = Field(description="met: paid since, covered again, or the loan has ended")
    created_at: Moment

    @classmethod
    def of(cls, call: Called) -> MarginCallOut:
        row = call.row
        return cls(
            id=row.id,
            asset_id=row.asset_id,
            cause=row.cause,
            amount=Amount.of(Money(row.amount, row.currency)),
            status="met" if call.met else "open",
            created_at=row.created_at,
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

    account: str
    remittance: str
    amount: Amount

    @classmethod
    def of(cls, made: PaymentInstruction) -> InstructionOut:
        return cls(account=made.account, remittance=made.remittance, amount=Amount.of(made.amount))
