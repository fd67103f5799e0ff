"""What a decision may know, gathered in one transaction and at one block."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlmodel import Session, case, col, distinct, func, select

from chainfin.errors import Unavailable
from chainfin.risk.inputs import (
    Application,
    Block,
    BuyBack,
    Headroom,
    History,
    InventoryInputs,
    PartyFacts,
    PriceFacts,
    ReceiptFacts,
    ReceivableFacts,
    ReceivableInputs,
)
from chainfin.rules import catalogue, inventory
from chainfin.rules.facility import LimitKind
from chainfin.rules.receivable import State, eligibility
from chainfin.services.goods import receipts
from chainfin.services.kernel.context import Context
from chainfin.services.lending import lateness, limits
from chainfin.services.lending.offers import OpenOffers
from chainfin.services.pledges import assets, promises
from chainfin.services.trade import goods_sent_back, receivable_state
from chainfin.storage.chain_tables import ChainBlockRow
from chainfin.storage.lending_tables import ApplicationRow, LimitRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.price_tables import PriceRow
from chainfin.storage.trade_tables import DocumentRow, OrderRow, ReceivableRow, WarehouseReceiptRow
from chainfin.values.before_chain import NOT_ISSUED
from chainfin.values.money import Money
from chainfin.values.party import PartyState

FALL = timedelta(days=30)
"""The period over which a fall in price is measured."""


def block(session: Session) -> Block:
    """The final block up to which the projection stands. Raises Unavailable chain_not_indexed."""
    row = session.exec(select(ChainBlockRow).order_by(col(ChainBlockRow.number).desc()).limit(1)).first()
    if row is None:
        raise Unavailable("chain_not_indexed", "no final block was taken in yet")
    return Block(number=row.number, hash=row.hash)


def application(row: ApplicationRow) -> Application:
    return Application(
        id=row.id,
        borrower=row.borrower_id,
        lender=row.lender_id,
        amount_minor=row.requested,
        currency=row.currency,
        days=row.days,
    )


def party(
    session: Session, ctx: Context, party_id: str, currency: str, rows: Sequence[LimitRow], *, as_debtor: bool, on: date
) -> PartyFacts:
    """One party's facts on a business date; the grade is the one that the lender set with its limit."""
    row = session.get_one(PartyRow, party_id)
    kind = "debtor" if as_debtor else "borrower"
    grades = [limit.grade for limit in rows if limit.kind == kind and limit.key == party_id and limit.grade]
    return PartyFacts.read(
        {
            "party": party_id,
            "assigned_grade": grades[0] if grades else None,
            "blocked": row.status != PartyState.ACTIVE,
            "overdue_days": lateness.days_late(session, ctx, party_id, on),
            "history": history(session, party_id, currency, as_debtor=as_debtor),
        }
    )


def history(session: Session, party_id: str, currency: str, *, as_debtor: bool) -> History:
    """The party's past on this platform, as payer or as seller."""
    side, other = ReceivableRow.debtor_id, ReceivableRow.seller_id
    if not as_debtor:
        side, other = other, side
    row = ReceivableRow
    # A split makes no trade: what is counted is invoices, and a part counts for its amount alone.
    late = case((col(row.settled_on) > col(row.due_date), col(row.document_id)))
    whole = case((col(row.parent_id).is_(None), 1), else_=0)
    query = (
        select(other, row.status)
        .add_columns(
            func.sum(whole),
            func.count(distinct(col(row.document_id))),
            func.sum(row.face - row.split_away),
            func.sum(row.diluted),
            func.count(distinct(late)),
            func.min(row.created_at),
        )
        .where(col(side) == party_id, col(row.currency) == currency, col(row.status).not_in(NOT_ISSUED))
        .group_by(col(other), col(row.status))
    )
    known = [_Past(*found) for found in session.execute(query)]
    standing = [past for past in known if past.status != State.CANCELLED]
    settled = [past for past in standing if past.status == State.SETTLED]
    others: Counter[str] = Counter()
    for past in standing:
        others[past.other] += int(past.face)
    return History(
        first_trade_on=min((past.first_at.date() for past in standing), default=None),
        receivables_count=sum(past.number for past in standing),
        receivables_minor=sum(others.values()),
        settled_count=sum(past.invoices for past in settled),
        late_count=sum(int(past.late) for past in settled),
        disputed_count=sum(past.invoices for past in standing if past.status == State.DISPUTED),
        diluted_minor=sum(int(past.diluted) for past in standing),
        invoices_count=sum(past.number for past in known),
        invoices_cancelled_count=sum(past.number for past in known if past.status == State.CANCELLED),
        counterparties_count=len(others),
        largest_counterparty_minor=max(others.values(), default=0),
    )


class _Past(NamedTuple):
    """Receivables of one status with one counterparty, summed by the database: a party may have any number.

    ``number``: receivables issued. ``invoices``: those of which at least a part has this status.
    """

    other: str
    status: str
    number: int
    invoices: int
    face: int
    diluted: int
    late: int
    first_at: datetime


def headrooms(rows: Sequence[LimitRow], standing: OpenOffers | None = None) -> tuple[Headroom, ...]:
    """What is left of each limit once the offers that give way to this one are gone."""
    freed = {} if standing is None else standing.freed
    return tuple(
        Headroom(key=f"{row.kind}:{row.key}", headroom_minor=limits.headroom(row) + freed.get(row.id, 0))
        for row in rows
    )


