"""Shows each stateful invariant to fail on planted bugs, each assertion of it by its own message.

`python contracts/analysis/broken.py [--only TEXT]`. Plants one bug at a time in a copy of the sources and runs only the
invariants that are to see it, with a fixed seed. Counts only a failure of that very assertion: not one of another, nor
of the handler. Prints a line for each; exit 1 if one isn't shown, or if an invariant, one of its messages or an exit
has no bug in the lists. Without Node it says so and exits 0.
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

from analysis import broken_acts, broken_state
from analysis.broken_state import Broken
from compile import CompileFailed, install
from run_forge import binary

BUGS = (
    *broken_state.TOLD,
    *broken_state.CONSERVED,
    *broken_state.PLEDGED,
    *broken_state.MATCHED,
    *broken_state.LINED,
    *broken_acts.STRANGERS_KEY,
    *broken_acts.STRANGERS_CLAIM,
    *broken_acts.STRANGERS_PLEDGE,
    *broken_acts.EXITS,
)
#: What forge puts before an assertion that fails before the first act.
AT_ONCE = "failed to set up invariant testing environment: "
#: How many sequences may pass before the bug has to show, and how many have to pass without one.
WITH_BUG, WITHOUT = 96, 1
#: Long enough sequences for the rarest bug. Nothing is shrunk: it is the message that counts.
SETTINGS = {
    "FOUNDRY_OFFLINE": "true",
    "FOUNDRY_LINT_LINT_ON_BUILD": "false",
    "FOUNDRY_OPTIMIZER": "false",
    "FOUNDRY_INVARIANT_DEPTH": "400",
    "FOUNDRY_INVARIANT_SHRINK_RUN_LIMIT": "0",
}


def demanded(tests: Path) -> tuple[set[str], set[str], set[str]]:
    """Of the sources in `tests`: the invariants' names, their assertions' messages, the exits that are watched."""
    text = (tests / "Invariants.t.sol").read_text(encoding="utf-8")
    body = text[: text.index("function test_")]
    base = (tests / "InvariantsBase.sol").read_text(encoding="utf-8")
    messages = {
        *re.findall(r'\b(?:eq|eq32|isTrue)\([^;]*"([^"]+)"\);', body),
        *re.findall(r'NotTrue\("([^"]+)"\)', base),
    }
    handlers = "".join(path.read_text(encoding="utf-8") for path in sorted(tests.glob("*Handler.sol")))
    exits = {*re.findall(r'_refused\("([^"]+)"', handlers), *re.findall(r'trapped = "([^"]+)"', handlers)}
    return set(re.findall(r"function invariant_(\w+)", body)), messages, exits


def missing(tests: Path) -> list[str]:
    """What is asserted but has no bug that shows it, and what bugs name that isn't there."""
    invariants, messages, exits = demanded(tests)
    shown = {pair for bug in BUGS for pair in bug.shown}
    fixed = {message for name, message in shown if name not in ("nobodyTrespassed", "exitsStayOpen")}
    return [
        *(f"no bug for invariant_{name}" for name in sorted(invariants - {name for name, _ in shown})),
        *(f"no bug for the message {message!r}" for message in sorted(messages - fixed)),
        *(
            f"no bug for the exit {act!r}"
            for act in sorted(exits - {act for name, act in shown if name == "exitsStayOpen"})
        ),
        *(f"there is no invariant_{name}" for name in sorted({name for name, _ in shown} - invariants)),
        *(f"nothing says {message!r}" for message in sorted(fixed - messages)),
    ]


def copy(work: Path) -> None:
    """What the invariants need and no other test: a bug recompiles in seconds then."""
    work.mkdir()
    for name in ("src", "tools"):
        shutil.copytree(ROOT / name, work / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "foundry.toml", work)
    (work / "test").mkdir()
    for path in (
        *(p for p in (ROOT / "test").glob("*.sol") if not p.name.endswith(".t.sol")),
        ROOT / "test/Invariants.t.sol",
    ):
        shutil.copy(path, work / "test")
    (work / "node_modules").symlink_to(ROOT / "node_modules")


def run(work: Path, invariants: list[str], runs: int) -> dict[str, str]:
    """Why each of the invariants fails, "" if it holds. Raises CompileFailed if they don't run."""
    # forge keeps the sequences that failed, and would begin with them.
    shutil.rmtree(work / "cache" / "invariant", ignore_errors=True)
    command = [binary(), "test", "--json", "--match-test", f"^invariant_({'|'.join(invariants)})\\("]
    done = subprocess.run(
        command,
        cwd=work,
        env={**os.environ, **SETTINGS, "FOUNDRY_INVARIANT_RUNS": str(runs)},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if not lines:
        raise CompileFailed((done.stdout + done.stderr).strip()[-2000:])
    suites: dict[str, Any] = json.loads(lines[-1])
    results = {name: result for suite in suites.values() for name, result in suite["test_results"].items()}
    found = {}
    for name in invariants:
        result = results.get(f"invariant_{name}()") or {"status": "Failure", "reason": f"did not run: {results}"}
        found[name] = "" if result["status"] == "Success" else result["reason"] or "failed without a reason"
    return found


def shows(bug: Broken, work: Path) -> bool:
    """Plants the bug and prints, for each invariant that is to see it, what it said."""
    target = work / "src" / bug.file
    original = target.read_text(encoding="utf-8")
    if original.count(bug.before) != 1:
        raise CompileFailed(f"{bug.bug}: stands {original.count(bug.before)} times in {bug.file}")
    target.write_text(original.replace(bug.before, bug.after), encoding="utf-8")
    try:
        reasons = run(work, [name for name, _ in bug.shown], WITH_BUG)
    except CompileFailed as failure:
        raise CompileFailed(f"{bug.bug}: {failure}") from failure
    finally:
        target.write_text(original, encoding="utf-8")
    all_shown = True
    for name, message in bug.shown:
        shown = reasons[name].removeprefix(AT_ONCE).startswith((f'NotEqual("{message}",', f'NotTrue("{message}")'))
        all_shown = all_shown and shown
        said = "" if shown else f"  [{reasons[name][:200] or 'holds'}]"
        print(f"{'shown ' if shown else 'MISSED'} {name}: {message:46} {bug.bug}{said}", flush=True)
    return all_shown


def main(argv: list[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(description="Shows each stateful invariant to fail on planted bugs.")
    parser.add_argument("--only", default="", help="bugs with this text in their name, invariant or message")
    args = parser.parse_args(argv)
    if shutil.which("node") is None or shutil.which("npm") is None:
        print("broken: skipped, Node isn't installed")
        return 0
    gaps = missing(ROOT / "test")
    for gap in gaps:
        print(f"broken: {gap}")
    # By file: forge then compiles again what is planted in it, and no other file from which a bug has just gone.
    chosen = sorted((bug for bug in BUGS if args.only in f"{bug.bug} {bug.shown}"), key=lambda bug: bug.file)
    try:
        install()
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder) / "contracts"
            copy(work)
            names = sorted({name for bug in chosen for name, _ in bug.shown})
            if any(run(work, names, WITHOUT).values()):
                raise CompileFailed("invariants fail without a bug")
            seen = sum([shows(bug, work) for bug in chosen])
    except CompileFailed as failure:
        print(f"broken: {failure}", file=sys.stderr)
        return 2
    print(f"broken: {seen} of {len(chosen)} bugs shown by their own invariant")
    return 0 if chosen and seen == len(chosen) and not gaps else 1


if __name__ == "__main__":
    sys.exit(main())
