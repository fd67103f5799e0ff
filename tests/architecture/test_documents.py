"""What the documents point at is there: relative links, their anchors, and the commands that they tell to type."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperGroup

from chainfin.cli.main import app
from tests.architecture.markdown import ROOT, documents

_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(<?([^)\s>]+)>?\)|!\[[^\]]*\]\(<?([^)\s>]+)>?\)")
_COMMAND = re.compile(r"(?:^|[`$\s/])chainfin((?: [a-z][a-z|-]*)+)", re.MULTILINE)
_CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)


def links(path: Path) -> list[str]:
    """Targets of the links, those to other sites left out. What stands in code is no link."""
    text = _CODE.sub("", path.read_text(encoding="utf-8"))
    found = [one or other for one, other in _LINK.findall(text)]
    return [target for target in found if not re.match(r"[a-z]+:", target)]


def anchors(path: Path) -> set[str]:
    """The headings' anchors as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.strip().lower()).replace(" ", "-") for each in headings}


def commands(text: str) -> list[list[str]]:
    """The words after ``chainfin`` in code; ``show|commit`` stands for two commands."""
    code = "\n".join(_CODE.findall(text))
    return [found.split() for found in _COMMAND.findall(code)]


def unknown(words: list[str], command: object) -> str | None:
    """The first word that should be a command and is none. After a command that is no group come arguments."""
    for at, word in enumerate(words):
        if not isinstance(command, TyperGroup):
            return None
        for name in word.split("|"):
            if name not in command.commands:
                return name
        if "|" in word:
            return None if at + 1 == len(words) else words[at + 1]
        command = command.commands[word]
    return None


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links__relative_ones__lead_somewhere(path: Path) -> None:
    broken = []
    for target in links(path):
        name, _, anchor = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_commands__that_a_document_tells_to_type__exist(path: Path) -> None:
    if path.name == "CHANGELOG.md":
        pytest.skip("it tells of commands as they were")
    root = typer.main.get_command(app)
    wrong = [" ".join(words) for words in commands(path.read_text(encoding="utf-8")) if unknown(words, root)]
    assert wrong == []


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("```\nchainfin audit bundle $LOAN\n```", None),
        ("`chainfin audit nothing`", "nothing"),
        ("`chainfin documents show|commit`", None),
        ("`chainfin documents show|eat`", "eat"),
        ("`chainfin eod`", None),
        ("`chainfin dance`", "dance"),
    ],
)
def test_search__of_commands__knows_those_that_exist(typed: str, word: str | None) -> None:
    (words,) = commands(typed)
    assert unknown(words, typer.main.get_command(app)) == word


def test_search__of_documents__finds_the_readme_and_the_decisions() -> None:
    names = {str(path.relative_to(ROOT)) for path in documents()}
    assert {"README.md", "docs/architecture.md", "docs/adr/README.md"} <= names


_PATH = re.compile(r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|sol|json|toml|md|sh))`")
_MODULE = re.compile(r"`(chainfin(?:\.[a-z_0-9]+)+)")
_BASES = ("", "chainfin", "contracts/src", "contracts/test")
"""Where a path that a document names may begin."""


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_files__that_a_document_names_by_their_path__exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    bases = [path.parent, *(ROOT / base for base in _BASES)]
    missing = [name for name in _PATH.findall(text) if not any((base / name).exists() for base in bases)]
    for name in _MODULE.findall(text):
        file = ROOT.joinpath(*name.split("."))
        # the last part may be something that the module defines
        if not any(each.with_suffix(".py").is_file() or each.is_dir() for each in (file, file.parent)):
            missing.append(name)
    if path.name != "CHANGELOG.md":  # it tells of files as they were
        assert missing == []
