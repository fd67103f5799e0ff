"""A column cut into bins by how its cases ended: supervised, monotone where that costs little (ADR 0155).

A bin's weight of evidence (WOE) is ``ln((goods of it / all goods) / (bads of it / all bads))``, more is better, with
`PRIOR` cases of the average kind added to every bin so that a small bin says little. Missing values and words too rare
to stand alone are bins of their own.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from sklearn.tree import DecisionTreeClassifier

from chainfin.risk.train.columns import Ints, Numbers, Texts
from chainfin.risk.train.sample import Outcomes, Rows

MAX_BINS = 6
MIN_SHARE = 0.05
"""Of the rows fitted on, in every bin but those of missing values and rare words."""
PRIOR = 8.0
CUT_GAIN = 2.0
"""Deviance that a cut must explain: Akaike's price of one more parameter."""
MAX_WORDS = 100
"""A column with more words than this names its cases rather than describes them."""

Floats = npt.NDArray[np.float64]
Trend = Literal["rising", "falling", "free", "words"]


@dataclass(frozen=True, slots=True)
class Bins:
    """One column's bins. ``counts[i]`` is (cases, bads) of the i-th; the last two are missing values and other words.

    ``trend`` says how the share of bads moves with the value. ``edges`` are in units of ``10 ** -decimals``; ``groups``
    are places in the column's words.
    """

    column: Numbers | Texts
    trend: Trend
    edges: tuple[int, ...]
    groups: tuple[tuple[int, ...], ...]
    counts: tuple[tuple[int, int], ...]
    woe: tuple[float, ...]
    iv: float

    def index(self, rows: Rows) -> npt.NDArray[np.intp]:
        """Each row's bin."""
        return place(self.column, self.edges, self.groups)[rows]

    def values(self, rows: Rows) -> Floats:
        """Each row's WOE."""
        return np.asarray(self.woe, dtype=np.float64)[self.index(rows)]


def place(column: Numbers | Texts, edges: tuple[int, ...], groups: tuple[tuple[int, ...], ...]) -> npt.NDArray[np.intp]:
    """The bin of every row of a column: bins in order, then missing, then other words."""
    if isinstance(column, Numbers):
        found = np.searchsorted(np.array(edges, dtype=np.int64), column.values, side="right")
        return np.where(column.known, found, len(edges) + 1).astype(np.intp)
    bin_of = np.full(len(column.words) + 1, len(groups) + 1, dtype=np.intp)
    bin_of[-1] = len(groups)  # a blank cell's −1
    for number, group in enumerate(groups):
        bin_of[list(group)] = number
    return bin_of[column.values]


def cut(column: Numbers | Texts, bads: Outcomes, rows: Rows, trend: str = "auto") -> Bins | None:
    """Bins of ``column`` fitted on ``rows``; None where it can't tell cases apart (one value, too many words)."""
    if isinstance(column, Texts):
        groups = _groups(column, bads, rows)
        return None if groups is None else _measured(column, "words", (), groups, bads, rows)
    known = rows[column.known[rows]]
    values, outcome = column.values[known], bads[known]
    least = max(math.ceil(MIN_SHARE * len(rows)), 5)
    found: dict[Trend, Bins] = {}
    trends: tuple[tuple[Trend, int], ...] = (("rising", 1), ("falling", -1), ("free", 0))
    for name, sign in trends:
        edges = _edges(values, outcome, least, sign) if len(known) else ()
        if sign:
            edges = _pooled(column, edges, bads, rows, sign)
        found[name] = _measured(column, name, edges, (), bads, rows)
    best = max(found["rising"], found["falling"], key=lambda bins: bins.iv)
    if trend == "free" or (trend == "auto" and _worth(found["free"], best, len(known))):
        best = found["free"]
    return None if sum(1 for cases, _ in best.counts if cases) < 2 else best


def _worth(free: Bins, monotone: Bins, cases: int) -> bool:
    """Whether bins that aren't monotone explain so much more that chance won't do (Schwarz's criterion, twice over)."""
    more = max(len(free.edges) - len(monotone.edges), 1)
    return _deviance(monotone) - _deviance(free) > 2 * math.log(cases) * more


