"""The official holidays of years that the program doesn't know yet (CHAINFIN_HOLIDAYS)."""

from __future__ import annotations

import json

from chainfin.errors import BadInput
from chainfin.settings import Settings
from chainfin.values import calendar


def use(settings: Settings) -> None:
    """Add the years of the configured file to the calendar. Raises BadInput: file_unreadable, holidays_malformed,
    holidays_contradict."""
    if settings.holidays is None:
        return
    where = str(settings.holidays)
    try:
        document = json.loads(settings.holidays.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput("file_unreadable", str(error.strerror), where=where) from None
    except ValueError as error:
        raise BadInput("holidays_malformed", f"not JSON: {error}", where=where) from None
    calendar.extend(calendar.read_years(document))
