"""The official holidays of years that the program doesn't know yet (CHAINFIN_HOLIDAYS)."""

from __future__ import annotations

import json

from chainfin.errors import BadInput
from chainfin.settings import Settings
from chainfin.values import calendar
from chainfin.values.calendar import Calendar


def calendar_of(settings: Settings) -> Calendar:
    """The official calendar with the years of the configured file. Raises BadInput:
    file_unreadable, holidays_malformed, holidays_contradict."""
    if settings.holidays is None:
        return calendar.OFFICIAL
    where = str(settings.holidays)
    try:
        document = json.loads(settings.holidays.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput("file_unreadable", str(error.strerror), where=where) from None
    except ValueError as error:
        raise BadInput("holidays_malformed", f"not JSON: {error}", where=where) from None
    return calendar.OFFICIAL.extended(calendar.read_years(document))
