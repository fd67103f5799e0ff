"""Gas of every operation on the embedded chain: sent directly, relayed, and an item in a batch of 50.

The last line of output is one JSON object:
`{"direct": {...}, "batch50": {... per item}, "relayed": {...}, "anchors": {...}}`; keys issue, confirm, transfer,
split, pledge, settle, release, lifecycle (issue + confirm + pledge + settle + release). `batch50` has null for transfer
and split: there is no batch of them. The table above that line shows the targets beside. `--snapshot` writes
benchmarks/gas_snapshot.json, `--check` compares with it (exit 1 on a difference).
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a script too

from benchmarks.lib.gas_world import World

SNAPSHOT = Path(__file__).with_name("gas_snapshot.json")
#: Gas by which a figure moves from one day to the next: 12 for each byte of calldata that happens to be zero.
NOISE = 150
KINDS = ("direct", "batch50", "relayed")
STEPS = ("issue", "confirm", "transfer", "split", "pledge", "settle", "release", "lifecycle")
#: One kind's gas by step; None where there is no such operation.
Figures = dict[str, int | None]
LIFECYCLE = ("issue", "confirm", "pledge", "settle", "release")
#: Measured with each project's own compiler settings (gas an operation): create, confirm, transfer, ... , whole life.
ANCHORS: dict[str, dict[str, int]] = {
    "huma_v2": {"issue": 324_739, "confirm": 116_764, "transfer": 99_420, "settle": 376_650, "lifecycle": 1_242_259},
    "tinlake": {
        "issue": 170_317,
        "confirm": 122_965,
        "pledge": 409_416,
        "settle": 186_555,
        "release": 240_466,
        "lifecycle": 1_516_511,
    },
    "polytrade": {"issue": 428_661, "transfer": 54_005, "settle": 98_481},
    "request": {"issue": 127_358, "transfer": 60_023},
    "tradetrust": {"issue": 282_363, "transfer": 75_770, "release": 186_700},
    "erc3525": {"issue": 207_249, "confirm": 102_310, "transfer": 106_620, "split": 229_846},
    "morpho": {"pledge": 56_919, "settle": 59_680, "release": 61_555},
}
TARGETS = {
    "issue": 90_000,
    "confirm": 40_000,
    "transfer": 50_000,
    "split": 110_000,
    "pledge": 60_000,
    "settle": 40_000,
    "release": 32_000,
    "lifecycle": 250_000,
}
BATCH_LIFECYCLE_TARGET = 130_000


def one_by_one(world: World, relayed: bool) -> dict[str, int]:
    """Each operation alone, in the steady state: nonce words, bank references and the order are in use already."""

    def run(n: int) -> dict[str, int]:
        gas = {"issue": world.issue(n, relayed), "confirm": world.confirm(n, relayed)}
        gas["pledge"] = world.pledge(n, relayed)
        gas["settle"] = world.settle(n, world.pledged // 2, relayed)
        gas["release"] = world.release(n, world.pledged - world.pledged // 2, relayed)
        gas["split"] = world.split(n, relayed)
        gas["transfer"] = world.transfer(n, relayed)
        return gas

    first = 100 if relayed else 0
    run(first)  # opens the storage words that 256 acts share
    gas = run(first + 1)
    return gas | {"lifecycle": sum(gas[step] for step in LIFECYCLE)}


def measure() -> dict[str, Figures]:
    """The three kinds' figures, as the JSON says."""
    world = World()
    direct = one_by_one(world, relayed=False)
    relayed = one_by_one(world, relayed=True)
    batch50 = world.batches(first=1_024, size=50)
    batch50 |= {"lifecycle": sum(batch50[step] for step in LIFECYCLE)}
    measured = {"direct": direct, "batch50": batch50, "relayed": relayed}
    return {kind: {step: measured[kind].get(step) for step in STEPS} for kind in KINDS}


def changed(committed: dict[str, Figures], found: dict[str, Figures]) -> bool:
    """Whether any figure moved by more than what the zero bytes of that day's signatures make out."""
    for kind, steps in found.items():
        if committed.get(kind, {}).keys() != steps.keys():
            return True
        for step, gas in steps.items():
            before = committed[kind][step]
            if (gas is None) != (before is None) or abs((gas or 0) - (before or 0)) > NOISE:
                return True
    return False


def table(figures: dict[str, Figures]) -> str:
    """A line for each step, its target at the end."""
    rows = []
    for step in STEPS:
        cells = [f"{kind} {'-' if (gas := figures[kind][step]) is None else format(gas, ',')!s:>8}" for kind in KINDS]
        rows.append("  ".join([f"{step:10}", *cells, f"target {TARGETS[step]:>8,}"]))
    rows[-1] += f" (batch50 {BATCH_LIFECYCLE_TARGET:,})"
    return "\n".join(rows)


def main(argv: list[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(description="Gas of every operation on the embedded chain.")
    parser.add_argument("--snapshot", action="store_true", help="write the committed snapshot")
    parser.add_argument("--check", action="store_true", help="compare with the committed snapshot")
    args = parser.parse_args(argv)
    figures = measure()
    print(table(figures))
    if args.snapshot:
        SNAPSHOT.write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    failed = args.check and changed(json.loads(SNAPSHOT.read_text(encoding="utf-8")), figures)
    if failed:
        print("gas differs from benchmarks/gas_snapshot.json: look at it, then run with --snapshot", file=sys.stderr)
    print(json.dumps({**figures, "anchors": ANCHORS}))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
