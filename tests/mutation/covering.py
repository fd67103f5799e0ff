"""Which tests run a line of a source, and how long each takes: found out by one run of all of them, and kept."""

from __future__ import annotations

import ast
import hashlib
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from coverage import CoverageData

from tests.mutation.sample import Mutant
from tests.planted.tree import Tree

WORTH_S = 120
"""Tests that take as long as this together are run against a mutant; then it has survived."""
DIRECT = ("tests/unit/", "tests/properties/")
"""Run first: they ask rules for their answer, where others only pass by, and need no world of their own."""


@dataclass(frozen=True, slots=True)
class Covering:
    """``lines``: file → line → tests. ``seconds``: what each test took."""

    lines: dict[str, dict[str, list[str]]]
    seconds: dict[str, float]

    def tests(self, mutant: Mutant, original: str) -> list[str]:
        """The tests that run what is mutated, direct and quick ones first; of what is outside all functions those that
        run anything of its file."""
        lines = self.lines.get(mutant.file, {})
        span = _statement(ast.parse(original), mutant.line) if mutant.function else map(int, lines)
        found = {test for line in span for test in lines.get(str(line), ())}
        chosen: list[str] = []
        worth = 0.0
        for test in sorted(found, key=lambda test: (not test.startswith(DIRECT), self.seconds[test], test)):
            if chosen and worth + self.seconds[test] > WORTH_S:
                break
            chosen.append(test)
            worth += self.seconds[test]
        return chosen

    def patience(self, tests: Sequence[str]) -> float:
        """Seconds after which a mutant waits for ever. The machine may be busier than it was."""
        return 120 + 10 * sum(self.seconds[test] for test in tests)


def covering(tree: Tree, tests: Sequence[str], workers: int, kept: Path) -> Covering:
    """From ``kept``, a folder, if the sources and tests are still the same."""
    stamp = hashlib.sha256(repr(sorted(tests)).encode())
    for path in sorted(path for room in ("chainfin", "api", "tests") for path in (tree.folder / room).rglob("*.py")):
        stamp.update(path.read_bytes())
    file = kept / f"covering-{stamp.hexdigest()[:16]}.json"
    if not file.exists():
        print("mutants: finding out which test runs which line", flush=True)
        found = _collect(tree, tests, workers)
        file.write_text(json.dumps({"lines": found.lines, "seconds": found.seconds}), encoding="utf-8")
    return Covering(**json.loads(file.read_text(encoding="utf-8")))


def _collect(tree: Tree, tests: Sequence[str], workers: int) -> Covering:
    report, data_file = tree.folder / "all.xml", tree.folder / "all.coverage"
    options = ["-p", "no:cacheprovider", "-n", str(workers), "--dist", "loadfile", f"--junitxml={report}"]
    watched = ["--cov=chainfin", "--cov-context=test", "--cov-report="]
    environment = {**tree.environment, "COVERAGE_FILE": str(data_file)}
    command = [sys.executable, "-m", "pytest", *options, *watched, *tests]
    done = subprocess.run(command, cwd=tree.folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"mutants: pytest can't run\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    seconds: dict[str, float] = defaultdict(float)
    unusable = set()
    for case in ElementTree.parse(report).iter("testcase"):
        name = _name(tree.folder, case)
        seconds[name] += float(case.get("time", "0"))
        if {child.tag for child in case} & {"failure", "error"}:
            unusable.add(name)
    if unusable:
        print("mutants: not used, since they fail anyway: " + ", ".join(sorted(unusable)), flush=True)
    usable = {name: round(spent, 3) for name, spent in seconds.items() if name not in unusable}
    return Covering(_lines(tree, data_file, usable), usable)


def _name(folder: Path, case: ElementTree.Element) -> str:
    """A test's id without parameters; the report writes file and class as one dotted name."""
    file, within = folder, []
    for part in str(case.get("classname")).split("."):
        if file.suffix == ".py":
            within.append(part)
        else:
            file = file / part if (file / part).is_dir() else file / f"{part}.py"
    return "::".join([str(file.relative_to(folder)), *within, str(case.get("name")).partition("[")[0]])


def _lines(tree: Tree, data_file: Path, usable: dict[str, float]) -> dict[str, dict[str, list[str]]]:
    data = CoverageData(basename=str(data_file))
    data.read()
    lines: dict[str, dict[str, list[str]]] = {}
    of_file: dict[str, list[str]] = defaultdict(list)
    for test in usable:
        of_file[test.partition("::")[0]].append(test)
    for path in data.measured_files():
        file = str(Path(path).relative_to(tree.folder))
        of_lines = lines[file] = {}
        for line, contexts in data.contexts_by_lineno(path).items():
            found: set[str] = set()
            for context in filter(None, contexts):
                name, _, phase = context.partition("|")
                test = name.partition("[")[0]
                # what a shared fixture sets up is looked at by all tests of the file, not only by the first
                found.update([test] if phase == "run" else of_file[test.partition("::")[0]])
            of_lines[str(line)] = sorted(found & usable.keys())
    return lines


def _statement(tree: ast.Module, line: int) -> range:
    """The lines of the smallest statement around a line; of a compound one its head."""
    best = range(line, line + 1)
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or 0):
            body = getattr(node, "body", None)
            end = body[0].lineno - 1 if body else node.end_lineno
            if end is not None and line <= max(end, node.lineno):
                best = range(node.lineno, max(end, node.lineno) + 1)
    return best
