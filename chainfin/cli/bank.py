"""The operator's bank files, against a running service."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from chainfin.cli.operator import Who, speaking
from chainfin.cli.party import DEFAULT_URL, Url
from chainfin.errors import BadInput

File = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="camt.053, camt.054 or pain.002, as the bank sent it.")
]


def take_in(who: Who, file: File, url: Url = DEFAULT_URL) -> None:
    """Take a bank's file in. Exit code 1: something of it is parked, or a statement doesn't follow the one before."""
    try:
        document = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput("document_malformed", "the file is not UTF-8", where=str(file)) from None
    with speaking(url, who, "/v1/bank-files") as caller:
        made = caller.post("/v1/bank-files", {"name": file.name[:64], "document": document})
    typer.echo(json.dumps(made, ensure_ascii=False, indent=1))
    if made["parked"] or any(each["odd"] or each["difference"] for each in made["statements"]):
        raise typer.Exit(1)


def statements(who: Who, url: Url = DEFAULT_URL) -> None:
    """Print the first 200 statements that were taken in, with their balances, as JSON."""
    with speaking(url, who, "/v1/bank-statements") as caller:
        items = caller.get("/v1/bank-statements?limit=200")["items"]
    typer.echo(json.dumps(items, ensure_ascii=False, indent=1))
