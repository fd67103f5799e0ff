"""`chainfin risk evaluate`: a card on cases that it hasn't seen, beside the baselines, with what there is to doubt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainfin.errors import BadInput
from chainfin.risk.scorecard import Characteristic, Scorecard, Words
from chainfin.risk.train import baselines
from chainfin.risk.train.bins import Floats, cut
from chainfin.risk.train.columns import Numbers, Texts, read_column, values_for
from chainfin.risk.train.measures import DRAWS, bands, calibration, measured
from chainfin.risk.train.origin import Origin, origin
from chainfin.risk.train.sample import Outcomes, Rows, dates, outcomes, split
from chainfin.risk.train.stability import Points, by_month, drifted, stability
from chainfin.risk.train.table import MISSING, Progress, Table, number, silent
from chainfin.risk.train.warn import Warning, few_measured, leaks

OWN_TEST_SHARE = 0.3
"""Of a file that neither is nor comes with the card's own: what the comparison is measured on."""


@dataclass(frozen=True, slots=True)
class Question:
    """A card, the file to judge it on, and how. ``training`` is the file that the card was fitted to, where at hand.

    ``date`` is (column, form) of the cases' dates; None: those that the card names.
    """

    card: Scorecard
    document: Mapping[str, Any]
    table: Table
    training: Table | None = None
    target: str | None = None
    bad: str | None = None
    date: tuple[str, str] | None = None
    seed: int = 42
    draws: int = DRAWS


@dataclass(frozen=True, slots=True)
class _Sample:
    """``judged`` rows of the file; the comparison: columns and outcomes of the baselines, and the rows of each purpose.

    ``offset`` is where the file's rows start among the comparison's (after those of the training file).
    """

    judged: Rows
    compared: Rows
    which: str
    columns: Sequence[Numbers | Texts]
    bads: Outcomes
    fitted: Rows
    offset: int


def judge(question: Question, progress: Progress = silent) -> dict[str, Any]:
    """The report. Raises BadInput target_unnamed, features_absent, training_data_differs and those of `sample`."""
    card, table = question.card, question.table
    known = origin(question.document, card.id)
    column = question.target or (known.target.column if known else None)
    if column is None:
        raise BadInput("target_unnamed", "the card names no target", where="--target")
    own_bad = known.target.bad if known and column == known.target.column else None
    target, bads = outcomes(table, column, question.bad or own_bad)
    if absent := [one.feature for one in card.characteristics if one.feature not in table.columns]:
        message = f"{table.name} lacks {len(absent)} features of the card: {', '.join(absent[:3])}"
        raise BadInput("features_absent", message, where=card.id)
    sample = _sample(question, bads, known, column)
    points, warnings = score_rows(card, table, progress)
    risk: Floats = points.astype(np.float64) * (-1 if card.higher_is_better else 1)
    probability = known.scaling.bad_share(points.astype(np.float64)) if known else None
    rows = sample.judged
    expected = None if probability is None else probability[rows]
    report: dict[str, Any] = {
        "card": {"id": card.id, "version": card.version, "hash": card.hash},
        "data": {"sha256": table.sha256, "rows": table.rows, "bads": int(bads.sum())},
        "target": {"column": target.column, "bad": target.bad},
        "judged_on": {"which": sample.which, "rows": len(rows), "bads": int(bads[rows].sum())},
        "scorecard": measured(bads[rows], risk[rows], expected, question.seed, question.draws),
        "comparison": _comparison(question, sample, bads, risk, probability, progress),
        "bands": bands(points[rows], bads[rows], card.bands),
        "calibration": calibration(bads[rows], risk[rows], expected),
        "stability": stability(card, known, table, rows, points) if known else None,
    }
    if date := question.date or _own_date(known, table):
        months = [day.strftime("%Y-%m") for day in dates(table, *date)]
        report["by_month"] = by_month(months, bads, risk, points, rows, known)
    considered = [bins for one in sample.columns if (bins := cut(one, sample.bads, sample.fitted))]
    warnings += leaks(considered) + few_measured(int(bads[rows].sum()))
    warnings += drifted(report["stability"]) if known else [_NO_ORIGIN]
    report["warnings"] = [warning.json_dict() for warning in warnings]
    return report


_NO_ORIGIN = Warning("no_origin", "the card wasn't fitted to data: no probabilities, nothing to be stable against")


def _own_date(known: Origin | None, table: Table) -> tuple[str, str] | None:
    return known.date if known and known.date and known.date[0] in table.columns else None


