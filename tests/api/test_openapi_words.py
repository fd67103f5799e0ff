"""The OpenAPI document says what everything means: fields, operations, and an example of what goes in and comes out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from api import examples
from api.app import describe
from api.openapi import operation_id
from api.routers import all_routers
from api.schemas.auth import TokenIn
from api.schemas.lending import EndEvent, NodeEvent

LEAST_DESCRIBED = 0.95


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return describe()


def _fields(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for form, schema in document["components"]["schemas"].items():
        for name, field in schema.get("properties", {}).items():
            yield form, name, field


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def test_fields__of_all_forms__say_what_they_mean(document: dict[str, Any]) -> None:
    bare = [f"{form}.{name}" for form, name, field in _fields(document) if not field.get("description")]
    count = sum(1 for _ in _fields(document))
    assert count > 500
    assert len(bare) <= (1 - LEAST_DESCRIBED) * count, bare


def test_fields__their_words__say_more_than_their_name(document: dict[str, Any]) -> None:
    said = ((form, name, field["description"]) for form, name, field in _fields(document) if "description" in field)
    plain = re.compile(r"[^a-z]+")
    echoed = [
        f"{form}.{name}"
        for form, name, words in said
        if plain.sub("", words.lower().removeprefix("the ")) == plain.sub("", name.lower())
    ]
    assert not echoed


def test_field_words__each__is_said_of_a_field_or_parameter_that_is_there(document: dict[str, Any]) -> None:
    inline = {form.__name__: form.model_json_schema() for form in (NodeEvent, EndEvent, TokenIn)}
    forms = {**document["components"]["schemas"], **inline}
    known = {f"{form}.{name}" for form, schema in forms.items() for name in schema.get("properties", {})}
    known |= {name for schema in forms.values() for name in schema.get("properties", {})}
    known |= {each["name"] for _, operation in _operations(document) for each in operation.get("parameters", ())}
    assert not sorted(examples.words().keys() - known)


def test_operations__each__says_what_it_does(document: dict[str, Any]) -> None:
    silent = [name for name, operation in _operations(document) if not operation.get("description")]
    assert not silent


def test_operations__each__shows_an_example(document: dict[str, Any]) -> None:
    missing = []
    for name, operation in _operations(document):
        answers = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
        bodies = [part.get("content", {}) for part in (operation.get("requestBody", {}), *answers)]
        shown = ["example" in content for body in bodies for kind, content in body.items() if kind != "text/html"]
        parameters = ["example" in each for each in operation.get("parameters", ()) if each["in"] == "path"]
        if not all([*shown, *parameters]) or not [*shown, *parameters]:
            missing.append(name)
    assert not missing


def _routes(routers: Sequence[Any]) -> Iterator[APIRoute]:
    """Every operation's route; a router that another includes is asked for its own."""
    for router in routers:
        for route in router.routes:
            if isinstance(route, APIRoute):
                yield route
            else:
                yield from _routes([route.original_router])


def test_examples__each__is_what_its_form_takes(document: dict[str, Any]) -> None:
    checked = 0
    by_name = {operation["operationId"]: operation for _, operation in _operations(document)}
    for route in (each for each in _routes(all_routers()) if each.include_in_schema):
        operation = by_name[operation_id(route)]
        if route.body_field is not None:
            given = operation["requestBody"]["content"]["application/json"]["example"]
            form: Any = route.body_field.field_info.annotation
            TypeAdapter(form).validate_python(given)
            checked += 1
        content = operation["responses"].get(str(route.status_code or 200), {}).get("content", {})
        if route.response_model is not None:
            TypeAdapter(route.response_model).validate_python(content["application/json"]["example"])
            checked += 1
    assert checked > 150


def test_times__in_all_forms__have_their_format(document: dict[str, Any]) -> None:
    def formats(field: dict[str, Any]) -> set[str]:
        return {each["format"] for each in (field, *field.get("anyOf", ())) if "format" in each}

    bare = [
        f"{form}.{name}"
        for form, name, field in _fields(document)
        if re.search(r"(?<!looked)(^|_)(at|on|until|date|deadline|now)$", name)
        and not formats(field) & {"date", "date-time"}
    ]
    assert not bare
