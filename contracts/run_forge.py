"""Runs the contracts' own tests with the forge that npm pins.

`python contracts/run_forge.py [--long | --fmt | --coverage]`

`make test` runs it plainly, `make check` with --fmt (formatting only), `make check-contracts` with --long (10,000 fuzz
runs, deeper invariants, the bytecode as it is deployed) and with --coverage (fails below 98 % of the lines or branches
of src). Where Node isn't installed it says so in one line and exits 0: the committed artifacts are tested
through Python in any case.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))

from compile import CompileFailed, install

#: Settings of the long run and of the coverage's: see foundry.toml.
LONG = {"FOUNDRY_PROFILE": "long", "CHAINFIN_ARTIFACTS": "artifacts"}
COVERAGE = {"FOUNDRY_PROFILE": "coverage"}
#: Least share of lines, and of branches, of src that the tests have to reach, percent.
LEAST_COVERAGE = 98


def binary() -> str:
    """The native forge inside the npm package. npm's own starter isn't used: it hides a failed run's exit code."""
    found = sorted((ROOT / "node_modules" / "@foundry-rs").glob("forge-*/bin/forge*"))
    if not found:
        raise CompileFailed("npm brought no forge for this platform")
    return str(found[0])


def forge(arguments: list[str], extra: dict[str, str], root: Path = ROOT) -> subprocess.CompletedProcess[bytes]:
    """Runs forge offline in `root`."""
    environment = {**os.environ, "FOUNDRY_OFFLINE": "true", **extra}
    return subprocess.run([binary(), *arguments], check=False, cwd=root, env=environment)


def unreached(report: str) -> tuple[dict[str, tuple[int, int]], list[str]]:
    """Of an lcov report: reached and all of "lines" and "branches", and where the unreached ones are."""
    totals = {"lines": (0, 0), "branches": (0, 0)}
    places: list[str] = []
    source = ""
    for line in report.splitlines():
        key, _, value = line.partition(":")
        fields = value.split(",")
        if key == "SF":
            source = value
        elif key in ("DA", "BRDA"):
            kind = "lines" if key == "DA" else "branches"
            hit = fields[-1] not in ("0", "-")
            totals[kind] = (totals[kind][0] + hit, totals[kind][1] + 1)
            if not hit:
                places.append(f"{source}:{fields[0]} ({kind})")
    return totals, places


def coverage() -> int:
    """Measures the coverage of src; returns the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "lcov.info"
        command = ["coverage", "--no-match-coverage", "test/", "--report", "lcov", "--report-file", str(report)]
        done = forge(command, COVERAGE)
        if done.returncode != 0:
            return done.returncode
        totals, places = unreached(report.read_text(encoding="utf-8"))
    for place in places:
        print(f"not reached: {place}")
    for kind, (hit, of) in totals.items():
        print(f"coverage of {kind}: {hit} of {of}, {100 * hit / max(of, 1):.2f} % (least: {LEAST_COVERAGE} %)")
    return 0 if all(of and 100 * hit >= LEAST_COVERAGE * of for hit, of in totals.values()) else 1


def main(argv: list[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(description="Runs the contracts' tests.")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--long", action="store_true", help="10,000 fuzz runs, deeper invariants, deployed bytecode")
    what.add_argument("--fmt", action="store_true", help="only check the formatting")
    what.add_argument("--coverage", action="store_true", help="lines and branches of src that the tests reach")
    args = parser.parse_args(argv)
    if shutil.which("node") is None or shutil.which("npm") is None:
        print("contracts: skipped, Node isn't installed (the tests in Python run the committed artifacts)")
        return 0
    try:
        install()
        if args.fmt:
            return forge(["fmt", "--check"], {}).returncode
        if args.coverage:
            return coverage()
        return forge(["test"], LONG if args.long else {}).returncode
    except CompileFailed as failure:
        print(f"contracts: {failure}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
