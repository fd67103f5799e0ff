"""Goods that a lender took on default are sold (变现), and what they bring serves the loan; the rest is the pledgor's.

A sale below what the market pays harms whose goods they were: it takes that party's agreement if it brings less than
seven tenths of the day's value, and so does any price below the value at which a lender buys from itself. Law: 民法典
§436 to §438 (price by the market, surplus to the pledgor, shortfall stays owed); seven tenths is the least reserve of a
first judicial auction on line (法释〔2016〕18号 §10). Both from memory, to be read again.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from chainfin.errors import Conflict, Refusal
from chainfin.rules.inventory import FULL, UnitPrice, quantity_to_cover
from chainfin.values.money import BasisPoints, Money

FLOOR: Final = BasisPoints(7_000)
"""Of the day's value: what a sale to another brings at least, unless the pledgor agrees to less."""


class SaleState(StrEnum):
    OFFERED = "offered"
    """The buyer may pay; nothing leaves before it has."""
    PAID = "paid"
    WITHDRAWN = "withdrawn"


class SaleEvent(StrEnum):
    PAY = "pay"
    WITHDRAW = "withdraw"


TRANSITIONS: Final[Mapping[tuple[SaleState, SaleEvent], SaleState]] = MappingProxyType(
    {
        (SaleState.OFFERED, SaleEvent.PAY): SaleState.PAID,
        (SaleState.OFFERED, SaleEvent.WITHDRAW): SaleState.WITHDRAWN,
    }
)
"""The one transition table of a sale."""


def transition(state: SaleState, event: SaleEvent) -> SaleState:
    """The state after ``event``. Raises Conflict sale_ended for what isn't in the table."""
    if (state, event) not in TRANSITIONS:
        raise Conflict("sale_ended", f"the sale is {state}")
    return TRANSITIONS[state, event]


def least(worth: Money, *, to_itself: bool) -> Money:
    """What a sale of goods ``worth`` that much has to bring without the pledgor's agreement, rounded up."""
    return worth if to_itself else Money(-(-worth.minor * FLOOR // FULL), worth.currency)


def offer(quantity: int, amount: Money, *, unsold: int) -> Refusal | None:
    """Whether ``quantity`` thousandths of taken goods may be sold for ``amount``, net of costs.

    Refusals: quantity_not_positive, amount_not_positive, exceeds_unsold.
    """
    if quantity <= 0:
        return Refusal("quantity_not_positive", "the quantity must be greater than zero", {"quantity": quantity})
    if amount.minor <= 0:
        return Refusal("amount_not_positive", "a sale brings more than nothing", {"amount": str(amount)})
    if quantity > unsold:
        return Refusal("exceeds_unsold", "so much of what was taken isn't there unsold", {"unsold": unsold})
    return None


def pay(amount: Money, *, least: Money | None, agreed: bool) -> Refusal | None:
    """Whether ``amount`` is enough. ``least``: None where nobody could tell what the goods were worth.

    Refusals: sale_not_agreed.
    """
    if agreed or (least is not None and amount >= least):
        return None
    shown = None if least is None else str(least)
    return Refusal("sale_not_agreed", "for so little they are sold only if their pledgor agrees", {"least": shown})


def give_back(quantity: int, *, unsold: int, owed: Money, price: UnitPrice) -> Refusal | None:
    """Whether ``quantity`` thousandths of what was taken may go back to the pledgor while its loan is owed: what stays
    unsold has to bring all that is ``owed`` also if it is sold at the `FLOOR` of its value, by the ``price`` of a unit.

    Refusals: quantity_not_positive, exceeds_unsold, return_leaves_short.
    """
    if quantity <= 0:
        return Refusal("quantity_not_positive", "the quantity must be greater than zero", {"quantity": quantity})
    if quantity > unsold:
        return Refusal("exceeds_unsold", "so much of what was taken isn't there unsold", {"unsold": unsold})
    needed = quantity_to_cover(owed, price, FLOOR)
    if unsold - quantity >= needed:
        return None
    proof = {"owed": str(owed), "returnable": max(0, unsold - needed)}
    return Refusal("return_leaves_short", "what would stay may bring less than is owed", proof)
