"""Canonical JSON: the order of RFC 8785, and digests that were written down before."""

from __future__ import annotations

import json
import sys
from types import MappingProxyType

import pytest

from chainfin.canon import DEEPEST, canonical_bytes
from chainfin.errors import BadInput

KEYS = {
    "\u20ac": "Euro",
    "\r": "CR",
    "\ufb33": "Hebrew",
    "1": "One",
    "\U0001f600": "Smiley",
    "\u0080": "C1",
    "\u00f6": "o",
}
"""RFC 8785 §3.2.3."""


def test_canonical__keys_of_the_rfcs_example__sorted_by_utf_16_units() -> None:
    assert list(json.loads(canonical_bytes(KEYS))) == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


def test_canonical__views_and_tuples__are_objects_and_arrays() -> None:
    assert canonical_bytes(MappingProxyType({"b": (1, "ü"), "a": None})) == '{"a":null,"b":[1,"ü"]}'.encode()


def test_canonical__no_place_in_a_record__says_where() -> None:
    with pytest.raises(BadInput, match="record_not_canonical") as caught:
        canonical_bytes({"a": [{"b": 1}, {"b": 0.5}]})
    assert caught.value.where == "/a/1/b"


def nested(deep: int) -> object:
    value: object = 1
    for _ in range(deep):
        value = [value]
    return value


def test_canonical__as_deep_as_may_be__spelled_and_no_deeper() -> None:
    assert canonical_bytes(nested(DEEPEST)) == b"[" * DEEPEST + b"1" + b"]" * DEEPEST
    with pytest.raises(BadInput, match="record_not_canonical"):
        canonical_bytes(nested(DEEPEST + 1))


def test_canonical__endless_where_the_recursion_limit_was_raised__refused_at_once() -> None:
    before = sys.getrecursionlimit()
    value: list[object] = []
    value.append(value)
    sys.setrecursionlimit(max(before, 100_000))
    try:
        with pytest.raises(BadInput, match="record_not_canonical") as caught:
            canonical_bytes(value)
    finally:
        sys.setrecursionlimit(before)
    assert caught.value.where == "/0" * DEEPEST
