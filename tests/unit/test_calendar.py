"""Chinese business days: the State Council's notices for 2026 and earlier, the forecast beyond."""

from __future__ import annotations

from datetime import date

import pytest

from chainfin.values.calendar import (
    Adjustment,
    add_months,
    adjust,
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
