"""A PDF that carries its invoice: the invoice is read, the pages aren't; one that carries none is said to be a PDF."""

import os
import zlib
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfWriter

from chainfin import samples
from chainfin.documents import read
from chainfin.documents.readers import pdf
from chainfin.errors import BadInput
from tests.documents_as import as_cii, as_factur_x

DATA = os.environ.get("CHAINFIN_DATA")
TRADE = samples.trade(date(2026, 11, 21), "25447000000012345678")
UBL = TRADE["invoice"]
CII = as_cii(read(UBL, source="invoice.xml"))


def pdf_of(*files: tuple[str, bytes], password: str | None = None) -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(width=595, height=842)
    for name, data in files:
        writer.add_attachment(name, data)
    if password is not None:
        writer.encrypt("" if password == "owner" else password, "owner")
    made = BytesIO()
    writer.write(made)
    return made.getvalue()


def refused(data: bytes) -> BadInput:
    with pytest.raises(BadInput) as caught:
        read(data, source="f.pdf")
    assert "\n" not in str(caught.value)
    assert "XML" not in caught.value.message
    return caught.value


@pytest.mark.parametrize("xml", [CII, UBL], ids=["cii", "ubl"])
def test_read__pdf_with_invoice__as_the_invoice_itself(xml: bytes) -> None:
    assert read(as_factur_x(xml), source="f") == read(xml, source="f")


def test_read__other_attachments_beside_it__left_alone() -> None:
    files = (("photo.png", b"\x89PNG..."), ("rates.xml", b"<rates/>"), ("factur-x.xml", CII))
    assert read(pdf_of(*files), source="f") == read(CII, source="f")


def test_read__locked_for_changes_only__opened() -> None:
    assert read(pdf_of(("factur-x.xml", CII), password="owner"), source="f") == read(CII, source="f")


def test_read__pdf_with_faulty_invoice__the_invoices_fault() -> None:
    error = refused(as_factur_x(CII.replace(b"DuePayableAmount>999767.50", b"DuePayableAmount>1.00")))
    assert error.code == "document_inconsistent"
    assert (error.where or "").startswith("f.pdf!factur-x.xml: /rsm:CrossIndustryInvoice/")


def test_read__two_invoices_that_differ__refused() -> None:
    other = CII.replace(b"25447000000012345678", b"25447000000012345679")
    assert refused(pdf_of(("a.xml", CII), ("b.xml", other))).code == "document_inconsistent"


def test_read__two_editions_of_one_invoice__one() -> None:
    assert read(pdf_of(("a.xml", CII), ("b.xml", UBL)), source="f").id == "25447000000012345678"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (pdf_of(), "document_kind_unknown"),
        (pdf_of(("photo.png", b"\x89PNG...")), "document_kind_unknown"),
        (pdf_of(("rates.xml", b"<rates/>")), "document_kind_unknown"),
        (pdf_of(("factur-x.xml", CII), password="secret"), "document_malformed"),
        (b"%PDF-1.7", "document_malformed"),
        (b"%PDF-1.7\n" + b"\x00" * 5000, "document_malformed"),
        (as_factur_x(CII)[:2000], "document_malformed"),
        (b"%PDF-1.7" + b" " * (pdf.MAX_BYTES + 1), "document_too_large"),
        (pdf_of(*[(f"{n}.xml", b"<a/>") for n in range(pdf.MAX_ATTACHMENTS + 1)]), "document_hostile"),
        (pdf_of(("factur-x.xml", b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>")), "document_hostile"),
        (pdf_of(("factur-x.xml", b"<a>" * 100 + b"</a>" * 100)), "document_hostile"),
    ],
)  # fmt: skip
def test_read__pdf_without_invoice_or_hostile__refused_in_one_line(data: bytes, code: str) -> None:
    assert refused(data).code == code


def test_read__attachment_that_unpacks_to_a_bomb__refused() -> None:
    packed = zlib.compress(b"<a>" + b" " * (2 * pdf.MAX_UNPACKED), 9)
    plain = pdf_of(("factur-x.xml", b"<marker/>"))
    head, _, rest = plain.partition(b"<marker/>")
    start = head.rindex(b"<<")
    bomb = head[:start] + f"<< /Type /EmbeddedFile /Filter /FlateDecode /Length {len(packed)} >>\nstream\n".encode()
    assert refused(bomb + packed + rest).code == "document_hostile"


def test_read__names_that_go_round_in_circles__refused() -> None:
    names = b"1 0 obj << /Type /Catalog /Pages 2 0 R /Names << /EmbeddedFiles 3 0 R >> >> endobj\n"
    pages = b"2 0 obj << /Type /Pages /Kids [] /Count 0 >> endobj\n"
    loop = b"3 0 obj << /Kids [3 0 R] >> endobj\n"
    data = b"%PDF-1.7\n" + names + pages + loop + b"trailer << /Root 1 0 R /Size 4 >>\nstartxref\n0\n%%EOF\n"
    assert refused(data).code == "document_hostile"


def test_read__names_that_stand_under_each_other_many_times__refused() -> None:
    """Sixteen levels, each of which lists the next one a hundred times."""
    head = b"1 0 obj << /Type /Catalog /Pages 2 0 R /Names << /EmbeddedFiles 3 0 R >> >> endobj\n"
    pages = b"2 0 obj << /Type /Pages /Kids [] /Count 0 >> endobj\n"
    tree = b"".join(b"%d 0 obj << /Kids [%s] >> endobj\n" % (n, b"%d 0 R " % (n + 1) * 100) for n in range(3, 19))
    data = b"%PDF-1.7\n" + head + pages + tree + b"trailer << /Root 1 0 R /Size 20 >>\nstartxref\n0\n%%EOF\n"
    assert refused(data).code == "document_hostile"


def test_read__attachments_that_are_too_much_together__refused() -> None:
    each = b"<a>" + b" " * 4_000_000 + b"</a>"
    assert refused(pdf_of(*[(f"{n}.xml", each + bytes(str(n), "ascii")) for n in range(3)])).code == "document_hostile"


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"II*\x00abc"])
def test_read__picture__a_person_has_to_read_it(data: bytes) -> None:
    error = refused(data)
    assert (error.code, "a person has to read it" in error.message) == ("document_kind_unknown", True)


@pytest.mark.skipif(not DATA, reason="CHAINFIN_DATA names no folder of real documents")
def test_read__every_real_cii_in_a_pdf__as_outside() -> None:
    for path in sorted((Path(DATA or ".") / "documents" / "en16931" / "cii").rglob("*.xml")):
        data = path.read_bytes()
        assert read(as_factur_x(data), source="f") == read(data, source="f")
