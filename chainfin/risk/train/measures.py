"""How well a score tells bads from goods, how true its probabilities are, how stable its distribution is.

Throughout ``risk`` grows with the danger: the negated points of a card, the probability of a baseline. Floats are
measures here, no money and no decision hangs on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score, roc_curve

from chainfin.risk.train.bins import Floats
from chainfin.risk.train.sample import Outcomes

DRAWS = 1_000
PSI_WATCH, PSI_ALARM = 0.10, 0.25
"""Population stability index from which a distribution is said to drift, and to be another one (Siddiqi, 2006)."""


def auc(bads: Outcomes, risk: Floats) -> float:
    """The share of pairs of a bad and a good in which the bad has the higher risk (half for equal ones)."""
    return float(roc_auc_score(bads, risk))


def ks(bads: Outcomes, risk: Floats) -> float:
    """Kolmogorov and Smirnov's largest distance between the distributions of bads and of goods."""
    false, true, _ = roc_curve(bads, risk)
    return float((true - false).max())


def brier(bads: Outcomes, probability: Floats) -> float:
    """The mean squared error of the probabilities."""
    return float(((probability - bads) ** 2).mean())


def auc_interval(bads: Outcomes, risk: Floats, seed: int, draws: int = DRAWS) -> tuple[float, float]:
    """The 95 % interval of the AUC by a bootstrap that draws bads and goods apart (percentiles, seeded).

    Drawing rows is drawing how often each distinct risk comes, so that a draw costs no sorting.
    """
    distinct, place = np.unique(risk, return_inverse=True)
    random = np.random.RandomState(seed)
    counts = [np.bincount(place[bads == kind], minlength=len(distinct)) for kind in (0, 1)]
    found = np.empty(draws)
    for draw in range(draws):
        good, bad = (random.multinomial(n.sum(), n / n.sum()) for n in counts)
        found[draw] = auc_of_counts(good, bad)
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


def auc_of_counts(good: npt.NDArray[np.int64], bad: npt.NDArray[np.int64]) -> float:
    """The AUC from how many goods and bads stand at each risk, in the order of the risks."""
    below = np.cumsum(good) - good
    return float((bad * (below + good / 2)).sum() / (good.sum() * bad.sum()))


def measured(bads: Outcomes, risk: Floats, probability: Floats | None, seed: int, draws: int = DRAWS) -> dict[str, Any]:
    """All measures of one model on one sample."""
    area = auc(bads, risk)
    low, high = auc_interval(bads, risk, seed, draws)
    return {
        "auc": round(area, 4),
        "auc_95": [round(low, 4), round(high, 4)],
        "gini": round(2 * area - 1, 4),
        "ks": round(ks(bads, risk), 4),
        "brier": None if probability is None else round(brier(bads, probability), 4),
    }


def calibration(bads: Outcomes, risk: Floats, probability: Floats | None, groups: int = 10) -> list[dict[str, Any]]:
    """By tenths of the sample, the safest first: cases, bads, their share, and the share that the model expected.

    Equal risks stay together, so tenths of a coarse score may differ in size.
    """
    edges = np.unique(np.quantile(risk, np.linspace(0, 1, groups + 1)[1:-1], method="higher"))
    place = np.searchsorted(edges, risk, side="right")
    table = []
    for group in np.unique(place):
        rows = place == group
        table.append(
            {
                "rows": int(rows.sum()),
                "bads": int(bads[rows].sum()),
                "bad_share": round(float(bads[rows].mean()), 4),
                "expected": None if probability is None else round(float(probability[rows].mean()), 4),
            }
        )
    return table


def psi(expected: Sequence[int], found: Sequence[int]) -> float:
    """The population stability index of two counts over the same bins; half a case stands in for an empty bin."""
    left, right = (np.maximum(np.asarray(counts, dtype=np.float64), 0.5) for counts in (expected, found))
    left, right = left / left.sum(), right / right.sum()
    return float(((right - left) * np.log(right / left)).sum())


def score_bins(points: npt.NDArray[np.int64]) -> tuple[list[int], list[int]]:
    """(edges, cases in each bin) of tenths of the points: what later samples are held against."""
    tenths = np.unique(np.quantile(points, np.linspace(0, 1, 11)[1:-1], method="higher"))
    edges = [int(edge) for edge in tenths]
    return edges, counted(points, edges)


def counted(points: npt.NDArray[np.int64], edges: Sequence[int]) -> list[int]:
    """How many points lie in each bin of ``edges`` (an edge belongs to the bin above it)."""
    found = np.bincount(np.searchsorted(edges, points, side="right"), minlength=len(edges) + 1)
    return [int(count) for count in found]


def bands(points: npt.NDArray[np.int64], bads: Outcomes, starts: Sequence[tuple[int, str]]) -> list[dict[str, Any]]:
    """Cases, bads and their share by the bands of a card, as the card orders them."""
    table = []
    left = np.ones(len(points), dtype=np.bool_)
    for start, name in starts:
        rows = left & (points >= start)
        left &= ~rows
        n, bad = int(rows.sum()), int(bads[rows].sum())
        share = round(bad / n, 4) if n else None
        table.append({"band": name, "from": start, "rows": n, "bads": bad, "bad_share": share})
    return table