def _deviance(bins: Bins) -> float:
    """−2 times the log-likelihood of the bins' own shares of bads."""
    return -2 * sum(part * math.log(part / n) for n, bad in bins.counts for part in (bad, n - bad) if part)


def _edges(values: Ints, outcome: Outcomes, least: int, sign: int) -> tuple[int, ...]:
    """A shallow tree's cuts. It sees ranks, since it holds its inputs in single precision."""
    distinct, ranks = np.unique(values, return_inverse=True)
    if len(distinct) < 2 or len(values) < 2 * least or outcome.min() == outcome.max():
        return ()
    tree = DecisionTreeClassifier(
        criterion="log_loss",
        max_leaf_nodes=MAX_BINS,
        min_impurity_decrease=CUT_GAIN / (2 * math.log(2) * len(values)),  # sklearn reckons it in bits a row
        min_samples_leaf=least,
        monotonic_cst=[sign] if sign else None,
        random_state=0,
    )
    tree.fit(ranks.reshape(-1, 1).astype(np.float32), outcome)
    cuts = sorted(tree.tree_.threshold[tree.tree_.feature >= 0])
    return tuple(_roundest(int(distinct[int(cut)]), int(distinct[int(cut) + 1])) for cut in cuts)


def _roundest(below: int, edge: int) -> int:
    """The number with the most zeros above ``below`` and not above ``edge``: the cut a person would name."""
    unit = 1
    while edge // (unit * 10) * (unit * 10) > below and unit <= abs(edge):
        unit *= 10
    return edge // unit * unit


def _pooled(column: Numbers, edges: tuple[int, ...], bads: Outcomes, rows: Rows, sign: int) -> tuple[int, ...]:
    """Edges without those over which the WOE moves against the trend, as it may once small bins are held back."""
    kept = list(edges)
    while kept:
        woe = _measured(column, "free", tuple(kept), (), bads, rows).woe
        against = [place for place in range(len(kept)) if (woe[place + 1] - woe[place]) * sign >= 0]
        if not against:
            break
        del kept[against[0]]
    return tuple(kept)


def _groups(column: Texts, bads: Outcomes, rows: Rows) -> tuple[tuple[int, ...], ...] | None:
    """Words in the order of their share of bads, cut as numbers are; the rare are left to the bin of other words."""
    known = rows[column.values[rows] >= 0]
    if not 0 < len(column.words) <= MAX_WORDS:
        return None
    cases = np.bincount(column.values[known], minlength=len(column.words))
    bad = np.bincount(column.values[known], weights=bads[known], minlength=len(column.words))
    average = float(bads[rows].mean())
    rate = (bad + PRIOR * average) / (cases + PRIOR)
    common = [int(word) for word in np.argsort(rate, kind="stable") if cases[word] >= max(0.01 * len(rows), 5)]
    if not common:
        return None
    rank = np.full(len(column.words), -1, dtype=np.int64)
    rank[common] = np.arange(len(common))
    often = known[rank[column.values[known]] >= 0]
    least = max(math.ceil(MIN_SHARE * len(rows)), 5)
    edges = _edges(rank[column.values[often]], bads[often], least, 1)
    starts = [0, *edges, len(common)]
    return tuple(tuple(common[start:end]) for start, end in itertools.pairwise(starts))


def _measured(
    column: Numbers | Texts,
    trend: Trend,
    edges: tuple[int, ...],
    groups: tuple[tuple[int, ...], ...],
    bads: Outcomes,
    rows: Rows,
) -> Bins:
    index = place(column, edges, groups)[rows]
    size = (len(edges) + 1 if isinstance(column, Numbers) else len(groups)) + 2
    cases = np.bincount(index, minlength=size).astype(np.float64)
    bad = np.bincount(index, weights=bads[rows], minlength=size)
    all_bad, all_cases = bad.sum(), cases.sum()
    share = all_bad / all_cases
    more_bad, more_good = bad + PRIOR * share, cases - bad + PRIOR * (1 - share)
    woe = np.log(more_good / more_bad * (share / (1 - share)))
    woe[cases == 0] = 0.0
    iv = float((((cases - bad) / (all_cases - all_bad) - bad / all_bad) * woe).sum())
    counts = tuple((int(n), int(b)) for n, b in zip(cases, bad, strict=True))
    return Bins(column, trend, edges, groups, counts, tuple(float(one) for one in woe), iv)
