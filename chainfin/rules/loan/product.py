"""Product documents (产品说明书): how loans of a product are repaid and what they may cost, as versioned JSON files.

A document's hash stands in the mandate that its lender signs. A new version is a new file; old ones stay, so that what
was lent under them can be checked. Who gets how much at which rate is for the policy to say (`risk.policy`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType

from chainfin.canon import content_hash
from chainfin.errors import BadInput, NotFound
from chainfin.rules.loan.terms import LoanTerms, Method
from chainfin.values.calendar import Adjustment, Calendar
from chainfin.values.money import DayCount, Money
from chainfin.values.product import Product

FIRST: Mapping[Product, str] = MappingProxyType(
    {
        Product.RECEIVABLE_PLEDGE: "receivable-pledge-v1",
        Product.INVENTORY_PLEDGE: "inventory-pledge-v1",
        Product.GENERAL_310: "general-310-v1",
    }
)
"""Product → its first document. Loans from before there were any followed what it says."""
CURRENT = FIRST
"""Product → the document under which loans are offered in this version."""
_KEYS = frozenset(
    {"id", "product", "name", "meaning", "version", "effective_from", "method", "period_months", "day_count"}
    | {"holidays", "penalty_share", "cost_cap", "sources"}
)
_PENALTY_SCALE = Decimal("0.000001")
"""Decimals of a yearly rate: millionths."""


@dataclass(frozen=True, slots=True)
class ProductDocument:
    """One version of one product. ``hash``: SHA-256 of the document's canonical JSON. ``penalty_share``: of the
    contract rate, charged on top of it on overdue principal. ``cost_cap``: the most that a loan may cost in a year,
    all in. ``holidays``: what becomes of a due date that is no business day."""

    id: str
    product: Product
    version: str
    hash: str
    method: Method
    period_months: int
    day_count: DayCount
    holidays: Adjustment
    penalty_share: Decimal
    cost_cap: Decimal

    def loan_terms(
        self, *, principal: Money, annual_rate: Decimal, fee: Money, start: date, maturity: date, calendar: Calendar
    ) -> LoanTerms:
        """The terms of a loan of this product. Raises BadInput as `LoanTerms` does."""
        return LoanTerms(
            principal=principal,
            annual_rate=annual_rate,
            start=start,
            maturity=maturity,
            method=self.method,
            day_count=self.day_count,
            fee=fee,
            penalty_rate=(annual_rate * self.penalty_share).quantize(_PENALTY_SCALE),
            period_months=self.period_months,
            adjustment=self.holidays,
            cost_cap=self.cost_cap,
            calendar=calendar,
        )


def parse(document: Mapping[str, object]) -> ProductDocument:
    """A document's value. Raises BadInput product_document_invalid: a field is missing, unknown or senseless."""
    name = str(document.get("id"))
    if document.keys() != _KEYS:
        odd = ", ".join(sorted(document.keys() ^ _KEYS))
        raise BadInput("product_document_invalid", f"missing or unknown: {odd}", where=name)
    try:
        found = ProductDocument(
            id=name,
            product=Product(str(document["product"])),
            version=str(document["version"]),
            hash=content_hash(document),
            method=Method(str(document["method"])),
            period_months=int(str(document["period_months"])),
            day_count=DayCount(str(document["day_count"])),
            holidays=Adjustment(str(document["holidays"])),
            penalty_share=Decimal(str(document["penalty_share"])),
            cost_cap=Decimal(str(document["cost_cap"])),
        )
    except (ValueError, ArithmeticError) as error:
        raise BadInput("product_document_invalid", f"senseless: {error}", where=name) from None
    shares = (found.penalty_share, found.cost_cap)
    if found.period_months < 1 or not all(each.is_finite() and 0 <= each <= 1 for each in shares):
        raise BadInput("product_document_invalid", "a share lies from 0 to 1, a period is a month or more", where=name)
    return found


def _folder() -> Iterable[Traversable]:
    return (files("chainfin.rules.loan") / "products").iterdir()


def ids() -> tuple[str, ...]:
    """Ids of all documents in the package, sorted."""
    return tuple(sorted(each.name.removesuffix(".json") for each in _folder() if each.name.endswith(".json")))


def document(document_id: str) -> dict[str, object]:
    """The document itself. Raises NotFound product_document_unknown, BadInput product_document_invalid."""
    if document_id not in ids():
        raise NotFound("product_document_unknown", f"there is no product document {document_id!r}")
    path = files("chainfin.rules.loan") / "products" / f"{document_id}.json"
    found = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(found, dict) or found.get("id") != document_id:
        raise BadInput("product_document_invalid", "the document's id is not its file's name", where=document_id)
    return found


@cache
def current(product: Product) -> ProductDocument:
    """The document under which loans of a product are offered today."""
    return parse(document(CURRENT[product]))


def first(product: Product) -> ProductDocument:
    """What loans of a product followed before mandates named documents."""
    return parse(document(FIRST[product]))


def of_hash(product: Product, hash_: str) -> ProductDocument:
    """The version of a product that has this hash. Raises NotFound product_document_unknown."""
    for each in map(parse, map(document, ids())):
        if (each.product, each.hash) == (product, hash_):
            return each
    raise NotFound("product_document_unknown", f"no document of {product.value} has the hash {hash_}")
