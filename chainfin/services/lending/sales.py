"""What data sources say of a small business, turned into the rows that the 310 path reduces.

Accepted payloads (amounts are strings in major units): ``{"currency", "months": [{"month": "YYYY-MM", "amount"}]}``,
``{"currency", "takings": [{"on", "gross", "refunds"?, "void"?}]}``,
``{"currency", "invoices": [{"on", "counterparty", "total", "tax", "direction", "void"?}]}``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Literal

from chainfin.errors import BadInput
from chainfin.risk.sales import (
    InvoiceRow,
    MonthRow,
    SalesData,
    TakingsRow,
    summarise_daily_takings,
    summarise_invoices,
    summarise_monthly,
)
from chainfin.values.money import Money

SOURCES = ("tax", "payments", "marketplace")
"""Sources asked for by default: the tax office's invoices, the payment QR code's takings, the marketplace's sales."""


def reduce(payload: object, as_of: date, currency: str, source: str) -> SalesData:
    """The reduced data of one source; ``payload`` is any JSON value.

    Raises BadInput sales_data_malformed, sales_currency_other, sales_row_invalid.
    """
    try:
        reply = _object(payload)
        if str(reply["currency"]) != currency:
            raise BadInput("sales_currency_other", f"{source} speaks of another currency", where=source)
        if "takings" in reply:
            return summarise_daily_takings(
                [_takings(_object(row), currency) for row in reply["takings"]], currency, as_of
            )
        if "invoices" in reply:
            return summarise_invoices([_invoice(_object(row), currency) for row in reply["invoices"]], currency, as_of)
        return summarise_monthly([_month(_object(row), currency) for row in reply["months"]], currency, as_of)
    except BadInput as error:
        if error.code in ("sales_currency_other", "sales_row_invalid"):
            raise
        # an amount that is none, a sum that no column holds
        raise _malformed(source, error) from None
    except (KeyError, TypeError, ValueError) as error:
        raise _malformed(source, error) from None


def _malformed(source: str, error: Exception) -> BadInput:
    return BadInput("sales_data_malformed", f"{source} sent data of another form: {error!r}"[:200], where=source)


def richest(found: Sequence[tuple[str, SalesData]]) -> tuple[str, SalesData] | None:
    """The source that tells most: invoices before takings before months, then the longer past."""
    ranks = {"invoices": 2, "daily_takings": 1, "monthly": 0}
    return max(found, key=lambda item: (ranks[item[1].source], len(item[1].months), item[0]), default=None)


def _object(value: object) -> Mapping[str, Any]:
    """A JSON object. Raises TypeError for anything else (null, a text, a list)."""
    if not isinstance(value, Mapping):
        raise TypeError("no JSON object")
    return value


def _minor(text: object, currency: str) -> int:
    return Money.parse(str(text), currency).minor


def _takings(row: Mapping[str, Any], currency: str) -> TakingsRow:
    refunds, void = (_minor(row.get(name, "0"), currency) for name in ("refunds", "void"))
    return TakingsRow(date.fromisoformat(row["on"]), _minor(row["gross"], currency), refunds, void)


def _invoice(row: Mapping[str, Any], currency: str) -> InvoiceRow:
    total, tax = _minor(row["total"], currency), _minor(row["tax"], currency)
    direction: Literal["in", "out"] = "out" if row["direction"] == "out" else "in"
    return InvoiceRow(
        date.fromisoformat(row["on"]), str(row["counterparty"]), total, tax, direction, bool(row.get("void"))
    )


def _month(row: Mapping[str, Any], currency: str) -> MonthRow:
    return MonthRow(date.fromisoformat(f"{row['month']}-01"), _minor(row["amount"], currency))
