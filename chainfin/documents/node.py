"""A place in an XML document: an element with the canonical XPath that leads to it, for errors that say where.

Paths are written with the usual prefixes (UBL ``cac:`` ``cbc:``, CII ``rsm:`` ``ram:`` ``udt:``, …) whatever prefixes
the file uses, so the same fault has the same name in every file.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from lxml import etree

from chainfin.documents import units
from chainfin.documents.en16931 import Figure
from chainfin.errors import BadInput
from chainfin.values.money import EXPONENTS, Money

CAC: Final = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
CBC: Final = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
CII: Final = "urn:un:unece:uncefact:data:standard:"
NAMESPACES: Final = {
    "cac": CAC,
    "cbc": CBC,
    "rsm": f"{CII}CrossIndustryInvoice:100",
    "ram": f"{CII}ReusableAggregateBusinessInformationEntity:100",
    "udt": f"{CII}UnqualifiedDataType:100",
    "fp": "http://www.edrm.org.cn/schema/e-invoice/2019",
}

MAX_QUANTITY_DIGITS: Final = 15
MAX_QUANTITY_DECIMALS: Final = 6
MAX_TEXT: Final = 4_000
MAX_FIGURE: Final = 40

_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(Z|[+-]\d{2}:\d{2})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Node:
    """An element and the way to it."""

    element: etree._Element
    path: str
    source: str

    @property
    def where(self) -> str:
        return f"{self.source}: {self.path}"

    def at(self, step: str) -> str:
        """The place of something below this element (which may be missing)."""
        return f"{self.where}/{step}"

    def incomplete(self, step: str, what: str | None = None) -> BadInput:
        name = what or step.rpartition("/")[2].rpartition(":")[2]
        return BadInput("document_incomplete", f"{name} is missing", where=self.at(step))

    def child(self, step: str) -> Node | None:
        """The first element at ``step`` ("cac:Party/cac:PartyName"), or None."""
        found = self.element.find(step, NAMESPACES)
        return None if found is None else Node(found, f"{self.path}/{step}", self.source)

    def children(self, step: str) -> tuple[Node, ...]:
        """All elements at ``step``, numbered from 1 as XPath does."""
        found = self.element.findall(step, NAMESPACES)
        return tuple(Node(item, f"{self.path}/{step}[{n}]", self.source) for n, item in enumerate(found, 1))

    def need(self, step: str) -> Node:
        found = self.child(step)
        if found is None:
            raise self.incomplete(step)
        return found

    def text(self, step: str) -> str | None:
        """The text at ``step`` with its white space collapsed; None where it is missing or blank."""
        found = self.child(step)
        return None if found is None else found.own_text()

    def own_text(self) -> str | None:
        value = " ".join("".join(str(part) for part in self.element.itertext()).split())
        if len(value) > MAX_TEXT:
            raise BadInput("document_malformed", f"the text is longer than {MAX_TEXT} characters", where=self.where)
        return value or None

    def need_text(self, step: str) -> str:
        value = self.text(step)
        if value is None:
            raise self.incomplete(step)
        return value

    def date(self, step: str) -> dt.date | None:
        value = self.text(step)
        if value is None:
            return None
        found = _DATE.fullmatch(value)
        try:
            return dt.date.fromisoformat(found[1]) if found else _bad_date(value, self.at(step))
        except ValueError:
            return _bad_date(value, self.at(step))

    def need_date(self, step: str) -> dt.date:
        value = self.date(step)
        if value is None:
            raise self.incomplete(step)
        return value

    def flag(self, step: str) -> bool | None:
        value = self.text(step)
        if value is None:
            return None
        if value not in ("true", "false", "1", "0"):
            raise BadInput("document_malformed", f"{value!r} is neither true nor false", where=self.at(step))
        return value in ("true", "1")

    def money(self, step: str, currency: str) -> Money | None:
        """The amount at ``step``, in whole minor units of ``currency`` and of no other."""
        found = self.child(step)
        if found is None:
            return None
        value = found.own_text()
        if value is None:
            raise self.incomplete(step)
        stated = found.attribute("currencyID")
        if stated is None:
            raise found.incomplete("@currencyID", "the currency")
        if stated != currency:
            raise BadInput(
                "currency_mismatch", f"{stated} stands in a document in {currency}", where=f"{found.where}/@currencyID"
            )
        return Money.parse(value, currency, where=found.where)

    def amount(self, step: str, currency: str) -> Money | None:
        """An amount that may leave its currency out, as CII does: then it is in ``currency``."""
        found = self.child(step)
        return None if found is None else found.own_amount(currency)

    def own_amount(self, currency: str) -> Money:
        stated, value = self.attribute("currencyID"), self.own_text()
        if stated not in (None, currency):
            raise BadInput(
                "currency_mismatch", f"{stated} stands in a document in {currency}", where=f"{self.where}/@currencyID"
            )
        if value is None:
            raise BadInput("document_incomplete", "the amount is missing", where=self.where)
        return Money.parse(value, currency, where=self.where)

    def need_amount(self, step: str, currency: str) -> Money:
        value = self.amount(step, currency)
        if value is None:
            raise self.incomplete(step)
        return value

    def need_money(self, step: str, currency: str) -> Money:
        value = self.money(step, currency)
        if value is None:
            raise self.incomplete(step)
        return value

    def attribute(self, name: str) -> str | None:
        value = self.element.get(name)
        return value.strip() or None if value else None

    def decimal(self) -> Decimal:
        """This element's text as a plain decimal (no exponent). Raises quantity_malformed."""
        value = self.own_text()
        if value is None:
            raise BadInput("document_incomplete", "the number is missing", where=self.where)
        try:
            number = Decimal(value) if _DECIMAL.fullmatch(value) else None
        except InvalidOperation:
            number = None
        if number is None:
            raise BadInput("quantity_malformed", f"{value!r} is not a decimal number", where=self.where)
        return number

    def number(self) -> Decimal | None:
        """This element's text as a decimal; None where it is none, or longer than any figure. Never raises."""
        value = "".join(str(part) for part in self.element.itertext()).strip()
        return Decimal(value) if len(value) <= MAX_FIGURE and _DECIMAL.fullmatch(value) else None

    def as_figure(self) -> Figure:
        return Figure(self.number(), self.where)

    def figure(self, step: str) -> Figure:
        """The number at ``step``, or where it would stand."""
        found = self.child(step)
        return Figure(None, self.at(step)) if found is None else found.as_figure()

    def quantity(self, step: str, *, zero: bool = False, signed: bool = False) -> tuple[Decimal, str] | None:
        """A quantity and its unit (UN/ECE Rec 20/21). ``zero``: none at all is an answer, ``signed``: so is less
        than nothing (goods that go back, what a
        bill takes back).

        Raises quantity_malformed, quantity_not_positive, quantity_too_precise, unit_unknown, document_incomplete.
        """
        found = self.child(step)
        if found is None:
            return None
        value = found.decimal()
        if not signed and (value < 0 or (value == 0 and not zero)):
            raise BadInput(
                "quantity_not_positive", f"the quantity must be greater than zero, not {value}", where=found.where
            )
        return plain_quantity(value, found.where), found.unit()

    def need_quantity(self, step: str, *, zero: bool = False, signed: bool = False) -> tuple[Decimal, str]:
        value = self.quantity(step, zero=zero, signed=signed)
        if value is None:
            raise self.incomplete(step)
        return value

    def unit(self) -> str:
        code = self.attribute("unitCode")
        if code is None:
            raise self.incomplete("@unitCode", "the unit of the quantity")
        if not units.known(code):
            raise BadInput(
                "unit_unknown", f"{code!r} is no unit of UN/ECE Recommendation 20/21", where=f"{self.where}/@unitCode"
            )
        return code


def plain_quantity(value: Decimal, where: str, decimals: int = MAX_QUANTITY_DECIMALS) -> Decimal:
    """The one form of a quantity: no exponent, no trailing zeros ("100", "0.5"). Raises quantity_too_precise."""
    if value == 0:
        return Decimal(0)
    if value.adjusted() >= MAX_QUANTITY_DIGITS:
        raise BadInput("quantity_malformed", "the quantity is beyond any that is traded", where=where)
    scaled = value.normalize()
    exponent = scaled.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -decimals:
        raise BadInput("quantity_too_precise", f"{value} has more than {decimals} decimals", where=where)
    return scaled.quantize(Decimal(1)) if isinstance(exponent, int) and exponent > 0 else scaled


def known_currency(code: str, where: str) -> str:
    if code not in EXPONENTS:
        raise BadInput("currency_unknown", f"currency {code!r} is not accepted", where=where)
    return code


def _bad_date(value: str, where: str) -> dt.date:
    raise BadInput("date_malformed", f"{value!r} is not a date (YYYY-MM-DD)", where=where)
