"""A CSV file of past cases: its columns as text, nothing guessed. A hostile file is refused with the row at fault."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Context, Decimal

from chainfin.errors import BadInput

MAX_BYTES = 512 * 2**20
MAX_COLUMNS = 2_000
MAX_CELLS = 20_000_000
"""Of the columns that are kept: about 1 GB of memory at worst."""
MAX_CELL_CHARS = 1_000
MISSING = frozenset({"", "?", "NA", "N/A", "NaN", "nan", "NULL", "null"})
"""Cells that say nothing. ``none`` is not among them: for "guarantors" it is an answer."""

MAX_NUMBER = 10**15
_NUMBER = re.compile(r"[+-]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][+-]?\d{1,3})?", re.ASCII)
_EXACT = Context(prec=200)

Progress = Callable[[str, int, int], None]
"""Told (what is being done, how much is done, of how much)."""


def silent(_what: str, _done: int, _total: int) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of cells without the blanks around them. ``sha256`` is of the file's bytes."""

    name: str
    sha256: str
    rows: int
    columns: Mapping[str, list[str]]
    dropped: tuple[str, ...] = ()
    """Columns that the file has and nobody wants."""

    def column(self, name: str, where: str) -> list[str]:
        """Raises BadInput column_unknown."""
        if name not in self.columns:
            raise BadInput("column_unknown", f"{self.name} has no column {name!r}", where=where)
        return self.columns[name]


def read_table(
    content: bytes,
    name: str,
    *,
    drop: Collection[str] = (),
    delimiter: str = ",",
    progress: Progress = silent,
) -> Table:
    """Read a CSV file with a header, in UTF-8, without the columns ``drop``.

    Raises BadInput data_too_large, data_empty, data_malformed (its ``where`` names the row).
    """
    if len(content) > MAX_BYTES:
        raise BadInput("data_too_large", f"more than {MAX_BYTES} bytes", where=name)
    lines = _lines(content, name, delimiter)
    header = _header(lines, name)
    kept = [place for place, column in enumerate(header) if column not in drop]
    columns: list[list[str]] = [[] for _ in kept]
    same: dict[str, str] = {}  # equal cells are kept once
    count, expected = 0, content.count(b"\n")
    for count, row in enumerate(lines, 1):
        if len(row) != len(header):
            raise BadInput("data_malformed", f"{len(row)} cells, {len(header)} columns", where=f"{name}, row {count}")
        if count * len(kept) > MAX_CELLS:
            raise BadInput("data_too_large", f"more than {MAX_CELLS} cells; exclude columns or rows", where=name)
        for column, place in zip(columns, kept, strict=True):
            cell = row[place].strip()
            if len(cell) > MAX_CELL_CHARS:
                raise BadInput("data_malformed", f"a cell of {len(cell)} characters", where=f"{name}, row {count}")
            column.append(same.setdefault(cell, cell))
        if count % 5_000 == 0:
            progress("reading", min(count, expected), expected)
    if count == 0:
        raise BadInput("data_empty", "there is a header and no row", where=name)
    names = [header[place] for place in kept]
    dropped = tuple(column for column in header if column in drop)
    return Table(name, hashlib.sha256(content).hexdigest(), count, dict(zip(names, columns, strict=True)), dropped)


def _lines(content: bytes, name: str, delimiter: str) -> Iterator[list[str]]:
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise BadInput("delimiter_invalid", "a delimiter is one character", where="--delimiter")
    if b"\0" in content[:4096] or b"\0" in content:
        raise BadInput("data_malformed", "there are zero bytes in it: no CSV file in UTF-8", where=name)
    text = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline="")
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    try:
        yield from (row for row in reader if row)
    except UnicodeDecodeError:
        raise BadInput("data_malformed", "not UTF-8", where=f"{name}:{reader.line_num + 1}") from None
    except csv.Error as error:
        raise BadInput("data_malformed", str(error), where=f"{name}:{reader.line_num}") from None


def read_header(content: bytes, name: str, delimiter: str = ",") -> list[str]:
    """The names of a file's columns. Raises as `read_table` does."""
    return _header(_lines(content, name, delimiter), name)


def _header(lines: Iterator[list[str]], name: str) -> list[str]:
    header = [cell.strip() for cell in next(lines, [])]
    if not header:
        raise BadInput("data_empty", "the file is empty", where=name)
    if len(header) > MAX_COLUMNS:
        raise BadInput("data_too_large", f"more than {MAX_COLUMNS} columns", where=name)
    seen: set[str] = set()
    for place, column in enumerate(header, 1):
        if not column or len(column) > 200 or not column.isprintable():
            raise BadInput("data_malformed", f"column {place} has no printable name", where=f"{name}:1")
        if column in seen:
            raise BadInput("data_malformed", f"two columns are called {column!r}", where=f"{name}:1")
        seen.add(column)
    return header


def number(cell: str) -> Decimal | None:
    """The number that a cell is, exactly; None where it is none, or beyond a thousand million million."""
    if _NUMBER.fullmatch(cell) is None:
        return None
    value = _EXACT.create_decimal(cell)
    return value if abs(value) < MAX_NUMBER else None


def whole(value: Decimal, decimals: int) -> int:
    """``value`` in units of ``10 ** -decimals``, rounded down (towards minus infinity)."""
    return int(value.scaleb(decimals, context=_EXACT).to_integral_value(rounding=ROUND_FLOOR, context=_EXACT))
