"""One spelling of every record: canonical JSON (RFC 8785, by the rfc8785 package) without floats, and its SHA-256.

Everything that is hashed, signed or replayed as JSON is spelled here: documents, decisions, policies, scorecards,
journals, approvals and evidence (ADR 0150).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import rfc8785

from chainfin.errors import BadInput

Json: TypeAlias = "bool | int | str | Sequence[Json] | Mapping[str, Json] | None"

SAFE_INTEGER = 2**53 - 1
"""RFC 8785 §3.2.2.3: beyond it JSON numbers are not the same everywhere; amounts are strings for this reason."""
DEEPEST = 100
"""Objects and arrays within each other. The interpreter's own bound is no bound: a library raises it to 100,000, and a
record that one process refuses would be taken by the next, or cost it gigabytes."""


def canonical_bytes(value: object) -> bytes:
    """The RFC 8785 bytes of ``value``. Raises BadInput record_not_canonical on a float or anything that isn't JSON, and
    on what is nested deeper than `DEEPEST`."""
    try:
        return rfc8785.dumps(_plain(value, ""))
    except ValueError:  # all else that the package refuses was refused by `_plain`, which says where
        raise BadInput("record_not_canonical", "a string holds half a surrogate pair") from None


def content_hash(value: object) -> str:
    """SHA-256 of the canonical bytes as 0x and 64 hex digits (a bytes32 on chain)."""
    return "0x" + hashlib.sha256(canonical_bytes(value)).hexdigest()


def _plain(value: object, where: str, depth: int = 0) -> Any:
    """``value`` in dicts and lists alone, as the package takes them. Raises BadInput that says where."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        if abs(value) > SAFE_INTEGER:
            raise BadInput("record_not_canonical", "integers beyond 2^53 - 1 must be strings", where=where or "/")
        return value
    if depth >= DEEPEST:
        raise BadInput("record_not_canonical", f"nested more than {DEEPEST} deep", where=where)
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise BadInput("record_not_canonical", "a key is not a string", where=where or "/")
        return {key: _plain(item, f"{where}/{key}", depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{where}/{place}", depth + 1) for place, item in enumerate(value)]
    raise BadInput("record_not_canonical", f"a {type(value).__name__} has no place in a record", where=where or "/")


def first_difference(expected: object, found: object, where: str = "") -> str | None:
    """The JSON pointer of the first place (keys in order) where two JSON values differ; None when equal."""
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        for key in sorted(set(expected) | set(found)):
            if key not in expected or key not in found:
                return f"{where}/{key}"
            if (place := first_difference(expected[key], found[key], f"{where}/{key}")) is not None:
                return place
        return None
    if isinstance(expected, (list, tuple)) and isinstance(found, (list, tuple)):
        for index, (left, right) in enumerate(zip(expected, found, strict=False)):
            if (place := first_difference(left, right, f"{where}/{index}")) is not None:
                return place
        return None if len(expected) == len(found) else f"{where}/{min(len(expected), len(found))}"
    # 1 == True in Python, not in JSON
    return None if type(expected) is type(found) and expected == found else where or "/"


def pointer_value(document: object, pointer: str) -> object:
    """What stands at a JSON pointer; None where nothing does."""
    for step in pointer.split("/")[1:]:
        if isinstance(document, Mapping):
            document = document.get(step)
        elif isinstance(document, (list, tuple)) and step.isdigit() and int(step) < len(document):
            document = document[int(step)]
        else:
            return None
    return document
