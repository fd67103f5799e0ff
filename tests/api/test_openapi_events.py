"""The calls that a party's address takes stand in the OpenAPI document, and are what is really sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from api.app import describe
from api.events import EVENTS
from chainfin.values.event_kind import EventKind

ASYNC = json.loads((Path(__file__).parents[2] / "docs" / "asyncapi.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return describe()


@pytest.mark.parametrize("kind", EventKind)
def test_webhooks__each_kind__has_a_form_of_its_own(document: dict[str, Any], kind: EventKind) -> None:
    call = document["webhooks"][kind.value]["post"]
    (content,) = call["requestBody"]["content"].values()
    schemas = document["components"]["schemas"]
    event = schemas[content["schema"]["$ref"].removeprefix("#/components/schemas/")]
    assert event["properties"]["type"]["const"] == f"chainfin.{kind.value}"
    data = schemas[event["properties"]["data"]["$ref"].removeprefix("#/components/schemas/")]
    told = ASYNC["components"]["messages"][kind.value]["payload"]["allOf"][1]["properties"]["data"]
    assert sorted(data["required"]) == sorted(told["required"])
    headers = {each["name"] for each in call["parameters"]}
    assert headers == set(ASYNC["components"]["schemas"]["headers"]["required"])


def test_webhooks__as_many_as_there_are_kinds(document: dict[str, Any]) -> None:
    assert set(document["webhooks"]) == {kind.value for kind in EventKind} == {kind.value for kind in EVENTS}
