"""Goods that a lender took on default (处置): sold, paid for, then handed out; the rest goes back once the loan is
repaid. Until then what was taken counts as promised to the loan: its lender neither takes it out nor passes it on.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func
from sqlmodel import Session, col, select

from chainfin.canon import content_hash
from chainfin.errors import Conflict, Forbidden, NotFound, Refused, unless_refused
from chainfin.eth.bindings.warehouse_receipts_acts import Transfer
from chainfin.eth.eip712 import AgreeSale, word_name
from chainfin.rules import inventory
from chainfin.rules import realisation as rules
from chainfin.rules.act import UNDER_WAY, ActState
from chainfin.rules.loan.state import OVER
from chainfin.rules.pledge import State
from chainfin.rules.realisation import SaleEvent, SaleState
from chainfin.services.goods import receipts
from chainfin.services.kernel import acts, pledge_rows
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.pledges import assets
from chainfin.services.views.acts import ActView
from chainfin.services.views.pledges import TakenSaleView
from chainfin.storage.lending_tables import LoanRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.pledge_tables import PledgeRow, TakenReturnRow, TakenSaleRow
from chainfin.storage.price_tables import PriceRow
from chainfin.storage.trade_tables import ActRow, WarehouseReceiptRow
from chainfin.storage.types import new_id
from chainfin.values.money import Money


def taken(session: Session, pledge: PledgeRow) -> None:
    """The lender has taken the pledge: the goods are promised to the loan until they are sold or go back."""
    if pledge.loan_id is not None and session.get(WarehouseReceiptRow, pledge.taken_id) is not None:
        promise(session, pledge)


def promise(session: Session, pledge: PledgeRow) -> None:
    """Of the goods that were taken all that isn't paid for is promised to the loan, whatever was counted meanwhile."""
    receipt = session.get_one(WarehouseReceiptRow, pledge.taken_id)
    paid = select(func.coalesce(func.sum(TakenSaleRow.quantity), 0)).where(
        TakenSaleRow.receipt_id == receipt.id, TakenSaleRow.status == SaleState.PAID.value
    )
    session.flush()
    unpaid = receipt.issued - int(session.exec(paid).one()) - returned(session, receipt.id)
    mine = receipt.owner_id == pledge.lender_id
    receipt.reserved = max(0, min(unpaid, receipts.free(receipt))) if mine else 0
    session.add(receipt)


def returned(session: Session, receipt_id: str, *, final: bool = True) -> int:
    """What of the goods that were taken is back with their pledgor (``final`` False: on its way there)."""
    back = select(func.coalesce(func.sum(TakenReturnRow.quantity), 0)).join(
        ActRow, col(ActRow.id) == col(TakenReturnRow.act_id)
    )
    handed = ActRow.status == ActState.FINAL.value if final else ActRow.status != ActState.FINAL.value
    return int(session.exec(back.where(TakenReturnRow.receipt_id == receipt_id, handed)).one())


def settled(session: Session) -> dict[str, int]:
    """What of taken goods was paid for, or went back to the pledgor; by receipt."""
    paid = select(TakenSaleRow.receipt_id, func.sum(TakenSaleRow.quantity)).where(
        TakenSaleRow.status == SaleState.PAID.value
    )
    sums = {receipt_id: int(sold) for receipt_id, sold in session.exec(paid.group_by(TakenSaleRow.receipt_id))}
    for receipt_id in session.exec(select(TakenReturnRow.receipt_id).distinct()):
        sums[receipt_id] = sums.get(receipt_id, 0) + returned(session, receipt_id)
    return sums


