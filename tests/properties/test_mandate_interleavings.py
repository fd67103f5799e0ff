"""Mandates, limits and the lender's money under any order of what parties, partners and time do, over all products.

After every step: what is held and outstanding is what every limit counts; whenever an offer is made or a payout
ordered, it is under a live mandate and within the mandate, the explained limit and the limits of that moment; no
lender's cash is below zero. `CHAINFIN_INTERLEAVINGS` says how many (10,000 are the whole, see tests/long),
`CHAINFIN_INTERLEAVINGS_SEED` which; a failure names its own.
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from chainfin.errors import ChainfinError
from chainfin.risk.policy import policy_for
from chainfin.rules import ledger
from chainfin.services.kernel.context import Actor
from chainfin.services.lending import applications, mandates
from chainfin.values.party import Role
from chainfin.values.product import Product
from tests.lending_board import CNY, START, Board
from tests.migrated import migrated_store

NUMBER = int(os.environ.get("CHAINFIN_INTERLEAVINGS", "500"))
SEED = os.environ.get("CHAINFIN_INTERLEAVINGS_SEED", "2026")
BATCHES = 4
"""Tests that share them, so that several processes may."""
A_BOARD = 250
"""How many are played on one database: in a large one everything takes longer."""
STEPS = 10
CAP = policy_for(Product.GENERAL_310).amounts["limit_most_minor"][CNY]
HELD = ("offered", "accepted", "registration", "pledging", "disbursing")
REFUSED = frozenset(
    {
        "act_paused",
        "application_not_offered",
        "asset_not_free",
        "funding_missing",
        "funding_short",
        "mandate_revoked",
        "offer_expired",
        "party_not_active",
        "limit_lowered",
        "mandate_expired",
    }
)
"""What a step may answer: the state of things doesn't allow it."""


@dataclass(frozen=True, slots=True)
class Taken:
    """An application as it takes part of limits. ``amount``: held or outstanding, minor units. ``explained``: of the
    general path what its decision explains, before what the borrower has already."""

    id: str
    status: str
    lender: str
    borrower: str
    product: str
    mandate: str
    loan: str | None
    amount: int
    explained: int | None


@dataclass(slots=True)
class Word:
    """What a lender said in a mandate."""

    lender: str
    amount: int
    products: tuple[str, ...]
    until: datetime
    revoked: bool = False


