"""docs/operate/monitoring: alerts and dashboard ask for numbers that /metrics has, by labels that they have."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import yaml

from chainfin.runtime.loop import Loop, State
from chainfin.runtime.metrics import PAID_TOPICS, Metrics
from chainfin.storage.lending_tables import EndOfDayRow
from tests.api.conftest import Site
from tests.api.test_operating import NoChain
from tests.unit.test_loop import Scripted

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "operate" / "monitoring"
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
RULES = yaml.safe_load((FOLDER / "alerts.yaml").read_text(encoding="utf-8"))["groups"][0]["rules"]
PANELS = json.loads((FOLDER / "dashboard.json").read_text(encoding="utf-8"))["panels"]
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in RULES)
    yield from (target["expr"] for panel in PANELS for target in panel["targets"])


@pytest.fixture
def families(site: Site) -> dict[str, set[str]]:
    """Name of a number → its labels, of everything that /metrics ever shows."""
    metrics = Metrics(site.ctx.store, [Loop("chain", Scripted(False))], NoChain(), lambda: NOW)
    metrics.request("GET", "/v1/acts", 200, 0.1)
    metrics.counted("received", "CNY", 1)
    with site.ctx.store.begin() as session:
        metrics.command_done(session, PAID_TOPICS[0], {"amount": "5.00", "currency": "CNY"})
        session.add(EndOfDayRow(business_date=date(2026, 11, 20), started_at=NOW, finished_at=NOW, loans=0, journals=0))
    found: dict[str, set[str]] = {}
    for family in metrics.registry.collect():
        labels = {"le", *(name for sample in family.samples for name in sample.labels)} | set(
            getattr(family, "_labelnames", ())
        )
        for suffix in SUFFIXES.get(family.type, ("",)):
            found[family.name + suffix] = labels
    return found


def test_expressions__numbers_and_labels__are_those_of_metrics(families: dict[str, set[str]]) -> None:
    asked = list(expressions())
    assert len(asked) >= 20
    for expression in asked:
        names = set(re.findall(r"chainfin_\w+", expression))
        assert names <= families.keys(), expression
        known = set().union(*(families[name] for name in names))
        grouped = {label.strip() for by in re.findall(r"by \(([^)]*)\)", expression) for label in by.split(",")}
        chosen = set(re.findall(r"(\w+)=~?\"", expression)) if names else set()
        assert grouped | chosen <= known or expression.startswith("up{"), expression


def test_numbers__each__is_looked_at_by_somebody(families: dict[str, set[str]]) -> None:
    asked = " ".join(expressions())
    seen = {name for name in families if name in asked}
    heads = {re.sub(r"_(bucket|count|sum|total)$", "", name) for name in families}
    assert {"chainfin_loop_turns", "chainfin_loop_failures"} == {
        head for head in heads if not any(name.startswith(head) for name in seen)
    }


def test_alerts__states__are_those_of_loops__each_says_what_to_do() -> None:
    asked = set(re.findall(r'state="(\w+)"', " ".join(rule["expr"] for rule in RULES)))
    assert asked
    assert asked <= set(State)
    assert all(rule["annotations"]["do"] and rule["labels"]["severity"] in ("page", "ticket") for rule in RULES)
    assert len({rule["alert"] for rule in RULES}) == len(RULES)


def test_dashboard__panels__lie_beside_each_other_and_are_numbered_once() -> None:
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    assert len({(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in PANELS}) == len(PANELS)
