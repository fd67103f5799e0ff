"""From bins to points: a logistic regression on the bins' weights of evidence, scaled and rounded to whole points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from chainfin.errors import BadInput
from chainfin.risk.train.bins import Bins, Floats, cut
from chainfin.risk.train.columns import Numbers, Texts
from chainfin.risk.train.sample import Outcomes, Rows
from chainfin.risk.train.table import Progress, silent

MIN_IV = 0.02
"""Below it a feature is commonly called unpredictive (Siddiqi, Credit Risk Scorecards, 2006)."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """``base_score`` points mean ``base_odds`` goods to one bad; every ``pdo`` points more double the odds."""

    base_score: int = 600
    base_odds: int = 20
    pdo: int = 40

    def check(self) -> None:
        """Raises BadInput scaling_invalid."""
        if not (1 <= self.pdo <= 1000 and 1 <= self.base_odds <= 10**6 and 1 <= self.base_score <= 10**5):
            raise BadInput("scaling_invalid", "a scale has a PDO of 1 to 1000, base odds and a base score above 0")

    def points(self, log_odds: float) -> float:
        """Points for the logarithm of goods to bads."""
        return self.base_score + (log_odds - math.log(self.base_odds)) * self.pdo / math.log(2)

    def bad_share(self, points: Floats) -> Floats:
        """The probability of bad that points stand for."""
        log_odds = math.log(self.base_odds) + (points - self.base_score) * (math.log(2) / self.pdo)
        return np.asarray(1.0 / (1.0 + np.exp(log_odds)), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Fitted:
    """One feature in the card: its bins, its coefficient (on the WOE, towards bad) and the points of each bin."""

    bins: Bins
    coefficient: float
    points: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted card. ``considered`` are the bins of all columns that predict, ``dropped`` says of each left out why."""

    features: tuple[Fitted, ...]
    considered: tuple[Bins, ...]
    dropped: tuple[tuple[str, str], ...]
    intercept: float
    base_points: int
    scaling: Scaling

    def points(self, rows: Rows) -> npt.NDArray[np.int64]:
        """Each row's points."""
        total = np.full(len(rows), self.base_points, dtype=np.int64)
        for one in self.features:
            total += np.array(one.points, dtype=np.int64)[one.bins.index(rows)]
        return total

    def log_odds(self, rows: Rows) -> Floats:
        """Each row's logarithm of goods to bads before any rounding."""
        towards_bad = np.full(len(rows), self.intercept)
        for one in self.features:
            towards_bad += one.coefficient * one.bins.values(rows)
        return -towards_bad


def fit(
    columns: Sequence[Numbers | Texts],
    bads: Outcomes,
    rows: Rows,
    scaling: Scaling | None = None,
    *,
    trend: str = "auto",
    min_iv: float = MIN_IV,
    progress: Progress = silent,
) -> Fit:
    """Fit a card to ``rows``. Same columns, rows and settings: the same card.

    Raises BadInput nothing_predicts when no column tells bads from goods.
    """
    scale = scaling or Scaling()
    with threadpool_limits(1):  # so that sums come out in one order
        useful, dropped = _useful(columns, bads, rows, trend, min_iv, progress)
        kept, model, against = _regressed(useful, bads, rows)
    dropped += [(bins.column.name, "its part would run against its own bins beside the others") for bins in against]
    if not kept:
        raise BadInput("nothing_predicts", f"no column has an information value of {min_iv} or more")
    points_each = scale.pdo / math.log(2)
    fitted = []
    for bins, raw in zip(kept, model.coef_[0], strict=True):
        coefficient = float(raw)
        points = tuple(round(-coefficient * woe * points_each) for woe in bins.woe)
        fitted.append(Fitted(bins, coefficient, points))
    intercept = float(model.intercept_[0])
    return Fit(tuple(fitted), tuple(useful), tuple(dropped), intercept, round(scale.points(-intercept)), scale)


def _useful(
    columns: Sequence[Numbers | Texts], bads: Outcomes, rows: Rows, trend: str, min_iv: float, progress: Progress
) -> tuple[list[Bins], list[tuple[str, str]]]:
    useful: list[Bins] = []
    dropped: list[tuple[str, str]] = []
    for done, column in enumerate(columns, 1):
        bins = cut(column, bads, rows, trend)
        if bins is None:
            dropped.append((column.name, "nothing in it tells bads from goods, or its words name each case"))
        elif bins.iv < min_iv:
            dropped.append((column.name, f"information value {bins.iv:.4f} below {min_iv}"))
        else:
            useful.append(bins)
        progress("binning", done, len(columns))
    return useful, dropped


def _regressed(useful: list[Bins], bads: Outcomes, rows: Rows) -> tuple[list[Bins], LogisticRegression, list[Bins]]:
    """Regress; while a feature's points would run against its own bins (it repeats others), leave the worst one out."""
    kept, against = list(useful), []
    model = LogisticRegression(solver="newton-cholesky", tol=1e-10, max_iter=200)
    while kept:
        model.fit(np.column_stack([bins.values(rows) for bins in kept]), bads[rows])
        worst = int(np.argmax(model.coef_[0]))
        if model.coef_[0][worst] < 0:
            break
        against.append(kept.pop(worst))
    return kept, model, against
