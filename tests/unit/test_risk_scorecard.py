"""Scorecards: exact points, bins, bands, reasons and broken cards."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from chainfin.errors import BadInput, NotFound
from chainfin.risk import Score
from chainfin.risk.features import bps, days_between, fraud_features, history_features
from chainfin.risk.inputs import History
from chainfin.risk.scorecard import load_scorecard, parse_scorecard

CARD: dict[str, Any] = {
    "id": "sample-v1",
    "version": "1.0",
    "higher_is_better": True,
    "base_points": 100,
    "characteristics": [{"feature": "settled_count", "edges": [1, 5], "points": [-10, 0, 20], "missing": -7}],
    "bands": [{"from": 110, "band": "A"}, {"from": 0, "band": "B"}],
}
TODAY = dt.date(2026, 11, 20)


@pytest.mark.parametrize(("value", "points"), [(0, 90), (1, 100), (4, 100), (5, 120), (10**9, 120), (None, 93)])
def test_score__value_in_bin__its_points(value: int | None, points: int) -> None:
    score = parse_scorecard(CARD).score({"settled_count": value})
    assert score.points == points
    assert score.band == ("A" if points >= 110 else "B")


def test_score__feature_not_given__refused_unlike_none() -> None:
    with pytest.raises(BadInput, match="feature_missing"):
        parse_scorecard(CARD).score({})


@pytest.mark.parametrize(
    "change",
    [
        {"characteristics": [{"feature": "colour", "edges": [1], "points": [1, 2], "missing": 0}]},
        {"characteristics": [{"feature": "settled_count", "edges": [5, 1], "points": [1, 2, 3], "missing": 0}]},
        {"characteristics": [{"feature": "settled_count", "edges": [1], "points": [1], "missing": 0}]},
        {"characteristics": [{"feature": "settled_count", "edges": [1], "points": [1, 0.5], "missing": 0}]},
        {"bands": [{"from": 0, "band": "B"}, {"from": 110, "band": "A"}]},
        {"bands": [{"from": 95, "band": "A"}]},
        {"bands": []},
    ],
)
def test_parse_scorecard__broken__scorecard_invalid(change: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="scorecard_invalid"):
        parse_scorecard(CARD | change)


OF_COLUMNS: dict[str, Any] = {
    "id": "columns-v1",
    "version": "1.0",
    "features": "columns",
    "higher_is_better": True,
    "base_points": 100,
    "characteristics": [
        {"feature": "debt ratio", "edges": [25, 50], "decimals": 2, "points": [20, 0, -30], "missing": -5},
        {"feature": "trade", "groups": [["food", "toys"], ["steel"]], "points": [5, -15], "other": -1, "missing": -2},
    ],
    "bands": [{"from": 100, "band": "A"}, {"from": -10000, "band": "B"}],
}


@pytest.mark.parametrize(
    ("debt", "trade", "points"),
    [(24, "toys", 125), (25, "steel", 85), (50, "glass", 69), (None, None, 93)],
)
def test_score__card_of_columns__numbers_in_units_and_words_by_group(
    debt: int | None, trade: str | None, points: int
) -> None:
    assert parse_scorecard(OF_COLUMNS).score({"debt ratio": debt, "trade": trade}).points == points


def test_score__word_for_a_number_or_number_for_a_word__refused() -> None:
    card = parse_scorecard(OF_COLUMNS)
    for features in ({"debt ratio": "much", "trade": "toys"}, {"debt ratio": 1, "trade": 2}):
        with pytest.raises(BadInput, match="feature_malformed"):
            card.score(features)


def test_score_part__column_of_a_file__its_own_name_and_unit() -> None:
    score = parse_scorecard(OF_COLUMNS).score({"debt ratio": -1234, "trade": None})
    assert [part.sentence()[0] for part in score.parts] == [
        "debt ratio: -12.34 (+20 points)",
        "trade: not known (-2 points)",
    ]
    assert score.parts[1].sentence()[1] == "trade：未知（-2 分）"


@pytest.mark.parametrize(
    "change",
    [
        {"features": "registry"},
        {"characteristics": [{"feature": "x", "edges": [1], "points": [1, 2], "missing": 0, "decimals": 10}]},
        {"characteristics": [{"feature": "x", "edges": [1], "points": [1, 2], "missing": 0, "decimals": -1}]},
        {"characteristics": [{"feature": "x", "edges": [], "points": [1], "missing": 0}] * 2},
        {"characteristics": [{"feature": "x", "groups": [["a"]], "points": [1, 2], "other": 0, "missing": 0}]},
        {"characteristics": [{"feature": "x", "groups": [["a"], ["a"]], "points": [1, 2], "other": 0, "missing": 0}]},
        {"characteristics": [{"feature": "x", "groups": [[1]], "points": [1], "other": 0, "missing": 0}]},
        {"characteristics": [{"feature": "x", "groups": [["a"]], "points": [1], "other": 0.5, "missing": 0}]},
    ],
)
def test_parse_scorecard__broken_card_of_columns__scorecard_invalid(change: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="scorecard_invalid"):
        parse_scorecard(OF_COLUMNS | change)


def test_parse_scorecard__decimals_in_a_card_of_the_registry__scorecard_invalid() -> None:
    entry = {"feature": "settled_count", "edges": [1], "points": [1, 2], "missing": 0, "decimals": 2}
    with pytest.raises(BadInput, match="scorecard_invalid"):
        parse_scorecard(CARD | {"characteristics": [entry]})


def test_load_scorecard__unknown__scorecard_unknown() -> None:
    with pytest.raises(NotFound, match="scorecard_unknown"):
        load_scorecard("credit-borrower-v0")


def _borrower(**history: Any) -> Score:
    features = history_features(History.read({"receivables_count": 100, "receivables_minor": 10_000, **history}), TODAY)
    return load_scorecard("credit-borrower-v1").score(features)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"settled_count": 50}, {"settled_count": 2}),
        ({"diluted_minor": 0}, {"diluted_minor": 2_000}),
        ({"disputed_count": 0}, {"disputed_count": 20}),
        ({"counterparties_count": 5}, {"counterparties_count": 1}),
        ({"first_trade_on": dt.date(2020, 1, 1)}, {"first_trade_on": dt.date(2026, 11, 1)}),
        ({"invoices_count": 100}, {"invoices_count": 100, "invoices_cancelled_count": 40}),
        ({"largest_counterparty_minor": 1_000}, {"largest_counterparty_minor": 10_000}),
    ],
)
def test_borrower_score__worse_history__fewer_points(better: dict[str, Any], worse: dict[str, Any]) -> None:
    assert _borrower(**better).points > _borrower(**worse).points


def test_fraud_score__amount_far_above_usual__more_points() -> None:
    history = History.read({"receivables_count": 10, "receivables_minor": 10_000})
    card = load_scorecard("fraud-trade-v1")
    usual = card.score(fraud_features(history, TODAY, 1_000, TODAY)).points
    odd = card.score(fraud_features(history, TODAY, 30_000, TODAY)).points
    assert not card.higher_is_better
    assert odd - usual == 260


def test_score_part__sentence__value_and_points_in_both_languages() -> None:
    score = _borrower(diluted_minor=123)
    part = next(one for one in score.parts if one.feature == "dilution_bps")
    assert part.sentence() == (
        "share lost to credit notes and returns: 1.23% (+25 points)",
        "贸易折减比例：1.23%（+25 分）",
    )


def test_bps__nothing_to_divide_by__none() -> None:
    assert (bps(1, 0), bps(1, 3), bps(-1, 3)) == (None, 3_333, -3_334)


def test_days_between__later_first_trade__refused() -> None:
    assert days_between(None, TODAY) is None
    with pytest.raises(BadInput, match="after the business date"):
        days_between(TODAY + dt.timedelta(days=1), TODAY)
