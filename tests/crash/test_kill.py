"""kill -9 at any moment and start again: the same chain, the same state, and what was under way finishes once.

CHAINFIN_CRASH_ROUNDS (default 6; the one receivable carries 200) for a longer soak; CHAINFIN_CRASH_SEED to play the
same moments again.
"""

from __future__ import annotations

import json
import logging
import os
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import httpx
import pytest
from sqlmodel import select

from chainfin import samples
from chainfin.client.client import Client
from chainfin.demo.member import Member
from chainfin.rules.mandate import GRADES
from chainfin.services.books import journals
from chainfin.storage.chain_tables import ChainBlockRow
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.lending_tables import ApplicationRow, LoanRow
from chainfin.storage.store import Store
from chainfin.values import instruction
from tests.crash.customers import PATIENCE_S, ROUNDS, Request
from tests.crash.service import Service, chain, payments
from tests.storage.play import check_books

log = logging.getLogger(__name__)
SEED = int(os.environ.get("CHAINFIN_CRASH_SEED", str(random.randrange(10**6))))
AT_ONCE = 3
LONGEST_LIFE_S = 1.5


@dataclass
class House:
    """The service through all its lives. ``url`` is empty while it is dead."""

    home: Path
    service: Service | None = None
    url: str = ""
    blocks: dict[int, str] = field(default_factory=dict)

    def start(self) -> Service:
        self.service = Service(self.home)
        return self.service

    def open(self) -> None:
        assert self.service is not None
        self.url = self.service.ready()

    def kill(self) -> None:
        assert self.service is not None
        self.service.kill()
        self.url = ""

    def check_chain(self) -> None:
        """Every block that was ever seen is still there, with the same hash."""
        now = chain(self.home)
        assert {number: now.get(number) for number in self.blocks} == self.blocks
        self.blocks = now


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    if made.service is not None and made.service.process.poll() is None:
        made.service.kill()


def operator(http: httpx.Client, home: Path) -> Client:
    credentials = json.loads((home / "operator.json").read_text())
    caller = Client(http)
    caller.sign_in_as(credentials["client_id"], credentials["client_secret"])
    return caller


@dataclass
class Cast:
    core: Member
    supplier: Member
    lender: Member
    asset_id: str


def admit(boss: Client, company: samples.Company, role: str, *, custody: bool = False) -> Member:
    member = Member(boss.http, name=company.name)
    body = {"name": company.name, "legal_scheme": "USCC", "legal_value": company.uscc, "roles": [role], "account": role}
    made = boss.post("/v1/participants", body if custody else {**body, "address": member.address})
    member.id = made["participant"]["id"]
    if made["consent"] is not None:
        member.consent(made)
    member.until(lambda: boss.get(f"/v1/participants/{member.id}"), lambda party: party["status"] == "active")
    if custody:
        client = boss.post("/v1/clients", {"party_id": member.id})
        member.sign_in_as(client["client_id"], client["client_secret"])
    else:
        member.sign_in()
    return member


def furnish(boss: Client) -> Cast:
    """Parties, limits, a confirmed receivable of 999,767.50."""
    core, supplier = admit(boss, samples.CORE, "core"), admit(boss, samples.SUPPLIER, "supplier")
    lender = admit(boss, samples.LENDER, "lender", custody=True)
    for kind, party in (("debtor", core), ("borrower", supplier)):
        body = {"kind": kind, "key": party.id, "amount": {"amount": "9000000.00", "currency": "CNY"}, "grade": "A"}
        lender.post("/v1/limits", body)
    given = {"amount": "9000000.00", "currency": "CNY"}
    body = {"products": ["receivable_pledge"], "amount": given, "grades": [*GRADES]}
    lender.mandate({**body, "expires_at": "2099-01-01T00:00:00Z"})
    lender.post("/v1/funding/sandbox-deposits", given)
    lender.until(lambda: lender.get("/v1/funding")["items"], lambda found: len(found) > 0)
    documents = {name: data.decode() for name, data in samples.trade(_today(boss), "INV-1").items()}
    order = core.act("/v1/orders", {"document": documents["order"]})["order"]["id"]
    supplier.act(f"/v1/orders/{order}/acknowledgement", {"document": documents["response"]})
    supplier.act(f"/v1/orders/{order}/despatches", {"document": documents["despatch"]})
    core.act(f"/v1/orders/{order}/receipts", {"document": documents["receipt"]})
    issued = supplier.act("/v1/receivables", {"order_id": order, "document": documents["invoice"]})
    found = core.get(f"/v1/receivables/{issued['receivable']['id']}")
    face = {"amount": found["face"], "currency": "CNY"}
    undertaking = {"document_root": found["document_root"], "face": face, "due_date": found["due_date"]}
    core.act(f"/v1/receivables/{found['id']}/confirmation", undertaking)
    return Cast(core, supplier, lender, found["id"])


