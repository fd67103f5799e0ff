"""The main job: from the debtor's confirmation mined to the money paid out, through the HTTP API of a running service.

The service runs in this process; the clients (debtor and supplier, with keys of their own) and the partners (bank and
registry) in one process each. One loan: apply, follow the event stream, sign the offer (EIP-712), accept, follow the
stream to `funded`. Its time begins when the node has answered to the confirmation's transaction (mined, not yet
indexed) and ends when the client reads that it is funded. One at a time, each receivable is confirmed just before its
loan; then a second loan is taken on each with 32 in flight. Orders, receipts and receivables are made beforehand.

The last line of output is one JSON object: `{"embedded": {"p50_s", "p95_s", "p99_s", "by_node_s": {node: {"p50_s",
"p95_s", "p99_s"}}, "loans_per_s_1", "loans_per_s_32"}, "hardhat": {the same} or null}`; loans_per_s_1 is over the sum
of the timed spans.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a script too

from rich.console import Console
from rich.table import Table

from benchmarks.lib import hardhat_node
from benchmarks.lib.lending_client import Job, Paid
from benchmarks.lib.lending_world import World
from benchmarks.lib.meter import Meter

IN_FLIGHT = 32
WARM_UP = 5
STEPS = (
    ("client: learns of the confirmation", "mined", "begun"),
    ("client: apply, until answered (decided meanwhile)", "begun", "applied"),
    ("client: offer seen on the stream", "applied", "offered"),
    ("client: reads the offer", "offered", "read"),
    ("client: signs", "read", "signed"),
    ("client: accept, until answered", "signed", "accepted"),
    ("registered, pledged, paid, seen on the stream", "accepted", "funded"),
)


def quantile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of ``values`` don't exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * int(share * 1000) // 1000) - 1)]


def quantiles(values: Sequence[float]) -> dict[str, float]:
    return {f"p{round(100 * share)}_s": round(quantile(values, share), 4) for share in (0.5, 0.95, 0.99)}


def by_node(loans: Sequence[Paid]) -> dict[str, dict[str, float]]:
    return {name: quantiles([loan.nodes[name] for loan in loans]) for name in loans[0].nodes}


def one_chain(console: Console, name: str, chain_url: str | None, count: int) -> dict[str, Any]:
    """All figures of one chain, printed as they come."""
    with World(chain_url) as world:
        begun = time.monotonic()
        single = world.receivables("one", count + WARM_UP)
        world.quiet()
        console.print(f"{name}: {len(single)} receivables made in {time.monotonic() - begun:.0f} s")
        meter = Meter(world.installation)
        world.borrow(single[:WARM_UP], 1)
        meter.reset()
        loans, _ = world.borrow(single[WARM_UP:], 1)
        costs = meter.per_loan(count)
        for loan in loans:
            loan.marks["mined"] = meter.mined_at[str(loan.tx_hash)]
        spans = [loan.marks["funded"] - loan.marks["mined"] for loan in loans]
        result = {**quantiles(spans), "by_node_s": by_node(loans), "loans_per_s_1": round(count / sum(spans), 2)}
        show(console, name, loans, result, costs)
        world.quiet()
        # a small part of each receivable is pledged by now: a second loan on each finds all of them confirmed
        again = [Job(job.receivable_id, None) for job in single]
        world.borrow(again[:WARM_UP], WARM_UP)
        world.quiet()
        meter.reset()
        flown, took = world.borrow(again[WARM_UP:], IN_FLIGHT)
        result["loans_per_s_32"] = round(count / took, 2)
        waits = quantiles([loan.marks["funded"] - loan.marks["begun"] for loan in flown])
        console.print(f"{name}: {IN_FLIGHT} in flight: {count / took:.1f} loans/s; each {waits}")
        spent(
            console, f"{name}: the service's edges, {IN_FLIGHT} in flight (summed over threads)", meter.per_loan(count)
        )
        return result


def show(
    console: Console, name: str, loans: Sequence[Paid], result: dict[str, Any], costs: dict[str, tuple[float, float]]
) -> None:
    """Where the time of one loan goes, as its client, its nodes and the service's edges tell it."""
    console.print(
        f"{name}: one at a time, confirmation mined → paid out: p50 {result['p50_s']} s, p95 {result['p95_s']} s, "
        f"p99 {result['p99_s']} s; {result['loans_per_s_1']} loans/s"
    )
    table = Table("step", "p50 ms", "p95 ms", "p99 ms", title=f"{name}: where the time goes", title_justify="left")
    for label, first, last in STEPS:
        values = quantiles([loan.marks[last] - loan.marks[first] for loan in loans])
        table.add_row(label, *(f"{1000 * value:.1f}" for value in values.values()))
    table.add_section()
    for node, values in result["by_node_s"].items():
        table.add_row(f"node {node}", *(f"{1000 * value:.1f}" for value in values.values()))
    console.print(table)
    spent(console, f"{name}: the service's edges, one at a time (confirmation and draw included)", costs)


def spent(console: Console, title: str, costs: dict[str, tuple[float, float]]) -> None:
    table = Table("edge", "ms a loan", "calls a loan", title=title, title_justify="left")
    for edge, (milliseconds, calls) in costs.items():
        table.add_row(edge, f"{milliseconds:.1f}", f"{calls:.1f}" if calls else "")
    console.print(table)


def main() -> None:
    """Measure on the embedded chain and, where Node and the pinned hardhat can be had, on hardhat."""
    parser = argparse.ArgumentParser(description="From the confirmation to the money, in seconds.")
    parser.add_argument("--loans", type=int, default=200, help="how many are measured in each of the two ways")
    parser.add_argument("--only", choices=("embedded", "hardhat"), help="one chain only; the other is null")
    asked = parser.parse_args()
    console = Console(width=110)
    result: dict[str, Any] = {"embedded": None, "hardhat": None}
    if asked.only != "hardhat":
        result["embedded"] = one_chain(console, "embedded", None, asked.loans)
    if asked.only != "embedded":
        if hardhat_node.install():
            with ExitStack() as stack:
                url = stack.enter_context(hardhat_node.running())
                result["hardhat"] = one_chain(console, "hardhat", url, asked.loans)
        else:
            console.print("hardhat: skipped (Node, npm or the package in benchmarks/hardhat can't be had)")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
