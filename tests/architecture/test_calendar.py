"""Services reckon business days by the installation's calendar, which has the years that its operator has added."""

from __future__ import annotations

from pathlib import Path

CHAINFIN = Path(__file__).parents[2] / "chainfin"
BY_THE_RELEASE = {
    "values/calendar.py",
    "rules/loan/terms.py",  # the default of terms that no installation made
    "services/kernel/context.py",  # the default of an installation
    "runtime/holidays.py",
    "audit/books.py",  # an auditor trusts no calendar of ours
    "audit/deal.py",
    "audit/mandate.py",
}


def test_official_calendar__named_where_no_installation_is_asked_and_nowhere_else() -> None:
    naming = {
        file.relative_to(CHAINFIN).as_posix() for file in CHAINFIN.rglob("*.py") if "OFFICIAL" in file.read_text()
    }
    assert naming == BY_THE_RELEASE
