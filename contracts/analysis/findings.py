"""Runs Slither over src/ and compares what it finds with the committed, explained list.

`python contracts/analysis/findings.py [--list]`. `triage.json` names each finding by detector and place (file and
function, no line numbers, so that moved code stays explained) with the reason why it stands. Exit 1 if Slither finds
something that isn't explained, or if an explanation explains nothing any more; `--list` prints the findings as the
file's entries. Where Slither isn't installed (`make .venv-slither/.ready`), it says so and exits 0.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from compile import CompileFailed, install
from run_forge import binary

SLITHER = ROOT.parent / ".venv-slither" / "bin" / "slither"
TRIAGE = Path(__file__).with_name("triage.json")

#: Detector and place.
Finding = tuple[str, str]


def place(element: dict[str, Any]) -> str:
    """`file:Contract.function(types)` of an element of a finding; `file` alone for what is in no contract."""
    names: list[str] = []
    node = element
    while node:
        fields = node.get("type_specific_fields", {})
        if node["type"] in ("function", "contract", "event", "variable"):
            names.insert(0, fields.get("signature", node["name"]))
        node = fields.get("parent", {})
    return f"{element['source_mapping']['filename_relative']}:{'.'.join(names)}".removesuffix(":")


def scan() -> set[Finding]:
    """What Slither finds in src/; raises CompileFailed if it doesn't run."""
    install()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        environment = {
            **os.environ,
            "FOUNDRY_OFFLINE": "true",
            # Of its own, without the tests: Slither wants the syntax trees, which the others' builds leave out.
            "FOUNDRY_OUT": f"{folder}/out",
            "FOUNDRY_CACHE_PATH": f"{folder}/cache",
            "FOUNDRY_TEST": f"{folder}/no-tests",
            "PATH": f"{Path(binary()).parent}{os.pathsep}{os.environ['PATH']}",
        }
        command = [
            str(SLITHER),
            ".",
            "--compile-force-framework",
            "foundry",
            "--foundry-out-directory",
            f"{folder}/out",
        ]
        command += ["--json", str(report)]
        # Slither exits 255 on findings; whether it ran, the report says.
        done = subprocess.run(command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True)
        if not report.exists():
            raise CompileFailed(f"slither: {done.stderr.strip()[-2000:]}")
        result: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    if not result["success"]:
        raise CompileFailed(f"slither: {result['error']}")
    # Not by Slither's own filter, which also drops what it finds in our code if a library appears in it.
    found = [(f["check"], place(f["elements"][0])) for f in result["results"].get("detectors", []) if f["elements"]]
    return {(name, where) for name, where in found if where.startswith("src/")}


def explained(entries: list[dict[str, Any]]) -> set[Finding]:
    """What the committed list explains; raises CompileFailed for an entry without a reason."""
    for entry in entries:
        if not entry["reason"].strip():
            raise CompileFailed(f"triage.json: {entry['detector']} has no reason")
    return {(entry["detector"], where) for entry in entries for where in entry["places"]}


def main(argv: list[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(description="Compares Slither's findings with the explained ones.")
    parser.add_argument("--list", action="store_true", help="print what is found, as entries of triage.json")
    args = parser.parse_args(argv)
    if not SLITHER.exists():
        print("slither: skipped, it isn't installed here")
        return 0
    try:
        found = scan()
        entries: list[dict[str, Any]] = json.loads(TRIAGE.read_text(encoding="utf-8"))
        known = explained(entries)
    except CompileFailed as failure:
        print(failure, file=sys.stderr)
        return 2
    if args.list:
        grouped = {name: sorted(p for d, p in found if d == name) for name in sorted({d for d, _ in found})}
        print(json.dumps([{"detector": d, "reason": "", "places": p} for d, p in grouped.items()], indent=1))
        return 0
    for name, where in sorted(found - known):
        print(f"slither: not explained: {name} at {where}")
    for name, where in sorted(known - found):
        print(f"slither: explained, but no longer found: {name} at {where}")
    print(f"slither: {len(found)} findings, {len(found & known)} explained")
    return 0 if found == known else 1


if __name__ == "__main__":
    sys.exit(main())
