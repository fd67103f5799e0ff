"""Measures and reports on cards. All samples are invented."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from chainfin.errors import BadInput
from chainfin.risk.canon import canonical_bytes
from chainfin.risk.scorecard import load_scorecard, parse_scorecard, read_scorecard
from chainfin.risk.train import measures
from chainfin.risk.train.judge import Question, judge
from chainfin.risk.train.table import read_table
from tests.unit.train_samples import PLAN, cases, table, trained

FEW = 50  # draws: enough to see that an interval is drawn


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return trained().document


def _ask(document: dict[str, Any], content: bytes | None = None, **more: Any) -> dict[str, Any]:
    return judge(Question(parse_scorecard(document), document, table(content), draws=FEW, **more))


def _codes(report: dict[str, Any]) -> set[str]:
    return {one["code"] for one in report["warnings"]}


def test_measures__small_sample__as_by_hand() -> None:
    bads = np.array([0, 0, 1, 1], dtype=np.int8)
    risk = np.array([0.1, 0.4, 0.4, 0.9])
    assert measures.auc(bads, risk) == pytest.approx(3.5 / 4)
    assert measures.ks(bads, risk) == pytest.approx(0.5)
    assert measures.brier(bads, risk) == pytest.approx((0.01 + 0.16 + 0.36 + 0.01) / 4)


def test_psi__same_and_moved__nil_and_by_hand() -> None:
    assert measures.psi([10, 20], [100, 200]) == pytest.approx(0)
    assert measures.psi([50, 50], [75, 25]) == pytest.approx(0.25 * np.log(1.5) - 0.25 * np.log(0.5))


def test_auc_of_counts__any_sample__as_scikit_learn_has_it() -> None:
    random = np.random.RandomState(1)
    risk, bads = random.randint(0, 9, 500), random.randint(0, 2, 500)
    good, bad = (np.bincount(risk[bads == kind], minlength=9) for kind in (0, 1))
    assert measures.auc_of_counts(good, bad) == pytest.approx(roc_auc_score(bads, risk))


def test_auc_interval__seed__same_around_the_auc_and_narrower_with_more_cases() -> None:
    random = np.random.RandomState(1)

    def drawn(count: int) -> tuple[Any, Any]:
        bads = (random.random_sample(count) < 0.3).astype(np.int8)
        return bads, random.random_sample(count) + 0.5 * bads

    few, many = drawn(200), drawn(5000)
    low, high = measures.auc_interval(*few, seed=42)
    assert (low, high) == measures.auc_interval(*few, seed=42)
    assert low < measures.auc(*few) < high
    narrow = measures.auc_interval(*many, seed=42)
    assert narrow[1] - narrow[0] < (high - low) / 2


def test_judge__file_of_the_fit__only_rows_held_out_beside_both_baselines(document: dict[str, Any]) -> None:
    report = _ask(document)
    reply = document["training"]["held_out"]
    assert (report["judged_on"]["rows"], report["judged_on"]["bads"]) == (reply["rows"], reply["bads"])
    assert f"{report['scorecard']['auc']:.4f}" == reply["auc"]
    models = report["comparison"]["models"]
    assert set(models) == {"scorecard", "logistic", "lightgbm"}
    assert models["scorecard"] == report["scorecard"]
    assert all(0.65 < one["auc"] < 0.9 and one["auc_95"][0] < one["auc"] < one["auc_95"][1] for one in models.values())
    assert report["comparison"]["baselines_fitted_on"] == document["training"]["fitted"]["rows"]
    assert _ask(document) == report


def test_judge__file_of_the_fit_by_another_target__still_no_row_fitted_on(document: dict[str, Any]) -> None:
    report = _ask(document, target="leak", bad="1")
    assert report["judged_on"]["rows"] == document["training"]["held_out"]["rows"]
    leaked = table().columns["leak"]
    assert report["judged_on"]["bads"] == sum(leaked[row] == "1" for row in trained().held_out)


def test_judge__report__bands_tenths_and_probabilities_fit_together(document: dict[str, Any]) -> None:
    report = _ask(document)
    judged = report["judged_on"]
    for part in ("bands", "calibration"):
        assert sum(one["rows"] for one in report[part]) == judged["rows"]
        assert sum(one["bads"] for one in report[part]) == judged["bads"]
    shares = [one["bad_share"] for one in report["bands"]]
    assert shares == sorted(shares)
    expected = [one["expected"] for one in report["calibration"]]
    assert expected == sorted(expected)
    whole = sum(one["expected"] * one["rows"] for one in report["calibration"]) / judged["rows"]
    assert whole == pytest.approx(judged["bads"] / judged["rows"], abs=0.03)


def test_judge__later_file__whole_file_and_baselines_from_the_training_file(document: dict[str, Any]) -> None:
    later = cases(600, seed=8)
    report = _ask(document, later, training=table())
    assert report["judged_on"]["rows"] == report["comparison"]["rows"] == 600
    assert report["comparison"]["baselines_fitted_on"] == document["training"]["fitted"]["rows"]
    assert report["comparison"]["models"]["logistic"]["auc"] > 0.65
    alone = _ask(document, later)
    assert (alone["judged_on"]["rows"], alone["comparison"]["rows"]) == (600, 180)
    assert alone["scorecard"] == report["scorecard"]
    with pytest.raises(BadInput, match="training_data_differs"):
        _ask(document, later, training=table(cases(600, seed=9)))


def test_judge__another_population__drift(document: dict[str, Any]) -> None:
    same, moved = _ask(document, cases(900, seed=8)), _ask(document, cases(900, seed=8, shift=1.0))
    assert "drift" not in _codes(same)
    assert same["stability"]["score_psi"] < 0.1
    assert "drift" in _codes(moved)
    assert next(iter(moved["stability"]["features"])) == "debt"
    assert moved["stability"]["features"]["debt"] > 0.25 > moved["stability"]["features"]["months"]


def test_judge__stability__reference_is_the_rows_fitted_on(document: dict[str, Any]) -> None:
    """Against itself a distribution is stable to the last digit: bins are counted now as they were then."""
    made = trained()
    rows = table().columns
    fitted = sorted(set(range(1200)) - set(made.held_out.tolist()))
    lines = [",".join(rows), *(",".join(cells[row] for cells in rows.values()) for row in fitted)]
    report = _ask(document, "\n".join(lines).encode())
    assert report["stability"]["score_psi"] == 0
    assert set(report["stability"]["features"].values()) == {0.0}


def test_judge__dates__months() -> None:
    document = trained(dataclasses.replace(PLAN, date="opened", exclude=("leak",))).document
    months = _ask(document)["by_month"]
    assert [one["month"] for one in months] == [f"2025-{month:02d}" for month in range(1, 13)]
    assert sum(one["rows"] for one in months) == document["training"]["held_out"]["rows"]
    assert _ask(trained().document, date=("opened", "%Y-%m-%d"))["by_month"] != []


def test_judge__leaking_column__warned_of() -> None:
    document = trained(dataclasses.replace(PLAN, exclude=("opened",))).document
    assert "leak_suspected" in _codes(_ask(document))


def test_judge__cells_that_the_card_does_not_know__warned_of(document: dict[str, Any]) -> None:
    content = cases().replace(b",steel,", b",glass,").replace(b"\n0.1", b"\nabout 0.1")
    assert {"words_without_bin", "cells_not_numbers"} <= _codes(_ask(document, content))


def test_judge__features_absent__refused_by_name(document: dict[str, Any]) -> None:
    content = cases().replace(b"debt,", b"debts,")
    with pytest.raises(BadInput, match="debt") as refused:
        _ask(document, content)
    assert refused.value.code == "features_absent"


def test_judge__no_bads__refused(document: dict[str, Any]) -> None:
    content = b"\n".join(line[:-1] + b"0" if line[-1:] == b"1" else line for line in cases().splitlines())
    with pytest.raises(BadInput, match="no_bads"):
        _ask(document, content)


def test_judge__card_by_judgement__judged_without_probabilities() -> None:
    card = load_scorecard("credit-debtor-v1")
    names = [one.feature for one in card.characteristics]
    lines = [",".join([*names, "late"])]
    lines += [
        ",".join([*(str(row * 7 % 50 * 10) for _ in names), str(int(row * 7 % 50 < row % 25))]) for row in range(400)
    ]
    read = read_table("\n".join(lines).encode(), "cases.csv")
    report = judge(Question(card, {}, read, target="late", draws=FEW))
    assert report["scorecard"]["brier"] is report["stability"] is None
    assert "no_origin" in _codes(report)
    with pytest.raises(BadInput, match="target_unnamed"):
        judge(Question(card, {}, read))


@pytest.mark.parametrize(
    "path", ["data", "target", "considered", "words", "seed", "test_share", "score_bins"], ids=lambda name: f"no {name}"
)
def test_judge__card_that_tells_half_of_its_training__refused(document: dict[str, Any], path: str) -> None:
    broken = copy.deepcopy(document)
    del broken["training"][path]
    with pytest.raises(BadInput, match="scorecard_invalid"):
        _ask(broken)


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b'"card"', b"\xff", b"[" * 100_000, b'{"characteristics": 1}', b'{"characteristics": [{}]}'],
)
def test_read_scorecard__no_card__scorecard_invalid(content: bytes) -> None:
    with pytest.raises(BadInput, match="scorecard_invalid"):
        read_scorecard(content, "card.json")


def test_read_scorecard__float_points__scorecard_invalid(document: dict[str, Any]) -> None:
    content = canonical_bytes(document).replace(b'"base_points":', b'"base_points":0.5e1,"x":')
    with pytest.raises(BadInput, match="scorecard_invalid"):
        read_scorecard(content, "card.json")
