"""What the chain says of an order's steps the service says before: of one that is cancelled, amended, or to oneself."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chainfin import samples
from chainfin.errors import Refused
from chainfin.services.kernel.context import Actor
from chainfin.services.trade import order_state, orders, receivables
from chainfin.storage.trade_tables import OrderRow
from tests.e2e.ending import act, mismatches
from tests.e2e.onchain import rows
from tests.e2e.site import Site


@pytest.fixture
def seller(site: Site) -> Actor:
    return site.borrower()


def acknowledged(site: Site, seller: Actor, papers: dict[str, bytes]) -> str:
    order, _ = orders.post_order(site.ctx, site.cast["core"], papers["order"], "order.xml")
    site.run()
    orders.acknowledge(site.ctx, seller, order.id, papers["response"])
    site.run()
    return order.id


def test_cancelled__any_further_step__refused_and_nothing_made(site: Site, seller: Actor) -> None:
    core, papers = site.cast["core"], site.papers(seller)
    order_id = acknowledged(site, seller, papers)
    orders.cancel(site.ctx, core, order_id)
    before = rows(site.ctx.store)
    steps: tuple[Callable[[], object], ...] = (
        lambda: orders.despatch(site.ctx, seller, order_id, papers["despatch"]),
        lambda: orders.acknowledge(site.ctx, seller, order_id, papers["response"]),
        lambda: orders.amend(site.ctx, core, order_id, papers["order"]),
        lambda: orders.cancel(site.ctx, core, order_id),
    )
    for step in steps:  # while the cancellation is on its way
        with pytest.raises(Refused, match="order_state_wrong"):
            step()
    assert rows(site.ctx.store) == before
    site.run()
    assert site.order(order_id).status == "cancelled"
    for step in steps:
        with pytest.raises(Refused, match="order_state_wrong"):
            step()
    assert mismatches(site) == []


def test_amended_after_despatch__received_and_billed__still_waits_for_its_seller(site: Site, seller: Actor) -> None:
    core, papers = site.cast["core"], site.papers(seller)
    order_id = acknowledged(site, seller, papers)
    orders.despatch(site.ctx, seller, order_id, papers["despatch"])
    site.run()
    orders.amend(site.ctx, core, order_id, papers["order"])
    site.run()
    orders.receive(site.ctx, core, order_id, papers["receipt"])
    site.run()
    assert site.order(order_id).status == "posted"
    assert mismatches(site) == []
    receivables.issue(site.ctx, seller, order_id, papers["invoice"])
    site.run()
    assert site.order(order_id).status == "posted"
    assert mismatches(site) == []
    again = orders.acknowledge(site.ctx, seller, order_id, papers["response"])
    site.run()
    assert act(site, again.id).status == "final"
    assert site.order(order_id).status == "invoiced", "what was billed of it before is billed of it still"


def test_acknowledged_again__its_one_invoice_withdrawn__stands_where_its_goods_do(site: Site, seller: Actor) -> None:
    core, papers = site.cast["core"], site.papers(seller)
    order_id = acknowledged(site, seller, papers)
    orders.despatch(site.ctx, seller, order_id, papers["despatch"])
    site.run()
    orders.receive(site.ctx, core, order_id, papers["receipt"])
    site.run()
    orders.amend(site.ctx, core, order_id, papers["order"])
    site.run()
    orders.acknowledge(site.ctx, seller, order_id, papers["response"])
    site.run()
    made = receivables.issue(site.ctx, seller, order_id, papers["invoice"])
    site.run()
    assert site.order(order_id).status == "invoiced"
    receivables.cancel(site.ctx, seller, made.receivable.id)
    site.run()
    assert site.order(order_id).status == "acknowledged", "nothing has moved since it was amended"
    with site.ctx.store.read() as session:
        row = session.get_one(OrderRow, order_id)
        assert order_state.replay(session, row).state.value == row.status
    assert mismatches(site) == []


def test_posted__to_oneself__refused_before_anything_is_kept(site: Site) -> None:
    core = site.cast["core"]
    papers = samples.trade(site.today, "INV-SELF", seller=samples.CORE, buyer=samples.CORE)
    before = rows(site.ctx.store)
    with pytest.raises(Refused, match="seller_is_buyer"):
        orders.post_order(site.ctx, core, papers["order"], "order.xml")
    assert rows(site.ctx.store) == before
