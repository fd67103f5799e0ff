"""`chainfin try`: companies to play with, and their way into a running sandbox."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from chainfin.cli.address import Url
from chainfin.cli.party import blamed_on, signed_in
from chainfin.client.client import Client


def tryout(
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="An empty folder, or (to join) one written before.")
    ] = Path("try"),
    join: Annotated[
        bool, typer.Option("--join", help="Let the companies join the sandbox that runs at --url, ready to trade.")
    ] = False,
    operator: Annotated[
        Path | None, typer.Option(help="The operator's credentials; by default operator.json in CHAINFIN_HOME.")
    ] = None,
    *,
    url: Url,
) -> None:
    """Write documents and test keys of invented companies; with --join they are admitted, and their lender can lend."""
    from chainfin.demo import try_folder, try_join
    from chainfin.settings import load

    settings = load()
    if not join:
        try_folder.write(folder, datetime.now(settings.time_zone).date())
        many = f"{len(try_folder.PLAYERS)} companies, {len(try_folder.SELLERS)} trades"
        typer.echo(f"{folder}: {many}, all of them invented")
        return
    credentials = operator or settings.home / "operator.json"
    with blamed_on(str(folder)), Client(url) as guest:
        try_join.await_sandbox(guest)
        with signed_in(url, credentials) as speaker:
            if not folder.exists() or not any(folder.iterdir()):
                try_folder.write(folder, try_join.business_day(speaker))
            ids = try_join.join(speaker, try_folder.keys(folder))
    names = {name.upper(): party_id for name, party_id in ids.items()}
    try_folder.write_names(folder, {**names, "OPERATOR": str(credentials), "CHAINFIN_URL": url})
    typer.echo(f"{len(ids)} companies have joined {url}; now: . {folder}/env")
