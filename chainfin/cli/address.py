"""Where a command finds the service."""

from __future__ import annotations

import os
from typing import Annotated

import typer

PORT = "8310"
"""Of a service whose CHAINFIN_PORT isn't set. Read here and not by `settings`, which takes long to load."""


def here() -> str:
    """The service on this machine, at the port that CHAINFIN_PORT gives it."""
    return f"http://127.0.0.1:{os.environ.get('CHAINFIN_PORT') or PORT}"


Url = Annotated[
    str,
    typer.Option(
        envvar="CHAINFIN_URL",
        default_factory=here,
        show_default=f"this machine at CHAINFIN_PORT, http://127.0.0.1:{PORT}",
        help="Where the service answers.",
    ),
]
