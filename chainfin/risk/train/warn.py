"""What a risk officer should be told before believing a figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chainfin.risk.train.bins import Bins
from chainfin.risk.train.measures import auc_of_counts

LEAK_AUC, LEAK_IV = 0.85, 2.5
"""One feature alone that does so well is rarely known before the outcome: our judgement. The strongest honest one in
the public credit sets of the benchmark has 0.836 and 2.06; the repayment term as known in hindsight 0.935 and 3.72."""
FEW_BADS = 200
FEW_BADS_HELD_OUT = 100
BADS_A_FEATURE = 10
"""Fewer outcomes a parameter and regression coefficients are unreliable (Peduzzi and others, 1996)."""


@dataclass(frozen=True, slots=True)
class Warning:
    """A stable code and a sentence."""

    code: str
    message: str

    def json_dict(self) -> dict[str, str]:
        return {"code": self.code, "message": self.message}


def alone(bins: Bins) -> float:
    """The AUC of one feature's bins by themselves, on the rows that they were fitted on."""
    order = np.argsort([-woe for woe in bins.woe], kind="stable")
    cases, bad = (np.array([pair[part] for pair in bins.counts], dtype=np.int64)[order] for part in (0, 1))
    return auc_of_counts(cases - bad, bad)


def leaks(considered: Sequence[Bins]) -> list[Warning]:
    """Of the features that predict beyond belief."""
    found = []
    for bins in considered:
        area = alone(bins)
        if area >= LEAK_AUC or bins.iv >= LEAK_IV:
            message = (
                f"{bins.column.name!r} alone has an AUC of {area:.3f} and an information value of {bins.iv:.2f}: "
                "is it known before the outcome? if not, --exclude it"
            )
            found.append(Warning("leak_suspected", message))
    return found


def small(fitted_bads: int, held_out_bads: int, features: int) -> list[Warning]:
    """Of samples too small to trust."""
    found = []
    if fitted_bads < FEW_BADS:
        found.append(Warning("few_bads", f"fitted on {fitted_bads} bads; below {FEW_BADS} the points are rough"))
    if features and fitted_bads < BADS_A_FEATURE * features:
        message = f"{fitted_bads} bads for {features} features: fewer than {BADS_A_FEATURE} each"
        found.append(Warning("few_bads_per_feature", message))
    return found + few_measured(held_out_bads)


def few_measured(bads: int) -> list[Warning]:
    """Of figures measured on few bads."""
    if bads >= FEW_BADS_HELD_OUT:
        return []
    return [Warning("few_bads_measured", f"measured on {bads} bads: read the interval, not the figure")]
