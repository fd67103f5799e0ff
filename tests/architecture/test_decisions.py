"""docs/adr/README.md has every decision once, under its own title, with a status that holds."""

from __future__ import annotations

import re
from pathlib import Path

from tests.architecture.markdown import ROOT, rows

FOLDER = ROOT / "docs" / "adr"
INDEX = rows((FOLDER / "README.md").read_text(encoding="utf-8"))
_ENTRY = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")
_STATUS = re.compile(r"accepted|superseded by \[(\d{4})[^\]]*\]\((\d{4}-[^)]+\.md)\)")


def files() -> list[Path]:
    return sorted(FOLDER.glob("[0-9]*.md"))


def heading(path: Path) -> str:
    return path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")


def entries() -> list[tuple[str, str]]:
    """(title, file name) of each row."""
    found = [_ENTRY.fullmatch(row[0]) for row in INDEX]
    return [(entry[1], entry[2]) for entry in found if entry is not None]


def test_index__each_decision__stands_in_it_once() -> None:
    assert sorted(name for _, name in entries()) == [path.name for path in files()]
    assert len(entries()) == len(INDEX)


def test_index__each_title__is_the_files_own() -> None:
    assert [title for title, name in entries() if heading(FOLDER / name) != title] == []


def test_files__each__begins_with_its_number_which_no_other_has() -> None:
    numbers = [path.name[:4] for path in files()]
    assert len(numbers) == len(set(numbers))
    assert [path.name for path in files() if not heading(path).startswith(path.name[:4] + " ")] == []


def test_status__each__is_accepted_or_names_the_file_that_supersedes_it() -> None:
    found = [_STATUS.fullmatch(row[1]) for row in INDEX]
    assert all(found)
    names = [(status[1], status[2]) for status in found if status is not None and status[1]]
    assert [name for number, name in names if not name.startswith(number) or not (FOLDER / name).is_file()] == []
