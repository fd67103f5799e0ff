"""Errors as RFC 9457 problem details (``application/problem+json``), each with the stable code of its cause.

``title`` says what the code means in the caller's language (`chainfin.error_titles`), ``detail`` what this case is.
Nothing that a caller didn't send and nothing of the inside leaks: what is unexpected is logged under an incident id,
and the caller gets the id.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Literal

import orjson
import structlog
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from sqlalchemy.exc import IntegrityError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from chainfin.error_titles import title
from chainfin.errors import (
    BadInput,
    ChainfinError,
    Conflict,
    Forbidden,
    NotFound,
    Refused,
    Unauthenticated,
    Unavailable,
    Unknown,
)
from chainfin.storage.away import TROUBLES, reason, trouble

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 2
"""Seconds after which asking again makes sense when something outside doesn't answer."""

Language = Literal["en", "zh"]
MAX_ACCEPT_LANGUAGE = 500
"""Characters of an Accept-Language header that are looked at; browsers send fewer than a hundred."""
_WEIGHT = re.compile(r"q=([01](?:\.[0-9]{0,3})?)")

_log = structlog.get_logger("api")

_STATUS: Sequence[tuple[type[ChainfinError], int]] = (
    (BadInput, 422),
    (Unauthenticated, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (Conflict, 409),
    (Refused, 422),
    (Unavailable, 503),
    (Unknown, 503),
)

_STATUS_OF_CODE = {
    "body_too_large": 413,
    "content_type_unsupported": 415,
    "idempotency_key_missing": 400,
    "idempotency_key_malformed": 400,
    "disk_full": 507,
}
"""Codes whose status HTTP itself fixes."""

_CODE_OF_STATUS = {
    400: "body_unreadable",
    404: "route_unknown",
    405: "method_not_allowed",
    413: "body_too_large",
}


class Violation(BaseModel):
    """One place of the request that is not as the schema says."""

    where: str = Field(description="JSON pointer into the body, or the place and name of a parameter")
    message: str
    rule: str = Field(description="the rule that is broken, in pydantic's words")


class Problem(BaseModel):
    """RFC 9457 problem details. Callers may rely on ``code`` and ``status``; ``detail`` is for people."""

    type: str = Field(description="urn:chainfin:problem:<code>")
    title: str = Field(description="what the code means, in English, or in Chinese where Accept-Language prefers it")
    status: int
    detail: str
    code: str = Field(description="stable snake_case code of what happened")
    where: str | None = Field(default=None, description="the place in the input: JSON pointer, XPath, field")
    details: dict[str, Any] | None = Field(default=None, description="facts that prove the refusal")
    errors: list[Violation] | None = Field(default=None, description="with input_invalid: every place")


def status_of(error: ChainfinError) -> int:
    """The HTTP status of an error of ours: by its class, except where HTTP itself fixes one."""
    fixed = _STATUS_OF_CODE.get(error.code)
    if fixed is not None:
        return fixed
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def to_response(error: Exception, request: Request) -> Response:
    """Any exception as problem details."""
    if isinstance(error, ChainfinError):
        return _of_ours(error, request)
    if isinstance(error, RequestValidationError):
        return _of_validation(error, _language(request))
    if isinstance(error, HTTPException):
        return _of_http(error, request)
    if isinstance(error, IntegrityError) and _twice(error):
        detail = "the same thing was made by another request at the same moment"
        return problem(409, "made_meanwhile", detail, language=_language(request))
    database = trouble(error)
    if database is not None:
        # the driver's own words stay in the log: they may name hosts and statements
        _log.warning(database, reply=reason(error), route=_route(request))
        headers = {"Retry-After": str(RETRY_AFTER_S)}
        status = _STATUS_OF_CODE.get(database, 503)
        detail = f"{TROUBLES[database]}: nothing was done; try again"
        return problem(status, database, detail, headers=headers, language=_language(request))
    return _unexpected(error, request)


def _route(request: Request) -> str:
    """The route's template: a path holds what its caller likes."""
    return str(getattr(request.scope.get("route"), "path", None) or "unknown")


def _twice(error: IntegrityError) -> bool:
    """Whether a unique key stood in the way (SQLSTATE 23505); any other broken constraint is a fault of ours."""
    return getattr(error.orig, "sqlstate", None) == "23505" or "UNIQUE constraint failed" in str(error.orig)


def language_of(accept: str | None) -> Language:
    """The language of an ``Accept-Language`` header: whichever of ``zh-…`` and ``en-…`` weighs more; else English."""
    weights = {"en": 0.0, "zh": 0.0}
    for part in (accept or "")[:MAX_ACCEPT_LANGUAGE].split(","):
        tag, _, parameter = part.strip().partition(";")
        weight = _WEIGHT.fullmatch(parameter.replace(" ", "")) if parameter else None
        primary = tag.strip().lower().partition("-")[0]
        if primary in weights and (weight or not parameter):
            weights[primary] = max(weights[primary], float(weight[1]) if weight else 1.0)
    return "zh" if weights["zh"] > weights["en"] else "en"


def _language(request: Request) -> Language:
    return language_of(request.headers.get("accept-language"))


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    where: str | None = None,
    details: Mapping[str, object] | None = None,
    errors: Sequence[Mapping[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
    language: Language = "en",
) -> Response:
    """A problem as an answer; members without a value are left out. A code that is not ours has HTTP's own title."""
    body: dict[str, object] = {
        "type": f"urn:chainfin:problem:{code}",
        "title": title(code, language) or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }
    optional = {"where": where, "details": dict(details) if details else None, "errors": errors or None}
    body.update({name: value for name, value in optional.items() if value is not None})
    # `default=str`: a proof may hold amounts, dates, decimals; they read as text
    content = orjson.dumps(body, default=str, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS)
    spoken = {"Content-Language": language, "Vary": "Accept-Language"}
    return Response(content, status, headers={**(headers or {}), **spoken}, media_type=MEDIA_TYPE)


def _of_ours(error: ChainfinError, request: Request) -> Response:
    status = status_of(error)
    headers: dict[str, str] = {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status == 503:
        headers["Retry-After"] = str(RETRY_AFTER_S)
        _log.warning("unavailable", code=error.code, route=_route(request))
    return problem(
        status,
        error.code,
        error.message,
        where=error.where,
        details=error.details,
        headers=headers,
        language=_language(request),
    )


def _of_validation(error: RequestValidationError, language: Language) -> Response:
    errors = [
        {"where": pointer(found["loc"]), "message": str(found["msg"]), "rule": str(found["type"])}
        for found in error.errors()[:50]
    ]
    first = errors[0] if errors else {"where": "", "message": "the request is not as described"}
    detail = f"{first['message']} ({first['where']})"
    return problem(422, "input_invalid", detail, where=first["where"] or None, errors=errors, language=language)


def pointer(loc: Sequence[object]) -> str:
    """Where a violation is: ``/amount/currency`` in the body, else ``query:limit``, ``header:…``, ``path:id``."""
    place, rest = str(loc[0]) if loc else "", loc[1:]
    if place == "body":
        return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in rest) or "/"
    return f"{place}:{'.'.join(str(part) for part in rest)}"


def _of_http(error: HTTPException, request: Request) -> Response:
    code = _CODE_OF_STATUS.get(error.status_code, f"http_{error.status_code}")
    detail = str(error.detail) if error.detail else HTTPStatus(error.status_code).phrase
    headers = {"Allow": _methods(request)} if error.status_code == 405 else error.headers
    return problem(error.status_code, code, detail, headers=headers, language=_language(request))


def _methods(request: Request) -> str:
    """What the path takes, of all routes: the framework's own word tells of the first route that has this path."""
    routes = request.app.router.routes
    asked = {method: {**request.scope, "method": method} for method in ("DELETE", "GET", "PATCH", "POST", "PUT")}
    return ", ".join(
        method for method, scope in asked.items() if any(each.matches(scope)[0] is Match.FULL for each in routes)
    )


def _unexpected(error: Exception, request: Request) -> Response:
    incident = secrets.token_hex(8)
    _log.error("internal_error", incident=incident, method=request.method, route=_route(request), exc_info=error)
    return problem(
        500,
        "internal_error",
        "something broke on our side; name the incident when you ask",
        details={"incident": incident},
        language=_language(request),
    )


async def handle(request: Request, error: Exception) -> Response:
    """`to_response` in the form of an exception handler."""
    return to_response(error, request)
