"""By what a quantity of goods was reckoned in an act: whoever signs the act signs the hash of this, and is shown it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from chainfin.canon import content_hash

NO_VALUATION: Final = "0x" + "00" * 32
"""In an act in which no price counts."""


@dataclass(frozen=True, slots=True)
class Valuation:
    """The price of one ``unit`` (UN/ECE Rec 20) of the goods in major units of ``currency``, with its day and source;
    what was ``owed`` on the loan (major units); and the share of the goods' value that may be lent (``ltv``, 0 to 1;
    empty for a loan that was not lent on goods)."""

    price: str
    unit: str
    currency: str
    as_of: str
    source: str
    owed: str
    ltv: str

    @classmethod
    def made(cls, price: Decimal, unit: str, currency: str, as_of: date, source: str, owed: str, ltv: str) -> Valuation:
        return cls(str(price), unit, currency, as_of.isoformat(), source, owed, ltv)

    @classmethod
    def of(cls, stored: Mapping[str, object]) -> Valuation:
        """Raises TypeError on other members than these."""
        return cls(**{name: str(value) for name, value in stored.items()})

    def to_json(self) -> dict[str, str]:
        return asdict(self)

    @property
    def hash(self) -> str:
        """SHA-256 of its canonical JSON (RFC 8785), 0x-hex."""
        return content_hash(self.to_json())
