"""Which rows are bad, which are held out: the outcome of a file of past cases, and its split."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chainfin.errors import BadInput
from chainfin.risk.train.table import MISSING, Table, number

MIN_OF_A_KIND = 10
"""Fewer bads (or goods) than this on either side of the split tell nothing at all."""

Rows = npt.NDArray[np.intp]
Outcomes = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Target:
    """The column of the outcome and the value in it that means bad."""

    column: str
    bad: str


def outcomes(table: Table, column: str, bad: str | None) -> tuple[Target, Outcomes]:
    """1 where a row is bad. The bad value need not be named where the two values are 0 and 1.

    Raises BadInput column_unknown, target_missing, target_constant, target_not_binary, target_bad_unnamed, no_bads.
    """
    cells = table.column(column, "--target")
    blank = next((row for row, cell in enumerate(cells) if cell in MISSING), None)
    if blank is not None:
        raise BadInput("target_missing", f"{column} is blank", where=f"{table.name}, row {blank + 1}")
    values = sorted(set(cells))
    if len(values) > 2:
        raise BadInput("target_not_binary", f"{column} has {len(values)} values instead of two", where="--target")
    if bad is None:
        found = [value for value in values if number(value) == 1]
        if len(found) != 1 or any(number(value) not in (0, 1) for value in values):
            if len(values) == 2:
                raise BadInput("target_bad_unnamed", f"which is bad, {values[0]!r} or {values[1]!r}?", where="--bad")
            raise BadInput("target_constant", f"{column} is always {values[0]!r}", where="--target")
        bad = found[0]
    chosen = bad if bad in values else next((value for value in values if _equal(value, bad)), None)
    if chosen is None:
        raise BadInput("no_bads", f"no row has {bad!r} in {column}", where="--bad")
    if len(values) == 1:
        raise BadInput("target_constant", f"{column} is always {values[0]!r}", where="--target")
    return Target(column, chosen), np.fromiter((cell == chosen for cell in cells), dtype=np.int8, count=table.rows)


def _equal(left: str, right: str) -> bool:
    value = number(left)
    return value is not None and value == number(right)


def split(bads: Outcomes, test_share: float, seed: int) -> tuple[Rows, Rows]:
    """(rows to fit on, rows held out), each in order, each with the same share of bads.

    Drawn from NumPy's legacy generator, whose stream is frozen (NEP 19): `evaluate` draws the same rows years later.
    Raises BadInput test_share_invalid, too_few_bads, too_few_goods.
    """
    if not 0.05 <= test_share <= 0.5:
        raise BadInput("test_share_invalid", "between 0.05 and 0.5 of the rows are held out", where="--test-share")
    random = np.random.RandomState(seed)
    held_out = []
    for kind, word in ((0, "goods"), (1, "bads")):
        rows = random.permutation(np.flatnonzero(bads == kind))
        count = round(len(rows) * test_share)
        if min(count, len(rows) - count) < MIN_OF_A_KIND:
            message = f"{len(rows)} {word}: at least {MIN_OF_A_KIND} on either side of the split are needed"
            raise BadInput(f"too_few_{word}", message)
        held_out.append(rows[:count])
    test = np.sort(np.concatenate(held_out))
    return np.setdiff1d(np.arange(len(bads)), test), test


def dates(table: Table, column: str, form: str) -> list[dt.date]:
    """The dates of a column. Raises BadInput column_unknown, date_malformed."""
    known: dict[str, dt.date] = {}
    found = []
    for row, cell in enumerate(table.column(column, "--date"), 1):
        if cell not in known:
            try:
                known[cell] = dt.datetime.strptime(cell, form).date()  # noqa: DTZ007 - a date has no zone
            except ValueError:
                raise BadInput(
                    "date_malformed", f"{cell[:40]!r} is not of the form {form}", where=f"{table.name}, row {row}"
                ) from None
        found.append(known[cell])
    return found


def chosen_columns(
    table: Table, features: Sequence[str], exclude: Sequence[str], apart: Sequence[str]
) -> tuple[list[str], list[str]]:
    """(columns to fit on, columns excluded), the first in the file's order; ``apart`` (target, dates) are in neither.

    Raises BadInput column_unknown, feature_excluded, no_features.
    """
    for option, names in (("--features", features), ("--exclude", exclude)):
        for name in names:
            if name not in table.dropped:
                table.column(name, option)
    if both := sorted((set(exclude) | set(apart)) & set(features)):
        raise BadInput("feature_excluded", f"{both[0]!r} can't be a feature as well", where="--features")
    excluded = [name for name in (*table.columns, *table.dropped) if name in exclude]
    fitted = [
        name
        for name in table.columns
        if name not in exclude and name not in apart and (not features or name in features)
    ]
    if not fitted:
        raise BadInput("no_features", "no column is left to fit on", where="--exclude")
    return fitted, excluded
