"""Scorecards as data: points by bin, compiled to plain lookups, each point with its reason.

``points = base + the sum over characteristics``: exact, whole numbers. A card's JSON under ``scorecards/`` says whether
more points are better, on what basis the points stand, and from how many points each band starts. A card says
``"features": "columns"`` when it was fitted to the columns of a file instead of the features of the registry; such a
card may score words by groups, and numbers in units of ``10 ** -decimals`` (ADR 0155). No float is anywhere.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import orjson

from chainfin.errors import BadInput, NotFound
from chainfin.risk.canon import content_hash
from chainfin.risk.features import REGISTRY

MAX_DECIMALS = 9


@dataclass(frozen=True, slots=True)
class Characteristic:
    """One feature's bins: ``points[i]`` counts below ``edges[i]``, the last from the last edge on.

    Edges and values are in units of ``10 ** -decimals``; rounding a value down to them can't move it over an edge.
    """

    feature: str
    edges: tuple[int, ...]
    points: tuple[int, ...]
    missing: int
    decimals: int = 0

    def score(self, value: int | str | None) -> int:
        """Raises BadInput feature_malformed for a word."""
        if isinstance(value, str):
            raise BadInput("feature_malformed", f"{self.feature} is a number, not a word")
        return self.missing if value is None else self.points[bisect_right(self.edges, value)]


@dataclass(frozen=True, slots=True)
class Words:
    """One feature of words: ``points[group[word]]``; the last points count for a word that is in no group."""

    feature: str
    group: Mapping[str, int]
    points: tuple[int, ...]
    missing: int
    decimals: int = 0

    def score(self, value: int | str | None) -> int:
        """Raises BadInput feature_malformed for a number."""
        if isinstance(value, int):
            raise BadInput("feature_malformed", f"{self.feature} is a word, not a number")
        return self.missing if value is None else self.points[self.group.get(value, -1)]


@dataclass(frozen=True, slots=True)
class Scorecard:
    """A compiled card. ``hash`` is the SHA-256 of its canonical JSON."""

    id: str
    version: str
    hash: str
    higher_is_better: bool
    base_points: int
    characteristics: tuple[Characteristic | Words, ...]
    bands: tuple[tuple[int, str], ...]
    of_columns: bool = False
    """Whether it was fitted to the columns of a file, which no decision has at hand."""

    def score(self, features: Mapping[str, int | str | None]) -> Score:
        """Raises BadInput feature_missing when a characteristic's feature isn't given at all (None is given)."""
        parts = []
        for one in self.characteristics:
            if one.feature not in features:
                raise BadInput("feature_missing", f"scorecard {self.id} needs the feature {one.feature}")
            value = features[one.feature]
            parts.append(ScorePart(one.feature, value, one.score(value), one.decimals))
        points = self.base_points + sum(part.points for part in parts)
        return Score(self.id, self.version, self.hash, self.base_points, points, self.band(points), tuple(parts))

    def band(self, points: int) -> str:
        return next(name for start, name in self.bands if points >= start)


@dataclass(frozen=True, slots=True)
class ScorePart:
    """What one feature's value was worth."""

    feature: str
    value: int | str | None
    points: int
    decimals: int = 0

    def sentence(self) -> tuple[str, str]:
        """English and Chinese; a column of a file goes by its own name."""
        feature = REGISTRY.get(self.feature)
        if feature is None or isinstance(self.value, str):
            value = Decimal(self.value).scaleb(-self.decimals) if isinstance(self.value, int) else self.value
            en, zh = ("not known", "未知") if value is None else (f"{value}", f"{value}")
            return f"{self.feature}: {en} ({self.points:+d} points)", f"{self.feature}：{zh}（{self.points:+d} 分）"
        en, zh = _shown(self.value, feature.unit)
        return f"{feature.en}: {en} ({self.points:+d} points)", f"{feature.zh}：{zh}（{self.points:+d} 分）"


@dataclass(frozen=True, slots=True)
class Score:
    """A score with its reasons: ``base_points`` and the parts' points add up to ``points``."""

    card_id: str
    card_version: str
    card_hash: str
    base_points: int
    points: int
    band: str
    parts: tuple[ScorePart, ...]

    def json_dict(self) -> dict[str, object]:
        return {
            "card": self.card_id,
            "base_points": self.base_points,
            "points": self.points,
            "band": self.band,
            "parts": [{"feature": p.feature, "value": p.value, "points": p.points} for p in self.parts],
        }


