"""Every error as problem details: one test a class, the protocol's own, and the limits."""

from __future__ import annotations

import json

import pytest
from fastapi import APIRouter, FastAPI
from sqlalchemy.exc import IntegrityError
from starlette.requests import Request

from api.problems import MEDIA_TYPE, Problem, language_of, pointer, to_response
from api.route import Route
from chainfin.errors import (
    BadInput,
    ChainfinError,
    Conflict,
    Forbidden,
    NotFound,
    Refusal,
    Refused,
    Unauthenticated,
    Unavailable,
    Unknown,
)
from chainfin.values.money import Money
from tests.api.conftest import Site

_REQUEST = Request({"type": "http", "method": "GET", "path": "/x", "headers": [], "query_string": b""})


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (BadInput, 422),
        (Unauthenticated, 401),
        (Forbidden, 403),
        (NotFound, 404),
        (Conflict, 409),
        (Refused, 422),
        (Unavailable, 503),
        (Unknown, 503),
        (ChainfinError, 500),
    ],
)
def test_mapping__each_class_of_error__has_its_status_and_keeps_its_code(
    kind: type[ChainfinError], status: int
) -> None:
    answer = to_response(kind("some_code", "a sentence", where="/x", limit=Money(12345, "CNY")), _REQUEST)
    assert answer.status_code == status
    assert answer.media_type == MEDIA_TYPE
    body = Problem.model_validate_json(bytes(answer.body))
    assert (body.status, body.code, body.type) == (status, "some_code", "urn:chainfin:problem:some_code")
    assert (body.detail, body.where, body.details) == ("a sentence", "/x", {"limit": "123.45"})
    assert ("Retry-After" in answer.headers) == (status == 503)


def test_mapping__refusal_of_a_rule__carries_its_proof() -> None:
    error = Refusal("limit_exceeded", "too much", {"limit": "10.00", "asked": "11.00"}).error()
    body = json.loads(bytes(to_response(error, _REQUEST).body))
    assert body["details"] == {"limit": "10.00", "asked": "11.00"}


@pytest.mark.parametrize(
    ("loc", "where"),
    [
        (("body", "amount", "currency"), "/amount/currency"),
        (("body", "a/b~c", 0), "/a~1b~0c/0"),
        (("body",), "/"),
        (("query", "limit"), "query:limit"),
        (("header", "last-event-id"), "header:last-event-id"),
        ((), ":"),
    ],
)
def test_pointer__place_of_a_violation__is_named(loc: tuple[object, ...], where: str) -> None:
    assert pointer(loc) == where


def test_route__unknown__problem(site: Site) -> None:
    answer = site.http.get("/v1/nothing-here")
    assert (answer.status_code, answer.json()["code"]) == (404, "route_unknown")
    assert answer.headers["content-type"] == MEDIA_TYPE


def test_method__not_allowed__problem_with_the_allowed_ones(site: Site) -> None:
    answer = site.http.put("/v1/clock", json={})
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, POST"


def test_body__too_large_by_its_header__refused_unread(site: Site) -> None:
    answer = site.http.post("/v1/auth/token", content=b"x" * (6 * 1024 * 1024 + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_body__too_large_in_chunks__refused_on_the_way(site: Site) -> None:
    answer = site.http.post("/v1/auth/token", content=(b"x" * 1024 * 1024 for _ in range(7)))
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_body__at_the_limit__is_read(site: Site) -> None:
    answer = site.http.post(
        "/v1/auth/token", content=b" " * (6 * 1024 * 1024), headers={"content-type": "application/json"}
    )
    assert answer.json()["code"] == "input_invalid"


@pytest.mark.parametrize("content", [b"{", b'{"now": }', b"\xff\xfe", b"[" * 100_000])
def test_body__not_json__problem(site: Site, content: bytes) -> None:
    headers = site.as_("core") | {"Idempotency-Key": "k", "content-type": "application/json"}
    answer = site.http.post("/v1/clock", content=content, headers=headers)
    assert answer.status_code in (400, 422)
    assert answer.json()["code"] in ("input_invalid", "body_unreadable")


def test_body__nested_without_end__refused_before_it_reaches_a_recursive_parser(site: Site) -> None:
    headers = site.as_("core") | {"Idempotency-Key": "k", "content-type": "application/json"}
    answer = site.http.post("/v1/clock", content=b"[" * 2000 + b"]" * 2000, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["rule"]) == (422, "json_invalid")


@pytest.mark.parametrize("content", [b'{"now": "2026-03-01", "now": "2027-03-01"}', b'{"a": [{"b": 1, "\\u0062": 2}]}'])
def test_body__one_name_twice_in_an_object__refused(site: Site, content: bytes) -> None:
    """Which of the two a reader takes is its own matter: what was signed or shown elsewhere may be the other."""
    headers = site.as_("core") | {"Idempotency-Key": "k", "content-type": "application/json"}
    answer = site.http.post("/v1/clock", content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "json_name_repeated")


def test_input__several_violations__all_named_by_pointer(site: Site) -> None:
    headers = site.as_("core") | {"Idempotency-Key": "k"}
    answer = site.http.post("/v1/clock", json={"now": "2026-01-01", "then": 1}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "input_invalid")
    assert {each["where"] for each in answer.json()["errors"]} == {"/now", "/then"}


def test_unexpected__in_a_read__incident_without_the_inside(site: Site) -> None:
    router = APIRouter(route_class=Route)

    def broken() -> None:
        raise RuntimeError("password=hunter2")

    router.add_api_route("/t/broken", broken, methods=["GET"])
    assert isinstance(site.http.app, FastAPI)
    site.http.app.include_router(router)
    answer = site.http.get("/t/broken")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "hunter2" not in answer.text


def test_readyz__database_of_another_schema__unavailable(site: Site) -> None:
    assert site.http.get("/readyz").json() == {"status": "ready", "checks": ["database"], "loops": {}}
    with site.ctx.store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'older'")
    answer = site.http.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "schema_outdated")
    assert site.http.get("/healthz").status_code == 200


def test_openapi__every_operation__documents_its_errors_as_problems(site: Site) -> None:
    document = site.http.get("/openapi.json").json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            errors = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
            assert {"500", "503"} <= set(errors), path
            assert all(list(answer["content"]) == [MEDIA_TYPE] for answer in errors.values()), (method, path)
            # what shows a secret isn't kept to be shown again
            if method == "post" and not any(part in path for part in ("/auth/", "/webhooks")):
                assert "Idempotency-Key" in {each["name"] for each in operation["parameters"]}, path


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        ("UNIQUE constraint failed: party.legal_value", 409, "made_meanwhile"),
        ("CHECK constraint failed: conserved", 500, "internal_error"),
    ],
)
def test_integrity__only_a_key_taken_meanwhile_is_a_conflict(said: str, status: int, code: str) -> None:
    error = IntegrityError("INSERT …", {}, Exception(said))
    answer = to_response(error, _REQUEST)
    assert answer.status_code == status
    assert json.loads(bytes(answer.body))["code"] == code


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("zh", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("fr, zh;q=0.5", "zh"),
        ("zh;q=0", "en"),
        ("zh;q=nonsense", "en"),
        ("*", "en"),
        ("x" * 100_000 + ",zh", "en"),
    ],
)
def test_language__of_the_header__the_one_that_weighs_more(accept: str | None, language: str) -> None:
    assert language_of(accept) == language


