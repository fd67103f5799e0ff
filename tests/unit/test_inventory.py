"""Warehouse receipts and lending on goods: each refusal, and roundings that favour the lender."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from chainfin.errors import BadInput, Refusal
from chainfin.risk import decide_inventory
from chainfin.rules import inventory
from chainfin.rules.inventory import UnitPrice, WarehouseReceipt
from chainfin.values.money import BasisPoints, Money
from tests.unit.risk_samples import TODAY, inventory_inputs


def done(result: WarehouseReceipt | Refusal) -> WarehouseReceipt:
    assert isinstance(result, WarehouseReceipt), result
    return result


NEW = done(inventory.issue(id="w1", owner="d", keeper="k", goods="copper", unit="TNE", quantity=100_000))
PLEDGED = done(inventory.pledge(NEW, 60_000, pledge_id="p1", lender="l", by="d"))
EMPTY = done(inventory.release(NEW, 100_000, by="k", ordered="d"))
SHORT = done(inventory.recount(PLEDGED, 45_000, by="k"))
PRICE = UnitPrice(Decimal("70123.45"), "CNY")
LTV = BasisPoints(7000)


def test_receipt__pledged_and_released__parts_add_up() -> None:
    receipt = done(inventory.release(PLEDGED, 40_000, by="k", ordered="d"))
    assert (receipt.free, receipt.pledged, receipt.released) == (0, 60_000, 40_000)
    freed = done(inventory.unpledge(receipt, 10_000, pledge_id="p1", by="l"))
    result = inventory.liquidate(freed, pledge_id="p1", child_id="w2", by="l")
    assert isinstance(result, tuple)
    taken, child = result
    assert (child.id, child.owner, child.keeper, child.free) == ("w2", "l", "k", 50_000)
    assert (taken.free, taken.liquidated, taken.state) == (10_000, 50_000, inventory.State.ISSUED)
    assert done(inventory.release(taken, 10_000, by="k", ordered="d")).state is inventory.State.LIQUIDATED
    assert done(inventory.release(NEW, 100_000, by="k", ordered="d")).state is inventory.State.RELEASED


def test_correct__what_a_count_missed__free_again_and_no_pledge_grows() -> None:
    some = done(inventory.correct(SHORT, 10_000, by="k", agreed="d"))
    assert (some.free, some.pledged, some.missing) == (10_000, 55_000, 35_000)
    whole = done(inventory.correct(some, 35_000, by="k", agreed="d"))
    assert (whole.free, whole.pledged, whole.missing) == (45_000, 55_000, 0)


def test_buy_back__by_the_keeper__refused() -> None:
    result = inventory.buy_back(PLEDGED, 20_000, pledge_id="p1", child_id="w2", buyer="k")
    assert isinstance(result, Refusal)
    assert result.code == "self_attested"


def test_buy_back__a_part_of_the_pledge__the_buyers_own_receipt() -> None:
    result = inventory.buy_back(PLEDGED, 20_000, pledge_id="p1", child_id="w2", buyer="c")
    assert isinstance(result, tuple)
    left, child = result
    assert (left.free, left.pledged, left.liquidated) == (40_000, 40_000, 20_000)
    assert [(item.lender, item.quantity) for item in left.pledges] == [("l", 40_000)]
    assert (child.id, child.owner, child.keeper, child.goods, child.free) == ("w2", "c", "k", "copper", 20_000)


def test_recount__more_missing_than_free__the_latest_pledge_shrinks_first() -> None:
    two = done(inventory.pledge(PLEDGED, 30_000, pledge_id="p2", lender="m", by="d"))
    receipt = done(inventory.recount(two, 50_000, by="k"))
    assert receipt.missing == 50_000
    assert [(item.pledge_id, item.quantity) for item in receipt.pledges] == [("p1", 50_000)]


def test_transfer__new_owner__title_passes() -> None:
    assert done(inventory.transfer(NEW, "e", by="d")).owner == "e"


def bought(quantity: int, pledge_id: str = "p1") -> object:
    return inventory.buy_back(PLEDGED, quantity, pledge_id=pledge_id, child_id="w2", buyer="c")


CROWDED = replace(
    NEW,
    free=100_000 - 100,
    pledges=tuple(inventory.PledgedGoods(f"c{n}", "l", 1) for n in range(inventory.MAX_PLEDGES)),
)
"""As many live pledges as one re-count can name."""


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (lambda: inventory.issue(id="w", owner="d", keeper="k", goods="g", unit="TNE", quantity=0),
         "quantity_not_positive"),
        (lambda: inventory.issue(id="w", owner="d", keeper="k", goods="g", unit="TNE", quantity=2**56),
         "quantity_too_large"),
        (lambda: inventory.issue(id="w", owner="k", keeper="k", goods="g", unit="TNE", quantity=1), "self_attested"),
        (lambda: inventory.transfer(NEW, "k", by="d"), "self_attested"),
        (lambda: inventory.pledge(NEW, 1, pledge_id="p", lender="k", by="d"), "self_attested"),
        (lambda: inventory.pledge(replace(NEW, owner="k"), 1, pledge_id="p", lender="l", by="k"), "self_attested"),
        (lambda: inventory.transfer(NEW, "e", by="x"), "not_owner"),
        (lambda: inventory.transfer(PLEDGED, "e", by="d"), "part_pledged"),
        (lambda: inventory.transfer(EMPTY, "e", by="d"), "receipt_ended"),
        (lambda: inventory.pledge(NEW, 1, pledge_id="p", lender="l", by="x"), "not_owner"),
        (lambda: inventory.pledge(NEW, 1, pledge_id="p", lender="d", by="d"), "lender_is_pledgor"),
        (lambda: inventory.pledge(PLEDGED, 1, pledge_id="p1", lender="l", by="d"), "pledge_exists"),
        (lambda: inventory.pledge(PLEDGED, 40_001, pledge_id="p2", lender="l", by="d"), "exceeds_free"),
        (lambda: inventory.pledge(PLEDGED, 0, pledge_id="p2", lender="l", by="d"), "quantity_not_positive"),
        (lambda: inventory.unpledge(PLEDGED, 1, pledge_id="p9", by="l"), "pledge_unknown"),
        (lambda: inventory.unpledge(PLEDGED, 1, pledge_id="p1", by="d"), "not_lender"),
        (lambda: inventory.unpledge(PLEDGED, 60_001, pledge_id="p1", by="l"), "exceeds_pledged"),
        (lambda: inventory.release(PLEDGED, 1, by="d", ordered="d"), "not_keeper"),
        (lambda: inventory.release(PLEDGED, 40_001, by="k", ordered="d"), "exceeds_free"),
        (lambda: inventory.release(PLEDGED, 1, by="k", ordered="k"), "not_owner"),
        (lambda: inventory.correct(PLEDGED, 1, by="k", agreed="d"), "exceeds_missing"),
        (lambda: inventory.correct(SHORT, 1, by="d", agreed="d"), "not_keeper"),
        (lambda: inventory.correct(SHORT, 1, by="k", agreed="k"), "not_owner"),
        (lambda: inventory.correct(SHORT, 0, by="k", agreed="d"), "quantity_not_positive"),
        (lambda: inventory.liquidate(PLEDGED, pledge_id="p9", child_id="w2", by="l"), "pledge_unknown"),
        (lambda: inventory.liquidate(PLEDGED, pledge_id="p1", child_id="w2", by="d"), "not_lender"),
        (lambda: bought(1, "p9"), "pledge_unknown"),
        (lambda: bought(0), "quantity_not_positive"),
        (lambda: bought(2**56), "quantity_too_large"),
        (lambda: bought(60_001), "exceeds_pledged"),
        (lambda: inventory.pledge(CROWDED, 1, pledge_id="p", lender="l", by="d"), "too_many_pledges"),
        (lambda: inventory.recount(PLEDGED, 1, by="d"), "not_keeper"),
        (lambda: inventory.recount(PLEDGED, 100_001, by="k"), "exceeds_held"),
    ],
)  # fmt: skip
def test_receipt__act_against_the_rules__refused(act: Callable[[], object], code: str) -> None:
    result = act()
    assert isinstance(result, Refusal)
    assert result.code == code


def test_warehouse_receipt__parts_that_do_not_add_up__not_constructed() -> None:
    with pytest.raises(ValueError, match="add up"):
        WarehouseReceipt("w", "d", "k", "g", "TNE", issued=10, free=9)
    with pytest.raises(ValueError, match="negative"):
        WarehouseReceipt("w", "d", "k", "g", "TNE", issued=10, free=11, released=-1)


def test_loan_limit__by_hand__rounded_down() -> None:
    assert inventory.loan_limit(60_000, PRICE, LTV) == Money(294518490, "CNY")  # 60 t × 70,123.45 × 70 %
    assert inventory.value(1, UnitPrice(Decimal("0.019"), "CNY")) == Money(0, "CNY")


def test_quantity_to_cover__by_hand__rounded_up() -> None:
    assert inventory.quantity_to_cover(Money(294518490, "CNY"), PRICE, LTV) == 60_000
    assert inventory.quantity_to_cover(Money(294518491, "CNY"), PRICE, LTV) == 60_001
    assert inventory.quantity_to_cover(Money(0, "CNY"), PRICE, LTV) == 0


def test_releasable__part_repaid__goods_in_proportion() -> None:
    assert inventory.releasable(60_000, Money(147259245, "CNY"), PRICE, LTV) == 30_000
    assert inventory.releasable(60_000, Money(0, "CNY"), PRICE, LTV) == 60_000
    assert inventory.releasable(60_000, Money(294518491, "CNY"), PRICE, LTV) == 0


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (lambda: UnitPrice(Decimal(0), "CNY"), "price_not_positive"),
        (lambda: UnitPrice(Decimal("NaN"), "CNY"), "price_not_positive"),
        (lambda: UnitPrice(Decimal(1), "XXX"), "currency_unknown"),
        (lambda: inventory.loan_limit(1, PRICE, BasisPoints(0)), "ltv_invalid"),
        (lambda: inventory.loan_limit(1, PRICE, BasisPoints(10_001)), "ltv_invalid"),
        (lambda: inventory.quantity_to_cover(Money(1, "USD"), PRICE, LTV), "currency_mismatch"),
    ],
)  # fmt: skip
def test_lending__parameters_out_of_range__bad_input(act: Callable[[], object], code: str) -> None:
    with pytest.raises(BadInput) as caught:
        act()
    assert caught.value.code == code


def test_price_stale__a_week_old__still_tells_as_the_policy_says() -> None:
    """The margin process and the policy that lends agree on how old a price may be."""
    for age, stale in ((inventory.MAX_PRICE_AGE_DAYS, False), (inventory.MAX_PRICE_AGE_DAYS + 1, True)):
        day = TODAY - timedelta(days=age)
        assert (inventory.price_stale("copper", day, TODAY) is not None) is stale
        outcome = decide_inventory(inventory_inputs(**{"price.on": day})).outcome
        codes = {refusal.code for refusal in outcome.refusals}
        assert ("price_stale" in codes) is stale
