"""Trade documents: what one says, what is wrong with many, and a commitment to one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chainfin.cli.output import AsJson, as_json_text, read_file, show
from chainfin.errors import BadInput


def show_document(file: Path, as_json: AsJson = False) -> None:
    """Read a document and say what it says."""
    from chainfin.documents import read
    from chainfin.documents.show import summary

    show(summary(read(read_file(file), source=str(file))), as_json)


def check_documents(
    paths: Annotated[list[Path], typer.Argument(help="Files, and folders that are read with all that is in them.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line for each file.")] = False,
) -> None:
    """Read every file: what it is, or all that is wrong with it; and whether it could be financed.

    Exit code 1 where one isn't read.
    """
    from chainfin.cli.documents_check import check_all, table
    from chainfin.progress import shown

    checked = []
    with shown("reading documents", quiet=as_json) as step:
        for done, each in enumerate(check_all(paths, step), 1):
            checked.append(each)
            if as_json:
                typer.echo(as_json_text(each.to_json()))
            step(done, None)
    if not as_json:
        for line in table(checked):
            typer.echo(line)
    if not all(each.read for each in checked):
        raise typer.Exit(1)


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
