"""What documents travel in: a signature around the file (CAdES, .p7m), an SBDH envelope, a UBL AttachedDocument.

They are opened to read what is inside. No signature is verified: what a document says is held against the chain and the
parties' own copies, not against who signed the file.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Final

from lxml import etree

from chainfin.documents.node import NAMESPACES
from chainfin.errors import BadInput

SBDH: Final = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"
ATTACHED: Final = "{urn:oasis:names:specification:ubl:schema:xsd:AttachedDocument-2}AttachedDocument"
SIGNED: Final = bytes.fromhex("06092a864886f70d010702")
"""The object identifier of PKCS #7 signed data (RFC 5652), as it stands in DER."""
MAX_SIGNED: Final = 20_000_000
MAX_NESTED: Final = 32

_SEQUENCE, _OCTETS, _OCTETS_IN_PARTS, _EXPLICIT, _SET = 0x30, 0x04, 0x24, 0xA0, 0x31


def is_signed(data: bytes) -> bool:
    """Whether the file is a signed one: DER, or the base64 of it."""
    return data[:1] == b"\x30" and SIGNED in data[:32]


def from_base64(data: bytes) -> bytes | None:
    """A signed file that was sent as text, decoded; None where this is none."""
    if data[:2] != b"MI" and not data.startswith(b"-----BEGIN"):
        return None
    body = b"".join(line for line in data.split() if not line.startswith(b"-----") and not line.endswith(b"-----"))
    try:
        found = base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        return None
    return found if is_signed(found) else None


def signed_content(data: bytes, *, source: str) -> bytes:
    """What was signed. Raises BadInput document_too_large, document_malformed."""
    if len(data) > MAX_SIGNED:
        raise BadInput("document_too_large", f"the signed file has more than {MAX_SIGNED} bytes", where=source)
    try:
        outer = _parts(_first(_parts(data), _SEQUENCE))
        signed = _parts(_first(_parts(_first(outer, _EXPLICIT)), _SEQUENCE))
        content = _parts(_first(signed, _SEQUENCE))
        return _octets(_first(content, _EXPLICIT), 0)
    except (IndexError, LookupError, RecursionError):
        message = "not readable as a signed file (.p7m), or it doesn't hold what was signed"
        raise BadInput("document_malformed", message, where=source) from None


def _first(parts: Iterator[tuple[int, bytes]], tag: int) -> bytes:
    return next((body for found, body in parts if found == tag), b"") or _missing()


def _missing() -> bytes:
    raise LookupError("no such part")


def _octets(data: bytes, depth: int) -> bytes:
    """Octet strings, in one piece or in parts of parts (BER)."""
    if depth > MAX_NESTED:
        raise LookupError("nested too deep")
    found = [body if tag == _OCTETS else _octets(body, depth + 1) for tag, body in _parts(data)]
    return b"".join(found)


def _parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The tags and bodies that ``data`` consists of (BER; lengths that are left open end with two zeros)."""
    place = 0
    while place < len(data):
        tag, start, end, after = _span(data, place, 0)
        if tag == 0 and start == end:
            return
        yield tag, data[start:end]
        place = after


def _span(data: bytes, place: int, depth: int) -> tuple[int, int, int, int]:
    """Tag, first and last place of its body, and the place after it."""
    if depth > MAX_NESTED:
        raise LookupError("nested too deep")
    tag, size, start = data[place], data[place + 1], place + 2
    if size == 0x80:
        inner = start
        while data[inner : inner + 2] != b"\x00\x00":
            inner = _span(data, inner, depth + 1)[3]
        return tag, start, inner, inner + 2
    if size > 0x80:
        count = size & 0x7F
        size, start = int.from_bytes(data[start : start + count], "big"), start + count
    if start + size > len(data):
        raise IndexError("it ends before its length")
    return tag, start, start + size, start + size


def enveloped(root: etree._Element, *, source: str) -> list[tuple[str, bytes]]:
    """The documents in an SBDH envelope or an AttachedDocument, with names for errors."""
    if root.tag == ATTACHED:
        return list(_attachments(root, source))
    return [
        (etree.QName(child).localname, etree.tostring(child))
        for child in root
        if isinstance(child.tag, str) and etree.QName(child).localname != "StandardBusinessDocumentHeader"
    ]


def _attachments(root: etree._Element, source: str) -> Iterator[tuple[str, bytes]]:
    for place in root.findall("cac:Attachment", NAMESPACES):
        binary = place.findtext("cbc:EmbeddedDocumentBinaryObject", None, NAMESPACES)
        text = place.findtext("cac:ExternalReference/cbc:Description", None, NAMESPACES)
        if binary is not None:
            try:
                yield "Attachment", base64.b64decode("".join(binary.split()), validate=True)
            except (binascii.Error, ValueError):
                raise BadInput("document_malformed", "its attachment is no base64", where=source) from None
        elif text is not None:
            yield "Attachment", text.strip().encode()
