"""Business time over HTTP."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import httpx
from fastapi.testclient import TestClient

from api.app import create_app
from chainfin.eth.keys import new_private_key
from chainfin.services.parties.signin import SignIn
from tests.api.conftest import Site, make_context


def _move(site: Site, who: str, to: str) -> httpx.Response:
    headers = site.as_(who) | {"Idempotency-Key": to}
    answer: httpx.Response = site.http.post("/v1/clock", json={"now": to}, headers=headers)
    return answer


def test_clock__moved_by_the_operator__is_read_by_all(site: Site) -> None:
    to = (site.ctx.clock.now() + timedelta(days=30)).replace(microsecond=0)
    answer = _move(site, "operator", to.isoformat())
    assert answer.status_code == 200, answer.text
    assert site.http.get("/v1/clock", headers=site.as_("core")).json()["now"].startswith(f"{to:%Y-%m-%dT%H:%M}")


def test_clock__moved_by_a_party__refused(site: Site) -> None:
    answer = _move(site, "core", "2030-01-01T00:00:00Z")
    assert (answer.status_code, answer.json()["code"]) == (403, "operator_only")


def test_clock__moved_back__refused(site: Site) -> None:
    answer = _move(site, "operator", "2020-01-01T00:00:00Z")
    assert (answer.status_code, answer.json()["code"]) == (409, "clock_backwards")


def test_clock__time_without_a_zone__refused(site: Site) -> None:
    assert _move(site, "operator", "2030-01-01T00:00:00").json()["where"] == "/now"


def test_clock__outside_a_sandbox__not_movable(tmp_path: Path) -> None:
    ctx = make_context(tmp_path, new_private_key())
    signin = SignIn(ctx)
    made = signin.bootstrap_client()
    token = signin.client(made.client.client_id, made.secret).value
    with TestClient(create_app(ctx, signin=signin)) as http:
        answer = http.post(
            "/v1/clock",
            json={"now": "2030-01-01T00:00:00Z"},
            headers={"Authorization": f"Bearer {token}", "Idempotency-Key": "k"},
        )
    assert (answer.status_code, answer.json()["code"]) == (409, "clock_not_movable")
