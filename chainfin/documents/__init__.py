"""Trade documents: read into one canonical form, committed to field by field, matched three ways."""

from __future__ import annotations

import re

from chainfin.documents.model import Document, DocumentKind, LegalId, Line, Party, Price, References, Totals
from chainfin.documents.readers import read

__all__ = ["Document", "DocumentKind", "LegalId", "Line", "Party", "Price", "References", "Totals", "encoded", "read"]

_ENCODING = re.compile(r"""^\s*<\?xml[^>]{0,100}?\bencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_ENCODINGS = {
    "utf-8",
    "utf8",
    "us-ascii",
    "utf-16",
    "iso-8859-1",
    "iso-8859-15",
    "windows-1252",
    "gb2312",
    "gbk",
    "gb18030",
}


def encoded(text: str) -> bytes:
    """The document's bytes: in the encoding that its XML declaration names, where that is a usual one."""
    declared = _ENCODING.match(text)
    name = declared.group(1).lower() if declared else "utf-8"
    try:
        return text.encode(name if name in _ENCODINGS else "utf-8")
    except UnicodeEncodeError:
        return text.encode()
