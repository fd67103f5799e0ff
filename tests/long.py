"""All the long checks, one after the other, and at the end one table of their figures.

`python -m tests.long [NAME ...]`. What each printed is in `build/long/NAME.log`. A check that broke off may be run
again by its name; those that keep what they found go on. Exit 1 if one fails.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOGS = ROOT / "build" / "long"


@dataclass(frozen=True, slots=True)
class Check:
    """A command whose last line that isn't empty is its figure. ``size``: what it is about, in the table."""

    name: str
    size: str
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    node: bool = False


PYTEST = ("-m", "pytest", "-n", "0", "-p", "no:cacheprovider")
ROUNDS = os.environ.get("ROUNDS", "200")
CHECKS = (
    Check(
        "differential",
        "10,000 acts, rules and contracts",
        (*PYTEST, "tests/differential", "--ignore", "tests/differential/services"),
        {"CHAINFIN_DIFFERENTIAL_STEPS": "10000"},
        node=True,
    ),
    Check(
        "services",
        "10,000 acts, services and contracts",
        (*PYTEST, "tests/differential/services"),
        {"CHAINFIN_DIFFERENTIAL_STEPS": "10000"},
    ),
    Check(
        "histories",
        "20,000 loans, heard of in any order",
        (*PYTEST, "tests/properties/test_value_dates.py", "tests/properties/test_service_histories.py"),
        {"CHAINFIN_HISTORIES": "20000"},
    ),
    Check("fuzz", "contracts, 10,000 runs a test", ("contracts/run_forge.py", "--long"), node=True),
    Check("soak", f"kill -9, {ROUNDS} times", (*PYTEST, "tests/crash/test_kill.py"), {"CHAINFIN_CRASH_ROUNDS": ROUNDS}),
    Check(
        "interleavings",
        "mandates and limits, 10,000 orders",
        (*PYTEST, "tests/properties/test_mandate_interleavings.py"),
        {"CHAINFIN_INTERLEAVINGS": "10000"},
    ),
    Check(
        "margin",
        "prices, counts, days: 200 histories",
        (*PYTEST, "tests/properties/test_margin_machine.py"),
        {"CHAINFIN_MARGIN_EXAMPLES": "200"},
    ),
    Check(
        "goods",
        "goods, loans, money: 100,000 steps",
        (*PYTEST, "tests/properties/test_goods_machine.py"),
        {"CHAINFIN_GOODS_STEPS": "100000"},
    ),
    Check(
        "answers",
        "partners' texts, times, data: 300 each",
        (*PYTEST, "tests/e2e/test_partners_answers.py", "tests/e2e/test_odd_lines.py"),
        {"CHAINFIN_PARTNER_TEXTS": "300"},
    ),
    Check(
        "documents",
        "100,000 numbers, 10,000 changes a format",
        (*PYTEST, "tests/properties/test_documents_at_length.py"),
        {"CHAINFIN_NUMBER_PAIRS": "100000", "CHAINFIN_BYTE_CHANGES": "10000"},
    ),
    Check("api", "every operation, made-up calls: 10 minutes", ("-m", "tests.api.fuzz", "--minutes", "10")),
    Check("planted", "a bug for each requirement", ("-m", "tests.planted")),
    Check("mutants", "rules, payments, lending", ("-m", "tests.mutation")),
    Check("contract-bugs", "a bug for each rule of the contracts", ("contracts/mutants.py",), node=True),
    Check("contract-mutants", "generated, of the contracts", ("contracts/analysis/mutate.py",), node=True),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a check ended: its figure, or why it didn't run."""

    check: Check
    word: str
    figure: str
    seconds: float = 0

    def line(self) -> str:
        minutes = f"{self.seconds / 60:6.1f} min"
        return f"{self.word:8} {minutes}  {self.check.name:17} {self.check.size:38} {self.figure}"


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    names = [check.name for check in CHECKS]
    parser = argparse.ArgumentParser(prog="long", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(names)}; all")
    args = parser.parse_args(argv)
    unknown = set(args.names) - set(names)
    if unknown:
        parser.error(f"{', '.join(sorted(unknown))}: none of {', '.join(names)}")
    outcomes = []
    for check in CHECKS:
        if not args.names or check.name in args.names:
            outcomes.append(run(check))
            print(outcomes[-1].line(), flush=True)
    print()
    print(*(outcome.line() for outcome in outcomes), sep="\n")
    return 1 if any(outcome.word == "failed" for outcome in outcomes) else 0


def run(check: Check) -> Outcome:
    """Runs one check; what it prints goes to its log."""
    if check.node and shutil.which("node") is None:
        return Outcome(check, "skipped", "Node isn't installed")
    LOGS.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    log = LOGS / f"{check.name}.log"
    with log.open("w", encoding="utf-8") as file:
        done = subprocess.run(
            [sys.executable, *check.command],
            cwd=ROOT,
            env={**os.environ, **check.environment},
            stdout=file,
            stderr=subprocess.STDOUT,
            check=False,
        )
    printed = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    figure = printed[-1].strip()[:100] if printed else "it printed nothing"
    return Outcome(check, "failed" if done.returncode else "ok", figure, time.monotonic() - begun)


if __name__ == "__main__":
    sys.exit(main())
