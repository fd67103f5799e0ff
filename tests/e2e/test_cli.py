"""The command line as a participant, an operator and an auditor use it, against a running server."""

from __future__ import annotations

import json
import stat
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from chainfin import samples
from chainfin.cli import main
from chainfin.cli import party as party_commands
from chainfin.cli.main import app
from chainfin.errors import BadInput
from chainfin.services.kernel import parking
from tests.e2e.cli_shell import Shell, code_of


@pytest.fixture(scope="module")
def joined(shell: Shell) -> dict[str, str]:
    """Core enterprise, supplier and lender with key files of their own, admitted as the README says."""
    ids = {}
    for role, company in (("core", samples.CORE), ("supplier", samples.SUPPLIER), ("lender", samples.LENDER)):
        # Opening a keystore takes a second by design: one of the three is encrypted.
        form = [] if role == "core" else ["--plain"]
        address = shell.run("key", "new", f"{role}.key", *form).stdout.strip()
        body = {
            "name": company.name,
            "legal_scheme": "USCC",
            "legal_value": company.uscc,
            "roles": [role],
            "account": f"6228-{role}",
            "address": address,
        }
        admitted = shell.json("call", "home/operator.json", "/v1/participants", "--json", json.dumps(body))
        (shell.folder / f"{role}.json").write_text(json.dumps(admitted))
        done = shell.run("consent", f"{role}.key", f"{role}.json")
        assert done.exit_code == 0, done.output
        ids[role] = done.stdout.strip()
    operator = shell.stage.operator
    for party in ids.values():
        _until(lambda party=party: operator.get(f"/v1/participants/{party}")["status"] == "active")
    return ids


def _until(good: Any) -> None:
    for _ in range(3000):
        if good():
            return
        time.sleep(0.01)
    raise AssertionError("waited for nothing")


def _claim(shell: Shell) -> str:
    """A trade told by documents alone, up to its confirmed receivable."""
    for name, data in samples.trade(shell.stage.today, "SAMPLE-CLI-1").items():
        (shell.folder / f"{name}.xml").write_bytes(data)
    order = shell.json("call", "core.key", "/v1/orders", "--document", "order.xml")["order"]["id"]
    path = f"/v1/orders/{order}"
    assert shell.json("call", "supplier.key", f"{path}/acknowledgement", "--post")["status"] == "final"
    assert shell.json("call", "supplier.key", f"{path}/despatches", "--document", "despatch.xml")["status"] == "final"
    assert shell.json("call", "core.key", f"{path}/receipts", "--document", "receipt.xml")["status"] == "final"
    billed = shell.json(
        "call",
        "supplier.key",
        "/v1/receivables",
        "--document",
        "invoice.xml",
        "--json",
        json.dumps({"order_id": order}),
    )
    claim = shell.json("call", "core.key", f"/v1/receivables/{billed['receivable']['id']}")
    assert claim["face"] == "999767.50"
    confirmed = shell.json("confirm", "core.key", claim["id"], "--document", "invoice.xml")
    assert confirmed["status"] == "final"
    return str(claim["id"])


def test_call__readme_lines_of_buyer_supplier_lender__end_in_a_verified_loan(
    shell: Shell, joined: dict[str, str]
) -> None:
    claim_id = _claim(shell)
    for kind, party in (("debtor", "core"), ("borrower", "supplier")):
        limit = {"kind": kind, "key": joined[party], "amount": {"amount": "5000000", "currency": "CNY"}, "grade": "A"}
        shell.json("call", "lender.key", "/v1/limits", "--json", json.dumps(limit))
    most = {"amount": "5000000", "currency": "CNY"}
    mandate = {"products": ["receivable_pledge"], "amount": most, "grades": ["A"]}
    mandate |= {"expires_at": "2099-01-01T00:00:00Z"}
    given = shell.json("call", "lender.key", "/v1/mandates", "--json", json.dumps(mandate))
    assert given["status"] == "active"
    shell.json("call", "lender.key", "/v1/funding/sandbox-deposits", "--json", json.dumps(most))
    _until(lambda: shell.json("call", "lender.key", "/v1/funding")["items"])
    asked = {
        "product": "receivable_pledge",
        "asset_id": claim_id,
        "lender_id": joined["lender"],
        "amount": {"amount": "500000.00", "currency": "CNY"},
        "days": 60,
    }
    application = shell.json("call", "supplier.key", "/v1/applications", "--json", json.dumps(asked))["id"]
    path = f"/v1/applications/{application}"
    shell.json("call", "supplier.key", f"{path}/accept", "--post")
    _until(lambda: shell.json("call", "supplier.key", path)["status"] == "pledging")
    # The lender's key is its own: nothing is pledged until it signs.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(party_commands, "PATIENCE_S", 0.1)
        waiting = shell.run("call", "supplier.key", path, "--until", "status=funded")
    assert code_of(waiting) == "patience_over"
    assert "the lender hasn't signed the pledge" in str(waiting.exception)
    assert code_of(shell.run("call", "supplier.key", "/v1/applications//accept", "--post")) == "path_incomplete"
    _until(lambda: "1 signed" in shell.run("sign", "lender.key").stdout)
    _until(lambda: shell.json("call", "supplier.key", path)["status"] == "funded")
    loan = shell.json("call", "supplier.key", path)["loan_id"]

    _verified(shell, loan)
    _verified_since_revoked(shell, loan, given["id"])
    reconciled = shell.json("audit", "reconcile", "--json")
    assert reconciled["mismatches"] == []
    assert reconciled["looked_at"]["pledges"] == 1


