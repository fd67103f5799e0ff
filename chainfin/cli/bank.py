"""The operator's bank files, and what a participant does at its own bank in a sandbox, against a running service."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from chainfin.cli.address import Url
from chainfin.cli.operator import Who, speaking
from chainfin.cli.party import Pick, print_answer
from chainfin.errors import BadInput

File = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="camt.053, camt.054 or pain.002, as the bank sent it.")
]


Why = Annotated[str, typer.Option("--reason", help="How the file came, for the person who approves.")]


def take_in(who: Who, file: File, reason: Why, url: Url) -> None:
    """Hand in a bank's file. Prints the proposal, with what the file says: another person, who compares that with the
    bank, approves it (`chainfin call KEY /v1/proposals/ID/approve reason=…`), and only then it takes effect."""
    with speaking(url, who, "/v1/bank-files") as caller:
        made = caller.post("/v1/bank-files", {**_document(file), "reason": reason})
    typer.echo(json.dumps(made, ensure_ascii=False, indent=1))


def compare(who: Who, file: File, url: Url) -> None:
    """Hold a bank's statement against the book; nothing is booked. Exit code 1: the two differ."""
    with speaking(url, who, "/v1/bank-files/comparison") as caller:
        found = caller.post("/v1/bank-files/comparison", _document(file))
    typer.echo(json.dumps(found, ensure_ascii=False, indent=1))
    if any(each["not_in_book"] or each["not_on_it"] for each in found["compared"]):
        raise typer.Exit(1)


def _document(file: Path) -> dict[str, str]:
    try:
        return {"name": file.name[:64], "document": file.read_bytes().decode("utf-8-sig")}
    except UnicodeDecodeError:
        raise BadInput("document_malformed", "the file is not UTF-8", where=str(file)) from None


def statements(who: Who, url: Url) -> None:
    """Print the first 200 statements that were taken in, with their balances, as JSON."""
    with speaking(url, who, "/v1/bank-statements") as caller:
        items = caller.get("/v1/bank-statements?limit=200")["items"]
    typer.echo(json.dumps(items, ensure_ascii=False, indent=1))


Key = Annotated[Path, typer.Argument(help="Your key file: the payer is you.")]


def pay(
    who: Key,
    loan: Annotated[str, typer.Option(help="Repay this loan, as its instruction says.")] = "",
    receivable: Annotated[str, typer.Option(help="Pay this receivable, as its instruction says.")] = "",
    amount: Annotated[str, typer.Option(help="By default all that the loan or the receivable takes.")] = "",
    currency: Annotated[str, typer.Option(help="By default that of the loan or the receivable.")] = "",
    account: Annotated[str, typer.Option(help="Another account to pay to.")] = "",
    reference: Annotated[str, typer.Option(help="What to write on the payment.")] = "",
    pick: Pick = "",
    *,
    url: Url,
) -> None:
    """In a sandbox: tell your bank to pay; the service hears of it by the bank's feed. Prints the bank's line."""
    if loan and receivable:
        raise BadInput("payment_for_two_claims", "a payment is for one claim", where="--loan, --receivable")
    body: dict[str, Any] = {"account": "", "reference": "", "amount": {"amount": "", "currency": ""}}
    with speaking(url, who, "/v1/sandbox/payments") as caller:
        if loan:
            how = caller.post(f"/v1/loans/{loan}/repayments")
            body = {"account": how["account"], "reference": how["reference"], "amount": how["amount"]}
        elif receivable:
            how = caller.get(f"/v1/receivables/{receivable}/payment")
            due = {"amount": how["amount"], "currency": how["currency"]}
            body = {"account": how["account"], "reference": how["reference"], "amount": due}
        _change(body, account=account, reference=reference)
        _change(body["amount"], amount=amount, currency=currency)
        for name, value in (*body["amount"].items(), *body.items()):
            if not value:
                raise BadInput("payment_incomplete", f"there is no {name}, and no claim that tells it", where=name)
        made = caller.post("/v1/sandbox/payments", body)
    print_answer(made, pick)


def _change(how: dict[str, Any], **given: str) -> None:
    how |= {name: value for name, value in given.items() if value}


def statement(who: Key, url: Url) -> None:
    """In a sandbox: print what was paid to and from your account, the newest 200 lines, as JSON."""
    with speaking(url, who, "/v1/sandbox/statement") as caller:
        seen = caller.get("/v1/sandbox/statement")
    typer.echo(json.dumps(seen, ensure_ascii=False, indent=1))
