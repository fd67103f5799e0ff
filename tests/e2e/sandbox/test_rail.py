"""The adapters against the sandbox over real sockets: faults, races, kill -9. All names and accounts are invented."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import httpx
import pytest

from chainfin.connectors.http import HttpClient, Limits, Retry
from chainfin.connectors.outcome import Done, Refused, Unavailable, Unknown
from chainfin.connectors.partners import Partners
from chainfin.connectors.payment_rail import IncomingPage, Instruction, PaymentRail
from chainfin.connectors.registry import Registration
from chainfin.connectors.sandbox import Sandbox, World, start_sandbox
from chainfin.connectors.sandbox.faults import Fault, Rule
from chainfin.connectors.signature import Verifier
from chainfin.connectors.watch import IncomingWatch
from chainfin.errors import BadInput
from chainfin.errors import Unavailable as NotThere
from chainfin.values.money import Money

LOAN = Instruction("loan-1", "6222-0001", "Sample Supplier (invented)", Money(100_00, "CNY"), "loan-1 payout")
PLEDGE = Registration(
    "pledge-1", "S-ID", "L-ID", "receivable", "ab" * 32, Money(100_00, "CNY"), date(2026, 11, 21), date(2027, 2, 21)
)


def payments(home: Path) -> list[str]:
    """The instruction ids that the sandbox has paid, read from its file by another connection."""
    import sqlite3

    with sqlite3.connect(home / "sandbox" / "sandbox.db") as db:
        return [row[0] for row in db.execute("SELECT instruction_id FROM payment WHERE status = 'done' ORDER BY 1")]


def test_pay__same_instruction_by_16_threads__paid_once(partners: Partners, tmp_path: Path) -> None:
    together = threading.Barrier(16)

    def pay(_: int) -> str:
        together.wait()
        outcome = partners.rail.settle(LOAN, first=True)
        assert isinstance(outcome, Done)
        return outcome.value.bank_reference

    with ThreadPoolExecutor(16) as pool:
        references = set(pool.map(pay, range(16)))
    assert len(references) == 1
    assert payments(tmp_path) == ["loan-1"]


@pytest.mark.parametrize(
    "other",
    [
        replace(LOAN, amount=Money(100_01, "CNY")),
        replace(LOAN, payee_account="6222-0002"),
        replace(LOAN, purpose="something else"),
    ],
)
def test_pay__instruction_id_used_for_another_payment__refused(partners: Partners, other: Instruction) -> None:
    assert isinstance(partners.rail.pay(LOAN), Done)
    outcome = partners.rail.pay(other)
    assert isinstance(outcome, Refused)
    assert outcome.code == "payment_instruction_conflict"
    seen_through = partners.rail.settle(other, first=True)
    assert isinstance(seen_through, Unknown)
    assert seen_through.code == "payment_instruction_conflict"


@pytest.mark.parametrize("fault", [Fault.DROP_AFTER, Fault.ERROR_AFTER])
def test_settle__answer_lost_after_commit__found_by_asking_and_paid_once(
    sandbox: Sandbox, partners: Partners, tmp_path: Path, fault: Fault
) -> None:
    sandbox.faults.add(Rule(fault, prefix="/rail/payments", method="PUT", times=5))
    assert isinstance(partners.rail.settle(LOAN, first=True), Done)
    assert payments(tmp_path) == ["loan-1"]


@pytest.mark.parametrize("fault", [Fault.DROP_BEFORE, Fault.ERROR_BEFORE])
def test_settle__lost_before_commit__unknown_then_paid_once_by_the_next_try(
    sandbox: Sandbox, partners: Partners, tmp_path: Path, fault: Fault
) -> None:
    sandbox.faults.add(Rule(fault, prefix="/rail/payments", method="PUT"))
    first = partners.rail.settle(LOAN, first=True)
    assert isinstance(first, Unknown)
    assert payments(tmp_path) == []
    assert isinstance(partners.rail.settle(LOAN, first=False), Done)
    assert payments(tmp_path) == ["loan-1"]


def test_pay__slower_than_the_time_limit__unknown_and_the_query_resolves_it(sandbox: Sandbox, tmp_path: Path) -> None:
    client = HttpClient(sandbox.rail_url, Verifier([sandbox.public_key]), limits=Limits(read_s=0.2))
    sandbox.faults.add(Rule(Fault.DELAY_AFTER, method="PUT", delay_s=1.0))
    rail = PaymentRail(client)
    paid = rail.pay(LOAN)
    assert isinstance(paid, Unknown)
    assert paid.code == "partner_no_answer"
    found = rail.query("loan-1")
    assert isinstance(found, Done)
    assert (found.value.status, payments(tmp_path)) == ("done", ["loan-1"])
    client.close()


def test_pay__nobody_listens__unavailable(sandbox: Sandbox, partners: Partners) -> None:
    sandbox.stop()
    outcome = partners.rail.pay(LOAN)
    assert isinstance(outcome, Unavailable)
    assert outcome.code == "partner_unreachable"


def test_pay__confirmation_with_a_bad_signature__is_not_believed(sandbox: Sandbox, partners: Partners) -> None:
    sandbox.faults.add(Rule(Fault.BAD_SIGNATURE, times=2))
    outcome = partners.rail.settle(LOAN, first=True)
    assert isinstance(outcome, Unknown)
    assert outcome.code == "partner_signature_invalid"


def test_pay__answered_by_a_stranger__is_not_believed(sandbox: Sandbox, tmp_path: Path) -> None:
    stranger = start_sandbox(tmp_path / "stranger")
    client = HttpClient(stranger.rail_url, Verifier([sandbox.public_key]))
    outcome = PaymentRail(client).settle(LOAN, first=True)
    assert isinstance(outcome, Unknown)
    assert outcome.code == "partner_signature_invalid"
    client.close()
    stranger.stop()


def test_pay__closed_account__refused_for_good(partners: Partners, tmp_path: Path) -> None:
    closed = replace(LOAN, payee_account="CLOSED-1")
    for first in (True, False):
        outcome = partners.rail.settle(closed, first=first)
        assert isinstance(outcome, Refused)
        assert outcome.code == "payee_account_closed"
    assert payments(tmp_path) == []


@pytest.mark.parametrize("status", ["done", "refused"])
def test_settle__pending__unknown_until_the_rail_has_settled(
    sandbox: Sandbox, partners: Partners, world: World, status: str
) -> None:
    sandbox.faults.add(Rule(Fault.PENDING, method="PUT"))
    pending = partners.rail.settle(LOAN, first=True)
    assert isinstance(pending, Unknown)
    assert pending.code == "payment_pending"
    world.resolves("loan-1", "done" if status == "done" else "refused")
    outcome = partners.rail.settle(LOAN, first=False)
    if status == "done":
        assert isinstance(outcome, Done)
        assert outcome.value.bank_reference.startswith("SBP")
    else:
        assert isinstance(outcome, Refused)
        assert outcome.code == "payment_refused"


@contextmanager
def process(home: Path) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """A sandbox as a process of its own; ended, however, at the end."""
    command = [sys.executable, "-m", "chainfin.connectors.sandbox", "--home", str(home), "--faults"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ.copy())
    assert running.stdout is not None
    try:
        line = json.loads(running.stdout.readline())
        yield running, line["url"], line["public_key"]
    finally:
        running.kill()
        running.wait()
        running.stdout.close()


def test_sandbox__killed_after_it_paid__remembers_and_pays_once(tmp_path: Path) -> None:
    with process(tmp_path) as (running, url, key):
        client = HttpClient(f"{url}/rail", Verifier([key]), retry=Retry(attempts=1))
        drop = {"fault": "drop_after", "prefix": "/rail/payments", "method": "PUT"}
        httpx.post(f"{url}/sandbox/faults", json=drop, trust_env=False).raise_for_status()
        assert isinstance(PaymentRail(client).pay(LOAN), Unknown)
        running.send_signal(signal.SIGKILL)
        running.wait()
        assert isinstance(PaymentRail(client).settle(LOAN, first=False), Unavailable)
        client.close()
    with process(tmp_path) as (_, url, again):
        assert again == key
        client = HttpClient(f"{url}/rail", Verifier([key]))
        assert isinstance(PaymentRail(client).settle(LOAN, first=False), Done)
        client.close()
    assert payments(tmp_path) == ["loan-1"]


def pays_in(world: World, number: int, fen: int = 100_00) -> str:
    line = world.pays(
        f"in-{number}",
        Money(fen, "CNY"),
        payer_account="6111-0001",
        payer_name="Sample Core Enterprise (invented)",
        payee_account="6000-0001",
        remittance=f"INV-{number}",
    )
    return line.bank_reference


def test_incoming__from_a_cursor__each_once_in_order_and_signed(
    sandbox: Sandbox, partners: Partners, world: World
) -> None:
    references = [pays_in(world, number) for number in range(5)]
    assert pays_in(world, 2) == references[2]
    seen: list[str] = []
    cursor = 0

    def take(page: IncomingPage) -> None:
        nonlocal cursor
        for item in page.payments:
            Verifier([sandbox.public_key]).check(item.evidence.body, item.evidence.signature)
            seen.append(item.bank_reference)
        cursor = page.next_cursor

    watch = IncomingWatch(partners.rail, lambda: cursor, take, limit=2)
    assert watch.run_once() == 5
    assert watch.run_once() == 0
    assert seen == references


def test_incoming__rail_down__says_so_and_keeps_the_cursor(sandbox: Sandbox, partners: Partners, world: World) -> None:
    pays_in(world, 1)
    sandbox.faults.add(Rule(Fault.ERROR_AFTER, method="GET", times=3))
    taken: list[IncomingPage] = []
    watch = IncomingWatch(partners.rail, lambda: 0, taken.append)
    with pytest.raises(NotThere) as caught:
        watch.run_once()
    assert (caught.value.code, taken) == ("partner_failed", [])


def test_incoming__same_id_other_amount__incoming_conflict(world: World) -> None:
    pays_in(world, 1)
    with pytest.raises(BadInput) as caught:
        pays_in(world, 1, fen=1)
    assert caught.value.code == "incoming_conflict"


def test_refund__parts_then_too_much__refused_and_a_repeat_gives_back_once(partners: Partners, world: World) -> None:
    reference = pays_in(world, 1)
    part = Money(60_00, "CNY")
    first, again = (partners.rail.refund("r-1", reference, part, "overpaid") for _ in range(2))
    assert isinstance(first, Done)
    assert isinstance(again, Done)
    assert first.value.refund_reference == again.value.refund_reference
    more = partners.rail.refund("r-2", reference, part, "overpaid")
    assert isinstance(more, Refused)
    assert more.code == "refund_too_large"
    assert isinstance(partners.rail.refund("r-3", reference, Money(40_00, "CNY"), "the rest"), Done)


@pytest.mark.parametrize(
    ("refund_id", "reference", "code"),
    [("r-9", "SBI-none", "incoming_unknown"), ("r-1", "", "refund_conflict")],
)
def test_refund__of_what_never_came_or_under_a_used_id__refused(
    partners: Partners, world: World, refund_id: str, reference: str, code: str
) -> None:
    came = pays_in(world, 1)
    partners.rail.refund("r-1", came, Money(1, "CNY"), "overpaid")
    outcome = partners.rail.refund(refund_id, reference or came, Money(2, "CNY"), "overpaid")
    assert isinstance(outcome, Refused)
    assert outcome.code == code


def test_sandbox__without_faults__does_not_listen_to_them(tmp_path: Path) -> None:
    running = start_sandbox(tmp_path)
    answer = httpx.get(f"{running.url}/sandbox/metadata", headers={"x-sandbox-fault": "error_before"}, trust_env=False)
    assert (answer.status_code, answer.json()["public_key"]) == (200, running.public_key)
    assert httpx.post(f"{running.url}/sandbox/faults", json={}, trust_env=False).status_code == 404
    running.stop()


def test_sandbox__port_in_use__sandbox_port_taken(sandbox: Sandbox, tmp_path: Path) -> None:
    port = int(sandbox.url.rpartition(":")[2])
    with pytest.raises(NotThere) as caught:
        start_sandbox(tmp_path / "second", port)
    assert caught.value.code == "sandbox_port_taken"


def test_sandbox__malformed_request__signed_problem_naming_the_field(sandbox: Sandbox) -> None:
    answer = httpx.put(f"{sandbox.rail_url}/payments/loan-1", json={"amount": "1"}, trust_env=False)
    assert (answer.status_code, answer.json()["code"]) == (422, "request_malformed")
    Verifier([sandbox.public_key]).check(answer.content, answer.headers["x-jws-signature"])
