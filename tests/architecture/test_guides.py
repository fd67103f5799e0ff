"""README and guides: short, each block of a kind that `make readme` knows, and every guide reached by it."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from tests import readme

CLONE = 2
"""`git clone` and `cd`, which come before."""


def commands(block: readme.Block) -> list[str]:
    """The commands of a block; a line that ends in a backslash goes on."""
    lines = block.commands.replace("\\\n", " ").splitlines()
    return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]


def test_readme__from_the_clone_to_an_audited_loan__at_most_25_commands() -> None:
    found = [command for block in readme.blocks(readme.ROOT / "README.md") for command in commands(block)]
    assert any("audit verify" in command for command in found)
    assert len(found) + CLONE <= 25, found


def test_guides__in_their_folder__are_all_run() -> None:
    guides = set((readme.ROOT / "docs" / "guide").glob("*.md"))
    handbook = {path for path in (readme.ROOT / "docs" / "operate").glob("*.md") if readme.has_blocks(path)}
    assert handbook
    assert set(readme.guides()[1:]) == guides | handbook


@pytest.mark.parametrize("path", readme.guides(), ids=lambda path: path.name)
def test_blocks__of_each_guide__are_known_and_some_show_what_they_print(path: Path) -> None:
    found = readme.blocks(path)
    assert found
    assert any(block.shown is not None for block in found)


def test_typescript__in_guides__stands_in_what_make_clients_runs() -> None:
    run = [file.read_text() for file in (readme.ROOT / "tests" / "clients").iterdir() if file.suffix in (".ts", ".mjs")]
    found = [
        text for path in readme.guides() for text in re.findall(r"^```ts\n(.*?)^```$", path.read_text(), re.M | re.S)
    ]
    assert found
    assert [text for text in found if not any(text in program for program in run)] == []


@pytest.mark.parametrize(
    ("printed", "shown", "same"),
    [
        ("final\n", "final\n", True),
        ("final\nfinal\n", "final\n", False),
        ("refused\n", "final\n", False),
        ("0xab12 is it\n", "0x… is it\n", True),
        ("one\ntwo\nthree\n", "…\nthree\n", True),
        ("three\n", "…\nthree\n", True),
        ("one\ntwo\n", "…\nthree\n", False),
        ("a.b\n", "a…c\n", False),
        ("axb\n", "a.b\n", False),
    ],
)
def test_shown__against_what_was_printed__only_the_marks_vary(printed: str, shown: str, same: bool) -> None:
    assert readme.is_shown(printed, shown) is same


def test_fence__of_an_unknown_kind__refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "odd.md"
    monkeypatch.setattr(readme, "ROOT", tmp_path)
    file.write_text("```\nchainfin demo\n```\n")
    with pytest.raises(ValueError, match=r"odd\.md:1"):
        readme.blocks(file)


@pytest.mark.parametrize(
    ("commands", "shown", "code", "said"),
    [
        ("NAME=you\n```\n```bash\necho hello $NAME", "hello …", 0, "2 blocks, 2 lines"),
        ("echo hello", "goodbye", 1, "ODD  README.md:1"),
        ("true\nfalse\necho hello", "hello", 1, "BAD  README.md:1: exit code 1"),
    ],
    ids=["as shown", "not as shown", "a command that fails"],
)
def test_run__of_blocks__ends_as_they_do(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    commands: str,
    shown: str,
    code: int,
    said: str,
) -> None:
    (tmp_path / "README.md").write_text(f"```bash\n{commands}\n```\n```text\n{shown}\n```\n")
    monkeypatch.setattr(readme, "ROOT", tmp_path)
    assert readme.main() == code
    assert said in capfd.readouterr().out


def test_run__that_leaves_something_running__ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "README.md").write_text("```bash\nsleep 600 &\necho $! > kept/pid\n```\n")
    monkeypatch.setattr(readme, "ROOT", tmp_path)
    assert readme.main() == 0
    command = Path("/proc") / (tmp_path / "kept" / "pid").read_text().strip() / "cmdline"
    for _ in range(500):
        if not command.exists() or b"sleep" not in command.read_bytes():
            return
        time.sleep(0.01)
    raise AssertionError("it sleeps on")
