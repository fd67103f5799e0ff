"""Scorecards on public credit sets (folder CHAINFIN_DATA): how well they tell bads from goods, beside the baselines.

For each set: the AUC of five folds (stratified, seed 42), of the points and of our own plain logistic regression and
LightGBM on the same folds, beside the figures published with the data; then the card of `risk train` with its defaults
on the rows that it holds out, with a 95 % interval; and the time to fit and to score. The last line of output is one
JSON object: `{set: {"rows", "bads", "features", "folds": {"scorecard", "logistic", "lightgbm"}, "published":
{"logistic", "binned_logistic", "lightgbm"}, "held_out": {"auc", "auc_95", "ks", "brier", "logistic", "lightgbm"},
"fit_s", "score_row_us"}}`, empty where there is no data.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a script too

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.model_selection import StratifiedKFold

from benchmarks.lib.credit_sets import SETS, CreditSet
from chainfin.risk.scorecard import parse_scorecard
from chainfin.risk.train import baselines
from chainfin.risk.train.columns import read_column
from chainfin.risk.train.fit import fit
from chainfin.risk.train.judge import Question, judge, score_rows
from chainfin.risk.train.measures import auc
from chainfin.risk.train.sample import outcomes
from chainfin.risk.train.table import Table as Cases
from chainfin.risk.train.table import read_table
from chainfin.risk.train.train import Plan, train

SEED = 42
MODELS = ("scorecard", "logistic", "lightgbm")


def folds(cases: Cases, one: CreditSet) -> dict[str, float]:
    """The mean AUC of five stratified folds, of the card's whole points and of both baselines."""
    _, bads = outcomes(cases, one.target, one.bad)
    columns = [read_column(name, cells) for name, cells in cases.columns.items() if name != one.target]
    areas: dict[str, list[float]] = {name: [] for name in MODELS}
    for fitted, judged in StratifiedKFold(5, shuffle=True, random_state=SEED).split(bads, bads):
        points = fit(columns, bads, fitted).points(judged).astype(np.float64)
        areas["scorecard"].append(auc(bads[judged], -points))
        areas["logistic"].append(auc(bads[judged], baselines.logistic(columns, bads, fitted, judged)))
        areas["lightgbm"].append(auc(bads[judged], baselines.trees(columns, bads, fitted, judged, SEED)))
    return {name: round(float(np.mean(found)), 4) for name, found in areas.items()}


def measure(content: bytes, name: str, one: CreditSet) -> dict[str, Any]:
    """Everything about one set."""
    cases = read_table(content, name, drop=one.exclude)
    began = time.perf_counter()
    trained = train(cases, Plan(target=one.target, bad=one.bad))
    fit_s = time.perf_counter() - began
    card = parse_scorecard(trained.document)
    began = time.perf_counter()
    score_rows(card, cases)
    score_s = time.perf_counter() - began
    models = judge(Question(card, trained.document, cases))["comparison"]["models"]
    own = models["scorecard"]
    return {
        "rows": cases.rows,
        "bads": int(trained.bads.sum()),
        "features": len(card.characteristics),
        "folds": folds(cases, one),
        "published": dict(zip(("logistic", "binned_logistic", "lightgbm"), one.published, strict=True)),
        "held_out": {
            **{key: own[key] for key in ("auc", "auc_95", "ks", "brier")},
            **{key: models[key]["auc"] for key in MODELS[1:]},
        },
        "fit_s": round(fit_s, 2),
        "score_row_us": round(score_s / cases.rows * 1e6, 1),
    }


def shown(found: dict[str, dict[str, Any]]) -> Table:
    """The folds' AUCs, ours beside those published."""
    table = Table("set", "rows", "card", "binned, publ.", "logistic", "publ.", "LightGBM", "publ.", "held out", "95 %")
    for name, one in found.items():
        ours, theirs, held = one["folds"], one["published"], one["held_out"]
        pairs = [ours["scorecard"], theirs["binned_logistic"], ours["logistic"], theirs["logistic"], ours["lightgbm"]]
        figures = ["-" if value is None else f"{value:.3f}" for value in (*pairs, theirs["lightgbm"], held["auc"])]
        low, high = held["auc_95"]
        table.add_row(name, str(one["rows"]), *figures, f"{low:.3f}-{high:.3f}")
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", help=f"of {', '.join(SETS)}; all by default")
    chosen = parser.parse_args().sets or list(SETS)
    folder = os.environ.get("CHAINFIN_DATA")
    console = Console()
    found: dict[str, dict[str, Any]] = {}
    for name in chosen:
        content = SETS[name].read(Path(folder)) if folder else None
        if content is None:
            console.print(f"{name}: CHAINFIN_DATA names no folder with {SETS[name].file}")
            continue
        found[name] = measure(content, name, SETS[name])
        console.print(f"{name}: {found[name]['fit_s']} s to fit")
    if found:
        console.print(shown(found))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
