"""The API as a Postman collection (v2.1), made from the OpenAPI document; Bruno, Insomnia and Hoppscotch import it too.

A folder for each tag, a request for each operation, with its example as the body. ``{{base}}`` and ``{{token}}`` are
the collection's variables: where the service answers, and what `chainfin token` prints.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"


def collection(document: Mapping[str, Any], base: str) -> dict[str, Any]:
    """``document``: OpenAPI; ``base``: what ``{{base}}`` is until somebody changes it."""
    folders: dict[str, dict[str, Any]] = {
        tag["name"]: {"name": tag["name"], "description": tag["description"], "item": []} for tag in document["tags"]
    }
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            folders[operation["tags"][0]]["item"].append(_item(path, method, operation))
    return {
        "info": {
            "name": f"{document['info']['title']} {document['info']['version']}",
            "description": document["info"]["description"],
            "schema": SCHEMA,
        },
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{token}}", "type": "string"}]},
        "variable": [{"key": "base", "value": base}, {"key": "token", "value": ""}],
        "item": [folder for folder in folders.values() if folder["item"]],
    }


def _item(path: str, method: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    given: dict[str, list[dict[str, Any]]] = {"path": [], "query": [], "header": []}
    for parameter in operation.get("parameters", ()):
        given[parameter["in"]].append(parameter)
    steps = [f":{step[1:-1]}" if step.startswith("{") else step for step in path.strip("/").split("/")]
    raw = "{{base}}/" + "/".join(steps)
    url: dict[str, Any] = {"raw": raw, "host": ["{{base}}"], "path": steps}
    if given["path"]:
        url["variable"] = [_pair(parameter) for parameter in given["path"]]
    if given["query"]:
        url["query"] = [_pair(each) | {"disabled": not each.get("required", False)} for each in given["query"]]
    request: dict[str, Any] = {
        "method": method.upper(),
        "description": operation.get("description", ""),
        "url": url,
        "header": [_header(parameter) for parameter in given["header"]],
    }
    if not operation.get("security"):
        request["auth"] = {"type": "noauth"}
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        request["body"] = _body(kind, content["example"])
        break  # the first is the usual one
    return {"name": operation["operationId"], "request": request}


def _body(kind: str, example: Any) -> dict[str, Any]:
    if kind == "application/x-www-form-urlencoded":
        pairs = [{"key": name, "value": "" if value is None else str(value)} for name, value in example.items()]
        return {"mode": "urlencoded", "urlencoded": pairs}
    text = json.dumps(example, ensure_ascii=False, indent=1)
    return {"mode": "raw", "raw": text, "options": {"raw": {"language": "json"}}}


def _pair(parameter: Mapping[str, Any]) -> dict[str, Any]:
    value = parameter.get("example", "")
    return {"key": parameter["name"], "value": str(value), "description": parameter.get("description", "")}


def _header(parameter: Mapping[str, Any]) -> dict[str, Any]:
    if parameter["name"] == "Idempotency-Key":
        return _pair(parameter) | {"value": "{{$guid}}"}  # a fresh one each time
    return _pair(parameter) | {"disabled": not parameter.get("required", False)}
