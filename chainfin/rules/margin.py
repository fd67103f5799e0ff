"""Margin calls (补仓) on loans against goods: when one is made, by when it has to be met, and what ends it.

A loan is called when what is owed rises above the call rate of what its goods are worth. The call asks for what brings
it back to the cure rate, within days that the policy names; by money, by more goods, or by a price that recovers. The
cure rate lies between the rate of granting and the call rate: fee and interest are owed too, so that the price of the
day of granting alone would never bring the loan back to the former. One that isn't met in time, or goods worth so
little that the loan is above the sell rate, is escalated: its lender may sell (民法典 §433). Rates are basis points of
what the goods are worth. Pure: prices and days come from the caller.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from math import ceil, floor
from typing import Final

from chainfin.errors import BadInput, Conflict, Refusal
from chainfin.rules.inventory import FULL, UnitPrice
from chainfin.values.calendar import Adjustment, Calendar
from chainfin.values.money import BasisPoints, Money

CURE_DAYS: Final = 3
"""Business days to meet a call, where the policy that granted the loan names none."""
SELL_RATE: Final = BasisPoints(FULL)
"""Where that policy names no sell rate, goods are sold before the deadline only if they are worth less than is owed."""


_FOR_EVER: Final = date.max.isoformat()


class State(StrEnum):
    """Where a call stands."""

    OPEN = "open"
    CURED = "cured"
    """Money or goods were brought, the price recovered, or the loan has ended."""
    REPLACED = "replaced"
    """A later call asks for what this one asked for, and more, by the same day."""
    ESCALATED = "escalated"
    """Its lender may sell. Until it has, what meets the call cures it still."""


class Event(StrEnum):
    CURE = "cure"
    REPLACE = "replace"
    ESCALATE = "escalate"


TRANSITIONS: Final[Mapping[tuple[State, Event], State]] = {
    (State.OPEN, Event.CURE): State.CURED,
    (State.OPEN, Event.REPLACE): State.REPLACED,
    (State.OPEN, Event.ESCALATE): State.ESCALATED,
    (State.ESCALATED, Event.CURE): State.CURED,
}
"""The one transition table of a call."""

STANDING: Final = (State.OPEN, State.ESCALATED)
"""States in which a call isn't met: no goods are released, and nothing new is lent to its borrower on goods."""


def transition(state: State, event: Event) -> State:
    """The state after ``event``. Raises Conflict margin_call_transition_refused for what isn't in the table."""
    if (state, event) not in TRANSITIONS:
        raise Conflict("margin_call_transition_refused", f"a margin call that is {state} can't {event}")
    return TRANSITIONS[state, event]


@dataclass(frozen=True, slots=True)
class Terms:
    """By what a loan is called. ``cure``: at or below which a call is met, ``trigger``: above which it is called,
    ``sell``: above which its lender needn't wait; 0 < cure ≤ trigger ≤ sell ≤ 100 % (BadInput ltv_invalid).
    ``cure_days``: business days after the day of the call."""

    cure: BasisPoints
    trigger: BasisPoints
    sell: BasisPoints = SELL_RATE
    cure_days: int = CURE_DAYS

    def __post_init__(self) -> None:
        if not 0 < self.cure <= self.trigger <= self.sell <= FULL:
            raise BadInput("ltv_invalid", "a loan is cured, called and sold for at rising rates of at most 100 %")

    @classmethod
    def of(
        cls,
        *,
        advance_rate: Decimal,
        margin_call_rate: Decimal,
        liquidation_rate: Decimal | None,
        cure_days: int | None,
        cure_rate: Decimal | None,
    ) -> Terms:
        """As the policy that granted the loan names them, shares from 0 to 1; what it doesn't name is as above, and its
        cure rate halfway from the rate of granting to the call rate, rounded down."""
        if cure_rate is None:
            cure_rate = (advance_rate + margin_call_rate) / 2
        cure, trigger = (BasisPoints(int(rate * FULL)) for rate in (cure_rate, margin_call_rate))
        sell = SELL_RATE if liquidation_rate is None else BasisPoints(int(liquidation_rate * FULL))
        return cls(cure, trigger, sell, CURE_DAYS if cure_days is None else cure_days)


@dataclass(frozen=True, slots=True)
class Cover:
    """What goods secure of a loan. ``goods``: thousandths that stay pledged, each at its newest price (None: one that
    isn't above zero), those that were lent on first, of which every quantity is a multiple of ``smallest``. ``owed``:
    less what other securities carry of it."""

    goods: tuple[tuple[int, UnitPrice | None], ...]
    owed: Money
    smallest: int = 1

    def __post_init__(self) -> None:
        if any(price is not None and price.currency != self.owed.currency for _, price in self.goods):
            raise BadInput("currency_mismatch", f"a loan in {self.owed.currency} on a price in another currency")

    def worth(self) -> Fraction:
        """Exact, in minor units."""
        worth = (price.minor_per_thousandth() * quantity for quantity, price in self.goods if price is not None)
        return sum(worth, Fraction())

    def is_above(self, rate: BasisPoints) -> bool:
        """Whether more is owed than ``rate`` of what the goods are worth."""
        return self.owed.minor * FULL > self.worth() * rate

    def short_of(self, rate: BasisPoints) -> Money:
        """What has to be paid so that no more than ``rate`` is owed, rounded up; never negative."""
        carried = Money(floor(self.worth() * rate / FULL), self.owed.currency)
        return max(Money.zero(self.owed.currency), self.owed - carried)

    def goods_short_of(self, rate: BasisPoints) -> int:
        """How many thousandths more of the goods that were lent on do the same, rounded up to whole smallest ones; 0
        where no quantity would, since they are worth nothing."""
        _, price = self.goods[0]
        if price is None:
            return 0
        lacking = Fraction(self.owed.minor * FULL, rate) - self.worth()
        return max(0, ceil(lacking / price.minor_per_thousandth() / self.smallest)) * self.smallest


