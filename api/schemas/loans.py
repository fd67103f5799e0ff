"""Loans as their parties see them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from api.schemas.common import (
    Amount,
    AmountIn,
    DecimalText,
    Input,
    Moment,
    Reason,
    Ref,
    Word,
    major,
    quantity_text,
    states,
)
from api.schemas.lending import OfferTerms
from api.schemas.parties import ActOut, ActProblem
from chainfin.rules import pledge
from chainfin.rules.loan import Instalment, LoanState
from chainfin.services.payments.instructions import PaymentInstruction
from chainfin.services.reads.queries import LoanDetail as LoanSeen
from chainfin.services.reads.queries import Payoff, StatementLine
from chainfin.services.views.lending import LoanView, MarginCallView
from chainfin.services.views.pledges import (
    BuyBackPaymentView,
    PledgeView,
    SubstitutionView,
    TakenSaleView,
    UndertakingView,
)
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
    status: str = states(pledge.State)
    drawn: bool = Field(description="whether the chain knows that the lender has paid out")
    expires_at: Moment | None = Field(description="from when on the pledgor may end it, if it isn't drawn")
    taken_id: str | None = Field(description="once enforced: the asset that the lender holds instead")
    tx_hash: str | None
    block_number: int | None

    @classmethod
    def of(cls, seen: PledgeView) -> PledgeOut:
        names = ("amount", "released", "settled", "lost", "left")
        amounts = {name: seen.measure.text(getattr(seen, name)) for name in names}
        return cls.model_validate({name: getattr(seen, name) for name in cls.model_fields} | amounts)


class ReleaseOfPledgeIn(Input):
    """How much is given up: of a receivable in its currency, of goods in the receipt's unit; without it, all."""

    amount: DecimalText | None = None


class UndertakingIn(Input):
    """How much (of goods in the receipt's unit, of a receivable in its currency), until when, on which terms (of these
    a hash goes on chain)."""

    amount: DecimalText
    until: dt.date = Field(description="the last day on which it can be called; of goods after the loan's maturity")
    wording: Reason
    price: AmountIn | None = Field(default=None, description="of a unit of goods; without it they go at the day's")


class BuyBackPaymentOut(BaseModel):
    """Money that came in to buy what is pledged: ``waiting`` until it is the buyer's; ``reason`` says for what, or why
    it went back."""

    id: str
    amount: Amount
    received_on: dt.date
    status: str
    reason: str | None

    @classmethod
    def of(cls, seen: BuyBackPaymentView) -> BuyBackPaymentOut:
        amount = Amount.of(Money(seen.amount, seen.currency))
        return cls(id=seen.id, amount=amount, received_on=seen.received_on, status=seen.status, reason=seen.reason)


class UndertakingOut(BaseModel):
    """``left`` isn't bought yet. To buy, pay to ``account`` with ``remittance``: goods whose loan is late (or before,
    if their pledgor ``agreed``) go at ``price``, else at the newest, and for no less than their share of what is owed;
    of a receivable that is overdue goes what is paid on its loan."""

    pledge_id: str
    buyer_id: str
    unit: str = Field(description="of the goods; of a receivable its currency")
    amount: str
    left: str
    until: dt.date
    wording: str | None = Field(description="null where only its hash is known")
    price: Amount | None
    agreed: bool
    account: str
    remittance: str
    payments: list[BuyBackPaymentOut]
    created_at: Moment

    @classmethod
    def of(
        cls, seen: UndertakingView, account: str, remittance: str, payments: Sequence[BuyBackPaymentView]
    ) -> UndertakingOut:
        return cls(
            pledge_id=seen.pledge_id,
            buyer_id=seen.buyer_id,
            unit=seen.measure.unit,
            amount=seen.measure.text(seen.amount),
            left=seen.measure.text(seen.left),
            until=seen.until,
            wording=seen.wording,
            price=None if seen.price is None else Amount.of(seen.price),
            agreed=seen.agreed,
            account=account,
            remittance=remittance,
            payments=[BuyBackPaymentOut.of(each) for each in payments],
            created_at=seen.created_at,
        )


