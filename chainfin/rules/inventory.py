"""The warehouse receipt (电子仓单) and lending on goods: loan-to-value, redemption in parts.

``free + pledged + released + liquidated + missing = issued`` in every value that exists: the constructor holds it.
Quantities are whole thousandths of the unit that the receipt declares; prices are decimals of the major currency unit
for one unit of goods. Roundings favour the lender: a loan rounds down, a quantity to be held back rounds up.
Pure: ``by`` is the party that acts, or `CHAIN` for an act in a final block (see `authority`); the price and its day
come from the caller.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from math import ceil, floor
from typing import Final

from chainfin.errors import BadInput, Refusal
from chainfin.rules.authority import CHAIN, By
from chainfin.values.money import EXPONENTS, BasisPoints, Money

THOUSANDTHS: Final = 1000
MAX_QUANTITY: Final = 2**56 - 1
"""The contracts pack a quantity into 56 bits."""
MAX_PLEDGES: Final = 100
"""Live pledges over one receipt, so that one re-count can name all of them."""
MAX_PRICE_AGE_DAYS: Final = 7
"""A price older than this tells nothing; the inventory policies refuse to lend on one too (price_stale)."""
FULL: Final = 10_000
"""100 % in basis points."""


class State(StrEnum):
    """Follows from the quantities: a receipt lives until all of it is released, liquidated or missing."""

    ISSUED = "issued"
    RELEASED = "released"
    LIQUIDATED = "liquidated"


def free_part(*, issued: int, pledged: int, released: int, liquidated: int, missing: int) -> int:
    """What of the goods is there and nobody's but the owner's: may be pledged, or handed out."""
    return issued - pledged - released - liquidated - missing


@dataclass(frozen=True, slots=True)
class PledgedGoods:
    """A quantity (thousandths) that ``lender`` holds in pledge."""

    pledge_id: str
    lender: str
    quantity: int


@dataclass(frozen=True, slots=True)
class WarehouseReceipt:
    """Title to goods at a keeper. Quantities in thousandths of ``unit`` (UN/ECE Rec 20)."""

    id: str
    owner: str
    keeper: str
    goods: str
    unit: str
    issued: int
    free: int
    released: int = 0
    liquidated: int = 0
    missing: int = 0
    pledges: tuple[PledgedGoods, ...] = ()

    def __post_init__(self) -> None:
        parts = (self.free, self.pledged, self.released, self.liquidated, self.missing)
        if self.issued <= 0 or min(parts) < 0 or any(item.quantity <= 0 for item in self.pledges):
            raise ValueError(f"warehouse receipt {self.id}: a quantity is negative")
        gone = {"released": self.released, "liquidated": self.liquidated, "missing": self.missing}
        if self.free != free_part(issued=self.issued, pledged=self.pledged, **gone):
            raise ValueError(f"warehouse receipt {self.id}: {parts} don't add up to {self.issued}")

    @property
    def pledged(self) -> int:
        return sum(item.quantity for item in self.pledges)

    @property
    def state(self) -> State:
        if self.free or self.pledged:
            return State.ISSUED
        return State.LIQUIDATED if self.liquidated else State.RELEASED


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """``amount`` major units of ``currency`` for one unit of the goods (not a thousandth), greater than zero."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if self.currency not in EXPONENTS:
            raise BadInput("currency_unknown", f"currency {self.currency!r} is not accepted")
        if not self.amount.is_finite() or self.amount <= 0:
            raise BadInput("price_not_positive", f"a price must be greater than zero, not {self.amount}")

    def minor_per_thousandth(self) -> Fraction:
        """Exact value of a thousandth of a unit in minor units of the currency."""
        minor_per_major: int = 10 ** EXPONENTS[self.currency]
        return Fraction(self.amount) * minor_per_major / THOUSANDTHS


def issue(*, id: str, owner: str, keeper: str, goods: str, unit: str, quantity: int) -> WarehouseReceipt | Refusal:
    """The keeper issues a receipt to another. Refusals: quantity_not_positive, quantity_too_large, self_attested."""
    if quantity <= 0:
        return Refusal("quantity_not_positive", "a receipt is for more than nothing", {"quantity": quantity})
    if quantity > MAX_QUANTITY:
        return Refusal("quantity_too_large", "the quantity does not fit the register's 56 bits", {"quantity": quantity})
    if owner == keeper:
        return Refusal("self_attested", "a keeper vouches for goods of others, not for its own", {"keeper": keeper})
    return WarehouseReceipt(id, owner, keeper, goods, unit, quantity, quantity)


