"""Goods at a keeper: what is pledged follows the price, and stays where it is until its lender gives it up."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from math import ceil

import pytest

from chainfin.errors import NotFound, Refused
from chainfin.rules import inventory
from chainfin.services.goods import receipts, two_words
from chainfin.services.kernel.context import OPERATOR
from chainfin.services.lending import applications, end_of_day, margin_calls
from chainfin.services.payments import buy_back
from chainfin.services.pledges import release
from chainfin.services.reads import queries
from chainfin.values.money import BasisPoints, Money
from chainfin.values.party import Role
from tests import cast
from tests.e2e.ending import pledged_of
from tests.e2e.onchain import view
from tests.e2e.site import Site
from tests.e2e.site_money import CNY

LENT = 200_000_00


def test_price__set_anew__the_pledge_follows_it(site: Site) -> None:
    owner = site.borrower()
    receipt = site.goods(owner)
    before = pledged_of(site, site.funded(owner, LENT, receipt.id, product="inventory_pledge"))
    site.price(63_00)
    after = pledged_of(site, site.funded(owner, LENT, receipt.id, product="inventory_pledge"))
    assert abs(after - before * 10 // 9) <= 1, "at nine tenths of the price ten ninths of the goods"


def test_price__falls_under_a_loan__called_at_once_for_what_restores_it(site: Site) -> None:
    """70 → 10 under 500,000 at 70 %: what brings it to 74 % is called, the cure rate of the policy that granted it."""
    owner = site.borrower()
    receipt = site.goods(owner)
    loan_id = site.funded(owner, 500_000_00, receipt.id, product="inventory_pledge")
    assert margin_calls.of_loan(site.ctx, owner, loan_id).calls == []
    site.price(10_00)
    (called,) = margin_calls.of_loan(site.ctx, owner, loan_id).calls
    (pledge,) = site.loan(loan_id).pledges
    owed = 500_000_00 + site.loan(loan_id).loan.dues.fee.minor
    restored = inventory.loan_limit(pledge.left, inventory.UnitPrice(Decimal(10), CNY), BasisPoints(7400))
    assert (called.amount, called.status) == (owed - restored.minor, "escalated")
    assert (called.asset_id, called.cause.split()[0]) == (receipt.id, "price")
    site.price(10_00)
    end_of_day.run(site.ctx, OPERATOR, site.today)
    assert len(margin_calls.of_loan(site.ctx, owner, loan_id).calls) == 1, "the same shortfall is called once"
    site.pays(called.amount, f"LOAN {loan_id}")
    (called,) = margin_calls.of_loan(site.ctx, owner, loan_id).calls
    assert called.status == "cured"
    site.price(10_00)
    assert len(margin_calls.of_loan(site.ctx, owner, loan_id).calls) == 1, "what was called is enough"


def test_count__finds_less_than_is_pledged__called_at_once(site: Site) -> None:
    owner = site.borrower()
    goods = site.goods(owner)
    loan_id = site.funded(owner, LENT, goods.id, product="inventory_pledge")
    (pledge,) = site.loan(loan_id).pledges
    left = Decimal(pledge.left // 2).scaleb(-3)
    receipts.recount(site.ctx, site.cast["keeper"], goods.id, Decimal(20_000) - left, "a count (invented)")
    site.run()
    (called,) = margin_calls.of_loan(site.ctx, owner, loan_id).calls
    (pledge,) = site.loan(loan_id).pledges
    restored = inventory.loan_limit(pledge.left, inventory.UnitPrice(Decimal(70), CNY), BasisPoints(7400))
    assert called.amount == site.loan(loan_id).loan.dues.total.minor - restored.minor
    assert called.cause.startswith("count in block ")


def test_price__falls_again__one_call_for_all_of_it_stands(site: Site) -> None:
    owner = site.borrower()
    loan_id = site.funded(owner, LENT, site.goods(owner).id, product="inventory_pledge")
    for price in (62_00, 61_00, 60_00):
        site.price(price)
    calls = margin_calls.of_loan(site.ctx, owner, loan_id).calls
    assert [each.status for each in calls] == ["replaced", "replaced", "open"]
    assert [each.amount for each in calls] == sorted(each.amount for each in calls)
    site.price(75_00)
    assert margin_calls.of_loan(site.ctx, owner, loan_id).calls[-1].status == "cured"


def test_receipt__pledged__seen_by_its_lender_and_undertaker_and_no_other(site: Site) -> None:
    owner, core, other = site.borrower(), site.cast["core"], site.admit(Role.LENDER)
    goods = site.goods(owner)
    lender = site.cast["lender"]
    for nobody in (lender, core, other):
        with pytest.raises(NotFound):
            queries.warehouse_receipt(site.ctx, nobody, goods.id)
    loan_id = site.funded(owner, LENT, goods.id, product="inventory_pledge")
    (pledge,) = site.loan(loan_id).pledges
    site.undertake(pledge)
    for party in (lender, core):
        assert queries.warehouse_receipt(site.ctx, party, goods.id).goods["commodity"] == "copper-cathode"
    with pytest.raises(NotFound):
        queries.warehouse_receipt(site.ctx, other, goods.id)
    asset = site.confirmed(owner)
    with pytest.raises(NotFound):
        queries.receivable(site.ctx, lender, asset.id)
    site.funded(owner, 100_000_00, asset.id)
    seen = queries.receivable(site.ctx, lender, asset.id)
    assert (seen.id, seen.document_root) == (asset.id, None)


def test_price__falls_to_the_trigger__nothing_is_called_before(site: Site) -> None:
    """Lent at 70 %, called above 78 %: at 63.00 the loan stands at 77.8 %, at 62.00 at 79 %."""
    owner = site.borrower()
    loan_id = site.funded(owner, LENT, site.goods(owner).id, product="inventory_pledge")
    site.price(63_00)
    assert margin_calls.of_loan(site.ctx, owner, loan_id).calls == []
    site.price(62_00)
    (called,) = margin_calls.of_loan(site.ctx, owner, loan_id).calls
    assert called.status == "open"
    site.price(75_00)
    (called,) = margin_calls.of_loan(site.ctx, owner, loan_id).calls
    assert called.status == "cured", "the goods cover it again"


def test_end_of_day__goods_no_longer_cover_what_is_owed__called(site: Site) -> None:
    """Lent at 70 %, called above 78 %: just below that, interest alone goes above it, and the day's end sees it."""
    owner = site.borrower()
    loan_id = site.funded(owner, LENT, site.goods(owner).id, product="inventory_pledge")
    (pledge,) = site.loan(loan_id).pledges
    site.price(ceil(site.loan(loan_id).loan.dues.total.minor * 1000 / (pledge.left * Decimal("0.78"))))
    assert margin_calls.of_loan(site.ctx, owner, loan_id).calls == []
    site.move_to(site.today + timedelta(days=3))
    done = end_of_day.run(site.ctx, OPERATOR, site.today)
    (called,) = margin_calls.of_loan(site.ctx, owner, loan_id).calls
    assert called.cause == f"end of day {site.today}"
    assert loan_id not in done.unchecked