def sell(
    ctx: Context, actor: Actor, pledge_id: str, quantity: str, amount: Money, payer_account: str, wording: str
) -> TakenSaleView:
    """The lender has found a buyer for ``quantity`` (a decimal in the receipt's unit) of what it took, for ``amount``
    net of costs, which is to come from ``payer_account`` under the pledge's reference.

    Raises NotFound pledge_unknown; BadInput quantity_…, currency_mismatch (in `rules`); Refused not_lender,
    pledge_not_taken, loan_over, exceeds_unsold.
    """
    with ctx.store.begin() as session:
        pledge = assets.for_party(session, actor, pledge_id)
        if actor.party_id != pledge.lender_id:
            raise Refused("not_lender", "its lender sells what it took, nobody else")
        receipt, loan = taken_for(session, pledge)
        part = assets.of_row(session, receipt).measured(quantity)
        if amount.currency != loan.currency:
            raise Refused("currency_mismatch", f"the loan is in {loan.currency}, not {amount.currency}")
        unless_refused(rules.offer(part, amount, unsold=unsold(session, receipt)))
        least = _least(session, ctx, pledge, receipt, part, payer_account, loan.currency)
        sale_id = new_id("sal")
        text = {"id": sale_id, "pledge_id": pledge.id, "receipt_id": receipt.id, "quantity": str(part)}
        price = {"amount": str(amount), "currency": amount.currency, "payer": payer_account, "wording": wording}
        row = TakenSaleRow(
            id=sale_id,
            cell=ctx.cell,
            pledge_id=pledge.id,
            receipt_id=receipt.id,
            quantity=part,
            currency=amount.currency,
            amount=amount.minor,
            least=None if least is None else least.minor,
            payer_account=payer_account,
            wording=wording,
            document_root=content_hash({**text, **price}),
            created_at=ctx.clock.now(),
        )
        session.add(row)
        session.flush()
        return _view(session, row)


def agree(ctx: Context, actor: Actor, sale_id: str) -> ActView:
    """The pledgor agrees to a sale that brings less than it would have to. Returns its word, to be signed by it: kept
    as evidence, not sent. Raises NotFound sale_unknown; Forbidden not_pledgor; Conflict sale_ended."""
    with ctx.store.begin() as session:
        row, pledge = _sale(session, actor, sale_id)
        if actor.party_id != pledge.pledgor_id:
            raise Forbidden("not_pledgor", "whose goods they were agrees to what they are sold for, nobody else")
        word = AgreeSale(pledge_id=pledge.id, asset_id=row.receipt_id, document_root=row.document_root)
        pledgor = session.get_one(PartyRow, pledge.pledgor_id)
        return ActView.of(acts.ride(session, ctx, party=pledgor, rider=word, subject=pledge.id))


def withdraw(ctx: Context, actor: Actor, sale_id: str) -> TakenSaleView:
    """The lender gives a sale up that isn't paid. Raises NotFound sale_unknown; Refused not_lender; Conflict
    sale_ended."""
    with ctx.store.begin() as session:
        row, pledge = _sale(session, actor, sale_id)
        if actor.party_id != pledge.lender_id:
            raise Refused("not_lender", "its lender sells what it took, nobody else")
        row.status = rules.transition(SaleState(row.status), SaleEvent.WITHDRAW).value
        row.ended_at = ctx.clock.now()
        session.add(row)
        return _view(session, row)


def of_pledge(ctx: Context, actor: Actor, pledge_id: str) -> list[TakenSaleView]:
    """The sales of what was taken under a pledge, for its lender and pledgor. Raises NotFound pledge_unknown."""
    with ctx.store.read() as session:
        seen(session, actor, pledge_id)
        rows = select(TakenSaleRow).where(TakenSaleRow.pledge_id == pledge_id).order_by(col(TakenSaleRow.id))
        return [_view(session, row) for row in session.exec(rows)]


def seen(session: Session, actor: Actor, pledge_id: str) -> PledgeRow:
    """The pledge, for its lender and pledgor. Raises NotFound pledge_unknown."""
    pledge = session.get(PledgeRow, pledge_id)
    if pledge is None or not (actor.sees_all or actor.party_id in (pledge.lender_id, pledge.pledgor_id)):
        raise NotFound("pledge_unknown", f"there is no pledge {pledge_id}")
    return pledge


def payable(session: Session, pledge: PledgeRow, amount: Money, payer_account: str) -> TakenSaleRow | None:
    """The sale that a payment is for, locked: unpaid, of this amount, from this account, of goods that are there."""
    if session.get_one(LoanRow, pledge.loan_id).status in OVER:
        return None  # what isn't sold by then goes back
    found = select(TakenSaleRow).where(
        TakenSaleRow.pledge_id == pledge.id,
        TakenSaleRow.status == SaleState.OFFERED.value,
        TakenSaleRow.amount == amount.minor,
        TakenSaleRow.currency == amount.currency,
        TakenSaleRow.payer_account == payer_account,
    )
    row = session.exec(found.order_by(col(TakenSaleRow.id)).limit(1).with_for_update()).first()
    if row is None:
        return None
    receipt = session.get_one(WarehouseReceiptRow, row.receipt_id, with_for_update=True)
    there = receipt.reserved - returned(session, receipt.id, final=False)
    return row if row.quantity <= there else None  # a count has found less


