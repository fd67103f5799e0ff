"""Prices of goods: a lender's own, or the operator's from a source that two of its persons approved.

A lender's price counts for its own loans alone. What is far from the owner's price before counts once a second person
has approved it. Each that counts is looked at for what it does to the loans on such goods.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from sqlmodel import Session, col, select

from chainfin.errors import BadInput, Conflict, Forbidden, NotFound, Refused
from chainfin.rules import catalogue
from chainfin.rules.price import BAND, beyond_band
from chainfin.services.books import journals
from chainfin.services.goods import receipts
from chainfin.services.goods.receipts import counting_prices
from chainfin.services.kernel import approvals
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.lending import margin_calls
from chainfin.services.parties import gate
from chainfin.services.views.acts import ProposalView
from chainfin.services.views.goods import PriceSourceView, PriceView
from chainfin.storage import locks
from chainfin.storage.approval_tables import ProposalRow
from chainfin.storage.price_tables import PriceRow, PriceSourceRow
from chainfin.storage.trade_tables import WarehouseReceiptRow
from chainfin.values.money import Money
from chainfin.values.party import OPERATOR_SUBJECT, Role

PRICE = "price"
PRICE_WITHDRAWAL = "price_withdrawal"
PRICE_SOURCE = "price_source"
"""Kinds of proposals."""


def set_price(ctx: Context, actor: Actor, *, good: str, unit: str, price: Money, source: str, as_of: date) -> PriceView:
    """Set a price: a lender's for its own loans, or the operator's from an approved source.

    It counts at once, unless it is more than a fifth away from the price before: then it counts once a second person
    has approved the proposal that it names. When it counts, loans on such goods that it leaves short of cover are
    called. One that isn't above zero is a price too: the goods are worth nothing then, and nothing is lent or released
    by it.
    Raises Forbidden role_missing, party_not_active, person_missing, person_not_active; BadInput good_not_listed,
    goods_not_as_listed (unit), price_date_future; Refused price_source_not_approved.
    """
    if not actor.is_operator and not actor.roles & Role.LENDER:
        raise Forbidden("role_missing", "prices are set by a lender or the operator")
    if as_of > ctx.clock.today():
        raise BadInput("price_date_future", f"{as_of} is not yet", where="as_of")
    with ctx.store.begin() as session:
        _unless_listed(session, good, unit)
        journals.lock(session)  # no payment comes between what is owed and the call for it
        if actor.party_id is not None:
            gate.active_party(session, actor.party_id)
        elif session.get(PriceSourceRow, source) is None:
            raise Refused("price_source_not_approved", f"two persons of the operator haven't approved {source!r} yet")
        # of two prices at once each is compared with the other
        locks.named(session, f"price:{actor.party_id or OPERATOR_SUBJECT}:{good}")
        now = ctx.clock.now()
        row = PriceRow(
            good=good,
            unit=unit,
            currency=price.currency,
            minor_per_unit=price.minor,
            source=source,
            as_of=as_of,
            owner_id=actor.party_id,
            created_at=now,
        )
        before = _before(session, row, now)
        session.add(row)
        session.flush()
        if beyond_band(price.minor, before):
            row.proposal_id = _propose(session, ctx, actor, row, before).id
        else:
            _count(session, ctx, row)
        session.add(row)
        session.flush()
        return PriceView.of(row)


def _unless_listed(session: Session, good: str, unit: str) -> None:
    """Prices are of goods of the catalogue, in its unit; and of what receipts from before it name.

    Raises BadInput good_not_listed, goods_not_as_listed.
    """
    if catalogue.find(good) is None:
        before = select(WarehouseReceiptRow.id).where(WarehouseReceiptRow.good == good)
        if session.exec(before.where(WarehouseReceiptRow.unit == unit).limit(1)).first() is not None:
            return
    listed = receipts.listed(good, where="good")
    if unit != listed.unit:
        raise BadInput("goods_not_as_listed", f"the catalogue says {listed.unit} of {good}", where="unit")


def _count(session: Session, ctx: Context, row: PriceRow) -> None:
    """The price counts from now on. The caller holds the book."""
    row.counts_from = ctx.clock.now()
    session.add(row)
    session.flush()
    margin_calls.price_set(session, ctx, row)


def _before(session: Session, row: PriceRow, now: datetime) -> list[int]:
    """The owner's newest price, its newest of an earlier day, and its first of this one: many small steps are no way
    round the band."""
    own = counting_prices(row.good, row.unit, row.currency).where(PriceRow.owner_id == row.owner_id)
    if row.owner_id is None:
        own = own.where(PriceRow.source == row.source)
    today = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    earlier = session.exec(own.where(col(PriceRow.counts_from) < today)).first()
    of_today = session.exec(own.where(col(PriceRow.counts_from) >= today)).all()
    first = min(of_today, key=lambda each: (each.counts_from, each.id), default=None)
    return [each.minor_per_unit for each in (session.exec(own).first(), earlier, first) if each is not None]


def _propose(session: Session, ctx: Context, actor: Actor, row: PriceRow, before: list[int]) -> ProposalRow:
    shown = ", ".join(str(Money(each, row.currency)) for each in before)
    price = Money(row.minor_per_unit, row.currency)
    return approvals.propose(
        session,
        ctx,
        actor,
        kind=PRICE,
        subject=str(row.id),
        payload={
            "good": row.good,
            "unit": row.unit,
            "currency": row.currency,
            "price": str(price),
            "before": [str(Money(each, row.currency)) for each in before],
            "source": row.source,
            "as_of": row.as_of.isoformat(),
        },
        reason=f"{price} {row.currency} is more than {int(BAND) // 100} % away from {shown} before",
    )


def count_price(session: Session, ctx: Context, proposal: ProposalRow) -> None:
    """A second person approved it: it counts from now on."""
    journals.lock(session)  # nobody who has it waits for a proposal
    _count(session, ctx, session.get_one(PriceRow, int(proposal.subject), with_for_update=True))


def propose_withdrawal(ctx: Context, actor: Actor, price_id: int, *, reason: str) -> ProposalView:
    """Whoever set a price proposes that it counts no more: without it another counts, so that a second person decides.

    Raises NotFound price_unknown; Forbidden party_not_active, person_missing, person_not_active; Conflict
    price_not_counting.
    """
    with ctx.store.begin() as session:
        row = session.get(PriceRow, price_id)
        if row is None or not (actor.is_operator or actor.party_id) or row.owner_id != actor.party_id:
            raise NotFound("price_unknown", f"you have set no price {price_id}")
        if actor.party_id is not None:
            gate.active_party(session, actor.party_id)
        _unless_over(row)
        price = {"good": row.good, "price": str(Money(row.minor_per_unit, row.currency)), "currency": row.currency}
        detail = {**price, "unit": row.unit, "source": row.source, "as_of": row.as_of.isoformat()}
        made = approvals.propose(
            session, ctx, actor, kind=PRICE_WITHDRAWAL, subject=str(row.id), payload=detail, reason=reason
        )
        return ProposalView.of(made)


def withdraw_price(session: Session, ctx: Context, proposal: ProposalRow) -> None:
    """A second person approved it: the price counts no more, and the loans that it counted for are looked at by what
    counts now. Raises Conflict price_not_counting."""
    journals.lock(session)
    row = session.get_one(PriceRow, int(proposal.subject), with_for_update=True)
    _unless_over(row)
    row.withdrawn_at, row.withdrawal_id = ctx.clock.now(), proposal.id
    session.add(row)
    session.flush()
    margin_calls.price_set(session, ctx, row)


def _unless_over(row: PriceRow) -> None:
    """Raises Conflict price_not_counting."""
    if row.counts_from is None or row.withdrawn_at is not None:
        raise Conflict("price_not_counting", "it doesn't count yet (its proposal can be rejected), or was withdrawn")


def propose_source(ctx: Context, actor: Actor, *, name: str, reason: str) -> ProposalView:
    """One person of the operator proposes a source of prices for all lenders.

    Raises Forbidden operator_only, person_missing, person_not_active; Conflict price_source_exists.
    """
    actor.require_operator()
    with ctx.store.begin() as session:
        _unless_approved(session, name)
        proposal = approvals.propose(
            session, ctx, actor, kind=PRICE_SOURCE, subject=name, payload={"name": name}, reason=reason
        )
        return ProposalView.of(proposal)


def approve_source(session: Session, ctx: Context, proposal: ProposalRow) -> None:
    """Two persons of the operator stand for the source. Raises Conflict price_source_exists."""
    locks.named(session, "price sources")
    _unless_approved(session, proposal.subject)
    session.add(PriceSourceRow(name=proposal.subject, proposal_id=proposal.id, approved_at=ctx.clock.now()))
    session.flush()


def sources(ctx: Context, *, after: str = "", limit: int = 50) -> list[PriceSourceView]:
    """The approved sources, by name."""
    query = select(PriceSourceRow).where(PriceSourceRow.name > after).order_by(col(PriceSourceRow.name)).limit(limit)
    with ctx.store.read() as session:
        return [PriceSourceView.of(row) for row in session.exec(query)]


def _unless_approved(session: Session, name: str) -> None:
    if session.get(PriceSourceRow, name) is not None:
        raise Conflict("price_source_exists", f"{name!r} is approved already")
