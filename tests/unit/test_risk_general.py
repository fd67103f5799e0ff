"""The 310 path: sales data reduced, and the limit as parts that add up."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from chainfin.errors import BadInput
from chainfin.risk import (
    InvoiceRow,
    MonthRow,
    SalesData,
    TakingsRow,
    decide_general,
    explain,
    sales_features,
    summarise_daily_takings,
    summarise_invoices,
    summarise_monthly,
)
from tests.unit.risk_samples import TODAY, general_inputs, takings

D = dt.date


def _parts(**changes: Any) -> dict[str, int]:
    outcome = decide_general(general_inputs(**changes)).as_dict()["outcome"]
    parts = {part["code"]: int(part["amount_minor"]) for part in outcome["limit_parts"]}
    assert len(parts) == len(outcome["limit_parts"])
    assert sum(parts.values()) == int(outcome["limit_minor"])
    return parts


def test_summarise_invoices__valid_void_red_letter__each_in_its_place() -> None:
    rows = [
        InvoiceRow(D(2026, 8, 3), "a", 1_000_00, 130_00, "out"),
        InvoiceRow(D(2026, 8, 9), "b", 500_00, 65_00, "out"),
        InvoiceRow(D(2026, 9, 1), "a", -200_00, -26_00, "out"),
        InvoiceRow(D(2026, 9, 2), "c", 700_00, 91_00, "out", void=True),
        InvoiceRow(D(2026, 10, 31), "a", 300_00, 39_00, "out"),
        InvoiceRow(D(2026, 11, 1), "a", 9_999_00, 0, "out"),  # the month isn't whole
        InvoiceRow(D(2026, 9, 9), "b", 80_00, 10_40, "in"),
        InvoiceRow(D(2026, 9, 9), "a", 80_00, 10_40, "in", void=True),
    ]
    sales = summarise_invoices(rows, "CNY", D(2026, 11, 20))
    assert [(m.month, m.gross_minor, m.returns_minor, m.void_minor) for m in sales.months] == [
        ("2026-08", 1_500_00, 0, 0), ("2026-09", 0, 200_00, 700_00), ("2026-10", 300_00, 0, 0),
    ]  # fmt: skip
    assert (sales.customers_net_minor, sales.top_customer_minor, sales.both_ways_minor) == (1_600_00, 1_100_00, 500_00)
    assert sales.tax_minor == 130_00 + 65_00 - 26_00 + 39_00
    assert sales == summarise_invoices(reversed(rows), "CNY", D(2026, 11, 20))


def test_rows_hash__one_row_changed_by_a_fen__other_hash() -> None:
    rows = [TakingsRow(D(2026, 8, 3), 100), TakingsRow(D(2026, 8, 4), 100)]
    before = summarise_daily_takings(rows, "CNY", TODAY)
    after = summarise_daily_takings([rows[0], TakingsRow(D(2026, 8, 4), 101)], "CNY", TODAY)
    assert (before.rows_count, after.rows_count) == (2, 2)
    assert before.rows_hash != after.rows_hash


def test_window__long_history__twelve_whole_months() -> None:
    sales = summarise_daily_takings(takings(months=30), "CNY", TODAY)
    assert [sales.months[0].month, sales.months[-1].month, len(sales.months)] == ["2025-11", "2026-10", 12]


def test_summarise_monthly__tax_of_one_month_missing__tax_not_known() -> None:
    rows = [
        MonthRow(D(2026, 8, 1), 500_00, 10_00),
        MonthRow(D(2026, 9, 1), -50_00, 0),
        MonthRow(D(2026, 10, 1), 400_00),
    ]
    sales = summarise_monthly(rows, "CNY", TODAY)
    assert [month.net_minor for month in sales.months] == [500_00, -50_00, 400_00]
    assert sales.tax_minor is None
    full = summarise_monthly([*rows[:2], MonthRow(D(2026, 10, 1), 400_00, 9_00)], "CNY", TODAY)
    assert full.tax_minor == 19_00


def test_summarise_monthly__month_twice__refused() -> None:
    with pytest.raises(BadInput, match="sales_row_invalid"):
        summarise_monthly([MonthRow(D(2026, 8, 1), 1), MonthRow(D(2026, 8, 2), 1)], "CNY", TODAY)


def test_summarise_daily_takings__negative__refused_with_place() -> None:
    with pytest.raises(BadInput, match="sales_row_invalid") as caught:
        summarise_daily_takings([TakingsRow(D(2026, 8, 1), 1), TakingsRow(D(2026, 8, 2), 1, -1)], "CNY", TODAY)
    assert caught.value.where == "/1"


def test_sales_data__months_left_out__refused() -> None:
    data = summarise_daily_takings(takings(), "CNY", TODAY).json_dict()
    months = data["months"]
    assert isinstance(months, list)
    with pytest.raises(BadInput, match="whole months"):
        SalesData.read(data | {"months": months[1:]})


def test_sales_features__known_numbers__exact() -> None:
    rows = [
        MonthRow(D(2026, month, 1), net)
        for month, net in zip(range(5, 11), [100, 200, 300, 200, 100, 600], strict=True)
    ]
    features = sales_features(summarise_monthly(rows, "CNY", TODAY))
    assert features["trend_bps"] == 2_000  # 300 a month against 250
    assert features["volatility_bps"] == 6_831  # sqrt(6 × 550,000 − 1,500²) / 1,500 = 0.6831…
    assert features["jump_bps"] == 24_000
    assert features["tenure_months"] == 6
    assert (features["void_bps"], features["top_customer_bps"], features["tax_bps"]) == (None, None, None)


def test_sales_features__stopped__idle_months_counted_from_the_end() -> None:
    rows = [row for row in takings() if row.on < D(2026, 8, 1)]
    features = sales_features(summarise_daily_takings(rows, "CNY", TODAY))
    assert features["idle_months_count"] == 3


def test_limit__plain_shop__parts_named_and_exact() -> None:
    parts = _parts()
    assert list(parts) == ["base", "trend", "volatility", "concentration", "void", "tenure", "tax", "rounding"]
    assert parts["tenure"] == 0
    assert parts["volatility"] == parts["base"] * 500 // 10_000
    assert -100_00 < parts["rounding"] < 0


def test_limit__debts__taken_off_to_the_fen() -> None:
    assert _parts(other_debt_minor=123_45)["debts"] == -123_45


def test_limit__debts_above_it__floor_brings_it_to_nil() -> None:
    parts = _parts(other_debt_minor=10_000_000_00)
    assert parts["floor"] > 0
    assert sum(parts.values()) == 0


def test_limit__big_business__cap_explained() -> None:
    big = summarise_daily_takings(takings(daily_minor=9_000_000_00), "CNY", TODAY).json_dict()
    parts = _parts(sales=big)
    assert parts["cap"] < 0
    assert sum(parts.values()) == 3_000_000_00


def test_limit__tiny_business__below_minimum_is_nil() -> None:
    tiny = summarise_daily_takings(
        [row._replace(gross_minor=10_00, refunds_minor=0) for row in takings()], "CNY", TODAY
    )
    parts = _parts(sales=tiny.json_dict())
    assert parts["minimum"] < 0
    assert sum(parts.values()) == 0


def test_limit__no_sales_at_all__declined_not_raised() -> None:
    outcome = decide_general(general_inputs(sales=summarise_daily_takings([], "CNY", TODAY).json_dict())).outcome
    assert outcome.limit_minor == 0
    assert {"history_too_short", "limit_is_nil"} <= {one.code for one in outcome.refusals}


def test_explain__limit__every_part_with_its_amount_and_the_sum() -> None:
    record = decide_general(general_inputs())
    detail = [one.en for one in explain(record)]
    outcome = record.as_dict()["outcome"]
    for part in outcome["limit_parts"]:
        assert any(one.startswith(part["en"]) for one in detail)
    assert "The parts add up to the limit: " in "".join(detail)
