"""A bar for whoever looks on: on stderr, on a terminal, and never beside JSON or in a log."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest

from chainfin import samples
from chainfin.demo.folder import read_folder
from chainfin.progress import shown
from chainfin.services.kernel.context import OPERATOR
from chainfin.services.lending import end_of_day
from tests.e2e.site import START, Site, open_site

ROOT = Path(__file__).parents[2]
TODAY = START.date().isoformat()
COMMANDS = [
    (("eod", "--date", TODAY), "accruing loans"),
    (("audit", "reconcile"), "comparing"),
    (("db", "upgrade"), "upgrading the database"),
    (("audit", "verify", "loan.json"), "checking the evidence"),
    (("audit", "replay", "loan.json"), "taking the decision again"),
]
WITH_JSON = [(words, what) for words, what in COMMANDS if words[0] != "db"]


@dataclass
class Desk:
    """A home with one running loan and its bundle, and a way to run commands on it."""

    home: Path
    site: Site

    def run(self, *words: str, terminal: bool) -> tuple[int, str, str]:
        """Exit code, stdout, and what came over stderr, which is a terminal or a pipe."""
        environ = {"PATH": "", "TERM": "xterm", "CHAINFIN_HOME": str(self.home), "PYTHONPATH": str(ROOT)}
        ours, theirs = pty.openpty() if terminal else os.pipe()
        with subprocess.Popen(
            [sys.executable, "-m", "chainfin.cli", *words],
            cwd=self.home,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=theirs,
            text=True,
        ) as process:
            os.close(theirs)
            heard: list[bytes] = []
            listener = threading.Thread(target=_listen, args=(ours, heard))
            listener.start()
            detail, _ = process.communicate(timeout=120)
            listener.join(30)
        os.close(ours)
        return process.returncode, detail, b"".join(heard).decode()


def _listen(end: int, heard: list[bytes]) -> None:
    try:
        while piece := os.read(end, 4096):
            heard.append(piece)
    except OSError:
        return  # how a pseudo-terminal says that the other side is gone


@pytest.fixture(scope="module")
def underwriter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with open_site() as site:
        borrower = site.borrower()
        loan = site.funded(borrower, 500_000_00, site.confirmed(borrower).id)
        made = Desk(site.inst.settings.home, site)
        code, _, detail = made.run("audit", "bundle", loan, "-o", "loan.json", terminal=True)
        assert (code, "collecting the evidence" in detail) == (0, True), detail
        yield made


@pytest.mark.parametrize(("words", "what"), COMMANDS)
def test_bar__on_a_terminal__shown_on_stderr_alone(underwriter: Desk, words: tuple[str, ...], what: str) -> None:
    code, stdout, stderr = underwriter.run(*words, terminal=True)
    assert code == 0, stderr
    assert what in stderr
    assert what not in stdout
    assert "\x1b" not in stdout
    assert stdout


@pytest.mark.parametrize(("words", "what"), WITH_JSON)
def test_bar__beside_json__none(underwriter: Desk, words: tuple[str, ...], what: str) -> None:
    code, stdout, stderr = underwriter.run(*words, "--json", terminal=True)
    assert (code, stderr) == (0, ""), what
    assert json.loads(stdout)


def test_bar__in_a_log__none(underwriter: Desk) -> None:
    code, stdout, stderr = underwriter.run("eod", "--date", TODAY, terminal=False)
    assert (code, stderr) == (0, "")
    assert stdout


class Screen(StringIO):
    """A terminal, as far as anybody asks."""

    def isatty(self) -> bool:
        return True


@contextmanager
def looking_on() -> Iterator[Screen]:
    with pytest.MonkeyPatch.context() as patch:
        screen = Screen()
        patch.setattr(sys, "stderr", screen)
        patch.setenv("TERM", "xterm")
        yield screen


def test_bar__folder_of_documents__shown_unless_quiet(tmp_path: Path) -> None:
    for name, data in samples.trade(START.date(), "SAMPLE-BAR").items():
        (tmp_path / f"{name}.xml").write_bytes(data)
    with looking_on() as screen:
        assert read_folder(tmp_path, quiet=True).documents
    assert screen.getvalue() == ""
    with looking_on() as screen:
        assert read_folder(tmp_path).documents
    assert "reading documents" in screen.getvalue()


def test_bar__steps__tell_how_much_of_how_much() -> None:
    with looking_on() as screen, shown("accruing loans") as step:
        step(3, 7)
    assert "3/7" in screen.getvalue()


def test_bar__while_somebody_warns__the_warning_stands_above_it() -> None:
    before = warnings.showwarning
    with looking_on() as screen, shown("accruing loans") as step:
        step(3, 7)
        warnings.warn("the holidays of 2099 are not known", stacklevel=1)
        step(4, 7)
    lines = screen.getvalue().replace("\r", "\n").splitlines()
    assert any(line.endswith("chainfin: the holidays of 2099 are not known") for line in lines), lines
    assert warnings.showwarning is before


def test_eod__each_loan__is_told(underwriter: Desk) -> None:
    reply: list[tuple[int, int | None]] = []
    underwriter.site.ctx.clock.move_to(underwriter.site.ctx.clock.now().replace(day=START.day + 1))
    done = end_of_day.run(
        underwriter.site.ctx, OPERATOR, underwriter.site.today, lambda at, total: reply.append((at, total))
    )
    assert done.journals > 0
    assert reply == [(0, done.loans)]
