"""In which format a file is: told by its first bytes and its root element, before anything of it is read."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from chainfin.documents import xml
from chainfin.documents.node import NAMESPACES
from chainfin.documents.readers import wrapped

UBL_NAMESPACE: Final = "urn:oasis:names:specification:ubl:schema:xsd:"
CII_ROOT: Final = f"{{{NAMESPACES['rsm']}}}CrossIndustryInvoice"
ZUGFERD_1_ROOT: Final = "{urn:ferd:CrossIndustryDocument:invoice:1p0}CrossIndustryDocument"

FATTURAPA_ROOTS: Final = frozenset(
    f"{{{namespace}}}FatturaElettronica"
    for namespace in (
        "http://ivaservizi.agenziaentrate.gov.it/docs/xsd/fatture/v1.2",
        "http://www.fatturapa.gov.it/sdi/fatturapa/v1.1",
    )
)

_PICTURES: Final = (b"\x89PNG", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*", b"GIF8")


class Format(StrEnum):
    """What a file is, as far as that decides who reads it."""

    UBL = "ubl"
    CII = "cii"
    ZUGFERD_1 = "zugferd-1"
    FATTURAPA = "fatturapa"
    EINVOICE_CN = "einvoice-cn"
    EINVOICE_DIGITAL = "einvoice-digital"
    PDF = "pdf"
    ARCHIVE = "ofd"
    SIGNED = "p7m"
    ENVELOPE = "envelope"
    PICTURE = "picture"
    OTHER_XML = "other-xml"
    UNKNOWN = "unknown"


def format_of(data: bytes) -> Format:
    """The format of ``data``. Never raises: what can't be told is unknown."""
    if b"%PDF-" in data[:1024] and not data.lstrip().startswith(b"<"):
        return Format.PDF  # its mark stands within the first 1,024 bytes
    if data.startswith(_PICTURES):
        return Format.PICTURE
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return Format.ARCHIVE
    if wrapped.is_signed(data) or wrapped.from_base64(data) is not None:
        return Format.SIGNED
    root = xml.root_tag(data)
    return Format.UNKNOWN if root is None else _of_root(root)


def _of_root(root: str) -> Format:
    if root == wrapped.ATTACHED or root.startswith(f"{{{wrapped.SBDH}}}"):
        return Format.ENVELOPE
    if root.startswith(f"{{{UBL_NAMESPACE}"):
        return Format.UBL
    if root in FATTURAPA_ROOTS:
        return Format.FATTURAPA
    return _KNOWN.get(root, Format.OTHER_XML)


_KNOWN: Final = {
    CII_ROOT: Format.CII,
    ZUGFERD_1_ROOT: Format.ZUGFERD_1,
    "eInvoice": Format.EINVOICE_CN,
    "EInvoice": Format.EINVOICE_DIGITAL,
}