def transfer(receipt: WarehouseReceipt, to: str, *, by: By) -> WarehouseReceipt | Refusal:
    """The owner passes title on. Refusals: not_owner, receipt_ended, part_pledged, transfer_to_self, self_attested."""
    if by is not CHAIN and by != receipt.owner:
        return _refused("not_owner", receipt, f"{by} is not the owner")
    if not receipt.free and not receipt.pledged:
        return _refused("receipt_ended", receipt, "nothing is left of it")
    if receipt.pledged:
        return _refused("part_pledged", receipt, "a part of the goods is pledged")
    if to == receipt.owner and by is not CHAIN:  # on chain it may have been another's, unknown here, in between
        return _refused("transfer_to_self", receipt, f"{to} is the owner")
    if to == receipt.keeper:
        return _refused("self_attested", receipt, f"{to} keeps the goods: it vouches for others, not for itself")
    return replace(receipt, owner=to)


def may_lend(receipt: WarehouseReceipt, *, lender: str, by: By) -> Refusal | None:
    """Why ``lender`` could never lend on them to ``by``. Refusals: self_attested."""
    if receipt.keeper not in (by, lender):
        return None
    return _refused("self_attested", receipt, f"{receipt.keeper} keeps them: it neither lends nor borrows on them")


def pledge(
    receipt: WarehouseReceipt, quantity: int, *, pledge_id: str, lender: str, by: By
) -> WarehouseReceipt | Refusal:
    """The owner pledges goods.

    Refusals: lender_is_pledgor, quantity_not_positive, quantity_too_large, pledge_exists, not_owner, self_attested
    (the keeper lends or borrows on what it counts), exceeds_free, too_many_pledges.
    """
    if lender == by:
        return _refused("lender_is_pledgor", receipt, "a lender can't take a pledge from itself")
    refusal = _quantity(receipt, quantity)
    if refusal is not None:
        return refusal
    if any(item.pledge_id == pledge_id for item in receipt.pledges):
        return _refused("pledge_exists", receipt, f"pledge {pledge_id} exists")
    if by is not CHAIN and by != receipt.owner:
        return _refused("not_owner", receipt, f"{by} is not the owner")
    refusal = may_lend(receipt, lender=lender, by=by) or _within(receipt, quantity, receipt.free, "exceeds_free")
    if refusal is not None:
        return refusal
    if len(receipt.pledges) == MAX_PLEDGES:
        return _refused("too_many_pledges", receipt, f"{MAX_PLEDGES} pledges are on it")
    item = PledgedGoods(pledge_id, lender, quantity)
    return replace(receipt, free=receipt.free - quantity, pledges=(*receipt.pledges, item))


def unpledge(receipt: WarehouseReceipt, quantity: int, *, pledge_id: str, by: By) -> WarehouseReceipt | Refusal:
    """The lender releases pledged goods (赎货).

    Refusals: pledge_unknown, not_lender, quantity_not_positive, quantity_too_large, exceeds_pledged.
    """
    item = _pledged(receipt, pledge_id)
    if isinstance(item, Refusal):
        return item
    if by is not CHAIN and by != item.lender:
        return _refused("not_lender", receipt, f"{by} is not the lender of pledge {pledge_id}")
    refusal = _within(receipt, quantity, item.quantity, "exceeds_pledged")
    if refusal is not None:
        return refusal
    return replace(receipt, free=receipt.free + quantity, pledges=_less(receipt.pledges, item, quantity))


def release(receipt: WarehouseReceipt, quantity: int, *, by: By, ordered: By) -> WarehouseReceipt | Refusal:
    """The keeper hands free goods out to the owner, who ``ordered`` it.

    Refusals: not_keeper, quantity_not_positive, quantity_too_large, exceeds_free, not_owner.
    """
    if by is not CHAIN and by != receipt.keeper:
        return _refused("not_keeper", receipt, f"{by} is not the keeper")
    refusal = _within(receipt, quantity, receipt.free, "exceeds_free") or _owner(receipt, ordered)
    if refusal is not None:
        return refusal
    return replace(receipt, free=receipt.free - quantity, released=receipt.released + quantity)