def test_price__too_old__unchecked_is_said_and_never_taken_for_cover(site: Site) -> None:
    owner = site.borrower()
    loan_id = site.funded(owner, LENT, site.goods(owner).id, product="inventory_pledge")
    site.move_to(site.today + timedelta(days=8))
    site.price(1_00, days_old=8)
    done = end_of_day.run(site.ctx, OPERATOR, site.today)
    assert done.unchecked[loan_id] == "price_stale"
    assert end_of_day.run(site.ctx, OPERATOR, site.today).unchecked == done.unchecked
    seen = margin_calls.of_loan(site.ctx, owner, loan_id)
    assert (seen.calls, seen.unchecked) == ([], "price_stale")
    site.price(70_00)
    assert margin_calls.of_loan(site.ctx, owner, loan_id).unchecked is None


@pytest.mark.parametrize(
    ("price", "code"), [(50_00, "collateral_short"), (48_00, "collateral_short"), (7_00, "collateral_short")]
)
def test_price__falls_between_offer_and_acceptance__nothing_is_lent_on_it(site: Site, price: int, code: str) -> None:
    owner = site.borrower()
    lender = site.lender(owner)
    site.price(70_00, lender)
    goods = site.goods(owner)
    more = {"product": "inventory_pledge", "lender_id": str(lender.party_id)}
    application = site.offered(owner, LENT, goods.id, **more)
    site.price(price, lender)
    with pytest.raises(Refused) as refused:
        applications.accept(site.ctx, owner, application)
    assert refused.value.code == code
    assert site.application(application).row.status == "offered"


