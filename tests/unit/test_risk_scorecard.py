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
