"""Sample inputs for the risk tests. All parties are invented."""

from __future__ import annotations

import datetime as dt
from typing import Any

from chainfin.risk import TakingsRow, summarise_daily_takings

NOW = dt.datetime(2026, 11, 20, 9, 30, tzinfo=dt.UTC)
TODAY = NOW.date()
BLOCK = {"number": 4711, "hash": "0x" + "ab" * 32}


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """``base`` with dotted paths replaced: {"receivable.confirmed": False}."""
    out = {key: dict(value) if isinstance(value, dict) else value for key, value in base.items()}
    for path, value in changes.items():
        head, _, rest = path.partition(".")
        if rest:
            out[head] = merged(out.get(head) or {}, {rest: value})
        else:
            out[head] = value
    return out


def application(**changes: Any) -> dict[str, Any]:
    return {
        "id": "app-1",
        "borrower": "supplier",
        "lender": "bank",
        "amount_minor": 80_000_00,
        "currency": "CNY",
        "days": 60,
    } | changes


def receivable_inputs(**changes: Any) -> dict[str, Any]:
    base = {
        "application": application(),
        "receivable": {
            "id": "0x" + "11" * 32,
            "order_id": "0x" + "22" * 32,
            "holder": "supplier",
            "debtor": "core",
            "face_minor": 100_000_00,
            "free_minor": 100_000_00,
            "ordered_minor": 120_000_00,
            "received_minor": 100_000_00,
            "invoiced_minor": 100_000_00,
            "confirmed": True,
            "disputed": False,
            "issued_on": dt.date(2026, 11, 1),
            "due_on": dt.date(2027, 2, 8),
        },
        "borrower": {"party": "supplier"},
        "debtor": {"party": "core", "assigned_grade": "A"},
        "limits": [{"key": "debtor:core", "headroom_minor": 5_000_000_00}],
        "block": BLOCK,
        "now": NOW,
    }
    return merged(base, changes)


def inventory_inputs(**changes: Any) -> dict[str, Any]:
    base = {
        "application": application(borrower="distributor"),
        "receipt": {
            "id": "0x" + "33" * 32,
            "owner": "distributor",
            "keeper": "keeper",
            "commodity": "aluminium ingot",
            "commodity_class": "standard",
            "unit": "TNE",
            "quantity_thousandths": 40_000,
            "free_thousandths": 40_000,
            "insured": True,
        },
        "price": {"source": "sample exchange", "on": dt.date(2026, 11, 19), "price_minor": 20_123_45},
        "borrower": {"party": "distributor"},
        "block": BLOCK,
        "now": NOW,
    }
    return merged(base, changes)


def takings(months: int = 14, daily_minor: int = 1_200_00) -> list[TakingsRow]:
    """Daily takings of an invented noodle stall up to the day before TODAY, a little more every day."""
    days = months * 30
    start = TODAY - dt.timedelta(days=days)
    return [
        TakingsRow(start + dt.timedelta(days=n), daily_minor + 7 * n, 5_00 if n % 11 == 0 else 0, 3_00 * (n % 3 == 0))
        for n in range(days)
    ]


def general_inputs(**changes: Any) -> dict[str, Any]:
    base = {
        "application": application(borrower="shop", amount_minor=50_000_00, days=90),
        "borrower": {"party": "shop"},
        "sales": summarise_daily_takings(takings(), "CNY", TODAY).json_dict(),
        "now": NOW,
    }
    return merged(base, changes)
