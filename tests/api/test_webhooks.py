"""Webhooks over HTTP: made, listed, given another secret, asked again, forgotten; a secret is shown once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.world import World

BODY = {"url": "https://hooks.example/in", "events": ["act.due", "loan.changed"]}


@pytest.fixture
def webhook(world: World) -> dict[str, Any]:
    answer = world.call("POST", "supplier", "/v1/webhooks", json=BODY)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_webhook__made_and_read__its_secret_once(world: World, webhook: dict[str, Any]) -> None:
    assert webhook["secret"].startswith("whsec_")
    path = f"/v1/webhooks/{webhook['id']}"
    one = world.call("GET", "supplier", path)
    assert one.json() == {name: value for name, value in webhook.items() if name != "secret"}
    listed = world.call("GET", "supplier", "/v1/webhooks")
    assert webhook["id"] in [each["id"] for each in listed.json()["items"]]
    assert webhook["secret"] not in listed.text
    rotated = world.call("POST", "supplier", path + "/rotate").json()
    assert rotated["secret"] not in ("", webhook["secret"])
    assert rotated["previous_until"] is not None


def test_webhook__off_and_on_and_forgotten(world: World, webhook: dict[str, Any]) -> None:
    path = f"/v1/webhooks/{webhook['id']}"
    assert world.call("POST", "supplier", path + "/disable").json()["status"] == "disabled"
    since = {"since": "2020-01-01T00:00:00Z"}
    refused = world.call("POST", "supplier", path + "/replay", json=since)
    assert (refused.status_code, refused.json()["code"]) == (409, "webhook_disabled")
    assert world.call("POST", "supplier", path + "/enable").json()["status"] == "active"
    assert world.call("POST", "supplier", path + "/replay", json=since).json() == {"events": 0}
    assert world.call("GET", "supplier", path + "/deliveries").json()["items"] == []
    assert world.call("DELETE", "supplier", path).status_code == 204
    assert world.call("GET", "supplier", path).json()["code"] == "webhook_unknown"


@pytest.mark.parametrize(
    "change", [{"url": "http://127.0.0.1/"}, {"events": ["everything"]}, {"events": []}, {"url": "x"}, {"x": 1}]
)
def test_webhook__what_cannot_be__refused(world: World, change: dict[str, Any]) -> None:
    answer = world.call("POST", "supplier", "/v1/webhooks", json={**BODY, **change})
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "10.1.2.3", "[::1]", "169.254.169.254", "[::ffff:10.0.0.1]"]
)
def test_webhook__on_this_machine_or_in_a_private_network__refused_when_it_is_made(world: World, host: str) -> None:
    answer = world.call("POST", "supplier", "/v1/webhooks", json={**BODY, "url": f"https://{host}/in"})
    assert (answer.status_code, answer.json()["code"]) == (422, "webhook_address_private")


def test_webhook__asked_for_by_another_party__unknown(world: World, webhook: dict[str, Any]) -> None:
    answer = world.call("GET", "stranger", f"/v1/webhooks/{webhook['id']}")
    assert (answer.status_code, answer.json()["code"]) == (404, "webhook_unknown")