def _today(boss: Client) -> date:
    return datetime.fromisoformat(boss.get("/v1/clock")["now"]).date()


@pytest.mark.timeout(2 * PATIENCE_S)
def test_serve__killed_at_any_moment__same_chain_same_state_each_loan_once(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        print(f"\nCHAINFIN_CRASH_SEED={SEED} CHAINFIN_CRASH_ROUNDS={ROUNDS}")
    dice = random.Random(SEED)
    house.start()
    house.open()
    with httpx.Client(base_url=house.url, timeout=30.0, trust_env=False) as http:
        cast = furnish(operator(http, house.home))
    requests: list[Request] = []
    threads: list[threading.Thread] = []
    for turn in range(ROUNDS):
        for number in range(AT_ONCE):
            made = Request(house, cast.supplier, cast.lender.id, cast.asset_id, f"{100 + 10 * turn + number}.01")
            requests.append(made)
            threads.extend(made.start())
        if dice.random() < 0.25:
            time.sleep(dice.uniform(0, LONGEST_LIFE_S))
        else:
            # in the midst of it: so many answers later, and a moment more
            hear(requests, dice.randrange(1, 6 * AT_ONCE))
            time.sleep(dice.uniform(0, 0.1))
        house.kill()
        house.check_chain()
        if dice.random() < 0.3:
            # and once more while it comes up
            house.start()
            time.sleep(dice.uniform(0, 2 * LONGEST_LIFE_S))
            house.kill()
            house.check_chain()
        house.start()
        house.open()
        log.info(
            "round %d: %d blocks, %d loans told", turn, len(house.blocks), sum(1 for one in requests if one.loan_id)
        )
    for thread in threads:
        thread.join(PATIENCE_S)
    assert [made.failure for made in requests if made.failure is not None] == []
    with httpx.Client(base_url=house.url, timeout=60.0, trust_env=False) as http:
        boss = operator(http, house.home)
        until_drained(house.home)
        reply = boss.get("/v1/audit/reconciliation")
    house.kill()
    house.check_chain()
    assert reply["mismatches"] == [], reply
    check_customers(requests)
    check_database(house, requests)


def hear(requests: list[Request], answers: int) -> None:
    """Wait until customers were told ``answers`` more things, or have nothing left to be told."""
    aim = heard(requests) + answers
    while heard(requests) < aim and not all(made.loan_id for made in requests):
        assert all(made.failure is None for made in requests), [made.failure for made in requests]
        time.sleep(0.005)


def heard(requests: list[Request]) -> int:
    return sum(len(made.reply) + len(made.events) for made in requests)


def until_drained(home: Path) -> None:
    """Every command has come to its end, and the chain is taken in."""
    store = Store(f"sqlite:///{home / 'chainfin.db'}")
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with store.read() as session:
            left = session.exec(select(OutboxRow.key, OutboxRow.status).where(OutboxRow.status != "done")).all()
        if not left:
            store.close()
            return
        time.sleep(0.1)
    raise AssertionError(f"not done: {left}")


WAY = ["data_check", "offered", "accepted", "registration", "pledging", "disbursing", "funded"]


def check_customers(requests: list[Request]) -> None:
    """Nobody was ever told something that a later answer took back, and no stream lost or repeated an event."""
    for made in requests:
        places = [WAY.index(status) for status in made.reply if status in WAY]
        assert places == sorted(places), made.reply
        assert made.reply[-1] == "funded"
        assert len(made.events) == len(set(made.events)), made.events
        assert made.events[-1] == "end"
        nodes = [event.split("-") for event in made.events[:-1]]
        seen = [int(seq) for seq, phase in nodes if phase == "started"]
        assert seen == list(range(1, len(seen) + 1)), made.events
        assert seen == [int(seq) for seq, phase in nodes if phase == "ended"], made.events


def check_database(house: House, requests: list[Request]) -> None:
    store = Store(f"sqlite:///{house.home / 'chainfin.db'}")
    paid = payments(house.home)
    with store.read() as session:
        check_books(session, paid)
        loans = {loan.application_id: loan for loan in session.exec(select(LoanRow))}
        assert set(session.exec(select(ApplicationRow.id))) == {made.id for made in requests}
        for made in requests:
            assert loans[made.id].id == made.loan_id
            assert f"{loans[made.id].principal / 100:.2f}" == made.amount
        assert sorted(paid) == sorted(instruction.for_loan(loan.id) for loan in loans.values())
        for block in session.exec(select(ChainBlockRow)):
            assert house.blocks[block.number] == block.hash.removeprefix("0x")
        assert journals.check_chain(session) >= len(loans)
    store.close()
