"""Calls that are sent again where that is safe, and the sign-in: the steps that all others are made of.

Nothing here sends or sleeps: `Client` and `AsyncClient` carry the steps out (`steps.Flow`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit
from uuid import uuid4

import httpx

from chainfin.client import asked, operations
from chainfin.client.operation import Operation
from chainfin.client.problem import ApiProblem, foreign, origin
from chainfin.client.retries import Retries
from chainfin.client.steps import Flow, Pause, Send
from chainfin.errors import BadInput, Unavailable, Unknown
from chainfin.eth.signer import Signer, personal_message
from chainfin.eth.siwe import parse_siwe

T = TypeVar("T")
PATIENCE_S = 30.0
_FIRST_LOOK_S, _MOST_S = 0.01, 0.5
"""Between two looks at what one waits for: at first, and after a while."""
_TEMPORARY = frozenset({429, 502, 503, 504})
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_HERE = frozenset({"127.0.0.1", "localhost", "::1"})
_SIGN_INS = 3


class Calls:
    """How one speaks to the service, before there is anything to sign but the sign-in.

    ``signer``: its key, which stays on this side. ``host``: whom it means to speak to; a sign-in message for somebody
    else isn't signed. ``contracts``: addresses to trust by name; of one that isn't named, the first that is seen stays.
    """

    def __init__(
        self,
        signer: Signer | None,
        token: str,
        retries: Retries,
        host: str,
        contracts: Mapping[str, str] | None,
    ) -> None:
        self.signer = signer
        self.token = token
        self.retries = retries
        self.host = host
        self._contracts = dict(contracts or {})
        self.chain_id: int | None = None
        self._credentials: tuple[str, str] | None = None

    # calls ----------------------------------------------------------------------------------------------------------

    def call(self, operation: Operation[T], *, key: str | None = None) -> Flow[T]:
        """Carry ``operation`` out, once. ``key``: the Idempotency-Key, by default a fresh one for all its attempts.

        Raises ApiProblem; Unavailable service_unreachable; Unknown outcome_unknown (``details`` name the key: sent
        again with it, nothing happens twice).
        """
        answer = yield from self._answered(operation, key)
        try:
            return cast(T, answer.json() if answer.content else None)
        except ValueError:
            raise ApiProblem(answer.status_code, foreign(answer)) from None

    def download(self, operation: Operation[Any]) -> Flow[bytes]:
        """The answer as it is."""
        return (yield from self._answered(operation, None)).content

    def every(self, operation: Operation[Any]) -> Flow[list[Any]]:
        """All items of a list, page by page."""
        items: list[Any] = []
        page = yield from self.call(operation.asking(limit=200))
        items += page["items"]
        while page["next"]:
            page = yield from self.call(operation.asking(limit=200, cursor=page["next"]))
            items += page["items"]
        return items

    def wait(self, operation: Operation[T], good: Callable[[T], bool], patience_s: float = PATIENCE_S) -> Flow[T]:
        """Ask until the answer is ``good``. Raises Unavailable patience_over."""
        end, rest = time.monotonic() + patience_s, _FIRST_LOOK_S
        while True:
            found = yield from self.call(operation)
            if good(found):
                return found
            if time.monotonic() > end:
                raise Unavailable("patience_over", f"waited {patience_s:.0f} s for nothing", where=operation.path)
            yield Pause(rest)
            rest = min(_MOST_S, rest * 1.2)

    def _answered(self, operation: Operation[Any], key: str | None) -> Flow[httpx.Response]:
        own = key or uuid4().hex
        tried, lost, renewed = 0, False, False
        while True:
            tried += 1
            try:
                answer: httpx.Response = yield self._request(operation, own)
            except httpx.RequestError as error:
                sent = not isinstance(error, _NEVER_SENT)
                lost |= sent
                pause = self.retries.pause(tried) if operation.repeatable or not sent else None
                if pause is None:
                    raise _gone(operation, error, own, lost=lost) from None
            else:
                if not answer.is_error:
                    return answer
                problem = ApiProblem.of(answer)
                if problem.code == "token_expired" and not renewed and self._can_renew:
                    # refused at the door: nothing was done
                    renewed = True
                    yield from self._renew()
                    continue
                temporary = problem.status in _TEMPORARY or problem.code == "idempotency_in_flight"
                pause = self.retries.pause(tried, problem.retry_after) if temporary and operation.repeatable else None
                if pause is None:
                    raise problem
            yield Pause(pause)

    def _request(self, operation: Operation[Any], key: str) -> Send:
        headers = {"Accept": "application/json"}
        if operation.method == "POST":
            headers["Idempotency-Key"] = key
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        query = {name: value for name, value in operation.query.items() if value is not None}
        return Send(operation.method, operation.path, headers, query, operation.body)

    # who it is ------------------------------------------------------------------------------------------------------

    def sign_in(self) -> Flow[None]:
        """EIP-4361: sign the service's one-time message, if it is one for this service and this key.

        Raises BadInput siwe_malformed; Refused typed_data_foreign: the message is for somebody else.
        """
        signer = self.own_signer
        for left in reversed(range(_SIGN_INS)):
            # a nonce that was given out and got lost harms nobody
            asking = operations.auth_nonce(address=signer.address)
            given = yield from self._harmless(asking)
            message = str(given["message"])
            self._unless_for_me(message)
            signed = "0x" + signer.sign(personal_message(message)).hex()
            try:
                found = yield from self.call(operations.auth_wallet(message=message, signature=signed))
            except Unknown:
                if not left:
                    raise
                continue  # the nonce may be used up: begin anew
            self.token = found["access_token"]
            return

    def sign_in_as(self, client_id: str, client_secret: str) -> Flow[None]:
        """By client credentials (OAuth 2.0)."""
        self._credentials = (client_id, client_secret)
        asking = operations.auth_token(
            grant_type="client_credentials", client_id=client_id, client_secret=client_secret
        )
        self.token = (yield from self._harmless(asking))["access_token"]

    def _harmless(self, operation: Operation[T]) -> Flow[T]:
        """A call without a key that may be made twice all the same."""
        for left in reversed(range(self.retries.attempts)):
            try:
                return (yield from self.call(operation))
            except Unknown:
                if not left:
                    raise
        raise AssertionError("one attempt at least")

    @property
    def _can_renew(self) -> bool:
        return self._credentials is not None or (self.signer is not None and self.chain_id is not None)

    def _renew(self) -> Flow[None]:
        self.token = ""
        if self._credentials is not None:
            yield from self.sign_in_as(*self._credentials)
        else:
            yield from self.sign_in()

    def _unless_for_me(self, message: str) -> None:
        parsed = parse_siwe(message)
        host = urlsplit(f"//{parsed.domain}").hostname or ""
        if host != self.host.lower() and not {host, self.host} <= _HERE:
            raise asked.foreign(f"the sign-in message is for {parsed.domain}, and this is {self.host}")
        if self.chain_id not in (None, parsed.chain_id):
            raise asked.foreign(
                f"the sign-in message is for chain {parsed.chain_id}, and it was {self.chain_id} before"
            )
        if parsed.address != self.own_signer.address:
            raise asked.foreign(f"the sign-in message is for {parsed.address}")
        self.chain_id = parsed.chain_id

    @property
    def own_signer(self) -> Signer:
        """Raises BadInput key_missing."""
        if self.signer is None:
            raise BadInput("key_missing", "this needs a key on this side, and there is none")
        return self.signer


def _gone(operation: Operation[Any], error: httpx.RequestError, key: str, *, lost: bool) -> Unavailable | Unknown:
    """It was sent and not answered, or it never got there."""
    what = f"{operation.method} {operation.path}"
    if lost and operation.method != "GET":
        why = f"no answer came from {base(error)} to {what}: {error or type(error).__name__}; ask what became of it"
        return Unknown("outcome_unknown", why, idempotency_key=key if operation.keyed else None)
    why = f"{base(error)} doesn't answer {what}: {error or type(error).__name__}"
    return Unavailable("service_unreachable", f"{why}; is the service running there (chainfin serve)?")


def base(error: httpx.RequestError) -> str:
    """Whom the request that came to this was sent to."""
    try:
        return origin(error.request.url)
    except RuntimeError:  # nothing was sent
        return "the service"