def for_receivable(
    session: Session, ctx: Context, row: ApplicationRow, rows: Sequence[LimitRow], now: datetime, standing: OpenOffers
) -> ReceivableInputs:
    """The inputs of a decision on a receivable, all read at one block."""
    asset = session.get_one(ReceivableRow, row.asset_id, with_for_update=True)
    facts = eligibility(receivable_state.value(session, asset), now.date())
    order = session.get_one(OrderRow, asset.order_id)
    document = session.get_one(DocumentRow, asset.document_id)
    return ReceivableInputs(
        application=application(row),
        borrower=party(session, ctx, row.borrower_id, row.currency, rows, as_debtor=False, on=ctx.clock.day_of(now)),
        debtor=party(session, ctx, asset.debtor_id, row.currency, rows, as_debtor=True, on=ctx.clock.day_of(now)),
        limits=headrooms(rows, standing),
        now=now,
        business_date=ctx.clock.day_of(now),
        block=block(session),
        receivable=ReceivableFacts.read(
            {
                "id": asset.id,
                "order_id": asset.order_id,
                "holder": asset.holder_id,
                "debtor": asset.debtor_id,
                "face_minor": facts.face,
                "free_minor": max(0, assets.free_of(session, asset) - standing.promised),
                "ordered_minor": order.ordered,
                # What other receivables of the order have used up can't stand behind this one, nor what went back.
                "received_minor": max(
                    0, order.received - (order.invoiced - asset.face) - goods_sent_back.uncarried(session, asset)
                ),
                "invoiced_minor": facts.face,
                "confirmed": facts.confirmed,
                "disputed": facts.disputed,
                "defaulted": facts.defaulted,
                "issued_on": str(document.canonical["issue_date"]),
                "due_on": asset.due_date,
            }
        ),
    )


def for_inventory(
    session: Session, ctx: Context, row: ApplicationRow, rows: Sequence[LimitRow], now: datetime, standing: OpenOffers
) -> InventoryInputs:
    """The inputs of a decision on goods at a keeper. Raises Refused price_missing, price_not_positive."""
    asset = session.get_one(WarehouseReceiptRow, row.asset_id, with_for_update=True)
    good = catalogue.find(asset.good)
    price = receipts.latest_price(session, row.lender_id, asset.good, asset.unit, row.currency)
    worthless = inventory.unless_worthless(asset.good, price.minor_per_unit)
    if worthless is not None:
        raise worthless.error()
    keeper = session.get_one(PartyRow, asset.keeper_id)
    on, asked = ctx.clock.day_of(now), Money(row.requested, row.currency)
    due = on + timedelta(days=row.days)
    promised = promises.counting(session, asset, row.lender_id, due, price, asked)
    buy_back = None
    if promised is not None:
        core_id = promised[0].buyer_id
        known = _limits_on(session, row, core_id)
        core = party(session, ctx, core_id, row.currency, known, as_debtor=True, on=on)
        if known:  # a lender counts the word of those whom it knows
            buy_back = BuyBack(core=core, covers_minor=promised[1].minor, promise=promised[0].id)
    return InventoryInputs(
        application=application(row),
        borrower=party(session, ctx, row.borrower_id, row.currency, rows, as_debtor=False, on=ctx.clock.day_of(now)),
        limits=headrooms(rows, standing),
        now=now,
        business_date=ctx.clock.day_of(now),
        block=block(session),
        receipt=ReceiptFacts.read(
            {
                "id": asset.id,
                "owner": asset.owner_id,
                "keeper": asset.keeper_id,
                "commodity": asset.good,
                "commodity_class": str(asset.goods["commodity_class"]) if good is None else good.goods_class.value,
                "unit": asset.unit,
                "quantity_thousandths": asset.issued,
                "free_thousandths": max(0, assets.free_of(session, asset) - standing.promised),
                "insured": str(asset.goods.get("insured", "")).lower() in ("true", "yes", "1"),
                "keeper_blocked": keeper.status != PartyState.ACTIVE,
                "best_before": asset.goods.get("best_before"),
                "good_hash": None if good is None else good.hash,
                "haircut_bps": None if good is None else int(good.haircut),
                "smallest_thousandths": None if good is None else receipts.smallest(asset),
            }
        ),
        price=PriceFacts.read(price_facts(session, price, ctx.clock.day_of(now))),
        buy_back=buy_back,
    )


def _limits_on(session: Session, row: ApplicationRow, debtor_id: str) -> Sequence[LimitRow]:
    """The lender's limit on a party as debtor."""
    mine = select(LimitRow).where(LimitRow.lender_id == row.lender_id, LimitRow.currency == row.currency)
    return session.exec(mine.where(LimitRow.kind == LimitKind.DEBTOR.value, LimitRow.key == debtor_id)).all()


def price_facts(session: Session, price: PriceRow, on: date) -> dict[str, object]:
    """A price as a decision sees it on a day, with its fall from the highest of the 30 days before."""
    seen = receipts.counting_prices(price.good, price.unit, price.currency).where(
        PriceRow.owner_id == price.owner_id, PriceRow.as_of >= on - FALL, PriceRow.as_of <= price.as_of
    )
    if price.owner_id is None:
        seen = seen.where(PriceRow.source == price.source)
    highest = max((each.minor_per_unit for each in session.exec(seen)), default=price.minor_per_unit)
    fallen = max(0, highest - price.minor_per_unit)
    return {
        "source": price.source,
        "on": price.as_of.isoformat(),
        "price_minor": price.minor_per_unit,
        "fall_bps": fallen * 10_000 // highest,
    }
