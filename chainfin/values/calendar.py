"""Business days of mainland China, due dates and day numbers.

Source for known years: the State Council's yearly holiday notice, as kept by ``chinesecalendar`` (make-up working
days on weekends included). For years it doesn't know yet, ``holidays`` gives the statutory holidays, and weekends are
free: make-up days can't be known before the notice. `is_official` tells which of the two a year rests on.
"""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache

import chinese_calendar
import holidays

_EPOCH = date(1970, 1, 1)


class Adjustment(StrEnum):
    """What becomes of a due date that isn't a business day (ISDA 2006 Definitions, section 4.12)."""

    NONE = "none"
    FOLLOWING = "following"
    MODIFIED_FOLLOWING = "modified_following"
    PRECEDING = "preceding"


@lru_cache(maxsize=256)
def is_official(year: int) -> bool:
    """Whether the State Council's notice for ``year`` is in the calendar (else it is our best forecast)."""
    try:
        chinese_calendar.is_workday(date(year, 6, 15))
    except NotImplementedError:
        return False
    return True


@lru_cache(maxsize=256)
def _statutory(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("CN", years=year))


@lru_cache(maxsize=8192)
def is_business_day(day: date) -> bool:
    """Whether banks in China settle on ``day`` (a make-up Saturday or Sunday is a business day)."""
    if is_official(day.year):
        return bool(chinese_calendar.is_workday(day))
    return day.weekday() < 5 and day not in _statutory(day.year)


def adjust(day: date, convention: Adjustment) -> date:
    """``day`` moved to a business day by ``convention``; a business day stays.

    Modified following goes back instead of into the next month, so a month's due date stays in the month.
    """
    match convention:
        case Adjustment.NONE:
            return day
        case Adjustment.FOLLOWING:
            return _seek(day, 1)
        case Adjustment.PRECEDING:
            return _seek(day, -1)
        case Adjustment.MODIFIED_FOLLOWING:
            following = _seek(day, 1)
            return following if following.month == day.month else _seek(day, -1)


def _seek(day: date, step: int) -> date:
    while not is_business_day(day):
        day += timedelta(days=step)
    return day


def add_months(day: date, months: int) -> date:
    """The same day ``months`` later, or the month's last day where it has no such day (31 January → 28 February).

    Reckon every due date from the loan's start, not from the one before: else the 31st becomes the 28th for good.
    """
    count = day.year * 12 + day.month - 1 + months
    year, month = divmod(count, 12)
    next_year, next_month = divmod(count + 1, 12)
    last = (date(next_year, next_month + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))
