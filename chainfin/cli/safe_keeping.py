"""`chainfin backup` and `chainfin restore`: an installation saved beside the running service, and made again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chainfin.cli.output import log_warnings
from chainfin.progress import shown


def backup(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
    key: Annotated[
        Path | None, typer.Option(help="Put the master key into this file, not into DIR: keep the two apart.")
    ] = None,
) -> None:
    """Save database, keys and what is embedded, as one moment left them; the service may go on running. On PostgreSQL
    by pg_dump."""
    from chainfin.runtime.backup import save
    from chainfin.settings import load

    log_warnings()
    with shown("saving"):
        saved = save(load(), folder, key)
    typer.echo(f"{folder}: {len(saved.files)} files, {sum(saved.files.values())} bytes, as of {saved.taken_at}")
    if key is not None:
        typer.echo(f"{key}: the master key; without it the backup opens nothing that is sealed")


def restore(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What `chainfin backup` wrote.")],
    key: Annotated[Path | None, typer.Option(help="The master key, where it was saved apart.")] = None,
) -> None:
    """Make an installation again in CHAINFIN_HOME (and CHAINFIN_DATABASE_URL), which must be empty. Nothing is written
    over; a backup that wasn't ended, or in which a byte is another, is refused."""
    from chainfin.runtime.backup import restore as bring_back
    from chainfin.settings import load

    log_warnings()
    settings = load()
    with shown("restoring"):
        found = bring_back(folder, settings, key)
    typer.echo(f"{settings.home}: as of {found.taken_at}; now: chainfin db upgrade, then chainfin audit reconcile")
