"""Loans over all products, through the services, without chain and partners: of one everything is heard of in time,
of its twins late, early, doubled and out of order, with ends of day between. By value date the books of all are the
same to the fen; what had left too much or too little meanwhile is a claim for exactly the difference.

`CHAINFIN_HISTORIES` says how many, as in `test_value_dates`, where the rules alone are asked; on the chain, with
evidence and reconciliation, a few of them run in `tests/e2e/test_histories`.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest
from sqlmodel import Session, col, select

from chainfin.rules import ledger
from chainfin.rules.loan import Loan
from chainfin.services.books import journals, loan_book
from chainfin.services.kernel import commands
from chainfin.services.kernel.context import OPERATOR, Actor, Context
from chainfin.services.lending import applications, end_of_day
from chainfin.services.payments.allocation import Arrival
from chainfin.services.payments.bank_line import StatementLine
from chainfin.services.payments.incoming import place_waiting, take_in
from chainfin.storage.ledger_tables import EntryRow, JournalRow, OutboxRow
from chainfin.storage.lending_tables import COLLECTION_ACCOUNT, ApplicationRow, IncomingRow
from chainfin.values.money import Money
from chainfin.values.party import Role
from chainfin.values.product import Product
from tests.lending_board import CNY, START, Board
from tests.migrated import migrated_store

HISTORIES = int(os.environ.get("CHAINFIN_HISTORIES", "1000"))
BATCHES = 4
"""Tests that share them, so that several processes may."""
TWINS = 5
"""Histories of one loan: of each the bank tells in another order."""
A_BOARD = 25
"""Histories on one database, under one clock."""
LAST = 45
"""Days after the first on which something may be heard of."""
LENT = 400_000_00
PLEDGED = 470_000_00
"""The least of a receivable that is pledged for it."""
MONEY = {ledger.CASH.code, ledger.SUSPENSE.code, ledger.HOLDER_PAYABLE.code, ledger.CLAIMS.code}
"""Where money is differs while it is not known whose it is; what is owed and earned doesn't."""


@dataclass(frozen=True)
class Paid:
    """On which day after the first, by whom, and how much."""

    day: int
    of_debtor: bool
    amount: int


@dataclass
class Side:
    """One of several loans to which the same happens. ``paid_out``: the day on which the payout is heard of;
    ``heard``: that on which each payment is."""

    loan_id: str
    asset_id: str | None
    paid_out: int
    heard: list[int]
    refs: list[str] = field(default_factory=list)


@dataclass
class Story:
    """``paid_out``: the day on which the bank paid all of them out."""

    number: int
    product: Product
    paid_out: int
    payments: list[Paid]
    in_time: Side
    twins: list[Side]


def payments_of(dice: Random, product: Product, paid_out: int) -> list[Paid]:
    """At most one a day: which of two of one day came first is for the bank's order to say. A debtor pays no more than
    is pledged: which payment is the one above that is for the chain's order to say (ADR 0243)."""
    made, of_debtors = [], 0
    for day in sorted(dice.sample(range(paid_out + 1, 27), dice.randint(1, 4))):
        amount = LENT * dice.choice((1, 20, 35, 35, 50, 80, 105)) // 100
        of_debtor = product is Product.RECEIVABLE_PLEDGE and dice.random() < 0.5 and of_debtors + amount <= PLEDGED
        of_debtors += amount if of_debtor else 0
        made.append(Paid(day, of_debtor, amount))
    return made


