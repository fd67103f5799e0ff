"""Sales data of a small business (invoices, daily takings or monthly turnover) reduced to what the 310 path needs.

The reduction is exact and repeatable: ``rows_hash`` names the rows, so that an auditor who is given them can reduce
them again and compare. Only whole calendar months before ``as_of`` count, at most the last twelve, from the first
sale on.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import Field, StringConstraints, model_validator

from chainfin.errors import BadInput
from chainfin.risk.inputs import Count, Currency, Facts, Flag, Hash, Minor, SignedMinor

WINDOW_MONTHS = 12

_WITHOUT_CUSTOMERS: dict[str, object] = {
    "customers_net_minor": None,
    "top_customer_minor": None,
    "both_ways_minor": None,
}


class InvoiceRow(NamedTuple):
    """One VAT invoice. ``total_minor`` with tax; negative for a red-letter invoice (红字发票)."""

    on: dt.date
    counterparty: str
    total_minor: int
    tax_minor: int
    direction: Literal["in", "out"]
    void: bool = False


class TakingsRow(NamedTuple):
    """One day's takings of a shop (payment QR code, till). All three are not negative."""

    on: dt.date
    gross_minor: int
    refunds_minor: int = 0
    void_minor: int = 0


class MonthRow(NamedTuple):
    """One month's net turnover, ``on`` any day in it; ``tax_minor`` None where not known."""

    on: dt.date
    net_minor: int
    tax_minor: int | None = None


