"""One reader a format: bytes in, the canonical `Document` out, or an error that tells all the file's faults.

A file is recognised by what is in it, never by its name.
"""

from __future__ import annotations

from chainfin.documents import xml
from chainfin.documents.model import Document
from chainfin.documents.readers import ubl


def read(data: bytes, *, source: str) -> Document:
    """The canonical form of the trade document in ``data``; ``source`` (a file name) stands in errors.

    Raises BadInput with ``where="source: place"``: document_too_large, document_hostile, document_malformed,
    document_kind_unknown, and those of the readers.
    """
    return ubl.read(xml.parse(data, source=source), source=source)
