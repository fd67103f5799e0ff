"""The command line. Exit codes: 0 done; 1 a check failed or a part outside doesn't answer (what was found is printed);
2 bad usage or input (one line that says what and where)."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from chainfin.cli import bank, operator, party, risk, tryout
from chainfin.errors import BadInput, ChainfinError, Unavailable, Unknown
from chainfin.progress import shown

if TYPE_CHECKING:
    from chainfin.runtime.reading import Reading

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


AsJson = Annotated[bool, typer.Option("--json", help="Print data as JSON.")]


def show(data: Any, as_json: bool) -> None:
    """Data for a person (indented lines) or a program (JSON)."""
    if as_json:
        typer.echo(json.dumps(data, ensure_ascii=False, indent=1))
    else:
        _lines(data, 0)


def _lines(data: Any, depth: int) -> None:
    pairs = data.items() if isinstance(data, dict) else [("-", item) for item in data]
    for name, value in pairs:
        if isinstance(value, dict | list) and value:
            typer.echo(f"{'  ' * depth}{name}:")
            _lines(value, depth + 1)
        else:
            typer.echo(f"{'  ' * depth}{name}: {value}" if name != "-" else f"{'  ' * depth}- {value}")


def read_file(path: Path) -> bytes:
    """A file's bytes. Raises BadInput file_unreadable."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput("file_unreadable", str(error.strerror), where=str(path)) from None


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
    from api.serve import Server, operator_credentials
    from chainfin.runtime import log_setup
    from chainfin.runtime.installation import Installation
    from chainfin.settings import load

    _end_in_order()
    settings = load()
    log_setup.configure(settings.log_format, settings.log_level)
    with Installation(settings) as installation:
        server = Server(installation, host=host or settings.host, port=settings.port if port is None else port)
        credentials = operator_credentials(settings.home, server.signin)
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
    with _reading() as opened, shown("accruing loans", quiet=as_json) as step:
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


def _reading() -> Reading:
    """The installation to be read, beside (or without) a running service."""
    from chainfin.runtime.reading import Reading
    from chainfin.settings import load

    return Reading(load())


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


@audit_app.command("bundle")
def audit_bundle(
    loan: str, output: Annotated[Path | None, typer.Option("-o", "--output", help="Default: <loan>.json")] = None
) -> None:
    """Write a loan's evidence: everything that an auditor needs to check it offline."""
    from chainfin.audit.bundle import read
    from chainfin.audit.facts import heads
    from chainfin.services.kernel.context import OPERATOR
    from chainfin.services.oversight import evidence

    target = output or Path(f"{loan}.json")
    with _reading() as opened, shown("collecting the evidence"):
        content = evidence.bundle(opened.ctx, OPERATOR, loan, opened.prover)
    target.write_bytes(content)
    typer.echo(f"{target}: {len(content)} bytes")
    # What an auditor looks up at a node of its own and hands to `verify --trusted-header`.
    for number, head in heads(read(content)[0].chain):
        typer.echo(f"head block {number}: {head}")


@audit_app.command("verify")
def audit_verify(
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
    from chainfin.audit.verify import verify

    addresses, code = _contracts(contracts)
    with shown("checking the evidence", quiet=as_json):
        report = verify(read_file(file), trusted_header or (), partner_key or (), addresses, code)
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


@audit_app.command("replay")
def audit_replay(file: Path, as_json: AsJson = False) -> None:
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


@audit_app.command("reconcile")
def audit_reconcile(as_json: AsJson = False) -> None:
    """Hold chain, statutory registry, projection and ledger against each other. Exit code 1 names every mismatch."""
    from chainfin.services.kernel.context import OPERATOR

    with _reading() as opened, shown("comparing", quiet=as_json) as step:
        done = opened.reconcile(OPERATOR, step)
    show(dataclasses.asdict(done), as_json)
    raise typer.Exit(1 if done.mismatches else 0)


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


def main() -> None:
    """Run a command; errors become one line on stderr and an exit code."""
    # The libraries of the embedded chain hash by what eth-hash chooses at its first use, which would be its slowest.
    os.environ.setdefault("ETH_HASH_BACKEND", "pysha3")
    try:
        app(standalone_mode=True)
    except ChainfinError as error:
        typer.echo(f"chainfin: {error}", err=True)
        sys.exit(1 if isinstance(error, Unavailable | Unknown) else 2)
