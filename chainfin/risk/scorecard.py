"""Scorecards as data: points by bin, compiled to plain lookups, each point with its reason.

``points = base + the sum over characteristics``: exact, whole numbers. A card's JSON under ``scorecards/`` says whether
more points are better, on what basis the points stand, and from how many points each band starts.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from chainfin.errors import BadInput, NotFound
from chainfin.risk.canon import content_hash
from chainfin.risk.features import REGISTRY


@dataclass(frozen=True, slots=True)
class Characteristic:
    """One feature's bins: ``points[i]`` counts below ``edges[i]``, the last from the last edge on."""

    feature: str
    edges: tuple[int, ...]
    points: tuple[int, ...]
    missing: int

    def score(self, value: int | None) -> int:
        return self.missing if value is None else self.points[bisect_right(self.edges, value)]


@dataclass(frozen=True, slots=True)
class Scorecard:
    """A compiled card. ``hash`` is the SHA-256 of its canonical JSON."""

    id: str
    version: str
    hash: str
    higher_is_better: bool
    base_points: int
    characteristics: tuple[Characteristic, ...]
    bands: tuple[tuple[int, str], ...]

    def score(self, features: Mapping[str, int | None]) -> Score:
        """Raises BadInput feature_missing when a characteristic's feature isn't given at all (None is given)."""
        parts = []
        for one in self.characteristics:
            if one.feature not in features:
                raise BadInput("feature_missing", f"scorecard {self.id} needs the feature {one.feature}")
            value = features[one.feature]
            parts.append(ScorePart(one.feature, value, one.score(value)))
        points = self.base_points + sum(part.points for part in parts)
        band = next(name for start, name in self.bands if points >= start)
        return Score(self.id, self.version, self.hash, self.base_points, points, band, tuple(parts))


@dataclass(frozen=True, slots=True)
class ScorePart:
    """What one feature's value was worth."""

    feature: str
    value: int | None
    points: int

    def sentence(self) -> tuple[str, str]:
        """English and Chinese."""
        feature = REGISTRY[self.feature]
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

    characteristics = []
    for entry in document["characteristics"]:
        edges = tuple(entry["edges"])
        name = str(entry["feature"])
        check(name in REGISTRY, f"{name} is not in the feature registry")
        check(list(edges) == sorted(set(edges)), f"the edges of {name} don't ascend")
        check(len(entry["points"]) == len(edges) + 1, f"{name} needs one more points entry than edges")
        numbers = (*edges, *entry["points"], entry["missing"])
        check(all(type(number) is int for number in numbers), f"{name} has a number that isn't whole")
        characteristics.append(Characteristic(name, edges, tuple(entry["points"]), entry["missing"]))
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
    )


@lru_cache(maxsize=64)
def load_scorecard(card_id: str) -> Scorecard:
    """A card of the package by id (``credit-borrower-v1``). Raises NotFound scorecard_unknown."""
    folder = files("chainfin.risk") / "scorecards"
    known = {entry.name.removesuffix(".json") for entry in folder.iterdir() if entry.name.endswith(".json")}
    if card_id not in known:
        raise NotFound("scorecard_unknown", f"there is no scorecard {card_id!r}")
    return parse_scorecard(json.loads((folder / f"{card_id}.json").read_text(encoding="utf-8")))
