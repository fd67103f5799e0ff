"""The pieces that UBL documents share: parties, items, prices, references."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from chainfin.documents.model import Line, Price, References
from chainfin.documents.node import Node
from chainfin.documents.parts import LegalId, Party
from chainfin.documents.readers.bill import price, unique
from chainfin.errors import BadInput
from chainfin.values.money import Money


def party(document: Node, *roles: str) -> Party:
    """The party in the first of ``roles`` that the document states ("cac:SellerSupplierParty", …).

    Raises document_incomplete where no role is stated, or the party has neither a name nor an identifier.
    """
    for role in roles:
        holder = document.child(role)
        if holder is not None:
            return _party(holder)
    raise document.incomplete(roles[0])


def payee(document: Node) -> Party | None:
    """Who is to be paid, where the document names somebody for it (``cac:PayeeParty`` is a party itself)."""
    found = document.child("cac:PayeeParty")
    return None if found is None else _stated(found)


def _party(holder: Node) -> Party:
    return _stated(holder.need("cac:Party"))


def _stated(body: Node) -> Party:
    ids = (
        *_ids(body.children("cac:PartyLegalEntity"), "legal"),
        *_ids(body.children("cac:PartyTaxScheme"), "tax"),
        *_ids(body.children("cac:PartyIdentification"), "party"),
    )
    name = (
        body.text("cac:PartyName/cbc:Name")
        or body.text("cac:PartyLegalEntity/cbc:RegistrationName")
        or body.text("cac:PartyTaxScheme/cbc:RegistrationName")
    )
    if name is None and not ids:
        raise body.incomplete("cac:PartyName/cbc:Name", "the party's name or an identifier")
    country = body.text("cac:PostalAddress/cac:Country/cbc:IdentificationCode")
    return Party(name, tuple(dict.fromkeys(ids)), country)


def _ids(holders: Iterable[Node], kind: str) -> Iterable[LegalId]:
    for holder in holders:
        found = holder.child("cbc:ID" if kind == "party" else "cbc:CompanyID")
        value = None if found is None else found.own_text()
        if found is not None and value is not None:
            yield LegalId(kind, value, found.attribute("schemeID"))


def line(
    node: Node,
    *,
    quantity: tuple[Decimal, str] | None,
    rejected: Decimal | None = None,
    amount: Money | None = None,
    tax: Money | None = None,
    adjustment: Money | None = None,
    currency: str | None = None,
) -> Line:
    """A line with the item and order reference that ``node`` states."""
    return Line(
        id=node.need_text("cbc:ID"),
        order_line_ref=node.text("cac:OrderLineReference/cbc:LineID"),
        order_ref=node.text("cac:OrderLineReference/cac:OrderReference/cbc:ID"),
        buyers_item_id=node.text("cac:Item/cac:BuyersItemIdentification/cbc:ID"),
        sellers_item_id=node.text("cac:Item/cac:SellersItemIdentification/cbc:ID"),
        standard_item_id=node.text("cac:Item/cac:StandardItemIdentification/cbc:ID"),
        description=node.text("cac:Item/cbc:Name") or node.text("cac:Item/cbc:Description"),
        quantity=None if quantity is None else quantity[0],
        unit_code=None if quantity is None else quantity[1],
        rejected=rejected,
        price=None if currency is None else _price(node, currency),
        line_amount=amount,
        tax=tax,
        status=node.text("cbc:LineStatusCode"),
        adjustment=adjustment,
    )


def _price(node: Node, currency: str) -> Price | None:
    found = node.child("cac:Price/cbc:PriceAmount")
    if found is None:
        return None
    return price(found, node.child("cac:Price/cbc:BaseQuantity"), currency)


def unique_ids(lines: tuple[Line, ...], place: Node) -> tuple[Line, ...]:
    """The lines of an order or of what moves its goods, each with an id of its own. Raises document_inconsistent."""
    seen: set[str] = set()
    for item in lines:
        if item.id in seen:
            raise BadInput("document_inconsistent", f"two lines have the id {item.id!r}", where=place.where)
        seen.add(item.id)
    return lines


def references(document: Node, lines: Iterable[Node] = ()) -> References:
    """Ids of the order, invoice, despatch and receipt that the document or one of its lines names."""
    places = [document, *lines]

    def all_of(*steps: str) -> tuple[str, ...]:
        return unique(item.own_text() for place in places for step in steps for item in place.children(step))

    return References(
        orders=all_of("cac:OrderReference/cbc:ID", "cac:OrderLineReference/cac:OrderReference/cbc:ID"),
        invoices=all_of("cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID"),
        despatches=all_of(
            "cac:DespatchDocumentReference/cbc:ID", "cac:DespatchLineReference/cac:DocumentReference/cbc:ID"
        ),
        receipts=all_of("cac:ReceiptDocumentReference/cbc:ID", "cac:ReceiptLineReference/cac:DocumentReference/cbc:ID"),
    )
