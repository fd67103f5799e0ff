"""Trade documents: what one says, and a commitment to it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chainfin.cli.output import AsJson, read_file, show
from chainfin.errors import BadInput


def show_document(file: Path, as_json: AsJson = False) -> None:
    """Read a document and say what it says."""
    from chainfin.documents import read
    from chainfin.documents.show import summary

    show(summary(read(read_file(file), source=str(file))), as_json)


def commit_document(
    file: Path,
    secret: Annotated[str | None, typer.Option(help="The document's 32-byte secret in hex; random by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """The salted commitment to a document: its root, and the secret that opens it."""
    import secrets

    from chainfin.documents import read
    from chainfin.documents.commitment import commit
    from chainfin.documents.show import commitment_summary

    try:
        key = secrets.token_bytes(32) if secret is None else bytes.fromhex(secret.removeprefix("0x"))
    except ValueError:
        raise BadInput("document_secret_invalid", "the secret is 64 hex digits", where="--secret") from None
    document = read(read_file(file), source=str(file))
    show({**commitment_summary(commit(document, key)), "secret": key.hex()}, as_json)
