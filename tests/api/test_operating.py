"""What whoever runs the service asks of it: request ids, metrics, parked items, and a database that goes away."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, select
from starlette.requests import Request

from api.app import create_app
from api.auth import Acting, Ctx
from api.observe import HEADER
from api.route import OnceRoute, Route
from chainfin.errors import BadInput
from chainfin.runtime import log_setup
from chainfin.runtime.loop import Loop, State
from chainfin.runtime.metrics import Metrics
from chainfin.services.kernel import parking
from chainfin.storage.oversight_tables import ParkedItemRow
from tests.api.conftest import Site
from tests.unit.test_loop import AWAY, Scripted, until

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


class NoChain:
    head: int | None = 9
    taken_to: int | None = 7


@pytest.fixture
def heard() -> Iterator[io.StringIO]:
    before, root = structlog.get_config(), logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    stream = io.StringIO()
    log_setup.configure("json", "info", stream=stream)
    yield stream
    root.handlers, root.level = handlers, level
    structlog.configure(**before)


def lines(heard: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in heard.getvalue().splitlines()]


def app_of(site: Site) -> FastAPI:
    assert isinstance(site.http.app, FastAPI)
    return site.http.app


def with_route(site: Site, path: str, endpoint: Any, *, method: str = "GET") -> None:
    router = APIRouter(route_class=Route if method == "GET" else OnceRoute)
    router.add_api_route(path, endpoint, methods=[method])
    app_of(site).include_router(router)


def served(site: Site, **more: Any) -> TestClient:
    """The same installation behind an application made with ``more``; the caller is on this machine."""
    app = create_app(site.ctx, signin=site.signin, **more)
    return TestClient(app, raise_server_exceptions=False, client=("127.0.0.1", 50_000))


# request ids and the log


def test_request_id__given__comes_back_and_stands_in_every_line(site: Site, heard: io.StringIO) -> None:
    def speak(actor: Acting, act_id: str) -> dict[str, str]:
        structlog.get_logger("service").info("spoken")
        logging.getLogger("library").info("spoken too")
        return {}

    with_route(site, "/t/acts/{act_id}", speak)
    answer = site.http.get("/t/acts/act_7", headers=site.as_("core") | {HEADER: "trace-1"})
    assert answer.headers[HEADER] == "trace-1"
    found = [line for line in lines(heard) if line["event"] in ("spoken", "spoken too", "request")]
    assert [line["event"] for line in found if line.get("request_id") == "trace-1"] == [
        "spoken",
        "spoken too",
        "request",
    ]
    assert {line["party_id"] for line in found if line.get("request_id") == "trace-1"} == {"core"}
    assert {line["act_id"] for line in found if line.get("request_id") == "trace-1"} == {"act_7"}


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a\tb", "{}"])
def test_request_id__missing_or_odd__a_new_one_is_given(site: Site, given: str) -> None:
    first, second = (site.http.get("/healthz", headers={HEADER: given}).headers[HEADER] for _ in range(2))
    assert given not in (first, second)
    assert first != second


def test_log__of_a_sign_in_and_a_broken_request__holds_no_secret(site: Site, heard: io.StringIO) -> None:
    def broken() -> None:
        raise RuntimeError("password=hunter2 payee_account='6228-9'")

    with_route(site, "/t/broken", broken)
    headers = site.as_("core")
    site.http.get("/t/broken", headers=headers)
    site.http.get("/v1/clock", headers={"Authorization": "Bearer not-a-token-at-all"})
    said = heard.getvalue()
    assert "internal_error" in said
    for secret in (headers["Authorization"].partition(" ")[2], "hunter2", "6228-9", "not-a-token-at-all"):
        assert secret not in said


# metrics


def test_metrics__requests__counted_by_route_never_by_path(site: Site) -> None:
    metrics = Metrics(site.ctx.store, [], NoChain(), lambda: NOW)
    http = served(site, metrics=metrics)
    http.get("/v1/acts/one", headers=site.as_("core"))
    http.get("/v1/acts/two", headers=site.as_("core"))
    http.get("/made/up")
    http.request("BREW", "/healthz")
    text = http.get("/metrics").text
    assert 'chainfin_request_seconds_count{method="GET",route="/v1/acts/{act_id}",status="404"} 2.0' in text
    assert 'route="unknown",status="404"' in text
    assert "made/up" not in text
    assert "BREW" not in text
    assert "chainfin_chain_lag 2.0" in text


def test_metrics__two_installations__do_not_mix(site: Site) -> None:
    one, other = (Metrics(site.ctx.store, [], NoChain(), lambda: NOW) for _ in range(2))
    one.counted("received", "CNY", 7_00)
    assert 'chainfin_money_received_minor_total{currency="CNY"} 700.0' in one.text().decode()
    assert 'currency="CNY"' not in other.text().decode()


def test_metrics__payout__counted_once_when_it_is_committed_and_not_when_it_is_not(site: Site) -> None:
    metrics = Metrics(site.ctx.store, [], NoChain(), lambda: NOW)
    payload = {"amount": "5.00", "currency": "CNY"}

    def report(session: Session) -> None:
        with session.begin_nested():
            metrics.command_done(session, "payment.holder", payload)

    with site.ctx.store.begin() as session:
        report(session)

    def rolled_back() -> None:
        with site.ctx.store.begin() as session:
            report(session)
            raise RuntimeError("rolled back")

    with pytest.raises(RuntimeError):
        rolled_back()
    assert 'chainfin_money_paid_minor_total{currency="CNY"} 500.0' in metrics.text().decode()


def test_metrics__loop__turns_failures_and_its_one_state(site: Site) -> None:
    loop = Loop("chain", Scripted(AWAY))
    metrics = Metrics(site.ctx.store, [loop], NoChain(), lambda: NOW)
    loop.start()
    until(lambda: loop.view.turns == 1)
    text = metrics.text().decode()
    loop.stop()
    assert 'chainfin_loop_failures{loop="chain"} 1.0' in text
    assert 'chainfin_loop_state{loop="chain",state="running"} 1.0' in text
    assert 'chainfin_loop_state{loop="chain",state="halted"} 0.0' in text


def test_metrics__token_set__needed(site: Site) -> None:
    http = served(site, metrics=Metrics(site.ctx.store, [], NoChain(), lambda: NOW), metrics_token="m-token")
    for headers in ({}, {"Authorization": "Bearer other"}, {"Authorization": "m-token"}):
        answer = http.get("/metrics", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "metrics_token_invalid")
    assert http.get("/metrics", headers={"Authorization": "Bearer m-token"}).status_code == 200


@pytest.mark.parametrize(
    ("client", "headers"), [("192.0.2.7", {}), ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}), ("odd", {})]
)
def test_metrics__without_a_token_from_elsewhere__refused(site: Site, client: str, headers: dict[str, str]) -> None:
    app = create_app(site.ctx, signin=site.signin, metrics=Metrics(site.ctx.store, [], NoChain(), lambda: NOW))
    answer = TestClient(app, client=(client, 1)).get("/metrics", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "metrics_local_only")


# readiness, and a database that goes away


def test_readyz__a_loop_waits_fails_or_halts__503_with_every_loops_state(site: Site) -> None:
    well, ill = Loop("worker", Scripted()), Loop("chain", Scripted(RuntimeError("a fault"), ends=False))
    http = served(site, loops=[well, ill], ready={"worker": well.check, "chain": ill.check})
    answer = http.get("/readyz").json()
    assert answer["loops"]["chain"] == {"state": "new", "code": None, "message": None}
    ill.start()
    until(lambda: ill.view.state is State.FAILING)
    answer = http.get("/readyz")
    ill.stop()
    assert (answer.status_code, answer.json()["code"]) == (503, "chain_failing")
    states = {name: each["state"] for name, each in answer.json()["details"]["loops"].items()}
    assert states == {"worker": "new", "chain": "failing"}


def test_request__database_away__503_with_a_code_and_nothing_of_the_statement(site: Site) -> None:
    def away() -> None:
        raise AWAY

    with_route(site, "/t/away", away)
    answer = site.http.get("/t/away")
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unreachable")
    assert answer.headers["Retry-After"] == "2"
    assert "party" not in answer.text


@pytest.mark.parametrize(
    ("pragma", "status", "code"),
    [("max_page_count = 1", 507, "disk_full"), ("query_only = 1", 503, "database_read_only")],
)
def test_request__database_that_takes_nothing_in__told_by_name_and_done_when_it_does(
    site: Site, pragma: str, status: int, code: str
) -> None:
    def keep(ctx: Ctx) -> dict[str, str]:
        with ctx.store.begin() as session:
            session.connection().exec_driver_sql(f"PRAGMA {pragma}")
            parking.park(session, parking.Item("t", "t", "t", "{}", "t", "t"), now=NOW)
            session.flush()
            session.connection().exec_driver_sql("CREATE TABLE large AS SELECT randomblob(9000000)")
        return {}

    with_route(site, "/t/keep", keep)
    answer = site.http.get("/t/keep")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["Retry-After"] == "2"
    site.ctx.store.engine.dispose()  # the next connection has neither
    with site.ctx.store.read() as session:
        assert session.exec(select(ParkedItemRow)).all() == []


def test_request__statement_that_is_wrong__is_no_absence_of_the_database(site: Site) -> None:
    def wrong() -> None:
        with site.ctx.store.read() as session:
            session.connection().exec_driver_sql("SELECT * FROM no_such_table")

    with_route(site, "/t/wrong", wrong)
    assert site.http.get("/t/wrong").json()["code"] == "internal_error"


def test_once__database_goes_away_in_the_commit__a_retry_is_told_what_may_have_been_made(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit went through and its answer was lost; the claim can't be given back either."""
    tries: list[int] = []

    def act(request: Request, ctx: Ctx) -> dict[str, str]:
        tries.append(1)
        with ctx.store.begin() as session:
            parking.park(session, parking.Item("t", "t", "t", "{}", "t", "t"), now=NOW)
        raise AWAY

    with_route(site, "/t/act", act, method="POST")
    keeper = app_of(site).state.idempotency
    plain = keeper._store.begin

    def gone() -> Any:
        # what follows on the act finds no database
        if tries:
            raise OperationalError("update", {}, Exception("server closed the connection"))
        return plain()

    headers = site.as_("core") | {"Idempotency-Key": "k"}
    with monkeypatch.context() as patch:
        patch.setattr(type(keeper), "_store", property(lambda _self: Gone(gone)), raising=False)
        first = site.http.post("/t/act", headers=headers)
    assert (first.status_code, first.json()["code"]) == (503, "database_unreachable")
    again = site.http.post("/t/act", headers=headers)
    assert (again.status_code, again.json()["code"]) == (409, "idempotency_outcome_unknown")
    assert len(tries) == 1