class UndertakingsOut(BaseModel):
    pledge_id: str
    undertakings: list[UndertakingOut]


class TakenSaleIn(Input):
    """A buyer for goods that were taken: how much (in the receipt's unit), for how much net of costs, and from which
    account it pays, under the pledge's reference."""

    quantity: DecimalText
    amount: AmountIn
    payer_account: Annotated[Word, StringConstraints(strip_whitespace=True, min_length=1)]
    wording: Reason


class TakenSaleOut(BaseModel):
    """``least`` is what it has to bring unless the pledgor agrees to less (null: it takes the agreement). Paid, so much
    of the goods may leave, and the money serves the loan; the rest is the pledgor's."""

    id: str
    pledge_id: str
    receipt_id: str
    quantity: str
    unit: str
    amount: Amount
    least: Amount | None
    agreed: bool
    payer_account: str
    wording: str
    account: str = Field(description="to which the buyer pays")
    remittance: str
    status: str = Field(description="offered, paid or withdrawn")
    created_at: Moment

    @classmethod
    def of(cls, seen: TakenSaleView, account: str, remittance: str) -> TakenSaleOut:
        least = None if seen.least is None else Amount.of(Money(seen.least, seen.currency))
        return cls(
            id=seen.id,
            pledge_id=seen.pledge_id,
            receipt_id=seen.receipt_id,
            quantity=quantity_text(seen.quantity),
            unit=seen.unit,
            amount=Amount.of(Money(seen.amount, seen.currency)),
            least=least,
            agreed=seen.agreed,
            payer_account=seen.payer_account,
            wording=seen.wording,
            account=account,
            remittance=remittance,
            status=seen.status,
            created_at=seen.created_at,
        )


class TakenSalesOut(BaseModel):
    pledge_id: str
    sales: list[TakenSaleOut]


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
    def of(cls, seen: SubstitutionView) -> SubstitutionOut:
        return cls(
            id=seen.pledge_id,
            sold_pledge_id=seen.sold_id,
            receivable_id=seen.receivable_id,
            lender_id=seen.lender_id,
            pledgor_id=seen.pledgor_id,
            quantity=quantity_text(seen.quantity),
            amount=Amount.of(Money(seen.amount, seen.currency)),
            status=seen.status,
            error=ActProblem.of(seen.error_code, seen.error_message),
            act=None if seen.act is None else ActOut.of(seen.act),
            expires_at=seen.expires_at,
            created_at=seen.created_at,
        )


class LoanDetail(LoanOut):
    """With what is owed (as of the day to which interest was accrued) and what is pledged."""

    accrued_to: dt.date
    outstanding: str = Field(description="principal still owed")
    days_past_due: int
    category: str = Field(description="five-category classification (五级分类)")
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
    kind: str
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


class MarginCallOut(BaseModel):
    """A call (补仓): pay this much of the loan, or bring other collateral."""

    id: str
    asset_id: str
    cause: str = Field(description="what shrank the collateral: a document, a price, a count, the end of a day")
    amount: Amount
    status: Literal["open", "met", "replaced"] = Field(
        description="met: paid since, covered again, or the loan has ended; replaced: by a later call for more"
    )
    created_at: Moment

    @classmethod
    def of(cls, call: MarginCallView) -> MarginCallOut:
        return cls(
            id=call.id,
            asset_id=call.asset_id,
            cause=call.cause,
            amount=Amount.of(Money(call.amount, call.currency)),
            status="met" if call.met else "replaced" if call.replaced else "open",
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
    remittance: str = Field(description="the creditor reference (ISO 11649), as it is printed")
    amount: Amount

    @classmethod
    def of(cls, made: PaymentInstruction) -> InstructionOut:
        return cls(account=made.account, payee=made.payee, remittance=made.remittance, amount=Amount.of(made.amount))
