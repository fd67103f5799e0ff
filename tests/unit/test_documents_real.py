"""Real UBL files (CHAINFIN_DATA/documents): each is read, or refused with one line that says what and where."""

import os
from decimal import Decimal
from pathlib import Path

import pytest

from chainfin.documents import Document, DocumentKind, read
from chainfin.documents.crediting import dilution
from chainfin.documents.matching import Match, match, order_gross
from chainfin.documents.trades import assemble
from chainfin.errors import BadInput, Refusal
from chainfin.rules import order as orders

DATA = os.environ.get("CHAINFIN_DATA")
pytestmark = pytest.mark.skipif(not DATA, reason="CHAINFIN_DATA names no folder of real documents")
ROOT = Path(DATA or ".") / "documents"
FOLDERS = ("ubl_oasis", "ubl_phax")

UNKNOWN = "document_kind_unknown"

REFUSED = {
    "CENBII-Invoice-maximal.xml": ("unit_unknown", "/Invoice/cac:InvoiceLine[1]/cbc:InvoicedQuantity/@unitCode"),
    "CENBII-Order-maximal.xml":
        ("currency_mismatch", "/Order/cac:OrderLine[1]/cac:LineItem/cbc:LineExtensionAmount/@currencyID"),
    "CENBII-Order-minimal.xml": ("document_incomplete", "/Order/cbc:ID"),
    "ERR-11 BII04 minimal invoice example 01.xml":
        ("document_inconsistent", "/Invoice/cac:LegalMonetaryTotal/cbc:LineExtensionAmount"),
    "ERR-13 BII04 minimal invoice example 01.xml":
        ("document_inconsistent", "/Invoice/cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount"),
    "ERR-19 BII04 minimal invoice example 01.xml":
        ("document_incomplete", "/Invoice/cac:InvoiceLine[1]/cbc:InvoicedQuantity/@unitCode"),
    "UBL-DebitNote-2.1-Example.xml": (UNKNOWN, "/DebitNote"),
    "UBL-FreightInvoice-2.1-Example.xml": (UNKNOWN, "/FreightInvoice"),
    "UBL-InventoryReport-2.1-Example.xml": (UNKNOWN, "/InventoryReport"),
    "UBL-Invoice-2.0-Detached-Signature.xml": (UNKNOWN, "/Signature"),
    "UBL-Reminder-2.1-Example.xml": (UNKNOWN, "/Reminder"),
    "UBL-RemittanceAdvice-2.0-Example.xml": (UNKNOWN, "/RemittanceAdvice"),
    "UBL-SelfBilledCreditNote-2.1-Example.xml": (UNKNOWN, "/SelfBilledCreditNote"),
    "UBL-Statement-2.0-Example.xml": (UNKNOWN, "/Statement"),
    "UBL-StockAvailabilityReport-2.1-Example.xml": (UNKNOWN, "/StockAvailabilityReport"),
    "invoice1.xml": ("currency_unknown", "/Invoice/cbc:DocumentCurrencyCode"),
}  # fmt: skip

