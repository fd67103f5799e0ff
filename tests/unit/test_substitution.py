"""A substitution is two acts or none: each refusal of either half by its code, and what goes out comes in."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from chainfin.errors import Refusal
from chainfin.rules import inventory
from chainfin.rules import receivable as receivables
from chainfin.rules.inventory import UnitPrice, WarehouseReceipt
from chainfin.rules.receivable import Receivable
from chainfin.rules.substitution import substitute, unless_worse
from chainfin.values.money import Money

DUE = date(2027, 2, 19)


def cny(minor: int) -> Money:
    return Money(minor, "CNY")


def made(value: object) -> WarehouseReceipt:
    assert isinstance(value, WarehouseReceipt), value
    return value


def owed(value: object) -> Receivable:
    assert isinstance(value, Receivable), value
    return value


GOODS = made(
    inventory.pledge(
        made(inventory.issue(id="w", owner="s", keeper="k", goods="copper", unit="KGM", quantity=1000)),
        600,
        pledge_id="old",
        lender="l",
        by="s",
    )
)
ISSUED = owed(
    receivables.issue(
        id="r", order_id="o", seller="s", debtor="c", face=cny(900), due=DUE, today=date(2026, 11, 21), max_days=184
    )
)
DEBT = owed(receivables.confirm(ISSUED, by="c", face=cny(900), due=DUE))


def act(
    goods: WarehouseReceipt = GOODS,
    debt: Receivable = DEBT,
    *,
    quantity: int = 400,
    amount: int = 700,
    sold_id: str = "old",
    lender: str = "l",
) -> tuple[WarehouseReceipt, Receivable] | Refusal:
    return substitute(
        goods, debt, quantity=quantity, amount=cny(amount), sold_id=sold_id, pledge_id="new", lender=lender
    )


def test_substitute__a_part_of_the_goods__free_there_and_pledged_here() -> None:
    done = act()
    assert not isinstance(done, Refusal)
    goods, debt = done
    assert (goods.free, goods.pledged) == (800, 200)
    assert (debt.free, debt.pledged) == (200, 700)
    assert [(part.pledge_id, part.lender) for part in debt.pledges] == [("new", "l")]


@pytest.mark.parametrize(
    ("done", "code"),
    [
        (act(debt=replace(DEBT, holder="x")), "substitute_foreign"),
        (act(sold_id="other"), "pledge_unknown"),
        (act(lender="x"), "not_lender"),
        (act(quantity=0), "quantity_not_positive"),
        (act(quantity=601), "exceeds_pledged"),
        (act(amount=0), "amount_not_positive"),
        (act(amount=901), "exceeds_free"),
        (act(debt=ISSUED), "receivable_state_wrong"),
        (act(debt=replace(DEBT, debtor="l")), "lender_is_debtor"),
        (act(goods=replace(GOODS, owner="l"), debt=replace(DEBT, holder="l")), "lender_is_pledgor"),
    ],
)
def test_substitute__against_the_rules_of_either_half__refused(done: object, code: str) -> None:
    assert isinstance(done, Refusal)
    assert done.code == code


@pytest.mark.parametrize(
    ("quantity", "receivable", "others", "owed", "fits"),
    [
        (1000, 10_000, 0, 7_000, True),  # like for like
        (1000, 9_999, 0, 7_000, False),  # a fen less
        (1000, 9_999, 1, 7_000, True),  # what else secures it carries the fen
        (500, 1, 0, 3_500, True),  # what stays is enough
        (500, 1, 0, 3_501, False),
        (1000, 10_000, 0, 9_000, True),  # short before, and no shorter
        (1000, 9_999, 0, 9_000, False),  # short before, and shorter
    ],
)
def test_unless_worse__what_secures_the_loan__carries_it_or_as_much_as_before(
    quantity: int, receivable: int, others: int, owed: int, fits: bool
) -> None:
    """A kilogram at 100.00, lent on at 70 %."""
    refusal = unless_worse(
        1000, quantity, UnitPrice(Decimal(100), "CNY"), cny(receivable),
        others=cny(others), owed=cny(owed), rate=Decimal("0.7"),
    )  # fmt: skip
    assert (refusal is None) is fits
    assert fits or (isinstance(refusal, Refusal) and refusal.code == "substitution_undervalued")
