"""Shared forms: bounded texts, amounts, quantities, free JSON with limits."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

import orjson
from fastapi import Path
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

from chainfin.errors import BadInput
from chainfin.values.money import Money

MAX_DOCUMENT_CHARS = 5_500_000
MAX_JSON_BYTES = 64 * 1024

_LINE = r"^[^\x00-\x1f\x7f]*$"
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def states(known: Iterable[str], *before: str) -> Any:
    """The field of a ``status`` of ours: the states by the rules, and those ``before`` the chain knows of the thing."""
    return Field(json_schema_extra={"enum": [*before, *known]})


class Input(BaseModel):
    """A request body: unknown members are refused, so that a misspelt one isn't silently ignored."""

    model_config = ConfigDict(extra="forbid")


def _free_json(value: dict[str, Any]) -> dict[str, Any]:
    try:
        size = len(orjson.dumps(value))
    except (TypeError, ValueError) as error:
        raise ValueError(f"not JSON that can be kept: {error}") from None
    if size > MAX_JSON_BYTES:
        raise ValueError(f"at most {MAX_JSON_BYTES} bytes of JSON")
    if "\\u0000" in orjson.dumps(value).decode():
        raise ValueError("texts hold no NUL character")
    return value


def _iso_day(value: object) -> object:
    if isinstance(value, str) and not _DAY.fullmatch(value):
        raise ValueError("a day as YYYY-MM-DD")  # and not a number of seconds, which would be read as a day too
    return value


Day = Annotated[date, BeforeValidator(_iso_day)]
"""A day in a query: ISO 8601 and nothing else."""


def utc_text(moment: datetime) -> str:
    """ISO 8601 in UTC, with a Z."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _zoned(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time needs its zone, such as 2026-11-21T09:00:00Z")
    try:
        found = moment.astimezone(UTC)
    except OverflowError:
        found = None
    if found is None or not 1970 <= found.year < 9999:
        raise ValueError("a time from 1970 on, and before 9999")
    return found


def _iso_moment(value: object) -> object:
    if isinstance(value, str) and "T" not in value.upper():
        raise ValueError(
            "a time as YYYY-MM-DDTHH:MM:SSZ"
        )  # and not a number of seconds, which would be read as one too
    return value


Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_LINE, strip_whitespace=True)]
"""One line of text for people."""
Word = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=_LINE)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"^[^\x00]*$")]
DocumentText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_DOCUMENT_CHARS, pattern=r"^[^\x00]*$"),
    Field(description="the document: XML as text (UBL, CII, FatturaPA), another file (PDF, OFD, .p7m) in base64"),
]
Hex32 = Annotated[str, StringConstraints(pattern=r"^0x[0-9a-fA-F]{64}$")]
Signature = Annotated[
    str,
    StringConstraints(min_length=4, max_length=4000, pattern=r"^0x[0-9a-fA-F]*$"),
    Field(description="0x-hex of r ‖ s ‖ v (65 bytes)"),
]
Address = Annotated[
    str, StringConstraints(pattern=r"^0x[0-9a-fA-F]{40}$"), Field(description="EVM address; mixed case carries EIP-55")
]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), Field(description="ISO 4217")]
DecimalText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=40),
    Field(description="decimal in major units", examples=["1234.50"]),
]
FreeJson = Annotated[dict[str, Any], AfterValidator(_free_json), Field(description="at most 64 KiB of JSON")]
Moment = Annotated[
    datetime,
    PlainSerializer(utc_text, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
ZonedMoment = Annotated[datetime, BeforeValidator(_iso_moment), AfterValidator(_zoned)]
Id = Annotated[str, Path(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_-]+$")]
"""An id in a path."""
Ref = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_-]+$")]
"""An id in a body."""


class AmountIn(Input):
    """An amount greater than zero."""

    amount: DecimalText
    currency: Currency

    def money(self, where: str) -> Money:
        """Raises BadInput: the codes of `Money.positive`."""
        return Money.positive(self.amount, self.currency, where=where)


class SignedAmountIn(Input):
    """An amount, also zero or below: what storing costs may be more than what goods bring."""

    amount: DecimalText
    currency: Currency

    def money(self, where: str) -> Money:
        """Raises BadInput: the codes of `Money.parse`."""
        return Money.parse(self.amount, self.currency, where=where)


class AmountOrNoneIn(Input):
    """An amount, or zero."""

    amount: DecimalText
    currency: Currency

    def money(self, where: str) -> Money:
        """Raises BadInput: the codes of `Money.parse`, and amount_negative."""
        money = Money.parse(self.amount, self.currency, where=where)
        if money.minor < 0:
            raise BadInput("amount_negative", f"the amount must not be below zero, not {self.amount}", where=where)
        return money


class Amount(BaseModel):
    """An amount in major units."""

    amount: str
    currency: str

    @classmethod
    def of(cls, money: Money) -> Amount:
        return cls(amount=str(money), currency=money.currency)


def major(minor: int, currency: str) -> str:
    """Minor units as a decimal string in major units."""
    return str(Money(minor, currency))


def quantity_text(thousandths: int) -> str:
    """Thousandths of a unit as a decimal string."""
    return f"{Decimal(thousandths).scaleb(-3):.3f}"


def quantity(text: str, where: str) -> Decimal:
    """A plain decimal; its sign, scale and size are judged by the service. Raises BadInput quantity_malformed."""
    if not re.fullmatch(r"[+-]?[0-9]{1,20}(\.[0-9]{1,19})?", text):
        raise BadInput("quantity_malformed", f"{text!r} is not a decimal quantity", where=where)
    return Decimal(text)