def liquidate(
    receipt: WarehouseReceipt, *, pledge_id: str, child_id: str, by: By
) -> tuple[WarehouseReceipt, WarehouseReceipt] | Refusal:
    """The lender takes its pledged goods on default (处置): it owns them under a receipt of its own, to sell.

    Refusals: pledge_unknown, not_lender.
    """
    item = _pledged(receipt, pledge_id)
    if isinstance(item, Refusal):
        return item
    if by is not CHAIN and by != item.lender:
        return _refused("not_lender", receipt, f"{by} is not the lender of pledge {pledge_id}")
    return _taken(receipt, item, item.quantity, child_id, item.lender)


def buy_back(
    receipt: WarehouseReceipt, quantity: int, *, pledge_id: str, child_id: str, buyer: str
) -> tuple[WarehouseReceipt, WarehouseReceipt] | Refusal:
    """A core enterprise has paid the lender as it undertook to (保兑仓), and owns the goods under a new receipt.

    Refusals: pledge_unknown, quantity_not_positive, quantity_too_large, exceeds_pledged, self_attested.
    """
    item = _pledged(receipt, pledge_id)
    if isinstance(item, Refusal):
        return item
    refusal = _within(receipt, quantity, item.quantity, "exceeds_pledged")
    if refusal is None and buyer == receipt.keeper:
        refusal = _refused("self_attested", receipt, f"{buyer} keeps the goods: they never become its own")
    return refusal if refusal is not None else _taken(receipt, item, quantity, child_id, buyer)


def recount(receipt: WarehouseReceipt, missing: int, *, by: By) -> WarehouseReceipt | Refusal:
    """The keeper's count finds less: the free part shrinks first, then the pledges, the youngest first.

    Who was first in time is first in right (民法典 §414).

    Refusals: not_keeper, quantity_not_positive, quantity_too_large, exceeds_held.
    """
    if by is not CHAIN and by != receipt.keeper:
        return _refused("not_keeper", receipt, f"{by} is not the keeper")
    refusal = _within(receipt, missing, receipt.free + receipt.pledged, "exceeds_held")
    if refusal is not None:
        return refusal
    from_free = min(missing, receipt.free)
    left, pledges = missing - from_free, receipt.pledges
    for item in reversed(receipt.pledges):
        taken = min(left, item.quantity)
        pledges, left = (_less(pledges, item, taken), left - taken) if taken else (pledges, left)
    return replace(receipt, free=receipt.free - from_free, pledges=pledges, missing=receipt.missing + missing)


def correct(receipt: WarehouseReceipt, found: int, *, by: By, agreed: By) -> WarehouseReceipt | Refusal:
    """What counts had missed is there after all, say the keeper and the owner, who ``agreed``: it is free. A pledge
    that a count shrank doesn't grow again.

    Refusals: not_keeper, quantity_not_positive, quantity_too_large, exceeds_missing, not_owner.
    """
    if by is not CHAIN and by != receipt.keeper:
        return _refused("not_keeper", receipt, f"{by} is not the keeper")
    refusal = _within(receipt, found, receipt.missing, "exceeds_missing") or _owner(receipt, agreed)
    if refusal is not None:
        return refusal
    return replace(receipt, free=receipt.free + found, missing=receipt.missing - found)


def price_stale(good: str, on: date, today: date) -> Refusal | None:
    """Whether a price of day ``on`` is too old to tell what goods are worth. Refusal price_stale."""
    age = (today - on).days
    if age <= MAX_PRICE_AGE_DAYS:
        return None
    message = f"the newest price of {good} is {age} days old; at most {MAX_PRICE_AGE_DAYS} are allowed"
    return Refusal("price_stale", message, {"on": on.isoformat(), "days": age, "allowed": MAX_PRICE_AGE_DAYS})


def unless_worthless(good: str, minor_per_unit: int) -> Refusal | None:
    """Whether a price is none by which goods move. Refusals: price_not_positive."""
    if minor_per_unit > 0:
        return None
    return Refusal("price_not_positive", f"by their newest price {good} is worth nothing", {"price": minor_per_unit})


def value(quantity: int, price: UnitPrice) -> Money:
    """What ``quantity`` thousandths are worth, rounded down."""
    return Money(floor(price.minor_per_thousandth() * quantity), price.currency)


def loan_limit(quantity: int, price: UnitPrice, ltv: BasisPoints) -> Money:
    """The most that may be lent on ``quantity`` at loan-to-value ``ltv`` (质押率), rounded down."""
    _ltv(ltv)
    return Money(floor(price.minor_per_thousandth() * quantity * ltv / FULL), price.currency)