@dataclass
class Histories:
    """The loans of one database and the days that go by over them."""

    board: Board
    dice: Random
    first: int
    count: int
    lender: Actor = field(init=False)
    stories: list[Story] = field(default_factory=list)
    lines: list[StatementLine] = field(default_factory=list)
    """All that the bank has told, to be told again."""

    def play(self) -> None:
        self._lend()
        for day in range(LAST + 1):
            self.board.clock.at = START + timedelta(days=day)
            self.board.price(self.lender)
            self._bank_pays_out(day)
            lines = self._told_on(day)
            before = self.dice.random() < 0.5
            if before:
                self._hear(lines)
            if self.dice.random() < 0.4:
                end_of_day.run(self.board.ctx, OPERATOR, self.board.clock.today())
            if not before:
                self._hear(lines)
        self.board.clock.at = START + timedelta(days=LAST + 1)
        end_of_day.run(self.board.ctx, OPERATOR, self.board.clock.today())

    # the loans

    def _lend(self) -> None:
        board = self.board
        lender, keeper, core, _ = board.parties(Role.LENDER, Role.KEEPER, Role.CORE, Role.BANK)
        self.lender = lender
        all_of_it = 4 * self.count * LENT
        board.fund(lender, all_of_it)
        board.mandate(lender, all_of_it)
        board.limit(lender, "debtor", core, all_of_it)
        for number in range(self.first, self.first + self.count, TWINS):
            product = tuple(Product)[number // TWINS % len(Product)]
            paid_out = self.dice.randint(0, 3)
            payments = payments_of(self.dice, product, paid_out)
            days = [each.day for each in payments]
            in_time = Side(*self._ordered(product, lender, keeper, core), paid_out, days)
            twins = [
                Side(
                    *self._ordered(product, lender, keeper, core),
                    paid_out + self.dice.choice([0, 0, 1, 4]),
                    [min(LAST, day + self.dice.choice([0, 1, 3, 8, 20])) for day in days],
                )
                for _ in range(TWINS)
            ]
            self.stories.append(Story(number, product, paid_out, payments, in_time, twins))

    def _ordered(self, product: Product, lender: Actor, keeper: Actor, core: Actor) -> tuple[str, str | None]:
        """A loan whose payout the bank was asked for, and what secures it."""
        board = self.board
        borrower = board.party(Role.SUPPLIER)
        board.limit(lender, "borrower", borrower, 2 * LENT)
        asset = None
        if product is Product.RECEIVABLE_PLEDGE:
            asset = board.receivable(borrower, core, 2 * LENT)
        elif product is Product.INVENTORY_PLEDGE:
            asset = board.goods(borrower, keeper, lender, 20_000)
        application = board.apply(borrower, lender, product.value, LENT, asset)
        if asset is None:
            board.data(40_000_000, application)
        applications.accept(board.ctx, borrower, application)
        with board.ctx.store.read() as session:
            loan_id = str(session.get_one(ApplicationRow, application).loan_id)
        board.registry(loan_id=loan_id)
        board.chain_takes(loan_id=loan_id)
        return loan_id, asset

    def _bank_pays_out(self, day: int) -> None:
        for story in self.stories:
            when = (START + timedelta(days=story.paid_out)).isoformat()
            for side in (story.in_time, *story.twins):
                if side.paid_out == day:
                    done = {"bank_reference": f"OUT-{side.loan_id}", "paid_at": when}
                    assert self.board.bank(done, side.loan_id) == 1

    # what the bank tells of

    def _told_on(self, day: int) -> list[StatementLine]:
        """In time in the bank's order; of the twins shuffled; now and then old lines once more."""
        told = [self._line(story.in_time, paid) for story in self.stories for paid in story.payments if paid.day == day]
        late = [
            self._line(side, paid)
            for story in self.stories
            for side in story.twins
            for paid, heard in zip(story.payments, side.heard, strict=True)
            if heard == day
        ]
        self.dice.shuffle(late)
        again = self.dice.sample(self.lines, len(self.lines) // 3) if self.dice.random() < 0.2 else []
        self.lines += told + late
        return [*told, *late, *again, *late[:1]]

    def _line(self, side: Side, paid: Paid) -> StatementLine:
        number = next(self.board.sequence)
        text = f"RECEIVABLE {side.asset_id}" if paid.of_debtor else f"LOAN {side.loan_id}"
        day = (START + timedelta(days=paid.day)).date()
        ref = f"IN-{number}"
        side.refs.append(ref)
        arrival = Arrival(ref, number, "6228-payer", COLLECTION_ACCOUNT, Money(paid.amount, CNY), text, day, {})
        return StatementLine("{}", ref, arrival)

    def _hear(self, lines: list[StatementLine]) -> None:
        """A page of them each, and what follows: pledges end, what waited is placed, the bank pays on and back."""
        cut = self.dice.randint(0, len(lines))
        for page in (lines[:cut], lines[cut:]):
            take_in(self.board.ctx, page, 0)
            while self.board.chain_takes():
                pass
            place_waiting(self.board.ctx)
        for kind in (commands.PayHolder, commands.Refund):
            while self.board.answer(kind, {"bank_reference": "BACK", "paid_at": self.board.clock.now().isoformat()}):
                pass

    # what has to hold

    def check(self) -> None:
        with self.board.ctx.store.read() as session:
            for story in self.stories:
                for twin in story.twins:
                    self._check(session, story, twin)
            assert session.exec(select(IncomingRow).where(IncomingRow.status == "waiting")).all() == []
            self._check_money(session)

    def _check_money(self, session: Session) -> None:
        """Nothing is left to be placed or paid on, and the lender's cash is what the bank moved."""
        assert journals.balance(session, ledger.SUSPENSE, CNY).minor == 0
        assert journals.balance(session, ledger.HOLDER_PAYABLE, CNY).minor == 0
        sides = [side for story in self.stories for side in (story.in_time, *story.twins)]
        came = sum(session.exec(select(IncomingRow.amount)).all())
        went = LENT * len(sides) + sum(left_again(session, side) for side in sides)
        assert journals.balance(session, ledger.CASH, CNY).minor == came - went

    def _check(self, session: Session, story: Story, twin: Side) -> None:
        where = f"history {story.number}: {story.payments}, paid out on day {story.paid_out}; {twin}"
        one, other = story.in_time.loan_id, twin.loan_id
        assert by_value(session, other) == by_value(session, one) != {}, where
        in_time, late = loan_of(session, self.board.ctx, one), loan_of(session, self.board.ctx, other)
        assert (late.state, late.dues) == (in_time.state, in_time.dues), where
        claims = journals.balance(session, ledger.CLAIMS, CNY, ref=other).minor
        assert left_again(session, twin) - claims == left_again(session, story.in_time), where


def loan_of(session: Session, ctx: Context, loan_id: str) -> Loan:
    return loan_book.load(session, ctx, loan_id)[1]


def by_value(session: Session, loan_id: str) -> dict[tuple[date, str], int]:
    """Value date and account → what was posted, debit positive."""
    sums: Counter[tuple[date, str]] = Counter()
    query = select(JournalRow, EntryRow).where(EntryRow.journal_id == JournalRow.id, JournalRow.ref == loan_id)
    for journal, entry in session.exec(query):
        if entry.account not in MONEY:
            sums[journal.value_date, entry.account] += entry.debit - entry.credit
    return {line: net for line, net in sums.items() if net}


def left_again(session: Session, side: Side) -> int:
    """What of the payments on a loan has gone back or on, in fen."""
    paid = select(IncomingRow.id).where(col(IncomingRow.bank_ref).in_(side.refs))
    topics = [kind.TOPIC for kind in (commands.PayHolder, commands.Refund)]
    query = select(OutboxRow).where(col(OutboxRow.topic).in_(topics), col(OutboxRow.correlation).in_(paid))
    rows = session.exec(query).all()
    assert {row.status for row in rows} <= {"done"}
    return sum(Money.parse(str(row.payload["amount"]), CNY).minor for row in rows)


@contextmanager
def a_board() -> Iterator[Board]:
    """One migrated database, in memory where the machine has a place for that."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="chainfin-board-", dir=memory) as folder:
        store = migrated_store(Path(folder))
        try:
            yield Board.on(store, Path(folder))
        finally:
            store.close()


@pytest.mark.timeout(60 + HISTORIES)
@pytest.mark.parametrize("batch", range(BATCHES), ids="batch-{}".format)
def test_histories__late_early_doubled_reordered__the_same_by_value_date(batch: int) -> None:
    claimed = 0
    for first in range(batch * A_BOARD, HISTORIES, BATCHES * A_BOARD):
        with a_board() as board:
            told = Histories(board, Random(f"2026:{first}"), first, min(A_BOARD, HISTORIES - first))
            told.play()
            told.check()
            with board.ctx.store.read() as session:
                claimed += len(session.exec(select(JournalRow.id).where(JournalRow.kind == "claim")).all())
    assert claimed > 0 or HISTORIES < 100, "money had gone that had to be claimed"
