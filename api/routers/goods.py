"""The goods' catalogue: what may lie under a warehouse receipt, and how it is counted and priced."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.auth import Acting
from api.paging import Page, Paged, page
from api.route import Route
from api.schemas.common import Id
from chainfin.rules import catalogue
from chainfin.rules.catalogue import Good, GoodsClass, PriceFeed

router = APIRouter(prefix="/v1/goods", tags=["warehouse receipts"], route_class=Route)


class GoodOut(BaseModel):
    """One good. Receipts name its code as ``goods.commodity``, prices as ``good``."""

    code: str = Field(description="copper-cathode")
    names: dict[str, str] = Field(description="by language: en, zh")
    grade: str
    commodity_class: GoodsClass
    unit: str = Field(description="UN/ECE Rec. 20; quantities and prices are in it")
    decimals: int = Field(description="of a quantity; 0: only whole ones")
    divisible: bool = Field(description="false: a receipt over it is pledged and handed out as a whole")
    shelf_life_days: int | None = Field(description="null: it keeps")
    price_feed: PriceFeed = Field(description="where its prices come from as a rule")
    haircut: str = Field(description="how far its price may fall until a lender has sold; the rest at most is lent")
    haircut_source: str = Field(description="who says so")
    hash: str = Field(description="SHA-256 of the entry's canonical JSON, which decision records name")

    @classmethod
    def of(cls, good: Good) -> GoodOut:
        return cls(
            code=good.code,
            names=dict(good.names),
            grade=good.grade,
            commodity_class=good.goods_class,
            unit=good.unit,
            decimals=good.decimals,
            divisible=good.divisible,
            shelf_life_days=good.shelf_life_days,
            price_feed=good.price_feed,
            haircut=f"{good.haircut / 10_000:.4f}",
            haircut_source=good.haircut_source,
            hash=good.hash,
        )


@router.get("")
def list_goods(_actor: Acting, window: Paged) -> Page[GoodOut]:
    """The goods of the catalogue, by code."""

    def fetch(after: str, limit: int) -> list[Good]:
        return [each for each in catalogue.goods() if each.code > after][:limit]

    return page(window, fetch, GoodOut.of, lambda good: good.code)


@router.get("/{code}")
def get_good(_actor: Acting, code: Id) -> GoodOut:
    """One good of the catalogue."""
    return GoodOut.of(catalogue.good(code))
