"""A fitted card as the JSON that `chainfin.risk.scorecard` scores with, with everything that says where it comes from.

Measures are decimal strings, so that the file is canonical JSON without floats: its SHA-256 is the card's hash.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np

from chainfin.errors import BadInput
from chainfin.risk.features import REGISTRY
from chainfin.risk.train.columns import Numbers, Texts
from chainfin.risk.train.fit import Fit, Fitted
from chainfin.risk.train.measures import score_bins
from chainfin.risk.train.sample import Outcomes, Rows

LOWEST = -10_000
"""Where the last band starts, as in the cards of the package: below anything that a card can give."""
GRADES = "ABCDEFGHIJ"
LIBRARIES = ("chainfin", "numpy", "scikit-learn", "scipy")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


@dataclass(frozen=True, slots=True)
class Label:
    """What the card is called and how many bands it has."""

    id: str
    version: str
    bands: int = 4

    def check(self) -> None:
        """Raises BadInput name_invalid, bands_invalid."""
        if _NAME.fullmatch(self.id) is None:
            raise BadInput("name_invalid", "a name is lower-case letters, digits and hyphens", where="--name")
        if not re.fullmatch(r"[0-9A-Za-z.+-]{1,32}", self.version):
            raise BadInput("name_invalid", "a version is such as 1.0", where="--card-version")
        if not 2 <= self.bands <= len(GRADES):
            raise BadInput("bands_invalid", f"a card has 2 to {len(GRADES)} bands", where="--bands")


def card_document(fit: Fit, label: Label, bads: Outcomes, rows: Rows, training: dict[str, Any]) -> dict[str, Any]:
    """The card's JSON. ``rows`` are those fitted on; ``training`` is what the caller knows of file and split."""
    entries = [_entry(one) for one in fit.features]
    of_registry = all(
        one.bins.column.name in REGISTRY and isinstance(one.bins.column, Numbers) and not entry.get("decimals")
        for one, entry in zip(fit.features, entries, strict=True)
    )
    points = fit.points(rows)
    edges, counts = score_bins(points)
    document: dict[str, Any] = {
        "id": label.id,
        "version": label.version,
        "basis": f"Fitted to the outcomes of {len(rows)} cases: logistic regression on binned features.",
        "higher_is_better": True,
        "base_points": fit.base_points,
        "characteristics": entries,
        "bands": _bands(fit, points, label.bands),
        "scaling": {
            "base_score": fit.scaling.base_score,
            "base_odds": fit.scaling.base_odds,
            "pdo": fit.scaling.pdo,
            "meaning": "base_score points: base_odds goods to one bad; pdo points more: twice the odds",
            "intercept": decimal(fit.intercept),
        },
        "training": {
            **training,
            "fitted": {"rows": len(rows), "bads": int(bads[rows].sum())},
            "dropped": [{"feature": name, "why": why} for name, why in fit.dropped],
            "score_bins": {"edges": edges, "rows": counts},
            "software": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
        },
    }
    if not of_registry:
        document["features"] = "columns"
    return document


def decimal(value: float) -> str:
    """Six decimals: rounded well above what differs between machines."""
    return f"{value + 0.0:.6f}"


def _entry(one: Fitted) -> dict[str, Any]:
    bins = one.bins
    *points, missing, other = one.points
    *counts, none, rare = bins.counts
    entry: dict[str, Any] = {"feature": bins.column.name, "points": points, "missing": missing}
    if isinstance(bins.column, Texts):
        entry["groups"] = [[bins.column.words[word] for word in sorted(group)] for group in bins.groups]
        entry["other"] = other
    else:
        entry["edges"], entry["decimals"] = coarse(bins.edges, bins.column.decimals)
        if not entry["decimals"]:
            del entry["decimals"]
    entry["fitted"] = {
        "trend": bins.trend,
        "iv": decimal(bins.iv),
        "coefficient": decimal(one.coefficient),
        "bins": [_bin(counts[place], bins.woe[place]) for place in range(len(counts))],
        "missing": _bin(none, bins.woe[-2]),
        "other": _bin(rare, bins.woe[-1]),
    }
    return entry


def _bin(count: tuple[int, int], woe: float) -> dict[str, Any]:
    return {"rows": count[0], "bads": count[1], "woe": decimal(woe)}


def coarse(edges: Sequence[int], decimals: int) -> tuple[list[int], int]:
    """The same edges in the coarsest unit that holds them: rounding values down to it moves none over an edge."""
    unit = 0
    while unit < decimals and all(edge % 10 ** (unit + 1) == 0 for edge in edges):
        unit += 1
    return [edge // 10**unit for edge in edges], decimals - unit


def _bands(fit: Fit, points: Any, count: int) -> list[dict[str, Any]]:
    """Bands of about equally many of the cases fitted on, A the best; the last takes all that is below."""
    starts = np.unique(np.quantile(points, np.linspace(0, 1, count + 1)[1:-1], method="higher"))
    lowest = fit.base_points + sum(min(one.points) for one in fit.features)
    ladder = [*(int(start) for start in starts[::-1]), min(LOWEST, lowest)]
    return [{"from": start, "band": grade} for start, grade in zip(ladder, GRADES, strict=False)]
