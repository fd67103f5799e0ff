"""CII into the canonical form: as the same invoice in UBL, with the same refusals, each at its XPath."""

import os
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from chainfin import samples
from chainfin.documents import Document, DocumentKind, read
from chainfin.documents.faults import faults_of
from chainfin.documents.financing import unless_claim
from chainfin.errors import BadInput
from tests.documents_as import as_cii

DATA = os.environ.get("CHAINFIN_DATA")
TRADE = samples.trade(date(2026, 11, 21), "25447000000012345678")
INVOICE = as_cii(read(TRADE["invoice"], source="invoice.xml"))
SETTLED = "/rsm:CrossIndustryInvoice/rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeSettlement"
TOTALS = f"{SETTLED}/ram:SpecifiedTradeSettlementHeaderMonetarySummation"
LINE = "/rsm:CrossIndustryInvoice/rsm:SupplyChainTradeTransaction/ram:IncludedSupplyChainTradeLineItem[1]"


def changed(*edits: tuple[str, str]) -> bytes:
    text = INVOICE.decode()
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text.encode()


def refused(data: bytes) -> BadInput:
    with pytest.raises(BadInput) as caught:
        read(data, source="f.xml")
    assert "\n" not in str(caught.value)
    return caught.value


def test_read__sample_invoice_as_cii__all_that_decides() -> None:
    found = read(INVOICE, source="f.xml")
    known = read(TRADE["invoice"], source="invoice.xml")
    assert (found.kind, found.id, found.due_date) == (DocumentKind.INVOICE, known.id, known.due_date)
    assert (found.totals, found.references, found.seller.legal_id) == (
        known.totals, known.references, known.seller.legal_id
    )  # fmt: skip
    assert [(each.quantity, each.unit_code, each.order_line_ref) for each in found.lines] == [
        (each.quantity, each.unit_code, each.order_line_ref) for each in known.lines
    ]


@pytest.mark.parametrize(
    ("edits", "code", "place"),
    [
        ([("DuePayableAmount>999767.50", "DuePayableAmount>999767.505")],
         "amount_too_precise", f"{TOTALS}/ram:DuePayableAmount"),
        ([("DuePayableAmount>999767.50", "DuePayableAmount>999768.00")],
         "document_inconsistent", f"{TOTALS}/ram:DuePayableAmount"),
        ([("<ram:DuePayableAmount>999767.50</ram:DuePayableAmount>", "")],
         "document_incomplete", f"{TOTALS}/ram:DuePayableAmount"),
        ([("LineTotalAmount>884750.00", "LineTotalAmount>884751.00")],
         "document_inconsistent", f"{TOTALS}/ram:LineTotalAmount"),
        ([("TaxBasisTotalAmount>884750.00", "TaxBasisTotalAmount>884751.00")],
         "document_inconsistent", f"{TOTALS}/ram:TaxBasisTotalAmount"),
        ([("GrandTotalAmount>999767.50", "GrandTotalAmount>999768.00")],
         "document_inconsistent", f"{TOTALS}/ram:GrandTotalAmount"),
        ([("InvoiceCurrencyCode>CNY", "InvoiceCurrencyCode>XAU")],
         "currency_unknown", f"{SETTLED}/ram:InvoiceCurrencyCode"),
        ([('TaxTotalAmount currencyID="CNY"', 'TaxTotalAmount currencyID="USD"')],
         "currency_mismatch", f"{TOTALS}/ram:TaxTotalAmount[1]/@currencyID"),
        ([('unitCode="EA"', 'unitCode="bushel"')], "unit_unknown",
         f"{LINE}/ram:SpecifiedLineTradeDelivery/ram:BilledQuantity/@unitCode"),
        ([('"102">20270219', '"102">20270230')], "date_malformed",
         f"{SETTLED}/ram:SpecifiedTradePaymentTerms/ram:DueDateDateTime/udt:DateTimeString"),
        ([("<ram:TypeCode>380</ram:TypeCode>", "")],
         "document_incomplete", "/rsm:CrossIndustryInvoice/rsm:ExchangedDocument/ram:TypeCode"),
    ],
)  # fmt: skip
def test_read__faulty_cii__code_and_xpath(edits: list[tuple[str, str]], code: str, place: str) -> None:
    error = refused(changed(*edits))
    at = (error.where or "").replace("PaymentTerms[2]", "PaymentTerms")
    assert (error.code, at) == (code, f"f.xml: {place}")


