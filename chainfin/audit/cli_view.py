"""A report as lines for a terminal, or as JSON."""

from __future__ import annotations

from typing import Any

from chainfin.audit.facts import TRUSTED_HEADER
from chainfin.audit.report import Report, State
from chainfin.risk.replay import ReplayResult

MARKS = {State.OK: "ok", State.FAILED: "WRONG", State.NOT_COMPARED: "not compared"}


def report_json(report: Report) -> dict[str, Any]:
    """``{"ok", "failed": [names], "not_compared": [names], "facts", "checks": [{name, state, what}]}``."""
    return {
        "ok": report.ok,
        "failed": [check.name for check in report.failures],
        "not_compared": [check.name for check in report.not_compared],
        "facts": dict(report.facts),
        "checks": [{"name": c.name, "state": c.state.value, "what": c.what} for c in report.checks],
    }


def report_lines(report: Report, *, verbose: bool = False) -> list[str]:
    """What is wrong and what was not compared; with ``verbose`` every check."""
    shown = [c for c in report.checks if verbose or c.state is not State.OK]
    lines = [f"{MARKS[c.state]:>12}  {c.name}: {c.what}" for c in shown]
    good = sum(1 for c in report.checks if c.state is State.OK)
    lines += [f"{'':>12}  {name}: {value}" for name, value in report.facts.items()]
    verdict = "the bundle holds"
    if not report.ok:
        verdict = f"REFUSED: {'; '.join(dict.fromkeys(c.name for c in report.failures))}"
    elif any(check.name == TRUSTED_HEADER for check in report.not_compared):
        verdict = "the bundle agrees with itself; whether with a chain, only --trusted-header can tell"
    return [*lines, f"{good} of {len(report.checks)} checks hold, {len(report.not_compared)} not compared: {verdict}"]


def exit_code(report: Report) -> int:
    """0: all that was compared holds; 1: something is wrong."""
    return 0 if report.ok else 1


def replay_lines(result: ReplayResult) -> list[str]:
    if result.ok:
        return [f"the decision {result.hash} follows from its inputs and its policy"]
    return [
        f"{result.code} at {result.where}: {result.message}",
        f"replay gives {result.replayed!r}, the record has {result.recorded!r}",
    ]


def replay_json(result: ReplayResult) -> dict[str, Any]:
    return {
        "ok": result.ok,
        "hash": result.hash,
        "code": result.code,
        "where": result.where,
        "message": result.message,
        "replayed": result.replayed,
        "recorded": result.recorded,
    }
