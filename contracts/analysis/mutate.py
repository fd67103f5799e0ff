"""Has slither-mutate's operators change the contracts, and runs the forge tests on a sample of the changes.

`python contracts/analysis/mutate.py [--number 50] [--seed 1] [--again]`. Slither only says what could be changed
(`changes.py`, in its own environment, on a copy: its own runner works in place and tries all). Prints a line per change
and the score; exit 1 below 90 % killed. What was killed is kept in `.mutants`, so that a run that was broken off goes
on; a change that doesn't compile is none. Without Node or Slither it says so and exits 0.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from analysis.kill import NEAR, NEAR_OTHERS, passes, run
from compile import CompileFailed, install
from run_forge import binary

PYTHON = ROOT.parent / ".venv-slither" / "bin" / "python"
KEPT = ROOT.parent / ".mutants" / "contracts.jsonl"
#: Least share of the changes that the tests have to kill, percent.
LEAST_SCORE = 90
KEPT_OUT = ("node_modules", "artifacts", "__pycache__", "out", "cache", "long", "symbolic", "coverage", "build")

Change = dict[str, Any]


def changes(work: Path) -> list[Change]:
    """All that Slither would change in `src`: file, start and end (bytes), the new text, and the operator."""
    environment = {
        **os.environ,
        "FOUNDRY_OFFLINE": "true",
        # Of its own, without the tests: Slither wants the syntax trees, which the others' builds leave out.
        "FOUNDRY_OUT": str(work / "out-slither"),
        "FOUNDRY_CACHE_PATH": str(work / "cache-slither"),
        "FOUNDRY_TEST": str(work / "no-tests"),
        "PATH": f"{Path(binary()).parent}{os.pathsep}{os.environ['PATH']}",
    }
    told = work / "changes.json"
    command = [str(PYTHON), str(Path(__file__).with_name("changes.py")), str(work), str(told)]
    done = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CompileFailed(f"slither: {done.stderr.strip()[-2000:]}")
    found: list[Change] = json.loads(told.read_text(encoding="utf-8"))
    return found


def key(change: Change) -> str:
    """Of the change and the line around it: an edit elsewhere leaves it as it is."""
    parts = (change["file"], change["line"], change["new"], change["operator"])
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def killed(work: Path, change: Change) -> bool | None:
    """Whether the tests see the change; None if it doesn't compile."""
    target = work / change["file"]
    original = target.read_bytes()
    target.write_bytes(original[: change["start"]] + change["new"].encode() + original[change["end"] :])
    near = NEAR.get(change["file"].removeprefix("src/"), NEAR_OTHERS)
    try:
        if run(work, ["build"]).returncode != 0:
            return None
        return not passes(work, ["--match-path", f"test/{near}.t.sol"]) or not passes(work, [])
    finally:
        target.write_bytes(original)


def main(argv: list[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(description="Tries changes that Slither's operators make.")
    parser.add_argument("--number", type=int, default=50, help="how many (50)")
    parser.add_argument("--seed", type=int, default=1, help="which (1)")
    parser.add_argument("--again", action="store_true", help="try once more what survived")
    args = parser.parse_args(argv)
    if shutil.which("node") is None or not PYTHON.exists():
        print("mutate: skipped, Node or Slither isn't installed (make .venv-slither/.ready)")
        return 0
    install()
    KEPT.parent.mkdir(exist_ok=True)
    rows = [json.loads(line) for line in KEPT.read_text(encoding="utf-8").splitlines()] if KEPT.exists() else []
    known = {row["key"]: row["killed"] for row in rows if row["killed"] is not False or not args.again}
    dead = tried = 0
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder) / "contracts"
        shutil.copytree(ROOT, work, ignore=shutil.ignore_patterns(*KEPT_OUT))
        (work / "node_modules").symlink_to(ROOT / "node_modules")
        lots = sorted(changes(work), key=lambda change: hashlib.sha256(f"{args.seed}{key(change)}".encode()).digest())
        if run(work, ["build"]).returncode != 0 or not passes(work, []):
            raise SystemExit("mutate: the tests fail without a change")
        for change in lots:
            if tried == args.number:
                break
            name = key(change)
            if name not in known:
                known[name] = killed(work, change)
                with KEPT.open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"key": name, "killed": known[name]}) + "\n")
            if known[name] is None:
                continue
            tried += 1
            dead += known[name]
            word = "killed  " if known[name] else "SURVIVED"
            print(f"{word} {change['file']} {change['operator']}: {change['line']} -> {change['new']}", flush=True)
    print(f"mutate: {dead} of {tried} killed, {100 * dead / max(1, tried):.1f} % (least: {LEAST_SCORE} %)")
    return 0 if tried and 100 * dead >= LEAST_SCORE * tried else 1


if __name__ == "__main__":
    sys.exit(main())
