"""FatturaPA and the invoice of a Chinese OFD: what decides about money is read, whatever the file comes in."""

import base64
import os
import zipfile
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest

from chainfin.documents import Document, DocumentKind, read
from chainfin.documents.financing import unless_claim
from chainfin.documents.readers import archive
from chainfin.errors import BadInput

DATA = os.environ.get("CHAINFIN_DATA")

FATTURA = """<?xml version="1.0" encoding="UTF-8"?>
<p:FatturaElettronica versione="FPR12" xmlns:p="http://ivaservizi.agenziaentrate.gov.it/docs/xsd/fatture/v1.2">
<FatturaElettronicaHeader>
<CedentePrestatore><DatiAnagrafici><IdFiscaleIVA><IdPaese>IT</IdPaese><IdCodice>99999990018</IdCodice></IdFiscaleIVA>
<Anagrafica><Denominazione>Fornitore di esempio</Denominazione></Anagrafica></DatiAnagrafici>
<Sede><Nazione>IT</Nazione></Sede></CedentePrestatore>
<CessionarioCommittente><DatiAnagrafici><CodiceFiscale>99999990026</CodiceFiscale>
<Anagrafica><Nome>Anna</Nome><Cognome>Esempio</Cognome></Anagrafica></DatiAnagrafici>
<Sede><Nazione>IT</Nazione></Sede></CessionarioCommittente>
</FatturaElettronicaHeader>
<FatturaElettronicaBody>
<DatiGenerali><DatiGeneraliDocumento><TipoDocumento>TD01</TipoDocumento><Divisa>EUR</Divisa><Data>2026-11-02</Data>
<Numero>12/A</Numero>
<ImportoTotaleDocumento>1244.40</ImportoTotaleDocumento></DatiGeneraliDocumento>
<DatiOrdineAcquisto><RiferimentoNumeroLinea>1</RiferimentoNumeroLinea><IdDocumento>PO-1</IdDocumento><NumItem>10</NumItem>
</DatiOrdineAcquisto>
<DatiOrdineAcquisto><RiferimentoNumeroLinea>2</RiferimentoNumeroLinea><IdDocumento>PO-2</IdDocumento></DatiOrdineAcquisto>
<DatiDDT><NumeroDDT>DDT-7</NumeroDDT></DatiDDT></DatiGenerali>
<DatiBeniServizi>
<DettaglioLinee><NumeroLinea>1</NumeroLinea><CodiceArticolo><CodiceTipo>EAN</CodiceTipo><CodiceValore>4000000000006
</CodiceValore></CodiceArticolo><Descrizione>Cavo</Descrizione><Quantita>100.00</Quantita><UnitaMisura>KG</UnitaMisura>
<PrezzoUnitario>10.00000000</PrezzoUnitario>
<ScontoMaggiorazione><Tipo>SC</Tipo><Percentuale>10.00</Percentuale></ScontoMaggiorazione>
<PrezzoTotale>900.00</PrezzoTotale><AliquotaIVA>22.00</AliquotaIVA></DettaglioLinee>
<DettaglioLinee><NumeroLinea>2</NumeroLinea><Descrizione>Posa</Descrizione><PrezzoUnitario>120.00</PrezzoUnitario>
<PrezzoTotale>120.00</PrezzoTotale><AliquotaIVA>22.00</AliquotaIVA></DettaglioLinee>
<DatiRiepilogo><AliquotaIVA>22.00</AliquotaIVA><ImponibileImporto>1020.00</ImponibileImporto><Imposta>224.40</Imposta>
<EsigibilitaIVA>I</EsigibilitaIVA></DatiRiepilogo></DatiBeniServizi>
<DatiPagamento><DettaglioPagamento><DataScadenzaPagamento>2026-12-31</DataScadenzaPagamento>
<ImportoPagamento>1244.40</ImportoPagamento></DettaglioPagamento></DatiPagamento>
</FatturaElettronicaBody></p:FatturaElettronica>"""

