"""The operator's commands against a running service: who may do new business, and which kinds of acts may be begun."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from chainfin.cli.party import DEFAULT_URL, WATCH_S, Url, signed_in
from chainfin.client.member import PATIENCE_S, ApiProblem, Caller, Member
from chainfin.errors import BadInput, Unavailable

Who = Annotated[Path, typer.Argument(help="operator.json, or the operator's key file.")]
Party = Annotated[str, typer.Argument(metavar="PARTICIPANT", help="Its id (pty_…).")]
Reason = Annotated[
    str, typer.Option(help="Why: for the participant, the operator and auditors; nothing goes on chain.")
]
Kinds = Annotated[
    list[str] | None,
    typer.Option(help="admit, order, issue, confirm, transfer, receipt or pledge. May be repeated."),
]


def suspend(who: Who, participant: Party, reason: Reason, url: Url = DEFAULT_URL) -> None:
    """Stop a participant's new business, and wait until the chain knows. What it owes and is owed goes on."""
    _asked(url, who, f"/v1/participants/{participant}/suspend", {"reason": reason})


def resume(who: Who, participant: Party, reason: Reason, url: Url = DEFAULT_URL) -> None:
    """Let a suspended participant do business again, and wait until the chain knows."""
    _asked(url, who, f"/v1/participants/{participant}/resume", {"reason": reason})


def pause(who: Who, reason: Reason, stop: Kinds = None, go: Kinds = None, url: Url = DEFAULT_URL) -> None:
    """Stop new acts of some kinds, let others go on, and wait until the chain knows. Exits can't be stopped."""
    _asked(url, who, "/v1/pauses", {"pause": stop or [], "resume": go or [], "reason": reason})


def _asked(url: str, who: Path, path: str, body: dict[str, Any]) -> None:
    """Prints the act as it ended. Exit code 1: the chain refused it, or it isn't final yet."""
    with httpx.Client(base_url=url, timeout=60.0, trust_env=False) as http:
        try:
            caller = signed_in(http, who)
            act = _ended(caller, caller.post(path, body))
        except httpx.TransportError as error:
            raise Unavailable("service_unreachable", f"{url} doesn't answer: {error}", where=url) from None
        except ApiProblem as problem:
            raise BadInput(problem.code, problem.message, where=path) from None
    typer.echo(json.dumps({name: act[name] for name in ("id", "function", "subject", "status", "error")}, indent=1))
    if act["status"] != "final":
        raise typer.Exit(1)


def _ended(caller: Caller, act: dict[str, Any]) -> dict[str, Any]:
    """The act with its end, or as it is when patience is over; signed first where the operator's key is here."""
    if isinstance(caller, Member) and act["status"] == "awaiting_signature":
        act = caller.post(f"/v1/acts/{act['id']}/signature", {"signature": caller.signature(act["typed_data"])})
    end = time.monotonic() + PATIENCE_S
    while act["status"] == "signed" and time.monotonic() < end:
        time.sleep(WATCH_S)
        act = caller.get(f"/v1/acts/{act['id']}")
    return act
