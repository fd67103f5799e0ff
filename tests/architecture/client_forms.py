"""The typed half of `chainfin.client`, made of the OpenAPI document: its forms, its operations, its routes.

Renew it: ``python -m tests.architecture.client_forms`` (``--check`` compares: exit 1 and a line for each file that
differs).
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from api.app import describe

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "chainfin" / "client"
_WRITTEN = (
    "Written by `python -m tests.architecture.client_forms` from the OpenAPI document: change api/, not this file."
)
_PREFIX = "#/components/schemas/"
_WIDTH = 120
_PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
_DONE = ("200", "201", "202", "204")
_JSON = "application/json"
_UNKEYED = ("cursor", "limit")
"""Of a page: `Client.every` asks for them."""
_PAGE = re.compile(r"Page_(\w+)_")
_KEY = "Idempotency-Key"

Schema = Mapping[str, Any]


def name_of(reference: str) -> str:
    """A schema's name in Python: ``Page_OrderOut_`` is ``Page[OrderOut]``."""
    name = reference.removeprefix(_PREFIX)
    paged = _PAGE.fullmatch(name)
    return f"Page[{paged[1]}]" if paged else name


def kind(schema: Schema) -> str:
    """The Python type of what a schema takes."""
    if "$ref" in schema:
        return name_of(schema["$ref"])
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(kind(each) for each in schema["anyOf"]))
    if "const" in schema:
        return f"Literal[{json.dumps(schema['const'])}]"
    if "enum" in schema:
        return f"Literal[{', '.join(json.dumps(each) for each in schema['enum'])}]"
    if schema.get("type") == "array":
        return f"list[{kind(schema['items'])}]"
    if schema.get("type") == "object":
        values = schema.get("additionalProperties")
        return f"dict[str, {kind(values) if isinstance(values, Mapping) else 'Any'}]"
    return _PLAIN[schema["type"]] if "type" in schema else "Any"


def _words(text: str, indent: str) -> str:
    """A docstring of a description: one paragraph."""
    plain = " ".join(text.replace("\\", "\\\\").replace('"""', "'''").split())
    plain = plain + " " if plain.endswith('"') else plain
    return textwrap.fill(f'"""{plain}"""', _WIDTH, initial_indent=indent, subsequent_indent=indent)


def _form(name: str, schema: Schema) -> str:
    if "properties" not in schema:
        return f"{name}: TypeAlias = {kind(schema)}"
    lines = [f"class {name}(TypedDict):", _words(schema.get("description") or f"See `{name}` in the document.", "    ")]
    required = schema.get("required", ())
    for field, each in schema["properties"].items():
        found = kind(each)
        lines.append(f"    {field}: {found if field in required else f'NotRequired[{found}]'}")
        if "description" in each:
            lines.append(_words(each["description"], "    "))
    return "\n".join(lines)


def forms(document: Schema) -> str:
    """Every form that goes in or comes out."""
    known = document["components"]["schemas"]
    page = next(schema for name, schema in known.items() if _PAGE.fullmatch(name))
    own = [_form(name, schema) for name, schema in known.items() if not _PAGE.fullmatch(name)]
    paged = "\n".join(
        [
            "class Page(TypedDict, Generic[T]):",
            _words(page.get("description") or "A part of a list.", "    "),
            "    items: list[T]",
            f"    next: {kind(page['properties']['next'])}",
            _words(page["properties"]["next"]["description"], "    "),
        ]
    )
    head = f'''"""What goes into the API and comes out of it.

{_WRITTEN}
"""

from __future__ import annotations

from typing import Any, Generic, Literal, NotRequired, TypeAlias, TypedDict, TypeVar

T = TypeVar("T")
'''
    return "\n\n\n".join([head, paged, *own]) + "\n"