@dataclass(frozen=True, slots=True)
class Standing:
    """A call that isn't met. ``left``: what it asked for less what was paid since (see `left_today`)."""

    state: State
    left: Money
    due_on: date


@dataclass(frozen=True, slots=True)
class Opened:
    """A new call for ``amount``, or for ``quantity`` thousandths more of the goods, to be met through the day
    ``due_on``; escalated from the start where the goods are worth too little to wait."""

    amount: Money
    quantity: int
    due_on: date
    state: State


@dataclass(frozen=True, slots=True)
class Verdict:
    """``event``: what becomes of the call that stands; ``opened``: the call that is made."""

    event: Event | None = None
    opened: Opened | None = None


def unless_like(lent_on: Mapping[str, object], more: Mapping[str, object]) -> Refusal | None:
    """Whether goods may be added to those that a loan was granted on, at its rates and by the same price: the same
    good (of one grade) in the same unit, insured, and keeping at least as long. Refusals: goods_differ."""
    for name in ("good", "commodity_class", "unit"):
        if more.get(name) != lent_on.get(name):
            return Refusal("goods_differ", f"they differ from the goods that were lent on: {name}", {"where": name})
    if str(more.get("insured")).lower() != "true":
        return Refusal("goods_differ", "they aren't insured", {"where": "insured"})
    keeps, needed = (str(goods.get("best_before") or _FOR_EVER) for goods in (more, lent_on))
    if keeps < needed:
        return Refusal("goods_differ", "they don't keep as long as those that were lent on", {"where": "best_before"})
    return None


def deadline(called_on: date, cure_days: int, calendar: Calendar) -> date:
    """The last day on which a call may be met: so many business days after it was made."""
    day = called_on
    for _ in range(cure_days):
        day = calendar.adjust(day + timedelta(days=1), Adjustment.FOLLOWING)
    return day


def judge(
    cover: Cover | None, standing: Standing | None, terms: Terms, today: date, calendar: Calendar, *, fell: bool = False
) -> Verdict:
    """What becomes of the call that stands, and whether one is made.

    ``cover`` None: no fresh price tells what the goods are worth. Then no call is made; one that stands is met by what
    it asked for in money, and its deadline passes all the same. ``fell``: the goods may be worth less than when they
    were last looked at; a call is never replaced for the interest of the days in which it waits. A call for more keeps
    the day of the one that it replaces: who is called on Monday wins no days by a price that falls on Tuesday.
    """
    if standing is None:
        called = cover is not None and cover.is_above(terms.trigger)
        by = deadline(today, terms.cure_days, calendar)
        return Verdict(opened=_opened(cover, terms, by)) if cover and called else Verdict()
    is_open, paid, late = standing.state is State.OPEN, not standing.left.minor, today > standing.due_on
    if cover is None:
        if is_open and paid:
            return Verdict(Event.CURE)
        return Verdict(Event.ESCALATE if is_open and late else None)
    called = cover.is_above(terms.trigger)
    if not cover.is_above(terms.cure) or (paid and not called):
        return Verdict(Event.CURE)
    if not is_open:
        return Verdict()
    if paid:
        return Verdict(Event.CURE, _opened(cover, terms, deadline(today, terms.cure_days, calendar)))
    if fell and not late and cover.short_of(terms.cure) > standing.left:
        return Verdict(Event.REPLACE, _opened(cover, terms, standing.due_on))
    return Verdict(Event.ESCALATE if late or cover.is_above(terms.sell) else None)


def left_today(cover: Cover | None, unpaid: Money, terms: Terms) -> Money:
    """The least that meets a call if it is paid today: what brings the loan to the cure rate, or what is ``unpaid`` of
    what was asked for where that leaves the loan no higher than the call rate. ``cover`` None: nobody can tell what the
    goods are worth."""
    if cover is None:
        return unpaid
    return min(cover.short_of(terms.cure), max(unpaid, cover.short_of(terms.trigger)))


def unless_above_call(after: Cover, terms: Terms) -> Refusal | None:
    """Whether a lender may give goods up of its own will; ``after``: what secures the loan then. A borrower isn't
    called for what its lender gave up. Refusals: release_leaves_short."""
    if not after.is_above(terms.trigger):
        return None
    short = str(after.short_of(terms.trigger))
    return Refusal("release_leaves_short", "the loan would be called for what its lender gave up", {"short": short})


def _opened(cover: Cover, terms: Terms, due_on: date) -> Opened:
    at_once = cover.is_above(terms.sell)
    state = State.ESCALATED if at_once else State.OPEN
    return Opened(cover.short_of(terms.cure), cover.goods_short_of(terms.cure), due_on, state)
