"""The undertaking over a pledge: who will buy how much of what is pledged if called, and until when.

Of goods: what isn't redeemed (保兑仓). Of a receivable: what its debtor doesn't pay (有追索权). Amounts are in the unit
of the pledge: thousandths of the receipt's unit, or minor units of the receivable's currency. What the buyer gets
follows from `inventory.buy_back` and `receivable.buy_back`.

Goods are bought when their loan is late, or earlier if their pledgor has agreed. They go at the agreed price, else at
the day's, and never for less than their share of what is owed (差额回购): whoever buys all of them settles the loan.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from chainfin.errors import Refusal
from chainfin.rules.authority import CHAIN, On
from chainfin.rules.inventory import UnitPrice
from chainfin.rules.receivable_value import MAX_AMOUNT
from chainfin.values.money import Money


@dataclass(frozen=True, slots=True)
class Undertaking:
    """What ``buyer`` promised over one pledge. Each party gives its own, so that none can keep another out.

    ``left``: what it hasn't bought yet; ``until``: the last day on which it can be called; ``calls``: how often it was.
    """

    buyer: str
    left: int
    until: date
    calls: int = 0


def undertake(
    amount: int,
    *,
    buyer: str,
    parties: tuple[str, str],
    keeper: str | None,
    pledged: int,
    until: date,
    today: date,
    before: Undertaking | None,
    maturity: date | None = None,
) -> Undertaking | Refusal:
    """``buyer`` undertakes to buy up to ``amount`` of the ``pledged``. ``parties``: lender and pledgor; ``keeper``: of
    goods. ``before``: its undertaking for the same pledge, in whose place this one comes if that has lapsed or was kept
    in full. ``maturity``: of the loan on goods, which is late only after it.

    Refusals: undertaker_is_party, self_attested (a keeper never owns what it keeps), amount_not_positive,
    amount_too_large, exceeds_pledged, until_past, until_not_after_maturity, undertaking_exists.
    """
    if buyer in parties:
        return Refusal("undertaker_is_party", "the parties to a pledge undertake nothing over it", {"buyer": buyer})
    if buyer == keeper:
        return Refusal("self_attested", "a keeper vouches for goods of others, not for its own", {"keeper": buyer})
    refusal = _amount(amount)
    if refusal is not None:
        return refusal
    if amount > pledged:
        # not how much is: whoever asks need not be a party to the pledge
        return Refusal("exceeds_pledged", "more than is still pledged", {"amount": amount})
    if until < today:
        return Refusal("until_past", f"{until} is past", {"until": until.isoformat(), "today": today.isoformat()})
    if maturity is not None and until <= maturity:
        proof = {"until": until.isoformat(), "maturity": maturity.isoformat()}
        return Refusal("until_not_after_maturity", f"the loan isn't late before {maturity} is over", proof)
    if before is not None and before.left and before.until >= today:
        return Refusal("undertaking_exists", f"{buyer} undertook it before", {"buyer": buyer, "left": before.left})
    return Undertaking(buyer, amount, until, 0 if before is None else before.calls)


def call(undertaking: Undertaking | None, amount: int, *, today: On) -> Undertaking | Refusal:
    """The buyer keeps its undertaking: it has paid the lender for ``amount``.

    Refusals: amount_not_positive, amount_too_large, undertaking_missing (none, not for that much, or not that long).
    """
    refusal = _amount(amount)
    if refusal is not None:
        return refusal
    if undertaking is None or amount > undertaking.left or (today is not CHAIN and today > undertaking.until):
        left = 0 if undertaking is None else undertaking.left
        proof = {"amount": amount, "left": left, "today": str(today)}
        return Refusal("undertaking_missing", "that much wasn't undertaken for that long", proof)
    return replace(undertaking, left=undertaking.left - amount, calls=undertaking.calls + 1)


def may_buy_goods(*, late: bool, agreed: bool) -> Refusal | None:
    """Whether goods may be bought now: their loan is ``late`` or its margin call wasn't met in time, or their pledgor
    has ``agreed`` to it.

    Refusals: buy_back_not_agreed.
    """
    if late or agreed:
        return None
    return Refusal("buy_back_not_agreed", "the loan isn't late, and whose goods they are hasn't agreed to sell them")


def price_of_goods(price: UnitPrice, owed: Money, pledged: int) -> Fraction:
    """Minor units for a thousandth of the ``pledged`` (more than zero) goods: by the agreed or the day's ``price``, but
    at least its share of what is ``owed``."""
    return max(price.minor_per_thousandth(), Fraction(owed.minor, pledged))


def _amount(amount: int) -> Refusal | None:
    if amount <= 0:
        return Refusal("amount_not_positive", "the amount must be greater than zero", {"amount": amount})
    if amount > MAX_AMOUNT:
        return Refusal("amount_too_large", "the amount does not fit the register's 56 bits", {"amount": amount})
    return None
