"""`chainfin risk train`: from a file of past cases to a card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from chainfin.errors import BadInput
from chainfin.risk.scorecard import parse_scorecard
from chainfin.risk.train.columns import read_column
from chainfin.risk.train.document import Label, card_document
from chainfin.risk.train.fit import MIN_IV, Fit, Scaling, fit
from chainfin.risk.train.measures import auc
from chainfin.risk.train.sample import Outcomes, Rows, chosen_columns, dates, outcomes, split
from chainfin.risk.train.table import MISSING, Progress, Table, silent
from chainfin.risk.train.warn import leaks, small

TRENDS = ("auto", "monotone", "free")


@dataclass(frozen=True, slots=True)
class Plan:
    """What the officer asks for. ``words`` are columns whose numbers are names (branch codes)."""

    target: str
    bad: str | None = None
    features: Sequence[str] = ()
    exclude: Sequence[str] = ()
    words: Sequence[str] = ()
    date: str | None = None
    date_format: str = "%Y-%m-%d"
    seed: int = 42
    test_share: float = 0.3
    trend: str = "auto"
    min_iv: float = MIN_IV
    scaling: Scaling = field(default_factory=Scaling)
    label: Label = field(default_factory=lambda: Label("scorecard", "1.0"))

    def check(self) -> None:
        """Raises BadInput scaling_invalid, name_invalid, bands_invalid, trend_unknown, seed_invalid, min_iv_invalid."""
        self.scaling.check()
        self.label.check()
        if self.trend not in TRENDS:
            raise BadInput("trend_unknown", f"one of {', '.join(TRENDS)}", where="--trend")
        if not 0 <= self.seed < 2**32:
            raise BadInput("seed_invalid", "a seed is from 0 to 4294967295", where="--seed")
        if not 0 <= self.min_iv <= 10:
            raise BadInput("min_iv_invalid", "an information value is from 0 to 10", where="--min-iv")


@dataclass(frozen=True, slots=True)
class Trained:
    """The card's JSON, and what it was fitted with, for those who want to look closer."""

    document: dict[str, Any]
    fit: Fit
    bads: Outcomes
    held_out: Rows


def train(table: Table, plan: Plan, progress: Progress = silent) -> Trained:
    """Fit a card to ``table``. Same bytes and plan: the same card, to the byte.

    Raises BadInput with the codes of `outcomes`, `split`, `chosen_columns`, `dates`, `fit` and `Plan.check`.
    """
    plan.check()
    target, bads = outcomes(table, plan.target, plan.bad)
    apart = [plan.target] + ([plan.date] if plan.date else [])
    names, excluded = chosen_columns(table, plan.features, plan.exclude, apart)
    for name in plan.words:
        table.column(name, "--words")
    fitted, held_out = split(bads, plan.test_share, plan.seed)
    columns = [read_column(name, table.columns[name], as_words=name in plan.words) for name in names]
    found = fit(columns, bads, fitted, plan.scaling, trend=plan.trend, min_iv=plan.min_iv, progress=progress)
    warnings = leaks(found.considered) + small(int(bads[fitted].sum()), int(bads[held_out].sum()), len(found.features))
    training = {
        "data": {"sha256": table.sha256, "rows": table.rows, "bads": int(bads.sum())},
        "target": {"column": target.column, "bad": target.bad},
        "considered": names,
        "excluded": excluded,
        "words": list(plan.words),
        "missing_cells": sorted(MISSING),
        "seed": plan.seed,
        "test_share": f"{plan.test_share:.6f}",
        "trend": plan.trend,
        "min_iv": f"{plan.min_iv:.6f}",
        "held_out": {
            "rows": len(held_out),
            "bads": int(bads[held_out].sum()),
            "auc": f"{auc(bads[held_out], -found.points(held_out).astype(float)):.4f}",
        },
        "warnings": [warning.json_dict() for warning in warnings],
    }
    if plan.date:
        days = dates(table, plan.date, plan.date_format)
        training["dates"] = {
            "column": plan.date,
            "format": plan.date_format,
            "first": min(days).isoformat(),
            "last": max(days).isoformat(),
        }
    document = card_document(found, plan.label, bads, fitted, training)
    parse_scorecard(document)  # what can't be scored with isn't written
    return Trained(document, found, bads, held_out)
