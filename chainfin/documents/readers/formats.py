"""In which format a file is: told by its first bytes and its root element, before anything of it is read."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from chainfin.documents import xml
from chainfin.documents.node import NAMESPACES

UBL_NAMESPACE: Final = "urn:oasis:names:specification:ubl:schema:xsd:"
CII_ROOT: Final = f"{{{NAMESPACES['rsm']}}}CrossIndustryInvoice"
ZUGFERD_1_ROOT: Final = "{urn:ferd:CrossIndustryDocument:invoice:1p0}CrossIndustryDocument"

_PICTURES: Final = (b"\x89PNG", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*", b"GIF8")


class Format(StrEnum):
    """What a file is, as far as that decides who reads it."""

    UBL = "ubl"
    CII = "cii"
    ZUGFERD_1 = "zugferd-1"
    PDF = "pdf"
    PICTURE = "picture"
    OTHER_XML = "other-xml"
    UNKNOWN = "unknown"


def format_of(data: bytes) -> Format:
    """The format of ``data``. Never raises: what can't be told is unknown."""
    if b"%PDF-" in data[:1024] and not data.lstrip().startswith(b"<"):
        return Format.PDF  # its mark stands within the first 1,024 bytes
    if data.startswith(_PICTURES):
        return Format.PICTURE
    root = xml.root_tag(data)
    return Format.UNKNOWN if root is None else _of_root(root)


def _of_root(root: str) -> Format:
    if root.startswith(f"{{{UBL_NAMESPACE}"):
        return Format.UBL
    return {CII_ROOT: Format.CII, ZUGFERD_1_ROOT: Format.ZUGFERD_1}.get(root, Format.OTHER_XML)
