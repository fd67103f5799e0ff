"""Whether later cases are still those that a card was fitted to: stability indices, by feature and by month."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from chainfin.risk.scorecard import Characteristic, Scorecard, Words
from chainfin.risk.train.bins import Floats
from chainfin.risk.train.columns import values_for
from chainfin.risk.train.measures import PSI_ALARM, auc, counted, psi
from chainfin.risk.train.origin import Origin
from chainfin.risk.train.sample import Outcomes, Rows
from chainfin.risk.train.table import MISSING, Table
from chainfin.risk.train.warn import Warning

Points = npt.NDArray[np.int64]


def stability(card: Scorecard, known: Origin, table: Table, rows: Rows, points: Points) -> dict[str, Any]:
    """The stability index of the points and of every feature of ``rows``, against the rows fitted on."""
    features = {}
    for one in card.characteristics:
        cells = table.columns[one.feature]
        expected = known.bin_rows[one.feature]
        found = np.bincount(_bins(one, [cells[row] for row in rows]), minlength=len(expected))
        features[one.feature] = round(psi(expected, found.tolist()), 4)
    return {
        "score_psi": round(psi(known.score_rows, counted(points[rows], known.score_edges)), 4),
        "features": dict(sorted(features.items(), key=lambda pair: (-pair[1], pair[0]))),
    }


def _bins(one: Characteristic | Words, cells: Sequence[str]) -> Rows:
    """Each cell's bin: bins in order, then missing, then other words."""
    if isinstance(one, Words):
        groups = len(one.points) - 1
        return np.array(
            [groups if cell in MISSING else one.group.get(cell, groups + 1) for cell in cells], dtype=np.intp
        )
    values = values_for(one, cells)
    numbers = [value if isinstance(value, int) else 0 for value in values]
    found = np.searchsorted(np.array(one.edges, dtype=object), np.array(numbers, dtype=object), side="right")
    return np.where([value is None for value in values], len(one.edges) + 1, found).astype(np.intp)


def by_month(
    months: Sequence[str], bads: Outcomes, risk: Floats, points: Points, rows: Rows, known: Origin | None
) -> list[dict[str, Any]]:
    """Cases, bads, the card's power and the stability of its points from month to month."""
    of = np.array(months)
    table = []
    for month in sorted(set(of[rows].tolist())):
        those = rows[of[rows] == month]
        bad = int(bads[those].sum())
        entry: dict[str, Any] = {
            "month": month,
            "rows": len(those),
            "bads": bad,
            "bad_share": round(bad / len(those), 4),
        }
        entry["auc"] = round(auc(bads[those], risk[those]), 4) if 0 < bad < len(those) else None
        entry["psi"] = None
        if known is not None:
            entry["psi"] = round(psi(known.score_rows, counted(points[those], known.score_edges)), 4)
        table.append(entry)
    return table


def drifted(found: dict[str, Any]) -> list[Warning]:
    """A warning where the points or a feature have become another population's."""
    moved = [name for name, value in found["features"].items() if value >= PSI_ALARM]
    if found["score_psi"] >= PSI_ALARM:
        moved.insert(0, "the score")
    if not moved:
        return []
    what = ", ".join(moved[:5]) + (" …" if len(moved) > 5 else "")
    return [Warning("drift", f"another population than the card was fitted to: PSI of {PSI_ALARM} or more in {what}")]
