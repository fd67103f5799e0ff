"""Factur-X and ZUGFeRD: a PDF that carries its invoice as an attached XML file. The pages themselves are not read."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from io import BytesIO
from typing import Final

from pypdf import Configuration, PdfReader, apply_configuration
from pypdf.errors import LimitReachedError, PyPdfError
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, PdfObject, StreamObject

from chainfin.documents import xml
from chainfin.errors import BadInput

MAX_BYTES: Final = 20_000_000
MAX_ATTACHMENTS: Final = 100
MAX_UNPACKED: Final = 20_000_000
"""Bytes of one stream; an attached XML has `xml.MAX_BYTES` besides, but other attachments may be larger."""
MAX_TOTAL: Final = 50_000_000
"""Bytes of all attachments together."""
MAX_NODES: Final = 1_000
"""Of the tree of names that leads to the attachments."""

_LIMITS: Final = Configuration(
    maximum_declared_stream_length=MAX_BYTES,
    array_based_stream_maximum_output_length=MAX_UNPACKED,
    zlib_maximum_output_length=MAX_UNPACKED,
    zlib_maximum_recovery_input_length=100_000,
    lzw_maximum_output_length=MAX_UNPACKED,
    run_length_maximum_output_length=MAX_UNPACKED,
    brotli_maximum_output_length=MAX_UNPACKED,
    stream_filters_maximum_length=4,
    stream_decoding_work_maximum_length=4 * MAX_UNPACKED,
)

# It warns of every flaw that it works around; who is told is who sent the file, by what can't be read.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)


def attached(data: bytes, *, source: str) -> list[tuple[str, bytes]]:
    """The attached files that are XML, with their names.

    Raises BadInput document_too_large, document_malformed, document_hostile.
    """
    if len(data) > MAX_BYTES:
        raise BadInput("document_too_large", f"the PDF has {len(data)} bytes, more than {MAX_BYTES}", where=source)
    try:
        with apply_configuration(_LIMITS):
            reader = PdfReader(BytesIO(data), strict=False)
            if reader.is_encrypted and not reader.decrypt(""):
                raise BadInput("document_malformed", "the PDF is locked with a password", where=source)
            return [found for found in _files(reader, source) if xml.looks_like(found[1])]
    except BadInput:
        raise
    except LimitReachedError:
        raise BadInput("document_hostile", "the PDF unpacks to more than a document may have", where=source) from None
    except RecursionError:
        raise BadInput("document_hostile", "the PDF goes round in circles", where=source) from None
    except (
        PyPdfError,
        ValueError,
        KeyError,
        TypeError,
        IndexError,
        AttributeError,
        OSError,
        NotImplementedError,
    ) as error:
        # A broken file can make the library stumble anywhere: what it says is no fault of ours, and no text for people.
        name = type(error).__name__
        raise BadInput("document_malformed", f"not readable as a PDF ({name})", where=source) from None


def _files(reader: PdfReader, source: str) -> Iterator[tuple[str, bytes]]:
    names = _dictionary(_dictionary(reader.root_object.get("/Names")).get("/EmbeddedFiles"))
    seen: set[int] = set()
    total = 0
    specs = [*_leaves(names, source), *_associated(reader)]
    if len(specs) > MAX_ATTACHMENTS:
        raise BadInput("document_hostile", f"the PDF has more than {MAX_ATTACHMENTS} attachments", where=source)
    for spec in specs:
        holder = _dictionary(spec)
        files = _dictionary(holder.get("/EF"))
        stream = _plain(files.get("/UF") or files.get("/F"))
        if isinstance(stream, StreamObject) and id(stream) not in seen:
            seen.add(id(stream))
            data = stream.get_data()
            total += len(data)
            if total > MAX_TOTAL:
                message = f"the attachments unpack to more than {MAX_TOTAL} bytes"
                raise BadInput("document_hostile", message, where=source)
            yield str(_plain(holder.get("/UF") or holder.get("/F")) or "attachment"), data


def _leaves(root: DictionaryObject, source: str) -> list[PdfObject]:
    """The files that the tree of names lists. A node may stand in it many times over: looks are counted."""
    found: list[PdfObject] = []
    left, looked = [root], 0
    while left:
        node, looked = left.pop(), looked + 1
        kids = _array(node.get("/Kids"))
        found += _array(node.get("/Names"))[1::2]
        if looked + len(left) + len(kids) > MAX_NODES or len(found) > MAX_ATTACHMENTS:
            raise BadInput("document_hostile", "the PDF's list of attachments has no end", where=source)
        left += [_dictionary(kid) for kid in kids]
    return found


def _associated(reader: PdfReader) -> list[PdfObject]:
    """PDF/A-3 lists associated files in the catalogue; some writers list them nowhere else."""
    return list(_array(reader.root_object.get("/AF")))


def _plain(value: object) -> object:
    return value.get_object() if isinstance(value, IndirectObject) else value


def _dictionary(value: object) -> DictionaryObject:
    found = _plain(value)
    return found if isinstance(found, DictionaryObject) else DictionaryObject()


def _array(value: object) -> ArrayObject:
    found = _plain(value)
    return found if isinstance(found, ArrayObject) else ArrayObject()
