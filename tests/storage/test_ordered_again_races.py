"""A person has money ordered again that the bank didn't pay, while its payee's account changes, on both databases: both
go through without waiting for each other in a circle, and it is ordered once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from chainfin.services.kernel import commands
from chainfin.services.kernel.context import OPERATOR, Actor, Context
from chainfin.services.lending import applications
from chainfin.services.oversight import parked
from chainfin.services.parties import persons
from chainfin.services.payments import accounts, incoming, pay_again, payouts, unmatched, unpaid
from chainfin.services.payments.incoming import place_waiting
from chainfin.services.payments.remittance import Purpose
from chainfin.services.reactions import approved
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.lending_tables import IncomingRow
from chainfin.storage.oversight_tables import ParkedItemRow
from chainfin.storage.party_tables import PartyRow, PersonRow
from chainfin.storage.store import Store
from chainfin.values.party import Role, first_person
from chainfin.values.product import Product
from tests.lending_board import Board
from tests.storage.test_payment_races import FACE, LENT, together

ROUNDS = 6
BOSS = replace(OPERATOR, person_id=first_person(None))


@dataclass
class Desk:
    """Two processes on one database, and a holder whose bank refused its share."""

    mine: Board
    theirs: Context
    lender: Actor
    core: Actor

    def refused(self) -> tuple[Actor, str]:
        """A holder that is owed the rest of a debtor's payment, and the parked item that says so."""
        board = self.mine
        holder = board.party(Role.SUPPLIER)
        with board.ctx.store.begin() as session:
            persons.make_first(session, str(holder.party_id), board.clock.now())
        claim = board.receivable(holder, self.core, FACE)
        applications.accept(
            board.ctx, holder, board.apply(holder, self.lender, Product.RECEIVABLE_PLEDGE.value, LENT, claim)
        )
        assert board.registry()
        assert board.chain_takes()
        assert board.bank()
        board.pays(FACE, f"RECEIVABLE {claim}")
        while board.chain_takes():
            pass
        place_waiting(board.ctx)
        assert board.answer(commands.PayHolder, "payee_account_closed")
        with board.ctx.store.read() as session:
            item = session.exec(select(ParkedItemRow.id).where(ParkedItemRow.status == "open")).one()
        return replace(holder, person_id=first_person(holder.party_id)), item


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Iterator[Desk]:
    board = Board.on(store, tmp_path)
    with ExitStack() as stack:
        other = Store(store.url)
        stack.callback(other.close)
        lender, core, _ = board.parties(Role.LENDER, Role.CORE, Role.BANK)
        board.limit(lender, "debtor", core, 1000 * FACE)
        board.fund(lender, 1000 * FACE)
        board.mandate(lender, 1000 * FACE)
        yield Desk(board, replace(board.ctx, store=other), lender, core)


@pytest.mark.parametrize("asked", ["retry", "propose"])
def test_item__asked_for_at_once_with_a_new_account__is_ordered_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    numbers, ordering, met = count(1), payouts.retry, threading.Barrier(2)

    def as_the_other_begins(session: Session, ctx: Context, payee: PartyRow) -> int:
        met.wait(60)
        return ordering(session, ctx, payee)

    monkeypatch.setattr(payouts, "retry", as_the_other_begins)
    for _ in range(ROUNDS):
        holder, item = desk.refused()
        account = f"6229-{next(numbers)}"
        change = accounts.propose(desk.theirs, BOSS, str(holder.party_id), account, "the bank closed the old one")

        def again(session: Session, payload: str) -> None:
            pay_again.order(session, desk.mine.ctx, payload)

        def ask(item: str = item) -> None:
            met.wait(60)
            if asked == "retry":
                parked.retry(desk.mine.ctx, BOSS, item, {unpaid.SOURCE: again})
            else:
                pay_again.propose(desk.mine.ctx, BOSS, item, account="6230", name="Invented", reason="they say so")

        codes = together(
            [
                ask,
                partial(approved.approve, desk.theirs, holder, change.id, "it is ours"),
            ]
        )
        assert set(codes) <= {"parked_item_not_open", "parked_item_no_refund"}
        with desk.mine.ctx.store.read() as session:
            orders = session.exec(
                select(OutboxRow)
                .where(OutboxRow.topic == commands.PayHolder.TOPIC, OutboxRow.subject == holder.party_id)
                .order_by(col(OutboxRow.id))
            ).all()
            assert session.get_one(ParkedItemRow, item).status in ("retried", "resolved")
        assert [row.status for row in orders] == ["replaced", "due"]
        assert desk.mine.answer(commands.PayHolder, {"bank_reference": item, "paid_at": "2026-03-02T09:00:00+00:00"})


def test_allocation__approved_while_another_is_proposed__placed_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    board, met, locking = desk.mine, threading.Barrier(2), incoming.lock_claim
    second = replace(BOSS, person_id="per_second")
    with board.ctx.store.begin() as session:
        session.add(PersonRow(id="per_second", name="", confirmed=True, created_at=board.clock.now()))

    def as_the_other_begins(session: Session, purpose: Purpose) -> None:
        met.wait(60)
        locking(session, purpose)

    for _ in range(ROUNDS):
        claim = board.receivable(board.party(Role.SUPPLIER), desk.core, FACE)
        board.pays(FACE, "for the copper")
        with board.ctx.store.read() as session:
            row = session.exec(select(ParkedItemRow).where(ParkedItemRow.status == "open")).one()
        ask = partial(unmatched.propose, board.ctx, BOSS, row.id, kind="receivable", target=claim, reason="so they say")
        first = ask()

        def another(ask: Callable[[], object] = ask) -> None:
            met.wait(60)
            ask()

        with monkeypatch.context() as patch:
            patch.setattr(incoming, "lock_claim", as_the_other_begins)
            codes = together([another, partial(approved.approve, desk.theirs, second, first.id, "they do")])
        assert codes == ["parked_item_not_open"]
        with board.ctx.store.read() as session:
            paid = session.exec(select(IncomingRow).where(IncomingRow.allocated_by == first.id)).one()
        assert paid.status == "applied"
