"""docs/asyncapi.json and docs/webhooks.md: the events that there are, with the members that they have."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from chainfin.services.kernel import announcing
from chainfin.storage.lending_tables import ApplicationRow, LoanRow
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.trade_tables import ActRow, ReceivableRow
from chainfin.values.event_kind import EventKind

DOCS = Path(__file__).resolve().parents[2] / "docs"
DOCUMENT = json.loads((DOCS / "asyncapi.json").read_text(encoding="utf-8"))
TABLES = {
    EventKind.ACT: ActRow,
    EventKind.APPLICATION: ApplicationRow,
    EventKind.LOAN: LoanRow,
    EventKind.RECEIVABLE: ReceivableRow,
    EventKind.PLEDGE: PledgeRow,
}
ANY_ROW = Mock(status="awaiting_signature", deadline=1)


@pytest.mark.parametrize("kind", EventKind)
def test_event__as_documented__twice(kind: EventKind) -> None:
    said: dict[str, Any] = DOCUMENT["components"]["messages"][kind.value]["payload"]["allOf"][1]["properties"]
    members = said["data"]["required"]
    assert said["type"]["const"] == f"chainfin.{kind.value}"
    (line,) = re.findall(
        rf"^\| `{re.escape(kind.value)}` \|.*\|(.*)\|$", (DOCS / "webhooks.md").read_text(), re.MULTILINE
    )
    assert sorted(re.findall(r"`(\w+)`", line)) == sorted(members)
    if kind in TABLES:
        told = announcing._NOTICES[TABLES[kind]](ANY_ROW)
        assert told is not None
        assert (told[0], sorted(told[2])) == (kind, sorted(members))


def test_document__channels__lead_to_its_messages() -> None:
    messages = DOCUMENT["channels"]["events"]["messages"]
    assert set(messages) == set(DOCUMENT["components"]["messages"]) == {each.value for each in EventKind}
    assert {each["$ref"] for each in messages.values()} == {f"#/components/messages/{each.value}" for each in EventKind}
