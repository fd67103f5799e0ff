"""A debtor pays a claim while its holder borrows on it, on both databases: never both in full. Whoever takes a payment
in and whoever lends lock the same claim, so that one of them sees the other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
from sqlmodel import col, select

from chainfin.errors import ChainfinError
from chainfin.services.kernel import in_flight
from chainfin.services.kernel.context import Actor
from chainfin.services.lending import applications
from chainfin.services.payments.allocation import Arrival
from chainfin.services.payments.bank_line import StatementLine
from chainfin.services.payments.incoming import take_in
from chainfin.storage.lending_tables import COLLECTION_ACCOUNT, ApplicationRow, IncomingRow
from chainfin.storage.oversight_tables import ParkedItemRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.store import Store
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.values.money import Money
from chainfin.values.party import Role
from chainfin.values.product import Product
from tests.lending_board import CNY, Board

FACE = 200_000_00
LENT = 100_000_00
ROUNDS = 12


@dataclass
class Market:
    """Two processes on one database: one that lends, one that takes payments in."""

    lends: Board
    pays: Board
    lender: Actor
    core: Actor

    def claim(self) -> tuple[Actor, str]:
        """A holder and its confirmed claim."""
        holder = self.lends.party(Role.SUPPLIER)
        return holder, self.lends.receivable(holder, self.core, FACE)

    def apply(self, holder: Actor, claim: str) -> str:
        return self.lends.apply(holder, self.lender, Product.RECEIVABLE_PLEDGE.value, LENT, claim)

    def line(self, claim: str, account: str) -> StatementLine:
        """The debtor pays all of it, to ``account``."""
        number = next(self.pays.sequence)
        arrival = Arrival(
            bank_ref=f"RACE-{number}",
            sequence=number,
            payer_account="6228-debtor",
            payee_account=account,
            amount=Money(FACE, CNY),
            remittance=f"RECEIVABLE {claim}",
            received_on=self.pays.clock.today(),
            evidence={},
        )
        return StatementLine("{}", arrival.bank_ref, arrival)

    def paid(self, claim: str, account: str) -> None:
        take_in(self.pays.ctx, [self.line(claim, account)], 1)

    def account(self, holder: Actor) -> str:
        with self.lends.ctx.store.read() as session:
            return session.get_one(PartyRow, holder.party_id).account


@pytest.fixture
def market(store: Store, tmp_path: Path) -> Iterator[Market]:
    first = Board.on(store, tmp_path)
    with ExitStack() as stack:
        other = Store(store.url)
        stack.callback(other.close)
        lender, core, _ = first.parties(Role.LENDER, Role.CORE, Role.BANK)
        first.limit(lender, "debtor", core, 1000 * FACE)
        first.fund(lender, 1000 * FACE)
        first.mandate(lender, 1000 * FACE)
        yield Market(first, replace(first, ctx=replace(first.ctx, store=other)), lender, core)


def together(attempts: Sequence[Callable[[], object]]) -> list[str]:
    """Run all, starting together; the codes of those that were refused."""
    gate, codes = threading.Barrier(len(attempts)), list[str]()

    def go(attempt: Callable[[], object]) -> None:
        gate.wait(60)
        try:
            attempt()
        except ChainfinError as error:
            codes.append(error.code)

    with ThreadPoolExecutor(len(attempts)) as pool:
        for done in [pool.submit(go, attempt) for attempt in attempts]:
            done.result(240)
    return codes


@pytest.mark.parametrize("direct", [True, False])
def test_accept__at_once_with_the_payment__one_of_them_is_first(market: Market, direct: bool) -> None:
    for _ in range(ROUNDS):
        holder, claim = market.claim()
        application = market.apply(holder, claim)
        account = market.account(holder) if direct else COLLECTION_ACCOUNT
        codes = together(
            [
                partial(applications.accept, market.lends.ctx, holder, application),
                partial(market.paid, claim, account),
            ]
        )
        with market.lends.ctx.store.read() as session:
            pledges = session.exec(select(PledgeRow).where(PledgeRow.asset_id == claim)).all()
            payment = session.exec(select(IncomingRow).where(IncomingRow.receivable_id == claim)).one()
            on_its_way = in_flight.attested(session, claim).get("", 0)
            reserved = session.get_one(ReceivableRow, claim).reserved
        assert reserved + on_its_way <= FACE, "what is promised and what is paid fit in the claim"
        if pledges:
            assert (codes, payment.status, on_its_way) == ([], "waiting", 0), "the pledge was first: the payment waits"
        else:
            assert (codes, on_its_way) == (["payment_under_way"], FACE), "the payment was first: nothing is lent"


def test_apply__at_once_with_the_payment__nothing_paid_is_offered_to_be_taken(market: Market) -> None:
    for _ in range(ROUNDS):
        holder, claim = market.claim()
        together([partial(market.apply, holder, claim), partial(market.paid, claim, market.account(holder))])
        with market.lends.ctx.store.read() as session:
            assert in_flight.attested(session, claim) == {"": FACE}
            made = session.exec(
                select(ApplicationRow.id).where(
                    ApplicationRow.asset_id == claim, col(ApplicationRow.status) == "offered"
                )
            ).all()
        for application in made:
            with pytest.raises(ChainfinError) as refused:
                applications.accept(market.lends.ctx, holder, application)
            assert refused.value.code == "payment_under_way"


def test_line__of_an_account_that_no_database_takes__parked_alone(market: Market) -> None:
    holder, claim = market.claim()
    lines = [market.line(claim, "6228-\0"), market.line(claim, market.account(holder))]
    assert take_in(market.pays.ctx, lines, 1) == [Money(FACE, CNY)]
    with market.lends.ctx.store.read() as session:
        assert in_flight.attested(session, claim) == {"": FACE}
        parked = session.exec(select(ParkedItemRow).where(ParkedItemRow.subject == lines[0].reference)).one()
    assert parked.receivable_id is None
