"""What all generated deeds share: the dice, and what there is at this moment."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TypeVar

from chainfin.services.kernel.context import Actor, Context
from chainfin.storage.pledge_tables import PledgeRow
from tests.differential.services.deed import Call, Deed
from tests.differential.services.harness import Harness, Known
from tests.e2e.site import Site

T = TypeVar("T")
ZERO = "0x" + "00" * 32


class Base:
    """Deeds for what there is (`known`, looked at anew before each). The same seed gives the same deeds."""

    def __init__(self, harness: Harness, dice: random.Random) -> None:
        self.h = harness
        self.dice = dice
        self.known: Known = harness.known()
        self.speaker: str | None = None
        """Who acts in all that is made now (a batch is one party's); None: the right one, mostly."""
        self._named = 0

    @property
    def site(self) -> Site:
        return self.h.site

    @property
    def ctx(self) -> Context:
        return self.h.site.ctx

    def chance(self, share: float) -> bool:
        return self.dice.random() < share

    def recent(self, things: Sequence[T]) -> T:
        """Mostly one of the newest, so that things get histories."""
        return self.dice.choice(things[-8:] if self.chance(0.75) else things)

    def either(self, right: str, share: float = 0.92) -> str:
        """The right party, or any."""
        return right if self.chance(share) else self.dice.choice([name for name in self.h.actors if name != "operator"])

    def acting(self, right: str, share: float = 0.92) -> str:
        """Who acts."""
        return self.speaker or self.either(right, share)

    def actor(self, name: str) -> Actor:
        return self.h.actors[name]

    def fresh(self, kind: str) -> str:
        """A number that no document has."""
        self._named += 1
        return f"{kind}-{self._named}"

    def label(self, pledge: PledgeRow) -> str:
        """A pledge as a person reads it, the same in every run of a seed: its id is of this installation alone."""
        return f"pledge {next(n for n, row in enumerate(self.known.pledges, 1) if row.id == pledge.id)}"

    def root(self) -> str:
        """The root of some document."""
        return "0x" + self.dice.randbytes(32).hex()

    def number(self, limit: int) -> int:
        """Mostly within the limit, often all of it, now and then beyond."""
        if limit > 0 and self.chance(0.85):
            return limit if self.chance(0.35) else self.dice.randint(1, limit)
        return max(1, limit + self.dice.choice((0, 1, 1, 7_000)))

    def deed(self, by: str, said: str, call: Call, ask: Callable[[], object], beside: tuple[str, ...] = ()) -> Deed:
        """A deed whose service takes it, or raises."""

        def put() -> None:
            ask()

        return Deed(call, by, said, put, beside)
