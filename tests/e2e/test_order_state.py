"""An order is kept as its papers have made it: an act reads what came since, and the replay has to agree."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from sqlalchemy import event

from chainfin.rules import order as rules
from chainfin.services.kernel.context import Actor
from chainfin.services.trade import order_state, orders, receivables
from chainfin.storage.trade_tables import OrderRow, OrderStateRow
from chainfin.values.party import Role
from tests.e2e.ending import mismatches
from tests.e2e.site import FACE, Site


@contextmanager
def statements(site: Site) -> Iterator[list[str]]:
    """What is sent to the database meanwhile."""
    sent: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(site.ctx.store.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(site.ctx.store.engine, "before_cursor_execute", note)


def despatched(site: Site, papers: dict[str, bytes], number: int) -> bytes:
    """A despatch advice over a hundredth part of the sample's brackets and copper."""
    return (
        papers["despatch"]
        .replace(b">12000<", b">120<")
        .replace(b">5000<", b">50<")
        .replace(b"<cbc:ID>DA-", f"<cbc:ID>DA-{number}-".encode())
    )


def acknowledged(site: Site, seller: Actor, papers: dict[str, bytes]) -> str:
    row, _ = orders.post_order(site.ctx, site.cast["core"], papers["order"], "order.xml")
    site.run()
    orders.acknowledge(site.ctx, seller, row.id, papers["response"])
    site.run()
    return row.id


def both(site: Site, order_id: str) -> tuple[rules.Order | None, rules.Order]:
    """The order from what is kept, and replayed."""
    with site.ctx.store.read() as session:
        row = session.get_one(OrderRow, order_id)
        return order_state.from_kept(session, row), order_state.replay(session, row)


def test_despatch__the_40th__asks_the_database_no_more_than_the_2nd(site: Site) -> None:
    seller = site.borrower()
    papers = site.papers(seller)
    order_id = acknowledged(site, seller, papers)
    sent = {}
    for number in range(1, 41):
        with statements(site) as seen:
            orders.despatch(site.ctx, seller, order_id, despatched(site, papers, number))
        sent[number] = len(seen)
    assert sent[40] == sent[2]
    site.run()
    kept, replayed = both(site, order_id)
    assert kept == replayed
    assert [line.despatched for line in replayed.lines] == [Decimal(40 * 120), Decimal(40 * 50)]
    assert mismatches(site) == []


def test_order__invoiced_cancelled_and_invoiced_again__kept_as_its_replay(site: Site) -> None:
    """A paper that is gone again: the order is reckoned from those that stand, and the goods can be billed anew."""
    seller = site.borrower()
    papers = site.papers(seller)
    order_id = site.received(seller, papers)
    made = receivables.issue(site.ctx, seller, order_id, papers["invoice"])
    site.run()
    receivables.cancel(site.ctx, seller, made.receivable.id)
    site.run()
    again = receivables.issue(site.ctx, seller, order_id, papers["invoice"])
    site.run()
    site.confirm(again.receivable)
    site.run()
    with site.ctx.store.begin() as session:
        order = order_state.as_value(session, session.get_one(OrderRow, order_id, with_for_update=True))
    kept, replayed = both(site, order_id)
    assert kept == replayed == order
    assert (order.invoiced, order.confirmed, order.state) == (FACE, FACE, rules.State.INVOICED)
    assert mismatches(site) == []


def test_order__signed_in_another_order_than_made__kept_as_its_replay(site: Site) -> None:
    seller = site.admit_with_own_key(Role.SUPPLIER)
    papers = site.papers(seller)
    row, _ = orders.post_order(site.ctx, site.cast["core"], papers["order"], "order.xml")
    site.run()
    site.sign(seller, orders.acknowledge(site.ctx, seller, row.id, papers["response"]))
    made = [orders.despatch(site.ctx, seller, row.id, despatched(site, papers, number)) for number in range(3)]
    for act in (made[1], made[0], made[2]):
        site.sign(seller, act)
        with site.ctx.store.begin() as session:
            order_state.as_value(session, session.get_one(OrderRow, row.id, with_for_update=True))
    kept, replayed = both(site, row.id)
    assert kept == replayed
    assert replayed.lines[0].despatched == 360
    site.run()
    assert mismatches(site) == []


def test_order__kept_otherwise_than_its_papers_say__found_by_name(site: Site) -> None:
    seller = site.borrower()
    order_id = site.received(seller, site.papers(seller))
    with site.ctx.store.begin() as session:
        row = session.get_one(OrderRow, order_id, with_for_update=True)
        order_state.as_value(session, row)
    assert mismatches(site) == []
    with site.ctx.store.begin() as session:
        kept = session.get_one(OrderStateRow, order_id)
        kept.lines = [{**line, "received": "1"} for line in kept.lines]
        kept.invoiced = 7
        session.add(kept)
    assert {(found.name, found.subject) for found in mismatches(site)} == {
        ("order.kept lines", order_id),
        ("order.kept invoiced", order_id),
    }
    with site.ctx.store.begin() as session:
        session.delete(session.get_one(OrderStateRow, order_id))
    assert mismatches(site) == [], "what is kept can be lost: it is reckoned again"
