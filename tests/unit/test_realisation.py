"""Sales of taken goods: not more than was taken, and not for too little without their pledgor's word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainfin.errors import Refusal
from chainfin.rules.realisation import least, offer, pay
from chainfin.values.money import Money


def cny(minor: int) -> Money:
    return Money(minor, "CNY")


@pytest.mark.parametrize(
    ("worth", "to_itself", "floor"), [(1000, False, 700), (1001, False, 701), (1, False, 1), (1001, True, 1001)]
)
def test_least__seven_tenths_rounded_up_and_all_of_it_to_itself(worth: int, to_itself: bool, floor: int) -> None:
    assert least(cny(worth), to_itself=to_itself) == cny(floor)


@pytest.mark.parametrize(
    ("quantity", "amount", "code"),
    [(0, 1, "quantity_not_positive"), (1, 0, "amount_not_positive"), (11, 1, "exceeds_unsold"), (10, 1, None)],
)
def test_offer__within_what_is_unsold_and_for_something(quantity: int, amount: int, code: str | None) -> None:
    refusal = offer(quantity, cny(amount), unsold=10)
    assert (None if refusal is None else refusal.code) == code


@given(paid=st.integers(1, 10**6), floor=st.none() | st.integers(1, 10**6), agreed=st.booleans())
def test_pay__enough_or_agreed_to(paid: int, floor: int | None, agreed: bool) -> None:
    refusal = pay(cny(paid), least=None if floor is None else cny(floor), agreed=agreed)
    assert (refusal is None) == (agreed or (floor is not None and paid >= floor))
    assert refusal is None or (isinstance(refusal, Refusal) and refusal.code == "sale_not_agreed")