def test_read__several_faults__all_told_with_their_rules() -> None:
    edits = [
        ("DuePayableAmount>999767.50", "DuePayableAmount>1.00"),
        ("LineTotalAmount>884750.00", "LineTotalAmount>2.00"),
    ]
    told = [fault["rule"] for fault in faults_of(refused(changed(*edits)))]
    assert told == ["BR-CO-10", "BR-CO-13", "BR-CO-15", "BR-CO-16"]


def test_read__currency_stated_with_the_amount_alone__that() -> None:
    amount = ("<ram:DuePayableAmount>", '<ram:DuePayableAmount currencyID="CNY">')
    found = read(changed(("<ram:InvoiceCurrencyCode>CNY</ram:InvoiceCurrencyCode>", ""), amount), source="f.xml")
    assert found.currency == "CNY"
    assert (
        refused(changed(("<ram:InvoiceCurrencyCode>CNY</ram:InvoiceCurrencyCode>", ""))).code == "document_incomplete"
    )


def test_read__type_381__credit_note() -> None:
    note = read(changed(("<ram:TypeCode>380<", "<ram:TypeCode>381<")), source="f.xml")
    assert note.kind is DocumentKind.CREDIT_NOTE


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (("<ram:TypeCode>380<", "<ram:TypeCode>386<"), "invoice_type_refused"),
        (("</ram:InvoiceCurrencyCode>", "</ram:InvoiceCurrencyCode><ram:PayeeTradeParty><ram:Name>Invented Factoring "
          "(sample)</ram:Name></ram:PayeeTradeParty>"), "payee_foreign"),
        (("<ram:DueDateDateTime>", "<ram:PayeeTradeParty><ram:Name>Invented Factoring (sample)</ram:Name>"
          "</ram:PayeeTradeParty><ram:DueDateDateTime>"), "payee_foreign"),
        (("</ram:InvoiceCurrencyCode>", "</ram:InvoiceCurrencyCode><ram:SpecifiedAdvancePayment><ram:PaidAmount>400.00"
          "</ram:PaidAmount></ram:SpecifiedAdvancePayment>"), "prepayment_unstated"),
        (("</ram:InvoiceCurrencyCode>", "</ram:InvoiceCurrencyCode><ram:SpecifiedLogisticsServiceCharge>"
          "<ram:AppliedAmount>300.00</ram:AppliedAmount></ram:SpecifiedLogisticsServiceCharge>"), "allowance_unstated"),
    ],
)  # fmt: skip
def test_unless_claim__of_a_cii_invoice__refused_as_of_a_ubl_one(edit: tuple[str, str], code: str) -> None:
    refusal = unless_claim(read(changed(edit), source="f.xml"), date(2026, 12, 1))
    assert refusal is not None
    assert refusal.code == code


def minimum() -> bytes:
    """Without lines, and without saying what was paid before: Factur-X's MINIMUM."""
    text = INVOICE.decode()
    head, _, rest = text.partition("<ram:IncludedSupplyChainTradeLineItem>")
    tail = rest.rpartition("</ram:IncludedSupplyChainTradeLineItem>")[2]
    for name in (
        "LineTotalAmount>884750.00",
        "ChargeTotalAmount>0.00",
        "AllowanceTotalAmount>0.00",
        "TotalPrepaidAmount>0.00",
    ):
        tail = tail.replace(f"<ram:{name}</ram:{name.partition('>')[0]}>", "")
    return (head + tail.replace("DuePayableAmount>999767.50", "DuePayableAmount>900000.00")).encode()


def test_read__profile_without_lines__read_and_no_claim() -> None:
    found = read(minimum(), source="f.xml")
    assert found.totals is not None
    assert (found.lines, str(found.claim), str(found.totals.prepaid)) == ((), "900000.00", "99767.50")
    refusal = unless_claim(found, date(2026, 12, 1))
    assert refusal is not None
    assert refusal.code == "invoice_without_lines"


