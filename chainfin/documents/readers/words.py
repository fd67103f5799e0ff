"""Units of measure as words, where a format has no code for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

NOT_SAID: Final = "ZZ"
"""Rec 20: mutually defined. It converts into no other unit, so no quantity is matched by a guess."""

_SYMBOLS: Final = {
    "kg": "KGM", "g": "GRM", "t": "TNE", "l": "LTR", "m": "MTR", "cm": "CMT", "mm": "MMT", "km": "KMT", "m2": "MTK",
    "m²": "MTK", "m3": "MTQ", "m³": "MTQ", "kwh": "KWH",
}  # fmt: skip


def unit(word: str | None, known: Mapping[str, str]) -> str:
    """The code of a unit that is stated by a word: ``known`` holds the format's own words, in lower case. Any
    other stands as it is, and matches itself alone."""
    if word is None:
        return NOT_SAID
    plain = word.casefold()
    return known.get(plain) or _SYMBOLS.get(plain) or word
