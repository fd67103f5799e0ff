"""One HTTP call to a partner, told apart into the four outcomes (see `outcome`).

Retries are bounded, with exponential backoff and full jitter, and made only where a second call can do no harm:
after anything for a call that the caller declares idempotent, otherwise only where nothing was sent. An answer
counts only if the partner signed it; the signed bytes are returned as evidence.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from chainfin.connectors.outcome import Done, Outcome, Refused, Unavailable, Unknown
from chainfin.connectors.signature import HEADER, Evidence, Verifier
from chainfin.connectors.wire import Problem
from chainfin.errors import BadInput
from chainfin.jws import MAX_BODY_BYTES, SignatureInvalid

REF = re.compile(r"[\x21-\x2e\x30-\x7e]{1,128}")
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Limits:
    """Time limits of one attempt, in seconds: to connect, between bytes, and in all."""

    connect_s: float = 2.0
    read_s: float = 5.0
    total_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Retry:
    """How often to try at most, and the backoff's first and largest ceiling in seconds."""

    attempts: int = 3
    base_s: float = 0.05
    cap_s: float = 2.0

    def ceiling_s(self, tries: int) -> float:
        """The longest wait after ``tries`` attempts have failed."""
        return float(min(self.cap_s, self.base_s * 2 ** (tries - 1)))


def full_jitter(ceiling_s: float) -> float:
    """Anything from nothing to the ceiling, so that those who failed together don't come back together."""
    return random.uniform(0, ceiling_s)  # noqa: S311 - spreads load, guards nothing


class _TooMuch(Exception):
    """The answer is larger or slower than the limits allow."""


@dataclass(frozen=True, slots=True)
class _Attempt:
    outcome: Outcome[Evidence]
    final: bool


class HttpClient:
    """A partner's base address (path prefix included), its trusted keys, our time limits. Safe to share by threads."""

    def __init__(
        self,
        base_url: str,
        verifier: Verifier,
        *,
        limits: Limits | None = None,
        retry: Retry | None = None,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[float], float] = full_jitter,
    ) -> None:
        self._verifier = verifier
        self._limits = limits or Limits()
        self._retry = retry or Retry()
        self._sleep = sleep
        self._jitter = jitter
        timeout = httpx.Timeout(self._limits.read_s, connect=self._limits.connect_s)
        # The pool outlives idle partners by less than they keep a connection open, so that a stale one is rarely used.
        # trust_env off: a proxy named in the environment must not come between us and a bank unasked.
        self._client = httpx.Client(
            base_url=base_url,
            timeout=timeout,
            transport=transport,
            trust_env=False,
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=64, keepalive_expiry=4.0),
        )

    @property
    def verifier(self) -> Verifier:
        return self._verifier

    def close(self) -> None:
        self._client.close()

    def call(
        self,
        method: str,
        path: str,
        *,
        json: BaseModel | None = None,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        idempotent: bool,
    ) -> Outcome[Evidence]:
        """Call and classify; retry as the module says. ``path`` is already quoted (see `quoted`).

        If one attempt may have got through, a later one that didn't can't turn the whole into Unavailable.
        """
        content = json.model_dump_json().encode() if json is not None else None
        sent_headers = {**(headers or {}), "content-type": "application/json"}
        request = self._client.build_request(method, path, content=content, params=params, headers=sent_headers)
        about = f"{method} {request.url.raw_path.partition(b'?')[0].decode()}"
        doubt: Unknown | None = None
        for tries in range(1, self._retry.attempts + 1):
            attempt = self._once(request, about=about)
            outcome = attempt.outcome
            if isinstance(outcome, Unknown):
                doubt = outcome
            harmless = idempotent or isinstance(outcome, Unavailable)
            if attempt.final or not harmless or tries == self._retry.attempts:
                break
            self._sleep(self._jitter(self._retry.ceiling_s(tries)))
        return doubt if doubt is not None and isinstance(outcome, Unavailable) else outcome

    def _once(self, request: httpx.Request, *, about: str) -> _Attempt:
        deadline = time.monotonic() + self._limits.total_s
        try:
            response = self._client.send(request, stream=True)
            try:
                body = _read(response, deadline)
            finally:
                response.close()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return _Attempt(Unavailable("partner_unreachable", f"nothing was sent: {_name(error)}"), final=False)
        except (httpx.TransportError, httpx.DecodingError, _TooMuch) as error:
            return _Attempt(Unknown("partner_no_answer", f"sent, not answered: {_name(error)}"), final=False)
        return self._classify(response, body, about)

    def _classify(self, response: httpx.Response, body: bytes, about: str) -> _Attempt:
        status = response.status_code
        if status == httpx.codes.TOO_MANY_REQUESTS:
            return _Attempt(Unavailable("partner_busy", "the partner turned the call away unread"), final=False)
        if status >= 500 or status == httpx.codes.REQUEST_TIMEOUT:
            return _Attempt(Unknown("partner_failed", f"the partner answered {status}"), final=False)
        try:
            evidence = self._verifier.check(body, response.headers.get(HEADER))
        except SignatureInvalid as error:
            # Whoever answered, it isn't known to be the partner: it proves neither success nor refusal.
            return _Attempt(Unknown("partner_signature_invalid", str(error)), final=True)
        if 200 <= status < 300:
            return _Attempt(Done(evidence), final=True)
        problem = read(Problem, evidence)
        if not isinstance(problem, Done) or problem.value.about != about or status < 400:
            return _Attempt(
                Unknown("partner_answer_malformed", f"a {status} that answers another question", answered=True),
                final=True,
            )
        return _Attempt(Refused(problem.value.code, problem.value.message), final=True)


def quoted(*segments: str) -> str:
    """A path of segments, each percent-encoded whole, so that an id can't climb out of its place.

    Raises BadInput partner_ref_malformed for a segment that is no `wire.Ref` (or only dots).
    """
    for segment in segments:
        if not REF.fullmatch(segment) or not segment.strip("."):
            raise BadInput("partner_ref_malformed", f"{segment[:40]!r} can't name anything at a partner's")
    return "/" + "/".join(quote(segment, safe="") for segment in segments)


def read(model: type[M], evidence: Evidence) -> Outcome[M]:
    """The signed body as the message it should be; anything else proves nothing."""
    try:
        return Done(model.model_validate_json(evidence.body))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        return Unknown("partner_answer_malformed", f"{model.__name__} {place}: {first['msg']}", answered=True)


def _read(response: httpx.Response, deadline: float) -> bytes:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise _TooMuch(f"more than {MAX_BODY_BYTES} bytes")
        if time.monotonic() > deadline:
            raise _TooMuch("slower than the whole time allowed")
    return bytes(body)


def _name(error: Exception) -> str:
    return f"{type(error).__name__} {error}".strip()
