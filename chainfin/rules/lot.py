"""Which goods lie under a warehouse receipt: the lot that its keeper names, so that no lot has two receipts.

A lot is known by its site, its number there, and the seal on it; bulk goods (a tank, a heap) have a meter reading in
the place of a seal. Photographs and weighing slips stay with the keeper: their SHA-256 hashes are named. Compared is
what remains when typing is left out (width, case, blanks, dashes, dots): "dup 1" is "DUP-1".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from chainfin.documents.fingerprint import normalised
from chainfin.errors import Refusal

MAX_PHOTOS: Final = 20


class Identity(NamedTuple):
    """``place``: site and number; ``seal``: empty where there is none. Both as `folded`."""

    place: str
    seal: str


@dataclass(frozen=True, slots=True)
class Lot:
    """What a keeper says of it. ``photos``: SHA-256 hashes, 0x and 64 hex digits."""

    site: str
    number: str
    seal: str | None = None
    meter: str | None = None
    photos: tuple[str, ...] = ()

    @property
    def identity(self) -> Identity:
        return Identity(f"{folded(self.site)}\n{folded(self.number)}", folded(self.seal or ""))

    def to_json(self) -> dict[str, object]:
        """As it is stored, and committed to by the receipt's document root; what isn't said is left out."""
        parts = {"site": self.site, "number": self.number, "seal": self.seal, "meter": self.meter}
        named: dict[str, object] = {name: value for name, value in parts.items() if value is not None}
        return named | ({"photos": list(self.photos)} if self.photos else {})

    @classmethod
    def from_json(cls, stored: Mapping[str, object]) -> Lot:
        parts = {name: str(stored[name]) for name in ("site", "number", "seal", "meter") if name in stored}
        photos = stored.get("photos", [])
        assert isinstance(photos, list), "to_json stores a list"
        return cls(**parts, photos=tuple(map(str, photos)))


def folded(text: str) -> str:
    """Letters and digits alone, as `normalised`: what two spellings of one name have in common."""
    return "".join(sign for sign in normalised(text) if sign.isalnum())


def unless_told(lot: Lot) -> Refusal | None:
    """Whether the lot can be told from others: site, number, and a seal or a meter reading. Refusals: lot_incomplete
    (with ``where``)."""
    for name, text in (("site", lot.site), ("number", lot.number), ("seal", lot.seal or lot.meter or "")):
        if not folded(text):
            return Refusal(
                "lot_incomplete", "a lot has a site, a number, and a seal or a meter reading", {"where": name}
            )
    return None


def unless_receipted(lot: Lot, standing: Iterable[Identity]) -> Refusal | None:
    """Whether the lot may have a receipt beside those ``standing``, whosesoever: what lies at one site under one number
    is told apart by seals alone. Refusals: lot_receipted."""
    mine = lot.identity
    for other in standing:
        if other.place == mine.place and (other.seal == mine.seal or not (other.seal and mine.seal)):
            return Refusal("lot_receipted", "a receipt over this lot stands already", {"site": lot.site})
    return None
