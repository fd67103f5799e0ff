"""Orders and receivables."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import BaseModel, Field

from api.schemas.common import (
    AmountIn,
    DocumentText,
    Hex32,
    Input,
    Moment,
    Reason,
    Ref,
    major,
    states,
)
from api.schemas.parties import ActOut
from chainfin.documents.opening import Opening
from chainfin.rules import order, receivable_value
from chainfin.services.payments.instructions import ReceivablePayment
from chainfin.services.trade.receivables import Issuance
from chainfin.services.views.trade import OrderView, ReceivableView
from chainfin.values.before_chain import NOT_ISSUED, BeforeChain


class DocumentIn(Input):
    """A trade document: XML as text, any other file in base64."""

    document: DocumentText


class AcknowledgementIn(Input):
    """With the OrderResponse, or without one: a plain yes."""

    document: DocumentText | None = None


class OrderOut(BaseModel):
    """A purchase order. Amounts are gross, cumulative, in major units of ``currency``."""

    id: str
    number: str
    buyer_id: str
    seller_id: str
    currency: str
    ordered: str
    despatched: str
    received: str
    returned: str
    invoiced: str
    confirmed: str
    goods_returned: bool
    status: str = states(order.State, BeforeChain.POSTING, BeforeChain.REFUSED)
    created_at: Moment

    @classmethod
    def of(cls, seen: OrderView) -> OrderOut:
        amounts = {
            name: major(getattr(seen, name), seen.currency)
            for name in ("ordered", "despatched", "received", "returned", "invoiced", "confirmed")
        }
        return cls(
            id=seen.id,
            number=seen.number,
            buyer_id=seen.buyer_id,
            seller_id=seen.seller_id,
            currency=seen.currency,
            goods_returned=seen.goods_returned,
            status=seen.status,
            created_at=seen.created_at,
            **amounts,
        )


class OrderAct(BaseModel):
    order: OrderOut
    act: ActOut


class InvoiceIn(Input):
    """An invoice on an order. ``accept_matched``: take as face what the three-way match carries, if that is less."""

    order_id: Ref
    document: DocumentText
    accept_matched: bool = False
    due_date: dt.date | None = Field(default=None, description="where the invoice names none")


class OpeningOut(BaseModel):
    """Keys of one invoice's hashes, 32 bytes each in hex. Who has them can open every field: not for passing on."""

    fingerprint_key: str = Field(description="HMAC-SHA256 key that makes the receivable's id from seller and number")
    document_secret: str = Field(description="salts the fields under the document root")
    seller_legal_id: str

    @classmethod
    def of(cls, opening: Opening) -> OpeningOut:
        return cls(
            fingerprint_key="0x" + opening.fingerprint_key.hex(),
            document_secret="0x" + opening.document_secret.hex(),
            seller_legal_id=opening.seller_legal_id,
        )


class PaymentOut(BaseModel):
    """Where the debtor pays, and under which reference. Asked again after a pledge or a transfer, it may be another
    account: the pledgee's for this debtor, or the holder's own."""

    receivable_id: str
    account: str
    payee: str = Field(description="in whose name the account stands")
    reference: str = Field(description="creditor reference (ISO 11649); blanks and case don't matter")
    amount: str = Field(description="all that is open of it")
    under_way: str = Field(description="paid, and not on chain yet: no longer open")
    credit_pending: str = Field(description="credited, and not taken off on chain yet: no longer open")
    beyond: str = Field(description="paid to the holder above what was owed: between the two of them")
    currency: str
    due_date: dt.date

    @classmethod
    def of(cls, made: ReceivablePayment) -> PaymentOut:
        return cls(
            receivable_id=made.receivable_id,
            account=made.account,
            payee=made.payee,
            reference=made.reference,
            amount=str(made.amount),
            under_way=str(made.under_way),
            credit_pending=str(made.credit_pending),
            beyond=str(made.beyond),
            currency=made.amount.currency,
            due_date=made.due_date,
        )


class ConfirmationOut(ActOut):
    """The debtor's act, and how it will have to pay what it confirms."""

    payment: PaymentOut


class ReceivableOut(BaseModel):
    """A receivable. free + pledged + split_away + settled + diluted = face; ``reserved`` is a part of free."""

    id: str = Field(description="keyed fingerprint of the invoice")
    number: str
    order_id: str
    document_root: str | None = Field(description="commitment to the invoice; a confirmation names it")
    seller_id: str
    debtor_id: str
    holder_id: str
    parent_id: str | None = Field(description="of a part: what it was split off, or taken out of")
    currency: str
    face: str
    free: str
    reserved: str
    pledged: str
    split_away: str
    settled: str
    diluted: str
    uncarried: str | None
    credit_pending: str | None
    due_date: dt.date
    status: str = states(receivable_value.State, *NOT_ISSUED)
    confirmed_at: Moment | None
    created_at: Moment

    @classmethod
    def of(cls, seen: ReceivableView) -> ReceivableOut:
        amounts = {
            name: major(getattr(seen, name), seen.currency)
            for name in ("face", "free", "reserved", "pledged", "split_away", "settled", "diluted")
        }
        return cls(
            id=seen.id,
            number=seen.number,
            order_id=seen.order_id,
            document_root=seen.document_root,
            seller_id=seen.seller_id,
            debtor_id=seen.debtor_id,
            holder_id=seen.holder_id,
            parent_id=seen.parent_id,
            currency=seen.currency,
            uncarried=None if seen.uncarried is None else major(seen.uncarried, seen.currency),
            credit_pending=None if seen.credit_pending is None else major(seen.credit_pending, seen.currency),
            due_date=seen.due_date,
            status=seen.status,
            confirmed_at=seen.confirmed_at,
            created_at=seen.created_at,
            **amounts,
        )


class PartAct(BaseModel):
    receivable: ReceivableOut
    act: ActOut


class LaterPart(BaseModel):
    """A part of an invoice without a receivable: send the invoice again once its day is near enough."""

    due_date: dt.date
    amount: str
    currency: str
    code: str = Field(description="why not now: tenor_unlawful or due_date_past")


class ReceivableAct(BaseModel):
    """``further``: the other receivables of an invoice that is due in parts; ``later``: parts without one."""

    receivable: ReceivableOut
    act: ActOut
    further: list[PartAct]
    later: list[LaterPart]

    @classmethod
    def of(cls, made: Issuance) -> ReceivableAct:
        return cls(
            receivable=ReceivableOut.of(made.receivable),
            act=ActOut.of(made.act),
            further=[PartAct(receivable=ReceivableOut.of(seen), act=ActOut.of(act)) for seen, act in made.further],
            later=[
                LaterPart(
                    due_date=each.due_date,
                    amount=str(each.amount),
                    currency=each.amount.currency,
                    code=each.refusal.code,
                )
                for each in made.later
            ],
        )


class ConfirmationIn(Input):
    """The debtor's undertaking names what it confirms, so that nothing else can be put before it."""

    document_root: Hex32
    face: AmountIn
    due_date: dt.date


class SplitIn(Input):
    """The faces of the parts; what remains stays with what is split."""

    amounts: Annotated[list[AmountIn], Field(min_length=2, max_length=8)]


class TransferIn(Input):
    """To whom it passes."""

    to: Ref = Field(description="party id")


class DisputeIn(Input):
    reason: Reason


class DilutionOut(BaseModel):
    """``diluted`` goes off the free part; ``pending`` once that comes free, and ``top_up`` is called for where it is
    pledged."""

    currency: str
    diluted: str
    pending: str
    top_up: str
    never_claimed: str = Field(description="of the note, what was no part of the face: goods that didn't come")
    act: ActOut | None
