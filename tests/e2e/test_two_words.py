"""Goods leave by their owner's order, and a mistaken count is put right by owner and keeper together."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from chainfin.errors import ChainfinError
from chainfin.services.goods import receipts, two_words
from chainfin.services.kernel import custody
from chainfin.services.pledges import undertakings
from chainfin.values.party import Role
from tests.e2e.asked_acts import asked, sign
from tests.e2e.ending import act as act_of
from tests.e2e.ending import mismatches, pledges_on
from tests.e2e.ending import receipt as stored
from tests.e2e.onchain import view
from tests.e2e.site import Site


def test_hand_out__ordered_by_the_owner__then_by_the_keepers_hand(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, keeper = site.borrower(), site.cast["keeper"]
    goods = site.goods(owner, 100)
    with pytest.raises(ChainfinError) as refused:
        two_words.order(site.ctx, keeper, goods.id, Decimal(100))
    assert refused.value.code == "not_owner", "no keeper hands out unasked"
    with monkeypatch.context() as patch:
        patch.setattr(custody, "signer_of", lambda *_: None)
        order = two_words.order(site.ctx, owner, goods.id, Decimal(60))
        assert asked(site, goods.id, "release") == [], "nothing to sign for the keeper yet"
        with pytest.raises(ChainfinError) as refused:
            two_words.order(site.ctx, owner, goods.id, Decimal(41))
        assert refused.value.code == "exceeds_free", "what is ordered counts as gone"
        sign(site, order)
        (act,) = asked(site, goods.id, "release")
        assert (act.party_id, act.status) == (keeper.party_id, "awaiting_signature")
        sign(site, act)
        site.run()
    chain = view(site.inst, "WarehouseReceipts", "receipt", goods.id)
    assert (chain["free"], chain["released"]) == (40_000, 60_000)
    assert stored(site, goods.id).released == 60_000
    assert (act_of(site, order.id).status, act_of(site, order.id).tx_hash) == ("final", act_of(site, act.id).tx_hash)
    assert mismatches(site) == []


def test_hand_out__keeper_lets_its_time_pass__the_order_has_ended_too(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = site.borrower()
    goods = site.goods(owner, 100)
    with monkeypatch.context() as patch:
        patch.setattr(custody, "signer_of", lambda *_: None)
        order = two_words.order(site.ctx, owner, goods.id, Decimal(100))
        sign(site, order)
        site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(hours=25))
        site.run()
        ended = act_of(site, order.id)
        assert (ended.status, ended.error_code) == ("expired", "act_expired")
        assert two_words.order(site.ctx, owner, goods.id, Decimal(100)).status == "awaiting_signature", "free once more"


def test_count__mistaken__put_right_by_both_and_the_pledge_stays_as_it_was_left(site: Site) -> None:
    owner, keeper = site.borrower(), site.cast["keeper"]
    goods = site.goods(owner, 10_000)
    loan_id = site.funded(owner, 300_000_00, goods.id, product="inventory_pledge")
    (before,) = pledges_on(site, goods.id)
    missing = Decimal(10_000_000 - before.left + 500_000).scaleb(-3)
    receipts.recount(site.ctx, keeper, goods.id, missing, "a count (invented)")
    site.run()
    with pytest.raises(ChainfinError) as refused:
        two_words.find(site.ctx, keeper, goods.id, missing + 1, "found again")
    assert refused.value.code == "exceeds_missing"
    with pytest.raises(ChainfinError) as refused:
        two_words.find(site.ctx, owner, goods.id, Decimal(1), "found again")
    assert refused.value.code == "role_missing"
    for found in (missing, missing - 500, Decimal(1)):
        with pytest.raises(ChainfinError) as refused:
            two_words.find(site.ctx, keeper, goods.id, found, "it lay in the next bay")
        assert refused.value.code == "pledged_goods_missing", "it would be the owner's, and free, while the lender lost"
    (after,) = pledges_on(site, goods.id)
    assert after.left == before.left - 500_000
    assert mismatches(site) == []
    site.pays(site.loan(loan_id).loan.dues.total.minor, f"LOAN {loan_id}")
    assert site.loan(loan_id).row.status == "repaid"
    half = missing // 2
    two_words.find(site.ctx, keeper, goods.id, half, "it lay in the next bay")
    with pytest.raises(ChainfinError) as refused:
        two_words.find(site.ctx, keeper, goods.id, missing - half + 1, "and more of it, before that is on chain")
    assert refused.value.code == "pledged_goods_missing"
    two_words.find(site.ctx, keeper, goods.id, missing - half, "the rest, behind it")
    site.run()
    chain = view(site.inst, "WarehouseReceipts", "receipt", goods.id)
    assert (chain["missing"], chain["pledged"], chain["free"]) == (0, 0, 10_000_000)
    assert mismatches(site) == []


def test_undertaking__by_a_party_to_the_pledge_or_the_keeper__refused(site: Site) -> None:
    keeper = site.admit(Role.KEEPER | Role.CORE)
    owner = site.admit(Role.SUPPLIER | Role.CORE)
    site.limit("borrower", owner, 5_000_000_00)
    shared, site.cast["keeper"] = site.cast["keeper"], keeper
    try:
        goods = site.goods(owner)
    finally:
        site.cast["keeper"] = shared
    site.funded(owner, 300_000_00, goods.id, product="inventory_pledge")
    (pledge,) = pledges_on(site, goods.id)
    until = site.today + timedelta(days=30)
    for who, code in ((owner, "undertaker_is_party"), (keeper, "self_attested")):
        with pytest.raises(ChainfinError) as refused:
            undertakings.undertake(site.ctx, who, pledge.id, "1", until, "we buy it")
        assert refused.value.code == code
    holder = site.borrower()
    asset = site.confirmed(holder)
    site.funded(holder, 300_000_00, asset.id)
    late = asset.due_date + timedelta(days=1)
    (pledge,) = pledges_on(site, asset.id)
    with pytest.raises(ChainfinError) as refused:
        undertakings.undertake(site.ctx, site.cast["lender"], pledge.id, "1.00", late, "we buy it")
    assert refused.value.code == "undertaker_is_party"
