"""Chinese business days: the State Council's notices for 2026 and earlier, the forecast beyond."""

from __future__ import annotations

import warnings
from datetime import date
from pathlib import Path

import pytest

from chainfin.errors import BadInput
from chainfin.runtime import holidays
from chainfin.settings import load
from chainfin.values import calendar
from chainfin.values.calendar import OFFICIAL, Adjustment, add_months

MAKE_UP_SATURDAY = date(2025, 10, 11)  # works for the long National Day holiday
NATIONAL_DAY = date(2025, 10, 1)


@pytest.mark.parametrize(
    ("day", "business"),
    [
        (NATIONAL_DAY, False),
        (date(2025, 10, 8), False),
        (date(2025, 10, 9), True),
        (MAKE_UP_SATURDAY, True),
        (date(2025, 10, 12), False),
        (date(2025, 11, 21), True),
    ],
)
def test_is_business_day__known_year__follows_the_notice(day: date, business: bool) -> None:
    assert OFFICIAL.is_business_day(day) is business


def test_is_business_day__unknown_year__statutory_holidays_and_weekends_are_free() -> None:
    assert not OFFICIAL.is_business_day(date(2099, 10, 1))
    assert not OFFICIAL.is_business_day(date(2099, 11, 21))  # a Saturday
    assert OFFICIAL.is_business_day(date(2099, 11, 20))


@pytest.mark.parametrize(
    ("convention", "expected"),
    [
        (Adjustment.NONE, date(2025, 5, 31)),
        (Adjustment.FOLLOWING, date(2025, 6, 3)),
        (Adjustment.MODIFIED_FOLLOWING, date(2025, 5, 30)),
        (Adjustment.PRECEDING, date(2025, 5, 30)),
    ],
)
def test_adjust__saturday_at_the_months_end_before_a_holiday__by_convention(
    convention: Adjustment, expected: date
) -> None:
    assert OFFICIAL.adjust(date(2025, 5, 31), convention) == expected  # 2 June 2025 is the Dragon Boat holiday


def test_adjust__modified_following_within_the_month__goes_forward() -> None:
    assert OFFICIAL.adjust(date(2025, 11, 15), Adjustment.MODIFIED_FOLLOWING) == date(2025, 11, 17)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2026, 1, 31), 2, date(2026, 3, 31)),
        (date(2026, 11, 30), 1, date(2026, 12, 30)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
    ],
)
def test_add_months__short_months__end_on_their_last_day(day: date, months: int, expected: date) -> None:
    assert add_months(day, months) == expected


def test_is_business_day__unknown_year__warns_once_a_year() -> None:
    calendar._statutory.cache_clear()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert OFFICIAL.is_business_day(date(2098, 3, 3))
        assert OFFICIAL.is_business_day(date(2098, 3, 4))
    assert [(note.category, "2098" in str(note.message)) for note in told] == [(calendar.NoticeUnknown, True)]


def test_extended__a_later_notice__is_followed_by_that_calendar_alone() -> None:
    notice = {"source": "invented", "years": {"2097": {"free": ["03-05"], "working": ["03-09"]}}}
    extended = OFFICIAL.extended(calendar.read_years(notice))
    assert not extended.is_business_day(date(2097, 3, 5))
    assert extended.is_business_day(date(2097, 3, 9))  # a Saturday
    assert extended.is_business_day(NATIONAL_DAY) is False, "and those that were known before"
    assert OFFICIAL.is_business_day(date(2097, 3, 5))


def test_extended__a_known_year_otherwise__holidays_contradict() -> None:
    with pytest.raises(BadInput) as caught:
        OFFICIAL.extended(calendar.read_years({"source": "x", "years": {"2026": {"free": ["01-05"], "working": []}}}))
    assert caught.value.code == "holidays_contradict"


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"years": {}},
        {"source": "x", "years": {"2097": {"free": ["13-01"], "working": []}}},
        {"source": "x", "years": {"2097": {"free": ["01-01"]}}},
        {"source": "x", "years": {"2097": {"free": [], "working": []}}},
        {"source": "x", "years": {"2097": {"free": ["01-01"], "working": ["03-05"]}}},
        {"source": "x", "years": {"20977": {"free": ["01-01"], "working": []}}},
    ],
)
def test_read_years__not_a_table_of_holidays__holidays_malformed(document: object) -> None:
    with pytest.raises(BadInput) as caught:
        calendar.read_years(document)
    assert caught.value.code == "holidays_malformed"


def test_calendar_of__a_configured_file__has_its_years(tmp_path: Path) -> None:
    file = tmp_path / "2096.json"
    file.write_text('{"source": "invented", "years": {"2096": {"free": ["03-05"], "working": []}}}')
    found = holidays.calendar_of(load({"CHAINFIN_HOLIDAYS": str(file)}))
    assert not found.is_business_day(date(2096, 3, 5))
    assert holidays.calendar_of(load({})) is OFFICIAL
    file.write_text("{")
    with pytest.raises(BadInput, match="not JSON"):
        holidays.calendar_of(load({"CHAINFIN_HOLIDAYS": str(file)}))
