"""Trade documents: read into one canonical form, committed to field by field, matched three ways."""

from __future__ import annotations

from chainfin.documents import ubl, xml
from chainfin.documents.model import Document, DocumentKind, LegalId, Line, Party, Price, References, Totals

__all__ = ["Document", "DocumentKind", "LegalId", "Line", "Party", "Price", "References", "Totals", "read"]


def read(data: bytes, *, source: str) -> Document:
    """The canonical form of the trade document in ``data``; ``source`` (a file name) stands in errors.

    Raises BadInput with ``where="source: /XPath"``; the codes are listed in `chainfin.documents.xml` and `.ubl`.
    """
    return ubl.read(xml.parse(data, source=source), source=source)
