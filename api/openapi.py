"""The OpenAPI document, made true: every error that an operation can answer is in it, as problem details."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.problems import MEDIA_TYPE, Problem

_METHODS = ("get", "post", "put", "patch", "delete")
_WORDS = {
    "400": "The body can't be read, or the Idempotency-Key is missing or malformed",
    "401": "Nobody known is speaking: no token, or one that has expired or is not ours",
    "403": "Known, but not for this",
    "404": "There is no such thing, or none that this caller may see",
    "409": "The state doesn't admit it now, or the Idempotency-Key is in flight",
    "413": "The body is larger than 6 MB",
    "422": "The input is not as described, or a rule of trade, credit or pledge refuses it",
    "500": "Something broke on our side; `details.incident` names it",
    "503": "Something outside doesn't answer, or nobody knows yet whether it happened; see Retry-After",
}


def install(app: FastAPI) -> None:
    """Make ``app.openapi()`` give the document with its errors."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _build(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented way to extend the document


def _build(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for path, operations in document["paths"].items():
        for method in _METHODS:
            if method in operations:
                _add_errors(operations[method], method, path)
    return document


def _add_errors(operation: dict[str, Any], method: str, path: str) -> None:
    responses = operation["responses"]
    for status in _statuses(operation, method, path):
        responses[status] = {
            "description": _WORDS[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }


def _statuses(operation: dict[str, Any], method: str, path: str) -> list[str]:
    statuses = ["500", "503"]
    if operation.get("security"):
        statuses += ["401", "403"]
    if "{" in path:
        statuses += ["404"]
    if method == "post":
        statuses += ["400", "401", "403", "404", "409", "413", "422"]
    if method == "delete":
        statuses += ["409", "413", "422"]
    if method == "get" and operation.get("parameters"):
        statuses += ["422"]
    # what a router names besides gets the same form
    return statuses + [status for status in operation["responses"] if status in _WORDS]
