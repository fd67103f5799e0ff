"""`chainfin try`: from an empty folder to companies that trade in a running sandbox, and nowhere else."""

from __future__ import annotations

import json
import os
import socket
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import httpx
import pytest
from sqlmodel import delete
from stdnum.cn import uscc
from typer.testing import CliRunner, Result

from api.serve import Server, operator_credentials
from chainfin.cli.main import app
from chainfin.client.client import Client
from chainfin.client.problem import ApiProblem
from chainfin.connectors.sandbox import start_sandbox
from chainfin.demo import try_folder, try_join
from chainfin.demo.member import Member
from chainfin.demo.stage import Stage
from chainfin.documents import read
from chainfin.errors import ChainfinError
from chainfin.runtime import log_setup
from chainfin.runtime.installation import Installation
from chainfin.settings import load
from chainfin.storage.party_tables import IdempotencyRow
from tests.wire import Wire


@pytest.fixture(scope="module", autouse=True)
def _apart() -> None:
    """The service runs in this process: its lines would stand among the command's."""
    log_setup.configure(level="warning")


@dataclass
class Shell:
    """`chainfin …` in a folder of its own, against one server."""

    stage: Stage
    folder: Path

    def run(self, *words: str) -> Result:
        environment = {
            "CHAINFIN_URL": self.stage.server.url,
            "CHAINFIN_HOME": str(self.stage.installation.settings.home),
        }
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            return CliRunner().invoke(app, list(words), env=environment)
        finally:
            os.chdir(before)

    def text(self, *words: str) -> str:
        done = self.run(*words)
        assert done.exit_code == 0, f"{words}: {done.output} {done.exception!r}"
        return done.stdout.strip()

    def code(self, *words: str) -> str:
        """Of the refusal."""
        done = self.run(*words)
        assert isinstance(done.exception, ChainfinError), done.output
        return done.exception.code


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    folder = tmp_path_factory.mktemp("try")
    with Stage(folder / "home") as stage:
        operator_credentials(stage.installation.settings.home, stage.server.signin)
        yield Shell(stage, folder)


@pytest.fixture(scope="module")
def names(shell: Shell) -> dict[str, str]:
    """What `try/env` exports once the companies have joined."""
    shell.text("try", "--join")
    return exported(shell.folder / "try" / "env")


def exported(file: Path) -> dict[str, str]:
    lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]
    pairs = [line.removeprefix("export ").split("=", 1) for line in lines]
    return {name: value.strip("'") for name, value in pairs}


def test_try__empty_folder__documents_of_invented_companies_and_keys_marked_as_tests(shell: Shell) -> None:
    shell.text("try", "alone")
    folder = shell.folder / "alone"
    for path in sorted(folder.glob("trade-*/*.xml")):
        document = read(path.read_bytes(), source=str(path))
        assert abs(document.issue_date - shell.stage.today) <= timedelta(days=31)
        assert "nvented" in path.read_text()
    assert len(list(folder.glob("trade-*/*.xml"))) == 6 * len(try_folder.SELLERS)
    for name, player in try_folder.PLAYERS.items():
        file = folder / f"{name}.key"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert "test key" in file.read_text()
        assert "invented" in file.read_text()
        assert uscc.is_valid(player.company.uscc)
        assert player.company.uscc[2:8] == "990000", "a division that doesn't exist"
        assert player.company.english in (folder / "README.md").read_text()
    assert "nvented" in (folder / "env").read_text()


def test_try__folder_with_something_in_it__left_as_it_is(shell: Shell) -> None:
    kept = shell.folder / "kept"
    kept.mkdir()
    (kept / "mine.txt").write_text("mine")
    assert shell.code("try", "kept") == "folder_not_empty"
    assert shell.code("try", "kept", "--join") == "try_folder_foreign"
    assert [each.name for each in kept.iterdir()] == ["mine.txt"]


