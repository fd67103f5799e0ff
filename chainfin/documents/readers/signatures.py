"""Which kinds of signature a file carries, or none. None is verified: there is no list of whom to trust,
and what a document says is held against the chain and the parties' own copies.
"""

from __future__ import annotations

from typing import Final

from chainfin.documents.readers.formats import Format

_MARKS: Final = {
    Format.PDF: ("pdf", b"/ByteRange"),
    Format.ARCHIVE: ("ofd", b"SignedValue.dat"),  # names of files stand in an archive as they are
}
_XML: Final = b"http://www.w3.org/2000/09/xmldsig#"
_VALUE: Final = b"SignatureValue"


def kinds(data: bytes, found: Format) -> tuple[str, ...]:
    """Of "cades" (.p7m), "pdf", "ofd" and "xmldsig" those that there are."""
    if found is Format.SIGNED:
        return ("cades",)
    if found in _MARKS:
        kind, mark = _MARKS[found]
        return (kind,) if mark in data else ()
    return ("xmldsig",) if _XML in data and _VALUE in data else ()
