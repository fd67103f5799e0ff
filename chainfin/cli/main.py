"""The command line. Exit codes: 0 done; 1 a check failed or a part outside doesn't answer (what was found is printed);
2 bad usage or input (one line that says what and where).

A call starts fast because of what it doesn't load: a command's module is imported when that command is called.
"""

from __future__ import annotations

import os
import sys
import warnings

import typer

from chainfin.cli.lazy import Entry, group
from chainfin.cli.output import printable
from chainfin.errors import ChainfinError, Unavailable, Unknown

app = group(
    "Supply-chain finance on a chain that anyone can verify.",
    {
        "demo": Entry("service", "demo", "Play the main job on a fresh embedded installation, order to audited loan."),
        "try": Entry("tryout", "tryout", "Invented companies to play with: their documents, keys, and --join."),
        "call": Entry("party", "call", "Call the API as somebody, and sign what comes back."),
        "sign": Entry("party", "sign", "Sign every act that waits for you."),
        "confirm": Entry("party", "confirm", "Confirm what you owe (确权), on your own copy of the invoice."),
        "consent": Entry("party", "consent", "Agree, with your key, to be admitted."),
        "token": Entry("party", "token", "Sign in and print the bearer token, for curl and other clients."),
        "serve": Entry("service", "serve", "Run the service: API, drivers, embedded chain and database."),
        "worker": Entry("service", "worker", "Run the drivers alone, beside API processes on the same database."),
        "second-person": Entry("service", "second_person", "Make the operator's second person, with its credentials."),
        "backup": Entry("safe_keeping", "backup", "Save database, keys and what is embedded, beside the service."),
        "restore": Entry("safe_keeping", "restore", "Make an installation again from a backup."),
        "eod": Entry("service", "eod", "End of day: accrue all running loans. Run twice, it posts once."),
        "pause": Entry("operator", "pause", "Stop new acts of some kinds, let others go on (operator)."),
        "openapi": Entry("service", "openapi_document", "Print the OpenAPI document of the API."),
    },
)
app.add_typer(
    group("A participant's own key.", {"new": Entry("party", "key_new", "Make a key and print its address.")}),
    name="key",
)
app.add_typer(
    group(
        "A bank's files (operator); in a sandbox, your own bank.",
        {
            "take-in": Entry("bank", "take_in", "Hand in a bank's file, for another person to approve."),
            "compare": Entry("bank", "compare", "Hold a bank's statement against the book; nothing is booked."),
            "statements": Entry("bank", "statements", "The statements that were taken in, with their balances."),
            "pay": Entry("bank", "pay", "In a sandbox: tell your bank to pay."),
            "statement": Entry("bank", "statement", "In a sandbox: what was paid to and from your account."),
        },
    ),
    name="bank",
)
app.add_typer(
    group(
        "Whether a participant may do new business (operator).",
        {
            "suspend": Entry("operator", "suspend", "Stop a participant's new business."),
            "resume": Entry("operator", "resume", "Let a suspended participant do business again."),
        },
    ),
    name="participant",
)
app.add_typer(
    group(
        "What could not be understood or applied and was put aside.",
        {
            "list": Entry("operator", "parked_list", "What is parked, the oldest first."),
            "retry": Entry("operator", "parked_retry", "Take a parked item in again."),
            "resolve": Entry("operator", "parked_resolve", "Close a parked item that was dealt with elsewhere."),
            "allocate": Entry("operator", "parked_allocate", "Say for which claim a parked payment is."),
            "return": Entry("operator", "parked_return", "Send a parked payment back to where it came from."),
        },
    ),
    name="parked",
)
app.add_typer(
    group(
        "Evidence bundles, their verification, reconciliation.",
        {
            "bundle": Entry("audit", "bundle", "Write a loan's evidence to a file."),
            "verify": Entry("audit", "verify", "Check a bundle offline; exit code 1 names what is wrong."),
            "replay": Entry("audit", "replay", "Take the decision in a bundle again."),
            "reconcile": Entry("audit", "reconcile", "Hold chain, registry, projection and ledger side by side."),
        },
    ),
    name="audit",
)
app.add_typer(
    group(
        "Read trade documents (UBL, CII, PDF that carries one) and commit to them.",
        {
            "show": Entry("documents", "show_document", "Read a document and say what it says."),
            "check": Entry("documents", "check_documents", "Read many: what each is, or what is wrong with it."),
            "commit": Entry("documents", "commit_document", "The salted commitment to a document."),
        },
    ),
    name="documents",
)
app.add_typer(
    group(
        "Policies and scorecards.",
        {
            "policies": Entry("risk", "policies", "The policies in this version, with their hashes."),
            "train": Entry("risk", "train", "Fit a points scorecard to past cases."),
            "evaluate": Entry("risk", "evaluate", "Judge a card on cases that it hasn't seen."),
        },
    ),
    name="risk",
)
app.add_typer(
    group("The database.", {"upgrade": Entry("service", "database_upgrade", "Bring it to this program's schema.")}),
    name="db",
)
app.add_typer(
    group(
        "The contracts.",
        {
            "deploy": Entry("service", "contracts_deploy", "Deploy them, or recognise them."),
            "roles": Entry("service", "contracts_roles", "Give a participant other roles, two days after it was said."),
        },
    ),
    name="contracts",
)
app.add_typer(
    group(
        "What the environment sets.",
        {"reference": Entry("service", "settings_reference", "Every CHAINFIN_ variable, as Markdown.")},
    ),
    name="settings",
)


@app.callback()
def _one_voice() -> None:
    """Supply-chain finance on a chain that anyone can verify."""


def _warn(message: Warning | str, *_where: object, **_more: object) -> None:
    """What is worth knowing, in one line; where in the program it was said is nothing to its users."""
    typer.echo(f"chainfin: {message}", err=True)


def main() -> None:
    """Run a command; errors become one line on stderr and an exit code."""
    # The libraries of the embedded chain hash by what eth-hash chooses at its first use, which would be its slowest.
    os.environ.setdefault("ETH_HASH_BACKEND", "pysha3")
    # httpx has a command line of its own; without it, it doesn't load what that one draws with: a third of all that a
    # call waits for. None stands for "can't be imported" (importlib), for which httpx is prepared.
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
    warnings.showwarning = _warn
    try:
        app(standalone_mode=True)
    except ChainfinError as error:
        more = "; where it answers is said by --url or CHAINFIN_URL" if error.code == "service_unreachable" else ""
        typer.echo(f"chainfin: {printable(str(error))}{more}", err=True)
        sys.exit(1 if isinstance(error, Unavailable | Unknown) else 2)
