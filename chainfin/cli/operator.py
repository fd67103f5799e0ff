"""The operator's commands against a running service: who may do new business, which kinds of acts may be begun, and
what was parked."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from chainfin.cli.address import Url
from chainfin.cli.party import WATCH_S, blamed_on, post, signed_in
from chainfin.client.calls import PATIENCE_S
from chainfin.client.client import Client
from chainfin.client.operation import untyped

Who = Annotated[Path, typer.Argument(help="operator.json, or the operator's key file.")]
Party = Annotated[str, typer.Argument(metavar="PARTICIPANT", help="Its id (pty_…).")]
Reason = Annotated[
    str, typer.Option(help="Why: for the participant, the operator and auditors; nothing goes on chain.")
]
Item = Annotated[str, typer.Argument(metavar="ITEM", help="Its id (park_…).")]
Resolution = Annotated[str, typer.Option("--reason", help="What was done about it.")]
Claim = Annotated[str, typer.Argument(metavar="KIND", help="loan, receivable or buy_back.")]
Target = Annotated[str, typer.Argument(metavar="CLAIM", help="Id of the loan, receivable or pledge.")]
Status = Annotated[str, typer.Option(help="open, retried or resolved.")]
Kinds = Annotated[
    list[str] | None,
    typer.Option(help="admit, order, issue, confirm, transfer, receipt or pledge. May be repeated."),
]


def suspend(who: Who, participant: Party, reason: Reason, url: Url) -> None:
    """Stop a participant's new business, and wait until the chain knows. What it owes and is owed goes on."""
    _asked(url, who, f"/v1/participants/{participant}/suspend", {"reason": reason})


def resume(who: Who, participant: Party, reason: Reason, url: Url) -> None:
    """Let a suspended participant do business again, and wait until the chain knows."""
    _asked(url, who, f"/v1/participants/{participant}/resume", {"reason": reason})


def pause(who: Who, reason: Reason, stop: Kinds = None, go: Kinds = None, *, url: Url) -> None:
    """Stop new acts of some kinds, let others go on, and wait until the chain knows. Exits can't be stopped."""
    _asked(url, who, "/v1/pauses", {"pause": stop or [], "resume": go or [], "reason": reason})


def parked_list(who: Who, status: Status = "open", *, url: Url) -> None:
    """Print what is parked, the oldest first, as JSON."""
    with speaking(url, who, "/v1/parked") as caller:
        items = caller.every(untyped("GET", "/v1/parked", {"status": status}, None))
    typer.echo(json.dumps(items, ensure_ascii=False, indent=1))


def parked_retry(who: Who, item: Item, url: Url) -> None:
    """Take a parked item in again. Exit code 1: it still can't be, and stays open with the reason."""
    _closed(url, who, f"/v1/parked/{item}/retry", {})


def parked_resolve(who: Who, item: Item, reason: Resolution, url: Url) -> None:
    """Close a parked item that was dealt with elsewhere. Nothing is taken in."""
    _closed(url, who, f"/v1/parked/{item}/resolve", {"reason": reason})


def parked_allocate(who: Who, item: Item, kind: Claim, target: Target, reason: Resolution, url: Url) -> None:
    """Say for which claim a parked payment is; another person approves the proposal that is printed."""
    path = f"/v1/parked/{item}/allocation"
    with speaking(url, who, path) as caller:
        made = caller.post(path, {"kind": kind, "id": target, "reason": reason})
    typer.echo(json.dumps({name: made[name] for name in ("id", "kind", "status", "payload")}, indent=1))


def parked_return(who: Who, item: Item, reason: Resolution, url: Url) -> None:
    """Send a parked payment back to the account that it came from."""
    _closed(url, who, f"/v1/parked/{item}/return", {"reason": reason})


def _closed(url: str, who: Path, path: str, body: dict[str, Any]) -> None:
    with speaking(url, who, path) as caller:
        item = caller.post(path, body)
    typer.echo(json.dumps({name: item[name] for name in ("id", "status", "reason", "detail", "attempts")}, indent=1))
    if item["status"] == "open":
        raise typer.Exit(1)


@contextmanager
def speaking(url: str, who: Path, path: str) -> Iterator[Client]:
    """Signed in. Raises Unavailable service_unreachable; BadInput with the code of a refusal."""
    with blamed_on(path), signed_in(url, who) as caller:
        yield caller


def _asked(url: str, who: Path, path: str, body: dict[str, Any]) -> None:
    """Prints the act as it ended. Exit code 1: the chain refused it, or it isn't final yet."""
    with speaking(url, who, path) as caller:
        act = _ended(caller, post(caller, path, body))
    typer.echo(json.dumps({name: act[name] for name in ("id", "function", "subject", "status", "error")}, indent=1))
    if act["status"] != "final":
        raise typer.Exit(1)


def _ended(caller: Client, act: dict[str, Any]) -> dict[str, Any]:
    """The act with its end, or as it is when patience is over."""
    end = time.monotonic() + PATIENCE_S
    while act["status"] == "signed" and time.monotonic() < end:
        time.sleep(WATCH_S)
        act = caller.get(f"/v1/acts/{act['id']}")
    return act