def score_rows(card: Scorecard, table: Table, progress: Progress = silent) -> tuple[Points, list[Warning]]:
    """Every row's points by the very lookup that serves, and warnings of cells that the card doesn't know."""
    warnings = []
    for one in card.characteristics:
        cells = [cell for cell in table.columns[one.feature] if cell not in MISSING]
        if isinstance(one, Characteristic):
            if strange := sum(1 for cell in cells if number(cell) is None):
                message = f"{strange} cells of {one.feature!r} are no numbers: they count as missing"
                warnings.append(Warning("cells_not_numbers", message))
        elif strange := sum(1 for cell in cells if cell not in one.group):
            warnings.append(
                Warning("words_without_bin", f"{strange} cells of {one.feature!r} have no bin of their own")
            )
    names = [one.feature for one in card.characteristics]
    read = [values_for(one, table.columns[one.feature]) for one in card.characteristics]
    points = np.empty(table.rows, dtype=np.int64)
    for row, values in enumerate(zip(*read, strict=True)):
        points[row] = card.score(dict(zip(names, values, strict=True))).points
        if row % 5_000 == 0:
            progress("scoring", row, table.rows)
    return points, warnings


def _sample(question: Question, bads: Outcomes, known: Origin | None, target: str) -> _Sample:
    """Never a row that the card was fitted on, and never one that a baseline was."""
    table, training, everything = question.table, question.training, np.arange(question.table.rows)
    if known and table.sha256 == known.sha256:
        # by the card's own target: by another one, rows that it was fitted on might pass for held out
        _, theirs = outcomes(table, known.target.column, known.target.bad)
        fitted, held_out = split(theirs, known.test_share, known.seed)
        which = "the rows of the training file held out from the fit"
        return _Sample(held_out, held_out, which, _columns(question, known, [table], target), bads, fitted, 0)
    if known and training is not None:
        if training.sha256 != known.sha256:
            raise BadInput("training_data_differs", "not the file that the card was fitted to", where="--training-data")
        _, theirs = outcomes(training, known.target.column, known.target.bad)
        fitted, _ = split(theirs, known.test_share, known.seed)
        columns = _columns(question, known, [training, table], target)
        which = "all rows of a file that neither the card nor the baselines have seen"
        both = np.concatenate([theirs, bads])
        return _Sample(everything, everything, which, columns, both, fitted, training.rows)
    fitted, compared = split(bads, OWN_TEST_SHARE, question.seed)
    which = "all rows of a file that the card has not seen; the comparison on 30 %, its baselines fitted on 70 %"
    return _Sample(everything, compared, which, _columns(question, known, [table], target), bads, fitted, 0)


def _columns(question: Question, known: Origin | None, tables: Sequence[Table], target: str) -> list[Numbers | Texts]:
    """The columns that the card could choose from, the rows of one file after those of the other."""
    features = question.card.characteristics
    words = {one.feature for one in features if isinstance(one, Words)} | (known.words if known else frozenset())
    names = known.considered if known else tuple(one.feature for one in features)
    there = [name for name in names if name != target and all(name in table.columns for table in tables)]
    return [
        read_column(name, [cell for table in tables for cell in table.columns[name]], as_words=name in words)
        for name in there
    ]


def _comparison(
    question: Question, sample: _Sample, bads: Outcomes, risk: Floats, probability: Floats | None, progress: Progress
) -> dict[str, Any]:
    """The card beside a plain logistic regression and boosted trees, all measured on the same rows."""
    rows, seed, draws = sample.compared, question.seed, question.draws
    truth, there = bads[rows], rows + sample.offset
    expected = None if probability is None else probability[rows]
    models = {"scorecard": measured(truth, risk[rows], expected, seed, draws)}
    progress("baselines", 0, 2)
    plain = baselines.logistic(sample.columns, sample.bads, sample.fitted, there)
    models["logistic"] = measured(truth, plain, plain, seed, draws)
    progress("baselines", 1, 2)
    boosted = baselines.trees(sample.columns, sample.bads, sample.fitted, there, seed)
    models["lightgbm"] = measured(truth, boosted, boosted, seed, draws)
    progress("baselines", 2, 2)
    return {
        "rows": len(rows),
        "bads": int(truth.sum()),
        "baselines_fitted_on": len(sample.fitted),
        "columns": len(sample.columns),
        "models": models,
    }