def _verified(shell: Shell, loan: str) -> None:
    """The loan's bundle holds against the chain that its auditor trusts, and no forged one does."""
    written = shell.run("audit", "bundle", loan, "-o", "loan.json")
    assert written.exit_code == 0, written.output
    head = written.stdout.strip().rsplit(" ", 1)[1]
    verified = shell.run("audit", "verify", "loan.json", "--trusted-header", head)
    assert verified.exit_code == 0, verified.output
    assert "the bundle holds" in verified.stdout
    alone = shell.run("audit", "verify", "loan.json")
    assert (alone.exit_code, "agrees with itself; whether with a chain" in alone.stdout) == (0, True), alone.stdout
    assert "the bundle holds" not in alone.stdout
    other = shell.run("audit", "verify", "loan.json", "--trusted-header", "0x" + "ab" * 32)
    assert (other.exit_code, f"{head} is not among the headers that you trust" in other.stdout) == (1, True)
    for nothing in ("", "0x12"):
        assert code_of(shell.run("audit", "verify", "loan.json", "--trusted-header", nothing)) == "hash_malformed"
    assert shell.run("audit", "replay", "loan.json").exit_code == 0
    forged = bytearray((shell.folder / "loan.json").read_bytes())
    forged[len(forged) // 3] ^= 1
    (shell.folder / "forged.json").write_bytes(forged)
    refused = shell.run("audit", "verify", "forged.json", "--trusted-header", head)
    assert refused.exit_code == 1
    assert "REFUSED" in refused.stdout


def _verified_since_revoked(shell: Shell, loan: str, mandate: str) -> None:
    """A mandate that was revoked later takes nothing from the loan's bundle."""
    revoked = shell.json("call", "lender.key", f"/v1/mandates/{mandate}/revoke", "--post")
    assert (revoked["status"], revoked["revocation_signature"] is None) == ("revoked", False)
    later = shell.run("audit", "bundle", loan, "-o", "since.json").stdout.strip().rsplit(" ", 1)[1]
    since = shell.run("audit", "verify", "since.json", "--trusted-header", later)
    assert (since.exit_code, "the lender revoked it at" in since.stdout) == (0, True), since.output


def test_admission__account_that_no_bank_takes__refused(shell: Shell) -> None:
    body = {
        "name": "x",
        "legal_scheme": "USCC",
        "legal_value": samples.SHOP.uscc,
        "roles": ["supplier"],
        "account": "a b",
    }
    done = shell.run("call", "home/operator.json", "/v1/participants", "--json", json.dumps(body))
    assert done.exit_code == 2
    assert json.loads(done.stderr)["code"] == "account_invalid"


def test_call__refused_by_the_service__exits_2_with_the_code(shell: Shell, joined: dict[str, str]) -> None:
    (shell.folder / "no.xml").write_text("not xml")
    done = shell.run("call", "core.key", "/v1/orders", "--document", "no.xml")
    assert done.exit_code == 2
    assert json.loads(done.stderr)["code"] == "document_malformed"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("documents", "show", "missing.xml"), "file_unreadable"),
        (("documents", "commit", "missing.xml", "--secret", "zz"), "document_secret_invalid"),
        (("eod", "--date", "soon"), "date_malformed"),
        (("call", "missing.key", "/v1/orders"), "file_unreadable"),
        (("call", "core.key", "/v1/orders", "--json", "[1]"), "json_malformed"),
        (("participant", "suspend", "missing.json", "pty_1", "--reason", "why"), "file_unreadable"),
        (("participant", "suspend", "home/operator.json", "pty_1", "--reason", "why"), "party_unknown"),
        (("participant", "suspend", "core.key", "pty_1", "--reason", "why"), "operator_only"),
        (("pause", "home/operator.json", "--stop", "settle", "--reason", "why"), "input_invalid"),
        (("pause", "home/operator.json", "--reason", "why"), "pauses_unchanged"),
        (("parked", "retry", "home/operator.json", "park_1"), "parked_item_unknown"),
        (("parked", "resolve", "core.key", "park_1", "--reason", "why"), "operator_only"),
        (("parked", "return", "home/operator.json", "park_1", "--reason", "why"), "parked_item_unknown"),
        (
            ("parked", "allocate", "home/operator.json", "park_1", "loan", "loan_1", "--reason", "why"),
            "parked_item_unknown",
        ),
        (("parked", "list", "home/operator.json", "--status", "odd"), "input_invalid"),
        (("consent", "core.key", "missing.json"), "admission_malformed"),
        (("audit", "verify", "missing.json"), "file_unreadable"),
        (("demo", "--documents", "missing"), "folder_unreadable"),
    ],
)
def test_command__bad_input__is_a_coded_error(
    shell: Shell, joined: dict[str, str], words: tuple[str, ...], code: str
) -> None:
    done = shell.run(*words)
    assert isinstance(done.exception, BadInput), done.output
    assert done.exception.code == code


