"""Business is dated by the days of the zone that is set, whatever the machine's own is."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from chainfin.errors import BadInput
from chainfin.runtime.installation import Installation
from chainfin.runtime.reading import Reading
from chainfin.settings import load

LATE = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)
"""Half past one of the next day in Shanghai, noon of the same in New York."""


@pytest.mark.parametrize(
    ("zone", "today"),
    [
        (None, date(2026, 3, 3)),
        ("Asia/Shanghai", date(2026, 3, 3)),
        ("UTC", date(2026, 3, 2)),
        ("America/New_York", date(2026, 3, 2)),
        ("Pacific/Kiritimati", date(2026, 3, 3)),
    ],
)
def test_business_date__zone_that_is_set__is_its_day(tmp_path: Path, zone: str | None, today: date) -> None:
    named = {} if zone is None else {"CHAINFIN_TIME_ZONE": zone}
    settings = load({"CHAINFIN_HOME": str(tmp_path), **named})
    with Installation(settings, start_at=LATE, drive=False) as inst:
        clock = inst.ctx.clock
        clock.move_to(max(LATE, clock.now()).replace(hour=17, minute=45))
        assert clock.now().date() == date(2026, 3, 2), "the moment is the same"
        assert (clock.today(), clock.day_of(LATE)) == (today, today)
    with Reading(settings) as reader:
        assert reader.ctx.clock.day_of(LATE) == today, "and for whoever only reads"


def test_time_zone__that_is_none__refused() -> None:
    with pytest.raises(BadInput) as refused:
        load({"CHAINFIN_TIME_ZONE": "Asia/Atlantis"})
    assert (refused.value.code, refused.value.where) == ("setting_invalid", "CHAINFIN_TIME_ZONE")