def test_join__every_company__active_by_its_own_key_and_the_lender_ready(shell: Shell, names: dict[str, str]) -> None:
    operator = shell.stage.operator
    for name, key in try_folder.keys(shell.folder / "try").items():
        seen = operator.get(f"/v1/participants/{names[name.upper()]}")
        assert (seen["status"], seen["address"]) == ("active", key.address)
        assert seen["roles"] == [try_folder.PLAYERS[name].role]
    lender = str(Path("try") / "lender.key")
    assert shell.text("call", lender, "/v1/mandates", "--pick", "items.0.status") == "active"
    assert shell.text("call", lender, "/v1/funding", "--pick", "items.0.available") == try_join.PLACED
    limits = json.loads(shell.text("call", lender, "/v1/limits", "--pick", "items"))
    assert {(each["kind"], each["key"], each["amount"], each["grade"]) for each in limits} >= {
        (kind, names[name.upper()], amount, grade) for kind, name, amount, grade in try_join.LIMITS
    }
    assert shell.text("call", lender, "/v1/prices", "--pick", "items.0.as_of") == str(shell.stage.today)


def test_join__again__nothing_twice(shell: Shell, names: dict[str, str]) -> None:
    lender = "try/lender.key"

    def state() -> list[str]:
        paths = ("/v1/participants", "/v1/mandates", "/v1/funding", "/v1/limits", "/v1/prices")
        return [shell.text("call", lender, path) for path in paths]

    before = state()
    shell.text("try", "--join")
    assert state() == before
    assert exported(shell.folder / "try" / "env") == names


def test_join__with_keys_of_another_folder__refused(shell: Shell, names: dict[str, str]) -> None:
    shell.text("try", "other")
    assert shell.code("try", "other", "--join") == "company_joined_elsewhere"


@pytest.mark.parametrize("broken_after", range(0, 26, 5))
def test_join__broken_off_anywhere__goes_on_when_run_again(tmp_path: Path, broken_after: int) -> None:
    class Gone(Exception):
        pass

    with Stage(tmp_path / "home") as stage:
        try_folder.write(tmp_path / "try", stage.today)
        keys = try_folder.keys(tmp_path / "try")

        class Breaking(Wire):
            def handle_request(self, request: httpx.Request) -> httpx.Response:
                if sum(method == "POST" for method, _ in self.seen) >= broken_after:
                    raise Gone
                return super().handle_request(request)

        with Client(Breaking().client(stage.server.url), stage.operator.token) as operator, pytest.raises(Gone):
            try_join.join(operator, keys)
        assert set(try_join.join(stage.operator, keys)) == set(try_folder.PLAYERS)
        lender = Member(stage.http, signer=keys["lender"])
        lender.sign_in()
        assert [each["balance"] for each in lender.get("/v1/funding")["items"]] == [try_join.PLACED]
        assert [each["status"] for each in lender.get("/v1/mandates")["items"]] == ["active"]


