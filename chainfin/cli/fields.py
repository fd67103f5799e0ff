"""Bodies from words and words from answers: ``amount.currency=CNY`` says a member of a JSON object, ``items.0.id``
finds one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from chainfin.errors import BadInput


def put(body: dict[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    """``body`` with the members that the fields say: ``name=text``, or ``name:=`` and JSON; dots lead into objects.

    Raises BadInput field_malformed.
    """
    for field in fields:
        name, equals, text = field.partition("=")
        raw = name.endswith(":")
        *outer, last = name.removesuffix(":").split(".")
        if not equals or not all((*outer, last)):
            raise BadInput("field_malformed", f"{field!r} is neither name=text nor name:=json", where="FIELD")
        place = body
        for step in outer:
            place = place.setdefault(step, {})
            if not isinstance(place, dict):
                raise BadInput("field_malformed", f"{step} in {field!r} is no object", where="FIELD")
        place[last] = _json(text, field) if raw else text
    return body


def _json(text: str, field: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise BadInput("field_malformed", f"{field!r}: {error}", where="FIELD") from None


def pick(answer: Any, path: str) -> Any:
    """The member of an answer that ``path`` leads to. Raises BadInput answer_without_field."""
    found = answer
    for step in path.split("."):
        try:
            found = found[int(step)] if isinstance(found, list) else found[step]
        except (LookupError, TypeError, ValueError):
            there = ", ".join(found) if isinstance(found, dict) else f"a {type(found).__name__}"
            raise BadInput("answer_without_field", f"there is no {step} in {there}", where=path) from None
    return found


def shown(value: Any) -> str:
    """Text as it is, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