CHINESE = """<?xml version="1.0" encoding="utf-8"?>
<eInvoice xmlns:fp="http://www.edrm.org.cn/schema/e-invoice/2019" Version="1.0">
<fp:InvoiceCode>050009900111</fp:InvoiceCode><fp:InvoiceNo>99990001</fp:InvoiceNo><fp:TypeCode>0</fp:TypeCode>
<fp:IssueDate>2026年11月02日</fp:IssueDate>
<fp:Buyer><fp:BuyerName>买方样例有限公司</fp:BuyerName><fp:BuyerTaxID> </fp:BuyerTaxID></fp:Buyer>
<fp:Seller><fp:SellerName>卖方样例有限公司</fp:SellerName><fp:SellerTaxID>91990000MA00000000</fp:SellerTaxID></fp:Seller>
<fp:TaxInclusiveTotalAmount>1230.00</fp:TaxInclusiveTotalAmount><fp:Note>样例</fp:Note><fp:Payee>某某</fp:Payee>
<fp:TaxTotalAmount>130.00</fp:TaxTotalAmount><fp:TaxExclusiveTotalAmount>1100.00</fp:TaxExclusiveTotalAmount>
<fp:GoodsInfos>
<fp:GoodsInfo><fp:Item>*金属制品*铜线</fp:Item><fp:Specification>2mm</fp:Specification>
<fp:MeasurementDimension>千克</fp:MeasurementDimension><fp:Price>10</fp:Price><fp:Quantity>100</fp:Quantity>
<fp:Amount>1000.00</fp:Amount><fp:TaxScheme>13%</fp:TaxScheme><fp:TaxAmount>130.00</fp:TaxAmount></fp:GoodsInfo>
<fp:GoodsInfo><fp:Item>*运输服务*运费</fp:Item><fp:Specification></fp:Specification><fp:MeasurementDimension>次
</fp:MeasurementDimension><fp:Price>100</fp:Price><fp:Quantity>1</fp:Quantity><fp:Amount>100.00</fp:Amount>
<fp:TaxScheme>免税</fp:TaxScheme><fp:TaxAmount>***</fp:TaxAmount></fp:GoodsInfo>
</fp:GoodsInfos></eInvoice>"""


def fattura(*edits: tuple[str, str]) -> bytes:
    return _edited(FATTURA, edits)


def chinese(*edits: tuple[str, str]) -> bytes:
    return _edited(CHINESE, edits)


def _edited(text: str, edits: tuple[tuple[str, str], ...]) -> bytes:
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text.encode()


def ofd(xml: bytes, name: str = "Doc_0/Attachs/original_invoice.xml", mark: str = "OFD.xml") -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(mark, "<OFD/>")
        packed.writestr("Doc_0/Res/picture.png", b"\x89PNG")
        packed.writestr(name, xml)
    return made.getvalue()


def refused(data: bytes) -> BadInput:
    with pytest.raises(BadInput) as caught:
        read(data, source="f")
    assert "\n" not in str(caught.value)
    return caught.value


def test_read__fattura__all_that_decides() -> None:
    found = read(fattura(), source="f")
    assert (found.kind, found.id, found.currency) == (DocumentKind.INVOICE, "12/A", "EUR")
    assert (found.seller.legal_id, found.buyer.name) == ("IT99999990018", "Anna Esempio")
    assert (found.issue_date, found.due_date) == (date(2026, 11, 2), date(2026, 12, 31))
    assert (str(found.claim), found.billing.type_code) == ("1244.40", "380")
    assert (found.references.orders, found.references.despatches) == (("PO-1", "PO-2"), ("DDT-7",))
    first, second = found.lines
    assert (first.order_ref, first.order_line_ref, first.standard_item_id) == ("PO-1", "10", "4000000000006")
    assert (first.quantity, first.unit_code, str(first.adjustment)) == (Decimal(100), "KGM", "-100.00")
    assert (second.order_ref, second.quantity) == ("PO-2", None)
    assert Document.from_canonical(found.canonical()) == found
    assert unless_claim(found, date(2026, 12, 1)) is None


RITENUTA = "<DatiRitenuta><TipoRitenuta>RT02</TipoRitenuta><ImportoRitenuta>204.00</ImportoRitenuta></DatiRitenuta>"


@pytest.mark.parametrize(
    ("edits", "claim"),
    [
        (
            [("<ImportoTotale", RITENUTA + "<ImportoTotale"), ("ImportoPagamento>1244.40", "ImportoPagamento>1040.40")],
            "1040.40",
        ),
        ([("<ImportoTotale", RITENUTA + "<ImportoTotale")], "1040.40"),
        (
            [("EsigibilitaIVA>I", "EsigibilitaIVA>S"), ("ImportoPagamento>1244.40", "ImportoPagamento>1020.00")],
            "1020.00",
        ),
        ([("EsigibilitaIVA>I", "EsigibilitaIVA>S")], "1020.00"),
    ],
    ids=["kept_back", "kept_back_of_the_whole", "split", "split_of_the_whole"],
)
def test_read__tax_that_the_buyer_keeps_or_pays_itself__not_claimed(edits: list[tuple[str, str]], claim: str) -> None:
    assert str(read(fattura(*edits), source="f").claim) == claim


