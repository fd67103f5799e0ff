"""A participant's commands: a key of its own, and calls to the API that sign what has to be signed."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from chainfin.cli import fields
from chainfin.cli.address import Url
from chainfin.cli.output import read_file
from chainfin.client import key_file
from chainfin.client.calls import PATIENCE_S
from chainfin.client.client import Client
from chainfin.client.problem import ApiProblem
from chainfin.errors import BadInput, Refused, Unavailable, Unknown
from chainfin.eth.signer import KeySigner

Pick = Annotated[str, typer.Option(help="Print only this of the answer: status, order.id, items.0.id.")]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        envvar="CHAINFIN_KEY_PASSPHRASE_FILE",
        help="A file whose first line is the key file's passphrase; else CHAINFIN_KEY_PASSPHRASE, else you are asked.",
    ),
]


def key_new(
    file: Path,
    plain: Annotated[bool, typer.Option("--plain", help="Plain hex: for tests, or an encrypted disk.")] = False,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Make a key of your own (an encrypted keystore V3, mode 0600) and print its address for the operator."""
    signer = KeySigner.new()
    key_file.write(file, signer, None if plain else _passphrase(file, passphrase_file, new=True))
    typer.echo(signer.address)


def _passphrase(who: Path, file: Path | None, *, new: bool = False) -> str:
    """From the file, from CHAINFIN_KEY_PASSPHRASE, or asked for on the terminal.

    Raises BadInput file_unreadable, passphrase_needed.
    """
    if file is not None:
        try:
            return (file.read_text(encoding="utf-8").splitlines() or [""])[0]
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput("file_unreadable", str(error), where=str(file)) from None
    if (given := os.environ.get("CHAINFIN_KEY_PASSPHRASE")) is not None:
        return given
    if not sys.stdin.isatty():
        why = "nobody can be asked for the passphrase: set CHAINFIN_KEY_PASSPHRASE or --passphrase-file"
        raise BadInput("passphrase_needed", why, where=str(who))
    return str(typer.prompt(f"Passphrase of {who}", hide_input=True, confirmation_prompt=new, err=True))


def call(
    who: Annotated[Path, typer.Argument(help="Your key file, or operator.json.")],
    path: Annotated[str, typer.Argument(help="Such as /v1/orders; without anything to post it is read.")],
    field: Annotated[
        list[str] | None,
        typer.Argument(
            help="What to post: name=text, or name:=json; a dot leads into an object (amount.currency=CNY)."
        ),
    ] = None,
    body: Annotated[str | None, typer.Option("--json", help="The body to post, as JSON.")] = None,
    document: Annotated[Path | None, typer.Option(help="A trade document to post.")] = None,
    bare: Annotated[bool, typer.Option("--post", help="Post without a body.")] = False,
    pick: Pick = "",
    until: Annotated[str, typer.Option(help="Read again until it is so (status=funded), half a minute at most.")] = "",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Write what is read to a file, as it is.")
    ] = None,
    passphrase_file: PassphraseFile = None,
    *,
    url: Url,
) -> None:
    """Call the API as somebody: sign in, send, sign the act or the offer that comes back, wait until it is final."""
    posting = bool(field or body or document or bare)
    if posting and (until or output):
        raise BadInput("option_for_reading", "--until and --output are for what is read", where=path)
    if "//" in path or path.endswith("="):
        raise BadInput("path_incomplete", "a part of it is empty: is a variable not set in this shell?", where=path)
    try:
        with signed_in(url, who, passphrase_file) as caller:
            if output is not None:
                _write(output, caller.download(path))
                return
            if posting:
                answer = post(caller, path, fields.put(_body(body, document), field or []))
            else:
                answer = _read(caller, path, until)
    except ApiProblem as problem:
        typer.echo(json.dumps(problem.body or {"code": problem.code}, ensure_ascii=False, indent=1), err=True)
        raise typer.Exit(2) from None
    print_answer(answer, pick)


def _write(file: Path, content: bytes) -> None:
    """Raises BadInput file_unwritable."""
    try:
        file.write_bytes(content)
    except OSError as error:
        raise BadInput("file_unwritable", str(error.strerror), where=str(file)) from None


