"""The client: what it sends again and what it doesn't, whom it signs in with, how it reads lists and problems."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from chainfin.client import operations
from chainfin.client.async_client import AsyncClient
from chainfin.client.client import Client
from chainfin.client.operation import Operation, untyped
from chainfin.client.problem import ApiProblem
from chainfin.client.retries import Retries
from chainfin.errors import BadInput, ChainfinError, Refused, Unavailable, Unknown
from chainfin.eth.signer import KeySigner
from chainfin.eth.siwe import siwe_message

SOON = Retries(attempts=3, first_s=0.0)
ORDER = operations.orders_post_order(document="<Order/>")
HOOK = operations.webhooks_create(url="https://erp.example/hook", events=["act.due"])
READ = operations.orders_get_order("ord")
OK = httpx.Response(200, json={"id": "it"})
Step = httpx.Response | Exception


class Service:
    """Answers as it is told to, and keeps what it was asked."""

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return httpx.Response(step.status_code, headers=step.headers, content=step.content)  # each can be read once

    def client(self, **options: Any) -> Client:
        http = httpx.Client(base_url="https://finance.example", transport=httpx.MockTransport(self))
        return Client(http, **{"retries": SOON, **options})

    def async_client(self, **options: Any) -> AsyncClient:
        http = httpx.AsyncClient(base_url="https://finance.example", transport=httpx.MockTransport(self))
        return AsyncClient(http, **{"retries": SOON, **options})

    def keys(self) -> set[str]:
        return {request.headers["Idempotency-Key"] for request in self.requests}


def refused(status: int, code: str = "http_error", **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "detail": "no"}, headers=headers)


def call_both_ways(make: Callable[[], Service], operation: Operation[Any]) -> list[tuple[Any, Service]]:
    """What a call comes to, by a client that waits and by one that awaits."""

    def waiting(service: Service) -> Any:
        return service.client().call(operation)

    def awaiting(service: Service) -> Any:
        return asyncio.run(service.async_client().call(operation))

    found: list[tuple[Any, Service]] = []
    for carry_out in (waiting, awaiting):
        service = make()
        try:
            found.append((carry_out(service), service))
        except ChainfinError as error:
            found.append((error, service))
    return found


LOST = [httpx.ReadTimeout("late"), httpx.ReadError("cut"), httpx.RemoteProtocolError("gone")]


@pytest.mark.parametrize("step", [*LOST, refused(429), refused(502), refused(503), refused(504)], ids=repr)
def test_call__answer_lost_or_not_now__again_under_the_same_key(step: Step) -> None:
    for answer, service in call_both_ways(lambda: Service(step, OK), ORDER):
        assert answer == {"id": "it"}
        assert len(service.requests) == 2
        assert len(service.keys()) == 1


@pytest.mark.parametrize("step", [*LOST, refused(429), refused(502), refused(503), refused(504)], ids=repr)
def test_call__operation_without_a_key__never_again(step: Step) -> None:
    for error, service in call_both_ways(lambda: Service(step, OK), HOOK):
        assert isinstance(error, Unknown if isinstance(step, Exception) else ApiProblem)
        assert len(service.requests) == 1


def test_call__connection_that_never_came_about__again_whatever_it_is() -> None:
    for answer, service in call_both_ways(lambda: Service(httpx.ConnectError("refused"), OK), HOOK):
        assert answer == {"id": "it"}
        assert len(service.requests) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 500])
def test_call__refused_for_good__a_problem_at_once(status: int) -> None:
    for problem, service in call_both_ways(lambda: Service(refused(status, "order_unknown"), OK), ORDER):
        assert isinstance(problem, ApiProblem)
        assert (problem.status, problem.code, problem.message) == (status, "order_unknown", "no")
        assert len(service.requests) == 1


@pytest.mark.parametrize(
    ("operation", "step", "kind", "code"),
    [
        (ORDER, httpx.ReadTimeout("late"), Unknown, "outcome_unknown"),
        (READ, httpx.ReadTimeout("late"), Unavailable, "service_unreachable"),
        (ORDER, httpx.ConnectError("refused"), Unavailable, "service_unreachable"),
    ],
    ids=["posted and lost", "read and lost", "never sent"],
)
def test_call__never_answered__says_whether_it_may_have_happened(
    operation: Operation[Any], step: Step, kind: type[ChainfinError], code: str
) -> None:
    for error, service in call_both_ways(lambda: Service(*[step] * SOON.attempts), operation):
        assert type(error) is kind
        assert error.code == code
        assert len(service.requests) == SOON.attempts
        assert "https://finance.example" in str(error)
        if kind is Unknown:
            assert service.keys() == {error.details["idempotency_key"]}


def test_call__lost_once_and_never_sent_since__may_have_happened() -> None:
    steps = [httpx.ReadTimeout("late"), httpx.ConnectError("refused"), httpx.ConnectError("refused")]
    for error, _ in call_both_ways(lambda: Service(*steps), ORDER):
        assert isinstance(error, Unknown)


def test_call__first_request_still_under_way__again_until_it_is_answered() -> None:
    steps: list[Step] = [httpx.ReadTimeout("late"), refused(409, "idempotency_in_flight"), OK]
    for answer, service in call_both_ways(lambda: Service(*steps), ORDER):
        assert answer == {"id": "it"}
        assert len(service.keys()) == 1


def test_call__key_of_ones_own__is_sent() -> None:
    service = Service(OK)
    service.client().call(ORDER, key="order-4711")
    assert service.keys() == {"order-4711"}


def test_call__answer_of_a_proxy__a_problem_all_the_same() -> None:
    service = Service(httpx.Response(500, text="<html>"), httpx.Response(200, text="<html>"))
    for _ in range(2):
        with pytest.raises(ApiProblem) as problem:
            service.client().call(READ)
        assert problem.value.code == "http_error"
        assert "of https://finance.example isn't chainfin's" in problem.value.message


def test_call__another_programs_refusal__says_whose_it_isnt() -> None:
    service = Service(httpx.Response(404, json={"error": "no such page"}))
    with pytest.raises(ApiProblem) as problem:
        service.client().call(READ)
    assert problem.value.code == "http_error"
    assert "404 of https://finance.example isn't chainfin's: another program listens there" in problem.value.message


@pytest.mark.parametrize(
    "where", ["127.0.0.1:8310", "finance.example", "ftp://finance.example", "http://", "http://a:b"]
)
def test_client__url_that_is_none__refused_at_once(where: str) -> None:
    for kind in (Client, AsyncClient):
        with pytest.raises(BadInput) as refused:
            kind(where)
        assert refused.value.code == "url_malformed"


def test_pause__without_advice__twice_as_long_each_time_up_to_a_limit() -> None:
    retries = Retries(attempts=9, first_s=1.0, most_s=5.0)
    for tried, longest in ((1, 1.0), (2, 2.0), (3, 4.0), (4, 5.0), (8, 5.0)):
        pause = retries.pause(tried)
        assert pause is not None
        assert longest / 2 <= pause <= longest
    assert retries.pause(9) is None


@pytest.mark.parametrize(("asked", "pause"), [(0.0, 0.0), (3.0, 3.0), (5.0, 5.0), (5.1, None)])
def test_pause__advised__kept_if_it_is_not_too_long(asked: float, pause: float | None) -> None:
    assert Retries(attempts=2, first_s=1.0, most_s=5.0).pause(1, asked) == pause


def test_problem__retry_after__in_seconds_or_as_a_date() -> None:
    assert ApiProblem.of(refused(503, **{"Retry-After": "7"})).retry_after == 7.0
    late = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    found = ApiProblem.of(refused(503, **{"Retry-After": late})).retry_after
    assert found is not None
    assert 3500 < found <= 3600
    assert ApiProblem.of(refused(503, **{"Retry-After": "soon"})).retry_after is None


def test_call__told_to_wait_for_longer_than_one_would__the_problem_says_how_long() -> None:
    service = Service(refused(503, "node_unreachable", **{"Retry-After": "3600"}), OK)
    with pytest.raises(ApiProblem) as problem:
        service.client().call(ORDER)
    assert problem.value.retry_after == 3600.0


def page(after: str | None, *ids: str) -> httpx.Response:
    return httpx.Response(200, json={"items": [{"id": each} for each in ids], "next": after})


def test_every__list_of_several_pages__all_of_it() -> None:
    asked = operations.orders_list_orders()
    service = Service(page("more", "a", "b"), page(None, "c"))
    assert [order["id"] for order in service.client().every(asked)] == ["a", "b", "c"]
    assert [request.url.params.get("cursor") for request in service.requests] == [None, "more"]
    service = Service(page("more", "a", "b"), page(None, "c"))
    assert [order["id"] for order in asyncio.run(service.async_client().every(asked))] == ["a", "b", "c"]


def test_wait__never_good__patience_is_over() -> None:
    service = Service(OK, OK)
    with pytest.raises(Unavailable) as over:
        service.client().wait(READ, lambda _order: False, patience_s=-1.0)
    assert over.value.code == "patience_over"


@pytest.mark.parametrize(
    ("path", "template", "keyed"),
    [
        ("/v1/orders/ord_1/despatches", "/v1/orders/{order_id}/despatches", True),
        ("/v1/webhooks", "/v1/webhooks", False),
        ("/v1/pledges/sales/s1/agreement", "/v1/pledges/sales/{sale_id}/agreement", True),
        ("/v9/{new}", "/v9/%7Bnew%7D", False),
    ],
)
def test_untyped__path__is_known_by_its_operation(path: str, template: str, keyed: bool) -> None:
    found = untyped("POST", path, {}, {})
    assert (found.template, found.keyed) == (template, keyed)
    assert found.path == path.replace("{", "%7B").replace("}", "%7D")


def test_untyped__query_in_the_path__is_asked() -> None:
    found = untyped("GET", "/v1/loans/l%2F1/payoff?on=2026-12-01", {"by": "value"}, None)
    assert found.query == {"on": "2026-12-01", "by": "value"}
    assert (found.ids, found.path) == ({"loan_id": "l/1"}, "/v1/loans/l%2F1/payoff")


# sign-in -----------------------------------------------------------------------------------------------------------


KEY = KeySigner.new()


def challenge(address: str = KEY.address, domain: str = "finance.example", chain_id: int = 7) -> httpx.Response:
    message = siwe_message(
        domain=domain,
        address=address,
        uri="https://finance.example/v1/auth/wallet",
        chain_id=chain_id,
        nonce="abcdefgh12",
        issued_at=datetime(2026, 11, 21, tzinfo=UTC),
    )
    return httpx.Response(200, json={"message": message})


def token(value: str) -> httpx.Response:
    return httpx.Response(200, json={"access_token": value})


def test_sign_in__answer_lost__begins_anew_with_another_nonce() -> None:
    service = Service(httpx.ReadError("cut"), challenge(), httpx.ReadError("cut"), challenge(), token("t"))
    client = service.client(signer=KEY)
    client.sign_in()
    assert client.token == "t"
    paths = [request.url.path.rpartition("/")[2] for request in service.requests]
    assert paths == ["nonce", "nonce", "wallet", "nonce", "wallet"]


@pytest.mark.parametrize(
    ("answer", "options"),
    [
        (challenge(domain="evil.example"), {}),
        (challenge(), {"domain": "bank.example"}),
        (challenge(address=KeySigner.new().address), {}),
    ],
    ids=["for another service", "for another than was named", "for another key"],
)
def test_sign_in__message_for_somebody_else__not_signed(answer: httpx.Response, options: dict[str, str]) -> None:
    service = Service(answer)
    with pytest.raises(Refused) as refusal:
        service.client(signer=KEY, **options).sign_in()
    assert refusal.value.code == "typed_data_foreign"
    assert len(service.requests) == 1


def test_sign_in__on_another_chain_than_before__not_signed() -> None:
    service = Service(challenge(), token("t"), challenge(chain_id=8))
    client = service.client(signer=KEY)
    client.sign_in()
    with pytest.raises(Refused, match="chain 8"):
        client.sign_in()


@pytest.mark.parametrize("domain", ["finance.example:8310", "FINANCE.example"])
def test_sign_in__at_the_same_host__whatever_its_port(domain: str) -> None:
    client = Service(challenge(domain=domain), token("t")).client(signer=KEY)
    client.sign_in()
    assert client.token == "t"


def test_sign_in__text_that_is_no_sign_in__not_signed() -> None:
    service = Service(httpx.Response(200, json={"message": "I owe you everything"}))
    with pytest.raises(BadInput) as refusal:
        service.client(signer=KEY).sign_in()
    assert refusal.value.code == "siwe_malformed"


def test_sign_in__without_a_key__refused() -> None:
    with pytest.raises(BadInput) as refusal:
        Service().client().sign_in()
    assert refusal.value.code == "key_missing"


@pytest.mark.parametrize("by", ["key", "credentials"])
def test_call__token_expired__signs_in_again_and_goes_on(by: str) -> None:
    first = [challenge(), token("old")] if by == "key" else [token("old")]
    again = [challenge(), token("new")] if by == "key" else [token("new")]
    service = Service(*first, refused(401, "token_expired"), *again, OK)
    client = service.client(signer=KEY)
    client.sign_in() if by == "key" else client.sign_in_as("cli_1", "secret")
    order = client.call(READ)
    assert order["id"] == "it"
    assert service.requests[-1].headers["Authorization"] == "Bearer new"


def test_call__token_expired_twice__the_problem() -> None:
    steps = [token("old"), refused(401, "token_expired"), token("new"), refused(401, "token_expired")]
    client = Service(*steps).client()
    client.sign_in_as("cli_1", "secret")
    with pytest.raises(ApiProblem) as problem:
        client.call(READ)
    assert problem.value.code == "token_expired"


def test_events__refused__a_problem() -> None:
    with pytest.raises(ApiProblem) as problem:
        list(Service(refused(404, "application_unknown")).client().events("/v1/applications/a/events"))
    assert problem.value.code == "application_unknown"


def test_events__broken_off__said() -> None:
    with pytest.raises(Unavailable):
        list(Service(httpx.ReadError("cut")).client().events("/v1/applications/a/events"))


def test_bodies__of_a_typed_operation__are_sent_as_they_are() -> None:
    service = Service(OK)
    asked = {"amount": "1.00", "currency": "CNY"}
    service.client().call(operations.loans_repay("loan/1", amount={"amount": "1.00", "currency": "CNY"}))
    (request,) = service.requests
    assert request.url.raw_path == b"/v1/loans/loan%2F1/repayments"
    assert json.loads(request.content) == {"amount": asked}


def test_clients__of_both_kinds__can_do_the_same() -> None:
    def public(kind: type) -> dict[str, list[str]]:
        members = inspect.getmembers(kind, inspect.isfunction)
        return {name: list(inspect.signature(each).parameters) for name, each in members if not name.startswith("_")}

    assert public(Client) == public(AsyncClient)


def test_clients__that_wait_and_that_await__open_call_and_close_alike() -> None:
    def shape(kind: type) -> dict[str, str]:
        methods = {name: each for name, each in vars(kind).items() if callable(each) and not name.startswith("_")}
        return {name: _plain(each) for name, each in {**methods, "opened": vars(kind)["__init__"]}.items()}

    assert shape(Client) == shape(AsyncClient)


def _plain(method: Callable[..., Any]) -> str:
    """Its signature without what awaiting changes."""
    return str(inspect.signature(method)).replace("AsyncClient", "Client").replace("AsyncIterator", "Iterator")
