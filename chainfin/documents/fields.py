"""Reading canonical JSON back, field by field; every fault names its JSON pointer (document_canonical_invalid)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from chainfin.errors import BadInput, ChainfinError
from chainfin.values.money import Money

E = TypeVar("E", bound=StrEnum)

_DECIMAL = re.compile(r"(?!-0$)-?(0|[1-9][0-9]{0,14})(\.[0-9]{0,17}[1-9])?", re.ASCII)


def plain(value: Decimal | None) -> str | None:
    """A decimal without exponent: "100", "0.5"."""
    return None if value is None else f"{value:f}"


class Fields:
    """A JSON object and its place."""

    def __init__(self, values: object, place: str) -> None:
        self.place = place
        if not isinstance(values, Mapping):
            raise self.wrong("", "it is not an object")
        self.values: Mapping[str, object] = values

    def wrong(self, name: str, message: str) -> BadInput:
        place = f"{self.place}/{name}" if name else self.place or "/"
        return BadInput("document_canonical_invalid", message, where=place)

    def equals(self, name: str, expected: str) -> None:
        if self.values.get(name) != expected:
            raise self.wrong(name, f"it must be {expected!r}")

    def text(self, name: str) -> str:
        value = self.values.get(name)
        if not isinstance(value, str) or not value:
            raise self.wrong(name, "a text is missing")
        return value

    def text_or_none(self, name: str) -> str | None:
        return self.text(name) if name in self.values else None

    def texts(self, name: str) -> tuple[str, ...]:
        value = self.values.get(name)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.wrong(name, "it is not a list of texts")
        return tuple(value)

    def one_of(self, name: str, kinds: type[E]) -> E:
        value = self.text(name)
        if value not in {kind.value for kind in kinds}:
            raise self.wrong(name, f"{value!r} is not one of {', '.join(kinds)}")
        return kinds(value)

    def child(self, name: str) -> Fields:
        return Fields(self.values.get(name), f"{self.place}/{name}")

    def child_or_none(self, name: str) -> Fields | None:
        return self.child(name) if name in self.values else None

    def children(self, name: str) -> tuple[Fields, ...]:
        value = self.values.get(name)
        if not isinstance(value, list):
            raise self.wrong(name, "it is not a list")
        return tuple(Fields(item, f"{self.place}/{name}/{n}") for n, item in enumerate(value))

    def children_or_none(self, name: str) -> tuple[Fields, ...]:
        """Of a list that may be left out where nothing is in it."""
        return self.children(name) if name in self.values else ()

    def date(self, name: str) -> dt.date:
        try:
            return dt.date.fromisoformat(self.text(name))
        except ValueError:
            raise self.wrong(name, "it is not a date") from None

    def date_or_none(self, name: str) -> dt.date | None:
        return self.date(name) if name in self.values else None

    def flag_or_none(self, name: str) -> bool | None:
        value = self.values.get(name)
        if value is not None and not isinstance(value, bool):
            raise self.wrong(name, "it is neither true nor false")
        return value

    def decimal(self, name: str, *, signed: bool = False) -> Decimal:
        """A decimal in its only form: no exponent, no negative zero, no trailing zeros. ``signed``: it may be below
        zero."""
        value = self.text(name)
        if not _DECIMAL.fullmatch(value.removeprefix("-") if signed and value != "-0" else value):
            raise self.wrong(name, "it is not a decimal number in canonical form")
        return Decimal(value)

    def decimal_or_none(self, name: str, *, signed: bool = False) -> Decimal | None:
        return self.decimal(name, signed=signed) if name in self.values else None

    def money(self, name: str, currency: str | None) -> Money:
        if currency is None:
            raise self.wrong(name, "an amount stands in a document without a currency")
        try:
            return Money.parse(self.text(name), currency)
        except ChainfinError as error:
            raise self.wrong(name, error.message) from None

    def money_or_none(self, name: str, currency: str | None) -> Money | None:
        return self.money(name, currency) if name in self.values else None
