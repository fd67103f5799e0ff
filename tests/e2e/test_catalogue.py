"""Goods are those of the catalogue: one code, one grade, one unit; pieces are whole, haircuts lower what is lent."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal

import pytest

from chainfin.errors import BadInput
from chainfin.rules import catalogue
from chainfin.services.goods import receipts, two_words
from chainfin.services.kernel.context import Actor
from chainfin.services.lending import margin_calls, prices
from chainfin.services.pledges import release, top_ups, undertakings
from chainfin.services.views.goods import WarehouseReceiptView
from chainfin.values.money import Money
from tests import cast
from tests.e2e.site import Site
from tests.e2e.site_money import CNY

INSURED = {"insured": "true"}


def stored(
    site: Site, owner: Actor, commodity: str, unit: str, quantity: str, goods: dict[str, str] | None = None
) -> WarehouseReceiptView:
    row, _ = receipts.issue(
        site.ctx,
        site.cast["keeper"],
        number=f"WR-{next(site.numbers)}",
        lot=cast.lot(str(next(site.numbers))),
        owner_id=str(owner.party_id),
        goods={"commodity": commodity, **INSURED, **(goods or {})},
        unit=unit,
        quantity=Decimal(quantity),
    )
    site.run()
    return row


def priced(site: Site, lender: Actor, good: str, unit: str, minor: int) -> None:
    prices.set_price(site.ctx, lender, good=good, unit=unit, price=Money(minor, CNY), source="s", as_of=site.today)


@pytest.mark.parametrize(
    "spelled", ["Copper-Cathode", "copper-cathode ", "ｃopper-cathode", "copper cathode", "copper"]
)
def test_good__spelled_another_way__neither_stored_nor_priced(site: Site, spelled: str) -> None:
    """What has another name would have a price, and a band for its jumps, of its own."""
    owner = site.borrower()
    with pytest.raises(BadInput) as refused:
        stored(site, owner, spelled, "KGM", "1")
    assert (refused.value.code, refused.value.where) == ("good_not_listed", "goods/commodity")
    with pytest.raises(BadInput) as refused:
        priced(site, site.cast["lender"], spelled, "KGM", 1_00)
    assert (refused.value.code, refused.value.where) == ("good_not_listed", "good")


@pytest.mark.parametrize(
    ("goods", "unit", "where"),
    [
        ({}, "TNE", "unit"),
        ({"grade": "No. 2"}, "KGM", "goods/grade"),
        ({"commodity_class": "perishable"}, "KGM", "goods/commodity_class"),
    ],
)
def test_receipt__not_as_the_catalogue_says__refused(site: Site, goods: dict[str, str], unit: str, where: str) -> None:
    with pytest.raises(BadInput) as refused:
        stored(site, site.borrower(), "copper-cathode", unit, "1", goods)
    assert (refused.value.code, refused.value.where) == ("goods_not_as_listed", where)


def test_price__per_tonne_of_what_is_counted_in_kilograms__refused(site: Site) -> None:
    with pytest.raises(BadInput) as refused:
        priced(site, site.cast["lender"], "copper-cathode", "TNE", 70_000_00)
    assert (refused.value.code, refused.value.where) == ("goods_not_as_listed", "unit")


def test_scrap__with_a_price_of_cathode_alone__nothing_is_lent_on_it(site: Site) -> None:
    owner = site.borrower()
    lender = site.lender(owner)
    site.price(70_00, lender)
    scrap = stored(site, owner, "copper-scrap", "KGM", "20000")
    wish = {"product": "inventory_pledge", "lender_id": str(lender.party_id)}
    application = site.apply(owner, 100_000_00, scrap.id, **wish)
    site.run()
    row = site.application(application).row
    assert (row.status, [each["code"] for each in row.refusals]) == ("declined", ["price_missing"])
    priced(site, lender, "copper-scrap", "KGM", 50_00)
    site.offered(owner, 100_000_00, scrap.id, **wish)


def test_pieces__always_whole(site: Site) -> None:
    """Tyres at 400.00: 100,000 at 60 % are 416.7 of them, so that 417 are pledged; what goes and comes is whole too."""
    owner, lender, keeper = site.borrower(), site.cast["lender"], site.cast["keeper"]
    with pytest.raises(BadInput) as refused:
        stored(site, owner, "car-tyre", "H87", "2.5")
    assert refused.value.code == "quantity_not_whole"
    priced(site, lender, "car-tyre", "H87", 400_00)
    tyres = stored(site, owner, "car-tyre", "H87", "1000")
    loan_id = site.funded(owner, 100_000_00, tyres.id, product="inventory_pledge")
    (pledge,) = site.loan(loan_id).pledges
    assert pledge.left == 417_000
    later = site.loan(loan_id).row.maturity.replace(year=2027)
    tries: list[Callable[[], object]] = [
        lambda: two_words.order(site.ctx, owner, tyres.id, Decimal("0.5")),
        lambda: receipts.recount(site.ctx, keeper, tyres.id, Decimal("1.5"), "a count (invented)"),
        lambda: two_words.find(site.ctx, keeper, tyres.id, Decimal("0.5"), "a count (invented)"),
        lambda: release.release_by_lender(site.ctx, lender, pledge.id, "0.5"),
        lambda: top_ups.pledge_more(site.ctx, owner, loan_id, receipt_id=tyres.id, quantity=Decimal("0.5")),
        lambda: undertakings.undertake(site.ctx, site.cast["core"], pledge.id, "0.5", later, "we buy"),
    ]
    for halves in tries:
        with pytest.raises(BadInput) as refused:
            halves()
        assert refused.value.code == "quantity_not_whole"
    site.pays(30_000_00, f"LOAN {loan_id}")
    (pledge,) = site.loan(loan_id).pledges
    assert pledge.left == 292_000, "70,000 and what else is owed need 291 and some"
    priced(site, lender, "car-tyre", "H87", 335_00)
    (called,) = margin_calls.of_loan(site.ctx, owner, loan_id).calls
    assert called.quantity is not None
    assert called.quantity % 1000 == 0


def test_indivisible__pledged_and_handed_out_as_a_whole(site: Site) -> None:
    owner = site.borrower()
    priced(site, site.cast["lender"], "excavator", "H87", 800_000_00)
    machines = stored(site, owner, "excavator", "H87", "2")
    with pytest.raises(BadInput) as refused:
        two_words.order(site.ctx, owner, machines.id, Decimal(1))
    assert refused.value.code == "quantity_not_whole"
    loan_id = site.funded(owner, 100_000_00, machines.id, product="inventory_pledge")
    (pledge,) = site.loan(loan_id).pledges
    assert pledge.left == 2000
    site.pays(50_000_00, f"LOAN {loan_id}")
    assert site.loan(loan_id).pledges[0].left == 2000, "half of it isn't given up"
    site.settles(loan_id)
    site.pays(site.loan(loan_id).loan.dues.total.minor, f"LOAN {loan_id}")
    assert site.loan(loan_id).pledges[0].left == 0


def test_haircut__lowers_what_is_lent_and_by_what_is_called__and_is_in_the_record(site: Site) -> None:
    """Lithium carbonate may fall by 40 %: 60 % are lent on it, 10 points less than on other standard goods."""
    owner = site.borrower()
    lender = site.lender(owner)
    priced(site, lender, "lithium-carbonate", "TNE", 80_000_00)
    goods = stored(site, owner, "lithium-carbonate", "TNE", "10")
    wish = {"product": "inventory_pledge", "lender_id": str(lender.party_id)}
    loan_id = site.funded(owner, 240_000_00, goods.id, **wish)
    assert site.loan(loan_id).pledges[0].left == 5000
    record = json.loads(str(site.application(site.loan(loan_id).row.application_id).row.record))
    rates = [record["outcome"][name] for name in ("advance_rate", "cure_rate", "margin_call_rate", "liquidation_rate")]
    assert rates == ["0.6000", "0.6400", "0.6800", "0.7600"]
    listed = catalogue.good("lithium-carbonate")
    receipt = record["inputs"]["receipt"]
    assert (receipt["good_hash"], receipt["haircut_bps"]) == (listed.hash, 4000)
    priced(site, lender, "lithium-carbonate", "TNE", 72_000_00)
    assert margin_calls.of_loan(site.ctx, owner, loan_id).calls == [], "66.7 % and some"
    priced(site, lender, "lithium-carbonate", "TNE", 70_000_00)
    assert [call.status for call in margin_calls.of_loan(site.ctx, owner, loan_id).calls] == ["open"]


@pytest.mark.parametrize("best_before", [None, "soon", "2026-02-30"])
def test_perishable__without_a_day__refused(site: Site, best_before: str | None) -> None:
    said = {} if best_before is None else {"best_before": best_before}
    with pytest.raises(BadInput) as refused:
        stored(site, site.borrower(), "milk-powder", "KGM", "1", said)
    assert (refused.value.code, refused.value.where) == ("goods_incomplete", "goods/best_before")


def test_perishable__said_to_keep_longer_than_such_goods_do__refused(site: Site) -> None:
    with pytest.raises(BadInput) as refused:
        stored(site, site.borrower(), "milk-powder", "KGM", "1", {"best_before": "2036-01-01"})
    assert (refused.value.code, refused.value.where) == ("goods_not_as_listed", "goods/best_before")
