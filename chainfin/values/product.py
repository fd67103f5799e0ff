"""The products: one name each, in the API, records, policies, books and code."""

from __future__ import annotations

from enum import StrEnum


class Product(StrEnum):
    """What a borrower applies for."""

    RECEIVABLE_PLEDGE = "receivable_pledge"
    """应收账款质押贷: a supplier borrows against a confirmed receivable."""
    INVENTORY_PLEDGE = "inventory_pledge"
    """库存融资贷: a distributor borrows against goods at a keeper."""
    GENERAL_310 = "general_310"
    """The general path, on sales data alone: nothing is pledged."""

    @property
    def pledges_nothing(self) -> bool:
        """Whether the loan has no security."""
        return self is Product.GENERAL_310

    @property
    def asset_kind(self) -> str | None:
        """What kind of asset is pledged: receivable, warehouse_receipt, or None where nothing is."""
        return _ASSET_KINDS.get(self)


_ASSET_KINDS = {Product.RECEIVABLE_PLEDGE: "receivable", Product.INVENTORY_PLEDGE: "warehouse_receipt"}
