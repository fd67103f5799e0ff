"""Cards fitted to public credit sets (folder CHAINFIN_DATA; skipped where unset), judged on the rows held out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.lib.credit_sets import SETS
from chainfin.risk.scorecard import parse_scorecard
from chainfin.risk.train.judge import Question, judge, score_rows
from chainfin.risk.train.table import Table, read_table
from chainfin.risk.train.train import Plan, Trained, train
from tests.unit import train_samples  # noqa: F401 - skips where the extra can't be loaded

FLOORS = {"german": 0.72, "taiwan": 0.75, "sba": 0.79, "polish": 0.87, "late": 0.78}
"""AUC on the rows held out, some two standard errors below what was measured."""


def _cases(name: str, *, keep: tuple[str, ...] = ()) -> Table:
    folder = os.environ.get("CHAINFIN_DATA")
    content = SETS[name].read(Path(folder)) if folder else None
    if content is None:
        pytest.skip(f"CHAINFIN_DATA names no folder with {SETS[name].file}")
    return read_table(content, name, drop=set(SETS[name].exclude) - set(keep))


def _trained(name: str, cases: Table) -> Trained:
    return train(cases, Plan(target=SETS[name].target, bad=SETS[name].bad))


def _codes(reply: list[dict[str, Any]]) -> set[str]:
    return {one["code"] for one in reply}


@pytest.mark.parametrize("name", SETS)
def test_train__real_cases__predicts_and_the_lookup_scores_as_the_fit(name: str) -> None:
    cases = _cases(name)
    made = _trained(name, cases)
    reply = made.document["training"]
    assert float(reply["held_out"]["auc"]) > FLOORS[name]
    assert "leak_suspected" not in _codes(reply["warnings"])
    points, _ = score_rows(parse_scorecard(made.document), cases)
    assert points.tolist() == made.fit.points(np.arange(cases.rows)).tolist()


def test_train__term_known_in_hindsight__leak_suspected() -> None:
    made = _trained("sba", _cases("sba", keep=("Term",)))
    reply = [one for one in made.document["training"]["warnings"] if one["code"] == "leak_suspected"]
    assert [one["message"].split()[0] for one in reply] == ["'Term'"]


@pytest.mark.parametrize("name", ["german", "sba", "late"])
def test_judge__real_cases__card_near_its_baselines(name: str) -> None:
    cases = _cases(name)
    made = _trained(name, cases)
    report = judge(Question(parse_scorecard(made.document), made.document, cases, draws=200))
    models = report["comparison"]["models"]
    assert abs(models["scorecard"]["auc"] - models["logistic"]["auc"]) < 0.04
    assert abs(models["scorecard"]["auc"] - models["lightgbm"]["auc"]) < 0.06
    assert report["stability"]["score_psi"] < 0.1
