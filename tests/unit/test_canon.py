"""Canonical JSON: the order of RFC 8785, and digests that were written down before."""

from __future__ import annotations

import json
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


def test_canonical__endless__refused() -> None:
    value: list[object] = []
    value.append(value)
    with pytest.raises(BadInput, match="record_not_canonical"):
        canonical_bytes(value)


def test_canonical__as_deep_as_allowed__no_level_more() -> None:
    def nested(levels: int) -> list[object]:
        return [nested(levels - 1)] if levels > 1 else []

    assert canonical_bytes(nested(DEEPEST)) == b"[" * DEEPEST + b"]" * DEEPEST
    with pytest.raises(BadInput, match="record_not_canonical"):
        canonical_bytes(nested(DEEPEST + 1))