def test_title__asked_for_in_chinese__is_chinese_and_nothing_else_changes(site: Site) -> None:
    english = site.http.get("/v1/nothing-here")
    chinese = site.http.get("/v1/nothing-here", headers={"Accept-Language": "zh-CN,zh;q=0.9"})
    assert (english.json()["title"], chinese.json()["title"]) == ("There is nothing at this address", "该地址不存在")
    assert (english.headers["content-language"], chinese.headers["content-language"]) == ("en", "zh")
    assert {**chinese.json(), "title": ""} == {**english.json(), "title": ""}


@pytest.mark.parametrize(
    ("error", "title"),
    [
        (Refusal("limit_exceeded", "too much", {}).error(), "超过可用额度"),
        (Unavailable("chain_behind", "the node is behind"), "节点区块落后于已处理的区块"),
        (IntegrityError("INSERT …", {}, Exception("UNIQUE constraint failed: x")), "另一请求已同时创建"),
        (RuntimeError("anything"), "系统内部错误"),
    ],
)
def test_title__each_kind_of_error__speaks_chinese(error: Exception, title: str) -> None:
    scope = {"type": "http", "method": "GET", "path": "/x", "query_string": b""}
    request = Request({**scope, "headers": [(b"accept-language", b"zh")]})
    assert json.loads(bytes(to_response(error, request).body))["title"] == title


def test_title__of_a_code_that_is_not_ours__is_that_of_the_status() -> None:
    body = json.loads(bytes(to_response(Refused("a_partners_own", "no"), _REQUEST).body))
    assert body["title"] == "Unprocessable Entity"


def test_title__body_too_large__speaks_chinese(site: Site) -> None:
    content = b"x" * (6 * 1024 * 1024 + 1)
    answer = site.http.post("/v1/auth/token", content=content, headers={"Accept-Language": "zh"})
    assert (answer.status_code, answer.json()["title"]) == (413, "请求体过大")


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "text/plain", ""], ids=["as_curl_sends_it", "plain_text", "left_out"]
)
def test_body__that_does_not_say_it_is_json__415_and_the_same_key_is_free(site: Site, kind: str) -> None:
    headers = site.as_("core") | {"Idempotency-Key": f"media-{kind}"}
    body = json.dumps({"name": "Li Wen"})
    answer = site.http.post("/v1/persons", content=body, headers=headers | ({"content-type": kind} if kind else {}))
    assert (answer.status_code, answer.json()["code"]) == (415, "content_type_unsupported")
    assert "application/json" in answer.json()["detail"]
    persons = site.http.get("/v1/persons", headers=site.as_("core")).json()["items"]
    assert "Li Wen" not in [person["name"] for person in persons]
    again = site.http.post("/v1/persons", content=body, headers=headers | {"content-type": "application/json"})
    assert again.json().get("code") != "content_type_unsupported"


def test_token__as_a_form_or_as_json__and_as_nothing_else(site: Site) -> None:
    sent = "grant_type=client_credentials&client_id=nobody&client_secret=x"
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert site.http.post("/v1/auth/token", content=sent, headers=form).status_code == 401
    assert site.http.post("/v1/auth/token", content=sent, headers={"content-type": "text/plain"}).status_code == 415
