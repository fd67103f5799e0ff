"""One reader a format: bytes in, the canonical `Document` out, or an error that tells all the file's faults.

A file is recognised by what is in it, never by its name. What only wraps a document (a PDF, an archive, a signature, an
envelope) is opened, and what is inside is recognised in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from lxml import etree

from chainfin.documents import xml
from chainfin.documents.model import Document
from chainfin.documents.readers import cii, cii_first, ubl
from chainfin.errors import BadInput

MAX_WRAPPED: Final = 3
"""A signature around an envelope around a document; what is wrapped more often hides something."""

_PICTURES: Final = {b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG", b"II*\x00": "TIFF", b"MM\x00*": "TIFF", b"GIF8": "GIF"}


def read(data: bytes, *, source: str, depth: int = 0) -> Document:
    """The canonical form of the trade document in ``data``; ``source`` (a file name) stands in errors.

    Raises BadInput with ``where="source: place"``: document_too_large, document_hostile, document_malformed,
    document_kind_unknown, and those of the readers.
    """
    if depth > MAX_WRAPPED:
        message = f"the document is wrapped more than {MAX_WRAPPED} times"
        raise BadInput("document_hostile", message, where=source)
    if _is_pdf(data):
        # only here: who reads no PDF needn't load what opens it
        from chainfin.documents.readers import pdf

        return _only(pdf.attached(data, source=source), source, depth)
    picture = next((name for mark, name in _PICTURES.items() if data.startswith(mark)), None)
    if picture is not None:
        raise BadInput("document_kind_unknown", f"a picture ({picture}): a person has to read it", where=source)
    return _from_xml(xml.parse(data, source=source), source)


def _is_pdf(data: bytes) -> bool:
    """A PDF's mark stands within its first 1,024 bytes."""
    return b"%PDF-" in data[:1024] and not data.lstrip().startswith(b"<")


def _from_xml(root: etree._Element, source: str) -> Document:
    reader = _BY_ROOT.get(str(root.tag), ubl.read)
    return reader(root, source=source)


def _only(found: list[tuple[str, bytes]], source: str, depth: int) -> Document:
    """The one trade document among a container's files. Several that say the same (one for each edition of a standard)
    are one; several that don't are refused, since nobody says which of them counts."""
    read_ones: list[Document] = []
    refused: list[BadInput] = []
    for name, data in found:
        try:
            read_ones.append(read(data, source=f"{source}!{name}", depth=depth + 1))
        except BadInput as error:
            refused.append(error)
    if not read_ones:
        told = [error for error in refused if error.code != "document_kind_unknown"] or refused
        if told:
            raise told[0]
        message = "it carries no structured document: a person has to read its pages"
        raise BadInput("document_kind_unknown", message, where=source)
    first = read_ones[0]
    if any(_identity(other) != _identity(first) for other in read_ones[1:]):
        raise BadInput("document_inconsistent", "it carries several documents that differ", where=source)
    return max(read_ones, key=lambda each: len(each.lines))


def _identity(document: Document) -> object:
    totals = document.totals
    return (
        document.kind,
        document.id,
        document.issue_date,
        document.currency,
        None if totals is None else totals.payable,
    )


_BY_ROOT: Final[Mapping[str, Callable[..., Document]]] = {
    cii.ROOT: cii.read,
    cii_first.ROOT: cii_first.read,
}
