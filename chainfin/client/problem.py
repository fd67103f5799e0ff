"""What the API says no with."""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from chainfin.errors import ChainfinError


class ApiProblem(ChainfinError):
    """The API's problem details (RFC 9457) as an exception: ``code`` is the stable code, ``status`` the HTTP status,
    ``body`` all of it, ``retry_after`` the seconds after which asking again makes sense, where the API says so."""

    def __init__(self, status: int, body: Mapping[str, Any], *, retry_after: float | None = None) -> None:
        super().__init__(str(body.get("code", "http_error")), str(body.get("detail", status)))
        self.status = status
        self.body = body
        self.retry_after = retry_after
        proof = body.get("details")
        self.details = proof if isinstance(proof, dict) else {}

    @property
    def of_the_act(self) -> bool:
        """Whether it says no to what was asked, not to the caller (401), to any caller now (429), or by mistake."""
        return 400 <= self.status < 500 and self.status not in (401, 429)

    @classmethod
    def of(cls, answer: httpx.Response) -> ApiProblem:
        """Also where somebody else answered, in words of its own: code http_error."""
        try:
            body = answer.json()
        except ValueError:
            body = None
        found = body if isinstance(body, dict) and "code" in body else foreign(answer)
        return cls(answer.status_code, found, retry_after=_seconds(answer.headers.get("Retry-After", "")))


def foreign(answer: httpx.Response) -> dict[str, Any]:
    """The problem of an answer that isn't the service's: whose it may be, and from where it came."""
    try:
        where = f" of {origin(answer.request.url)}"
    except RuntimeError:  # an answer that was made by hand has no request
        where = ""
    why = (
        f"the answer {answer.status_code}{where} isn't chainfin's: another program listens there, or a proxy before it"
    )
    return {"code": "http_error", "status": answer.status_code, "detail": why}


def origin(url: httpx.URL) -> str:
    """Scheme, host and port of a URL: whom one speaks to."""
    return f"{url.scheme}://{url.netloc.decode()}"


def _seconds(text: str) -> float | None:
    """A Retry-After header: seconds, or a date (RFC 9110)."""
    if text.isascii() and text.isdecimal():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return None
