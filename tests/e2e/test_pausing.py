"""Kinds of acts that the operator pauses: each is refused by name before a transaction is wasted; exits have none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest

from chainfin.errors import BadInput, ChainfinError
from chainfin.services.goods import receipts, two_words
from chainfin.services.kernel.context import OPERATOR
from chainfin.services.lending import applications
from chainfin.services.parties import gate, suspension
from chainfin.services.pledges import release, substitution, undertakings
from chainfin.services.trade import debtor_lines, disputes, orders, receivables, splits_and_transfers
from chainfin.values.money import Money
from chainfin.values.party import Kind, Role
from tests import cast
from tests.e2e.ending import act, mismatches, pledges_on, receipt
from tests.e2e.onchain import rows, view
from tests.e2e.reckoned import owed
from tests.e2e.site import FACE, Site
from tests.e2e.site_money import CNY
from tests.e2e.test_races import at_once
from tests.e2e.test_suspending import issued, wallet

LENT = 500_000_00


def change(site: Site, *, pause: tuple[Kind, ...] = (), resume: tuple[Kind, ...] = ()) -> str:
    made = suspension.change_pauses(site.ctx, OPERATOR, pause=pause, resume=resume, reason="a drill")
    site.run()
    assert act(site, made.id).status == "final"
    return made.id


def paused(site: Site) -> frozenset[Kind]:
    return suspension.pauses(site.ctx, OPERATOR).paused


@pytest.fixture(autouse=True)
def _open(site: Site) -> object:
    """Every test begins and ends with everything open."""
    assert paused(site) == frozenset()
    yield None
    site.run()
    if paused(site):
        change(site, resume=tuple(paused(site)))
    assert view(site.inst, "Participants", "paused") == 0


def code_of(attempt: Callable[[], object]) -> str:
    with pytest.raises(ChainfinError) as refused:
        attempt()
    return refused.value.code


def _attempts(site: Site, kind: Kind) -> list[Callable[[], object]]:
    """Everything of this kind that a user can ask for, about to go through."""
    ctx, core, lender = site.ctx, site.cast["core"], site.cast["lender"]
    seller = site.borrower()
    documents = site.papers(seller)
    if kind is Kind.ADMIT:
        return [partial(site.admit, Role.SUPPLIER)]
    if kind is Kind.ORDER:
        fresh = site.papers(seller)
        order, _ = orders.post_order(ctx, core, documents["order"], "order.xml")
        site.run()
        return [
            partial(orders.post_order, ctx, core, fresh["order"], "order.xml"),
            partial(orders.acknowledge, ctx, seller, order.id, documents["response"]),
            partial(orders.amend, ctx, core, order.id, documents["order"]),
        ]
    if kind is Kind.ISSUE:
        return [partial(receivables.issue, ctx, seller, site.received(seller, documents), documents["invoice"])]
    if kind is Kind.CONFIRM:
        return [partial(site.confirm, issued(site, seller))]
    if kind is Kind.RECEIPT:
        copper, owner = {"commodity": "copper-cathode", "commodity_class": "standard"}, str(seller.party_id)
        issue = partial(receipts.issue, ctx, site.cast["keeper"], number="WR-paused", owner_id=owner)
        return [partial(issue, goods=copper, unit="KGM", quantity=Decimal(1), lot=cast.lot("WR-paused"))]
    if kind is Kind.TRANSFER:
        asset, goods, transferee = site.confirmed(seller), site.goods(seller), str(site.admit(Role.SUPPLIER).party_id)
        return [
            partial(splits_and_transfers.transfer, ctx, seller, asset.id, transferee),
            partial(splits_and_transfers.split, ctx, seller, asset.id, [Money(1_00, CNY), Money(2_00, CNY)]),
            partial(receipts.transfer, ctx, seller, goods.id, transferee),
        ]
    asset, goods = site.confirmed(seller), site.goods(seller)
    marked = site.admit(Role.CORE | Role.LINED)
    site.funded(seller, LENT, goods.id, product="inventory_pledge", days=90)
    (pledge,) = pledges_on(site, goods.id)
    offered = site.offered(seller, LENT, asset.id)
    swap = partial(substitution.offer, ctx, lender, sold_id=pledge.id, quantity=Decimal(1), receivable_id=asset.id)
    granted = swap(amount=Money(100_00, CNY)).pledge_id
    return [
        partial(site.apply, seller, LENT, asset.id),
        partial(applications.accept, ctx, seller, offered),
        partial(undertakings.undertake, ctx, core, pledge.id, "1", site.today + timedelta(days=120), "I buy it"),
        partial(swap, amount=Money(100_00, CNY)),
        partial(substitution.accept, ctx, seller, granted),
        partial(debtor_lines.set_, ctx, lender, str(marked.party_id), Money(5_00, CNY)),
    ]


@pytest.mark.parametrize("kind", list(Kind))
def test_paused_kind__all_of_it__refused_before_anything_is_begun(site: Site, kind: Kind) -> None:
    attempts = _attempts(site, kind)
    change(site, pause=(kind,))
    before = rows(site.ctx.store)
    for attempt in attempts:
        with pytest.raises(ChainfinError) as refused:
            attempt()
        assert refused.value.code == "act_paused", attempt
        assert refused.value.details == {"kind": kind.name.lower()}
    assert rows(site.ctx.store) == before
    change(site, resume=(kind,))
    for attempt in attempts[:1]:
        attempt()
    site.run()


def test_everything_paused__what_is_running_ends(site: Site) -> None:
    borrower, lender = site.borrower(), site.cast["lender"]
    asset, disputed, fresh = site.confirmed(borrower), site.confirmed(borrower), issued(site, borrower)
    goods = site.goods(borrower)
    marked = site.admit(Role.CORE | Role.LINED)
    debtor_lines.set_(site.ctx, lender, str(marked.party_id), Money(5_00, CNY))
    loan_id = site.funded(borrower, LENT, asset.id)
    (pledge,) = pledges_on(site, asset.id)
    change(site, pause=tuple(Kind))
    exits = [
        release.release_by_lender(site.ctx, lender, pledge.id, "1.00"),
        receivables.cancel(site.ctx, borrower, fresh.id),
        disputes.dispute(site.ctx, site.cast["core"], disputed.id, "never came"),
        debtor_lines.set_(site.ctx, lender, str(marked.party_id), Money(1_00, CNY)),
        suspension.suspend(site.ctx, OPERATOR, str(marked.party_id), "also while paused"),
    ]
    two_words.order(site.ctx, borrower, goods.id, Decimal(1))
    site.run()
    assert [act(site, each.id).status for each in exits] == ["final"] * len(exits)
    assert receipt(site, goods.id).released == 1_000
    site.pays(owed(site, loan_id, site.today), f"LOAN {loan_id}")
    assert site.loan(loan_id).row.status == "repaid"
    assert [each.status for each in pledges_on(site, asset.id)] == ["released"]
    site.pays(FACE, f"RECEIVABLE {asset.id}")
    assert site.receivable(asset.id).status == "settled"
    assert mismatches(site) == []


def test_paused__unsecured_money__has_no_kind(site: Site) -> None:
    change(site, pause=(Kind.PLEDGE,))
    borrower = site.borrower()
    asked = partial(site.apply, borrower, LENT, None, product="general_310", consent={"token": "none"})
    assert site.application(asked()).row.status == "data_check"


def test_pledge__on_its_way_when_paused__refused_by_the_chain_and_undone(site: Site) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    application = site.offered(borrower, LENT, asset.id)
    applications.accept(site.ctx, borrower, application)
    change(site, pause=(Kind.PLEDGE,))
    ended = site.application(application)
    assert (ended.row.status, ended.progress[-1].detail["code"]) == ("failed", "chain_act_paused")
    assert set(site.taken(application)) == {"freed"}
    assert (site.receivable(asset.id).reserved, site.receivable(asset.id).pledged) == (0, 0)
    assert mismatches(site) == []


def test_change__under_way__shown_and_without_effect_until_final(site: Site) -> None:
    made = suspension.change_pauses(site.ctx, OPERATOR, pause=[Kind.ISSUE], resume=(), reason="a drill")
    seen = suspension.pauses(site.ctx, OPERATOR)
    assert seen.change is not None
    assert (seen.paused, seen.change.id, seen.change.status) == (frozenset(), made.id, "signed")
    site.run()
    seen = suspension.pauses(site.ctx, OPERATOR)
    assert seen.change is not None
    assert (seen.paused, seen.change.status) == (frozenset({Kind.ISSUE}), "final")
    assert suspension.pauses(site.ctx, site.cast["core"]).change is None
    change(site, pause=(Kind.CONFIRM,))
    assert paused(site) == {Kind.ISSUE, Kind.CONFIRM}, "what isn't named stays"
    change(site, pause=(Kind.PLEDGE,), resume=(Kind.ISSUE, Kind.ORDER))
    assert paused(site) == {Kind.CONFIRM, Kind.PLEDGE}
    assert view(site.inst, "Participants", "paused") == 1 << Kind.CONFIRM | 1 << Kind.PLEDGE


def test_change__many_at_once__none_is_undone_by_another(site: Site) -> None:
    kinds = (Kind.ORDER, Kind.ISSUE, Kind.CONFIRM, Kind.TRANSFER)
    ask = partial(suspension.change_pauses, site.ctx, OPERATOR, resume=(), reason="all at once")
    made, failed = at_once([partial(ask, pause=[kind]) for kind in kinds])
    assert (len(made), failed) == (1, {"change_under_way": 3})
    site.run()
    assert len(paused(site)) == 1
    assert mismatches(site) == []


def test_change__of_nothing_or_both_ways__refused(site: Site) -> None:
    ask = partial(suspension.change_pauses, site.ctx, OPERATOR, reason="why")
    assert code_of(partial(ask, pause=(), resume=())) == "pauses_unchanged"
    assert code_of(partial(ask, pause=(), resume=[Kind.ORDER])) == "pauses_unchanged"
    with pytest.raises(BadInput) as refused:
        ask(pause=[Kind.ORDER, Kind.ISSUE], resume=[Kind.ISSUE])
    assert (refused.value.code, refused.value.where) == ("kinds_contradict", "/resume")
    for who in (site.cast["core"], site.cast["lender"]):
        outsider = partial(suspension.change_pauses, site.ctx, who, pause=[Kind.ISSUE], resume=(), reason="mine")
        assert code_of(outsider) == "operator_only"


def test_pause__by_the_operators_wallet__known_here_and_its_unknown_bits_are_kept(site: Site) -> None:
    strange = 1 << 200
    wallet(site, "pause", kinds=strange | 1 << Kind.ISSUE)
    assert paused(site) == {Kind.ISSUE}
    assert suspension.pauses(site.ctx, OPERATOR).change is not None
    assert mismatches(site) == []
    change(site, pause=(Kind.ORDER,), resume=(Kind.ISSUE,))
    assert view(site.inst, "Participants", "paused") == strange | 1 << Kind.ORDER
    with site.ctx.store.read() as session:
        assert gate.paused_bits(session) == strange | 1 << Kind.ORDER
    wallet(site, "pause", kinds=0)
    assert mismatches(site) == []


def test_reconciliation__pauses_that_disagree_with_the_chain__found(site: Site) -> None:
    with site.ctx.store.begin() as session:
        gate.project(session, 1 << Kind.ISSUE)
    (wrong,) = mismatches(site)
    assert wrong.name == "pauses"
    with site.ctx.store.begin() as session:
        gate.project(session, 0)
    assert mismatches(site) == []
