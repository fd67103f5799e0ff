"""The client of a program that waits for its answers. `AsyncClient` is the same for one that awaits them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import date
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from chainfin.client import events
from chainfin.client.calls import PATIENCE_S
from chainfin.client.flows import Flows
from chainfin.client.operation import Operation, untyped
from chainfin.client.retries import Retries
from chainfin.client.speaker import TIMEOUT_S, Speaker, base_url
from chainfin.client.steps import Flow, Send
from chainfin.eth.signer import Signer

if TYPE_CHECKING:
    from chainfin.client.forms import ActOut, ApplicationDetail, ApplicationOut, MandateOut, Page, ReceivableOut

T = TypeVar("T")


class Client(Speaker, AbstractContextManager["Client"]):
    """A `Speaker` that waits: opened with a URL or an `httpx.Client`, closed by ``with`` or `close`."""

    def __init__(
        self,
        where: str | httpx.Client,
        token: str = "",
        *,
        signer: Signer | None = None,
        retries: Retries | None = None,
        domain: str | None = None,
        contracts: Mapping[str, str] | None = None,
    ) -> None:
        if isinstance(where, str):
            where = httpx.Client(base_url=base_url(where), timeout=TIMEOUT_S, trust_env=False)
        self.http = where
        host = domain or where.base_url.host
        super().__init__(Flows(signer, token, retries or Retries(), host, contracts))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.http.close()

    def sign_in(self) -> None:
        """With the key on this side. See `Calls.sign_in`."""
        self._run(self.flows.sign_in())

    def sign_in_as(self, client_id: str, client_secret: str) -> None:
        """With client credentials."""
        self._run(self.flows.sign_in_as(client_id, client_secret))

    def call(self, operation: Operation[T], *, key: str | None = None) -> T:
        """Carry an operation out. See `Calls.call`."""
        return self._run(self.flows.call(operation, key=key))

    def do(self, operation: Operation[T], *, key: str | None = None) -> T:
        """Carry it out, sign what it leads to, wait until that is final. See `Flows.do`."""
        return self._run(self.flows.do(operation, key=key))

    def every(self, operation: Operation[Page[T]]) -> list[T]:
        """All items of a list, page by page."""
        return self._run(self.flows.every(operation))

    def wait(self, operation: Operation[T], good: Callable[[T], bool], patience_s: float = PATIENCE_S) -> T:
        """Ask until the answer is ``good``. Raises Unavailable patience_over."""
        return self._run(self.flows.wait(operation, good, patience_s))

    def finish(self, act: ActOut | Mapping[str, Any]) -> ActOut:
        """Sign an act that one has looked at, and wait for its end. See `Flows.finish`."""
        return self._run(self.flows.finish(act))

    def sign_waiting(self, *functions: str) -> int:
        """Sign every act that waits for this party, or those of some functions. See `Flows.sign_waiting`."""
        return self._run(self.flows.sign_waiting(*functions))

    def consent(self, admission: Mapping[str, Any]) -> str:
        """Agree with one's key to be admitted. Returns the participant's id."""
        return self._run(self.flows.consent(admission))

    def accept(self, application: ApplicationDetail | Mapping[str, Any]) -> ApplicationOut:
        """Accept the offer on an application as one has looked at it. See `Flows.accept`."""
        return self._run(self.flows.accept(application))

    def confirm(
        self,
        known: ReceivableOut | Mapping[str, Any],
        invoice: bytes,
        *,
        seller: str | None = None,
        due: date | None = None,
    ) -> ActOut:
        """Confirm a receivable (确权) on one's own copy of its invoice. See `Flows.confirm`."""
        return self._run(self.flows.confirm(known, invoice, seller=seller, due=due))

    def sign_mandate(self, prepared: MandateOut | Mapping[str, Any]) -> MandateOut:
        """Sign a prepared mandate, if it waits for that. See `Flows.sign_mandate`."""
        return self._run(self.flows.sign_mandate(prepared))

    def get(self, path: str, **query: Any) -> Any:
        """Read a path as it is, without a type."""
        return self.call(untyped("GET", path, query, None))

    def post(self, path: str, body: Mapping[str, Any] | None = None, *, key: str | None = None) -> Any:
        """Post to a path as it is, without a type; ``key``: the Idempotency-Key."""
        return self.call(untyped("POST", path, {}, dict(body or {})), key=key)

    def act(self, path: str, body: Mapping[str, Any] | None = None, *, key: str | None = None) -> Any:
        """Post to a path and see its act through, as `do`, without a type."""
        return self.do(untyped("POST", path, {}, dict(body or {})), key=key)

    def download(self, path: str) -> bytes:
        """What a path answers, as it is."""
        return self._run(self.flows.download(untyped("GET", path, {}, None)))

    def events(self, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Server-sent events as (name, data), until the stream ends. Raises Unavailable service_unreachable."""
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "text/event-stream"}
        try:
            with self.http.stream("GET", path, headers=headers, timeout=PATIENCE_S) as stream:
                events.unless_refused(stream, stream.read() if stream.is_error else b"")
                reader = events.Reader()
                for line in stream.iter_lines():
                    if (event := reader.feed(line)) is not None:
                        yield event
        except httpx.RequestError as error:
            raise events.broken(path, error) from None

    def _run(self, flow: Flow[T]) -> T:
        """Carry the steps of a flow out."""
        try:
            step = next(flow)
            while True:
                if not isinstance(step, Send):
                    time.sleep(step.seconds)
                    step = flow.send(None)
                    continue
                try:
                    answer = self.http.request(**step.arguments)
                except httpx.RequestError as error:
                    step = flow.throw(error)
                else:
                    step = flow.send(answer)
        except StopIteration as done:
            result: T = done.value
            return result
