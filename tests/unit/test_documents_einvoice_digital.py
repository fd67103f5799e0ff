"""数电票 as XML: what the elements say that public programs agree on; what is missing is refused."""

from datetime import date
from decimal import Decimal

import pytest

from chainfin.documents import Document, read
from chainfin.documents.financing import unless_claim
from chainfin.documents.readers.formats import Format, format_of
from chainfin.errors import BadInput

NUMBER = "26990000000000000001"
FILE = f"""<?xml version="1.0" encoding="UTF-8"?>
<EInvoice><Header><EIid>{NUMBER}</EIid></Header><EInvoiceData>
<SellerInformation><SellerIdNum>91990000MA00000000</SellerIdNum><SellerName>卖方样例有限公司</SellerName></SellerInformation>
<BuyerInformation><BuyerIdNum>91990000MA00000019</BuyerIdNum><BuyerName>买方样例有限公司</BuyerName></BuyerInformation>
<BasicInformation><TotalAmWithoutTax>1100.00</TotalAmWithoutTax><TotalTaxAm>130.00</TotalTaxAm>
<TotalTax-includedAmount>1230.00</TotalTax-includedAmount><RequestTime>2026-11-01 10:11:12</RequestTime>
</BasicInformation>
<IssuItemInformation><ItemName>*金属制品*铜线</ItemName><SpecMod>2mm</SpecMod><MeaUnits>千克</MeaUnits><Quantity>100</Quantity>
<UnPrice>10</UnPrice><Amount>1000.00</Amount><TaxRate>0.13</TaxRate><ComTaxAm>130.00</ComTaxAm></IssuItemInformation>
<IssuItemInformation><ItemName>*运输服务*运费</ItemName><MeaUnits>次</MeaUnits><Quantity>1</Quantity><UnPrice>100</UnPrice>
<Amount>100.00</Amount><TaxRate>免税</TaxRate><ComTaxAm>***</ComTaxAm></IssuItemInformation></EInvoiceData>
<TaxSupervisionInfo><InvoiceNumber>{NUMBER}</InvoiceNumber><IssueTime>2026-11-02</IssueTime></TaxSupervisionInfo>
</EInvoice>"""


def changed(*edits: tuple[str, str]) -> bytes:
    text = FILE
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text.encode()


def test_read__digital_invoice__all_that_decides() -> None:
    found = read(FILE.encode(), source="f.xml")
    assert format_of(FILE.encode()) is Format.EINVOICE_DIGITAL
    assert (found.id, found.issue_date, found.currency) == (NUMBER, date(2026, 11, 2), "CNY")
    assert (found.seller.legal_id, found.buyer.legal_id) == ("91990000MA00000000", "91990000MA00000019")
    assert found.totals is not None
    assert (str(found.totals.tax), str(found.claim)) == ("130.00", "1230.00")
    assert [(line.id, line.quantity, line.unit_code, str(line.line_amount)) for line in found.lines] == [
        ("1", Decimal(100), "KGM", "1000.00"), ("2", Decimal(1), "次", "100.00"),
    ]  # fmt: skip
    assert [(part.category, part.percent, str(part.tax)) for part in found.billing.taxes] == [
        ("S", Decimal(13), "130.00"), ("E", None, "0.00"),
    ]  # fmt: skip
    assert unless_claim(found, date(2026, 12, 1)) is None
    assert Document.from_canonical(found.canonical()) == found
    assert read(changed((">0.13<", ">13%<")), source="f.xml").canonical() == found.canonical()


@pytest.mark.parametrize(
    ("edit", "code", "place"),
    [
        ((f"<EIid>{NUMBER}", "<EIid>1"), "document_inconsistent", "Header/EIid"),
        (("<TotalTax-includedAmount>1230.00</TotalTax-includedAmount>", ""), "document_incomplete",
         "EInvoiceData/BasicInformation/TotalTax-includedAmount"),
        (("includedAmount>1230.00", "includedAmount>1330.00"), "document_inconsistent",
         "EInvoiceData/BasicInformation/TotalTax-includedAmount"),
        (("<IssueTime>2026-11-02", "<IssueTime>2026-13-02"), "date_malformed", "TaxSupervisionInfo/IssueTime"),
        ((">0.13<", ">13<"), "quantity_malformed", "EInvoiceData/IssuItemInformation[1]/TaxRate"),
        (("<Amount>1000.00</Amount>", ""), "document_incomplete", "EInvoiceData/IssuItemInformation[1]/Amount"),
    ],
)  # fmt: skip
def test_read__faulty_digital_invoice__code_and_place(edit: tuple[str, str], code: str, place: str) -> None:
    with pytest.raises(BadInput) as caught:
        read(changed(edit), source="f.xml")
    assert (caught.value.code, caught.value.where) == (code, f"f.xml: /EInvoice/{place}")


def test_unless_claim__red_letter_or_tax_that_no_rate_explains__refused() -> None:
    other = changed((">0.13<", ">0.06<"))
    refusal = unless_claim(read(other, source="f.xml"), date(2026, 12, 1))
    assert refusal is not None
    assert refusal.code == "tax_unexplained"
    red = FILE
    for amount in ("1230.00", "1100.00", "130.00", "1000.00", "100.00"):
        red = red.replace(f">{amount}<", f">-{amount}<")
    refusal = unless_claim(read(red.encode(), source="f.xml"), date(2026, 12, 1))
    assert refusal is not None
    assert refusal.code == "invoice_nothing_payable"
