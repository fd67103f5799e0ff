"""The auditor's commands: a loan's evidence, its verification offline, the reconciliation of the whole."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Annotated

import typer

from chainfin.cli.output import AsJson, read_file, reading, show
from chainfin.errors import BadInput
from chainfin.progress import shown

_HASH = re.compile(r"0x[0-9a-fA-F]{64}")


def bundle(
    loan: str, output: Annotated[Path | None, typer.Option("-o", "--output", help="Default: <loan>.json")] = None
) -> None:
    """Write a loan's evidence: everything that an auditor needs to check it offline."""
    from chainfin.audit.bundle import read
    from chainfin.audit.facts import heads
    from chainfin.services.kernel.context import OPERATOR
    from chainfin.services.oversight import evidence

    target = output or Path(f"{loan}.json")
    with reading() as opened, shown("collecting the evidence"):
        content = evidence.bundle(opened.ctx, OPERATOR, loan, opened.prover)
    target.write_bytes(content)
    typer.echo(f"{target}: {len(content)} bytes")
    # What an auditor looks up at a node of its own and hands to `verify --trusted-header`.
    for number, head in heads(read(content)[0].chain):
        typer.echo(f"head block {number}: {head}")


def verify(
    file: Path,
    trusted_header: Annotated[
        list[str] | None, typer.Option(help="Hash of a head block, from a node of your own. May be repeated.")
    ] = None,
    partner_key: Annotated[
        list[str] | None, typer.Option(help="Ed25519 key of the bank, registry or data partner, in hex.")
    ] = None,
    contracts: Annotated[
        Path | None, typer.Option(help="What `contracts deploy --json` printed: addresses and code hashes to trust.")
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Every check, not only what is wrong.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check a bundle offline. Exit code 1 names what is wrong in it."""
    from chainfin.audit import cli_view
    from chainfin.audit import verify as verifier

    trusted = [header.lower() for header in trusted_header or ()]
    for header in trusted:
        if not _HASH.fullmatch(header):
            raise BadInput("hash_malformed", f"{header!r} is no hash of a block (0x and 64 hex digits)")
    addresses, code = _contracts(contracts)
    with shown("checking the evidence", quiet=as_json):
        report = verifier.verify(read_file(file), trusted, partner_key or (), addresses, code)
    if as_json:
        show(cli_view.report_json(report), True)
    else:
        for line in cli_view.report_lines(report, verbose=verbose):
            typer.echo(line)
    raise typer.Exit(cli_view.exit_code(report))


def _contracts(file: Path | None) -> tuple[dict[str, str] | None, dict[str, str] | None]:
    """Raises BadInput deployment_malformed."""
    if file is None:
        return None, None
    try:
        reply = json.loads(read_file(file))
        return dict(reply["addresses"]), dict(reply["code_hashes"])
    except (ValueError, KeyError, TypeError):
        raise BadInput("deployment_malformed", "not what `contracts deploy --json` prints", where=str(file)) from None


def replay(file: Path, as_json: AsJson = False) -> None:
    """Take the decision in a bundle again, from its inputs and its policy. Exit code 1 where it differs."""
    from chainfin.audit import cli_view
    from chainfin.audit.replay import replay_bundle

    with shown("taking the decision again", quiet=as_json):
        result = replay_bundle(read_file(file))
    if as_json:
        show(cli_view.replay_json(result), True)
    else:
        for line in cli_view.replay_lines(result):
            typer.echo(line)
    raise typer.Exit(0 if result.ok else 1)


def reconcile(as_json: AsJson = False) -> None:
    """Hold chain, statutory registry, projection and ledger against each other. Exit code 1 names every mismatch."""
    from chainfin.services.kernel.context import OPERATOR

    with reading() as opened, shown("comparing", quiet=as_json) as step:
        done = opened.reconcile(OPERATOR, step)
    show(dataclasses.asdict(done), as_json)
    raise typer.Exit(1 if done.mismatches else 0)
