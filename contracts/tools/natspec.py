"""Reads the NatSpec comments of the contracts' interfaces: what functions, structs and events mean, in one place."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

_DECLARED = re.compile(r"\s*(function|struct|event)\s+(\w+)")
_TAG = re.compile(r"@(\w+)\s*")


@dataclass
class Doc:
    """What stands before a declaration: `notice` and, by name, its `params`; each one line of text, or empty."""

    notice: str = ""
    params: dict[str, str] = field(default_factory=dict)


def read(interface: Path) -> dict[tuple[str, str], Doc]:
    """("function" | "struct" | "event", name) to its comment; those without one are left out."""
    found: dict[tuple[str, str], Doc] = {}
    comment: list[str] = []
    for line in interface.read_text("utf-8").splitlines():
        if line.lstrip().startswith("///"):
            comment.append(line.lstrip().removeprefix("///").strip())
            continue
        declared = _DECLARED.match(line)
        if declared and comment:
            found.setdefault((declared[1], declared[2]), _doc(comment))
        comment = []
    return found


def _doc(comment: list[str]) -> Doc:
    doc = Doc()
    for entry in re.split(r"\s(?=@\w+ )", " ".join(comment)):
        tag = _TAG.match(entry)
        kind, text = (tag[1], entry[tag.end() :].strip()) if tag else ("notice", entry.strip())
        if kind == "notice":
            doc.notice = text
        elif kind == "param":
            name, _, said = text.partition(" ")
            doc.params[name] = said
    return doc
