"""What commands share: how a result is printed, how a file is read, how an installation is opened."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chainfin.errors import BadInput

if TYPE_CHECKING:
    from chainfin.runtime.reading import Reading

AsJson = Annotated[bool, typer.Option("--json", help="Print data as JSON.")]


def show(data: Any, as_json: bool) -> None:
    """Data for a person (indented lines) or a program (JSON)."""
    if as_json:
        typer.echo(as_json_text(data, indent=1))
    else:
        _lines(data, 0)


def printable(text: str) -> str:
    """Text from a file on one line, without what a terminal would obey or an eye misread (\\x1b, \\u202e)."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def as_json_text(data: Any, indent: int | None = None) -> str:
    """JSON with letters as they are, and all that isn't printable in JSON's own escapes."""
    text = json.dumps(data, ensure_ascii=False, indent=indent)
    return "".join(each if each.isprintable() or each == "\n" else json.dumps(each)[1:-1] for each in text)


def _lines(data: Any, depth: int) -> None:
    pairs = data.items() if isinstance(data, dict) else [("-", item) for item in data]
    for name, value in pairs:
        if isinstance(value, dict | list) and value:
            typer.echo(f"{'  ' * depth}{name}:")
            _lines(value, depth + 1)
        else:
            shown = printable(str(value))
            typer.echo(f"{'  ' * depth}{name}: {shown}" if name != "-" else f"{'  ' * depth}- {shown}")


def read_file(path: Path) -> bytes:
    """A file's bytes. Raises BadInput file_unreadable."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput("file_unreadable", str(error.strerror), where=str(path)) from None


def reading() -> Reading:
    """The installation to be read, beside (or without) a running service."""
    from chainfin.runtime.reading import Reading
    from chainfin.settings import load

    log_warnings()
    return Reading(load())


def log_warnings() -> None:
    """For a command that opens an installation: it prints its result on stdout; what is logged beside it goes to
    stderr, and only if it is a warning (or as CHAINFIN_LOG_LEVEL says)."""
    from chainfin.runtime import log_setup

    log_setup.configure(
        os.environ.get("CHAINFIN_LOG_FORMAT") or None, os.environ.get("CHAINFIN_LOG_LEVEL") or "warning"
    )
