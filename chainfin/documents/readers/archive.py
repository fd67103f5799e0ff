"""OFD (GB/T 33190): a zip archive with a Chinese e-invoice's pages, and its data as an XML file. Only XML is read."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Final

from chainfin.documents import xml
from chainfin.errors import BadInput

MAX_BYTES: Final = 20_000_000
MAX_FILES: Final = 1_000
MAX_TOTAL: Final = 50_000_000
"""Bytes that all its files unpack to."""
MAX_RATIO: Final = 200
"""Of a file's size to its packed size; real pages of an OFD stay under 30."""


def files(data: bytes, *, source: str) -> list[tuple[str, bytes]]:
    """The XML files of an OFD, with their names.

    Raises BadInput document_too_large, document_malformed, document_hostile, document_kind_unknown (another archive).
    """
    if len(data) > MAX_BYTES:
        raise BadInput("document_too_large", f"the archive has {len(data)} bytes, more than {MAX_BYTES}", where=source)
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            _unless_bomb(archive, source)
            if "OFD.xml" not in archive.namelist():
                message = "a zip archive, and no OFD: send the documents in it one by one"
                raise BadInput("document_kind_unknown", message, where=source)
            return list(_xml_files(archive, source))
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        name = type(error).__name__  # what the library says is no text for people
        raise BadInput("document_malformed", f"not readable as an archive ({name})", where=source) from None


def _unless_bomb(archive: zipfile.ZipFile, source: str) -> None:
    listed = archive.infolist()
    if len(listed) > MAX_FILES:
        raise BadInput("document_hostile", f"the archive has more than {MAX_FILES} files", where=source)
    if sum(each.file_size for each in listed) > MAX_TOTAL:
        raise BadInput("document_hostile", f"the archive unpacks to more than {MAX_TOTAL} bytes", where=source)
    if any(each.file_size > MAX_RATIO * max(each.compress_size, 1) + 10_000 for each in listed):
        raise BadInput("document_hostile", f"a file unpacks to more than {MAX_RATIO} times its size", where=source)


def _xml_files(archive: zipfile.ZipFile, source: str) -> Iterator[tuple[str, bytes]]:
    for each in archive.infolist():
        if each.is_dir() or each.file_size > xml.MAX_BYTES:
            continue
        with archive.open(each) as stream:
            data = stream.read(each.file_size + 1)
        if len(data) > each.file_size:
            raise BadInput("document_hostile", "a file unpacks to more than the archive says", where=source)
        if xml.looks_like(data):
            yield each.filename, data
