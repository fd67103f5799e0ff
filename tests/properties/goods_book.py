"""What the machine of goods and loans keeps of each: acts on their way, loans, and everybody's money."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date

from chainfin.rules import undertaking
from chainfin.rules.margin import STANDING, State
from chainfin.rules.pledge import Pledge
from chainfin.values.money import BasisPoints, Money

LTV = BasisPoints(7_000)
LENDERS = ("bank a", "bank b")
FOREVER = date(2027, 3, 2)
START = date(2026, 3, 2)


def cny(minor: int) -> Money:
    return Money(minor, "CNY")


@dataclass(frozen=True)
class Act:
    """What was asked for and isn't carried out yet. ``amount``: goods; ``money``: what waits for it, or comes of it."""

    kind: str
    loan: int
    amount: int
    keep: int = 0
    money: int = 0
    signed: bool = False


@dataclass
class Loan:
    """A loan on goods; ``owed`` in fen. ``goods``: its pledge; ``taken``: unsold goods that its lender took."""

    lender: str
    receipt: int
    goods: Pledge
    owed: int
    call: State | None = None
    called: int = 0
    paid_on_call: int = 0
    due_on: date = START
    left_to_buy: undertaking.Undertaking | None = None
    taken: int = 0

    @property
    def stands(self) -> bool:
        return self.call in STANDING


@dataclass
class Book:
    """Everybody's money that moved, in fen."""

    lent: Counter[str] = field(default_factory=Counter)
    repaid: Counter[str] = field(default_factory=Counter)
    interest: Counter[str] = field(default_factory=Counter)
    came_in: int = 0
    to_owner: int = 0
    sent_back: int = 0
    waiting: int = 0
