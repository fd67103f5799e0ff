"""Chinese business days: the State Council's notices for 2026 and earlier, the forecast beyond."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from chainfin.errors import BadInput
from chainfin.runtime import holidays
from chainfin.settings import load
from chainfin.values import calendar
from chainfin.values.calendar import (
    Adjustment,
    add_business_days,
    add_months,
    adjust,
    business_days_between,
    epoch_day,
    from_epoch_day,
    is_business_day,
    is_official,
)

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
    assert is_official(2025)
    assert is_business_day(day) is business


def test_is_business_day__unknown_year__statutory_holidays_and_weekends_are_free() -> None:
    assert not is_official(2099)
    assert not is_business_day(date(2099, 10, 1))
    assert not is_business_day(date(2099, 11, 21))  # a Saturday
    assert is_business_day(date(2099, 11, 20))


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
    assert adjust(date(2025, 5, 31), convention) == expected  # 2 June 2025 is the Dragon Boat holiday


def test_adjust__modified_following_within_the_month__goes_forward() -> None:
    assert adjust(date(2025, 11, 15), Adjustment.MODIFIED_FOLLOWING) == date(2025, 11, 17)


def test_add_business_days__across_the_national_holiday__skips_it_and_takes_the_make_up_day() -> None:
    assert add_business_days(date(2025, 9, 30), 1) == date(2025, 10, 9)
    assert add_business_days(date(2025, 10, 10), 1) == MAKE_UP_SATURDAY
    assert add_business_days(date(2025, 10, 9), -1) == date(2025, 9, 30)
    assert add_business_days(NATIONAL_DAY, 0) == date(2025, 10, 9)


def test_business_days_between__a_holiday_week__counts_only_working_days() -> None:
    assert business_days_between(date(2025, 9, 29), date(2025, 10, 13)) == 5
    assert business_days_between(NATIONAL_DAY, NATIONAL_DAY) == 0


def test_business_days_between__end_before_start__dates_reversed() -> None:
    with pytest.raises(BadInput) as caught:
        business_days_between(date(2025, 2, 1), date(2025, 1, 1))
    assert caught.value.code == "dates_reversed"


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


def test_epoch_day__there_and_back__is_the_same_day() -> None:
    assert epoch_day(date(1970, 1, 2)) == 1
    assert from_epoch_day(epoch_day(date(2026, 11, 21))) == date(2026, 11, 21)


def test_is_business_day__unknown_year__warns_once_a_year() -> None:
    calendar._statutory.cache_clear()
    is_business_day.cache_clear()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert is_business_day(date(2098, 3, 3))
        assert is_business_day(date(2098, 3, 4))
    assert [(note.category, "2098" in str(note.message)) for note in told] == [(calendar.NoticeUnknown, True)]


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The calendar may be extended in this test alone."""
    monkeypatch.setattr(calendar, "_official", dict(calendar._official))
    yield
    is_business_day.cache_clear()


@pytest.mark.usefixtures("table")
def test_extend__a_later_notice__is_followed() -> None:
    notice = {"source": "invented", "years": {"2097": {"free": ["03-05"], "working": ["03-09"]}}}
    assert is_business_day(date(2097, 3, 5))
    calendar.extend(calendar.read_years(notice))
    assert is_official(2097)
    assert not is_business_day(date(2097, 3, 5))
    assert is_business_day(date(2097, 3, 9))  # a Saturday


@pytest.mark.usefixtures("table")
def test_extend__a_known_year_otherwise__holidays_contradict() -> None:
    with pytest.raises(BadInput) as caught:
        calendar.extend(calendar.read_years({"source": "x", "years": {"2026": {"free": ["01-05"], "working": []}}}))
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


def test_use__a_configured_file__extends_the_calendar(tmp_path: Path, table: None) -> None:
    file = tmp_path / "2096.json"
    file.write_text('{"source": "invented", "years": {"2096": {"free": ["03-05"], "working": []}}}')
    holidays.use(load({"CHAINFIN_HOLIDAYS": str(file)}))
    assert not is_business_day(date(2096, 3, 5))
    file.write_text("{")
    with pytest.raises(BadInput, match="not JSON"):
        holidays.use(load({"CHAINFIN_HOLIDAYS": str(file)}))
