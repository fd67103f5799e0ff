"""Plays the whole demo, on the samples or on a folder of documents."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from rich.console import Console

from chainfin.demo.evidence import audit
from chainfin.demo.report import Report
from chainfin.demo.stage import Stage
from chainfin.demo.story import Story


def play(console: Console, *, home: Path | None = None) -> dict[str, Any]:
    """The main job, letters a to h. Returns the summary. Raises what goes wrong: nothing is caught and smiled at."""
    report = Report(console)
    began = time.monotonic()
    with Stage(home) as stage:
        console.print(f"[dim]an installation of its own, embedded chain and database, API at {stage.server.url}[/]")
        story = Story(stage, report)
        story.admit_everyone()
        story.trade()
        story.supplier_borrows()
        story.distributor_borrows()
        story.shop_borrows()
        story.refused()
        story.due_date()
        audit(story)
    report.facts["seconds"] = round(time.monotonic() - began, 2)
    nodes = report.facts["seconds_by_node"]["receivable_pledge"]
    waiting = sum(took for name, took in nodes.items() if name != "offered")
    report.summary(
        [
            ("supplier's loan", f"{waiting:.3f} s from application to payout, all nodes"),
            ("shop's limit", f"{report.facts['shop_limit']['total']} CNY, every part explained"),
            ("refused", ", ".join(sorted(report.facts["refusals"].values()))),
            ("evidence", report.facts["evidence"]["verdict"]),
            ("forged copy", report.facts["evidence"]["forged"]),
            ("in all", f"{report.facts['seconds']:.1f} s"),
        ]
    )
    return report.facts
