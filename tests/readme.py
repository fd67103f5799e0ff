"""`make readme`: does what the README and the guides tell a newcomer to do, word for word, on a service of its own.

Every ``bash`` block is run, in the order in which the README links the guides, by one shell in a temporary folder that
looks like the clone. A ``text`` block is what the block before it prints: ``…`` stands for whatever varies, on a line
of its own for any lines. A ``diagram`` is looked at only; what stands in a ``ts`` block is taken from what
`make clients` runs. Needs nothing but the installed project.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIMIT_S = 480
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_GUIDE = re.compile(r"\]\((docs/(?:guide|operate)/[\w-]+\.md)\)")
_MARK = "@@ block"


@dataclass(frozen=True)
class Block:
    """Commands of a document, where they stand, and what they print (None: that isn't shown)."""

    place: str
    commands: str
    shown: str | None


def guides() -> list[Path]:
    """The README, the guides and those pages of the operator's handbook that hold blocks, in the order of its links."""
    readme = ROOT / "README.md"
    names = dict.fromkeys(_GUIDE.findall(readme.read_text(encoding="utf-8")))
    return [readme, *(path for path in (ROOT / name for name in names) if has_blocks(path))]


def has_blocks(path: Path) -> bool:
    return _FENCE.search(path.read_text(encoding="utf-8")) is not None


def blocks(path: Path) -> list[Block]:
    """Raises ValueError for a fence that says neither what it is nor what printed it."""
    text = path.read_text(encoding="utf-8")
    found: list[Block] = []
    end = 0
    for fence in _FENCE.finditer(text):
        place = f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, fence.start()) + 1}"
        language, content = fence.groups()
        if language == "bash":
            found.append(Block(place, content, None))
        elif language == "text" and found and not text[end : fence.start()].strip():
            found[-1] = Block(found[-1].place, found[-1].commands, content)
        elif language not in ("diagram", "ts"):
            raise ValueError(
                f"{place}: neither bash, nor the text that a block before it prints, nor a diagram, nor ts"
            )
        end = fence.end()
    return found


def is_shown(printed: str, shown: str) -> bool:
    """Whether a block printed what the document shows."""
    lines = ["(?:.*\n)*?" if line == "…" else re.escape(line).replace("…", ".*") + "\n" for line in shown.splitlines()]
    return re.fullmatch("".join(lines), printed) is not None


def script(todo: list[Block]) -> str:
    """One shell for all, so that names set in one block are known in the next."""
    parts = ["set -eu -o pipefail\n"]
    parts += [f"echo '{_MARK}' {number} $EPOCHREALTIME\n{block.commands}" for number, block in enumerate(todo)]
    return "".join(parts) + f"echo '{_MARK}' {len(todo)} $EPOCHREALTIME\n"


def _clone(folder: Path) -> None:
    """What the clone has, by links; what the commands write stays in ``folder``."""
    for each in ROOT.iterdir():
        if each.name not in (".chainfin", "try", "serve.log", ".git"):
            (folder / each.name).symlink_to(each)


def _environment() -> dict[str, str]:
    """That of a newcomer, but for a port that is free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHAINFIN_")}
    return kept | {"CHAINFIN_PORT": str(port)}  # commands follow it; `try/env` names the URL to other programs


def _run(todo: list[Block], folder: Path) -> tuple[int, str, str]:
    """Exit code, what was printed and what was complained of. Whatever was left running is ended."""
    (folder / "blocks.sh").write_text(script(todo), encoding="utf-8")
    out, err = folder / "printed", folder / "complained"
    with out.open("w") as printed, err.open("w") as complained:
        shell = subprocess.Popen(
            ["bash", "blocks.sh"],
            cwd=folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=complained,
            start_new_session=True,
        )
        try:
            code = shell.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            code = -1
        finally:
            with suppress(ProcessLookupError):  # nothing was left running
                os.killpg(shell.pid, signal.SIGTERM)
    return code, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8")


def _report(todo: list[Block], code: int, printed: str, complained: str) -> bool:
    """Say of each block how it went. Returns whether all went well."""
    parts = re.split(rf"^{_MARK} (\d+) ([\d.]+)\n", printed, flags=re.MULTILINE)[1:]
    marks = [(int(number), float(at), text) for number, at, text in zip(*[iter(parts)] * 3, strict=True)]
    good = code == 0 and len(marks) == len(todo) + 1
    for (number, began, text), (_, ended, _) in pairwise(marks):
        block = todo[number]
        right = block.shown is None or is_shown(text, block.shown)
        good &= right
        print(f"{'ok  ' if right else 'ODD '} {block.place}  {ended - began:.1f} s")
        if not right:
            print(f"shown:\n{block.shown}\nprinted:\n{text}")
    if code != 0:
        where = todo[marks[-1][0]].place if marks else "the start"
        why = f"not done after {LIMIT_S} s" if code == -1 else f"exit code {code}"
        print(f"BAD  {where}: {why}\nprinted:\n{marks[-1][2] if marks else ''}\ncomplained:\n{complained[-4000:]}")
    return good


def main() -> int:
    todo = [block for path in guides() for block in blocks(path)]
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="chainfin-readme-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        _clone(folder)
        good = _report(todo, *_run(todo, folder))
        if not good and (log := folder / "serve.log").exists():
            print(f"the service's last lines:\n{log.read_text()[-2000:]}")
    lines = sum(len(block.commands.splitlines()) for block in todo)
    verdict = "all as shown" if good else "NOT as shown"
    print(f"{len(todo)} blocks, {lines} lines in {time.monotonic() - began:.0f} s: {verdict}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
