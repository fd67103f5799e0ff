"""kill -9 while money that came in leaves again: each payout and each refund happens once, whatever the bank wrote."""

from __future__ import annotations

import json
import random
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from sqlmodel import select

from chainfin import samples
from chainfin.client.client import Client
from chainfin.services.kernel.commands import PayHolder, Refund
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.lending_tables import COLLECTION_ACCOUNT, IncomingRow
from chainfin.storage.store import Store
from tests.crash.customers import ROUNDS
from tests.crash.test_kill import SEED, House, admit, furnish, operator, until_drained

PATIENCE_S = 60.0
PAID, NOBODYS = "SBI:9A45/第一 号:{}", "HK/2026:{}"
"""References that the bank writes."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    if made.service is not None and made.service.process.poll() is None:
        made.service.kill()


def book(home: Path, reference: str, amount: str, remittance: str) -> None:
    """The sandbox's bank (dead at the moment, as the service is) has booked a payment meanwhile."""
    request = {
        "payment_id": uuid4().hex,
        "bank_reference": reference,
        "payer_account": "付款人/1",
        "payer_name": "A payer (invented)",
        "payee_account": COLLECTION_ACCOUNT,
        "amount": amount,
        "currency": "CNY",
        "remittance": remittance,
    }
    minor = int(amount.replace(".", ""))
    with sqlite3.connect(home / "sandbox" / "sandbox.db") as bank:
        bank.execute(
            "INSERT INTO incoming (payment_id, request, bank_reference, minor, currency, at) VALUES (?, ?, ?, ?, ?, ?)",
            (request["payment_id"], json.dumps(request), reference, minor, "CNY", "2026-03-02T09:00:00+00:00"),
        )


def until_begun(home: Path, payments: int) -> None:
    """Until so many payments were taken in."""
    store = Store(f"sqlite:///{home / 'chainfin.db'}")
    end = time.monotonic() + PATIENCE_S
    try:
        while time.monotonic() < end:
            with store.read() as session:
                if len(session.exec(select(IncomingRow.id)).all()) >= payments:
                    return
            time.sleep(0.01)
    finally:
        store.close()
    raise AssertionError(f"{payments} payments were never taken in")


@pytest.mark.timeout(PATIENCE_S * (ROUNDS + 3))
def test_serve__killed_while_payments_leave_again__each_once(house: House) -> None:
    dice = random.Random(SEED)
    house.start()
    house.open()
    with httpx.Client(base_url=house.url, timeout=30.0, trust_env=False) as http:
        boss = operator(http, house.home)
        cast = furnish(boss)
        admit(boss, samples.SETTLEMENT_BANK, "bank", custody=True)
    rounds = max(2, ROUNDS // 2)
    for number in range(rounds):
        house.kill()
        book(house.home, PAID.format(number), "100.00", f"RECEIVABLE {cast.asset_id}")
        book(house.home, NOBODYS.format(number), "7.00", "谢谢:")
        house.start()
        until_begun(house.home, 2 * number + 2)
        house.open()
        with httpx.Client(base_url=house.url, timeout=30.0, trust_env=False) as http:
            send_back(operator(http, house.home))
        time.sleep(dice.uniform(0, 0.3))
    house.kill()
    house.start()
    house.open()
    until_drained(house.home)
    with httpx.Client(base_url=house.url, timeout=60.0, trust_env=False) as http:
        assert operator(http, house.home).get("/v1/audit/reconciliation")["mismatches"] == []
    house.kill()
    house.check_chain()
    check(house.home, rounds)


def send_back(boss: Client) -> None:
    """What names no claim goes back, by the operator's word."""
    for item in boss.get("/v1/parked?status=open&limit=200")["items"]:
        if item["source"] == "unmatched_payments":
            boss.post(f"/v1/parked/{item['id']}/return", {"reason": "nobody's"})


def check(home: Path, rounds: int) -> None:
    store = Store(f"sqlite:///{home / 'chainfin.db'}")
    with store.read() as session:
        rows = {row.bank_ref: row for row in session.exec(select(IncomingRow))}
        commands = session.exec(select(OutboxRow)).all()
    store.close()
    with sqlite3.connect(f"file:{home}/sandbox/sandbox.db?mode=ro", uri=True) as bank:
        paid = [row[0] for row in bank.execute("SELECT instruction_id FROM payment WHERE status = 'done'")]
        back = [row[0] for row in bank.execute("SELECT refund_id FROM refund")]
    for number in range(rounds):
        assert rows[PAID.format(number)].status == "applied"
        assert rows[NOBODYS.format(number)].status == "refunded"
    assert sorted(paid) == sorted(
        str(row.payload["instruction_id"]) for row in commands if row.topic == PayHolder.TOPIC
    )
    assert sorted(back) == sorted(str(row.payload["instruction_id"]) for row in commands if row.topic == Refund.TOPIC)
    assert len(paid) == len(back) == rounds