@pytest.mark.parametrize(
    ("edits", "code"),
    [
        ([("TD01", "TD02")], "invoice_type_refused"),
        ([("TD01", "TD16")], "invoice_type_refused"),
        (
            [("<DettaglioPagamento>", "<DettaglioPagamento><Beneficiario>Factoring di esempio</Beneficiario>")],
            "payee_foreign",
        ),
    ],
)
def test_unless_claim__fattura_that_makes_none__refused(edits: list[tuple[str, str]], code: str) -> None:
    refusal = unless_claim(read(fattura(*edits), source="f"), date(2026, 12, 1))
    assert refusal is not None
    assert refusal.code == code


def test_read__seller_named_as_the_one_to_be_paid__no_other() -> None:
    named = ("<DettaglioPagamento>", "<DettaglioPagamento><Beneficiario>Fornitore di esempio</Beneficiario>")
    found = read(fattura(named), source="f")
    assert found.billing.payee is not None
    assert unless_claim(found, date(2026, 12, 1)) is None


def test_read__two_payments__instalments_with_their_amounts() -> None:
    second = (
        "</DettaglioPagamento>",
        "</DettaglioPagamento><DettaglioPagamento><DataScadenzaPagamento>2027-01-31</DataScadenzaPagamento>"
        "<ImportoPagamento>1000.00</ImportoPagamento></DettaglioPagamento>",
    )
    found = read(fattura(("ImportoPagamento>1244.40", "ImportoPagamento>244.40"), second), source="f")
    assert [(str(each.due_date), str(each.amount)) for each in found.billing.instalments] == [
        ("2026-12-31", "244.40"), ("2027-01-31", "1000.00")
    ]  # fmt: skip
    assert (found.due_date, str(found.claim)) == (None, "1244.40")


def test_read__td04__credit_note() -> None:
    assert read(fattura(("TD01", "TD04")), source="f").kind is DocumentKind.CREDIT_NOTE


@pytest.mark.parametrize(
    ("edits", "code"),
    [
        ([("ImponibileImporto>1020.00", "ImponibileImporto>1030.00")], "document_inconsistent"),
        ([("ImportoTotaleDocumento>1244.40", "ImportoTotaleDocumento>1.00")], "document_inconsistent"),
        ([("ImportoPagamento>1244.40", "ImportoPagamento>1300.00")], "document_inconsistent"),
        ([("<Data>2026-11-02", "<Data>2026-11-31")], "date_malformed"),
        ([("<Numero>12/A</Numero>", "")], "document_incomplete"),
        (
            [("</FatturaElettronicaBody>", "</FatturaElettronicaBody><FatturaElettronicaBody/>")],
            "document_inconsistent",
        ),
    ],
)
def test_read__faulty_fattura__refused(edits: list[tuple[str, str]], code: str) -> None:
    error = refused(fattura(*edits))
    assert error.code == code
    assert (error.where or "").startswith("f: /FatturaElettronica")


def test_read__ofd__the_invoice_that_it_carries() -> None:
    found = read(ofd(chinese()), source="f")
    assert (found.id, found.currency, found.issue_date) == ("05000990011199990001", "CNY", date(2026, 11, 2))
    assert (found.seller.legal_id, found.buyer.legal_id) == ("91990000MA00000000", None)
    assert [(each.quantity, each.unit_code, str(each.tax)) for each in found.lines] == [
        (Decimal(100), "KGM", "130.00"), (Decimal(1), "次", "None")
    ]  # fmt: skip
    assert (str(found.claim), found.billing.payee, found.billing.type_code) == ("1230.00", None, None)
    assert unless_claim(found, date(2026, 12, 1)) is None
    assert found == read(chinese(), source="f")


def test_read__red_letter_invoice__makes_no_claim() -> None:
    red = (
        chinese().decode().replace("1230.00", "-1230.00").replace("1100.00", "-1100.00").replace(">130.00", ">-130.00")
    )
    red = red.replace("Amount>1000.00", "Amount>-1000.00").replace("Amount>100.00", "Amount>-100.00")
    refusal = unless_claim(read(red.encode(), source="f"), date(2026, 12, 1))
    assert refusal is not None
    assert refusal.code == "invoice_nothing_payable"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (ofd(b"<picture/>"), "document_kind_unknown"),
        (ofd(chinese(), mark="other.xml"), "document_kind_unknown"),
        (ofd(chinese(("1230.00", "1300.00"))), "document_inconsistent"),
        (ofd(chinese())[:400], "document_malformed"),
        (b"PK\x03\x04" + b"\x00" * 100, "document_malformed"),
        (ofd(b"<a>" + b" " * 4_000_000 + b"</a>"), "document_hostile"),
        (ofd(b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>"), "document_hostile"),
        (ofd(ofd(ofd(ofd(ofd(chinese()))))), "document_kind_unknown"),
        (b"PK\x03\x04" + b" " * archive.MAX_BYTES, "document_too_large"),
    ],
    ids=["no_invoice", "no_ofd", "inconsistent", "cut", "no_zip", "bomb", "entity", "zip_in_zip", "large"],
)  # fmt: skip
def test_read__archive_without_invoice_or_hostile__refused_in_one_line(data: bytes, code: str) -> None:
    error = refused(data)
    assert error.code == code
    assert "not well-formed XML" not in error.message


