"""Receivables: issued by the seller on an invoice, confirmed, disputed or diluted by whose right that is."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from api.auth import Acting, Ctx
from api.paging import Page, Paged, page
from api.route import OnceRoute
from api.schemas.common import Id
from api.schemas.parties import ActOut
from api.schemas.trade import (
    ConfirmationIn,
    ConfirmationOut,
    DilutionOut,
    DisputeIn,
    DocumentIn,
    InvoiceIn,
    OpeningOut,
    PaymentOut,
    ReceivableAct,
    ReceivableOut,
    SplitIn,
    TransferIn,
)
from chainfin.documents import encoded
from chainfin.services.lending import credit_notes
from chainfin.services.payments import instructions
from chainfin.services.reads import queries
from chainfin.services.trade import disputes, openings, receivables, splits_and_transfers

router = APIRouter(prefix="/v1/receivables", tags=["receivables"], route_class=OnceRoute)


@router.post("", status_code=202)
def issue(ctx: Ctx, actor: Acting, body: InvoiceIn, response: Response) -> ReceivableAct:
    """The seller issues a receivable on an invoice: up to what was received and not yet invoiced.

    Where the invoice is due in parts, one for each day. A corrected invoice (384) withdraws that of the one it names.
    """
    made = receivables.issue(
        ctx,
        actor,
        body.order_id,
        encoded(body.document),
        accept_matched=body.accept_matched,
        due_date=body.due_date,
    )
    response.headers["Location"] = f"/v1/receivables/{made.receivable.id}"
    return ReceivableAct.of(made)


@router.get("")
def list_receivables(ctx: Ctx, actor: Acting, window: Paged) -> Page[ReceivableOut]:
    """Receivables to which one is seller, holder or debtor."""
    return page(
        window,
        lambda after, limit: queries.receivables(ctx, actor, after=after, limit=limit),
        ReceivableOut.of,
        lambda seen: seen.id,
    )


@router.get("/{receivable_id}")
def get_receivable(ctx: Ctx, actor: Acting, receivable_id: Id) -> ReceivableOut:
    """One receivable, for its parties: what of it is free, pledged and settled."""
    return ReceivableOut.of(queries.receivable(ctx, actor, receivable_id))


@router.get("/{receivable_id}/opening")
def get_opening(ctx: Ctx, actor: Acting, receivable_id: Id) -> OpeningOut:
    """For debtor and seller: what makes its id and its document root again from one's own copy of the invoice."""
    return OpeningOut.of(openings.opening(ctx, actor, receivable_id))


@router.post("/{receivable_id}/confirmation", status_code=202)
def confirm(ctx: Ctx, actor: Acting, receivable_id: Id, body: ConfirmationIn) -> ConfirmationOut:
    """The debtor's unconditional undertaking to pay the holder at the due date (确权)."""
    face = body.face.money("/face/amount")
    act = receivables.confirm(
        ctx, actor, receivable_id, document_root=body.document_root, face=face, due_date=body.due_date
    )
    payment = PaymentOut.of(instructions.for_receivable(ctx, actor, receivable_id))
    return ConfirmationOut(**ActOut.of(act).model_dump(), payment=payment)


@router.get("/{receivable_id}/payment")
def get_payment(ctx: Ctx, actor: Acting, receivable_id: Id) -> PaymentOut:
    """Where, under which reference and how much the debtor pays, for its parties: the debtor pays."""
    return PaymentOut.of(instructions.for_receivable(ctx, actor, receivable_id))


@router.post("/{receivable_id}/dispute", status_code=202)
def dispute(ctx: Ctx, actor: Acting, receivable_id: Id, body: DisputeIn) -> ActOut:
    """The debtor disputes it; only a hash of the reason goes on chain."""
    return ActOut.of(disputes.dispute(ctx, actor, receivable_id, body.reason))


@router.post("/{receivable_id}/dispute-resolution", status_code=202)
def resolve_dispute(ctx: Ctx, actor: Acting, receivable_id: Id) -> ActOut:
    """The debtor withdraws its dispute."""
    return ActOut.of(disputes.resolve_dispute(ctx, actor, receivable_id))


@router.post("/{receivable_id}/splits", status_code=202)
def split(ctx: Ctx, actor: Acting, receivable_id: Id, body: SplitIn) -> ActOut:
    """The holder splits parts off what is free (拆分); once final they are under /parts."""
    amounts = [each.money(f"/amounts/{place}/amount") for place, each in enumerate(body.amounts)]
    return ActOut.of(splits_and_transfers.split(ctx, actor, receivable_id, amounts))


@router.get("/{receivable_id}/parts")
def list_parts(ctx: Ctx, actor: Acting, receivable_id: Id, window: Paged) -> Page[ReceivableOut]:
    """What was split off it or taken out of it: the parts of which one is holder or debtor."""
    return page(
        window,
        lambda after, limit: queries.parts(ctx, actor, receivable_id, after=after, limit=limit),
        ReceivableOut.of,
        lambda seen: seen.id,
    )


@router.post("/{receivable_id}/transfer", status_code=202)
def transfer(ctx: Ctx, actor: Acting, receivable_id: Id, body: TransferIn) -> ActOut:
    """The holder passes it on to a further tier (流转): a split part, or the whole."""
    return ActOut.of(splits_and_transfers.transfer(ctx, actor, receivable_id, body.to))


@router.post("/{receivable_id}/default", status_code=202)
def declare_default(ctx: Ctx, actor: Acting, receivable_id: Id) -> ActOut:
    """The holder says that it wasn't paid by its due day."""
    return ActOut.of(receivables.declare_default(ctx, actor, receivable_id))


@router.post("/{receivable_id}/cancellation", status_code=202)
def cancel(ctx: Ctx, actor: Acting, receivable_id: Id) -> ActOut:
    """The seller withdraws it before confirmation."""
    return ActOut.of(receivables.cancel(ctx, actor, receivable_id))


@router.post("/{receivable_id}/credit-notes", status_code=202)
def credit(ctx: Ctx, actor: Acting, receivable_id: Id, body: DocumentIn) -> DilutionOut:
    """The holder's credit note (红字发票): it cuts the free part at once."""
    done = credit_notes.credit(ctx, actor, receivable_id, encoded(body.document))
    return DilutionOut(
        currency=done.diluted.currency,
        diluted=str(done.diluted),
        pending=str(done.pending),
        top_up=str(done.top_up),
        never_claimed=str(done.never_claimed),
        act=None if done.act is None else ActOut.of(done.act),
    )
