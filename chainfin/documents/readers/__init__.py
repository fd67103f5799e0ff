"""One reader a format: bytes in, the canonical `Document` out, or an error that tells all the file's faults.

A file is recognised by what is in it, never by its name. What only wraps a document (a PDF, an archive, a signature, an
envelope) is opened, and what is inside is recognised in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from chainfin.documents import xml
from chainfin.documents.model import Document
from chainfin.documents.readers import cii, cii_first, einvoice_cn, einvoice_digital, fatturapa, ubl, wrapped
from chainfin.documents.readers.formats import Format, format_of
from chainfin.errors import BadInput

MAX_WRAPPED: Final = 3
"""A signature around an envelope around a document; what is wrapped more often hides something."""

MAX_CARRIED: Final = 2 * xml.MAX_BYTES
"""Bytes of all the XML files that one container may carry."""


def read(data: bytes, *, source: str, depth: int = 0) -> Document:
    """The canonical form of the trade document in ``data``; ``source`` (a file name) stands in errors.

    Raises BadInput with ``where="source: place"``: document_too_large, document_hostile, document_malformed,
    document_kind_unknown, and those of the readers.
    """
    if depth > MAX_WRAPPED:
        message = f"the document is wrapped more than {MAX_WRAPPED} times"
        raise BadInput("document_hostile", message, where=source)
    found = format_of(data)
    if found is Format.PDF:
        # only here: who reads no PDF needn't load what opens it
        from chainfin.documents.readers import pdf

        return _only(pdf.attached(data, source=source), source, depth)
    if found is Format.ARCHIVE:
        from chainfin.documents.readers import archive

        return _only(archive.files(data, source=source), source, depth)
    if found is Format.SIGNED:
        signed = wrapped.from_base64(data) or data
        return read(wrapped.signed_content(signed, source=source), source=source, depth=depth + 1)
    if found is Format.PICTURE:
        raise BadInput("document_kind_unknown", "a picture: a person has to read it", where=source)
    root = xml.parse(data, source=source)
    if found is Format.ENVELOPE:
        return _only(wrapped.enveloped(root, source=source), source, depth)
    reader = _BY_FORMAT.get(found, ubl.read)  # which says what it reads, of any other file
    return reader(root, source=source)


def _only(found: list[tuple[str, bytes]], source: str, depth: int) -> Document:
    """The one trade document among a container's files. Several that say the same (one for each edition of a standard)
    are one; several that don't are refused, since nobody says which of them counts."""
    if sum(len(data) for _, data in found) > MAX_CARRIED:
        raise BadInput("document_hostile", f"it carries more than {MAX_CARRIED} bytes", where=source)
    read_ones: list[Document] = []
    refused: list[BadInput] = []
    for name, data in found:
        try:
            read_ones.append(read(data, source=f"{source}!{name}", depth=depth + 1))
        except BadInput as error:
            refused.append(error)
    if not read_ones:
        told = next((error for error in refused if error.code != "document_kind_unknown"), None)
        if told is not None:
            raise told
        message = "it carries no document that is read here: a person has to read it"
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


_BY_FORMAT: Final[Mapping[Format, Callable[..., Document]]] = {
    Format.UBL: ubl.read,
    Format.CII: cii.read,
    Format.ZUGFERD_1: cii_first.read,
    Format.FATTURAPA: fatturapa.read,
    Format.EINVOICE_CN: einvoice_cn.read,
    Format.EINVOICE_DIGITAL: einvoice_digital.read,
}
