"""Margin calls: whatever the price, what is called restores the loan, and what isn't met ends by its deadline."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainfin.errors import BadInput, Conflict
from chainfin.rules import inventory, margin
from chainfin.rules.inventory import UnitPrice
from chainfin.rules.margin import Cover, Event, Opened, Standing, State, Terms, Verdict
from chainfin.values.calendar import OFFICIAL
from chainfin.values.money import BasisPoints, Money

TODAY = date(2026, 3, 2)
GOOD = Terms(BasisPoints(7000), BasisPoints(7800), BasisPoints(8600), 3)

prices = st.builds(lambda minor: UnitPrice(Decimal(minor).scaleb(-2), "CNY"), st.integers(1, 10**9))
ltvs = st.integers(1, 10_000).map(BasisPoints)
goods = st.lists(st.tuples(st.integers(0, 10**9), prices), min_size=1, max_size=3).map(tuple)
covers = st.builds(lambda goods, owed: Cover(goods, Money(owed, "CNY")), goods, st.integers(0, 10**12))
standing = st.builds(
    lambda state, left, day: Standing(state, Money(left, "CNY"), TODAY + timedelta(days=day)),
    st.sampled_from(margin.STANDING),
    st.integers(0, 10**12),
    st.integers(-5, 5),
)


def granted(rates: tuple[BasisPoints, ...], days: int) -> Terms:
    cure, trigger, sell = sorted(rates)
    return Terms(cure, trigger, sell, days)


terms = st.builds(granted, st.tuples(ltvs, ltvs, ltvs), st.integers(1, 10))


def cny(minor: int) -> Money:
    return Money(minor, "CNY")


def cover(price: str, owed: int, quantity: int = 60_000) -> Cover:
    return Cover(((quantity, UnitPrice(Decimal(price), "CNY")),), cny(owed))


@given(covers, terms)
def test_call__whatever_the_price__money_or_goods_restore_the_loan(cover: Cover, terms: Terms) -> None:
    opened = margin.judge(cover, None, terms, TODAY, OFFICIAL).opened
    if opened is None:
        assert cover.owed.minor * 10_000 <= cover.worth() * terms.trigger
        return
    paid = Cover(cover.goods, cover.owed - opened.amount)
    assert not paid.is_above(terms.cure)
    assert Cover(cover.goods, cover.owed - opened.amount + cny(1)).is_above(terms.cure)
    first, *rest = cover.goods
    brought = Cover(((first[0] + opened.quantity, first[1]), *rest), cover.owed)
    assert not brought.is_above(terms.cure)
    assert (opened.state is State.ESCALATED) is cover.is_above(terms.sell)


@given(st.none() | covers, standing, terms, st.booleans())
def test_call__that_stands__ends_by_cure_or_at_its_deadline_alone(
    cover: Cover | None, standing: Standing, terms: Terms, fell: bool
) -> None:
    verdict = margin.judge(cover, standing, terms, TODAY, OFFICIAL, fell=fell)
    after = standing.state if verdict.event is None else margin.transition(standing.state, verdict.event)
    short = cover is not None and cover.is_above(terms.trigger)
    if after is State.CURED and short:
        assert verdict.opened is not None, "what was asked for is paid, and more is short"
        assert not standing.left.minor
    if after is State.OPEN:
        assert standing.due_on >= TODAY
        assert cover is None or not cover.is_above(terms.sell)
    if after is State.REPLACED:
        assert verdict.opened is not None
        assert fell
        assert verdict.opened.amount > standing.left
        assert verdict.opened.due_on == standing.due_on
    if short and verdict.opened is None:
        assert after in margin.STANDING
    if cover is not None and not cover.is_above(terms.cure):
        assert verdict == Verdict(Event.CURE)


@given(covers, terms, st.integers(0, 10**12))
def test_call__cured__stays_so_when_judged_again(cover: Cover, terms: Terms, left: int) -> None:
    verdict = margin.judge(cover, Standing(State.OPEN, cny(left), TODAY), terms, TODAY, OFFICIAL)
    if verdict == Verdict(Event.CURE):
        assert margin.judge(cover, None, terms, TODAY, OFFICIAL) == Verdict()


@given(covers, terms, st.integers(1, 10**12), st.sampled_from(margin.STANDING))
def test_left__paid__cures_and_a_fen_less_does_not(cover: Cover, terms: Terms, unpaid: int, state: State) -> None:
    left = margin.left_today(cover, cny(unpaid), terms)
    for paid, cures in ((left, True), (left - cny(1), False)):
        if paid.minor >= 0:
            after = Cover(cover.goods, cover.owed - paid)
            call = Standing(state, cny(max(0, unpaid - paid.minor)), TODAY)
            assert (margin.judge(after, call, terms, TODAY, OFFICIAL) == Verdict(Event.CURE)) is cures
    assert margin.left_today(None, cny(unpaid), terms) == cny(unpaid)


def test_call__price_falls__money_and_goods_that_restore() -> None:
    granted = Terms(BasisPoints(7000), BasisPoints(8000))
    owed = 294518490
    assert margin.judge(cover("70123.45", owed), None, granted, TODAY, OFFICIAL).opened is None
    opened = margin.judge(cover("60000", owed), None, granted, TODAY, OFFICIAL).opened
    # 2,945,184.90 / (60,000 × 70 %) = 70.1235 t, rounded up, less 60 t
    assert opened == Opened(cny(42518490), 10_124, date(2026, 3, 5), State.OPEN)
    assert cny(owed) - opened.amount == inventory.loan_limit(60_000, UnitPrice(Decimal(60_000), "CNY"), granted.cure)


@pytest.mark.parametrize(
    ("called", "days", "due"),
    [
        (date(2026, 3, 2), 3, date(2026, 3, 5)),
        (date(2026, 3, 6), 1, date(2026, 3, 9)),
        (date(2026, 2, 13), 3, date(2026, 2, 25)),  # the Spring Festival, and a Saturday that is worked before it
        (date(2026, 3, 7), 1, date(2026, 3, 9)),
    ],
)
def test_deadline__counted_in_business_days(called: date, days: int, due: date) -> None:
    assert margin.deadline(called, days, OFFICIAL) == due
    assert OFFICIAL.is_business_day(due)


@pytest.mark.parametrize(
    ("price", "left", "due", "fell", "event"),
    [
        ("100", 400, 0, False, None),  # 80 %
        ("100", 400, -1, False, Event.ESCALATE),
        ("92", 400, 1, False, Event.ESCALATE),  # 86.96 %
        ("100", 0, 0, False, Event.CURE),
        ("103", 400, -1, False, Event.ESCALATE),  # 77.7 %: below the call rate, but not restored
        ("115", 400, -1, False, Event.CURE),
        ("95", 400, 1, True, Event.REPLACE),
        ("95", 400, 1, False, None),
        ("95", 400, -1, True, Event.ESCALATE),
    ],
)
def test_judge__a_call_that_is_open(price: str, left: int, due: int, fell: bool, event: Event | None) -> None:
    call = Standing(State.OPEN, cny(left), TODAY + timedelta(days=due))
    found = margin.judge(cover(price, 8000, 1000), call, GOOD, TODAY, OFFICIAL, fell=fell).event
    assert found is event


@pytest.mark.parametrize(
    ("left", "state", "due", "event"),
    [
        (0, State.OPEN, 0, Event.CURE),
        (1, State.OPEN, 0, None),
        (1, State.OPEN, -1, Event.ESCALATE),
        (0, State.ESCALATED, -1, None),
    ],
)
def test_judge__no_price__the_deadline_passes_all_the_same(
    left: int, state: State, due: int, event: Event | None
) -> None:
    call = Standing(state, cny(left), TODAY + timedelta(days=due))
    assert margin.judge(None, call, GOOD, TODAY, OFFICIAL) == Verdict(event)
    assert margin.judge(None, None, GOOD, TODAY, OFFICIAL) == Verdict()


def test_judge__escalated__cured_until_the_goods_are_taken() -> None:
    call = Standing(State.ESCALATED, cny(400), TODAY - timedelta(days=1))
    assert margin.judge(cover("100", 8000, 1000), call, GOOD, TODAY, OFFICIAL) == Verdict()
    assert margin.judge(cover("120", 8000, 1000), call, GOOD, TODAY, OFFICIAL) == Verdict(Event.CURE)


def test_terms__of_an_older_policy__the_defaults() -> None:
    rates = {"advance_rate": Decimal("0.7"), "margin_call_rate": Decimal("0.78")}
    assert Terms.of(**rates, liquidation_rate=None, cure_days=None, cure_rate=None) == Terms(
        BasisPoints(7400), BasisPoints(7800), BasisPoints(10_000), 3
    )
    assert Terms.of(**rates, liquidation_rate=Decimal("0.86"), cure_days=1, cure_rate=Decimal("0.76")) == Terms(
        BasisPoints(7600), BasisPoints(7800), BasisPoints(8600), 1
    )


@pytest.mark.parametrize("rates", [(7000, 6999, 8000), (7000, 8000, 7999), (0, 8000, 9000), (7000, 8000, 10_001)])
def test_terms__rates_that_dont_rise__refused(rates: tuple[int, int, int]) -> None:
    with pytest.raises(BadInput) as refused:
        Terms(*map(BasisPoints, rates))
    assert refused.value.code == "ltv_invalid"


def test_cover__prices_in_another_currency__refused() -> None:
    with pytest.raises(BadInput) as refused:
        Cover(((1, UnitPrice(Decimal(1), "USD")),), cny(1))
    assert refused.value.code == "currency_mismatch"


@pytest.mark.parametrize("state", [State.CURED, State.REPLACED])
def test_transition__of_a_call_that_ended__refused(state: State) -> None:
    for event in Event:
        with pytest.raises(Conflict) as refused:
            margin.transition(state, event)
        assert refused.value.code == "margin_call_transition_refused"
