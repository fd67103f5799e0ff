"""Documents as they travel in JSON: XML as the text that it is, any other file (a PDF, an archive) in base64."""

from __future__ import annotations

import base64
import binascii
import re

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
    """The document's bytes: XML in the encoding that its declaration names, where that is a usual one; what begins like
    no XML and is base64 throughout, decoded."""
    if not text.lstrip("\ufeff \t\r\n").startswith("<"):
        try:
            return base64.b64decode("".join(text.split()), validate=True)
        except (binascii.Error, ValueError):
            pass  # neither: whoever reads it says so
    declared = _ENCODING.match(text)
    name = declared.group(1).lower() if declared else "utf-8"
    try:
        return text.encode(name if name in _ENCODINGS else "utf-8")
    except UnicodeEncodeError:
        return text.encode()


def as_text(data: bytes) -> str:
    """A file as `encoded` takes it back: the same bytes come out of it, or the same XML without its byte order mark."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return base64.b64encode(data).decode()
    is_xml = text.lstrip().startswith("<") and "\x00" not in text
    return text if is_xml and encoded(text) == data.removeprefix(b"\xef\xbb\xbf") else base64.b64encode(data).decode()
