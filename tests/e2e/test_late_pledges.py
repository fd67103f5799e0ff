"""Who undertook to buy goods, and who keeps them, is told that their loan is late, and until when it can be called."""

from __future__ import annotations

from datetime import timedelta

from chainfin.services.kernel.context import OPERATOR, Actor
from chainfin.services.lending import end_of_day
from chainfin.services.parties import webhooks
from chainfin.services.pledges import enforcement
from chainfin.services.reads import late_pledges, queries
from chainfin.values.event_kind import EventKind
from tests.e2e.ending import pledges_on, receipts_out_of
from tests.e2e.site import Site
from tests.e2e.test_realisation import LENT, code_of
from tests.e2e.test_webhooks import Listening, listening, made

__all__ = ["listening"]


def seen(site: Site, who: Actor, pledge_id: str) -> list[tuple[str, str, object, object]]:
    """What is shown of one pledge: why, how much, the own undertaking and its last day."""
    found = late_pledges.list_(site.ctx, who, limit=500)
    return [
        (each.why, each.measure.text(each.left), each.undertaken, each.until) for each in found if each.id == pledge_id
    ]


def test_overdue__keeper_and_undertaker_are_told_once_and_see_the_deadline(listening: Listening) -> None:
    site = listening.site
    borrower, core, keeper = site.borrower(), site.cast["core"], site.cast["keeper"]
    goods = site.goods(borrower)
    loan_id = site.funded(borrower, LENT, goods.id, product="inventory_pledge")
    (pledge,) = pledges_on(site, goods.id)
    site.undertake(pledge)
    until = site.loan(loan_id).row.maturity + timedelta(days=30)
    for who in (core, keeper, site.cast["bank"]):
        made(site, who, EventKind.LATE)
    assert seen(site, core, pledge.id) == []
    site.fall_due(site.loan(loan_id).row.maturity)
    end_of_day.run(site.ctx, OPERATOR, site.today)
    end_of_day.run(site.ctx, OPERATOR, site.today)
    site.run()
    listening.deliver()
    mine = [said for said in listening.receiver.said(EventKind.LATE) if said["pledge_id"] == pledge.id]
    assert sorted(mine, key=lambda said: str(said["until"])) == [
        {"pledge_id": pledge.id, "asset_id": goods.id, "until": until.isoformat()},
        {"pledge_id": pledge.id, "asset_id": goods.id, "until": None},
    ]
    left = site.loan(loan_id).pledges[0].measure.text(pledge.left)
    assert seen(site, core, pledge.id) == [("loan_overdue", left, pledge.left, until)]
    assert seen(site, keeper, pledge.id) == [("loan_overdue", left, None, None)]
    assert (seen(site, borrower, pledge.id), seen(site, site.cast["bank"], pledge.id)) == ([], [])
    assert len(seen(site, OPERATOR, pledge.id)) == 1


def test_margin_call__not_met__keeper_and_undertaker_see_it_before_the_loan_is_late(listening: Listening) -> None:
    site = listening.site
    borrower, core = site.borrower(), site.cast["core"]
    lender = site.lender(borrower)
    site.price(70_00, lender)
    goods = site.goods(borrower)
    site.funded(borrower, LENT, goods.id, product="inventory_pledge", lender_id=str(lender.party_id))
    (pledge,) = pledges_on(site, goods.id)
    site.undertake(pledge)
    webhooks.create(site.ctx, core, url="https://hooks.example/core", events=[EventKind.LATE])
    site.price(50_00, lender)
    site.run()
    listening.deliver()
    assert [said["pledge_id"] for said in listening.receiver.said(EventKind.LATE)] == [pledge.id]
    (shown,) = seen(site, core, pledge.id)
    assert shown[0] == "margin_call_unmet"


def test_receipt__seen_by_who_lends_on_it_and_a_taken_part_by_its_pledgor(site: Site) -> None:
    borrower, lender = site.borrower(), site.cast["lender"]
    goods = site.goods(borrower)
    assert code_of(queries.warehouse_receipt, site.ctx, lender, goods.id) == "warehouse_receipt_unknown"
    loan_id = site.funded(borrower, LENT, goods.id, product="inventory_pledge")
    assert queries.warehouse_receipt(site.ctx, lender, goods.id).pledged > 0
    site.fall_due(site.loan(loan_id).row.maturity)
    end_of_day.run(site.ctx, OPERATOR, site.today)
    (pledge,) = pledges_on(site, goods.id)
    enforcement.enforce(site.ctx, lender, pledge.id)
    site.run()
    (child,) = receipts_out_of(site, goods.id)
    assert queries.warehouse_receipt(site.ctx, borrower, child.id).owner_id == lender.party_id
    stranger = site.borrower()
    assert code_of(queries.warehouse_receipt, site.ctx, stranger, child.id) == "warehouse_receipt_unknown"
