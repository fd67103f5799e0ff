"""What trade documents are made of: parties, lines, totals, and what an invoice says besides. Frozen values only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from chainfin.values.money import Money


@dataclass(frozen=True, slots=True)
class LegalId:
    """A party's identifier. ``kind`` is legal (company register), tax or party (any other); ``scheme`` as stated."""

    kind: str
    value: str
    scheme: str | None = None


@dataclass(frozen=True, slots=True)
class Party:
    """Seller or buyer as the document names it. ``country`` is ISO 3166 alpha-2."""

    name: str | None
    legal_ids: tuple[LegalId, ...] = ()
    country: str | None = None

    @property
    def legal_id(self) -> str | None:
        """The best identifier that is stated: from the company register, else from the tax office, else any."""
        ranked = sorted(self.legal_ids, key=lambda item: ("legal", "tax", "party").index(item.kind))
        return ranked[0].value if ranked else None

    @property
    def label(self) -> str:
        return self.name or self.legal_id or ""


@dataclass(frozen=True, slots=True)
class Price:
    """``amount`` major units of the document's currency for ``base_quantity`` units. Shown, never computed with."""

    amount: Decimal
    base_quantity: Decimal


@dataclass(frozen=True, slots=True)
class Line:
    """A line. ``quantity`` in ``unit_code`` (UN/ECE Rec 20), in a receipt below zero where goods go back that came
    before; ``rejected`` is the part of a receipt sent back at once.

    ``order_ref``: the order that the line itself names. ``status``: what an order change or response says of the line
    (UN/EDIFACT 1229, or a word). ``adjustment``: charges less allowances of the line, part of ``line_amount``.
    """

    id: str
    order_line_ref: str | None = None
    order_ref: str | None = None
    buyers_item_id: str | None = None
    sellers_item_id: str | None = None
    standard_item_id: str | None = None
    description: str | None = None
    quantity: Decimal | None = None
    unit_code: str | None = None
    rejected: Decimal | None = None
    price: Price | None = None
    line_amount: Money | None = None
    tax: Money | None = None
    status: str | None = None
    adjustment: Money | None = None

    @property
    def accepted(self) -> Decimal:
        """Quantity that stayed: what was received less what was rejected (the reading that favours the lender)."""
        return (self.quantity or Decimal(0)) - (self.rejected or Decimal(0))


@dataclass(frozen=True, slots=True)
class Totals:
    """All in the document's currency. ``payable`` is what the document asks for (an order may leave the tax out)."""

    line_total: Money
    allowance: Money
    charge: Money
    tax: Money
    prepaid: Money
    rounding: Money
    payable: Money

    @property
    def gross(self) -> Money:
        """Goods and tax after allowances and charges, before prepayment and rounding."""
        return self.line_total - self.allowance + self.charge + self.tax


@dataclass(frozen=True, slots=True)
class TaxPart:
    """Tax by category and rate (EN 16931 BG-23). ``percent`` is empty where the document states none."""

    category: str | None
    percent: Decimal | None
    taxable: Money | None
    tax: Money


@dataclass(frozen=True, slots=True)
class Instalment:
    """What is due of an invoice on one of several days. ``amount`` is None where the document doesn't say."""

    due_date: date
    amount: Money | None


@dataclass(frozen=True, slots=True)
class Billing:
    """What an invoice says besides its lines and totals that decides about the claim.

    ``type_code``: UN/EDIFACT 1001. ``payee``: who is to be paid, where the document names somebody for it.
    ``withheld``: tax that the buyer keeps back. ``prepayments``: the sum of the payments that it lists, whatever its
    totals say. ``allowances``: the sum of those that it lists for the whole document; ``charges`` likewise.
    """

    type_code: str | None = None
    copy: bool | None = None
    payee: Party | None = None
    withheld: Money | None = None
    prepayments: Money | None = None
    allowances: Money | None = None
    charges: Money | None = None
    taxes: tuple[TaxPart, ...] = ()
    instalments: tuple[Instalment, ...] = ()


NO_BILLING: Final = Billing()


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule of a standard that a document's figures break, and the place of the figure.

    ``off``: by how much the figure, in major units, differs from what the rule gives; None where one of the two isn't
    stated.
    """

    rule: str
    message: str
    where: str
    off: Decimal | None = None

    def to_json(self) -> dict[str, str]:
        return {"rule": self.rule, "message": self.message, "where": self.where}


@dataclass(frozen=True, slots=True)
class References:
    """Ids of the documents that this one refers to, in order of appearance, each once."""

    orders: tuple[str, ...] = ()
    invoices: tuple[str, ...] = ()
    despatches: tuple[str, ...] = ()
    receipts: tuple[str, ...] = ()


def money_of(line: Line) -> Money:
    """The net amount of a line of a kind that must state one (order, invoice, credit note)."""
    if line.line_amount is None:
        raise ValueError(f"line {line.id} has no amount: only orders, invoices and credit notes are reckoned")
    return line.line_amount