def test_price__falls_while_the_pledge_is_made__no_money_leaves_and_all_is_undone(site: Site) -> None:
    owner = site.borrower()
    lender = site.lender(owner)
    site.price(70_00, lender)
    goods = site.goods(owner)
    application = site.offered(owner, LENT, goods.id, product="inventory_pledge", lender_id=str(lender.party_id))
    applications.accept(site.ctx, owner, application)
    paid = len(site.payments())
    site.price(60_00, lender)
    site.run()
    assert site.application(application).row.status == "failed"
    failed = site.application(application).progress[-1]
    assert failed.name == "failed"
    assert "collateral_short" in str(failed.detail)
    assert len(site.payments()) == paid
    assert queries.warehouse_receipt(site.ctx, owner, goods.id).pledged == 0


def test_price__fell_by_a_third_in_a_month__nothing_is_lent_on_such_goods(site: Site) -> None:
    owner = site.borrower()
    lender = site.lender(owner)
    for price in (70_00, 49_00):
        site.price(price, lender)
    goods = site.goods(owner)
    application = site.apply(owner, 100_000_00, goods.id, product="inventory_pledge", lender_id=str(lender.party_id))
    site.run()
    row = site.application(application).row
    assert (row.status, "price_falling" in str(row.refusals)) == ("declined", True)
    site.move_to(site.today + timedelta(days=31))
    site.price(49_00, lender)
    site.offered(owner, 100_000_00, goods.id, product="inventory_pledge", lender_id=str(lender.party_id))


@pytest.mark.parametrize(("days", "status"), [(89, "declined"), (91, "offered")])
def test_goods__keep_until_a_month_after_the_loan__or_nothing_is_lent(site: Site, days: int, status: str) -> None:
    owner = site.borrower()
    site.price(70_00)
    day = site.today + timedelta(days=days)
    goods = {"commodity": "copper-cathode", "commodity_class": "standard", "insured": "true", "best_before": str(day)}
    row, _ = receipts.issue(
        site.ctx, site.cast["keeper"], number=f"WR-{next(site.numbers)}", 
        lot=cast.lot(str(next(site.numbers))), owner_id=str(owner.party_id),
        goods=goods, unit="KGM", quantity=Decimal(20_000),
    )  # fmt: skip
    site.run()
    application = site.apply(owner, LENT, row.id, product="inventory_pledge")
    site.run()
    said = site.application(application).row
    assert said.status == status
    assert ("goods_expire_first" in str(said.refusals)) is (status == "declined")


