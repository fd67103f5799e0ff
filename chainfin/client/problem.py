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

    @classmethod
    def of(cls, answer: httpx.Response) -> ApiProblem:
        """Also where a proxy answered instead of the API, in words of its own."""
        try:
            body = answer.json()
        except ValueError:
            body = None
        found = body if isinstance(body, dict) else {}
        return cls(answer.status_code, found, retry_after=_seconds(answer.headers.get("Retry-After", "")))


def _seconds(text: str) -> float | None:
    """A Retry-After header: seconds, or a date (RFC 9110)."""
    if text.isascii() and text.isdecimal():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return None
