"""Product documents: how loans of a product are repaid and what they may cost."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.auth import Acting
from api.paging import Page, Paged, page
from api.route import Route
from api.schemas.common import Id
from chainfin.rules.loan import product
from chainfin.values.product import Product

router = APIRouter(prefix="/v1/products", tags=["products"], route_class=Route)


class ProductDocumentOut(BaseModel):
    """One version of a product. ``current``: loans are offered under it today."""

    id: str = Field(description="the document's name and version, receivable-pledge-v1")
    product: Product = Field(description="what is applied for")
    version: str = Field(description="major.minor; a new version is a new document")
    hash: str = Field(description="SHA-256 of its canonical JSON, which mandates of lenders name")
    current: bool = Field(description="whether loans are offered under it today; old ones are kept for old loans")


class ProductDocumentDetail(ProductDocumentOut):
    document: dict[str, Any] = Field(description="the document itself; hash its canonical JSON (RFC 8785) to compare")


@router.get("")
def list_products(_actor: Acting, window: Paged) -> Page[ProductDocumentOut]:
    """The product documents, old versions too."""

    def fetch(after: str, limit: int) -> list[str]:
        return [each for each in product.ids() if each > after][:limit]

    return page(window, fetch, _out, lambda document_id: document_id)


@router.get("/{document_id}")
def get_product(_actor: Acting, document_id: Id) -> ProductDocumentDetail:
    """One product document, whole."""
    document = product.document(document_id)
    return ProductDocumentDetail(**_out(document_id).model_dump(), document=document)


def _out(document_id: str) -> ProductDocumentOut:
    found = product.parse(product.document(document_id))
    current = product.CURRENT[found.product] == found.id
    return ProductDocumentOut(
        id=found.id, product=found.product, version=found.version, hash=found.hash, current=current
    )
