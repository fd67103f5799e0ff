"""`chainfin documents check`: many files, none left out silently, each with what came of it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from chainfin.cli.output import printable, read_file
from chainfin.documents import Document, DocumentKind, read
from chainfin.documents.faults import faults_of
from chainfin.documents.financing import unless_claim
from chainfin.documents.model import Breach
from chainfin.documents.readers import signatures
from chainfin.documents.readers.formats import Format, format_of
from chainfin.errors import BadInput
from chainfin.progress import Step

NAME_WIDTH = 60


@dataclass(frozen=True, slots=True)
class Checked:
    """A file: its document, or why there is none. ``flags``: why an invoice makes no claim; ``signatures``: the kinds
    that it carries, none of them verified."""

    file: str
    format: Format | None
    document: Document | None
    faults: Sequence[Mapping[str, object]] = ()
    flags: Sequence[Mapping[str, object]] = ()
    signatures: Sequence[str] = ()

    @property
    def read(self) -> bool:
        return self.document is not None

    @property
    def breaches(self) -> Sequence[Breach]:
        """The rules that a bill's figures break."""
        return () if self.document is None else self.document.breaches

    def to_json(self) -> dict[str, Any]:
        detail: dict[str, Any] = {"file": self.file, "read": self.read}
        if self.format is not None:
            detail["format"] = self.format.value
            detail["signatures"] = [{"kind": kind, "verified": False} for kind in self.signatures]
        if self.document is not None:
            found, totals = self.document, self.document.totals
            detail |= {"kind": found.kind.value, "id": found.id, "issue_date": found.issue_date.isoformat()}
            detail |= {"lines": len(found.lines)}
            if found.billing.type_code is not None:
                detail["type_code"] = found.billing.type_code
            if totals is not None:
                detail |= {"currency": found.currency, "payable": str(totals.payable)}
        if self.faults:
            detail["faults"] = [dict(each) for each in self.faults]
        if self.flags:
            detail["flags"] = [dict(each) for each in self.flags]
        if self.breaches:
            detail["breaches"] = [each.to_json() for each in self.breaches]
        return detail


def check_all(paths: Sequence[Path], step: Step) -> Iterator[Checked]:
    """Every file of ``paths``, a folder's in the order of their names with those of its subfolders."""
    step(0, None)
    for path in paths:
        for file in _files(path):
            yield check(file)


def check(path: Path) -> Checked:
    """What comes of one file."""
    try:
        if not path.is_file():
            what = "it is no regular file" if path.exists() else "there is no such file"
            raise BadInput("file_unreadable", what, where=str(path))
        data = read_file(path)
    except BadInput as error:
        return Checked(str(path), None, None, faults_of(error))
    found = format_of(data)
    signed = signatures.kinds(data, found)
    try:
        document = read(data, source=str(path))
    except BadInput as error:
        return Checked(str(path), found, None, faults_of(error), (), signed)
    refusal = unless_claim(document, date.today()) if document.kind is DocumentKind.INVOICE else None  # noqa: DTZ011
    flags = [] if refusal is None else refusal.proof["faults"]
    return Checked(str(path), found, document, (), flags if isinstance(flags, list) else [], signed)


def _files(path: Path) -> Iterator[Path]:
    """``path``, or all that a folder holds. A link to a folder isn't followed: it is told as what it is."""
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders.sort()
        linked = [name for name in folders if (Path(folder) / name).is_symlink()]
        yield from (Path(folder) / name for name in sorted([*names, *linked]))


def table(checked: Sequence[Checked]) -> Iterator[str]:
    """A line for each file, and how many there were of each outcome. What stands in files is made printable."""
    for each in checked:
        name = printable(each.file)
        name = name if len(name) <= NAME_WIDTH else "…" + name[1 - NAME_WIDTH :]
        yield f"{name:{NAME_WIDTH}}  {each.format or '-':10} {'read' if each.read else 'REFUSED':8} {_verdict(each)}"
    counts = Counter((each.format or "-", "read" if each.read else "refused") for each in checked)
    yield ""
    for (found, outcome), count in sorted(counts.items()):
        yield f"{found:10} {outcome:8} {count}"
    yield f"{len(checked)} files, {sum(each.read for each in checked)} read"


def _verdict(each: Checked) -> str:
    if each.document is None:
        first, more = each.faults[0], len(each.faults) - 1
        return f"{_fault(first)}{f' (and {more} more)' if more else ''}"
    found = each.document
    payable = "" if found.totals is None else f" {found.totals.payable} {found.currency}"
    flags = ", ".join(dict.fromkeys(str(flag.get("rule") or flag["code"]) for flag in each.flags))
    broken = ", ".join(dict.fromkeys(breach.rule for breach in each.breaches))
    summary = printable(f"{found.kind} {found.id}{payable}") + (f"  not financed: {flags}" if flags else "")
    return summary + (f"  breaks {broken}" if broken else "")


def _fault(fault: Mapping[str, object]) -> str:
    rule = f"{fault['rule']} " if fault.get("rule") else ""
    return printable(f"{rule}{fault['code']}: {fault['message']}")