def test_read__line_that_groups_others__counted_once() -> None:
    item, head = "ram:IncludedSupplyChainTradeLineItem", "ram:AssociatedDocumentLineDocument"
    status = "<ram:LineID>G</ram:LineID><ram:LineStatusReasonCode>GROUP</ram:LineStatusReasonCode>"
    group = f"<{item}><{head}>{status}</{head}></{item}>"
    found = read(changed((f"<{item}>", f"{group}<{item}>")), source="f.xml")
    assert [each.id for each in found.lines] == ["1", "2"]


@pytest.mark.skipif(not DATA, reason="CHAINFIN_DATA names no folder of real documents")
def test_read__every_real_cii_file__read_and_round_trip_exact() -> None:
    files = sorted((Path(DATA or ".") / "documents" / "en16931" / "cii").rglob("*.xml"))
    assert len(files) > 10
    for path in files:
        found = read(path.read_bytes(), source=path.name)
        assert Document.from_canonical(found.canonical()) == found
        assert found.totals is not None


@pytest.mark.skipif(not DATA, reason="CHAINFIN_DATA names no folder of real documents")
def test_read__real_cii_example__figures_as_printed() -> None:
    path = Path(DATA or ".") / "documents" / "en16931" / "cii" / "examples" / "CII_example1.xml"
    found = read(path.read_bytes(), source=path.name)
    assert (found.id, found.currency, found.issue_date) == ("12115118", "EUR", date(2015, 1, 9))
    assert found.lines[0].quantity == Decimal(2)
    assert str(found.lines[0].line_amount) == "19.90"


ZUGFERD_1_BASIC = """<rsm:CrossIndustryDocument xmlns:rsm="urn:ferd:CrossIndustryDocument:invoice:1p0"
 xmlns:ram="urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:12"
 xmlns:udt="urn:un:unece:uncefact:data:standard:UnqualifiedDataType:15">
<rsm:HeaderExchangedDocument><ram:ID>Z-1</ram:ID><ram:TypeCode>380</ram:TypeCode><ram:IssueDateTime>
<udt:DateTimeString format="102">20260301</udt:DateTimeString></ram:IssueDateTime></rsm:HeaderExchangedDocument>
<rsm:SpecifiedSupplyChainTradeTransaction>
<ram:ApplicableSupplyChainTradeAgreement><ram:SellerTradeParty><ram:Name>Invented Parts (sample)</ram:Name>
</ram:SellerTradeParty><ram:BuyerTradeParty><ram:Name>Invented Works (sample)</ram:Name></ram:BuyerTradeParty>
</ram:ApplicableSupplyChainTradeAgreement>
<ram:ApplicableSupplyChainTradeSettlement><ram:InvoiceCurrencyCode>EUR</ram:InvoiceCurrencyCode>
<ram:SpecifiedTradeSettlementMonetarySummation><ram:LineTotalAmount currencyID="EUR">100.00</ram:LineTotalAmount>
<ram:TaxBasisTotalAmount currencyID="EUR">100.00</ram:TaxBasisTotalAmount>
<ram:TaxTotalAmount currencyID="EUR">19.00</ram:TaxTotalAmount>
<ram:GrandTotalAmount currencyID="EUR">119.00</ram:GrandTotalAmount>
</ram:SpecifiedTradeSettlementMonetarySummation></ram:ApplicableSupplyChainTradeSettlement>
<ram:IncludedSupplyChainTradeLineItem><ram:SpecifiedSupplyChainTradeDelivery>
<ram:BilledQuantity unitCode="C62">1</ram:BilledQuantity></ram:SpecifiedSupplyChainTradeDelivery>
<ram:SpecifiedTradeProduct><ram:Name>Bracket</ram:Name></ram:SpecifiedTradeProduct>
</ram:IncludedSupplyChainTradeLineItem></rsm:SpecifiedSupplyChainTradeTransaction></rsm:CrossIndustryDocument>"""


def test_read__zugferd_1_whose_lines_bill_nothing__its_totals_alone_and_no_claim() -> None:
    found = read(ZUGFERD_1_BASIC.encode(), source="f.xml")
    assert found.totals is not None
    assert (found.lines, str(found.totals.line_total), str(found.totals.payable)) == ((), "100.00", "119.00")
    refusal = unless_claim(found, date(2026, 12, 1))
    assert refusal is not None
    assert refusal.code == "invoice_without_lines"
