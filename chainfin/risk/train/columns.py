"""A column as what a card scores: whole numbers in a unit, or words. No outcome is looked at here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from chainfin.risk.canon import SAFE_INTEGER
from chainfin.risk.scorecard import MAX_DECIMALS, Characteristic, Words
from chainfin.risk.train.table import MISSING, number, whole

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Numbers:
    """A column of numbers in units of ``10 ** -decimals``; where ``known`` is false, the value means nothing."""

    name: str
    decimals: int
    values: Ints
    known: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Texts:
    """A column of words: ``values`` are places in ``words``, −1 where the cell is blank."""

    name: str
    words: tuple[str, ...]
    values: Ints


def read_column(name: str, cells: Sequence[str], *, as_words: bool = False) -> Numbers | Texts:
    """Numbers where every cell that isn't blank is a number, else words."""
    distinct = sorted(set(cells) - MISSING)
    numbers = {cell: number(cell) for cell in distinct}
    if as_words or not distinct or any(value is None for value in numbers.values()):
        place = {word: index for index, word in enumerate(distinct)}
        return Texts(name, tuple(distinct), np.array([place.get(cell, -1) for cell in cells], dtype=np.int64))
    values = {cell: value for cell, value in numbers.items() if value is not None}
    decimals = _decimals(values.values())
    known = np.array([cell in values for cell in cells], dtype=np.bool_)
    units = {cell: whole(value, decimals) for cell, value in values.items()}
    return Numbers(name, decimals, np.array([units.get(cell, 0) for cell in cells], dtype=np.int64), known)


def _decimals(values: Iterable[Decimal]) -> int:
    """As many as the values have, at most nine, and so few that all stay whole numbers that JSON can hold."""
    finest, largest = 0, Decimal(1)
    for value in values:
        largest = max(largest, abs(value))
        finest = max(finest, -int(value.normalize().as_tuple().exponent))
    decimals = min(finest, MAX_DECIMALS)
    while decimals and largest.scaleb(decimals) >= SAFE_INTEGER:
        decimals -= 1
    return decimals


def values_for(one: Characteristic | Words, cells: Sequence[str]) -> list[int | str | None]:
    """A column's cells as a card's characteristic wants them; a word where a number is due counts as missing."""
    read: dict[str, int | str | None] = {}
    for cell in set(cells):
        if cell in MISSING:
            read[cell] = None
        elif isinstance(one, Words):
            read[cell] = cell
        else:
            value = number(cell)
            read[cell] = None if value is None else whole(value, one.decimals)
    return [read[cell] for cell in cells]
