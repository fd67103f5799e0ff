"""What a card's file says of the data that it was fitted to; cards by judgement say nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chainfin.errors import BadInput
from chainfin.risk.train.fit import Scaling
from chainfin.risk.train.sample import Target


@dataclass(frozen=True, slots=True)
class Origin:
    """``bin_rows`` are the cases fitted on in each bin of a feature: bins in order, missing, other words."""

    sha256: str
    target: Target
    considered: tuple[str, ...]
    words: frozenset[str]
    seed: int
    test_share: float
    scaling: Scaling
    score_edges: tuple[int, ...]
    score_rows: tuple[int, ...]
    bin_rows: Mapping[str, tuple[int, ...]]
    date: tuple[str, str] | None
    """The column of the dates, and their form."""


def origin(document: Mapping[str, Any], where: str) -> Origin | None:
    """None for a card that wasn't fitted. Raises BadInput scorecard_invalid where only part of it is told."""
    if "training" not in document:
        return None
    try:
        reply, scale = document["training"], document["scaling"]
        score_bins = reply["score_bins"]
        scaling = Scaling(int(scale["base_score"]), int(scale["base_odds"]), int(scale["pdo"]))
        scaling.check()
        dates = reply.get("dates")
        found = Origin(
            sha256=str(reply["data"]["sha256"]),
            target=Target(str(reply["target"]["column"]), str(reply["target"]["bad"])),
            considered=tuple(str(name) for name in reply["considered"]),
            words=frozenset(str(name) for name in reply["words"]),
            seed=int(reply["seed"]),
            test_share=float(reply["test_share"]),
            scaling=scaling,
            score_edges=tuple(int(edge) for edge in score_bins["edges"]),
            score_rows=tuple(int(count) for count in score_bins["rows"]),
            bin_rows={str(entry["feature"]): _rows(entry) for entry in document["characteristics"]},
            date=None if dates is None else (str(dates["column"]), str(dates["format"])),
        )
        if len(found.score_rows) != len(found.score_edges) + 1 or not 0 <= found.seed < 2**32:
            raise ValueError
    except (KeyError, TypeError, ValueError, AttributeError):
        raise BadInput("scorecard_invalid", "what it says of its training is incomplete", where=where) from None
    return found


def _rows(entry: Mapping[str, Any]) -> tuple[int, ...]:
    fitted = entry["fitted"]
    if len(fitted["bins"]) != len(entry["points"]):
        raise ValueError
    return tuple(int(one["rows"]) for one in (*fitted["bins"], fitted["missing"], fitted["other"]))
