"""Proves the `check_` functions in test/symbolic/ with halmos, over all inputs and all contents of the contracts.

`python contracts/analysis/prove.py [--only REGEX] [--planted]`. Prints a line per proof with its time; exit 1 if one
fails or can't be finished. `--planted` turns it round: bugs are planted in a copy of the sources, several at once in
different functions, and each proof that is to see one has to fail. Bounds and assumptions: README.md. Where halmos
isn't installed (`make .venv-halmos/.ready`), it says so and exits 0.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from analysis.planted import GROUPS, Planted
from compile import CompileFailed, install
from run_forge import binary

BIN = ROOT.parent / ".venv-halmos" / "bin"
#: Loops are followed this often: two named pledges, two parts of a split, and the step that leaves the loop.
LOOP = 3
#: Per question to the solver, seconds. Too long counts as failed.
SOLVER_SECONDS = 300
#: What halmos says of a proof, by exit code.
OUTCOMES = {0: "proved", 1: "REFUTED", 2: "TIMEOUT", 3: "STUCK", 4: "REVERTS ALWAYS"}


def halmos(root: Path, only: str, extra: list[str], settings: dict[str, str]) -> list[dict[str, Any]]:
    """Name, exit code, time and paths of each proof in `root`; raises CompileFailed if halmos doesn't run."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        environment = {
            **os.environ,
            "FOUNDRY_OFFLINE": "true",
            "FOUNDRY_PROFILE": "symbolic",
            "PATH": f"{Path(binary()).parent}{os.pathsep}{os.environ['PATH']}",
            **settings,
        }
        # The solver of the wheel: halmos would download one.
        command = [str(BIN / "halmos"), "--solver-command", str(BIN / "yices-smt2"), "--no-status"]
        command += ["--forge-build-out", "out/symbolic", "--match-contract", "Proofs$", "--match-test", only]
        command += ["--loop", str(LOOP), "--solver-timeout-assertion", f"{SOLVER_SECONDS}s"]
        command += ["--json-output", str(report), *extra]
        done = subprocess.run(command, check=False, cwd=root, env=environment, capture_output=True, text=True)
        if not report.exists():
            raise CompileFailed(f"halmos: {(done.stdout + done.stderr).strip()[-2000:]}")
        if "not been fully explored" in done.stdout + done.stderr:
            raise CompileFailed(f"halmos: the bound of {LOOP} left paths out\n{done.stdout[-2000:]}")
        results: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))["test_results"]
    return [{**one, "contract": name.split(":")[-1]} for name, ones in sorted(results.items()) for one in ones]


def name_of(result: dict[str, Any]) -> str:
    """`Contract.check_function` without the types."""
    return f"{result['contract']}.{str(result['name']).split('(')[0]}"


def prove(only: str) -> int:
    """Runs the proofs; returns the exit code."""
    results = halmos(ROOT, only, [], {})
    for one in results:
        print(f"{OUTCOMES.get(one['exitcode'], 'ERROR'):14} {(one['time'] or [0])[0]:6.1f} s  {name_of(one)}")
    proved = sum(one["exitcode"] == 0 for one in results)
    print(f"halmos: {proved} of {len(results)} proved")
    return 0 if results and proved == len(results) else 1


def plant(bugs: tuple[Planted, ...], source: Path) -> None:
    """Puts the bugs into the sources; raises CompileFailed if a place isn't there exactly once."""
    for bug in bugs:
        path = source / bug.file
        text = path.read_text(encoding="utf-8")
        if text.count(bug.before) != 1:
            raise CompileFailed(f"planted: {bug.before!r} stands {text.count(bug.before)} times in {bug.file}")
        path.write_text(text.replace(bug.before, bug.after), encoding="utf-8")


def planted(only: str) -> int:
    """Each group of bugs in one copy of the sources; returns the exit code."""
    blind: list[str] = []
    for bugs in GROUPS:
        wanted = {proof for bug in bugs for proof in bug.proofs if re.search(only, f"{proof}(")}
        if not wanted:
            continue
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder) / "contracts"
            ignored = shutil.ignore_patterns("node_modules", "artifacts", "__pycache__", "out", "cache")
            shutil.copytree(ROOT, work, ignore=ignored)
            (work / "node_modules").symlink_to(ROOT / "node_modules")
            plant(bugs, work / "src")
            functions = "|".join(sorted({proof.split(".check_")[1] for proof in wanted}))
            # Without the IR pipeline, which takes the compiler four times as long.
            results = halmos(work, f"({functions})\\(", ["--early-exit"], {"FOUNDRY_VIA_IR": "false"})
        seen = {name_of(one) for one in results if one["exitcode"] == 1}
        for proof in sorted(wanted):
            print(f"{'refuted ' if proof in seen else 'MISSED  '} {proof}", flush=True)
        blind += sorted(wanted - seen)
    print(f"planted: {len(blind)} proofs missed their bug")
    return 1 if blind else 0


def main(argv: list[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(description="Proves the contracts' rules with halmos.")
    parser.add_argument("--only", default="", help="only proofs whose name matches, e.g. '(expire|buyBack)\\('")
    parser.add_argument("--planted", action="store_true", help="plant bugs; the proofs have to fail")
    args = parser.parse_args(argv)
    if not (BIN / "halmos").exists():
        print("halmos: skipped, it isn't installed here")
        return 0
    try:
        install()
        return planted(args.only) if args.planted else prove(args.only)
    except CompileFailed as failure:
        print(failure, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
