"""The OpenAPI document, made true: every error that an operation can answer is in it, as problem details."""

from __future__ import annotations

import re
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from api import events, examples
from api.problems import MEDIA_TYPE, Problem

_METHODS = ("get", "post", "put", "patch", "delete")
_WORDS = {
    "400": "The body can't be read, or the Idempotency-Key is missing or malformed",
    "401": "Nobody known is speaking: no token, or one that has expired or is not ours",
    "403": "Known, but not for this",
    "404": "There is no such thing, or none that this caller may see",
    "409": "The state doesn't admit it now, or the Idempotency-Key is in flight",
    "413": "The body is larger than 6 MB",
    "415": "The body is not JSON, or its Content-Type does not say so",
    "422": "The input is not as described, or a rule of trade, credit or pledge refuses it",
    "500": "Something broke on our side; `details.incident` names it",
    "503": "Something outside doesn't answer, or nobody knows yet whether it happened; see Retry-After",
}


TAGS = {
    "system": "What answers here, whether it works, and what day it is.",
    "auth": "Sign-in by a wallet's signature or by client credentials.",
    "participants": "Companies: admitted by the operator, with the consent of their key.",
    "persons": "Who speaks for a party, and what takes two of them.",
    "pauses": "Kinds of acts that the operator has stopped.",
    "acts": "What a party signs, and what became of it on the chain.",
    "orders": "Purchase orders, up to the receipt of the goods.",
    "receivables": "Issued on an invoice, confirmed by the debtor, split and passed on.",
    "warehouse receipts": "Goods at a keeper, and their prices.",
    "pledges": "What is pledged, released, enforced, undertaken.",
    "substitutions": "Goods that are sold, replaced by the receivable of their sale.",
    "limits": "How much a lender lends to whom, on whom.",
    "mandates": "Under what a lender's money may go out at all.",
    "funding": "The money that lenders have placed.",
    "debtor lines": "What a marked debtor may confirm, set by lenders on chain.",
    "applications": "Asked for, decided, offered, accepted.",
    "loans": "What was agreed, what is owed, how it is paid back.",
    "audit": "Evidence, trial balance, reconciliation.",
    "books": "Closing a month.",
    "policies": "What decides on applications.",
    "products": "How loans are repaid and what they may cost.",
    "webhooks": "A party is told of what moves by a call to an address of its own.",
    "parked": "What could not be understood or applied.",
    "bank": "A bank's files, and its statements.",
    "sandbox": "What people do outside, where a sandbox plays the outside.",
}
"""What each group of operations is about, in the order of the document."""


def operation_id(route: APIRoute) -> str:
    """A name of our own that code can be made with: ``orders_post_order``."""
    tag = str(route.tags[0]) if route.tags else "docs"  # its pages are no operations
    return f"{tag.replace(' ', '_')}_{route.name}"


_STATEMENT = re.compile(r".+?(?=[.:;](?:\s|$)|\n\n|$)", re.DOTALL)


def summary(description: str) -> str:
    """What stands in lists of operations: the first statement of the description."""
    found = _STATEMENT.match(description)
    return re.sub(r"\s+", " ", found.group() if found else description)


def install(app: FastAPI) -> None:
    """Make ``app.openapi()`` give the document with its errors."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _build(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented way to extend the document


def _build(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        tags=[{"name": name, "description": words} for name, words in TAGS.items()],
        servers=[{"url": "/", "description": "where this document comes from"}],
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    _hoist(document["paths"], schemas)
    events.add(document)
    examples.add(document)
    for operations in (*document["paths"].values(), *document["webhooks"].values()):
        for operation in operations.values():
            operation["summary"] = summary(operation["description"])
    for path, operations in document["paths"].items():
        for method in _METHODS:
            if method in operations:
                _add_errors(operations[method], method, path)
    return document


def _hoist(part: Any, schemas: dict[str, Any]) -> None:
    """Forms that a route wrote down itself, and definitions within them, become the document's: references find them,
    and generators have a name for them."""
    if isinstance(part, dict):
        form = part.get("schema")
        if isinstance(form, dict) and "properties" in form and "title" in form:
            schemas.setdefault(form["title"], form)
            part["schema"] = {"$ref": f"#/components/schemas/{form['title']}"}
        for name, definition in part.pop("$defs", {}).items():
            schemas.setdefault(name, definition)
        reference = part.get("$ref")
        if isinstance(reference, str):
            part["$ref"] = reference.replace("#/$defs/", "#/components/schemas/")
        for each in part.values():
            _hoist(each, schemas)
    elif isinstance(part, list):
        for each in part:
            _hoist(each, schemas)


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
        statuses += ["400", "401", "403", "404", "409", "413", "415", "422"]
    if method == "delete":
        statuses += ["409", "413", "415", "422"]
    if method == "get" and operation.get("parameters"):
        statuses += ["422"]
    # what a router names besides gets the same form
    return statuses + [status for status in operation["responses"] if status in _WORDS]
