"""The collection made from the OpenAPI document: every operation is in it, and what it sends is what the API takes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from typer.testing import CliRunner

from api.app import describe
from chainfin.cli.main import app

DOCUMENT = describe()


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    done = CliRunner().invoke(app, ["openapi", "--postman", "--url", "http://127.0.0.1:9999"])
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, each in DOCUMENT["paths"].items():
        for method, operation in each.items():
            yield path, method, operation


def items(made: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {item["name"]: item["request"] for folder in made["item"] for item in folder["item"]}


def test_collection__every_operation__is_in_it_once(made: dict[str, Any]) -> None:
    names = [item["name"] for folder in made["item"] for item in folder["item"]]
    assert sorted(names) == sorted(operation["operationId"] for _, _, operation in operations())
    assert {"key": "base", "value": "http://127.0.0.1:9999"} in made["variable"]
    assert made["auth"]["type"] == "bearer"


@pytest.mark.parametrize(
    ("path", "method", "operation"),
    [pytest.param(*each, id=each[2]["operationId"]) for each in operations()],
)
def test_request__of_an_operation__is_one_that_the_api_takes(
    made: dict[str, Any], path: str, method: str, operation: dict[str, Any]
) -> None:
    request = items(made)[operation["operationId"]]
    assert request["method"] == method.upper()
    variables = {each["key"]: each["value"] for each in request["url"].get("variable", ())}
    spelled = request["url"]["raw"]
    for name in variables:
        spelled = spelled.replace(f":{name}", f"{{{name}}}")
    assert spelled == "{{base}}" + path
    assert (request.get("auth") == {"type": "noauth"}) is not bool(operation.get("security"))
    for parameter in operation.get("parameters", ()):
        if parameter.get("required") and parameter["in"] == "header":
            assert [h for h in request["header"] if h["key"] == parameter["name"] and not h.get("disabled")]
        if "example" in parameter:
            valid(parameter["schema"], parameter["example"])
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        if kind == "application/json":
            valid(content["schema"], json.loads(request["body"]["raw"]))
            break


def valid(schema: dict[str, Any], value: Any) -> None:
    jsonschema_rs.validator_for({**schema, "components": DOCUMENT["components"]}).validate(value)