def _shown(value: int | None, unit: str) -> tuple[str, str]:
    if value is None:
        return "not known", "未知"
    if unit == "bps":
        sign = "-" if value < 0 else ""
        text = f"{sign}{abs(value) // 100}.{abs(value) % 100:02d}%"
        return text, text
    if unit == "count":
        return str(value), str(value)
    return f"{value} {unit}", f"{value} {'天' if unit == 'days' else '个月'}"


def parse_scorecard(document: Mapping[str, Any]) -> Scorecard:
    """Compile a card's JSON. Raises BadInput scorecard_invalid when its bins or bands don't cover every value."""
    where = str(document.get("id"))

    def check(truth: bool, message: str) -> None:
        if not truth:
            raise BadInput("scorecard_invalid", message, where=where)

    of_columns = document.get("features", "registry") == "columns"
    characteristics: list[Characteristic | Words] = []
    for entry in document["characteristics"]:
        name = str(entry["feature"])
        check(of_columns or name in REGISTRY, f"{name} is not in the feature registry")
        check(all(name != other.feature for other in characteristics), f"{name} is scored twice")
        one = _words(entry, name, check) if of_columns and "groups" in entry else _numbers(entry, name, check)
        check(of_columns or one.decimals == 0, f"{name} of the registry is a whole number")
        characteristics.append(one)
    bands = tuple((int(band["from"]), str(band["band"])) for band in document["bands"])
    check(list(bands) == sorted(bands, reverse=True), "bands must descend")
    base = int(document["base_points"])
    lowest = base + sum(min((*one.points, one.missing)) for one in characteristics)
    check(bool(bands) and lowest >= bands[-1][0], f"no band for {lowest} points")
    return Scorecard(
        id=str(document["id"]),
        version=str(document["version"]),
        hash=content_hash(document),
        higher_is_better=bool(document["higher_is_better"]),
        base_points=base,
        characteristics=tuple(characteristics),
        bands=bands,
        of_columns=of_columns,
    )


def _numbers(entry: Mapping[str, Any], name: str, check: Callable[[bool, str], None]) -> Characteristic:
    edges, points, decimals = tuple(entry["edges"]), tuple(entry["points"]), entry.get("decimals", 0)
    check(_whole(*edges, *points, entry["missing"], decimals), f"{name} has a number that isn't whole")
    check(list(edges) == sorted(set(edges)), f"the edges of {name} don't ascend")
    check(len(points) == len(edges) + 1, f"{name} needs one more points entry than edges")
    check(0 <= decimals <= MAX_DECIMALS, f"{name} has decimals beyond 0 to {MAX_DECIMALS}")
    return Characteristic(name, edges, points, entry["missing"], decimals)


def _words(entry: Mapping[str, Any], name: str, check: Callable[[bool, str], None]) -> Words:
    groups, points = entry["groups"], tuple(entry["points"])
    check(_whole(*points, entry["missing"], entry["other"]), f"{name} has a number that isn't whole")
    check(len(points) == len(groups), f"{name} needs as many points entries as groups")
    pairs = [(word, place) for place, group in enumerate(groups) for word in group]
    check(all(isinstance(word, str) for word, _ in pairs), f"{name} has a group of something other than words")
    group = dict(pairs)
    check(len(group) == len(pairs), f"a word of {name} is in two groups")
    return Words(name, MappingProxyType(group), (*points, entry["other"]), entry["missing"])


def _whole(*numbers: object) -> bool:
    return all(type(number) is int for number in numbers)


def read_scorecard(content: bytes, where: str) -> tuple[Scorecard, dict[str, Any]]:
    """A card of a file, compiled, and its JSON. Raises BadInput scorecard_invalid for anything that isn't one."""
    try:
        document = orjson.loads(content)  # which has a limit to nesting of its own (ADR 0184)
        return parse_scorecard(document), document
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadInput("scorecard_invalid", f"not a scorecard: {type(error).__name__}", where=where) from None
    except BadInput as error:
        raise BadInput("scorecard_invalid", error.message, where=where) from None


@lru_cache(maxsize=64)
def load_scorecard(card_id: str) -> Scorecard:
    """A card of the package by id (``credit-borrower-v1``). Raises NotFound scorecard_unknown."""
    folder = files("chainfin.risk") / "scorecards"
    known = {entry.name.removesuffix(".json") for entry in folder.iterdir() if entry.name.endswith(".json")}
    if card_id not in known:
        raise NotFound("scorecard_unknown", f"there is no scorecard {card_id!r}")
    card = parse_scorecard(json.loads((folder / f"{card_id}.json").read_text(encoding="utf-8")))
    if card.of_columns:
        raise BadInput("scorecard_invalid", "a decision scores features of the registry, not columns", where=card_id)
    return card
