"""What a core enterprise promises of goods before they are lent on: to undertake to buy back what is pledged (保兑仓).

A decision counts it (the policy's ``buy_back``). Nothing is paid out on such terms before the promise is kept: once the
pledge is final the core enterprise signs its undertaking, and only when that is on chain the money is due.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from chainfin.errors import BadInput, ChainfinError, Conflict, NotFound, Refusal, Refused
from chainfin.rules import inventory
from chainfin.services.goods import receipts
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.parties import gate
from chainfin.services.pledges import undertakings
from chainfin.services.views.pledges import BuyBackPromiseView
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.pledge_tables import BuyBackPromiseRow, PledgeRow, UndertakingRow
from chainfin.storage.price_tables import PriceRow
from chainfin.storage.trade_tables import WarehouseReceiptRow
from chainfin.storage.types import new_id
from chainfin.values.money import Money
from chainfin.values.party import Kind, PartyState, Role

BEYOND: Final = timedelta(days=14)
"""How long beyond the day on which a loan is due a promise has to stand: it is called once the loan is late."""


def promise(
    ctx: Context,
    actor: Actor,
    receipt_id: str,
    quantity: Decimal,
    until: date,
    wording: str,
    *,
    price: Money | None = None,
) -> BuyBackPromiseView:
    """A core enterprise promises to undertake to buy up to ``quantity`` of a receipt's goods that are lent on, through
    ``until``, at ``price`` a unit or else at the day's. Whoever knows the receipt's id was told it by its owner.

    Raises Forbidden role_missing, party_not_active; NotFound warehouse_receipt_unknown; BadInput quantity_…,
    until_past, price_not_positive; Refused undertaker_is_party, self_attested; Conflict act_paused, receipt_not_final.
    """
    buyer_id = actor.require(Role.CORE)
    if until < ctx.clock.today():
        raise BadInput("until_past", f"{until} is past", where="/until")
    if price is not None and price.minor <= 0:
        raise BadInput("price_not_positive", f"a price must be greater than zero, not {price}", where="/price")
    with ctx.store.begin() as session:
        row = session.get(WarehouseReceiptRow, receipt_id)
        if row is None:
            raise NotFound("warehouse_receipt_unknown", f"there is no receipt {receipt_id}")
        receipts.value(session, row)
        if buyer_id == row.owner_id:
            raise Refused("undertaker_is_party", "nobody undertakes to buy its own goods")
        if buyer_id == row.keeper_id:
            raise Refused("self_attested", "a keeper vouches for goods of others, not for its own")
        gate.enter(session, buyer_id, Kind.PLEDGE)
        made = BuyBackPromiseRow(
            id=new_id("bbp"),
            cell=ctx.cell,
            receipt_id=row.id,
            buyer_id=buyer_id,
            quantity=receipts.thousandths(quantity, smallest=receipts.smallest(row), where="/quantity"),
            currency=None if price is None else price.currency,
            price=None if price is None else price.minor,
            until=until,
            wording=wording,
            created_at=ctx.clock.now(),
        )
        session.add(made)
        return _view(session, made)


def withdraw(ctx: Context, actor: Actor, promise_id: str) -> BuyBackPromiseView:
    """Whoever promised takes it back: no loan that counted it is paid out any more. What it undertook by then stands.

    Raises NotFound promise_unknown; Conflict promise_withdrawn.
    """
    with ctx.store.begin() as session:
        row = session.get(BuyBackPromiseRow, promise_id, with_for_update=True)
        if row is None or row.buyer_id != actor.require():
            raise NotFound("promise_unknown", f"you have made no promise {promise_id}")
        if row.withdrawn_at is not None:
            raise Conflict("promise_withdrawn", "it was withdrawn before")
        row.withdrawn_at = ctx.clock.now()
        session.add(row)
        return _view(session, row)


def of_receipt(ctx: Context, actor: Actor, receipt_id: str) -> list[BuyBackPromiseView]:
    """The promises about a receipt's goods: all of them for its owner, its own for whoever promised.

    Raises NotFound warehouse_receipt_unknown.
    """
    with ctx.store.read() as session:
        receipt = session.get(WarehouseReceiptRow, receipt_id)
        rows = session.exec(_about(receipt_id)).all()
        if receipt is not None and (actor.sees_all or actor.party_id == receipt.owner_id):
            return [_view(session, row) for row in rows]
        own = [_view(session, row) for row in rows if row.buyer_id == actor.party_id]
    if not own:
        raise NotFound("warehouse_receipt_unknown", f"there is no receipt {receipt_id}")
    return own


def counting(
    session: Session, receipt: WarehouseReceiptRow, lender_id: str, due: date, price: PriceRow, asked: Money
) -> tuple[BuyBackPromiseRow, Money] | None:
    """The promise that a loan of ``asked``, due on ``due``, counts, and what it covers by the agreed or the newest
    ``price``: the one that covers most, if that is all that is asked for."""
    found = []
    for row in session.exec(_about(receipt.id)):
        if unless_standing(session, row, due + BEYOND) is not None or row.buyer_id in (lender_id, receipt.owner_id):
            continue
        unit = receipts.unit_price(price)
        if row.price is not None:
            unit = inventory.UnitPrice(Decimal(str(Money(row.price, str(row.currency)))), str(row.currency))
        if unit.currency == asked.currency:
            found.append((inventory.value(min(row.quantity, receipts.free(receipt)), unit).minor, row))
    best = max(found, key=lambda each: each[0], default=None)
    if best is None or best[0] < asked.minor:
        return None
    return best[1], Money(best[0], asked.currency)


def unless_standing(session: Session, row: BuyBackPromiseRow | None, last: date) -> Refusal | None:
    """Why a promise doesn't count: it has to stand beyond the day ``last``. Refusals: buy_back_withdrawn."""
    gone = row is None or row.withdrawn_at is not None or row.until <= last
    if row is None or gone or session.get_one(PartyRow, row.buyer_id).status != PartyState.ACTIVE:
        return Refusal("buy_back_withdrawn", "whoever promised to buy these goods back doesn't stand to it any more")
    return None


def ask(
    session: Session, ctx: Context, row: BuyBackPromiseRow | None, pledge: PledgeRow, maturity: date
) -> Refusal | None:
    """The pledge is final: ask for the undertaking that was promised. Why it can't come about any more, if so."""
    gone = unless_standing(session, row, maturity)
    if gone is not None or row is None:
        return gone
    price = None if row.price is None else Money(row.price, str(row.currency))
    part = min(row.quantity, pledge.left)
    try:
        undertakings.prepare(session, ctx, pledge, row.buyer_id, part, row.until, row.wording, price)
    except ChainfinError as refused:
        return Refusal(refused.code, refused.message)
    return None


def is_kept(session: Session, row: BuyBackPromiseRow | None, pledge: PledgeRow) -> bool:
    """Whether the undertaking that was promised is on chain."""
    if row is None:
        return False
    given = session.get(UndertakingRow, (pledge.id, row.buyer_id))
    return given is not None and given.amount >= min(row.quantity, pledge.left) and given.until >= row.until


def _about(receipt_id: str) -> SelectOfScalar[BuyBackPromiseRow]:
    return (
        select(BuyBackPromiseRow).where(BuyBackPromiseRow.receipt_id == receipt_id).order_by(col(BuyBackPromiseRow.id))
    )


def _view(session: Session, row: BuyBackPromiseRow) -> BuyBackPromiseView:
    return BuyBackPromiseView.of(row, unit=session.get_one(WarehouseReceiptRow, row.receipt_id).unit)
