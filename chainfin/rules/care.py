"""What has to be kept up for goods that are lent on: inspections when they are due, an insurance that lasts.

A keeper's inspection names the day by which the next one is made, at most a quarter ahead. Goods of which none of
this was ever recorded have nothing due: they stand on what their receipt says. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from chainfin.errors import Refusal

MOST_DAYS: Final = 92
"""Between an inspection and the next."""


@dataclass(frozen=True, slots=True)
class Care:
    """``inspected_by``: the day by which the next inspection is made; ``insured_until``: the last day on which the
    goods are insured; None where nothing was recorded."""

    inspected_by: date | None = None
    insured_until: date | None = None


def inspect(made_on: date, next_by: date, today: date) -> Refusal | None:
    """Whether an inspection may be recorded. Refusals: inspection_day_wrong."""
    if made_on <= today and made_on < next_by <= made_on + timedelta(days=MOST_DAYS):
        return None
    message = f"it was made by today, and the next follows within {MOST_DAYS} days"
    return Refusal("inspection_day_wrong", message, {"made_on": made_on.isoformat(), "next_by": next_by.isoformat()})


def unless_cared(care: Care, today: date, last: date) -> Refusal | None:
    """Why goods are neither lent on nor released before their loan is over. ``last``: the day on which it is due.

    Refusals: inspection_overdue, insurance_ends (before that day, or already).
    """
    if care.inspected_by is not None and today > care.inspected_by:
        due = care.inspected_by.isoformat()
        return Refusal("inspection_overdue", f"the inspection that was due on {due} wasn't made", {"due_on": due})
    if care.insured_until is not None and care.insured_until < max(last, today):
        ends = care.insured_until.isoformat()
        proof = {"insured_until": ends, "needed_until": max(last, today).isoformat()}
        return Refusal("insurance_ends", f"the goods are insured until {ends} only", proof)
    return None
