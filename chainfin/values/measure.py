"""In what an asset's amounts are counted: whole numbers of the smallest part of a currency, or of a unit of goods."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from chainfin.values.money import EXPONENTS

GOODS_DECIMALS = 3
"""Goods are counted in thousandths, whatever their unit."""


@dataclass(frozen=True, slots=True)
class Measure:
    """``unit``: an ISO 4217 currency, or a unit of UN/ECE Recommendation 20. ``decimals``: of an amount in it."""

    unit: str
    decimals: int

    @classmethod
    def money(cls, currency: str) -> Measure:
        """Minor units of a currency."""
        return cls(currency, EXPONENTS[currency])

    @classmethod
    def goods(cls, unit: str) -> Measure:
        """Thousandths of a unit."""
        return cls(unit, GOODS_DECIMALS)

    def text(self, count: int) -> str:
        """The decimal that a count stands for: of 1234 thousandths 1.234."""
        return f"{Decimal(count).scaleb(-self.decimals):.{self.decimals}f}"
