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
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, func, select

from chainfin.errors import ChainfinError
from chainfin.risk.policy import policy_for
from chainfin.rules import ledger
from chainfin.services.kernel.context import Actor
from chainfin.services.lending import applications, mandates
from chainfin.storage.funding_tables import FundingAccountRow
from chainfin.storage.ledger_tables import EntryRow
from chainfin.storage.lending_tables import ApplicationRow, LimitRow, OfferRow
from chainfin.storage.store import Store
from chainfin.values.party import Role
from chainfin.values.product import Product
from tests.lending_board import CNY, START, Board

NUMBER = int(os.environ.get("CHAINFIN_INTERLEAVINGS", "500"))
SEED = os.environ.get("CHAINFIN_INTERLEAVINGS_SEED", "2026")
BATCHES = 4
"""Tests that share them, so that several processes may."""
STEPS = 12
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
        self.lenders = [board.party(Role.LENDER) for _ in range(2)]
        self.borrowers = [board.party(Role.SUPPLIER) for _ in range(2)]
        self.core, self.keeper = board.party(Role.CORE), board.party(Role.KEEPER)
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
        before, names = self.seen, [str(each.party_id) for each in self.lenders]
        with self.board.ctx.store.read() as session:
            self.seen = look(session, names)
            rows = session.exec(select(LimitRow).where(col(LimitRow.lender_id).in_(names))).all()
            check_money(session, names, self.seen)
        for row in rows:
            mine = [each for each in self.seen.values() if self.takes(each, row.lender_id, row.kind, row.key)]
            held = sum(each.amount for each in mine if each.status in HELD)
            used = sum(each.amount for each in mine if each.status == "funded")
            assert (row.held, row.used) == (held, used), row
            if row.kind != "mandate":
                shown = row.amount if row.lowered_to is None else row.lowered_to
                assert shown == self.said[row.lender_id, row.kind, row.key], row
        for taken in self.seen.values():
            was = before[taken.id].status if taken.id in before else ""
            if taken.status != was:
                self.told[f"{taken.product}:{taken.status}"] += 1
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


def look(session: Session, lenders: list[str]) -> dict[str, Taken]:
    """What each application of the lenders takes: its offer while it is held, else what is outstanding in the book."""
    found = session.exec(
        select(ApplicationRow, OfferRow)
        .where(col(ApplicationRow.lender_id).in_(lenders), col(OfferRow.application_id) == col(ApplicationRow.id))
        .order_by(col(ApplicationRow.id))
    ).all()
    loans = [row.loan_id for row, _ in found if row.loan_id is not None]
    owed = select(EntryRow.ref, func.sum(EntryRow.debit - EntryRow.credit)).where(
        EntryRow.account == ledger.LOANS.code, col(EntryRow.ref).in_(loans)
    )
    outstanding = {ref: int(net) for ref, net in session.exec(owed.group_by(col(EntryRow.ref)))}
    seen = {}
    for row, offer in found:
        amount = 0
        if row.status in HELD:
            amount = offer.amount
        elif row.status == "funded":
            amount = outstanding.get(str(row.loan_id), 0)
        seen[row.id] = Taken(
            row.id,
            row.status,
            row.lender_id,
            row.borrower_id,
            row.product,
            str(offer.terms["mandate_id"]),
            row.loan_id,
            amount,
            explained(row),
        )
    return seen


def explained(row: ApplicationRow) -> int | None:
    """The general path's limit, before what the borrower has of it: what the sales explain, at most the cap."""
    if row.product != Product.GENERAL_310:
        return None
    parts = json.loads(str(row.record))["outcome"]["limit_parts"]
    own = ("debts", "floor", "cap", "rounding", "minimum")
    return min(CAP, sum(int(part["amount_minor"]) for part in parts if part["code"] not in own))


def check_money(session: Session, lenders: list[str], seen: dict[str, Taken]) -> None:
    """No lender's cash is below zero; its account says what the book says, and holds what is accepted."""
    net = func.sum(EntryRow.debit - EntryRow.credit)
    query = select(EntryRow.party, net).where(EntryRow.account == ledger.CASH.code, col(EntryRow.party).in_(lenders))
    cash = {party: int(amount) for party, amount in session.exec(query.group_by(col(EntryRow.party)))}
    accounts = session.exec(select(FundingAccountRow).where(col(FundingAccountRow.lender_id).in_(lenders))).all()
    assert {row.lender_id for row in accounts} == set(cash)
    under_way = HELD[1:]
    for row in accounts:
        wanted = [each.amount for each in seen.values() if each.lender == row.lender_id and each.status in under_way]
        assert row.committed == sum(wanted), row
        assert cash[row.lender_id] == row.balance >= row.committed >= 0, row
        assert row.overdrawn == 0


STEPS_OF: tuple[tuple[Any, ...], ...] = (
    (Deal.ask, 8),
    (Deal.data, 8, "asked"),
    (Deal.accept, 8, "offered"),
    (Deal.withdraw, 1, "offered"),
    (Deal.registry, 6, "registration"),
    (Deal.chain, 6, "pledging"),
    (Deal.bank, 5, "disbursing"),
    (Deal.repay, 2, "funded"),
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
def a_board() -> Iterator[Board]:
    """One migrated database; in memory where the machine has a place for that."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="chainfin-board-", dir=memory) as folder:
        store = Store(f"sqlite:///{Path(folder) / 'chainfin.db'}")
        try:
            store.upgrade()
            yield Board.on(store, Path(folder))
        finally:
            store.close()


@pytest.mark.timeout(60 + NUMBER)
@pytest.mark.parametrize("batch", range(BATCHES))
def test_interleavings__any_order__mandate_limits_and_cash_hold(batch: int) -> None:
    told: Counter[str] = Counter()
    with a_board() as board:
        for number in range(batch, NUMBER, BATCHES):
            deal = Deal(board, random.Random(f"{SEED}:{number}"), told)
            try:
                for _ in range(STEPS):
                    deal.step()
            except Exception as error:
                where = f"CHAINFIN_INTERLEAVINGS_SEED={SEED}, interleaving {number}: {' → '.join(deal.log)}"
                raise AssertionError(where) from error
            board.sweep()
    print(dict(sorted(told.items())))
    if NUMBER >= 500:
        for product in Product:
            assert told[f"{product.value}:funded"] > 0, told
            assert told[f"{product.value}:failed"] > 0, told
        for code in ("funding_short", "party_not_active"):
            assert told[code] > 0, told
