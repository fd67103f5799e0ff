"""Tries mutants of the rules, the payments and the lending: do the tests that run a line see that it was changed?

`python -m tests.mutation [--number 300] [--seed 1] [--only PATH] [--tests PATH ...] [--again] [--minutes N]`. Works on
copies, one a worker. What was found out is kept in `.mutants`, so that a run that was broken off goes on; ``--again``
tries the survivors again. A run of all targets stores its score, its survivors and the keys of what was killed in
`tests/mutation/results.json`: another checkout goes on from there. Exit 1 below 90 %, or if not all were tried.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty, Queue

import pytest

from tests.mutation.covering import Covering, covering
from tests.mutation.sample import Mutant, sample
from tests.planted.tree import ROOT, Tree

TARGETS = (
    "chainfin/rules",
    "chainfin/services/payments",
    "chainfin/services/lending",
    "chainfin/values/money.py",
)
TESTS = ("tests/unit", "tests/properties", "tests/storage", "tests/api", "tests/e2e")
LEAST_SCORE = 90
"""Percent of the mutants that the tests have to kill."""
KEPT = ROOT / ".mutants"
STORED = ROOT / "tests" / "mutation" / "results.json"
KILLED, SURVIVED, NO_TEST = "killed", "survived", "no test"


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="mutation", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--number", type=int, default=300, help="how many mutants (300)")
    parser.add_argument("--seed", type=int, default=1, help="which (1)")
    parser.add_argument("--only", help="mutants of files whose path begins with this")
    parser.add_argument("--tests", nargs="+", default=TESTS, help="the tests that are to find them (nearly all)")
    parser.add_argument("--again", action="store_true", help="try once more what survived")
    parser.add_argument("--workers", type=int, default=2, help="processes at once (2)")
    parser.add_argument("--minutes", type=float, help="begin none after so long; the score is of those tried")
    args = parser.parse_args(argv)
    until = None if args.minutes is None else time.monotonic() + 60 * args.minutes
    files = [file for file in _files() if args.only is None or file.startswith(args.only)]
    KEPT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="chainfin-mutants-") as folder:
        tree = Tree(Path(folder))
        mutants = sample(tree.folder, files, args.number, args.seed)
        known = _known(args.again)
        todo = [mutant for mutant in mutants if mutant.key not in known]
        if todo:
            found = covering(tree, args.tests, args.workers, KEPT)
            waiting: Queue[Mutant] = Queue()
            for mutant in todo:
                waiting.put(mutant)
            with ThreadPoolExecutor(args.workers) as pool:
                for ends in pool.map(lambda _: _try_all(found, waiting, until), range(args.workers)):
                    known |= ends
    return _judge(mutants, known, args.seed, store=args.only is None and tuple(args.tests) == TESTS)


def _files() -> list[str]:
    found = [
        path for name in TARGETS for path in ([ROOT / name] if name.endswith(".py") else (ROOT / name).rglob("*.py"))
    ]
    return sorted(str(path.relative_to(ROOT)) for path in found)


def _known(again: bool) -> dict[str, str]:
    """How mutants ended in earlier runs. A kill stays one as long as the mutant is the same."""
    known = {}
    if STORED.exists():
        known = dict.fromkeys(json.loads(STORED.read_text(encoding="utf-8"))["killed"], KILLED)
    path = KEPT / "results.jsonl"
    rows = map(json.loads, path.read_text(encoding="utf-8").splitlines()) if path.exists() else ()
    return known | {row["key"]: row["end"] for row in rows if row["end"] == KILLED or not again}


def _try_all(found: Covering, waiting: Queue[Mutant], until: float | None) -> dict[str, str]:
    """Try what waits, on a copy of the tree of one's own, until nothing does or the time is over."""
    ends: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="chainfin-mutants-") as folder:
        tree = Tree(Path(folder))
        while until is None or time.monotonic() < until:
            try:
                mutant = waiting.get_nowait()
            except Empty:
                return ends
            ends[mutant.key] = _try(tree, found, mutant)
    return ends


def _try(tree: Tree, found: Covering, mutant: Mutant) -> str:
    begun = time.monotonic()
    original = (tree.folder / mutant.file).read_text(encoding="utf-8")
    tests = found.tests(mutant, original)
    end = NO_TEST
    if tests:
        tree.write(mutant.file, mutant.source)
        try:
            end = KILLED if _fails(tree, tests, found.patience(tests)) else SURVIVED
        finally:
            tree.write(mutant.file, original)
    row = {"key": mutant.key, "end": end, **_told(mutant)}
    with (KEPT / "results.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")
    print(f"{end:8} {time.monotonic() - begun:4.0f} s  {mutant.file}:{mutant.line} {mutant.operator}", flush=True)
    if end != KILLED:
        print(f"    - {mutant.before}\n    + {mutant.after}", flush=True)
    return end


def _fails(tree: Tree, tests: Sequence[str], patience: float) -> bool:
    """Whether one of the tests fails, or none of them ends."""
    options = ["-x", "-n", "0", "-p", "no:cacheprovider", "--tb=no", "--hypothesis-seed=0"]
    options.append("--hypothesis-profile=found")
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *options, *tests],
        cwd=tree.folder,
        env=tree.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return process.wait(timeout=patience) not in (0, pytest.ExitCode.NO_TESTS_COLLECTED)
    except subprocess.TimeoutExpired:
        return True
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _told(mutant: Mutant) -> dict[str, str]:
    return {
        "place": f"{mutant.file}:{mutant.function}",
        "operator": mutant.operator,
        "before": mutant.before,
        "after": mutant.after,
    }


def _judge(mutants: Sequence[Mutant], ends: dict[str, str], seed: int, *, store: bool) -> int:
    tried = [mutant for mutant in mutants if mutant.key in ends]
    alive = [mutant for mutant in tried if ends[mutant.key] != KILLED]
    dead = len(tried) - len(alive)
    score = 100 * dead / max(1, len(tried))
    if store:
        survivors = [{**_told(mutant), "end": ends[mutant.key]} for mutant in alive]
        stored = {
            "seed": seed,
            "sampled": len(mutants),
            "tried": len(tried),
            "score": f"{score:.1f}",
            "survivors": survivors,
            "killed": sorted(mutant.key for mutant in tried if ends[mutant.key] == KILLED),
        }
        STORED.write_text(json.dumps(stored, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    print(f"mutants: {dead} of {len(tried)} killed, {score:.1f} % (least: {LEAST_SCORE} %), of {len(mutants)} sampled")
    return 0 if mutants and len(tried) == len(mutants) and score >= LEAST_SCORE else 1


if __name__ == "__main__":
    sys.exit(main())
