"""One reader a format: bytes in, the canonical `Document` out, or an error that tells all the file's faults.

A file is recognised by what is in it, never by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from lxml import etree

from chainfin.documents import xml
from chainfin.documents.model import Document
from chainfin.documents.readers import cii, cii_first, ubl
from chainfin.errors import BadInput


def read(data: bytes, *, source: str) -> Document:
    """The canonical form of the trade document in ``data``; ``source`` (a file name) stands in errors.

    Raises BadInput with ``where="source: place"``: document_too_large, document_hostile, document_malformed,
    document_kind_unknown, and those of the readers.
    """
    return _from_xml(xml.parse(data, source=source), source)


def _from_xml(root: etree._Element, source: str) -> Document:
    reader = _BY_ROOT.get(str(root.tag), ubl.read)
    return reader(root, source=source)


_BY_ROOT: Final[Mapping[str, Callable[..., Document]]] = {
    cii.ROOT: cii.read,
    cii_first.ROOT: cii_first.read,
}
