"""Invented cases to fit cards to: the outcome follows from the columns by a known law, drawn with a seed."""

from __future__ import annotations

import csv
import io
import math
import random
from collections.abc import Callable
from functools import lru_cache

import pytest

try:
    import lightgbm  # noqa: F401 - whether it can be loaded
    import sklearn  # noqa: F401 - whether it is there
except (ImportError, OSError) as error:  # OSError: no libgomp on this machine
    pytest.skip(f"the extra [train] can't be loaded: {error}", allow_module_level=True)

from chainfin.risk.train.table import Table, read_table
from chainfin.risk.train.train import Plan, Trained, train

HEADER = ("debt", "months", "trade", "noise", "branch", "leak", "opened", "late")
PLAN = Plan(target="late", exclude=("leak", "opened"))


@lru_cache(maxsize=32)
def cases(count: int = 1200, seed: int = 7, shift: float = 0.0) -> bytes:
    """CSV: `debt` (a ratio) makes bad, `months` makes good, one `trade` is worse, some `months` are not known.

    `leak` is all but the outcome itself; `branch` is a code; `shift` moves the debts of another population.
    """
    draw = random.Random(seed)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    for row in range(count):
        debt = round(draw.random() * 2 + shift, 4)
        months = draw.randrange(0, 120)
        trade = draw.choice(["food", "steel", "toys", "none"])
        log_odds = -2.2 + 1.6 * debt - 0.02 * months + (0.9 if trade == "steel" else 0.0)
        late = draw.random() < 1 / (1 + math.exp(-log_odds))
        reply = "" if row % 11 == 0 else str(months)
        leak = int(late) if draw.random() < 0.97 else 1 - int(late)
        day = f"2025-{1 + row % 12:02d}-15"
        writer.writerow([debt, reply, trade, draw.randrange(1000), draw.choice([11, 22, 33]), leak, day, int(late)])
    return out.getvalue().encode()


@lru_cache(maxsize=32)
def table(content: bytes | None = None, name: str = "cases.csv") -> Table:
    return read_table(cases() if content is None else content, name)


@lru_cache(maxsize=32)
def trained(plan: Plan = PLAN, content: bytes | None = None) -> Trained:
    return train(table(content), plan)


def csv_of(count: int, target: Callable[[int], object]) -> bytes:
    """A file of one feature and a target."""
    return ("x,y\n" + "".join(f"{row},{target(row)}\n" for row in range(count))).encode()