def test_price__too_old__nothing_is_released_by_it_until_there_is_another(site: Site) -> None:
    owner = site.borrower()
    loan_id = site.funded(owner, LENT, site.goods(owner).id, product="inventory_pledge")
    before = pledged_of(site, loan_id)
    site.move_to(site.today + timedelta(days=8))
    site.pays(LENT // 2, f"LOAN {loan_id}")
    assert pledged_of(site, loan_id) == before
    site.price(70_00)
    site.run()
    assert before * 2 // 5 < pledged_of(site, loan_id) < before * 3 // 5
    after = pledged_of(site, loan_id)
    site.price(80_00)
    site.run()
    assert pledged_of(site, loan_id) == after, "a higher price alone gives nothing up"


def test_price__too_old__what_the_lender_gave_up_meanwhile_answers_no_payment(site: Site) -> None:
    """Its own will is one thing, what a payment sets free another: that is asked for as soon as there is a price."""
    owner = site.borrower()
    loan_id = site.funded(owner, LENT, site.goods(owner).id, product="inventory_pledge")
    before = pledged_of(site, loan_id)
    site.move_to(site.today + timedelta(days=8))
    site.pays(LENT // 2, f"LOAN {loan_id}")
    site.price(70_00)
    release.release_by_lender(site.ctx, site.cast["lender"], site.loan(loan_id).pledges[0].id, "1")
    site.run()
    assert before * 2 // 5 < pledged_of(site, loan_id) < before * 3 // 5


def test_price__too_old__money_that_buys_goods_waits_for_another(site: Site) -> None:
    owner, core = site.borrower(), site.cast["core"]
    loan_id = site.funded(owner, LENT, site.goods(owner).id, product="inventory_pledge")
    (pledge,) = site.loan(loan_id).pledges
    site.undertake(pledge, agreed=owner)
    site.move_to(site.today + timedelta(days=8))
    paid = site.pays(70_000_00, f"BUYBACK {pledge.id}", payer=site.party(core.party_id).account)
    assert (site.incoming(paid).status, site.incoming(paid).reason) == ("waiting", "price_stale")
    (seen,) = buy_back.payments(site.ctx, pledge.id, str(core.party_id))
    assert (seen.amount, seen.status, seen.reason) == (70_000_00, "waiting", "price_stale")
    before = pledged_of(site, loan_id)
    site.price(70_00)
    site.run()
    assert site.incoming(paid).status == "applied"
    assert pledged_of(site, loan_id) <= before - 1_000_000


def test_release__of_what_is_pledged__exceeds_free(site: Site) -> None:
    owner = site.borrower()
    receipt = site.goods(owner)
    loan_id = site.funded(owner, LENT, receipt.id, product="inventory_pledge")
    free = Decimal(20_000_000 - pledged_of(site, loan_id)).scaleb(-3)
    with pytest.raises(Refused) as refused:
        two_words.order(site.ctx, owner, receipt.id, free + Decimal("0.001"))
    assert refused.value.code == "exceeds_free"
    two_words.order(site.ctx, owner, receipt.id, free)
    site.run()
    chain = view(site.inst, "WarehouseReceipts", "receipt", receipt.id)
    assert (chain["free"], chain["pledged"]) == (0, pledged_of(site, loan_id))
    assert queries.loan(site.ctx, OPERATOR, loan_id).agreed.status == "active"


def test_keeper__of_its_own_goods_or_as_their_lender__refused(site: Site) -> None:
    owner, keeper = site.borrower(), site.cast["keeper"]
    with pytest.raises(Refused) as refused:
        site.goods(keeper)
    assert refused.value.code == "self_attested"
    receipt = site.goods(owner)
    with pytest.raises(Refused) as refused:
        receipts.transfer(site.ctx, owner, receipt.id, str(keeper.party_id))
    assert refused.value.code == "self_attested"
    both = site.admit(Role.KEEPER | Role.LENDER)
    kept, _ = receipts.issue(
        site.ctx,
        both,
        number="WR-OWN",
        lot=cast.lot("WR-OWN"),
        owner_id=str(owner.party_id),
        goods={"commodity": "copper-cathode", "commodity_class": "standard", "insured": "true"},
        unit="KGM",
        quantity=Decimal(100),
    )
    site.run()
    with pytest.raises(Refused) as refused:
        applications.apply(
            site.ctx, owner, product="inventory_pledge", lender_id=str(both.party_id), amount=Money(LENT, CNY), days=60,
            asset_id=kept.id,
        )  # fmt: skip
    assert refused.value.code == "self_attested"