def _read(caller: Client, path: str, until: str) -> Any:
    """The answer, once it is as ``until`` says. Raises Unavailable patience_over."""
    name, equals, wanted = until.partition("=")
    if until and not equals:
        raise BadInput("field_malformed", f"{until!r} is not name=text", where="--until")
    end = time.monotonic() + PATIENCE_S
    while True:
        answer = caller.get(path)
        try:
            found = fields.shown(fields.pick(answer, name)) if until else ""
        except BadInput:
            found = "not there"
        if found == wanted:
            return answer
        if time.monotonic() > end:
            status = answer.get("status") if isinstance(answer, dict) else None
            for_whom = WAITS_FOR.get(str(status), "")
            raise Unavailable("patience_over", f"{name} is {found} after {PATIENCE_S:.0f} s{for_whom}", where=path)
        time.sleep(WATCH_S)


def token(
    who: Annotated[Path, typer.Argument(help="Your key file, or operator.json.")],
    passphrase_file: PassphraseFile = None,
    *,
    url: Url,
) -> None:
    """Sign in and print the bearer token, for curl and other clients; it is good for half an hour."""
    with blamed_on(str(who)), signed_in(url, who, passphrase_file) as caller:
        typer.echo(caller.token)


def _body(text: str | None, document: Path | None) -> dict[str, Any]:
    try:
        body = json.loads(text) if text else {}
    except ValueError as error:
        raise BadInput("json_malformed", str(error), where="--json") from None
    if not isinstance(body, dict):
        raise BadInput("json_malformed", "a body is a JSON object", where="--json")
    if document is not None:
        from chainfin.documents import as_text

        body["document"] = as_text(read_file(document))
    return body


def consent(
    who: Annotated[Path, typer.Argument(help="Your key file.")],
    admission: Annotated[Path, typer.Argument(help="What the operator's admission answered (JSON).")],
    passphrase_file: PassphraseFile = None,
    *,
    url: Url,
) -> None:
    """Agree, with your key, to be admitted. Until then nobody can act in your name, and neither can you."""
    try:
        asked = json.loads(admission.read_text())
    except (OSError, ValueError):
        asked = {}
    if not isinstance(asked, dict) or not isinstance(asked.get("consent"), dict) or "participant" not in asked:
        raise BadInput("admission_malformed", "not the answer to an admission", where=str(admission))
    with blamed_on(str(admission)), _with_key(url, who, passphrase_file) as member:
        typer.echo(member.consent(asked))


def sign(
    who: Annotated[Path, typer.Argument(help="Your key file.")],
    watch: Annotated[bool, typer.Option("--watch", help="Go on signing what comes, until interrupted.")] = False,
    passphrase_file: PassphraseFile = None,
    *,
    url: Url,
) -> None:
    """Sign every act that waits for you: a lender's pledges and releases, a bank's settlements. With --watch a service
    that goes away is waited for. Exit code 1: some were refused (each is named), the others are signed."""
    with _with_key(url, who, passphrase_file) as member:
        trouble, shown = "", set[str]()
        while True:
            try:
                member.sign_in()
                # A token lives half an hour; a watch signs in again well before.
                for _ in range(WATCH_ROUNDS if watch else 1):
                    signed, refused = _sign_waiting(member)
                    trouble = ""
                    if signed:
                        typer.echo(f"{signed} signed and final")
                    for each in refused - shown:
                        typer.echo(f"chainfin: not signed: {each}", err=True)
                    shown |= refused
                    if watch:
                        time.sleep(WATCH_S)
            except (Unavailable, Unknown, ApiProblem) as error:
                found = BadInput(error.code, error.message) if isinstance(error, ApiProblem) else error
                if not watch:
                    raise found from None
                if str(found) != trouble:
                    trouble = str(found)
                    typer.echo(f"chainfin: {trouble}; trying on", err=True)
                time.sleep(RETRY_S)
            if not watch and shown:
                raise typer.Exit(1)
            if not watch:
                return


def _sign_waiting(member: Client) -> tuple[int, set[str]]:
    """How many were signed, and in a line each what was refused."""
    try:
        return member.sign_waiting(), set()
    except Refused as error:
        if error.code != "acts_refused":
            raise
        line = "{function} of {subject} ({id}): {code}: {message}"
        refused: Any = error.details["refused"]
        return int(str(error.details["signed"])), {line.format_map(each) for each in refused}