def quantity_to_cover(outstanding: Money, price: UnitPrice, ltv: BasisPoints) -> int:
    """The least quantity (thousandths, rounded up) on which ``outstanding`` may be lent at ``ltv``."""
    _ltv(ltv)
    _same(outstanding, price)
    return ceil(Fraction(max(0, outstanding.minor) * FULL, ltv) / price.minor_per_thousandth())


def releasable(pledged: int, outstanding: Money, price: UnitPrice, ltv: BasisPoints) -> int:
    """How much of the ``pledged`` goods can be released while ``outstanding`` of the loan is unpaid.

    What stays covers the loan at ``ltv``; a loan repaid in full sets all of it free. Never negative.
    """
    return max(0, pledged - quantity_to_cover(outstanding, price, ltv))


def within_minimum(
    part: int, *, there: int, minimum: Money, owed: Money, price: UnitPrice, ltv: BasisPoints
) -> Refusal | None:
    """Whether ``part`` of the ``there`` that are pledged may go though nothing is repaid (最低价值控制): what stays is
    worth the ``minimum`` that the lender set, and carries what is ``owed`` at ``ltv``. Refusals: quantity_not_positive,
    below_minimum."""
    if part <= 0:
        return Refusal("quantity_not_positive", "the quantity must be greater than zero", {"quantity": part})
    stays = max(0, there - part)
    enough = there >= part and value(stays, price) >= minimum
    if enough and stays >= quantity_to_cover(owed, price, ltv):
        return None
    proof = {"stays": str(value(stays, price)), "minimum": str(minimum), "owed": str(owed)}
    return Refusal("below_minimum", "what would stay is worth too little", proof)


def _ltv(ltv: BasisPoints) -> None:
    if not 0 < ltv <= FULL:
        raise BadInput("ltv_invalid", f"a loan-to-value is above 0 and at most {FULL} basis points, not {ltv}")


def _same(outstanding: Money, price: UnitPrice) -> None:
    if outstanding.currency != price.currency:
        raise BadInput("currency_mismatch", f"a loan in {outstanding.currency} on a price in {price.currency}")


def _quantity(receipt: WarehouseReceipt, quantity: int) -> Refusal | None:
    if quantity <= 0:
        return _refused("quantity_not_positive", receipt, "the quantity must be greater than zero")
    if quantity > MAX_QUANTITY:
        return _refused("quantity_too_large", receipt, "the quantity does not fit the register's 56 bits")
    return None


def _within(receipt: WarehouseReceipt, quantity: int, limit: int, code: str) -> Refusal | None:
    refusal = _quantity(receipt, quantity)
    if refusal is None and quantity > limit:
        return _refused(code, receipt, f"{_units(quantity)} {receipt.unit} are more than {_units(limit)}")
    return refusal


def _owner(receipt: WarehouseReceipt, party: By) -> Refusal | None:
    if party is CHAIN or party == receipt.owner:
        return None
    return _refused("not_owner", receipt, f"{party} is not the owner")


def _pledged(receipt: WarehouseReceipt, pledge_id: str) -> PledgedGoods | Refusal:
    found = next((item for item in receipt.pledges if item.pledge_id == pledge_id), None)
    return found or _refused("pledge_unknown", receipt, f"there is no pledge {pledge_id} on it")


def _taken(
    receipt: WarehouseReceipt, item: PledgedGoods, quantity: int, child_id: str, owner: str
) -> tuple[WarehouseReceipt, WarehouseReceipt]:
    left = _less(receipt.pledges, item, quantity)
    taken = WarehouseReceipt(child_id, owner, receipt.keeper, receipt.goods, receipt.unit, quantity, quantity)
    return replace(receipt, pledges=left, liquidated=receipt.liquidated + quantity), taken


def _less(pledges: tuple[PledgedGoods, ...], item: PledgedGoods, quantity: int) -> tuple[PledgedGoods, ...]:
    left = [replace(p, quantity=p.quantity - quantity) if p is item and p.quantity > quantity else p for p in pledges]
    return tuple(p for p in left if p is not item)


def _refused(code: str, receipt: WarehouseReceipt, message: str) -> Refusal:
    quantities = {"free": receipt.free, "pledged": receipt.pledged, "held": receipt.free + receipt.pledged}
    shown = {name: _units(quantity) for name, quantity in quantities.items()}
    return Refusal(code, message, {"id": receipt.id, "state": receipt.state.value, "unit": receipt.unit, **shown})


def _units(quantity: int) -> str:
    """Thousandths in the receipt's unit, for a reader."""
    return str(Decimal(quantity).scaleb(-3))
