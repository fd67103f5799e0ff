"""Changing evidence bundles as somebody would who can seal them anew."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

from chainfin.audit.bundle import seal
from chainfin.errors import BadInput

Content = dict[str, Any]
Change = Callable[[Content], None]


def resealed(data: bytes, change: Change) -> bytes:
    """The bundle, changed and sealed again."""
    content = json.loads(data)
    before = copy.deepcopy(content)
    change(content)
    assert content != before
    del content["seal"], content["schema"]
    return seal(content)


def replaced(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new)


def fact_of(content: Content, event: str, which: int = 0) -> tuple[int, Content]:
    """The number of the event's fact (``which`` of several; -1: the last one), and the fact."""
    return [(n, fact) for n, fact in enumerate(content["chain"]["facts"]) if fact["event"] == event][which]


def act_of(content: Content, primary: str, which: int = 0) -> Content:
    found: Content = [a for a in content["acts"] if a["typed_data"]["primaryType"] == primary][which]
    return found


def paper_of(content: Content, event: str, which: int = 0) -> Content:
    """What is shown of the document that the event put on chain."""
    number, _ = fact_of(content, event, which)
    found: Content = next(document for document in content["documents"] if document["fact"] == number)
    return found


def drop_fact(content: Content, number: int) -> None:
    """Take a fact out with all that hangs on it; its receipt too, if nothing else of it is told."""
    chain = content["chain"]
    fact = chain["facts"].pop(number)
    for part in ("acts", "documents"):
        content[part] = [thing for thing in content[part] if thing["fact"] != number]
        for thing in content[part]:
            if thing["fact"] is not None:
                thing["fact"] -= thing["fact"] > number
    if not any(other["receipt"] == fact["receipt"] for other in chain["facts"]):
        del chain["receipts"][fact["receipt"]]
        for other in chain["facts"]:
            other["receipt"] -= other["receipt"] > fact["receipt"]


def nearly(content: Content, dice: random.Random, most: int) -> Iterator[tuple[tuple[Any, ...], bytes]]:
    """At ``most`` so many places of the bundle, each with a bundle in which that value is another one."""
    content = {name: part for name, part in content.items() if name not in ("seal", "schema")}
    places = _leaves(content)
    for path in dice.sample(places, min(most, len(places))):
        changed = copy.deepcopy(content)
        inner = changed
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = _other(inner[path[-1]], dice)
        try:
            yield path, seal(changed)
        except BadInput:  # it can't even be written down as a bundle
            continue


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [found for key in value for found in _leaves(value[key], (*path, key))]
    if isinstance(value, list):
        return [found for place, item in enumerate(value) for found in _leaves(item, (*path, place))]
    return [path]


def _other(value: Any, dice: random.Random) -> Any:
    """Nearly the same value: one character, one more, or the other truth."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if not isinstance(value, str) or not value:
        return "x"
    at = dice.randrange(len(value))
    return value[:at] + {"9": "8", "f": "e", "z": "y"}.get(value[at], chr(ord(value[at]) + 1)) + value[at + 1 :]
