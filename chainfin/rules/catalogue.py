"""The goods' catalogue (货物目录): what may lie under a warehouse receipt, one JSON file each in ``goods``.

A good is named by its code wherever it matters: receipts are issued for goods of the catalogue alone, and prices are
set for them, so that one spelling, one grade and one unit go together (copper scrap isn't priced as cathode, nor a
tonne as a kilogram). All files are checked when an installation opens. What steers a decision (class, haircut, smallest
quantity) goes into its record with the entry's hash, so that it can be replayed whatever the catalogue says later.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Final

from chainfin.canon import content_hash
from chainfin.documents import units
from chainfin.errors import BadInput, NotFound, Refusal
from chainfin.rules.inventory import FULL
from chainfin.values.money import BasisPoints

MAX_DECIMALS: Final = 3
"""Quantities are counted in thousandths."""
_KEYS: Final = frozenset(
    {"code", "names", "grade", "commodity_class", "unit", "decimals", "divisible", "shelf_life_days"}
    | {"price_feed", "haircut", "haircut_source"}
)
_CODE: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class GoodsClass(StrEnum):
    """What policies tell apart."""

    STANDARD = "standard"
    BRANDED = "branded"
    PERISHABLE = "perishable"


class PriceFeed(StrEnum):
    """Where prices of a good come from as a rule."""

    EXCHANGE = "exchange"
    INDEX = "index"
    QUOTE = "quote"


@dataclass(frozen=True, slots=True)
class Good:
    """One entry. ``unit``: UN/ECE Rec 20; ``decimals``: of a quantity in it, 0 where only whole ones are counted.
    ``divisible`` False: a receipt over it is pledged and handed out as a whole. ``shelf_life_days``: None of what
    keeps. ``haircut``: what the price may fall before a lender has sold, basis points; ``haircut_source``: who says
    so. ``hash``: SHA-256 of the entry's canonical JSON."""

    code: str
    names: Mapping[str, str]
    grade: str
    goods_class: GoodsClass
    unit: str
    decimals: int
    divisible: bool
    shelf_life_days: int | None
    price_feed: PriceFeed
    haircut: BasisPoints
    haircut_source: str
    hash: str

    @property
    def step(self) -> int:
        """The smallest quantity that is counted, in thousandths."""
        step: int = 10 ** (MAX_DECIMALS - self.decimals)
        return step

    def smallest(self, issued: int) -> int:
        """The smallest quantity (thousandths) that moves of a receipt over ``issued``: everything is a multiple."""
        return self.step if self.divisible else issued


def parse(entry: Mapping[str, object]) -> Good:
    """An entry's value. Raises BadInput good_invalid: a field is missing, unknown or senseless."""
    code = str(entry.get("code"))
    if entry.keys() != _KEYS:
        odd = ", ".join(sorted(entry.keys() ^ _KEYS))
        raise BadInput("good_invalid", f"missing or unknown: {odd}", where=code)
    names, shelf = entry["names"], entry["shelf_life_days"]
    try:
        found = Good(
            code=code,
            names={str(tongue): str(name) for tongue, name in names.items()} if isinstance(names, dict) else {},
            grade=str(entry["grade"]),
            goods_class=GoodsClass(str(entry["commodity_class"])),
            unit=str(entry["unit"]),
            decimals=int(str(entry["decimals"])),
            divisible=entry["divisible"] is True,
            shelf_life_days=None if shelf is None else int(str(shelf)),
            price_feed=PriceFeed(str(entry["price_feed"])),
            haircut=BasisPoints(int(Decimal(str(entry["haircut"])) * FULL)),
            haircut_source=str(entry["haircut_source"]),
            hash=content_hash(entry),
        )
    except (ValueError, ArithmeticError) as error:
        raise BadInput("good_invalid", f"senseless: {error}", where=code) from None
    keeps = (found.goods_class is GoodsClass.PERISHABLE) == (found.shelf_life_days is not None)
    whole = 0 <= found.decimals <= MAX_DECIMALS and 0 <= found.haircut < FULL and (found.shelf_life_days or 1) > 0
    stated = _CODE.fullmatch(code) and {"en", "zh"} == found.names.keys() and found.grade and found.haircut_source
    if not (keeps and whole and stated and units.known(found.unit)):
        raise BadInput("good_invalid", "code, names, grade, unit, decimals, shelf life or haircut", where=code)
    return found


@cache
def _all() -> Mapping[str, Good]:
    found = {}
    for each in sorted((files("chainfin.rules") / "goods").iterdir(), key=lambda path: path.name):
        entry = parse(json.loads(each.read_text(encoding="utf-8")))
        if each.name != f"{entry.code}.json":
            raise BadInput("good_invalid", "the code is not its file's name", where=each.name)
        found[entry.code] = entry
    return found


def check() -> int:
    """Read and check all entries; how many there are. Raises BadInput good_invalid."""
    return len(_all())


def goods() -> tuple[Good, ...]:
    """All entries, by code."""
    return tuple(_all().values())


def find(code: str) -> Good | None:
    """The entry of exactly this code; None of goods that were stored before there was a catalogue."""
    return _all().get(code)


def good(code: str) -> Good:
    """Raises NotFound good_unknown."""
    found = find(code)
    if found is None:
        raise NotFound("good_unknown", f"there is no good {code!r} in the catalogue")
    return found


def unless_listed(entry: Good, stated: Mapping[str, str], unit: str, today: date) -> Refusal | None:
    """Whether what a keeper says of goods is what the catalogue says: unit, and class and grade where it names them;
    perishable goods need a day before which they are best, within their shelf life.

    Refusals: goods_not_as_listed (with ``where`` and what is ``listed``), goods_incomplete.
    """
    listed = {"unit": entry.unit, "commodity_class": entry.goods_class.value, "grade": entry.grade}
    for name, value in listed.items():
        if (unit if name == "unit" else stated.get(name, value)) != value:
            return _not_listed(entry, name, value)
    day = stated.get("best_before")
    if day is None:
        perishable = Refusal("goods_incomplete", "perishable goods need best_before", {"where": "best_before"})
        return perishable if entry.goods_class is GoodsClass.PERISHABLE else None
    try:
        best_before = date.fromisoformat(day)
    except ValueError:
        return Refusal("goods_incomplete", "best_before must be a date (YYYY-MM-DD)", {"where": "best_before"})
    if entry.shelf_life_days is not None and best_before > today + timedelta(days=entry.shelf_life_days):
        return _not_listed(entry, "best_before", f"{entry.shelf_life_days} days")
    return None


def unless_whole(quantity: int, smallest: int) -> Refusal | None:
    """Whether a quantity (thousandths) is made of whole ``smallest`` ones. Refusals: quantity_not_whole."""
    if quantity % smallest == 0:
        return None
    least = str(Decimal(smallest).scaleb(-3).normalize())
    return Refusal("quantity_not_whole", f"the goods move in whole multiples of {least}", {"smallest": least})


def _not_listed(entry: Good, where: str, listed: str) -> Refusal:
    return Refusal(
        "goods_not_as_listed", f"the catalogue says {listed} of {entry.code}", {"where": where, "listed": listed}
    )
