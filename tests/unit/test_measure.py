"""In what amounts of assets are counted."""

from __future__ import annotations

import pytest

from chainfin.values.measure import Measure


@pytest.mark.parametrize(
    ("measure", "count", "text"),
    [
        (Measure.money("CNY"), 55_555_556, "555555.56"),
        (Measure.money("JPY"), 1_200, "1200"),
        (Measure.goods("KGM"), 12_500, "12.500"),
        (Measure.goods("KGM"), 0, "0.000"),
    ],
)
def test_text__of_money_and_of_goods__in_their_own_units(measure: Measure, count: int, text: str) -> None:
    assert measure.text(count) == text