def der(tag: int, body: bytes) -> bytes:
    size = len(body)
    length = bytes([size]) if size < 128 else bytes([0x80 | (size.bit_length() + 7) // 8]) + size.to_bytes(
        (size.bit_length() + 7) // 8, "big"
    )  # fmt: skip
    return bytes([tag]) + length + body


def open_ended(tag: int, body: bytes) -> bytes:
    return bytes([tag, 0x80]) + body + b"\x00\x00"


SIGNED, PLAIN = bytes.fromhex("06092a864886f70d010702"), bytes.fromhex("06092a864886f70d010701")


def p7m(content: bytes, *, ber: bool = False) -> bytes:
    put = open_ended if ber else der
    octets = open_ended(0x24, der(0x04, content[:100]) + der(0x04, content[100:])) if ber else der(0x04, content)
    inner = put(0x30, PLAIN + put(0xA0, octets))
    signed = put(0x30, der(0x02, b"\x01") + der(0x31, b"") + inner + der(0x31, b""))
    return put(0x30, SIGNED + put(0xA0, signed))


SBDH = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"
UBL = "urn:oasis:names:specification:ubl:schema:xsd:"


def envelope(content: bytes) -> bytes:
    body = content.partition(b"?>")[2]
    head = f'<s:StandardBusinessDocument xmlns:s="{SBDH}"><s:StandardBusinessDocumentHeader/>'.encode()
    return head + body + b"</s:StandardBusinessDocument>"


def attached(content: bytes) -> bytes:
    spaces = f'xmlns="{UBL}AttachedDocument-2" xmlns:c="{UBL}CommonAggregateComponents-2"'
    head = f'<AttachedDocument {spaces} xmlns:b="{UBL}CommonBasicComponents-2">'
    text = f"<b:Description><![CDATA[{content.decode()}]]></b:Description>"
    inner = f"<c:Attachment><c:ExternalReference>{text}</c:ExternalReference></c:Attachment>"
    return f"{head}{inner}</AttachedDocument>".encode()


WRAPPED = {
    "der": p7m(fattura()),
    "ber": p7m(fattura(), ber=True),
    "base64": base64.b64encode(p7m(fattura())),
    "lines": base64.encodebytes(p7m(fattura())).replace(b"\n", b"\r\n"),
    "pem": b"-----BEGIN PKCS7-----\n" + base64.encodebytes(p7m(fattura())) + b"-----END PKCS7-----\n",
    "envelope": envelope(fattura()),
    "attached": attached(fattura()),
    "signed_envelope": p7m(envelope(fattura())),
}


@pytest.mark.parametrize("form", WRAPPED)
def test_read__wrapped_document__as_the_document_itself(form: str) -> None:
    assert read(WRAPPED[form], source="f") == read(fattura(), source="f")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (p7m(fattura())[:600], "document_malformed"),
        (p7m(b""), "document_malformed"),
        (p7m(p7m(p7m(p7m(fattura())))), "document_hostile"),
        (bytes([0x30, 0x80]) + SIGNED + b"\x30\x80" * 5000, "document_malformed"),
        (bytes([0x30, 0x8F]) + SIGNED + b"\xff" * 20, "document_malformed"),
        (envelope(b"?><catalogue/>"), "document_kind_unknown"),
        (envelope(fattura() + fattura(("12/A", "13/A")).partition(b"?>")[2]), "document_inconsistent"),
    ],
    ids=["cut", "detached", "four_times", "deep", "length", "catalogue", "two"],
)
def test_read__wrapper_that_is_broken_or_holds_no_document__refused_in_one_line(data: bytes, code: str) -> None:
    assert refused(data).code == code


@pytest.mark.skipif(not DATA, reason="CHAINFIN_DATA names no folder of real documents")
def test_read__real_ofd_files__those_with_an_xml_invoice_read() -> None:
    outcomes = {}
    for path in sorted((Path(DATA or ".") / "documents" / "ofd").glob("*.ofd")):
        try:
            outcomes[path.name] = str(read(path.read_bytes(), source=path.name).claim)
        except BadInput as error:
            outcomes[path.name] = error.code
    assert sorted(outcomes.values()) == ["10600.00", "318.00", "document_kind_unknown"]
