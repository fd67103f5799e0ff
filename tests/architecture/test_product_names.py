"""A product has one name everywhere: in the API, the policies, the records and the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.app import create_app
from chainfin.eth.keys import new_private_key
from chainfin.risk import policy_ids
from chainfin.risk.policy import policy_document
from chainfin.risk.record import GENERAL, INVENTORY, RECEIVABLE
from chainfin.values.product import Product
from tests.api.conftest import make_context
from tests.architecture.reach import PACKAGES, ROOT

NAMES = {"receivable_pledge", "inventory_pledge", "general_310"}
OTHER = re.compile(
    r"(receivables?|inventory|warehouse|goods)[-_ ]?(pledges?|loans?|financ\w+)|"
    r"(general|small)[-_ ]?(310|path|loan)|310",
    re.IGNORECASE,
)
"""What people called them before they had one name, or well might."""


def test_products__of_the_code__are_the_glossarys() -> None:
    assert {product.value for product in Product} == NAMES
    assert {RECEIVABLE, INVENTORY, GENERAL} == NAMES


def test_products__of_the_policies__are_the_glossarys() -> None:
    assert {policy_document(policy)["product"] for policy in policy_ids()} == NAMES


def test_products__of_the_api__are_the_glossarys(tmp_path: Path) -> None:
    app = create_app(make_context(tmp_path, new_private_key()))
    found = list(_products(app.openapi()["components"]["schemas"]))
    assert found
    assert all(set(names) == NAMES for names in found), found


def _products(schemas: dict[str, Any]) -> Iterator[list[str]]:
    """What each schema with a product allows for it."""
    for schema in schemas.values():
        if "product" in schema.get("properties", {}):
            field = schema["properties"]["product"]
            named = schemas[field["$ref"].rpartition("/")[2]] if "$ref" in field else field
            yield named.get("enum", [])


def spellings(source: str) -> set[str]:
    """Strings in the source that name a product otherwise than by its one name."""
    constants = {
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return {text for text in constants - NAMES if OTHER.fullmatch(text)}


@pytest.mark.parametrize("package", PACKAGES)
def test_sources__no_other_spelling_of_a_product(package: str) -> None:
    found = {
        str(path.relative_to(ROOT)): names
        for path in Path(ROOT / package).rglob("*.py")
        if (names := spellings(path.read_text(encoding="utf-8")))
    }
    assert found == {}


@pytest.mark.parametrize("name", ["receivable-pledge", "inventory_loan", "general310", "310", "Receivable Pledge"])
def test_spellings__another_one__is_found(name: str) -> None:
    assert spellings(f"product = {name!r}") == {name}
    assert spellings("product = 'general_310'") == set()
