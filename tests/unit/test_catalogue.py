"""The goods' catalogue: every entry is whole and sensible, and its haircuts are what their source says."""

from __future__ import annotations

import csv
import json
import os
from importlib.resources import files
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Any

import pytest

from chainfin.errors import BadInput, NotFound
from chainfin.risk import decide_inventory
from chainfin.rules import catalogue
from tests.unit.risk_samples import inventory_inputs

FOLDER = os.environ.get("CHAINFIN_DATA")


def entry(**changes: Any) -> dict[str, Any]:
    text = (files("chainfin.rules") / "goods" / "car-tyre.json").read_text(encoding="utf-8")
    return {**json.loads(text), **changes}


def test_catalogue__as_it_ships__whole() -> None:
    assert catalogue.check() == len(catalogue.goods()) >= 10
    assert [good.code for good in catalogue.goods()] == sorted(good.code for good in catalogue.goods())
    assert catalogue.parse(entry()) == catalogue.good("car-tyre")


@pytest.mark.parametrize(
    "change",
    [
        {"code": "Car tyre"},
        {"unit": "PCS"},
        {"decimals": 4},
        {"decimals": "many"},
        {"haircut": "1"},
        {"haircut_source": ""},
        {"grade": ""},
        {"names": {"en": "Car tyre"}},
        {"commodity_class": "round"},
        {"commodity_class": "perishable"},
        {"shelf_life_days": 30},
        {"price_feed": "rumour"},
        {"colour": "black"},
    ],
)
def test_parse__what_cannot_be__refused(change: dict[str, Any]) -> None:
    with pytest.raises(BadInput) as refused:
        catalogue.parse(entry(**change))
    assert refused.value.code == "good_invalid"


def test_good__not_there__unknown() -> None:
    assert catalogue.find("unobtainium") is None
    with pytest.raises(NotFound) as refused:
        catalogue.good("unobtainium")
    assert refused.value.code == "good_unknown"


@pytest.mark.parametrize(
    ("policy", "hash_"),
    [
        ("inventory-v1", "0x4d611780db862e235f25e41d48fa5023f82712ee55ccd32e35b0221bc844b749"),
        ("inventory-v2", "0x58f05fe0af166656876b15435da78ccc5cf3c83935a2b17de69f60229c98e0db"),
        ("inventory-v3", "0xe374fca1573f34afe3deab013548f8a58204f3c8bf013a6b8a25507944a94df9"),
    ],
)
def test_decision__of_before_the_catalogue__replays_to_the_same_hash(policy: str, hash_: str) -> None:
    assert decide_inventory(inventory_inputs(), policy).hash() == hash_


def prices(path: str, name: str, since: str) -> list[float]:
    with (Path(str(FOLDER)) / "prices" / path).open(encoding="utf-8") as file:
        return [float(row[name]) for row in csv.DictReader(file) if row[name] and row["Date"] >= since]


IMF = "commodity-prices/commodity-prices.csv"


@pytest.mark.skipif(FOLDER is None, reason="CHAINFIN_DATA names no folder of price series")
@pytest.mark.parametrize(
    ("code", "path", "name"),
    [
        ("copper-cathode", IMF, "Copper"),
        ("aluminium-ingot", IMF, "Aluminum"),
        ("zinc-ingot", IMF, "Zinc"),
        ("nickel-cathode", IMF, "Nickel"),
        ("cotton-lint", IMF, "Cotton"),
        ("gold-bar", "gold-prices/monthly-processed.csv", "Price"),
        ("crude-oil", "oil-prices/brent-monthly.csv", "Price"),
    ],
)
def test_haircut__of_a_series__what_a_month_in_a_hundred_fell_by(code: str, path: str, name: str) -> None:
    """The 99th percentile of the falls from one month to the next, rounded up to a percent."""
    seen = prices(path, name, "1980")
    falls = sorted(max(0.0, 1 - after / before) for before, after in pairwise(seen))
    assert catalogue.good(code).haircut == 100 * ceil(100 * falls[ceil(0.99 * len(falls)) - 1])