def agreed(session: Session, row: TakenSaleRow) -> bool:
    """Whether the pledgor has signed that it agrees to the sale."""
    name = word_name(AgreeSale)
    words = select(ActRow).where(
        ActRow.subject == row.pledge_id, ActRow.function == name, ActRow.status == ActState.SIGNED.value
    )
    return any(AgreeSale.from_params(act.params).document_root == row.document_root for act in session.exec(words))


def paid(session: Session, ctx: Context, row: TakenSaleRow, incoming_id: str) -> None:
    """The buyer has paid: so much of the goods may leave."""
    row.status = rules.transition(SaleState(row.status), SaleEvent.PAY).value
    row.incoming_id, row.ended_at = incoming_id, ctx.clock.now()
    session.add(row)
    session.get_one(WarehouseReceiptRow, row.receipt_id, with_for_update=True)
    promise(session, session.get_one(PledgeRow, row.pledge_id))


def moved(session: Session, receipt_id: str) -> None:
    """Something happened to goods (another owner, a count, what was found again): if they had been taken, as much is
    promised to the loan as there is unsold."""
    pledge = pledge_rows.taken_as(session, receipt_id)
    if pledge is not None:
        promise(session, pledge)


def give_back_due(ctx: Context, *, limit: int = 100) -> int:
    """Ask the lenders of repaid loans to pass on to their pledgors what they took and didn't sell, once what they did
    sell has left; again, where an act ended without it. Returns how many acts were made."""
    with ctx.store.read() as session:
        due = [pledge.id for pledge in _repaid(session, limit) if _to_give_back(session, pledge) is not None]
    made = 0
    for pledge_id in due:
        with ctx.store.begin() as session:
            pledge = assets.locked_pledge(session, pledge_id)
            receipt = _to_give_back(session, pledge)
            if receipt is not None:
                pledgor = session.get_one(PartyRow, pledge.pledgor_id)
                act = Transfer(id=receipt.id, to=acts.chain_number(pledgor))
                lender = session.get_one(PartyRow, pledge.lender_id)
                acts.prepare(session, ctx, party=lender, act=act, subject=receipt.id)
                made += 1
    return made


def _repaid(session: Session, limit: int) -> Sequence[PledgeRow]:
    """Taken pledges of repaid loans whose goods their lender still has."""
    query = (
        select(PledgeRow)
        .join(LoanRow, col(LoanRow.id) == col(PledgeRow.loan_id))
        .join(WarehouseReceiptRow, col(WarehouseReceiptRow.id) == col(PledgeRow.taken_id))
        .where(PledgeRow.status == State.ENFORCED.value, col(LoanRow.status).in_([state.value for state in OVER]))
        .where(WarehouseReceiptRow.owner_id == PledgeRow.lender_id, WarehouseReceiptRow.reserved > 0)
    )
    return session.exec(query.order_by(col(PledgeRow.id)).limit(limit)).all()


def _to_give_back(session: Session, pledge: PledgeRow) -> WarehouseReceiptRow | None:
    """The receipt to pass on now: only unsold goods are left under it, and nothing is on its way."""
    receipt = session.get_one(WarehouseReceiptRow, pledge.taken_id)
    if not receipt.reserved or receipts.free(receipt) != receipt.reserved or receipt.owner_id != pledge.lender_id:
        return None
    open_ = select(ActRow.id).where(
        ActRow.subject == receipt.id,
        ActRow.function == Transfer.FUNCTION,
        col(ActRow.status).in_(UNDER_WAY),
    )
    return receipt if session.exec(open_.limit(1)).first() is None else None


