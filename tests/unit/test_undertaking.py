"""An undertaking over a pledge: once a party, up to what is pledged, kept until its last day and its last fen."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from chainfin.errors import Refusal
from chainfin.rules.inventory import UnitPrice
from chainfin.rules.undertaking import Undertaking, call, may_buy_goods, price_of_goods, undertake
from chainfin.values.money import Money

UNTIL = date(2027, 3, 31)
LATER = UNTIL + timedelta(days=1)
MADE = Undertaking("c", 600, UNTIL)


def undertaken(
    amount: int,
    before: Undertaking | None = None,
    today: date = UNTIL,
    until: date = UNTIL,
    buyer: str = "c",
    maturity: date | None = None,
) -> Undertaking | Refusal:
    return undertake(
        amount,
        buyer=buyer,
        parties=("lender", "pledgor"),
        keeper="keeper",
        pledged=600,
        until=until,
        today=today,
        before=before,
        maturity=maturity,
    )


@pytest.mark.parametrize(
    ("buyer", "code"),
    [("lender", "undertaker_is_party"), ("pledgor", "undertaker_is_party"), ("keeper", "self_attested")],
)
def test_undertake__by_who_has_a_side_in_it__refused(buyer: str, code: str) -> None:
    refused = undertaken(1, buyer=buyer)
    assert isinstance(refused, Refusal)
    assert refused.code == code


def kept(value: Undertaking | Refusal) -> Undertaking:
    assert isinstance(value, Undertaking), value
    return value


def test_undertake__all_that_is_pledged__promised_until_its_day() -> None:
    assert undertaken(600) == MADE


def test_undertake__goods_until_the_day_after_maturity__promised() -> None:
    assert undertaken(600, maturity=UNTIL - timedelta(days=1)) == MADE


@pytest.mark.parametrize(("late", "agreed"), [(True, False), (False, True), (True, True)])
def test_goods__of_a_late_loan_or_by_agreement__may_be_bought(late: bool, agreed: bool) -> None:
    assert may_buy_goods(late=late, agreed=agreed) is None


@pytest.mark.parametrize(
    ("price", "owed", "each"),
    [
        ("70.00", 400_000_00, Fraction(7)),
        ("70.00", 700_000_00, Fraction(7)),
        ("70.00", 700_000_01, Fraction(70000001, 10**7)),
    ],
)
def test_goods__by_price__but_never_below_their_share_of_the_debt(price: str, owed: int, each: Fraction) -> None:
    """Of 10,000 kilograms: 70.00 a kilogram is 7 fen for a thousandth."""
    assert price_of_goods(UnitPrice(Decimal(price), "CNY"), Money(owed, "CNY"), 10**7) == each


def test_call__in_parts_to_the_last_day__nothing_left() -> None:
    once = kept(call(MADE, 250, today=UNTIL - timedelta(days=30)))
    assert (once.left, once.calls) == (350, 1)
    assert kept(call(once, 350, today=UNTIL)) == Undertaking("c", 0, UNTIL, 2)


def test_undertake__lapsed_or_kept_in_full__another_in_its_place() -> None:
    assert undertaken(5, before=MADE, today=LATER, until=LATER) == Undertaking("c", 5, LATER)
    whole = kept(call(MADE, 600, today=UNTIL))
    assert undertaken(5, before=whole) == Undertaking("c", 5, UNTIL, 1), (
        "its calls count on: each takes a part of its own"
    )


@pytest.mark.parametrize(
    ("done", "code"),
    [
        (undertaken(0), "amount_not_positive"),
        (undertaken(2**56), "amount_too_large"),
        (undertaken(601), "exceeds_pledged"),
        (undertaken(1, before=MADE), "undertaking_exists"),
        (undertaken(1, today=LATER), "until_past"),
        (undertaken(1, maturity=UNTIL), "until_not_after_maturity"),
        (may_buy_goods(late=False, agreed=False), "buy_back_not_agreed"),
        (call(MADE, 0, today=UNTIL), "amount_not_positive"),
        (call(MADE, 2**56, today=UNTIL), "amount_too_large"),
        (call(None, 1, today=UNTIL), "undertaking_missing"),
        (call(MADE, 601, today=UNTIL), "undertaking_missing"),
        (call(MADE, 1, today=UNTIL + timedelta(days=1)), "undertaking_missing"),
    ],
)
def test_undertaking__against_its_terms__refused(done: object, code: str) -> None:
    assert isinstance(done, Refusal)
    assert done.code == code