class Gone:
    def __init__(self, begin: Any) -> None:
        self.begin = begin


# parked items


def park(site: Site, subject: str) -> str:
    item = parking.Item("incoming_payments", "bank_line", subject, parking.as_payload({"n": subject}), "odd", "why")
    with site.ctx.store.begin() as session:
        return parking.park(session, item, now=NOW).id


def test_parked__over_http__listed_in_pages_retried_and_resolved(site: Site) -> None:
    first, second, third = (park(site, each) for each in ("a", "b\0\ud800", "c"))
    tried: list[str] = []

    def retry(session: Session, payload: str) -> None:
        tried.append(payload)
        if '"c"' in payload:
            raise BadInput("still_odd", "no better than before")

    http = served(site, retries={"incoming_payments": retry})
    operator = site.as_("operator")
    page = http.get("/v1/parked?limit=2", headers=operator).json()
    assert [item["id"] for item in page["items"]] == [first, second]
    assert page["items"][1]["subject"] == "b\\x00\\ud800"
    rest = http.get(f"/v1/parked?limit=2&cursor={page['next']}", headers=operator).json()
    assert [item["id"] for item in rest["items"]] == [third]
    done = http.post(f"/v1/parked/{first}/retry", headers=operator | {"Idempotency-Key": "1"})
    assert (done.status_code, done.json()["status"]) == (200, "retried")
    failed = http.post(f"/v1/parked/{third}/retry", headers=operator | {"Idempotency-Key": "2"}).json()
    assert (failed["status"], failed["reason"], failed["attempts"]) == ("open", "still_odd", 2)
    body = {"reason": "paid back by hand"}
    closed = http.post(f"/v1/parked/{second}/resolve", json=body, headers=operator | {"Idempotency-Key": "3"}).json()
    assert (closed["status"], closed["resolution"], closed["resolved_by"]) == ("resolved", body["reason"], "operator")
    open_ = http.get("/v1/parked?status=open", headers=operator).json()["items"]
    assert [item["id"] for item in open_] == [third]
    assert len(tried) == 2