def taken_for(session: Session, pledge: PledgeRow) -> tuple[WarehouseReceiptRow, LoanRow]:
    """The lender's receipt over what it took, locked, and the loan for which it took it. Raises Refused
    pledge_not_taken, loan_over."""
    if pledge.status != State.ENFORCED or pledge.loan_id is None or not assets.KINDS[pledge.asset_kind].priced:
        raise Refused("pledge_not_taken", "only goods that were taken for a loan are sold for it")
    receipt = session.get_one(WarehouseReceiptRow, pledge.taken_id, with_for_update=True)
    loan = session.get_one(LoanRow, pledge.loan_id)
    if loan.status in OVER:
        raise Refused("loan_over", f"the loan is {loan.status}: what isn't sold goes back to whose it was")
    return receipt, loan


def unsold(session: Session, receipt: WarehouseReceiptRow) -> int:
    """What is promised to the loan, less what buyers were found for that haven't paid, and what is on its way back."""
    offered = select(TakenSaleRow.quantity).where(
        TakenSaleRow.receipt_id == receipt.id, TakenSaleRow.status == SaleState.OFFERED.value
    )
    return receipt.reserved - sum(session.exec(offered).all()) - returned(session, receipt.id, final=False)


def floor(session: Session, ctx: Context, pledge: PledgeRow, row: TakenSaleRow) -> Money | None:
    """What a sale has to bring in now without the pledgor's word: the floor of the day on which it was named or of
    today, whichever is higher. None: nobody knew then what the goods are worth."""
    if row.least is None:
        return None
    receipt = session.get_one(WarehouseReceiptRow, row.receipt_id)
    today = _least(session, ctx, pledge, receipt, row.quantity, row.payer_account, row.currency)
    named = Money(row.least, row.currency)
    return named if today is None else max(named, today)


def _least(
    session: Session,
    ctx: Context,
    pledge: PledgeRow,
    receipt: WarehouseReceiptRow,
    part: int,
    payer_account: str,
    currency: str,
) -> Money | None:
    to_itself = payer_account == session.get_one(PartyRow, pledge.lender_id).account
    worth = _worth(session, ctx, pledge, receipt, part, currency)
    return None if worth is None else rules.least(worth, to_itself=to_itself)


def _worth(
    session: Session, ctx: Context, pledge: PledgeRow, receipt: WarehouseReceiptRow, part: int, currency: str
) -> Money | None:
    """What the part is worth by the highest of the lender's prices of the last week; None if there is none so young.
    Its newest alone would let a lender mark down what it is about to sell."""
    try:
        young = young_prices(session, ctx, pledge, receipt, currency)
    except Refused:
        return None
    return max(inventory.value(part, receipts.unit_price(row)) for row in young if row.minor_per_unit > 0)


def young_prices(
    session: Session, ctx: Context, pledge: PledgeRow, receipt: WarehouseReceiptRow, currency: str
) -> list[PriceRow]:
    """The lender's prices of the last week, the newest first. Raises Refused price_missing, price_stale."""
    newest = receipts.fresh_price(session, pledge.lender_id, receipt, currency, ctx.clock.today())
    known = receipts.counting_prices(newest.good, newest.unit, newest.currency)
    known = known.where(PriceRow.owner_id == newest.owner_id) if newest.owner_id else known
    young = (
        row for row in session.exec(known) if inventory.price_stale(row.good, row.as_of, ctx.clock.today()) is None
    )
    return [newest, *young]


def _sale(session: Session, actor: Actor, sale_id: str) -> tuple[TakenSaleRow, PledgeRow]:
    """A sale that isn't paid, with its pledge, both locked. Raises NotFound sale_unknown; Conflict sale_ended."""
    row = session.get(TakenSaleRow, sale_id)
    pledge = None if row is None else session.get(PledgeRow, row.pledge_id)
    if row is None or pledge is None or actor.require() not in (pledge.lender_id, pledge.pledgor_id):
        raise NotFound("sale_unknown", f"there is no sale {sale_id}")
    pledge = assets.locked_pledge(session, pledge.id)
    row = session.get_one(TakenSaleRow, sale_id, with_for_update=True)
    if row.status != SaleState.OFFERED:
        raise Conflict("sale_ended", f"the sale is {row.status}")
    return row, pledge


def _view(session: Session, row: TakenSaleRow) -> TakenSaleView:
    unit = session.get_one(WarehouseReceiptRow, row.receipt_id).unit
    return TakenSaleView.of(row, unit=unit, agreed=agreed(session, row))
