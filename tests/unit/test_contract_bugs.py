"""The bugs planted in the contracts keep up with the sources: each stands where it should, none is lacking."""

from __future__ import annotations

import json
import re
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
proofs = sorted({proof for bug in lists["planted"] for proof in bug.proofs})
rules = [mutant.rule for mutant in mutants.MUTANTS]
missing = broken.missing(broken.ROOT / "test")
print(json.dumps({"places": places, "missing": missing, "proofs": proofs, "rules": rules}))
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


def test_mutants__rules__each_once() -> None:
    rules = lists()["rules"]
    assert len(set(rules)) == len(rules)


def test_proofs__each__has_a_bug_and_what_a_bug_names_exists() -> None:
    sources = (CONTRACTS / "test" / "symbolic").glob("*Proofs.sol")
    pattern = re.compile(r"function (check_\w+)")
    proofs = {f"{path.stem}.{name}" for path in sources for name in pattern.findall(path.read_text(encoding="utf-8"))}
    named = lists()["proofs"]
    # a name stands for all proofs that begin with it
    assert [name for name in named if not any(proof.startswith(name) for proof in proofs)] == []
    assert [proof for proof in sorted(proofs) if not any(proof.startswith(name) for name in named)] == []
