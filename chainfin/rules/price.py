"""How far a price may move on one person's word."""

from __future__ import annotations

from collections.abc import Iterable

from chainfin.values.money import BasisPoints

BAND = BasisPoints(2_000)
"""A fifth of the price before, up or down."""


def beyond_band(price_minor: int, before: Iterable[int], band: BasisPoints = BAND) -> bool:
    """Whether a price (minor units a unit of the good) is more than ``band`` away from one of those ``before``: the
    owner's newest and its last of an earlier day, so that many small steps of one day are one large one.

    With nothing before it there is nothing to compare it with.
    """
    return any(abs(price_minor - each) * 10_000 > each * int(band) for each in before)
