"""A substitution is two acts or none: each refusal of either half by its code, and what goes out comes in."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from chainfin.errors import Refusal
from chainfin.rules import inventory
from chainfin.rules import receivable as receivables
from chainfin.rules.inventory import WarehouseReceipt
from chainfin.rules.receivable import Receivable
from chainfin.rules.substitution import substitute
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