@pytest.fixture
def real(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a service whose payment rail is named, and so taken for real."""
    outside = start_sandbox(tmp_path / "outside")
    rail = {"CHAINFIN_RAIL_URL": outside.rail_url, "CHAINFIN_RAIL_KEY": outside.public_key}
    home = {"CHAINFIN_HOME": str(tmp_path / "home")}
    try:
        with Installation(load(home | rail)) as installation:
            server = Server(installation).start()
            try:
                operator_credentials(installation.settings.home, server.signin)
                yield home | {"CHAINFIN_URL": server.url}
            finally:
                server.stop()
    finally:
        outside.stop()


def test_sandbox__beside_a_real_payment_rail__is_no_place_for_tries_and_payments(
    real: dict[str, str], tmp_path: Path
) -> None:
    def code(*words: str) -> str:
        done = CliRunner().invoke(app, list(words), env=real)
        assert isinstance(done.exception, ChainfinError), done.output
        return done.exception.code

    who = str(tmp_path / "home" / "operator.json")
    assert code("try", str(tmp_path / "try"), "--join") == "sandbox_only"
    assert not (tmp_path / "try").exists()
    paying = ("--account", "1", "--reference", "r", "--amount", "1.00", "--currency", "CNY")
    assert code("bank", "pay", who, *paying) == "sandbox_only"
    assert code("bank", "statement", who) == "sandbox_only"
    assert httpx.get(real["CHAINFIN_URL"], trust_env=False).json()["sandbox"] == ["registry", "data"]


def test_join__nobody_answers__said_and_nothing_written(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("chainfin.demo.try_join.PATIENCE_S", 0)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        assert shell.code("try", str(tmp_path / "new"), "--join", "--url", url) == "service_unreachable"
    assert not (tmp_path / "new").exists()


def test_token__of_a_key__speaks_for_its_company(shell: Shell, names: dict[str, str]) -> None:
    token = shell.text("token", "try/supplier.key")
    caller = Client(shell.stage.http, token)
    assert caller.get(f"/v1/participants/{names['SUPPLIER']}")["private"] is not None
    assert caller.get(f"/v1/participants/{names['CORE']}")["private"] is None


def test_pay__loan_of_a_shop__repaid_and_on_its_statement(shell: Shell, names: dict[str, str]) -> None:
    shop = "try/shop.key"
    sources = 'sources:=["tax","payments","marketplace"]'
    token = shell.text("call", shop, "/v1/sandbox/consents", sources, "--pick", "token")
    words = ["product=general_310", f"lender_id={names['LENDER']}", "amount.amount=10000.00", "amount.currency=CNY"]
    words += ["days:=30", f"consent.token={token}", f"consent.{sources}", "--pick", "id"]
    path = f"/v1/applications/{shell.text('call', shop, '/v1/applications', *words)}"
    shell.text("call", shop, path, "--until", "status=offered", "--pick", "status")
    shell.text("call", shop, f"{path}/accept", "--post")
    loan = shell.text("call", shop, path, "--until", "status=funded", "--pick", "loan_id")
    part = shell.text("bank", "pay", shop, "--loan", loan, "--amount", "4000.00", "--pick", "amount.amount")
    assert part == "4000.00"
    # what the rest is, the service knows once it has heard of the part
    shell.text("call", shop, f"/v1/loans/{loan}/statement", "--until", "lines.1.amount.amount=-4000.00")
    rest = json.loads(shell.text("bank", "pay", shop, "--loan", loan))
    shell.text("call", shop, f"/v1/loans/{loan}", "--until", "status=repaid")
    lines = json.loads(shell.text("bank", "statement", shop))["lines"]
    told = [(line["direction"], line["amount"]["amount"]) for line in lines]
    assert told == [("in", "10000.00"), ("out", "4000.00"), ("out", rest["amount"]["amount"])]
    assert lines[2]["bank_reference"] == rest["bank_reference"]


def test_pay__again_with_the_same_key__the_bank_pays_once(shell: Shell, names: dict[str, str]) -> None:
    member = Member(shell.stage.http, signer=try_folder.keys(shell.folder / "try")["foundry"])
    member.sign_in()
    body = {"account": "6228-1", "reference": "rent", "amount": {"amount": "5.00", "currency": "CNY"}}
    first = member.post("/v1/sandbox/payments", body, key="rent-1")
    assert member.post("/v1/sandbox/payments", body, key="rent-1") == first
    with shell.stage.installation.store.begin() as session:  # as after a crash, before the answer was kept
        session.exec(delete(IdempotencyRow))
    assert member.post("/v1/sandbox/payments", body, key="rent-1") == first
    assert member.post("/v1/sandbox/payments", body, key="rent-2") != first
    assert len(member.get("/v1/sandbox/statement")["lines"]) == 2


def test_pay__by_the_operator__who_has_no_account__refused(shell: Shell) -> None:
    body = {"account": "6228-1", "reference": "rent", "amount": {"amount": "5.00", "currency": "CNY"}}
    with pytest.raises(ApiProblem) as refused:
        shell.stage.operator.post("/v1/sandbox/payments", body)
    assert refused.value.code == "role_missing"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("bank", "pay", "try/shop.key", "--amount", "1.00"), "payment_incomplete"),
        (("bank", "pay", "try/shop.key", "--loan", "loan_1", "--receivable", "0x1"), "payment_for_two_claims"),
        (("bank", "pay", "try/shop.key", "--loan", "loan_1"), "loan_unknown"),
        (("call", "try/shop.key", "/v1/loans", "odd"), "field_malformed"),
        (("call", "try/shop.key", "/v1/loans", "--pick", "items.7"), "answer_without_field"),
        (("call", "try/shop.key", "/v1/orders", "--until", "odd"), "field_malformed"),
        (("call", "try/shop.key", "/v1/orders", "--post", "--until", "a=b"), "option_for_reading"),
        (("call", "try/shop.key", "/v1/orders", "-o", "no/such/folder"), "file_unwritable"),
        (("token", "try/env"), "key_malformed"),
    ],
)
def test_command__bad_input__is_a_coded_error(
    shell: Shell, names: dict[str, str], words: tuple[str, ...], code: str
) -> None:
    assert shell.code(*words) == code


def test_until__that_never_comes__ends_with_what_was_there(
    shell: Shell, names: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chainfin.cli.party.PATIENCE_S", 0)
    assert shell.code("call", "try/shop.key", "/v1/clock", "--until", "movable=false") == "patience_over"


def test_output__bundle__is_written_byte_for_byte(shell: Shell, names: dict[str, str]) -> None:
    shell.text("call", "try/auditor.key", "/openapi.json", "-o", "document.json")
    assert (shell.folder / "document.json").read_bytes() == shell.stage.http.get("/openapi.json").content


def test_documents__of_a_sandbox_whose_time_was_moved__are_of_its_day(tmp_path: Path) -> None:
    with Stage(tmp_path / "home") as stage:
        stage.move_to(stage.today + timedelta(days=400))
        operator_credentials(stage.installation.settings.home, stage.server.signin)
        other = Shell(stage, tmp_path)
        other.text("try", "--join")
        invoice = read((tmp_path / "try" / "trade-1" / "invoice.xml").read_bytes(), source="invoice")
        assert invoice.issue_date == stage.today > date.today() + timedelta(days=300)  # noqa: DTZ011


def test_call__mandate_revoked__what_comes_back_is_no_act_to_be_signed(shell: Shell, names: dict[str, str]) -> None:
    lender = "try/lender.key"
    words = ['products:=["general_310"]', "amount.amount=1.00", "amount.currency=CNY", 'grades:=["A"]']
    words += ["expires_at=2099-01-01T00:00:00Z", "--pick", "id"]
    mandate = shell.text("call", lender, "/v1/mandates", *words)
    revoked = shell.text("call", lender, f"/v1/mandates/{mandate}/revoke", "--post", "--pick", "status")
    assert revoked == "revoked"


def test_call__goods_found_again__the_owner_signs_before_the_keeper(shell: Shell, names: dict[str, str]) -> None:
    keeper, owner = "try/keeper.key", "try/distributor.key"
    words = [
        "number=WR-T",
        f"owner_id={names['DISTRIBUTOR']}",
        "unit=KGM",
        "quantity=10",
        "goods.commodity=copper-cathode",
        "lot.site=Yard 3",
        "lot.number=T",
        "lot.seal=T",
    ]
    words += ["--pick", "warehouse_receipt.id"]
    path = f"/v1/warehouse-receipts/{shell.text('call', keeper, '/v1/warehouse-receipts', *words)}"
    shell.text("call", keeper, f"{path}/counts", "missing=5", "reason=short")
    asked = json.loads(shell.text("call", keeper, f"{path}/corrections", "found=5", "reason=behind the scales"))
    assert (asked["function"], asked["status"]) == ("correction", "awaiting_signature")
    shell.text("sign", owner)
    shell.text("sign", keeper)
    assert shell.text("call", keeper, path, "--until", "missing=0.000", "--pick", "free") == "10.000"
