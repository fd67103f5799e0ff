"""Reading XML that strangers send: no entities, no DTD, no network, and limits on size, depth and node count.

Errors (BadInput): document_too_large, document_hostile, document_malformed; every one names the source in ``where``.
"""

from __future__ import annotations

import re
from io import BytesIO
from typing import Final

from lxml import etree

from chainfin.errors import BadInput

MAX_BYTES: Final = 5_000_000
MAX_DEPTH: Final = 64
MAX_NODES: Final = 200_000
"""UBL's deepest real documents stay under 20 levels; 200,000 elements is some 4,000 invoice lines."""

HEAD_BYTES: Final = 100_000
"""Within which the root element begins."""

# A DTD can only stand before the root element. Looking for it in the raw bytes first means that libxml2 never
# reads a hostile one; the check on the parsed tree catches what an exotic encoding might hide from this pattern.
_DOCTYPE = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
_ROOT = re.compile(rb"<[A-Za-z_]")


def parse(data: bytes, *, source: str) -> etree._Element:
    """The root element of ``data``, read safely. ``source`` names the file in errors."""
    if len(data) > MAX_BYTES:
        raise BadInput("document_too_large", f"the document has {len(data)} bytes, more than {MAX_BYTES}", where=source)
    if not data.strip():
        raise BadInput("document_malformed", "the document is empty", where=source)
    _refuse_doctype(data, source)
    try:
        root = _walk(data, source)
    except etree.XMLSyntaxError as error:
        if "depth" in str(error) or "amplification" in str(error):
            raise BadInput("document_hostile", _one_line(error), where=source) from None
        raise BadInput("document_malformed", f"not well-formed XML: {_one_line(error)}", where=source) from None
    except (LookupError, ValueError) as error:
        raise BadInput("document_malformed", f"not readable as XML: {_one_line(error)}", where=source) from None
    return root


def looks_like(data: bytes) -> bool:
    """Whether ``data`` begins as XML does, in any encoding."""
    return data[:200].replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith(b"<")


def root_tag(data: bytes) -> str | None:
    """The name of the root element ("{namespace}name"), read no further; None where there is none to be read safely."""
    try:
        _refuse_doctype(data, "")
        events = etree.iterparse(
            BytesIO(data[:HEAD_BYTES]), events=("start",), resolve_entities=False, load_dtd=False, no_network=True
        )
        for _event, element in events:
            return str(element.tag)
    except (BadInput, etree.XMLSyntaxError, LookupError, ValueError):
        pass
    return None


def _walk(data: bytes, source: str) -> etree._Element:
    """Parse step by step, so that an XML bomb is refused at the limit and not after it has been built in memory."""
    events = etree.iterparse(
        BytesIO(data),
        events=("start", "end"),
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        dtd_validation=False,
        remove_comments=True,
        remove_pis=True,
        huge_tree=False,
    )
    depth = nodes = 0
    root: etree._Element | None = None
    for event, element in events:
        if event == "end":
            depth -= 1
            continue
        depth += 1
        nodes += 1
        if root is None:
            root = element
            if element.getroottree().docinfo.internalDTD is not None:
                raise BadInput("document_hostile", "the document declares a DTD", where=source)
        if depth > MAX_DEPTH or nodes > MAX_NODES:
            limit = f"more than {MAX_DEPTH} levels" if depth > MAX_DEPTH else f"more than {MAX_NODES} elements"
            raise BadInput("document_hostile", f"the document has {limit}", where=source)
    if root is None:
        raise BadInput("document_malformed", "the document has no root element", where=source)
    return root


def _refuse_doctype(data: bytes, source: str) -> None:
    plain = data.replace(b"\x00", b"")
    first = _ROOT.search(plain)
    prolog = plain[: first.start()] if first else plain
    if _DOCTYPE.search(prolog):
        raise BadInput("document_hostile", "the document declares a DTD or an entity", where=source)


def _one_line(error: Exception) -> str:
    """The parser's sentence on one line, without the file name that it makes up for bytes in memory."""
    return " ".join(str(error).split()).replace("(<string>, ", "(")