class Month(Facts):
    """One whole month: ``net = gross − returns``; ``void`` was written and cancelled, and is in neither."""

    month: Annotated[str, StringConstraints(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
    gross_minor: Minor
    returns_minor: Minor
    void_minor: Minor

    @property
    def net_minor(self) -> int:
        return self.gross_minor - self.returns_minor


class SalesData(Facts):
    """The reduced data, as it stands in the decision record. None: the source doesn't tell."""

    source: Literal["invoices", "daily_takings", "monthly"]
    currency: Currency
    as_of: dt.date
    first_sale_on: dt.date | None
    months: Annotated[tuple[Month, ...], Field(max_length=WINDOW_MONTHS)]
    voids_known: Flag
    customers_net_minor: Minor | None
    top_customer_minor: Minor | None
    both_ways_minor: Minor | None
    tax_minor: SignedMinor | None
    rows_count: Count
    rows_hash: Hash

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        expected = _window(self.first_sale_on, self.as_of)
        if [month.month for month in self.months] != expected:
            raise ValueError("months must be the whole months before as_of, from the first sale, at most twelve")
        for part in (self.top_customer_minor, self.both_ways_minor):
            if part is not None and part > (self.customers_net_minor or 0):
                raise ValueError("a customer's share is more than the whole")
        return self


class _Tally:
    """Running sums of one month."""

    __slots__ = ("gross", "returns", "void")

    def __init__(self) -> None:
        self.gross = self.returns = self.void = 0


def summarise_invoices(rows: Iterable[InvoiceRow], currency: str, as_of: dt.date) -> SalesData:
    """Reduce VAT invoices; sales are those that go out. Rows on or after ``as_of``'s month are counted in the hash
    only. Raises BadInput sales_row_invalid."""
    all_rows = sorted(rows)
    sold = [row for row in all_rows if row.direction == "out"]
    first = min((row.on for row in sold if not row.void and row.total_minor > 0), default=None)
    window = _window(first, as_of)
    inside = set(window)
    tally: defaultdict[str, _Tally] = defaultdict(_Tally)
    customers: defaultdict[str, int] = defaultdict(int)
    tax = 0
    for row in sold:
        month = _key(row.on)
        if month not in inside:
            continue
        if row.void:
            tally[month].void += abs(row.total_minor)
            continue
        if row.total_minor >= 0:
            tally[month].gross += row.total_minor
        else:
            tally[month].returns -= row.total_minor
        customers[row.counterparty] += row.total_minor
        tax += row.tax_minor
    bought_from = {row.counterparty for row in all_rows if row.direction == "in" and not row.void}
    positive = {name: net for name, net in customers.items() if net > 0}
    return SalesData.read(
        {
            "source": "invoices",
            "currency": currency,
            "as_of": as_of,
            "first_sale_on": first,
            "months": _months(window, tally),
            "voids_known": True,
            "customers_net_minor": sum(positive.values()),
            "top_customer_minor": max(positive.values(), default=0),
            "both_ways_minor": sum(net for name, net in positive.items() if name in bought_from),
            "tax_minor": tax,
            **_rows(all_rows),
        }
    )


def summarise_daily_takings(rows: Iterable[TakingsRow], currency: str, as_of: dt.date) -> SalesData:
    """Reduce daily takings; a till knows no customers and no tax. Raises BadInput sales_row_invalid."""
    all_rows = sorted(rows)
    for place, row in enumerate(all_rows):
        if min(row.gross_minor, row.refunds_minor, row.void_minor) < 0:
            raise BadInput("sales_row_invalid", "takings, refunds and voids are not negative", where=f"/{place}")
    first = min((row.on for row in all_rows if row.gross_minor > 0), default=None)
    window = _window(first, as_of)
    tally: defaultdict[str, _Tally] = defaultdict(_Tally)
    for row in all_rows:
        month = tally[_key(row.on)]
        month.gross += row.gross_minor
        month.returns += row.refunds_minor
        month.void += row.void_minor
    return SalesData.read(
        {
            **_WITHOUT_CUSTOMERS,
            "source": "daily_takings",
            "currency": currency,
            "as_of": as_of,
            "first_sale_on": first,
            "months": _months(window, tally),
            "voids_known": True,
            "tax_minor": None,
            **_rows(all_rows),
        }
    )


def summarise_monthly(rows: Iterable[MonthRow], currency: str, as_of: dt.date) -> SalesData:
    """Reduce monthly turnover, one row a month. Raises BadInput sales_row_invalid (a month twice)."""
    all_rows = sorted(rows, key=lambda row: (row.on, row.net_minor))
    if len({_key(row.on) for row in all_rows}) != len(all_rows):
        raise BadInput("sales_row_invalid", "a month occurs twice")
    first = min((row.on for row in all_rows if row.net_minor > 0), default=None)
    window = _window(first, as_of)
    tally: defaultdict[str, _Tally] = defaultdict(_Tally)
    for row in all_rows:
        tally[_key(row.on)].gross = max(0, row.net_minor)
        tally[_key(row.on)].returns = max(0, -row.net_minor)
    taxes = [row.tax_minor for row in all_rows if _key(row.on) in set(window)]
    known = [tax for tax in taxes if tax is not None]
    tax = sum(known) if taxes and len(known) == len(taxes) else None
    return SalesData.read(
        {
            **_WITHOUT_CUSTOMERS,
            "source": "monthly",
            "currency": currency,
            "as_of": as_of,
            "first_sale_on": first,
            "months": _months(window, tally),
            "voids_known": False,
            "tax_minor": tax,
            **_rows(all_rows),
        }
    )


def _key(day: dt.date) -> str:
    return f"{day.year:04d}-{day.month:02d}"


def _window(first: dt.date | None, as_of: dt.date) -> list[str]:
    """The whole months before ``as_of``, ascending, at most twelve, none before the first sale."""
    if first is None:
        return []
    end = as_of.year * 12 + as_of.month - 1
    start = max(first.year * 12 + first.month - 1, end - WINDOW_MONTHS)
    return [f"{number // 12:04d}-{number % 12 + 1:02d}" for number in range(start, end)]


def _months(window: list[str], tally: defaultdict[str, _Tally]) -> list[dict[str, object]]:
    return [
        {"month": m, "gross_minor": t.gross, "returns_minor": t.returns, "void_minor": t.void}
        for m, t in ((m, tally[m]) for m in window)
    ]


def _rows(rows: list[InvoiceRow] | list[TakingsRow] | list[MonthRow]) -> dict[str, object]:
    """Their number, and the SHA-256 over one JSON array a line, in sorted order."""
    digest = hashlib.sha256()
    for row in rows:
        line = [item.isoformat() if isinstance(item, dt.date) else item for item in row]
        digest.update(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
    return {"rows_count": len(rows), "rows_hash": "0x" + digest.hexdigest()}
