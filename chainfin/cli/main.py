"""The command line. Exit codes: 0 done; 1 a check failed or a part outside doesn't answer (what was found is printed);
2 bad usage or input (one line that says what and where)."""

from __future__ import annotations

import os
import sys
import warnings
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from chainfin.cli import audit, bank, operator, party, risk, tryout
from chainfin.cli.output import AsJson, read_file, reading, show
from chainfin.errors import BadInput, ChainfinError, Unavailable, Unknown
from chainfin.progress import shown

if TYPE_CHECKING:
    from socket import socket

    from chainfin.runtime.installation import Installation

app = typer.Typer(name="chainfin", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
documents_app = typer.Typer(no_args_is_help=True, help="Read trade documents (UBL 2.x) and commit to them.")
audit_app = typer.Typer(no_args_is_help=True, help="Evidence bundles, their verification, reconciliation.")
database_app = typer.Typer(no_args_is_help=True, help="The database.")
contracts_app = typer.Typer(no_args_is_help=True, help="The contracts.")
risk_app = typer.Typer(no_args_is_help=True, help="Policies and scorecards.")
settings_app = typer.Typer(no_args_is_help=True, help="What the environment sets.")
for _name, _sub in (
    ("documents", documents_app),
    ("audit", audit_app),
    ("db", database_app),
    ("contracts", contracts_app),
    ("risk", risk_app),
    ("settings", settings_app),
):
    app.add_typer(_sub, name=_name)

audit_app.command("bundle")(audit.bundle)
audit_app.command("verify")(audit.verify)
audit_app.command("replay")(audit.replay)
audit_app.command("reconcile")(audit.reconcile)

key_app = typer.Typer(no_args_is_help=True, help="A participant's own key.")
app.add_typer(key_app, name="key")
key_app.command("new")(party.key_new)
app.command("consent")(party.consent)
app.command("call")(party.call)
app.command("token")(party.token)
app.command("try")(tryout.tryout)
app.command("sign")(party.sign)
app.command("confirm")(party.confirm)
participant_app = typer.Typer(no_args_is_help=True, help="Whether a participant may do new business (operator).")
app.add_typer(participant_app, name="participant")
participant_app.command("suspend")(operator.suspend)
participant_app.command("resume")(operator.resume)
app.command("pause")(operator.pause)
parked_app = typer.Typer(no_args_is_help=True, help="What could not be understood or applied and was put aside.")
app.add_typer(parked_app, name="parked")
parked_app.command("list")(operator.parked_list)
parked_app.command("retry")(operator.parked_retry)
parked_app.command("resolve")(operator.parked_resolve)
parked_app.command("allocate")(operator.parked_allocate)
parked_app.command("return")(operator.parked_return)

bank_app = typer.Typer(no_args_is_help=True, help="A bank's files (operator); in a sandbox, your own bank.")
app.add_typer(bank_app, name="bank")
bank_app.command("take-in")(bank.take_in)
bank_app.command("statements")(bank.statements)
bank_app.command("pay")(bank.pay)
bank_app.command("statement")(bank.statement)


@app.callback()
def _one_voice() -> None:
    """Supply-chain finance on a chain that anyone can verify."""
    import os

    from chainfin.runtime import log_setup

    # commands print their result on stdout; what is logged beside it goes to stderr, and only if it is a warning
    log_setup.configure(
        os.environ.get("CHAINFIN_LOG_FORMAT") or None, os.environ.get("CHAINFIN_LOG_LEVEL") or "warning"
    )


@app.command()
def demo(
    documents: Annotated[Path | None, typer.Option(help="Play a folder of real UBL documents instead.")] = None,
    home: Annotated[Path | None, typer.Option(help="Keep the installation in this empty folder.")] = None,
    as_json: AsJson = False,
) -> None:
    """Play the main job on a fresh embedded installation: from an order to an audited loan."""
    from chainfin.demo.folder import play_documents
    from chainfin.demo.play import play

    console = Console(stderr=as_json)
    if documents is None:
        facts = play(console, home=home)
    else:
        facts = play_documents(console, documents, home=home, quiet=as_json)
    if as_json:
        show(facts, True)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="CHAINFIN_HOST, default 127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="CHAINFIN_PORT, default 8310")] = None,
) -> None:
    """Run the service: API, drivers, embedded chain and database; what a crash left under way goes on."""
    from api.serve import listen
    from chainfin.runtime import log_setup
    from chainfin.runtime.installation import Installation
    from chainfin.settings import load

    _end_in_order()
    settings = load()
    log_setup.configure(settings.log_format, settings.log_level)
    with listen(host or settings.host, settings.port if port is None else port) as listening:
        where = "an embedded chain" if settings.chain_url is None else "the chain that is set"
        typer.echo(f"starting in {settings.home} with {where}: database, contracts and drivers …", err=True)
        with Installation(settings) as installation:
            _serve(installation, listening)


