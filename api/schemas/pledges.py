"""What is pledged, as its parties see it: undertakings over it, what was taken and sold, what took its place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Literal

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
    quantity_text,
    states,
)
from api.schemas.parties import ActOut, ActProblem, ActStatus, ValuationOut
from chainfin.rules import payment, pledge
from chainfin.rules.realisation import SaleState
from chainfin.rules.substitution import SubstitutionState
from chainfin.services.pledges import assets
from chainfin.services.views.pledges import (
    BuyBackPaymentView,
    LatePledgeView,
    PledgeView,
    SubstitutionView,
    TakenReturnView,
    TakenSaleView,
    UndertakingView,
)
from chainfin.values.money import Money


class PledgeOut(BaseModel):
    """Amounts are of a receivable in its currency, or of goods in the receipt's unit; ``left`` is still locked."""

    id: str
    loan_id: str | None = Field(description="none for one that was made past this service")
    pledgor_id: str
    lender_id: str
    asset_kind: str = states(assets.KINDS)
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


class WithdrawalOfGoodsIn(Input):
    """How much of pledged goods is taken out, in the receipt's unit."""

    quantity: DecimalText


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
    status: str = states(payment.State)
    reason: str | None

    @classmethod
    def of(cls, seen: BuyBackPaymentView) -> BuyBackPaymentOut:
        amount = Amount.of(Money(seen.amount, seen.currency))
        return cls(id=seen.id, amount=amount, received_on=seen.received_on, status=seen.status, reason=seen.reason)


class UndertakingOut(BaseModel):
    """``left`` isn't bought yet. To buy, pay to ``account`` with ``reference``: goods whose loan is late (or before,
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
    reference: str
    payments: list[BuyBackPaymentOut]
    created_at: Moment

    @classmethod
    def of(
        cls, seen: UndertakingView, account: str, reference: str, payments: Sequence[BuyBackPaymentView]
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
            reference=reference,
            payments=[BuyBackPaymentOut.of(each) for each in payments],
            created_at=seen.created_at,
        )


class UndertakingsOut(BaseModel):
    pledge_id: str
    undertakings: list[UndertakingOut]


class LatePledgeOut(BaseModel):
    """Pledged goods whose loan is late, or whose margin call wasn't met: what concerns their keeper and whoever
    undertook to buy them, in the receipt's unit."""

    pledge_id: str
    receipt_id: str
    unit: str
    left: str = Field(description="still pledged")
    why: Literal["loan_overdue", "margin_call_unmet"]
    since: dt.date | None
    undertaken: str | None = Field(description="of it, what one undertook to buy oneself and hasn't; null for a keeper")
    until: dt.date | None = Field(description="the last day on which one's undertaking can be called")

    @classmethod
    def of(cls, seen: LatePledgeView) -> LatePledgeOut:
        own = None if seen.undertaken is None else seen.measure.text(seen.undertaken)
        made = {
            "pledge_id": seen.id,
            "unit": seen.measure.unit,
            "left": seen.measure.text(seen.left),
            "undertaken": own,
        }
        names = ("receipt_id", "why", "since", "until")
        return cls.model_validate({name: getattr(seen, name) for name in names} | made)


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
    reference: str
    status: str = states(SaleState)
    created_at: Moment

    @classmethod
    def of(cls, seen: TakenSaleView, account: str, reference: str) -> TakenSaleOut:
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
            reference=reference,
            status=seen.status,
            created_at=seen.created_at,
        )


class TakenSalesOut(BaseModel):
    pledge_id: str
    sales: list[TakenSaleOut]


class TakenReturnIn(Input):
    """How much of the goods that were taken goes back to the pledgor, in the receipt's unit, and why."""

    quantity: DecimalText
    reason: Reason


class TakenReturnOut(BaseModel):
    """Taken goods that go back, as a person of the operator approved: by ``valuation``, of which ``ltv`` is the share
    of their value that what stays is reckoned to bring. ``status`` is that of the lender's order to hand them out."""

    id: str
    pledge_id: str
    receipt_id: str
    quantity: str
    unit: str
    valuation: ValuationOut
    proposal_id: str
    act_id: str
    status: ActStatus
    created_at: Moment

    @classmethod
    def of(cls, seen: TakenReturnView) -> TakenReturnOut:
        made = {"quantity": quantity_text(seen.quantity), "valuation": ValuationOut.model_validate(seen.valuation)}
        return cls.model_validate({name: getattr(seen, name) for name in cls.model_fields} | made)


class TakenReturnsOut(BaseModel):
    pledge_id: str
    returns: list[TakenReturnOut]


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
    status: str = states(SubstitutionState)
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