@dataclass
class Deal:
    """Two lenders, two borrowers, their assets; and what the lenders said, as a person would note it down."""

    board: Board
    db: sqlite3.Connection
    dice: random.Random
    told: Counter[str]
    words: dict[str, Word] = field(default_factory=dict)
    said: dict[tuple[str, str, str], int] = field(default_factory=dict)
    seen: dict[str, Taken] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    asked: int = 0
    """Applications that wait for their data."""

    def __post_init__(self) -> None:
        board, dice = self.board, self.dice
        board.clock.at = START
        roles = (Role.LENDER, Role.LENDER, Role.SUPPLIER, Role.SUPPLIER, Role.CORE, Role.KEEPER)
        *parties, self.core, self.keeper = board.parties(*roles)
        self.lenders, self.borrowers = parties[:2], parties[2:]
        self.unit = dice.choice([100_000_00, 1_000_000_00])
        self.monthly = dice.choice([100_000, 2_000_000, 40_000_000])
        self.receivables = [board.receivable(each, self.core, 5 * self.unit) for each in self.borrowers]
        self.goods = [
            board.goods(self.borrowers[0], self.keeper, lender, self.unit // 1_000) for lender in self.lenders
        ]
        for lender in self.lenders[: dice.choice([1, 1, 2])]:
            self.limit(lender, "debtor", self.core, dice.randint(2, 6))
            self.limit(lender, "borrower", self.borrowers[0], dice.randint(2, 6))
            self.mandate(lender, dice.randint(2, 6))
            if dice.random() < 0.8:
                board.fund(lender, dice.randint(2, 8) * self.unit)

    # what the lenders say

    def limit(self, lender: Actor, kind: str, key: Actor, units: int) -> None:
        self.board.limit(lender, kind, key, units * self.unit)
        self.said[str(lender.party_id), kind, str(key.party_id)] = units * self.unit

    def mandate(self, lender: Actor, units: int) -> None:
        hours = self.dice.choice([3, 40, 10_000])
        products = tuple(Product) if self.dice.random() < 0.8 else (self.dice.choice(tuple(Product)),)
        mandate_id = self.board.mandate(lender, units * self.unit, hours, products)
        until = self.board.clock.now() + timedelta(hours=hours)
        self.words[mandate_id] = Word(str(lender.party_id), units * self.unit, products, until)

    # steps

    def step(self) -> None:
        states = {each.status for each in self.seen.values()} | ({"asked"} if self.asked else set())
        can = [(step, weight) for step, weight, *needs in STEPS_OF if not needs or states & set(needs)]
        step = self.dice.choices([step for step, _ in can], [weight for _, weight in can])[0]
        self.log.append(step.__name__)
        try:
            step(self)
        except ChainfinError as error:
            self.log[-1] += f": {error.code}"
            self.told[error.code] += 1
            if error.code not in REFUSED:
                raise
        self.check()

    def ask(self) -> None:
        borrower, lender = self.dice.choice(self.borrowers), self.dice.choices(self.lenders, (3, 1))[0]
        product = self.dice.choice(tuple(Product))
        asset = None
        if product is Product.RECEIVABLE_PLEDGE:
            asset = self.receivables[self.borrowers.index(borrower)]
        elif product is Product.INVENTORY_PLEDGE:
            borrower, asset = self.borrowers[0], self.dice.choice(self.goods)
        self.asked += product is Product.GENERAL_310
        self.board.apply(borrower, lender, product.value, self.dice.randint(1, 4) * self.unit, asset)

    def data(self) -> None:
        self.asked -= self.board.data(self.monthly)

    def one(self, status: str) -> Taken:
        return self.dice.choice([each for each in self.seen.values() if each.status == status])

    def borrower_of(self, taken: Taken) -> Actor:
        return next(each for each in self.borrowers if each.party_id == taken.borrower)

    def accept(self) -> None:
        taken = self.one("offered")
        applications.accept(self.board.ctx, self.borrower_of(taken), taken.id)

    def withdraw(self) -> None:
        taken = self.one("offered")
        applications.withdraw(self.board.ctx, self.borrower_of(taken), taken.id)

    def registry(self) -> None:
        self.board.registry(None if self.dice.random() < 0.9 else "registry_refused", pick=self.dice.randrange(9))

    def chain(self) -> None:
        self.board.chain_takes(refuse=self.dice.random() < 0.1)

    def bank(self) -> None:
        """It pays, refuses, or nobody knows."""
        luck = self.dice.random()
        if luck < 0.9:
            self.board.bank(None if luck < 0.7 else "payee_account_closed", pick=self.dice.randrange(9))

    def repay(self) -> None:
        taken = self.one("funded")
        part = self.dice.choice([taken.amount // 3, taken.amount, taken.amount + self.unit])
        self.board.pays(max(part, 1), f"LOAN {taken.loan}")

    def wait(self) -> None:
        """Hours go by; what nobody took expires."""
        self.board.clock.at += timedelta(hours=self.dice.choice([1, 4, 25]))
        applications.expire(self.board.ctx)

    def revoke(self) -> None:
        mandate_id = self.dice.choice(sorted(self.words))
        word = self.words[mandate_id]
        lender = next(each for each in self.lenders if each.party_id == word.lender)
        mandates.revoke(self.board.ctx, lender, mandate_id)
        word.revoked = True

    def sign(self) -> None:
        self.mandate(self.dice.choice(self.lenders), self.dice.randint(1, 6))

    def limit_anew(self) -> None:
        """Lowered, raised, or set for the first time, whatever is outstanding."""
        lender = self.dice.choice(self.lenders)
        kind = self.dice.choice(["debtor", "borrower", "lender"])
        key = {"debtor": self.core, "lender": lender}.get(kind) or self.dice.choice(self.borrowers)
        self.limit(lender, kind, key, self.dice.randint(0, 6))

    def suspend(self) -> None:
        who = self.dice.choice([*self.lenders, *self.borrowers, self.core])
        self.board.stand(who, "suspended" if self.dice.random() < 0.5 else "active")

    def resume(self) -> None:
        for who in (*self.lenders, *self.borrowers, self.core):
            self.board.stand(who, "active")

    def fund(self) -> None:
        self.board.fund(self.dice.choice(self.lenders), self.dice.randint(1, 3) * self.unit)

    # what has to hold

    def check(self) -> None:
        before, (one, two) = self.seen, [str(each.party_id) for each in self.lenders]
        self.seen = look(self.db, (one, two))
        check_money(self.db, (one, two), self.seen)
        for lender, kind, key, held, used, amount in self.db.execute(LIMITS, (one, two)):
            mine = [each for each in self.seen.values() if self.takes(each, lender, kind, key)]
            wanted = sum(each.amount for each in mine if each.status in HELD)
            assert held == wanted, (kind, key)
            wanted = sum(each.amount for each in mine if each.status == "funded")
            assert used == wanted, (kind, key)
            assert kind == "mandate" or amount == self.said[lender, kind, key], (kind, key)
        for taken in self.seen.values():
            was = before[taken.id].status if taken.id in before else ""
            if taken.status != was:
                self.told[f"{taken.product}:{taken.status}"] += 1
                if taken.status == "failed":
                    self.told.update(code for (code,) in self.db.execute(WHY, (taken.id,)))
                if taken.status in ("offered", "disbursing"):
                    self.allowed(taken)
                assert taken.status != "funded" or was == "disbursing", (taken, was)

    def takes(self, taken: Taken, lender: str, kind: str, key: str) -> bool:
        if taken.lender != lender:
            return False
        own = {"lender": taken.lender, "borrower": taken.borrower, "mandate": taken.mandate}
        if taken.product == Product.RECEIVABLE_PLEDGE:
            own["debtor"] = str(self.core.party_id)
        return own.get(kind) == key

    def allowed(self, taken: Taken) -> None:
        """This one was offered, or its payout ordered, just now."""
        word = self.words[taken.mandate]
        assert word.lender == taken.lender
        assert taken.product in word.products
        assert not word.revoked, taken
        assert self.board.clock.now() < word.until, taken
        bounds = {("mandate", taken.mandate): word.amount}
        bounds |= {(kind, key): most for (lender, kind, key), most in self.said.items() if lender == taken.lender}
        for (kind, key), most in bounds.items():
            if self.takes(taken, taken.lender, kind, key):
                sums = [each.amount for each in self.seen.values() if self.takes(each, taken.lender, kind, key)]
                assert sum(sums) <= most, (kind, key, sums, most)
        if taken.explained is not None:
            kin = [
                each for each in self.seen.values() if each.borrower == taken.borrower and each.explained is not None
            ]
            assert sum(each.amount for each in kin) <= taken.explained, (taken, kin)


OFFERS = """
SELECT application.id, application.status, lender_id, borrower_id, product, json_extract(offer.terms, '$.mandate_id'),
  loan_id, offer.amount, CASE product WHEN 'general_310' THEN record END
FROM application JOIN offer ON offer.application_id = application.id WHERE lender_id IN (?, ?) ORDER BY application.id
"""
OUTSTANDING = """
SELECT ref, SUM(debit - credit) FROM entry
WHERE account = ? AND ref IN (SELECT id FROM loan WHERE lender_id IN (?, ?)) GROUP BY ref
"""
LIMITS = (
    "SELECT lender_id, kind, key, held, used, COALESCE(lowered_to, amount) FROM credit_limit WHERE lender_id IN (?, ?)"
)
ACCOUNTS = "SELECT lender_id, balance, committed FROM funding_account WHERE lender_id IN (?, ?)"
CASH = "SELECT party, SUM(debit - credit) FROM entry WHERE account = ? AND party IN (?, ?) GROUP BY party"
WHY = "SELECT json_extract(detail, '$.code') FROM application_node WHERE application_id = ? AND name = 'failed'"


def look(db: sqlite3.Connection, lenders: tuple[str, str]) -> dict[str, Taken]:
    """What each application of the lenders takes: its offer while it is held, else what is outstanding in the book.
    Asked past the services and their rows."""
    owed = dict(db.execute(OUTSTANDING, (ledger.LOANS.code, *lenders)).fetchall())
    seen = {}
    for name, status, lender, borrower, product, mandate, loan, offered, record in db.execute(OFFERS, lenders):
        amount = offered if status in HELD else owed.get(loan, 0) if status == "funded" else 0
        seen[name] = Taken(name, status, lender, borrower, product, mandate, loan, amount, explained(record))
    return seen


@cache
def explained(record: str | None) -> int | None:
    """The general path's limit, before what the borrower has of it: what the sales explain, at most the cap."""
    if record is None:
        return None
    own = ("debts", "floor", "cap", "rounding", "minimum")
    parts = json.loads(record)["outcome"]["limit_parts"]
    return min(CAP, sum(int(part["amount_minor"]) for part in parts if part["code"] not in own))


def check_money(db: sqlite3.Connection, lenders: tuple[str, str], seen: dict[str, Taken]) -> None:
    """No lender's cash is below zero; its account says what the book says, and holds what is accepted."""
    cash = dict(db.execute(CASH, (ledger.CASH.code, *lenders)).fetchall())
    accounts = db.execute(ACCOUNTS, lenders).fetchall()
    assert {lender for lender, _, _ in accounts} == set(cash)
    for lender, balance, committed in accounts:
        wanted = [each.amount for each in seen.values() if each.lender == lender and each.status in HELD[1:]]
        assert committed == sum(wanted), (lender, committed, wanted)
        assert cash[lender] == balance >= committed >= 0, (lender, cash, balance, committed)


STEPS_OF: tuple[tuple[Any, ...], ...] = (
    (Deal.ask, 4),
    (Deal.data, 14, "asked"),
    (Deal.accept, 14, "offered"),
    (Deal.withdraw, 1, "offered"),
    (Deal.registry, 14, "registration"),
    (Deal.chain, 14, "pledging"),
    (Deal.bank, 12, "disbursing"),
    (Deal.repay, 3, "funded"),
    (Deal.wait, 1),
    (Deal.revoke, 1, *HELD, "funded"),
    (Deal.sign, 1),
    (Deal.limit_anew, 2),
    (Deal.suspend, 1),
    (Deal.resume, 1),
    (Deal.fund, 1),
)
"""What may come next, how often, and in which of an application's states alone."""


@contextmanager
def a_board() -> Iterator[tuple[Board, sqlite3.Connection]]:
    """One migrated database (in memory where the machine has a place for that), and a way to look past the services."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="chainfin-board-", dir=memory) as folder:
        store = migrated_store(Path(folder))
        try:
            with closing(sqlite3.connect(Path(folder) / "chainfin.db", isolation_level=None)) as db:
                yield Board.on(store, Path(folder)), db
        finally:
            store.close()


@pytest.mark.timeout(60 + NUMBER)
@pytest.mark.parametrize("batch", range(BATCHES), ids="batch-{}".format)
def test_interleavings__any_order__mandate_limits_and_cash_hold(batch: int) -> None:
    told: Counter[str] = Counter()
    numbers = range(batch, NUMBER, BATCHES)
    for first in range(0, len(numbers), A_BOARD):
        with a_board() as (board, db):
            for number in numbers[first : first + A_BOARD]:
                play(board, db, number, told)
    # that it isn't about nothing: each product was paid out, and stopped in each way
    wanted = [f"{product.value}:funded" for product in Product] if len(numbers) >= 100 else []
    if len(numbers) >= 1000:
        wanted += [f"{product.value}:failed" for product in Product]
        wanted += ["funding_short", "party_not_active", "limit_lowered", "mandate_revoked", "mandate_expired"]
    assert [each for each in wanted if not told[each]] == []


def play(board: Board, db: sqlite3.Connection, number: int, told: Counter[str]) -> None:
    deal = Deal(board, db, random.Random(f"{SEED}:{number}"), told)
    try:
        for _ in range(STEPS):
            deal.step()
    except Exception as error:
        where = f"CHAINFIN_INTERLEAVINGS_SEED={SEED}, interleaving {number}: {' → '.join(deal.log)}"
        raise AssertionError(where) from error
    board.sweep()
