"""One hash a day over the books of all lenders, so that whoever keeps it can hold every book to what it said that day.

The heads (the last journal of each book) are the leaves of a binary Merkle tree, sorted by book; the daily root binds
the top of the tree to its day and to the root before it. A lender checks its own head against the root with the path of
its leaf, and learns nothing of the others' books. Leaves and nodes are hashed with different first bytes (RFC 6962).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

FIRST = "0" * 64
"""What the first root has before it."""


@dataclass(frozen=True, slots=True)
class Head:
    """The last journal of a book: its ``number`` in it, and its hash (64 hex digits)."""

    book: str
    number: int
    hash: str


@dataclass(frozen=True, slots=True)
class Step:
    """A neighbour on the way from a leaf to the top; ``left``: it stands before."""

    hash: str
    left: bool


def root(day: date, previous: str, heads: Sequence[Head]) -> str:
    """The root of ``day``, after the root ``previous``."""
    top = _leaves(heads)
    while len(top) > 1:
        top = _level(top)
    return _bound(day, previous, top[0] if top else hashlib.sha256(b"").digest())


def path(heads: Sequence[Head], book: str) -> tuple[Step, ...]:
    """From the leaf of ``book`` (it is one of the heads') to the top."""
    place, level, steps = [head.book for head in _sorted(heads)].index(book), _leaves(heads), []
    while len(level) > 1:
        neighbour = place ^ 1
        if neighbour < len(level):
            steps.append(Step(level[neighbour].hex(), neighbour < place))
        place, level = place // 2, _level(level)
    return tuple(steps)


def proved(day: date, previous: str, head: Head, steps: Sequence[Step]) -> str:
    """The root of ``day`` to which the head and its path lead; another one than was told says that the book changed."""
    at = _leaf(head)
    for step in steps:
        neighbour = bytes.fromhex(step.hash)
        at = _node(neighbour, at) if step.left else _node(at, neighbour)
    return _bound(day, previous, at)


def _sorted(heads: Sequence[Head]) -> list[Head]:
    return sorted(heads, key=lambda head: head.book)


def _leaves(heads: Sequence[Head]) -> list[bytes]:
    return [_leaf(head) for head in _sorted(heads)]


def _leaf(head: Head) -> bytes:
    return hashlib.sha256(b"\x00" + f"{head.book}\n{head.number}\n{head.hash}".encode()).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _level(below: Sequence[bytes]) -> list[bytes]:
    """A leaf without a neighbour goes up as it is."""
    pairs = [below[n : n + 2] for n in range(0, len(below), 2)]
    return [_node(*pair) if len(pair) == 2 else pair[0] for pair in pairs]


def _bound(day: date, previous: str, top: bytes) -> str:
    return hashlib.sha256(b"\x02" + f"{day.isoformat()}\n{previous}\n{top.hex()}".encode()).hexdigest()