def _operations(document: Schema) -> Iterator[tuple[str, str, Schema]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def _answer(operation: Schema) -> str | None:
    """What an operation answers; None: a stream, which no function of `operations` is for."""
    answer = next(operation["responses"][status] for status in _DONE if status in operation["responses"])
    content = answer.get("content", {})
    if not content:
        return "None"
    return _qualified(kind(content[_JSON]["schema"])) if _JSON in content else None


def _qualified(found: str) -> str:
    return re.sub(r"\b([A-Z]\w+)\b", lambda name: name[1] if name[1] in ("Any", "None") else f"forms.{name[1]}", found)


def _body(operation: Schema) -> str | None:
    content = operation.get("requestBody", {}).get("content", {})
    if _JSON not in content:
        return None
    schema = content[_JSON]["schema"]
    found = next(each["$ref"] for each in (schema, *schema.get("anyOf", ())) if "$ref" in each)
    return str(found).removeprefix(_PREFIX)


def _keyed(operation: Schema) -> bool:
    return any(each["name"] == _KEY for each in operation.get("parameters", ()))


def _function(method: str, path: str, operation: Schema) -> str | None:
    answer = _answer(operation)
    if answer is None:
        return None
    ids = [each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"]
    asked = [each for each in operation.get("parameters", ()) if each["in"] == "query" and each["name"] not in _UNKEYED]
    body = _body(operation)
    takes = [f"{each}: str" for each in ids] + (["/"] if ids else [])
    if asked:
        takes.append("*")
    takes += [f"{each['name']}: {_or_none(each['schema'])} = None" for each in asked]
    if body is not None:
        takes.append(f"**body: Unpack[forms.{body}]")
    gives = [json.dumps(method), json.dumps(path)]
    gives.append("{" + ", ".join(f'"{each}": {each}' for each in ids) + "}")
    gives.append("{" + ", ".join(f'"{each["name"]}": {each["name"]}' for each in asked) + "}")
    gives.append("None" if body is None else "body")
    gives.append(str(_keyed(operation)))
    return "\n".join(
        [
            f"def {operation['operationId']}({', '.join(takes)}) -> Operation[{answer}]:",
            _words(operation["description"], "    "),
            f"    return Operation({', '.join(gives)})",
        ]
    )


def _or_none(schema: Schema) -> str:
    found = kind(schema)
    return found if found.endswith("| None") else f"{found} | None"


def operations(document: Schema) -> str:
    """A function for each operation."""
    head = f'''"""Every operation of the API: a function makes it, and a client carries it out (`Client.do`).

{_WRITTEN}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Unpack

from chainfin.client.operation import Operation

if TYPE_CHECKING:  # hundreds of forms, for the type checker alone
    from chainfin.client import forms
'''
    made = [_function(method, path, operation) for method, path, operation in _operations(document)]
    return "\n\n\n".join([head, *(each for each in made if each is not None)]) + "\n"


def routes(document: Schema) -> str:
    """What an operation is recognised by."""
    rows = [f"    ({method!r}, {path!r}, {_keyed(operation)})," for method, path, operation in _operations(document)]
    return f'''"""Method and path of every operation, and whether it takes an Idempotency-Key.

{_WRITTEN}
"""

from __future__ import annotations

ROUTES: tuple[tuple[str, str, bool], ...] = (
{chr(10).join(rows)}
)
'''


def _formatted(code: str, file: Path) -> str:
    command = [sys.executable, "-m", "ruff", "format", "--quiet", "--stdin-filename", str(file), "-"]
    return subprocess.run(command, input=code, capture_output=True, text=True, check=True, cwd=ROOT).stdout


def written() -> dict[Path, str]:
    """File → what has to stand in it."""
    document = describe()
    made = {"forms": forms(document), "operations": operations(document), "routes": routes(document)}
    return {PACKAGE / f"{name}.py": _formatted(code, PACKAGE / f"{name}.py") for name, code in made.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check = parser.parse_args().check
    odd = [file for file, code in written().items() if not file.exists() or file.read_text(encoding="utf-8") != code]
    for file, code in written().items():
        if not check:
            file.write_text(code, encoding="utf-8")
    for file in odd:
        print(f"{file.relative_to(ROOT)}: {'not what the API says' if check else 'written'}")
    return 1 if check and odd else 0


if __name__ == "__main__":
    sys.exit(main())
