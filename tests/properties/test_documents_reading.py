"""Reading never breaks: whatever the bytes, a document comes out or one coded line that names the source."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainfin import samples
from chainfin.documents import Document, DocumentKind, read
from chainfin.documents.financing import unless_claim
from chainfin.documents.model import money_of
from chainfin.errors import BadInput
from tests.documents_as import as_cii, as_factur_x
from tests.unit.test_documents_einvoice_digital import FILE as DIGITAL
from tests.unit.test_documents_einvoice_digital import NUMBER
from tests.unit.test_documents_fatturapa import CHINESE, FATTURA, attached, envelope, ofd, p7m

UBL = samples.trade(date(2026, 11, 21), "INV-1")
CII = as_cii(read(UBL["invoice"], source="invoice.xml"))
FILES = [*UBL.values(), CII, FATTURA.encode(), CHINESE.encode(), DIGITAL.encode()]
TEXTS = {"cii": CII.decode(), "fatturapa": FATTURA, "einvoice-cn": CHINESE, "einvoice-digital": DIGITAL}
CONTAINERS = [as_factur_x(CII), ofd(CHINESE.encode()), p7m(CII), p7m(CII, ber=True), envelope(CII), attached(CII)]
TOKENS = sorted({token for data in FILES for token in data.replace(b">", b"> ").replace(b"<", b" <").split()})


def outcome(data: bytes) -> Document | BadInput:
    try:
        return read(data, source="f.xml")
    except BadInput as error:
        return error


def check(found: Document | BadInput) -> None:
    if isinstance(found, BadInput):
        assert found.where is not None
        assert found.where.startswith("f.xml")
        assert "\n" not in str(found)
    else:
        assert Document.from_canonical(found.canonical()) == found
        if found.totals is not None and found.kind in (DocumentKind.ORDER, DocumentKind.ORDER_CHANGE):
            assert found.totals.payable.minor > 0
        if found.kind is DocumentKind.INVOICE and unless_claim(found, date(2026, 12, 1)) is None:
            assert found.claim.minor > 0
            assert all(money_of(line).minor >= 0 for line in found.lines)


@given(st.binary(max_size=400))
def test_read__any_bytes__document_or_one_coded_line(data: bytes) -> None:
    check(outcome(data))


texts = st.one_of(
    st.sampled_from(["", "0", "-1", "1e9", "NaN", "Infinity", "1_000", "٣", "0.001", "999999999999999999999", "USD",
                     "\u2028", "2026-13-01", "true", " "]),
    st.text(alphabet=st.characters(min_codepoint=32, exclude_characters="<>&", exclude_categories=["Cs"]), max_size=12),
)  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(FILES), st.integers(0, 10**6), texts)
def test_read__any_text_or_attribute_replaced__document_or_one_coded_line(data: bytes, n: int, text: str) -> None:
    pieces = data.decode().split(">")
    place = n % (len(pieces) - 1)
    piece = pieces[place]
    if '="' in piece and n % 2:
        name, _, rest = piece.rpartition('="')
        quoted = text.replace('"', "")
        pieces[place] = f'{name}="{quoted}"{rest.partition(chr(34))[2]}'
    else:
        pieces[place] = text + piece[piece.find("<") :] if "<" in piece else piece
    check(outcome(">".join(pieces).encode()))


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(FILES), st.integers(0, 10**6), st.sampled_from(TOKENS))
def test_read__any_tag_replaced__document_or_one_coded_line(data: bytes, n: int, token: bytes) -> None:
    parts = data.split(b"\n")
    place = n % len(parts)
    check(outcome(b"\n".join([*parts[:place], token, *parts[place + 1 :]])))
    check(outcome(b"\n".join([*parts[:place], *parts[place + 1 :]])))


@settings(deadline=None, max_examples=400)
@given(st.sampled_from(CONTAINERS), st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 255)), max_size=4))
def test_read__any_byte_of_a_container_changed__document_or_one_coded_line(
    data: bytes, changes: list[tuple[int, int]]
) -> None:
    spoilt = bytearray(data)
    for place, value in changes:
        spoilt[place % len(spoilt)] = value
    check(outcome(bytes(spoilt)))


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(CONTAINERS), st.integers(0, 10**7), st.integers(0, 10**7), st.binary(max_size=40))
def test_read__any_part_of_a_container_replaced__document_or_one_coded_line(
    data: bytes, first: int, second: int, part: bytes
) -> None:
    start, end = sorted((first % len(data), second % len(data)))
    check(outcome(data[:start] + part + data[end:]))


@settings(deadline=None, max_examples=200)
@given(
    st.sampled_from([b"%PDF-1.7\n", b"PK\x03\x04", b"\x30\x80\x06\x09", b"\x89PNG", b"MII"]), st.binary(max_size=600)
)
def test_read__any_bytes_that_begin_like_a_container__one_coded_line(head: bytes, rest: bytes) -> None:
    found = outcome(head + rest)
    assert isinstance(found, BadInput)
    check(found)


@pytest.mark.parametrize("encoding", ["UTF-8", "GB18030", "UTF-16", "ISO-8859-1"])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_read__another_encoding__the_same_document(text: str, encoding: str) -> None:
    known = read(text.encode(), source="f.xml")
    body = text[text.index("?>") + 2 :]
    written = f'<?xml version="1.0" encoding="{encoding}"?>{body}'.encode(encoding, "xmlcharrefreplace")
    assert read(written, source="f.xml") == known


@pytest.mark.parametrize("hostile", ["&nope;", "\x00", "&#0;", "\x1b[2J", "<!DOCTYPE a>", "<a>" * 100, "</a>"])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_read__hostile_text_in_a_new_format__one_coded_line(text: str, hostile: str) -> None:
    place = next(text.index(number) for number in ("INV-1", "99990001", "12/A", NUMBER) if number in text)
    found = outcome((text[:place] + hostile + text[place:]).encode())
    assert isinstance(found, BadInput)
    check(found)
