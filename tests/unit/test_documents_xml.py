"""Safe reading of XML: what is hostile, huge or broken is refused by name, before it costs anything."""

import pytest

from chainfin.documents import read, xml
from chainfin.errors import BadInput

INVOICE = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"


def refused(data: bytes) -> BadInput:
    with pytest.raises(BadInput) as caught:
        read(data, source="a.xml")
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    "data",
    [b"", b"   ", b"not xml", b"<Invoice>", b"<a><b></a></b>", b"\xff\xfe\x00\x01", b"<a>&nope;</a>",
     b'<?xml version="1.0" encoding="nonsense"?><a/>', b"<a/><b/>", b"\x00" * 40],
)  # fmt: skip
def test_read__broken_xml__document_malformed(data: bytes) -> None:
    error = refused(data)
    assert error.code == "document_malformed"
    assert error.where == "a.xml"


@pytest.mark.parametrize(
    "data",
    [
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd"><a/>',
        b'<?xml version="1.0"?><!-- <a> --><!doctype a><a/>',
        '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'.encode("utf-16"),
        b'<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><l>&b;&b;&b;</l>',
    ],
)
def test_read__dtd_or_entity__document_hostile_or_malformed(data: bytes) -> None:
    assert refused(data).code in {"document_hostile", "document_malformed"}


def test_read__external_entity__file_content_not_read(tmp_path_factory: pytest.TempPathFactory) -> None:
    secret = tmp_path_factory.mktemp("x") / "secret"
    secret.write_text("very secret")
    error = refused(f'<!DOCTYPE a [<!ENTITY x SYSTEM "{secret.as_uri()}">]><a>&x;</a>'.encode())
    assert error.code == "document_hostile"
    assert "very secret" not in str(error)


def test_parse__dtd__refused_before_the_parser_sees_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(data: bytes, source: str) -> None:
        raise AssertionError("the parser was handed a DTD")

    monkeypatch.setattr(xml, "_walk", never)
    with pytest.raises(BadInput) as caught:
        xml.parse(b'<!DOCTYPE a [<!ENTITY x "y">]><a/>', source="a.xml")
    assert caught.value.code == "document_hostile"


def test_parse__doctype_hidden_behind_a_comment__document_hostile() -> None:
    # The raw pattern stops at "<Invoice" in the comment; the check on the parsed tree has to catch it.
    with pytest.raises(BadInput) as caught:
        xml.parse(b"<!--<Invoice--><!DOCTYPE a [<!ELEMENT a ANY>]><a/>", source="a.xml")
    assert caught.value.code == "document_hostile"


@pytest.mark.parametrize("depth", [xml.MAX_DEPTH + 1, 300, 5_000])
def test_parse__too_deep__document_hostile(depth: int) -> None:
    assert refused(b"<a>" * depth + b"</a>" * depth).code == "document_hostile"


def test_parse__just_deep_enough__read() -> None:
    data = b"<a>" * xml.MAX_DEPTH + b"</a>" * xml.MAX_DEPTH
    assert xml.parse(data, source="a.xml").tag == "a"


def test_parse__too_many_elements__document_hostile() -> None:
    assert refused(b"<a>" + b"<b/>" * xml.MAX_NODES + b"</a>").code == "document_hostile"


def test_parse__too_many_bytes__document_too_large() -> None:
    error = refused(b"<a>" + b" " * xml.MAX_BYTES + b"</a>")
    assert error.code == "document_too_large"


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"<a/>", "a.xml: /a"),
        (b"<Invoice/>", "a.xml: /Invoice"),
        (f'<Order xmlns="{INVOICE}"/>'.encode(), "a.xml: /Order"),
        (b'<Statement xmlns="urn:oasis:names:specification:ubl:schema:xsd:Statement-2"/>', "a.xml: /Statement"),
    ],
)
def test_read__not_a_known_ubl_document__document_kind_unknown(data: bytes, place: str) -> None:
    error = refused(data)
    assert error.code == "document_kind_unknown"
    assert error.where == place
