"""Any order of asking, accepting, paying, waiting and stepping: promises hold at every step, books agree at the end.

Drivers move one at a time, when the machine says so, so that requests meet work half-done. Reproduce a failure with
the blob that hypothesis prints.
"""

from __future__ import annotations

import atexit
from contextlib import ExitStack
from datetime import timedelta
from functools import cache

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlmodel import col, select

from chainfin.errors import Conflict, Refused
from chainfin.services.books import journals
from chainfin.services.kernel.context import OPERATOR
from chainfin.services.lending import applications
from chainfin.services.lending import end_of_day as end_of_day_service
from chainfin.storage.lending_tables import ApplicationRow, HoldRow, LimitRow, LoanRow
from chainfin.values import instruction
from tests.e2e.site import FACE, Site, check_books, open_site

LIMIT = 800_000_00
AMOUNTS = st.sampled_from([1_000_00, 90_000_00, 300_000_00, 450_000_00, FACE])
DRIVERS = ("worker", "chain", "incoming", "housekeeper")


@cache
def the_site() -> Site:
    """One installation for all examples: each brings its own borrower and trade."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(open_site())


class Lending(RuleBasedStateMachine):
    """One borrower with one receivable and a limit below its face."""

    @initialize()
    def begin(self) -> None:
        self.site = the_site()
        self.borrower = self.site.borrower(limit=LIMIT)
        self.asset = self.site.confirmed(self.borrower)

    def mine(self, *states: str) -> list[ApplicationRow]:
        with self.site.ctx.store.read() as session:
            query = select(ApplicationRow).where(ApplicationRow.borrower_id == self.borrower.party_id)
            if states:
                query = query.where(col(ApplicationRow.status).in_(states))
            return list(session.exec(query.order_by(col(ApplicationRow.id))).all())

    @rule(amount=AMOUNTS, days=st.sampled_from([1, 30, 60]))
    def ask(self, amount: int, days: int) -> None:
        self.site.apply(self.borrower, amount, self.asset.id, days=days)

    @precondition(lambda self: self.mine("offered"))
    @rule(pick=st.integers(0, 9))
    def accept(self, pick: int) -> None:
        offers = self.mine("offered")
        try:
            applications.accept(self.site.ctx, self.borrower, offers[pick % len(offers)].id)
        except (Refused, Conflict) as no:
            if no.code not in ("asset_not_free", "offer_expired"):
                raise

    @precondition(lambda self: self.mine("offered"))
    @rule(pick=st.integers(0, 9))
    def withdraw(self, pick: int) -> None:
        offers = self.mine("offered")
        applications.withdraw(self.site.ctx, self.borrower, offers[pick % len(offers)].id)

    @rule(driver=st.sampled_from(DRIVERS))
    def step(self, driver: str) -> None:
        getattr(self.site.inst, driver).run_once()

    @rule()
    def rest(self) -> None:
        self.site.run()

    @rule(amount=AMOUNTS)
    def debtor_pays(self, amount: int) -> None:
        self.site.pays(amount, f"RECEIVABLE {self.asset.id}", step=False)

    @precondition(lambda self: self.mine("funded", "disbursing"))
    @rule(amount=AMOUNTS, pick=st.integers(0, 9))
    def borrower_pays(self, amount: int, pick: int) -> None:
        loans = self.mine("funded", "disbursing")
        self.site.pays(amount, f"LOAN {loans[pick % len(loans)].loan_id}", step=False)

    @rule(hours=st.sampled_from([1, 12, 30]))
    def wait(self, hours: int) -> None:
        self.site.ctx.clock.move_to(self.site.ctx.clock.now() + timedelta(hours=hours))

    @rule()
    def end_of_day(self) -> None:
        end_of_day_service.run(self.site.ctx, OPERATOR, self.site.today)

    @invariant()
    def promises_hold(self) -> None:
        if not hasattr(self, "asset"):
            return
        with self.site.ctx.store.read() as session:
            limit = session.exec(select(LimitRow).where(LimitRow.key == self.borrower.party_id)).one()
            held = session.exec(select(HoldRow).where(HoldRow.limit_id == limit.id)).all()
            trial = journals.trial_balance(session)
            lent = session.exec(
                select(LoanRow.principal).where(
                    LoanRow.borrower_id == self.borrower.party_id, col(LoanRow.status).in_(("active", "overdue"))
                )
            ).all()
        assert limit.held + limit.used <= limit.amount == LIMIT
        assert limit.held == sum(each.amount for each in held if each.state == "held")
        assert limit.used == sum(each.amount for each in held if each.state == "used")
        assert sum(line.debit.minor - line.credit.minor for line in trial) == 0
        assert self.site.receivable(self.asset.id).face == FACE
        assert all(principal <= LIMIT for principal in lent)

    def teardown(self) -> None:
        if not hasattr(self, "asset"):
            return
        self.site.run()
        check_books(self.site)
        assert not self.mine("registration", "pledging", "disbursing"), "everything that was begun has ended"
        mine = {instruction.for_loan(str(row.loan_id)) for row in self.mine("funded")}
        paid = [each for each in self.site.payments() if each in mine]
        assert len(paid) == len(set(paid)) == len(self.mine("funded"))


Lending.TestCase.settings = settings(
    max_examples=8,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
TestLending = Lending.TestCase