def confirm(
    who: Annotated[Path, typer.Argument(help="Your key file.")],
    receivable_id: Annotated[str, typer.Argument(metavar="RECEIVABLE")],
    document: Annotated[Path, typer.Option(help="Your own copy of the invoice.")],
    seller: Annotated[str | None, typer.Option(help="The seller's USCC or LEI, where the invoice has another.")] = None,
    due: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day you agreed on, where the invoice names none.")
    ] = None,
    pick: Pick = "",
    passphrase_file: PassphraseFile = None,
    *,
    url: Url,
) -> None:
    """Confirm what you owe (确权), signed only if its id and document root are what your own copy of the invoice
    makes, its face no more than the invoice's, and its day the same."""
    try:
        invoice = document.read_bytes()
    except OSError as error:
        raise BadInput("file_unreadable", str(error.strerror), where=str(document)) from None
    with blamed_on(receivable_id), _with_key(url, who, passphrase_file) as member:
        member.sign_in()
        known = member.get(f"/v1/receivables/{receivable_id}")
        answer = member.confirm(known, invoice, seller=seller, due=None if due is None else due.date())
    print_answer(answer, pick)


def print_answer(answer: Any, pick: str) -> None:
    """The answer, or what of it is wanted."""
    typer.echo(fields.shown(fields.pick(answer, pick)) if pick else json.dumps(answer, ensure_ascii=False, indent=1))


RETRY_S = 1.0
"""Between two looks for a service that doesn't answer."""
WAITS_FOR = {
    "offered": ": the offer isn't accepted yet (… /accept --post)",
    "review": ": a person at the lender's decides (… /decision)",
    "registration": ": the statutory registry hasn't answered",
    "pledging": ": the lender hasn't signed the pledge (chainfin sign), or the chain hasn't taken it",
    "disbursing": ": the bank hasn't paid yet",
    "releasing": ": the lender hasn't signed the release (chainfin sign)",
}
"""What a thing in that state waits for, for who waits for it."""
WATCH_S = 0.2
WATCH_ROUNDS = 4500
"""A quarter of an hour."""


def _key(who: Path, passphrase_file: Path | None) -> KeySigner:
    return key_file.read(who, lambda: _passphrase(who, passphrase_file))


def _with_key(url: str, who: Path, passphrase_file: Path | None) -> Client:
    """Raises what `key_file.read` raises."""
    # under the name that the service goes by, where its URL here is another
    return Client(url, signer=_key(who, passphrase_file), domain=os.environ.get("CHAINFIN_DOMAIN"))


@contextmanager
def blamed_on(where: str) -> Iterator[None]:
    """What the API refuses is reported as a fault of ``where``: the file or id that the user gave. Raises BadInput with
    the API's code."""
    try:
        yield
    except ApiProblem as problem:
        raise BadInput(problem.code, problem.message, where=where) from None


def signed_in(url: str, who: Path, passphrase_file: Path | None = None) -> Client:
    """By client credentials (a JSON file) or by wallet (a key file). Raises BadInput file_unreadable,
    credentials_malformed, and what `key_file.read` raises."""
    try:
        text = who.read_text().strip()
    except OSError as error:
        raise BadInput("file_unreadable", str(error.strerror), where=str(who)) from None
    if text.startswith("{") and not key_file.is_keystore(text):
        caller = Client(url)
        caller.sign_in_as(*_credentials(text, who))
        return caller
    member = _with_key(url, who, passphrase_file)
    member.sign_in()
    return member


def _credentials(text: str, who: Path) -> tuple[str, str]:
    """Client id and secret, as the service printed them."""
    try:
        found = json.loads(text)
        return str(found["client_id"]), str(found["client_secret"])
    except (ValueError, KeyError):
        raise BadInput("credentials_malformed", "these are no client credentials", where=str(who)) from None


def post(caller: Client, path: str, body: dict[str, Any]) -> Any:
    """Where the key is here, what comes of it is signed and awaited."""
    return caller.post(path, body) if caller.signer is None else caller.act(path, body)