def _serve(installation: Installation, listening: socket) -> None:
    from api.serve import Server, operator_credentials

    server = Server(installation, listening)
    credentials = operator_credentials(installation.settings.home, server.signin)
    head = installation.node.head()
    typer.echo(f"chainfin serves {server.url} (chain {installation.ctx.chain_id}, block {head.number})")
    typer.echo(f"the operator's credentials: {credentials}")
    sys.stdout.flush()
    server.run()


def _end_in_order() -> None:
    """Being told to stop is no failure: what is in hand is seen through, and the exit code is 0."""
    import signal

    def leave(_number: int, _frame: object) -> None:
        raise SystemExit(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)


@app.command()
def worker() -> None:
    """Run the drivers alone (chain, partners, incoming payments), beside API processes on the same database."""
    import threading

    from chainfin.runtime import log_setup
    from chainfin.runtime.installation import Installation
    from chainfin.settings import load

    _end_in_order()
    settings = load()
    log_setup.configure(settings.log_format, settings.log_level)
    with Installation(settings) as installation:
        typer.echo(f"drivers run on chain {installation.ctx.chain_id}")
        sys.stdout.flush()
        threading.Event().wait()


@app.command()
def eod(
    on: Annotated[str, typer.Option("--date", help="Business date, YYYY-MM-DD.")],
    as_json: AsJson = False,
) -> None:
    """End of day: accrue all running loans. Run twice, it posts once."""
    from chainfin.services.kernel.context import OPERATOR
    from chainfin.services.lending import end_of_day

    day = _date(on, "--date")
    with reading() as opened, shown("accruing loans", quiet=as_json) as step:
        done = end_of_day.run(opened.ctx, OPERATOR, day, step)
    show(
        {
            "business_date": done.business_date.isoformat(),
            "loans": done.loans,
            "journals": done.journals,
            "unchecked": dict(done.unchecked),
            "repeated": done.repeated,
        },
        as_json,
    )


def _date(text: str, where: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput("date_malformed", f"{text!r} is not a date (YYYY-MM-DD)", where=where) from None


@documents_app.command("show")
def documents_show(file: Path, as_json: AsJson = False) -> None:
    """Read a document and say what it says."""
    from chainfin.documents import read
    from chainfin.documents.show import summary

    show(summary(read(read_file(file), source=str(file))), as_json)


@documents_app.command("commit")
def documents_commit(
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


@database_app.command("upgrade")
def database_upgrade() -> None:
    """Bring the database to this program's schema."""
    from chainfin.settings import load
    from chainfin.storage.store import Store

    store = Store(load().database_url)
    try:
        with shown("upgrading the database"):
            store.upgrade()
        store.check_schema()
    finally:
        store.close()
    typer.echo("the schema is up to date")


@contracts_app.command("deploy")
def contracts_deploy(as_json: AsJson = False) -> None:
    """Deploy the contracts to the configured chain, or recognise those that are there."""
    from chainfin.runtime.installation import Installation
    from chainfin.settings import load

    with Installation(load(), drive=False) as installation:
        show(installation.deployment.as_json(), as_json)


@app.command("openapi")
def openapi_document() -> None:
    """Print the OpenAPI document of the API, as /openapi.json has it."""
    from api.app import describe

    show(describe(), True)


@settings_app.command("reference")
def settings_reference() -> None:
    """Every CHAINFIN_ variable with its default and meaning, as Markdown (docs/operate/settings.md)."""
    from chainfin.settings import reference

    typer.echo(reference(), nl=False)


@risk_app.command("policies")
def risk_policies(as_json: AsJson = False) -> None:
    """The policies in this version, with the hashes that decision records name."""
    from chainfin.risk.policy import load_policy, policy_ids

    show({name: load_policy(name).hash for name in policy_ids()}, as_json)


risk_app.command("train")(risk.train)
risk_app.command("evaluate")(risk.evaluate)


def _warn(message: Warning | str, *_where: object, **_more: object) -> None:
    """What is worth knowing, in one line; where in the program it was said is nothing to its users."""
    typer.echo(f"chainfin: {message}", err=True)


def main() -> None:
    """Run a command; errors become one line on stderr and an exit code."""
    # The libraries of the embedded chain hash by what eth-hash chooses at its first use, which would be its slowest.
    os.environ.setdefault("ETH_HASH_BACKEND", "pysha3")
    warnings.showwarning = _warn
    try:
        app(standalone_mode=True)
    except ChainfinError as error:
        typer.echo(f"chainfin: {error}", err=True)
        sys.exit(1 if isinstance(error, Unavailable | Unknown) else 2)