READ = {
    "BII03 Order example 01.xml": ("order", "34", "6225.00"),
    "BII04 XML example full core data 01.xml": ("credit_note", "TOSL108", "729.00"),
    "BII04 minimal VAT invoice example 01.xml": ("invoice", "TOSL108", "1729.00"),
    "BII04 minimal invoice example 02.xml": ("invoice", "TOSL108", "1436.50"),
    "CENBII-AcceptOrder-maximal.xml": ("order_response", "66890-9-09", True),
    "CENBII-AcceptOrder-minimal.xml": ("order_response", "66890-9-09", True),
    "CENBII-RejectOrder-maximal.xml": ("order_response", "66890-9-09", False),
    "CENBII-RejectOrder-minimal.xml": ("order_response", "66890-9-09", False),
    "ERR-10 BII04 minimal VAT invoice example 01.xml": ("invoice", "TOSL108", "1729.00"),
    "ERR-18 BII04 minimal invoice example 01.xml": ("invoice", "TOSL108", "1436.50"),
    "ERR-2 BII04 minimal invoice example 01.xml": ("invoice", "TOSL108", "1436.50"),
    "ERR-3 BII04 minimal VAT invoice example 01.xml": ("invoice", "TOSL108", "1729.00"),
    "ERR-4 BII04 minimal invoice example 01.xml": ("invoice", "TOSL108", "1436.50"),
    "ERR-5 BII04 minimal VAT invoice example 01.xml": ("invoice", "TOSL108", "1729.00"),
    "ERR-9 BII04 minimal VAT invoice example 01.xml": ("invoice", "TOSL108", "1729.00"),
    "PEP BII04 minimal VAT invoice example 01.xml": ("invoice", "TOSL108", "1729.00"),
    "PEP BII04 minimal invoice example 02.xml": ("invoice", "TOSL108", "1436.50"),
    "UBL-CreditNote-2.0-Example.xml": ("credit_note", "CN758494", "107.50"),
    "UBL-CreditNote-2.1-Example.xml": ("credit_note", "TOSL108", "729.00"),
    "UBL-DespatchAdvice-2.0-Example.xml": ("despatch_advice", "565899", None),
    "UBL-Invoice-2.0-Detached.xml": ("invoice", "A00095678", "107.50"),
    "UBL-Invoice-2.0-Enveloped.xml": ("invoice", "A00095678", "107.50"),
    "UBL-Invoice-2.0-Example-NS1.xml": ("invoice", "A00095678", "107.50"),
    "UBL-Invoice-2.0-Example-NS2.xml": ("invoice", "A00095678", "107.50"),
    "UBL-Invoice-2.0-Example-NS3.xml": ("invoice", "A00095678", "107.50"),
    "UBL-Invoice-2.0-Example-NS4.xml": ("invoice", "A00095678", "107.50"),
    "UBL-Invoice-2.0-Example.xml": ("invoice", "A00095678", "107.50"),
    "UBL-Invoice-2.1-Example-Trivial.xml": ("invoice", "123", "100.00"),
    "UBL-Invoice-2.1-Example.xml": ("invoice", "TOSL108", "729.00"),
    "UBL-Order-2.0-Example-International.xml": ("order", "AEG012345", "1000.00"),
    "UBL-Order-2.0-Example.xml": ("order", "AEG012345", "100.00"),
    "UBL-Order-2.1-Example.xml": ("order", "34", "6225.00"),
    "UBL-OrderCancellation-2.1-Example.xml": ("order_cancellation", "7", None),
    "UBL-OrderChange-2.1-Example.xml": ("order_change", "7", "12020.00"),
    "UBL-OrderResponse-2.1-Example.xml": ("order_response", "7", False),
    "UBL-OrderResponseSimple-2.0-Example.xml": ("order_response", "66890-9-09", True),
    "UBL-OrderResponseSimple-2.1-Example.xml": ("order_response", "7", True),
    "UBL-ReceiptAdvice-2.0-Example.xml": ("receipt_advice", "658398", None),
    "ph-ubl-testfiles__src__main__resources__external__test-ubl__invoice__BII04 XML example full core data 01.xml":
        ("invoice", "TOSL108", "729.00"),
}  # fmt: skip


def files() -> list[Path]:
    return [path for folder in FOLDERS for path in sorted((ROOT / folder).glob("*"))]


def outcome(path: Path) -> Document | BadInput:
    try:
        return read(path.read_bytes(), source=path.name)
    except BadInput as error:
        return error


def load(name: str) -> Document:
    path = ROOT / "ubl_oasis" / name
    return read(path.read_bytes(), source=path.name)


def oasis(kind: str) -> Document:
    return load(f"UBL-{kind}-2.0-Example.xml")