def test_main__coded_error__is_one_line_and_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for words, expected in ((["eod", "--date", "soon"], 2), (["eod", "--date", "2026-01-01"], 1)):
        monkeypatch.setenv("CHAINFIN_HOME", str(tmp_path / "nowhere"))
        monkeypatch.setattr("sys.argv", ["chainfin", *words])
        with pytest.raises(SystemExit) as ended:
            main.main()
        assert ended.value.code == expected
        detail = capsys.readouterr().err.strip()
        assert detail.startswith("chainfin: ")
        assert "\n" not in detail


def test_documents__real_sample__shows_and_commits(shell: Shell) -> None:
    (shell.folder / "one.xml").write_bytes(samples.trade(shell.stage.today, "SAMPLE-CLI-2")["invoice"])
    shown = shell.json("documents", "show", "one.xml", "--json")
    assert (shown["kind"], shown["payable"]) == ("invoice", "999767.50")
    secret = "11" * 32
    first = shell.json("documents", "commit", "one.xml", "--json", "--secret", secret)
    again = shell.json("documents", "commit", "one.xml", "--json", "--secret", secret)
    other = shell.json("documents", "commit", "one.xml", "--json")
    assert first["root"] == again["root"] != other["root"]


def test_eod__twice__posts_once(shell: Shell) -> None:
    day = shell.stage.today.isoformat()
    first = shell.json("eod", "--date", day, "--json")  # where the schedule hasn't run it already
    again = shell.json("eod", "--date", day, "--json")
    assert again["repeated"]
    assert first["journals"] == again["journals"]


def test_second_person__made_at_the_machine__approves_what_the_first_proposed(shell: Shell) -> None:
    asked = {"name": "an exchange (sample)", "reason": "the exchange of the trade"}
    made = shell.json("call", "home/operator.json", "/v1/price-sources", "--json", json.dumps(asked))
    words = ("second-person", "--name", "Sun Qi (invented)", "--to")
    done = shell.run(*words, "second.json")
    assert done.exit_code == 0, done.output
    assert stat.S_IMODE((shell.folder / "second.json").stat().st_mode) == 0o600
    why = json.dumps({"reason": "known for long"})
    assert (
        shell.json("call", "second.json", f"/v1/proposals/{made['id']}/approve", "--json", why)["status"] == "approved"
    )
    assert code_of(shell.run(*words, "third.json")) == "second_person_exists"
    assert code_of(shell.run(*words, "second.json")) == "credentials_file_exists"
    assert not (shell.folder / "third.json").exists()


def test_operator__suspends_and_pauses__and_undoes_it(shell: Shell, joined: dict[str, str]) -> None:
    who, party = "home/operator.json", joined["supplier"]
    for change, status in (("suspend", "suspended"), ("resume", "active")):
        done = shell.json("participant", change, who, party, "--reason", "a drill")
        assert (done["function"], done["subject"], done["status"], done["error"]) == (change, party, "final", None)
        assert shell.json("call", "core.key", f"/v1/participants/{party}")["status"] == status
    for words, paused in (
        (("--stop", "pledge", "--stop", "issue"), ["issue", "pledge"]),
        (("--go", "issue"), ["pledge"]),
    ):
        assert shell.json("pause", who, *words, "--reason", "a drill")["status"] == "final"
        assert shell.json("call", "core.key", "/v1/pauses")["paused"] == paused
    shell.json("pause", who, "--go", "pledge", "--reason", "over")


def test_operator__sees_and_resolves_what_is_parked(shell: Shell, joined: dict[str, str]) -> None:
    ctx = shell.stage.installation.ctx
    item = parking.Item("incoming_payments", "bank_line", "SBI1", parking.as_payload({"body": "{"}), "odd", "why")
    with ctx.store.begin() as session:
        made = parking.park(session, item, now=ctx.clock.now()).id
    who = "home/operator.json"
    assert [each["id"] for each in shell.json("parked", "list", who)] == [made]
    again = shell.run("parked", "retry", who, made)
    assert (again.exit_code, json.loads(again.stdout)["reason"]) == (1, "bank_line_malformed")
    assert shell.json("parked", "resolve", who, made, "--reason", "booked again")["status"] == "resolved"
    assert shell.json("parked", "list", who) == []


_COMMANDS = [
    "",
    "demo",
    "serve",
    "worker",
    "eod",
    "audit verify",
    "documents show",
    "call",
    "participant suspend",
    "pause",
    "parked retry",
]


@pytest.mark.parametrize("command", _COMMANDS)
def test_help__every_command__explains_itself(command: str) -> None:
    done = CliRunner().invoke(app, [*command.split(), "--help"])
    assert done.exit_code == 0
    assert "Usage" in done.output
