"""The service and its surroundings: serve, worker, demo, end of day, database, contracts, what describes them."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chainfin.cli.address import Url
from chainfin.cli.output import AsJson, log_warnings, reading, show
from chainfin.errors import BadInput
from chainfin.progress import shown

if TYPE_CHECKING:
    from socket import socket

    from chainfin.runtime.installation import Installation


def demo(
    documents: Annotated[Path | None, typer.Option(help="Play a folder of real UBL documents instead.")] = None,
    home: Annotated[Path | None, typer.Option(help="Keep the installation in this empty folder.")] = None,
    as_json: AsJson = False,
) -> None:
    """Play the main job on a fresh embedded installation: from an order to an audited loan."""
    from rich.console import Console

    from chainfin.demo.folder import play_documents
    from chainfin.demo.play import play

    log_warnings()
    console = Console(stderr=as_json)
    if documents is None:
        facts = play(console, home=home)
    else:
        facts = play_documents(console, documents, home=home, quiet=as_json)
    if as_json:
        show(facts, True)


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


def second_person(
    name: Annotated[str, typer.Option(help="The person's name; it is sealed.")],
    to: Annotated[Path, typer.Option("--to", help="Where its credentials are written (mode 0600).")],
) -> None:
    """Make the operator's second person: part of the set-up, by whoever holds the machine."""
    from api.serve import write_credentials
    from chainfin.services.parties import persons
    from chainfin.services.parties.signin import SignIn

    if to.exists():
        raise BadInput("credentials_file_exists", f"{to} exists: name another file", where="--to")
    with reading() as opened:
        made = persons.second_of_operator(opened.ctx, SignIn(opened.ctx), name=name)
    write_credentials(to, made)
    typer.echo(f"{made.client.person_id}: credentials in {to}")


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


def database_upgrade() -> None:
    """Bring the database to this program's schema."""
    from chainfin.settings import load
    from chainfin.storage.store import Store

    log_warnings()
    store = Store(load().database_url)
    try:
        with shown("upgrading the database"):
            store.upgrade()
        store.check_schema()
    finally:
        store.close()
    typer.echo("the schema is up to date")


def contracts_deploy(as_json: AsJson = False) -> None:
    """Deploy the contracts to the configured chain, or recognise those that are there."""
    from chainfin.runtime.installation import Installation
    from chainfin.settings import load

    log_warnings()
    with Installation(load(), drive=False) as installation:
        show(installation.deployment.as_json(), as_json)


def contracts_roles(
    participant: Annotated[str, typer.Argument(metavar="PARTICIPANT", help="Its id (pty_…).")],
    roles: Annotated[list[str], typer.Argument(metavar="ROLE...", help="All that it has from then on: core, lined …")],
    as_json: AsJson = False,
) -> None:
    """Give a participant other roles: announced on chain when it is said first, done when it is said again two days
    later. By the operator's own key, on the machine of the service; an embedded chain's service is stopped for it."""
    from chainfin.chain.governance import Governing
    from chainfin.errors import Conflict
    from chainfin.runtime.installation import Installation
    from chainfin.services.kernel import custody
    from chainfin.services.kernel.context import OPERATOR
    from chainfin.services.parties import admission
    from chainfin.settings import load
    from chainfin.values.party import role_names, roles_from_names

    log_warnings()
    wanted = roles_from_names(roles)
    with Installation(load(), drive=False) as installation:
        ctx = installation.ctx
        party = admission.get(ctx, OPERATOR, participant)
        if party.chain_party is None:
            raise Conflict("party_not_admitted", f"{participant} is {party.status}: its admission is corrected")
        if party.roles == wanted:
            raise Conflict("roles_unchanged", f"{participant} has these roles")
        with ctx.store.read() as session:
            operator = custody.own_signer(session, ctx.vault, ctx.operator_address)
        governing = Governing(installation.node, installation.deployment.addresses, operator)
        params = {"party": party.chain_party, "roles": int(wanted)}
        change = governing.announce_or_do("Participants", "setRoles", params, now=ctx.clock.now())
    show(
        {
            "participant": participant,
            "roles": role_names(wanted),
            "status": "done" if change.done else "announced: say it again once it is due",
            "due": change.due.isoformat(),
        },
        as_json,
    )


def openapi_document(
    url: Url,
    postman: Annotated[
        bool, typer.Option("--postman", help="As a collection for Postman, Bruno and others that import one.")
    ] = False,
) -> None:
    """Print the OpenAPI document of the API, as /openapi.json has it; or a collection of requests made from it."""
    from api.app import describe
    from api.postman import collection

    show(collection(describe(), url) if postman else describe(), True)


def settings_reference() -> None:
    """Every CHAINFIN_ variable with its default and meaning, as Markdown (docs/operate/settings.md)."""
    from chainfin.settings import reference

    typer.echo(reference(), nl=False)
