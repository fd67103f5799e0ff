"""Trade documents: read into one canonical form, committed to field by field, matched three ways."""

from __future__ import annotations

from chainfin.documents.model import Document, DocumentKind, LegalId, Line, Party, Price, References, Totals
from chainfin.documents.readers import read
from chainfin.documents.texts import as_text, encoded

__all__ = [
    "Document", "DocumentKind", "LegalId", "Line", "Party", "Price", "References", "Totals", "as_text", "encoded",
    "read",
]  # fmt: skip
