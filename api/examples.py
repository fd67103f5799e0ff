"""What the document says of fields, and an example of every body, parameter and answer.

`field_words.json` says once what a field means and what may stand in it: by its name, since one thing has one word
everywhere, or as ``Form.field`` where a form means something of its own (``operation.field`` where operations share a
form). What a form says itself stands first. An example of a form is made of the examples of its fields; all of them are
invented.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

_PREFIX = "#/components/schemas/"
_OF_FIELDS = ("application/json", "application/x-www-form-urlencoded")
_DONE = ("200", "201", "202")
_BY_FORMAT = {"date-time": "2026-11-21T09:00:00Z", "date": "2026-11-21"}
_BY_TYPE: Mapping[str, Any] = {"string": "text", "integer": 1, "number": 1, "boolean": False, "object": {}}


@cache
def words() -> Mapping[str, Mapping[str, Any]]:
    """``means`` and ``example`` (each may be left out) by field, by ``Form.field`` or by ``operation.field``."""
    known: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name("field_words.json").read_bytes())
    return known


def of_field(form: str, field: str, key: str) -> Any:
    """``means`` or ``example`` of a field: the form's own before the name's. Raises KeyError: there is none."""
    for name in (f"{form}.{field}", field):
        if key in words().get(name, {}):
            return words()[name][key]
    raise KeyError(key)


def add(document: dict[str, Any]) -> None:
    """Describe every field, and give an example of all that goes in or comes out."""
    _describe(document)
    schemas = document["components"]["schemas"]
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                _of_parameter(parameter, schemas)
            for content in _contents(operation):
                if "schema" in content and "example" not in content:
                    content["example"] = example(content["schema"], schemas)
            _of_operation(operation)


def _contents(operation: Mapping[str, Any]) -> list[dict[str, Any]]:
    answers = [answer for status, answer in operation["responses"].items() if status in _DONE]
    given = [part.get("content", {}) for part in (operation.get("requestBody", {}), *answers)]
    return [body for content in given for kind, body in content.items() if kind in _OF_FIELDS]


def _of_operation(operation: Mapping[str, Any]) -> None:
    """Where operations share a form, a field of one body has an example of its own: ``operation.field``."""
    for content in operation.get("requestBody", {}).get("content", {}).values():
        for field in content["example"]:
            own = words().get(f"{operation['operationId']}.{field}", {})
            if "example" in own:
                content["example"][field] = own["example"]


def _of_parameter(parameter: dict[str, Any], schemas: Mapping[str, Any]) -> None:
    try:
        known = of_field("", parameter["name"], "example")
    except KeyError:
        return  # a cursor: nothing that an example would make clearer
    allowed = _enum(parameter["schema"], schemas)
    if allowed is not None and known not in allowed:
        known = allowed[0]
    if parameter["schema"].get("type") != "integer" or isinstance(known, int):
        parameter.setdefault("example", known)  # the limit of a page is another word than that of money


def _describe(part: Any) -> None:
    if isinstance(part, dict):
        fields = part.get("properties")
        if isinstance(fields, dict) and part.get("type") == "object":
            for name, field in fields.items():
                if "description" not in field:
                    field.update(_means(str(part.get("title", "")), name))
        for each in part.values():
            _describe(each)
    elif isinstance(part, list):
        for each in part:
            _describe(each)


def _means(form: str, field: str) -> dict[str, str]:
    try:
        return {"description": of_field(form, field, "means")}
    except KeyError:
        return {}


def example(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:
    """A value that ``schema`` takes, made of the examples of its fields."""
    return _value(schema, schemas, "", "")


def _value(schema: Mapping[str, Any], schemas: Mapping[str, Any], form: str, field: str) -> Any:
    if "const" in schema:
        return schema["const"]
    try:
        known = of_field(form, field, "example")
        if known is not None and _is_form(schema, schemas):  # the name's example is of plain text beside a currency
            known = _made(schema, schemas, form, field)
    except KeyError:
        known = _made(schema, schemas, form, field)
    allowed = _enum(schema, schemas)
    return known if allowed is None or known in allowed or isinstance(known, list) else allowed[0]


def _is_form(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> bool:
    references = (each["$ref"] for each in (schema, *schema.get("anyOf", ())) if "$ref" in each)
    return any("properties" in schemas[each.removeprefix(_PREFIX)] for each in references)


def _enum(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> list[Any] | None:
    for one in (schema, *schema.get("anyOf", ())):
        each = schemas[one["$ref"].removeprefix(_PREFIX)] if "$ref" in one else one
        if "enum" in each:
            nullable = {"type": "null"} in schema.get("anyOf", ())
            return [*each["enum"], *([None] if nullable else [])]
    return None


def _made(schema: Mapping[str, Any], schemas: Mapping[str, Any], form: str, field: str) -> Any:
    """Without words of its own: by what it is made of."""
    if "$ref" in schema:
        return _value(schemas[schema["$ref"].removeprefix(_PREFIX)], schemas, "", "")
    if "anyOf" in schema:
        return _value(schema["anyOf"][0], schemas, form, field)
    if "properties" in schema:
        own = str(schema.get("title", ""))
        return {name: _value(each, schemas, own, name) for name, each in schema["properties"].items()}
    if schema.get("type") == "array":
        least = max(1, schema.get("minItems", 1))
        return [_value(schema["items"], schemas, "", "")] * least
    if "default" in schema:
        return schema["default"]
    return _BY_FORMAT.get(schema.get("format", ""), _BY_TYPE[schema["type"]])
