"""64 at once on one database, each with connections of its own: no payout without a live mandate, and nothing new above
the mandate or a limit; what was lowered or revoked stops everything that comes after it.

Whoever checks a mandate or a limit holds its row until it commits; so once a revocation or a lower limit has come back,
the payouts that are ordered are all that there ever will be.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from itertools import count, cycle
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, func, select

from chainfin.errors import ChainfinError
from chainfin.rules import ledger
from chainfin.services.books import journals
from chainfin.services.kernel import commands
from chainfin.services.kernel.context import Actor
from chainfin.services.lending import applications, limits, mandates
from chainfin.storage.funding_tables import FundingAccountRow, FundingHoldRow
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.lending_tables import ApplicationRow, HoldRow, LimitRow, LoanRow, OfferRow
from chainfin.storage.store import Store
from chainfin.values.party import Role
from chainfin.values.product import Product
from tests.lending_board import CNY, Board

AT_ONCE = 64
PROCESSES = 4
"""Stores with connections of their own, as processes have."""
UNIT = 100_000_00
HELD = ("offered", "accepted", "registration", "pledging", "disbursing")


@dataclass
class Market:
    """A lender with a mandate over ``mandate`` and limits far above it; borrowers of each product."""

    boards: list[Board]
    lender: Actor
    core: Actor
    keeper: Actor
    mandate: str

    @property
    def board(self) -> Board:
        return self.boards[0]

    def deals(self, number: int) -> list[Deal]:
        """So many borrowers, over all products in turn, each with what it would pledge."""
        boards, products = cycle(self.boards), cycle(Product)
        return [Deal(self, next(boards), next(products)) for _ in range(number)]

    def status(self) -> Counter[str]:
        with self.board.ctx.store.read() as session:
            rows = session.exec(select(ApplicationRow.status).where(ApplicationRow.lender_id == self.lender.party_id))
            return Counter(rows.all())

    def ordered(self) -> set[str]:
        """The loans of which a payout was ever ordered."""
        with self.board.ctx.store.read() as session:
            return set(session.exec(select(OutboxRow.subject).where(OutboxRow.topic == commands.PayLoan.TOPIC)).all())

    def stopped(self, ordered: set[str], refused: Counter[str], *codes: str, offer: str = "offered") -> None:
        """All that isn't paid out was stopped: what was already pledged fails, and who accepts too late is told so;
        ``offer``: what becomes of its offer."""
        late = sum(refused.values())
        assert set(refused) <= set(codes)
        stopped = Counter({"disbursing": len(ordered), "failed": AT_ONCE - len(ordered) - late, offer: late})
        assert self.status() == stopped

    def begun(self) -> None:
        """Until ten payouts are ordered."""
        while len(self.ordered()) < 10:
            time.sleep(0.01)

    def promised(self) -> int:
        """Held and outstanding together, reckoned from offers and from the book."""
        with self.board.ctx.store.read() as session:
            return sum(taken(session, str(self.lender.party_id)).values())


class Deal:
    """A borrower that asks for one loan."""

    def __init__(self, market: Market, board: Board, product: Product) -> None:
        self.market, self.board, self.product = market, board, product
        self.borrower = board.party(Role.SUPPLIER)
        self.asset: str | None = None
        self.application = ""
        if product is Product.RECEIVABLE_PLEDGE:
            self.asset = board.receivable(self.borrower, market.core, 2 * UNIT)
        elif product is Product.INVENTORY_PLEDGE:
            self.asset = board.goods(self.borrower, market.keeper, market.lender, 3_000)
            board.limit(market.lender, "borrower", self.borrower, 100 * UNIT)

    def ask(self) -> None:
        """Up to the offer, if there is one."""
        self.application = self.board.apply(self.borrower, self.market.lender, self.product.value, UNIT, self.asset)
        if self.asset is None:
            self.board.data(400_000, self.application)

    def accept(self) -> None:
        applications.accept(self.board.ctx, self.borrower, self.application)

    def withdraw(self) -> None:
        applications.withdraw(self.board.ctx, self.borrower, self.application)

    @property
    def loan(self) -> str:
        with self.board.ctx.store.read() as session:
            return str(session.get_one(ApplicationRow, self.application).loan_id)

    def up_to_the_payout(self) -> None:
        """Everything is done but the step that orders the money."""
        self.ask()
        if self.asset is not None:
            self.accept()
            assert self.board.registry(loan_id=self.loan) == 1

    def order_payout(self) -> None:
        if self.asset is None:
            self.accept()
        else:
            self.board.chain_takes(loan_id=self.loan)

    def whole(self) -> None:
        """From the question to the bank's answer and back, as far as it goes."""
        self.ask()
        self.accept()
        self.board.registry(loan_id=self.loan)
        self.board.chain_takes(loan_id=self.loan)
        self.board.bank(loan_id=self.loan)
        self.board.pays(UNIT // 2, f"LOAN {self.loan}")


@pytest.fixture
def market(store: Store, tmp_path: Path) -> Iterator[Market]:
    first = Board.on(store, tmp_path)
    with ExitStack() as stack:
        boards = [first]
        for _ in range(PROCESSES - 1):
            other = Store(store.url)
            stack.callback(other.close)
            boards.append(replace(first, ctx=replace(first.ctx, store=other)))
        lender, core, keeper = first.parties(Role.LENDER, Role.CORE, Role.KEEPER)
        first.limit(lender, "debtor", core, 1000 * UNIT)
        first.fund(lender, 1000 * UNIT)
        yield Market(boards, lender, core, keeper, first.mandate(lender, 1000 * UNIT))
        for check in (check_limits, check_money):
            with store.read() as session:
                check(session)


def at_once(attempts: Sequence[Callable[[], object]]) -> Counter[str]:
    """Run all, starting together; the codes of those that were refused. None may be sent away by the database: nobody
    waits for anybody in a circle."""
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
    return Counter(codes)


def taken(session: Session, lender: str) -> dict[str, int]:
    """Application → what it takes: its offer while it is held, else what the book says is outstanding."""
    found = session.exec(
        select(ApplicationRow, OfferRow.amount).where(
            ApplicationRow.lender_id == lender, col(OfferRow.application_id) == col(ApplicationRow.id)
        )
    )
    return {
        row.id: offered if row.status in HELD else journals.balance(session, ledger.LOANS, CNY, ref=row.loan_id).minor
        for row, offered in found
        if row.status in (*HELD, "funded")
    }


def check_limits(session: Session) -> None:
    """What a limit counts is what its holds and, beneath them, offers and the book say."""
    for limit in session.exec(select(LimitRow)):
        sums = select(HoldRow.state, func.sum(HoldRow.amount)).where(HoldRow.limit_id == limit.id)
        counted = {state: int(amount) for state, amount in session.exec(sums.group_by(col(HoldRow.state)))}
        assert (limit.held, limit.used) == (counted.get("held", 0), counted.get("used", 0)), limit
        if limit.kind in ("mandate", "lender"):
            wanted = taken(session, limit.lender_id)
            held = select(HoldRow.application_id).where(HoldRow.limit_id == limit.id, HoldRow.state != "freed")
            mine = set(session.exec(held).all())
            assert limit.kind != "lender" or mine == {name for name, amount in wanted.items() if amount}, limit
            assert limit.held + limit.used == sum(wanted[name] for name in mine), limit


def check_money(session: Session) -> None:
    for account in session.exec(select(FundingAccountRow)):
        cash = journals.balance(session, ledger.CASH, CNY, party=account.lender_id).minor
        assert cash == account.balance >= account.committed >= 0, account
        held = select(func.sum(FundingHoldRow.amount)).where(
            FundingHoldRow.account_id == account.id, FundingHoldRow.state == "held"
        )
        assert account.committed == int(session.exec(held).one() or 0)
        under_way = select(func.sum(LoanRow.principal)).where(
            LoanRow.lender_id == account.lender_id, LoanRow.status == "approved"
        )
        assert account.committed == int(session.exec(under_way).one() or 0)


def midst(patch: pytest.MonkeyPatch, module: object, name: str) -> threading.Event:
    """The fifteenth that comes to ``name`` says so, and takes its time: it has asked what it had to, and hasn't
    committed."""
    plain, inside, numbers = getattr(module, name), threading.Event(), count(1)

    def later(*args: Any, **more: Any) -> Any:
        if next(numbers) == 15:
            inside.set()
            time.sleep(0.5)
        return plain(*args, **more)

    patch.setattr(module, name, later)
    return inside


def test_payouts__at_once_with_the_revocation__none_after_it(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    *deals, late = market.deals(AT_ONCE)
    for deal in (*deals, late):
        deal.up_to_the_payout()
    known: list[set[str]] = []
    inside = midst(monkeypatch, commands, "give")

    def revoke() -> None:
        assert inside.wait(60)
        mandates.revoke(market.board.ctx, market.lender, market.mandate)
        known.append(market.ordered())

    refused = at_once(
        [*(deal.order_payout for deal in deals[:20]), revoke, *(deal.order_payout for deal in deals[20:])]
    )
    assert market.ordered() == known[0], "nothing was ordered once the revocation had come back"
    late.order_payout()
    assert 10 <= len(known[0]) < AT_ONCE
    market.stopped(known[0], refused, "mandate_revoked", "application_not_offered", offer="withdrawn")
    assert market.promised() == len(known[0]) * UNIT


@pytest.mark.parametrize("kind", ["lowered", "first set"])
def test_payouts__at_once_with_a_limit_below_exposure__none_after_it(
    market: Market, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "lowered":
        market.board.limit(market.lender, "lender", market.lender, 900 * UNIT)
    *deals, late = market.deals(AT_ONCE)
    for deal in (*deals, late):
        deal.up_to_the_payout()
    known: list[set[str]] = []
    inside = midst(monkeypatch, commands, "give")

    def lower() -> None:
        assert inside.wait(60)
        market.board.limit(market.lender, "lender", market.lender, 0)
        known.append(market.ordered())

    refused = at_once([*(deal.order_payout for deal in deals[:20]), lower, *(deal.order_payout for deal in deals[20:])])
    assert market.ordered() == known[0], "nothing was ordered once the limit stood"
    late.order_payout()
    assert 10 <= len(known[0]) < AT_ONCE
    market.stopped(known[0], refused, "limit_lowered")


@pytest.mark.parametrize("bound", ["mandate", "lender"])
def test_asks__at_once__all_of_it_and_not_a_fen_more(market: Market, bound: str) -> None:
    most = 20 * UNIT + UNIT // 2
    if bound == "lender":
        market.board.limit(market.lender, "lender", market.lender, most)
    else:
        mandates.revoke(market.board.ctx, market.lender, market.mandate)
        market.board.mandate(market.lender, most)
    at_once([deal.ask for deal in market.deals(AT_ONCE)])
    assert market.promised() == most
    assert market.status()["offered"] == 21


def test_asks__at_once_with_a_limit_first_set__it_counts_them_all(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    deals = market.deals(AT_ONCE - 1)
    known: list[int] = []
    inside = midst(monkeypatch, limits, "hold")

    def set_() -> None:
        assert inside.wait(60)
        market.board.limit(market.lender, "lender", market.lender, 10 * UNIT)
        known.append(market.promised())

    at_once([*(deal.ask for deal in deals[:20]), set_, *(deal.ask for deal in deals[20:])])
    assert market.promised() == max(known[0], 10 * UNIT), "up to the limit, or what was there before it"


def test_asks__at_once_of_one_borrower_at_several_lenders__no_more_than_its_explained_limit(market: Market) -> None:
    """What sales explain is one limit, however many lenders are asked; the mandates are far above it."""
    board, product, most = market.board, Product.GENERAL_310.value, 900_000_00
    lenders = [market.lender, *board.parties(*[Role.LENDER] * 7)]
    for lender in lenders[1:]:
        board.mandate(lender, 1000 * UNIT)
    first, shop = board.parties(Role.SUPPLIER, Role.SUPPLIER)

    def ask(borrower: Actor, lender: Actor, asked: int, on: Board = board) -> None:
        application = on.apply(borrower, lender, product, asked, None)
        on.data(400_000, application)

    def held(borrower: Actor) -> list[int]:
        """The offers that a borrower has."""
        with board.ctx.store.read() as session:
            offered = select(OfferRow.amount).join(
                ApplicationRow, col(ApplicationRow.id) == col(OfferRow.application_id)
            )
            return list(session.exec(offered.where(ApplicationRow.borrower_id == borrower.party_id)).all())

    ask(first, market.lender, most)
    (explained,) = held(first)
    assert 0 < explained < most, "what the same sales explain for one that asks once"
    asked = explained // 10
    asks = zip(cycle(lenders), cycle(market.boards), range(AT_ONCE), strict=False)
    at_once([partial(ask, shop, lender, asked, on) for lender, on, _ in asks])
    assert len(held(shop)) == 10
    assert explained - asked < sum(held(shop)) <= explained


def test_accepts__at_once_on_little_money__never_below_zero(market: Market, store: Store) -> None:
    poor = market.board.party(Role.LENDER)
    market.board.limit(poor, "debtor", market.core, 1000 * UNIT)
    mandate = market.board.mandate(poor, 1000 * UNIT)
    lean = replace(market, lender=poor, mandate=mandate)
    market.board.fund(poor, 10 * UNIT + UNIT // 2)
    deals = lean.deals(AT_ONCE)
    for deal in deals:
        deal.ask()
    refused = at_once([deal.accept for deal in deals])
    assert refused["funding_short"] == AT_ONCE - 10
    assert lean.status()["offered"] == AT_ONCE - 10, "their offers stand"


def test_everything__at_once__limits_and_money_agree(market: Market) -> None:
    """Whole lives of loans, among them withdrawals, lowered limits, revocations and new mandates; the fixture
    compares."""
    deals, board, lender = market.deals(AT_ONCE - 8), market.board, market.lender

    def shake(number: int) -> None:
        other = market.boards[number % PROCESSES]
        other.limit(lender, "lender", lender, (20 + 9 * number) * UNIT)
        if number == 0:
            market.begun()
            mandates.revoke(other.ctx, lender, market.mandate)
        else:
            other.mandate(lender, 8 * UNIT)
        other.limit(lender, "debtor", market.core, (10 + 7 * number) * UNIT)

    def ask_and_withdraw(deal: Deal) -> None:
        deal.ask()
        deal.withdraw()

    work: list[Callable[[], object]] = [deal.whole for deal in deals[8:]]
    work += [partial(ask_and_withdraw, deal) for deal in deals[:8]]
    work += [partial(shake, number) for number in range(8)]
    at_once(work)
    assert market.status()["funded"] > 0
    assert len(market.ordered()) >= market.status()["funded"]
    with board.ctx.store.read() as session:
        assert journals.check_chain(session) > 0
