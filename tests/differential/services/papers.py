"""Trade documents of one line, as UBL: so many units at `UNIT` fen each, tax included: amounts come out whole."""

from __future__ import annotations

from datetime import date
from xml.sax.saxutils import escape

from chainfin.samples import Company

UNIT = 113_00
"""Gross value of one unit, fen: 100.00 CNY and 13 % VAT."""
_NAMESPACES = (
    'xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2" '
    'xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"'
)
_ITEM = "<cac:Item><cbc:Name>Invented goods</cbc:Name></cac:Item>"
_PRICE = (
    '<cac:Price><cbc:PriceAmount currencyID="CNY">100.00</cbc:PriceAmount>'
    '<cbc:BaseQuantity unitCode="KGM">1</cbc:BaseQuantity></cac:Price>'
)
_LINE_REF = "<cac:OrderLineReference><cbc:LineID>1</cbc:LineID></cac:OrderLineReference>"


def order(number: str, day: date, buyer: Company, seller: Company, units: int) -> bytes:
    """A purchase order; the same one with other ``units`` amends it."""
    line = (
        f'<cac:OrderLine><cac:LineItem><cbc:ID>1</cbc:ID><cbc:Quantity unitCode="KGM">{units}</cbc:Quantity>'
        f"{_money('LineExtensionAmount', units * 100)}{_money('TotalTaxAmount', units * 13)}{_PRICE}{_ITEM}"
        "</cac:LineItem></cac:OrderLine>"
    )
    parties = _party("BuyerCustomerParty", buyer) + _party("SellerSupplierParty", seller)
    return _document("Order", number, day, _CURRENCY + parties + _tax(units) + _totals("Anticipated", units) + line)


def response(number: str, day: date, buyer: Company, seller: Company, *, accepted: bool = True) -> bytes:
    """The seller's answer to an order."""
    said = f"<cbc:AcceptedIndicator>{str(accepted).lower()}</cbc:AcceptedIndicator>"
    parties = _party("SellerSupplierParty", seller) + _party("BuyerCustomerParty", buyer)
    return _document("OrderResponseSimple", f"OR-{number}", day, said + _order_ref(number) + parties)


def despatch(number: str, name: str, day: date, buyer: Company, seller: Company, units: int) -> bytes:
    """A despatch advice called ``name`` on order ``number``."""
    line = (
        f'<cac:DespatchLine><cbc:ID>1</cbc:ID><cbc:DeliveredQuantity unitCode="KGM">{units}</cbc:DeliveredQuantity>'
        f"{_LINE_REF}{_ITEM}</cac:DespatchLine>"
    )
    parties = _party("DespatchSupplierParty", seller) + _party("DeliveryCustomerParty", buyer)
    return _document("DespatchAdvice", name, day, _order_ref(number) + parties + line)


def receipt(number: str, name: str, day: date, buyer: Company, seller: Company, units: int) -> bytes:
    """A receipt advice."""
    line = (
        f'<cac:ReceiptLine><cbc:ID>1</cbc:ID><cbc:ReceivedQuantity unitCode="KGM">{units}</cbc:ReceivedQuantity>'
        f"{_LINE_REF}{_ITEM}</cac:ReceiptLine>"
    )
    parties = _party("DeliveryCustomerParty", buyer) + _party("DespatchSupplierParty", seller)
    return _document("ReceiptAdvice", name, day, _order_ref(number) + parties + line)


def invoice(number: str, name: str, day: date, due: date, buyer: Company, seller: Company, units: int) -> bytes:
    """An invoice over so many units of order ``number``."""
    due_date = f"<cbc:DueDate>{due}</cbc:DueDate><cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode>"
    parties = _party("AccountingSupplierParty", seller) + _party("AccountingCustomerParty", buyer)
    body = _order_ref(number) + parties + _tax(units) + _totals("Legal", units) + _billed("Invoice", "Invoiced", units)
    return _document("Invoice", name, day, due_date + _CURRENCY + body)


def credit_note(
    number: str, invoice_name: str, name: str, day: date, parties: tuple[Company, Company], units: int
) -> bytes:
    """A credit note over so many units of an invoice. ``parties``: buyer and seller."""
    buyer, seller = parties
    billing = (
        "<cac:BillingReference><cac:InvoiceDocumentReference>"
        f"<cbc:ID>{escape(invoice_name)}</cbc:ID></cac:InvoiceDocumentReference></cac:BillingReference>"
    )
    named = _party("AccountingSupplierParty", seller) + _party("AccountingCustomerParty", buyer)
    lines = _billed("CreditNote", "Credited", units)
    body = _CURRENCY + _order_ref(number) + billing + named + _tax(units) + _totals("Legal", units) + lines
    return _document("CreditNote", name, day, body)


_CURRENCY = "<cbc:DocumentCurrencyCode>CNY</cbc:DocumentCurrencyCode>"


def _document(kind: str, number: str, day: date, body: str) -> bytes:
    head = (
        f"<cbc:UBLVersionID>2.1</cbc:UBLVersionID><cbc:ID>{escape(number)}</cbc:ID><cbc:IssueDate>{day}</cbc:IssueDate>"
    )
    namespace = f"urn:oasis:names:specification:ubl:schema:xsd:{kind}-2"
    return f'<{kind} xmlns="{namespace}" {_NAMESPACES}>{head}{body}</{kind}>'.encode()


def _party(role: str, company: Company) -> str:
    name = escape(company.name)
    legal = (
        f"<cac:PartyLegalEntity><cbc:RegistrationName>{name}</cbc:RegistrationName>"
        f'<cbc:CompanyID schemeID="USCC">{company.uscc}</cbc:CompanyID></cac:PartyLegalEntity>'
    )
    named = f"<cac:PartyName><cbc:Name>{name}</cbc:Name></cac:PartyName>"
    return f"<cac:{role}><cac:Party>{named}{legal}</cac:Party></cac:{role}>"


def _order_ref(number: str) -> str:
    return f"<cac:OrderReference><cbc:ID>{escape(number)}</cbc:ID></cac:OrderReference>"


def _money(name: str, major: int) -> str:
    return f'<cbc:{name} currencyID="CNY">{major}.00</cbc:{name}>'


def _tax(units: int) -> str:
    category = (
        "<cac:TaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>13</cbc:Percent>"
        "<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:TaxCategory>"
    )
    parts = f"{_money('TaxableAmount', units * 100)}{_money('TaxAmount', units * 13)}{category}"
    return f"<cac:TaxTotal>{_money('TaxAmount', units * 13)}<cac:TaxSubtotal>{parts}</cac:TaxSubtotal></cac:TaxTotal>"


def _totals(kind: str, units: int) -> str:
    amounts = (
        ("LineExtensionAmount", 100), ("TaxExclusiveAmount", 100), ("TaxInclusiveAmount", 113), ("PayableAmount", 113),
    )  # fmt: skip
    body = "".join(_money(name, units * each) for name, each in amounts)
    return f"<cac:{kind}MonetaryTotal>{body}</cac:{kind}MonetaryTotal>"


def _billed(kind: str, verb: str, units: int) -> str:
    quantity = f'<cbc:{verb}Quantity unitCode="KGM">{units}</cbc:{verb}Quantity>'
    money = _money("LineExtensionAmount", units * 100)
    return (
        f"<cac:{kind}Line><cbc:ID>1</cbc:ID>{quantity}{money}{_LINE_REF}{_tax(units)}{_ITEM}{_PRICE}</cac:{kind}Line>"
    )
