"""Whatever JSON a data partner sends of a business's sales: it is reduced, or refused with a code of ours."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chainfin.errors import BadInput
from chainfin.services.lending import sales

AS_OF = date(2026, 3, 1)
LEAF = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
ANYTHING = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)
FIELDS = ("on", "month", "gross", "refunds", "void", "amount", "counterparty", "total", "tax", "direction")
DAYS = st.dates().map(date.isoformat)
AMOUNTS = st.from_regex(r"-?[0-9]{1,20}(\.[0-9]{1,3})?", fullmatch=True)
ROWS = st.dictionaries(st.sampled_from(FIELDS), DAYS | AMOUNTS | st.sampled_from(["in", "out"]) | ANYTHING)
PAYLOADS = st.fixed_dictionaries(
    {"currency": st.just("CNY") | LEAF},
    optional={name: st.lists(ROWS | ANYTHING, max_size=6) | ANYTHING for name in ("takings", "invoices", "months")},
)


def codes(payload: object) -> str:
    try:
        reduced = sales.reduce(payload, AS_OF, "CNY", "marketplace")
    except BadInput as error:
        return error.code
    assert reduced.currency == "CNY"
    return "reduced"


@settings(deadline=None)
@given(payload=PAYLOADS | ANYTHING)
@example(payload={"currency": "CNY", "takings": [{"on": "2026-01-05", "gross": "9" * 18}] * 99})
@example(payload={"currency": "CNY", "invoices": [{"on": "2026-01-05", "counterparty": "\ud800", "total": "1"}]})
def test_reduce__any_json__reduced_or_refused(payload: Any) -> None:
    assert codes(payload) in ("reduced", *REFUSALS)


REFUSALS = ("sales_data_malformed", "sales_currency_other", "sales_row_invalid")

MALFORMED: dict[str, object] = {
    "no object": [],
    "a text": "CNY",
    "nothing at all": None,
    "null for a row": {"currency": "CNY", "takings": [None]},
    "a text for a row": {"currency": "CNY", "takings": ["2026-01-01"]},
    "a list for a row": {"currency": "CNY", "invoices": [["2026-01-01"]]},
    "a number for the rows": {"currency": "CNY", "months": 7},
    "a number for a day": {"currency": "CNY", "takings": [{"on": 7, "gross": "1.00"}]},
    "an amount of three decimals": {"currency": "CNY", "takings": [{"on": "2026-01-01", "gross": "1.005"}]},
    "an amount above 64 bits": {"currency": "CNY", "months": [{"month": "2026-01", "amount": "9" * 30}]},
    "a sum above 64 bits": {"currency": "CNY", "takings": [{"on": "2026-01-05", "gross": "9" * 16}] * 99},
}


@pytest.mark.parametrize("payload", MALFORMED.values(), ids=MALFORMED.keys())
def test_reduce__malformed__says_so(payload: object) -> None:
    assert codes(payload) == "sales_data_malformed"


def test_reduce__takings__reduced() -> None:
    assert codes({"currency": "CNY", "takings": [{"on": "2026-01-05", "gross": "12.50"}]}) == "reduced"