def test_read__every_real_file__read_or_refused_as_pinned() -> None:
    seen = set()
    for path in files():
        seen.add(path.name)
        found = outcome(path)
        if isinstance(found, BadInput):
            code, place = REFUSED[path.name]
            assert (found.code, found.where) == (code, f"{path.name}: {place}")
            assert "\n" not in str(found)
        else:
            total = None if found.totals is None else str(found.totals.payable)
            fact = found.accepted if found.kind is DocumentKind.ORDER_RESPONSE else total
            assert (found.kind.value, found.id, fact) == READ[path.name]
            assert Document.from_canonical(found.canonical()) == found
    assert seen == set(REFUSED) | set(READ)


def test_read__en16931_files__read_or_refused_in_one_line() -> None:
    outcomes = []
    for path in sorted((ROOT / "en16931" / "ubl").rglob("*.xml")):
        found = outcome(path)
        if isinstance(found, BadInput):
            assert found.where is not None
            assert "\n" not in str(found)
        outcomes.append(found.code if isinstance(found, BadInput) else found.kind.value)
    assert {name: outcomes.count(name) for name in outcomes} == {
        "invoice": 16, "credit_note": 1
    }  # fmt: skip


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_read__namespace_variants__same_canonical_bytes(n: int) -> None:
    variant = load(f"UBL-Invoice-2.0-Example-NS{n}.xml")
    assert variant.canonical_bytes() == oasis("Invoice").canonical_bytes()


def test_match__oasis_trade__ten_kilos_named_and_withheld() -> None:
    found = match(oasis("Order"), [oasis("ReceiptAdvice")], oasis("Invoice"))
    assert isinstance(found, Match)
    assert str(found.payable) == "107.50"
    assert str(found.matched_amount) == "96.75"
    (shortfall,) = found.shortfalls
    assert (shortfall.ordered, shortfall.received, shortfall.invoiced) == (Decimal(100), Decimal(90), Decimal(100))
    assert (shortfall.missing, shortfall.unit, str(shortfall.amount_withheld)) == (Decimal(10), "KGM", "10.75")
    assert shortfall.reason == "not_received"
    assert shortfall.description == "beeswax"


def test_order__oasis_trade__whole_life_and_the_full_invoice_refused() -> None:
    order = orders.post(oasis("Order"))
    assert isinstance(order, orders.Order)
    assert str(order_gross(order.document)) == "117.50"
    for act, kind in (
        (orders.acknowledge, "OrderResponseSimple"), (orders.despatch, "DespatchAdvice"),
        (orders.receive, "ReceiptAdvice"),
    ):  # fmt: skip
        moved = act(order, oasis(kind))
        assert isinstance(moved, orders.Order), moved
        order = moved
    assert (order.ordered, order.despatched, order.received) == (11750, 10575, 10575)
    refused = orders.invoice(order, oasis("Invoice"))
    assert isinstance(refused, Refusal)
    assert refused.code == "invoice_above_received"
    assert refused.proof["limit"] == "96.75"
    found = match(oasis("Order"), [oasis("ReceiptAdvice")], oasis("Invoice"))
    assert isinstance(found, Match)
    invoiced = orders.invoice(order, oasis("Invoice"), face=found.matched_amount)
    assert isinstance(invoiced, orders.Invoiced)
    assert invoiced.order.invoiced == 9675


def test_dilution__oasis_credit_note__cancels_the_whole_invoice() -> None:
    amount = dilution(oasis("Invoice"), oasis("CreditNote"))
    assert str(amount) == "107.50"


def test_assemble__oasis_folder__one_trade_that_can_be_financed() -> None:
    documents = [found for path in files() if isinstance(found := outcome(path), Document)]
    heap = assemble(documents)
    (trade,) = [found for found in heap.trades if found.can_be_financed]
    assert (trade.order.id, trade.order.currency) == ("AEG012345", "GBP")
    assert [item.id for item in trade.invoices] == ["A00095678"]
    assert [item.id for item in trade.receipts] == ["658398"]
    assert [item.id for item in trade.credit_notes] == ["CN758494"]
