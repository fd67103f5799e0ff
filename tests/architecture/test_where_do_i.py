"""docs/architecture.md speaks of files and functions that exist, and its ways are as short as it says."""

from __future__ import annotations

import pytest

from tests.architecture.markdown import ROOT, names_in, quoted, rows, section

TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
JOBS = {row[0]: row for row in rows(section(TEXT, "Where do I …?"))}
WANTED = [
    "post an order",
    "acknowledge",
    "despatch",
    "receive",
    "issue a claim",
    "confirm",
    "dispute and resolve",
    "split",
    "transfer",
    "default",
    "credit note",
    "apply",
    "decide",
    "review by a person",
    "hold a limit",
    "margin call",
    "register a pledge with the registry",
    "release it",
    "substitute",
    "take in a payment",
    "allocate it",
    "pay out",
    "buy back",
    "suspend a party",
    "admit one",
    "sign in",
    "end of day",
    "reconcile",
    "evidence",
]
WAYS = {"One request in ten stops": 10, "A repayment in twelve stops": 12}


def stops(heading: str) -> list[tuple[str, str]]:
    """(file, function) of each stop."""
    found = [row[1].strip("`").partition(":") for row in rows(section(TEXT, heading))]
    return [(path, name) for path, _, name in found]


@pytest.mark.parametrize("job", WANTED)
def test_job__each_that_people_look_for__is_in_the_table(job: str) -> None:
    assert job in JOBS


@pytest.mark.parametrize("job", JOBS)
def test_job__file_and_functions__exist(job: str) -> None:
    _, _, file, functions = JOBS[job]
    (path,) = quoted(file)
    assert (ROOT / path).is_file()
    assert quoted(functions)
    assert set(quoted(functions)) <= names_in(path)


@pytest.mark.parametrize("heading", WAYS)
def test_way__each_stop__exists(heading: str) -> None:
    missing = [stop for stop in stops(heading) if not (ROOT / stop[0]).is_file() or stop[1] not in names_in(stop[0])]
    assert missing == []


@pytest.mark.parametrize(("heading", "most"), WAYS.items())
def test_way__number_of_stops__is_as_promised(heading: str, most: int) -> None:
    assert 0 < len(stops(heading)) <= most
    assert [row[0] for row in rows(section(TEXT, heading))] == [str(at + 1) for at in range(len(stops(heading)))]


def test_repayment__its_way__comes_back_to_no_file() -> None:
    paths = [path for path, _ in stops("A repayment in twelve stops")]
    assert len(paths) == len(set(paths))


def test_rooms__in_the_table__are_those_of_services() -> None:
    named = {quoted(row[0])[0] for row in rows(section(TEXT, "The eleven rooms of `chainfin/services`"))}
    folders = {each.name for each in (ROOT / "chainfin" / "services").iterdir() if (each / "__init__.py").is_file()}
    assert named == folders
