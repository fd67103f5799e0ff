"""The bugs planted in the contracts keep up with the sources: each stands where it should, none is lacking."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"
#: In a process of its own: the scripts import each other by short names ("compile") that are others' here.
LISTS = """
import json, mutants
from analysis import broken, planted
lists = {"mutants": mutants.MUTANTS, "planted": sum(planted.GROUPS, ()), "broken": broken.BUGS}
places = {name: [(bug.file, bug.before, bug.after) for bug in bugs] for name, bugs in lists.items()}
print(json.dumps({"places": places, "missing": broken.missing(broken.ROOT / "test")}))
"""


@cache
def lists() -> dict[str, Any]:
    command = [sys.executable, "-B", "-c", LISTS]
    done = subprocess.run(command, check=True, cwd=CONTRACTS, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def strays(name: str) -> Iterator[str]:
    for file, before, after in lists()["places"][name]:
        times = (CONTRACTS / "src" / file).read_text(encoding="utf-8").count(before)
        if times != 1 or before == after:
            yield f"{file}: {before!r} stands {times} times"


@pytest.mark.parametrize("name", ["mutants", "planted", "broken"])
def test_bugs__each_of_a_list__stands_once(name: str) -> None:
    assert len(lists()["places"][name]) > 40
    assert list(strays(name)) == []


def test_invariants__each_and_each_message_and_exit__has_a_bug() -> None:
    assert lists()["missing"] == []
