"""Business days of mainland China, and due dates.

Official days come from ``official_days.json``: by year the days that the State Council's notice makes free (holidays)
and the weekend days that it makes working days. An installation's calendar has the years of later notices too
(CHAINFIN_HOLIDAYS). A year that no notice is known for rests on weekends and the statutory holidays that the
``holidays`` package forecasts; working weekends can't be known before the notice. The first question about such a year
warns (`NoticeUnknown`).
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Final

import holidays

from chainfin.errors import BadInput


class Adjustment(StrEnum):
    """What becomes of a due date that isn't a business day (ISDA 2006 Definitions, section 4.12)."""

    NONE = "none"
    FOLLOWING = "following"
    MODIFIED_FOLLOWING = "modified_following"
    PRECEDING = "preceding"


class NoticeUnknown(UserWarning):
    """A business day was asked for in a year whose official holidays are not known yet."""


@dataclass(frozen=True, slots=True)
class OfficialYear:
    """One year's notice: weekdays and weekends that are free, weekend days that are worked."""

    free: frozenset[date]
    working: frozenset[date]


def read_years(document: object) -> dict[int, OfficialYear]:
    """The years of a table ``{"source": …, "years": {"2027": {"free": ["01-01", …], "working": ["02-07", …]}}}``.

    Days are MM-DD. Raises BadInput holidays_malformed naming the year.
    """
    years = document.get("years") if isinstance(document, Mapping) else None
    if not isinstance(years, Mapping) or not isinstance(document, Mapping) or not document.get("source"):
        raise BadInput("holidays_malformed", "a table of holidays names its source and its years")
    found: dict[int, OfficialYear] = {}
    for name, days in years.items():
        try:
            free, working = (frozenset(date.fromisoformat(f"{name}-{day}") for day in days[kind]) for kind in _KINDS)
            year = OfficialYear(free, working)
        except (ValueError, KeyError, TypeError):
            raise BadInput(
                "holidays_malformed", "a year lists its free and working days as MM-DD", where=name
            ) from None
        if not free or free & working or any(day.weekday() < 5 for day in working):
            why = "a year has free days, no day both free and worked, and working days on weekends only"
            raise BadInput("holidays_malformed", why, where=name)
        found[int(name)] = year
    return found


_KINDS = ("free", "working")


@dataclass(frozen=True, eq=False, slots=True)
class Calendar:
    """The business days of banks in mainland China, as far as the notices of ``years`` tell them."""

    years: Mapping[int, OfficialYear]

    def extended(self, later: Mapping[int, OfficialYear]) -> Calendar:
        """This calendar with the notices of later years too.

        Raises BadInput holidays_contradict when a year is known already and says something else: what due dates rest on
        doesn't change behind a running loan.
        """
        for year, days in later.items():
            if self.years.get(year, days) != days:
                why = f"the notice for {year} is known and says otherwise"
                raise BadInput("holidays_contradict", why, where=str(year))
        return Calendar({**self.years, **later})

    def is_business_day(self, day: date) -> bool:
        """Whether banks in China settle on ``day`` (a make-up Saturday or Sunday is a business day)."""
        known = self.years.get(day.year)
        if known is None:
            return day.weekday() < 5 and day not in _statutory(day.year)
        return day in known.working or (day.weekday() < 5 and day not in known.free)

    def adjust(self, day: date, convention: Adjustment) -> date:
        """Move ``day`` to a business day by ``convention``; a business day stays where it is.

        Modified following goes back instead of into the next month, so a month's due date stays in the month.
        """
        match convention:
            case Adjustment.NONE:
                return day
            case Adjustment.FOLLOWING:
                return self._seek(day, 1)
            case Adjustment.PRECEDING:
                return self._seek(day, -1)
            case Adjustment.MODIFIED_FOLLOWING:
                following = self._seek(day, 1)
                return following if following.month == day.month else self._seek(day, -1)

    def _seek(self, day: date, step: int) -> date:
        while not self.is_business_day(day):
            day += timedelta(days=step)
        return day


@lru_cache(maxsize=256)
def _statutory(year: int) -> frozenset[date]:
    # Cached by year, so it warns once for each.
    warnings.warn(
        f"the official holidays of {year} are not known yet, and nothing need be done about it today: weekends and "
        "statutory holidays count as free. Once they are published, CHAINFIN_HOLIDAYS names a file of them",
        NoticeUnknown,
        stacklevel=4,
    )
    return frozenset(holidays.country_holidays("CN", years=year))


OFFICIAL: Final = Calendar(
    read_years(json.loads(Path(__file__).with_name("official_days.json").read_text(encoding="utf-8")))
)
"""The notices that came with this release."""


def add_months(day: date, months: int) -> date:
    """The same day ``months`` later, or the month's last day where it has no such day (31 January → 28 February).

    Reckon every due date from the loan's start, not from the one before: else the 31st becomes the 28th for good.
    """
    count = day.year * 12 + day.month - 1 + months
    year, month = divmod(count, 12)
    next_year, next_month = divmod(count + 1, 12)
    last = (date(next_year, next_month + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))
