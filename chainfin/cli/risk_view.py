"""What `chainfin risk train` and `chainfin risk evaluate` show a person."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table


def show_trained(console: Console, facts: dict[str, Any]) -> None:
    """The card's features in the order of their information value, what was dropped, and the warnings."""
    console.print(f"{facts['written']}: {facts['id']} {facts['version']}, hash {facts['hash']}", markup=False)
    held = facts["held_out"]
    console.print(
        f"fitted on {facts['fitted']['rows']} cases ({facts['fitted']['bads']} bads); "
        f"AUC on the {held['rows']} held out ({held['bads']} bads): {held['auc']}"
    )
    table = Table("feature", "IV", "bads by value", "points by bin", "missing")
    for one in sorted(facts["features"], key=lambda entry: -float(entry["iv"])):
        points = " ".join(f"{number:+d}" for number in one["points"])
        table.add_row(escape(one["feature"]), one["iv"], one["trend"], points, f"{one['missing']:+d}")
    console.print(table)
    for one in facts["dropped"]:
        console.print(f"left out: {one['feature']}: {one['why']}", markup=False)
    _warnings(console, facts["warnings"])


def show_report(console: Console, report: dict[str, Any]) -> None:
    """The card beside its baselines, then bands, calibration, stability, months and warnings."""
    on, card = report["judged_on"], report["card"]
    console.print(
        f"{card['id']} {card['version']} on {on['rows']} cases, {on['bads']} bads: {on['which']}", markup=False
    )
    console.print(_models(report))
    console.print(_plain("Bands", report["bands"], ("band", "from", "rows", "bads", "bad_share")))
    console.print(_plain("Tenths, safest first", report["calibration"], ("rows", "bads", "bad_share", "expected")))
    if report["stability"] is not None:
        rows = [{"against the fit": "the score", "psi": report["stability"]["score_psi"]}]
        rows += [{"against the fit": name, "psi": value} for name, value in report["stability"]["features"].items()]
        console.print(_plain("Stability (0.10 watch, 0.25 alarm)", rows, ("against the fit", "psi")))
    if "by_month" in report:
        console.print(_plain("By month", report["by_month"], ("month", "rows", "bads", "bad_share", "auc", "psi")))
    _warnings(console, report["warnings"])
    for limit in report["limits"]:
        word = "met" if limit["met"] else "NOT MET"
        console.print(f"{limit['what']} {limit['limit']}: {word} ({limit['found']})", markup=False)


def _models(report: dict[str, Any]) -> Table:
    compared = report["comparison"]
    table = Table("model", "cases", "bads", "AUC", "95 %", "Gini", "KS", "Brier")
    sizes = {True: report["judged_on"], False: compared}
    whole = compared["rows"] != report["judged_on"]["rows"]
    entries = [("scorecard, all", report["scorecard"], True)] if whole else []
    entries += [(name, found, False) for name, found in compared["models"].items()]
    for name, found, everything in entries:
        size, (low, high) = sizes[everything], found["auc_95"]
        figures = [_shown(found[key]) for key in ("gini", "ks", "brier")]
        table.add_row(
            name, str(size["rows"]), str(size["bads"]), _shown(found["auc"]), f"{low:.4f}-{high:.4f}", *figures
        )
    return table


def _plain(title: str, rows: list[dict[str, Any]], keys: tuple[str, ...]) -> Table:
    table = Table(*(key.replace("_", " ") for key in keys), title=title, title_justify="left")
    for row in rows:
        table.add_row(*(escape(_shown(row[key])) for key in keys))
    return table


def _shown(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _warnings(console: Console, warnings: list[dict[str, str]]) -> None:
    for one in warnings:
        console.print(f"warning: {one['code']}: {one['message']}", markup=False)
