"""The dice of the generated acts: amounts at the edges, mostly the right party, ids old and new."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

from eth_hash.auto import keccak

from tests.differential.act import Rider
from tests.differential.model import Book
from tests.differential.parties import NOBODY, PARTIES, STRANGER

T = TypeVar("T")
DAY = 86_400
MAX_AMOUNT = 2**56 - 1
MAX_UINT = 2**64 - 1


class Dice:
    """Choices from a seeded source of chance."""

    def __init__(self, book: Book, dice: random.Random) -> None:
        self.book = book
        self.dice = dice
        self._named = 0

    def chance(self, share: float) -> bool:
        return self.dice.random() < share

    def recent(self, known: Sequence[T]) -> T:
        """Mostly one of the newest, so that things get histories."""
        return self.dice.choice(known[-8:] if self.chance(0.75) else known)

    def fresh(self, kind: str) -> bytes:
        """A new id."""
        self._named += 1
        return keccak(f"{kind} {self._named}".encode())

    def over(self, asset: bytes) -> bytes:
        """A new id of a pledge over an asset; now and then one that begins as another asset's, or in one bit wrong."""
        of = asset if self.chance(0.97) else self.fresh("asset")
        flipped = 1 << self.dice.randrange(128, 256) if self.chance(0.01) else 0
        right = keccak(of)[14:30] + self.fresh("pledge")[:16]
        return (int.from_bytes(right, "big") ^ flipped).to_bytes(32, "big")

    def either_id(self, right: bytes, kind: str, share: float = 0.97) -> bytes:
        """The right id, or one that names nothing."""
        return right if self.chance(share) else self.fresh(kind)

    def rider(self, signer: str, contract: str, **members: object) -> Rider:
        """A counter-signature, now and then a bad one: by another, too late, withdrawn, or over something else."""
        detail = dict([self.dice.choice(list(members.items()))]) if self.chance(0.03) else {}
        # at the warehouses such a nonce is used up
        nonces = 2**32 if contract == "WarehouseReceipts" else 512
        who, nonce, expired = self.either(signer, 0.93), self.dice.randrange(nonces), self.chance(0.03)
        withdrawn = sorted(bit for by, at, bit in self.book.withdrawn if (by, at) == (who, contract))
        if withdrawn and self.chance(0.03):
            nonce = self.dice.choice(withdrawn)
        return Rider(who, nonce, expired, detail, swapped=contract == "Pledges" and self.chance(0.01))

    def anyone(self) -> str:
        """Somebody with a key."""
        return self.dice.choice((*PARTIES, "group", STRANGER))

    def anybody(self) -> str:
        """Some party, or a number that is nobody's."""
        return self.dice.choice((*PARTIES, NOBODY))

    def either(self, right: str, share: float = 0.9) -> str:
        """The right party, or anyone."""
        return right if self.chance(share) else self.anyone()

    def either_named(self, right: str, share: float = 0.9) -> str:
        """The right party, or anybody, for a party that is only named."""
        return right if self.chance(share) else self.anybody()

    def size(self) -> int:
        """Small amounts meet their edges often, large ones the width of the register."""
        return self.dice.choice((self.dice.randint(1, 6), self.dice.randint(1, 10**7), self.dice.randint(1, 10**12)))

    def edge(self, limit: int) -> int:
        """At, beside or far beyond a limit."""
        near = (0, 1, limit - 1, limit, limit, limit + 1, MAX_AMOUNT, MAX_AMOUNT + 1, MAX_UINT)
        return min(MAX_UINT, max(0, self.dice.choice(near)))

    def number(self, limit: int) -> int:
        """Mostly within the limit."""
        within = limit > 0 and self.chance(0.8)
        if within and self.chance(0.35):
            return limit
        return self.dice.randint(1, limit) if within else self.edge(limit)
