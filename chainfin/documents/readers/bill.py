"""An invoice or credit note put together from what a format's reader finds, the same way and under the same rules
whatever the format: each reader says where a fact stands, and none what makes a bill.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Final, Protocol, TypeVar

from chainfin.documents.faults import Faults
from chainfin.documents.matching import same_party
from chainfin.documents.model import Billing, Breach, Document, DocumentKind, Instalment, Line, Party, Price, References
from chainfin.documents.node import Node, plain_quantity
from chainfin.documents.sums import StatedTotals, payable_agrees, reckoned, rounding_off
from chainfin.errors import BadInput
from chainfin.values.money import Money

MAX_LINES: Final = 10_000
MAX_PRICE_DECIMALS: Final = 18
"""Of what is shown and never reckoned with."""

Place = TypeVar("Place")


class Bill(Protocol[Place]):
    """What a format's reader finds. Each method raises BadInput; ``Place`` is how it points at a line."""

    @property
    def where(self) -> str: ...
    def kind(self) -> DocumentKind: ...
    def head(self) -> tuple[str, date]: ...
    def seller(self) -> Party: ...
    def buyer(self) -> Party: ...
    def currency(self) -> str: ...
    def lines(self) -> Sequence[Place]: ...
    def line(self, place: Place, currency: str) -> Line: ...
    def totals(self, currency: str) -> StatedTotals: ...
    def billing(self, currency: str) -> Billing: ...
    def due_date(self) -> date | None: ...
    def terms(self) -> str | None: ...
    def references(self) -> References: ...
    def breaches(self) -> tuple[Breach, ...]: ...


def document(bill: Bill[Place]) -> Document:
    """The bill in canonical form. Raises BadInput with all its faults: document_incomplete, document_inconsistent, …"""
    faults, breaches = Faults(), bill.breaches()
    kind, head = faults.take(bill.kind), faults.take(bill.head)
    seller, buyer = faults.take(bill.seller), faults.take(bill.buyer)
    places = faults.take(bill.lines)
    terms = faults.take(lambda: (bill.due_date(), bill.terms(), bill.references()))
    currency = faults.take(bill.currency)
    if currency is None or places is None:
        faults.add_breaches(breaches)
        raise faults.error()
    read = [faults.take(partial(bill.line, place, currency)) for place in places]
    lines = tuple(line for line in read if line is not None)
    stated, billing = faults.take(lambda: bill.totals(currency)), faults.take(lambda: bill.billing(currency))
    if None in (kind, head, seller, buyer, terms, stated, billing) or len(lines) < len(places):
        faults.add_breaches(breaches)
        raise faults.error()
    assert kind, "said above, as of the others"
    assert head
    assert seller
    assert buyer
    assert terms
    assert stated
    assert billing
    totals = reckoned(stated, lines, billing, faults)
    payable_agrees(stated, totals, billing.withheld, len(lines), faults)
    faults.add_breaches(breaches)
    faults.stop()
    number, issued = head
    due_date, conditions, references = terms
    return Document(
        kind=kind,
        id=number,
        issue_date=issued,
        seller=seller,
        buyer=buyer,
        currency=currency,
        lines=lines,
        totals=totals,
        due_date=due_date,
        terms=conditions,
        references=references,
        billing=billing,
        breaches=breaches or tuple(rounding_off(stated, totals, lines, billing)),
    )


def instalments(found: Iterable[tuple[date, Money | None]]) -> tuple[Instalment, ...]:
    """The days on which parts are due, where there are several, or one with its own amount."""
    days = sorted(found, key=lambda each: each[0])
    if len(days) < 2 and not (days and days[0][1] is not None):
        return ()
    return tuple(Instalment(day, amount) for day, amount in days)


def payee_of(seller: Party, named: Sequence[Party]) -> Party | None:
    """Who is to be paid, of those whom the document names for it: one that isn't the seller comes first."""
    return next((each for each in named if not same_party(seller, each)), named[0] if named else None)


def not_too_many(places: Sequence[Place], where: str) -> Sequence[Place]:
    """Raises document_too_large."""
    if len(places) > MAX_LINES:
        raise BadInput("document_too_large", f"the document has more than {MAX_LINES} lines", where=where)
    return places


def added(amounts: Iterable[Money]) -> Money | None:
    """The sum; None of nothing."""
    total: Money | None = None
    for amount in amounts:
        total = amount if total is None else total + amount
    return total


def unique(texts: Iterable[str | None]) -> tuple[str, ...]:
    """Those that are stated, in order, each once."""
    return tuple(dict.fromkeys(text for text in texts if text is not None))


def price(found: Node, base: Node | None, currency: str) -> Price:
    """The price that stands at ``found``, for the quantity at ``base`` (one where it isn't stated)."""
    stated = found.attribute("currencyID")
    if stated not in (None, currency):
        raise BadInput(
            "currency_mismatch", f"{stated} stands in a document in {currency}", where=f"{found.where}/@currencyID"
        )
    amount = found.decimal()
    if amount < 0:
        raise BadInput("amount_negative", f"the price must not be below zero: {amount}", where=found.where)
    per = Decimal(1) if base is None else base.decimal()
    if base is not None and per <= 0:
        raise BadInput("quantity_not_positive", "a price is for more than nothing", where=base.where)
    return Price(
        plain_quantity(amount, found.where, MAX_PRICE_DECIMALS),
        plain_quantity(per, found.where if base is None else base.where, MAX_PRICE_DECIMALS),
    )