@pytest.mark.parametrize(
    ("who", "path", "status", "code"),
    [
        ("core", "/v1/parked/park_1/retry", 403, "operator_only"),
        ("core", "/v1/parked/park_1/resolve", 403, "operator_only"),
        ("operator", "/v1/parked/park_1/retry", 404, "parked_item_unknown"),
        ("operator", "/v1/parked/park_1/resolve", 404, "parked_item_unknown"),
    ],
)
def test_parked__by_another_or_of_nothing__refused(site: Site, who: str, path: str, status: int, code: str) -> None:
    body = {"reason": "r"} if path.endswith("resolve") else None
    answer = site.http.post(path, json=body, headers=site.as_(who) | {"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert site.http.get("/v1/parked", headers=site.as_("core")).status_code == 403


def test_parked__tried_again_in_vain__keeps_its_detail_and_shows_each_try(site: Site) -> None:
    made = park(site, "a")
    (first,) = site.http.get("/v1/parked", headers=site.as_("operator")).json()["items"]

    def nobody_knows(session: Session, payload: str) -> None:
        raise BadInput("remittance_unknown", "still nobody knows whose it is")

    app_of(site).state.retries = {"incoming_payments": nobody_knows}
    for number in range(2):
        headers = site.as_("operator") | {"Idempotency-Key": f"again-{number}"}
        again = site.http.post(f"/v1/parked/{made}/retry", headers=headers).json()
    assert (again["detail"], again["attempts"]) == (first["detail"], 3)
    assert again["reason"] == "remittance_unknown"
    assert [(each["code"], each["detail"]) for each in again["tries"]] == [
        ("remittance_unknown", "still nobody knows whose it is")
    ] * 2
    with site.ctx.store.begin() as session:
        row = session.get_one(ParkedItemRow, made)
        for _ in range(100):
            parking.note(row, "odd", "again", now=NOW)
        session.add(row)
        assert (len(row.tries), row.attempts) == (parking.MAX_TRIES, 103)


def test_parked__the_alarm__is_one_line_of_level_error(site: Site, heard: io.StringIO) -> None:
    made = park(site, "a")
    park(site, "a")
    (line,) = [each for each in lines(heard) if each["event"] == "item_parked"]
    assert (line["level"], line["parked_id"], line["code"], line["source"]) == (
        "error",
        made,
        "odd",
        "incoming_payments",
    )
    with site.ctx.store.read() as session:
        assert session.get_one(ParkedItemRow, made).attempts == 2
