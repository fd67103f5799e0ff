"""Any order of prices, counts, payments, goods brought and days: who lends on goods is covered, or a call stands.

At each step, reckoned here once more from rows: what is pledged less what is promised away covers what is owed at the
call rate, or a call stands; what repayments released left as much as was needed; while a call stands nothing is
released, offered or paid out between the two; and it ends by being met, or by its deadline.

``CHAINFIN_MARGIN_EXAMPLES``: how many histories (5; `python -m tests.long margin` takes 200).
"""

from __future__ import annotations

import atexit
import os
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import cache

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlmodel import col, func, select

from chainfin.errors import ChainfinError
from chainfin.eth.bindings.pledges_acts import Release
from chainfin.rules.loan import LoanState, accrue
from chainfin.rules.loan.state import ACCRUING
from chainfin.rules.margin import STANDING, State
from chainfin.services.books import loan_book
from chainfin.services.goods import receipts
from chainfin.services.kernel import commands
from chainfin.services.kernel.context import OPERATOR
from chainfin.services.lending import applications, end_of_day, margin_calls
from chainfin.services.pledges import enforcement, release, top_ups
from chainfin.storage.lending_tables import ApplicationRow, LoanRow, MarginCallRow, OfferRow, RepaymentRow
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.price_tables import PriceRow
from chainfin.storage.trade_tables import ActRow
from tests.e2e.ending import mismatches
from tests.e2e.site import Site, open_site

EXAMPLES = int(os.environ.get("CHAINFIN_MARGIN_EXAMPLES", "5"))
GRANTED, CURED, CALLED, SOLD = Decimal("0.70"), Decimal("0.74"), Decimal("0.78"), Decimal("0.86")
"""The rates of `inventory-v4` for standard goods that nobody undertook to buy."""
LENT = 100_000_00
DRIVERS = ("worker", "chain", "incoming", "housekeeper")


@cache
def the_site() -> Site:
    """One installation for all examples: each brings its own borrower and lender."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(open_site())


@dataclass(frozen=True)
class Cover:
    """A running loan: what stays pledged for it is worth, and what it owes today, in fen."""

    loan_id: str
    worth: Decimal
    owed: int

    def carries(self, rate: Decimal) -> bool:
        return self.owed <= self.worth * rate


@dataclass(frozen=True)
class Seen:
    """What stood at the end of a step. ``standing``: ids of calls that aren't met."""

    calls: dict[str, MarginCallRow]
    standing: frozenset[str]
    released: dict[str, int]
    """By pledges of loans that run."""
    releases: frozenset[str]
    """Acts that give up a part of them."""
    signed: int
    """What of it was signed away and isn't final yet."""
    offers: int
    payouts: int


class Margin(RuleBasedStateMachine):
    """One borrower with copper at the keeper, and one lender with a price of its own."""

    @initialize()
    def begin(self) -> None:
        self.site = the_site()
        self.owner = self.site.borrower(limit=5_000_000_00)
        self.lender = self.site.lender(self.owner)
        self.minor = 70_00
        self.site.price(self.minor, self.lender)
        self.goods = self.site.goods(self.owner, 5000)
        self.by_will = self.counted = False
        for lent in (LENT, LENT // 2):
            self.site.funded(self.owner, lent, self.goods.id, **self.wish())
        self.seen = self.look()

    def wish(self) -> dict[str, object]:
        return {"product": "inventory_pledge", "lender_id": str(self.lender.party_id), "days": 180}

    # what happens

    @rule(minor=st.sampled_from([56_00, 60_00, 62_00, 62_00, 66_00, 71_00]))
    def price(self, minor: int) -> None:
        self.minor = minor
        self.site.price(minor, self.lender)

    @rule(part=st.sampled_from([0.05, 0.12, 0.25, 0.6]), pick=st.integers(0, 3), at_once=st.booleans())
    def pays(self, part: float, pick: int, at_once: bool) -> None:
        loans = self.loans()
        if loans:
            row = loans[pick % len(loans)]
            self.site.pays(int(row.principal * part), f"LOAN {row.id}", step=at_once)

    @precondition(lambda self: self.seen.standing)
    @rule(more=st.sampled_from([0, 30_000_00]), last=st.booleans())
    def pays_what_is_called(self, more: int, last: bool) -> None:
        call = self.seen.calls[max(self.seen.standing) if last else min(self.seen.standing)]
        self.site.pays(call.amount + more, f"LOAN {call.loan_id}")

    @rule(days=st.integers(1, 3))
    def days_pass(self, days: int) -> None:
        self.site.move_to(self.site.today + timedelta(days=days))
        self.site.inst.incoming.run_once()
        end_of_day.run(self.site.ctx, OPERATOR, self.site.today)

    @rule(driver=st.sampled_from(DRIVERS))
    def step(self, driver: str) -> None:
        getattr(self.site.inst, driver).run_once()

    @rule()
    def rest(self) -> None:
        self.site.run()

    @rule(kilograms=st.sampled_from([500, 2300, 3000]))
    def count(self, kilograms: int) -> None:
        self.tries(lambda: receipts.recount(
            self.site.ctx, self.site.cast["keeper"], self.goods.id, Decimal(kilograms), "a count (invented)"
        ), "exceeds_held", "receipt_not_final", "pledged_goods_missing")  # fmt: skip
        self.counted = True
        self.site.run()

    @rule(kilograms=st.sampled_from([50, 300, 1500]), pick=st.integers(0, 3), at_once=st.booleans())
    def brings(self, kilograms: int, pick: int, at_once: bool) -> None:
        loans = self.loans()
        if not loans:
            return
        row, quantity = loans[pick % len(loans)], Decimal(kilograms)
        self.tries(lambda: top_ups.pledge_more(
            self.site.ctx, self.owner, row.id, receipt_id=self.goods.id, quantity=quantity
        ), "exceeds_free", "asset_not_free", "price_stale", "loan_not_running")  # fmt: skip
        if at_once:
            self.site.run()

    @rule(amount=st.sampled_from([5_000_00, 40_000_00]))
    def borrows(self, amount: int) -> None:
        known = self.look()
        application = self.site.apply(self.owner, amount, self.goods.id, **self.wish())
        row = self.site.application(application).row
        if known.standing and row.status != "data_check":
            assert row.status == "declined"
        if row.status == "offered":
            self.tries(lambda: applications.accept(self.site.ctx, self.owner, application), "asset_not_free",
                       "collateral_short", "price_stale", "receipt_ended", "exceeds_free")  # fmt: skip

    @rule(pick=st.integers(0, 5))
    def gives_up(self, pick: int) -> None:
        pledges = [pledge for pledge in self.pledges() if pledge.status == "active"]
        if not pledges:
            return
        standing = bool(self.look().standing)
        code = self.tries(lambda: release.release_by_lender(
            self.site.ctx, self.lender, pledges[pick % len(pledges)].id, "1"
        ), "margin_call_open", "exceeds_pledged", "pledge_state_wrong", "release_leaves_short",
            "price_stale")  # fmt: skip
        over = pledges[pick % len(pledges)].loan_id not in {row.id for row in self.loans()}
        assert over or (code == "margin_call_open") == standing
        self.by_will = code is None

    @precondition(lambda self: any(self.seen.calls[each].status == State.ESCALATED for each in self.seen.standing))
    @rule()
    def takes(self) -> None:
        called = {self.seen.calls[each].loan_id for each in self.seen.standing}
        for pledge in self.pledges():
            if pledge.status == "active" and pledge.loan_id in called:
                self.tries(lambda pledge=pledge: enforcement.enforce(self.site.ctx, self.lender, pledge.id),
                           "bank_statement_missing", "loan_not_overdue", "pledge_not_drawn")  # fmt: skip
        self.site.run()

    def tries(self, act: object, *codes: str) -> str | None:
        """Does it; the code if it is refused, which has to be one of these."""
        assert callable(act)
        try:
            act()
        except ChainfinError as no:
            if no.code not in codes:
                raise
            return no.code
        return None

    # what has to hold

    def loans(self) -> list[LoanRow]:
        with self.site.ctx.store.read() as session:
            query = select(LoanRow).where(
                LoanRow.borrower_id == self.owner.party_id, col(LoanRow.status).in_([each.value for each in ACCRUING])
            )
            return list(session.exec(query.order_by(col(LoanRow.id))).all())

    def pledges(self) -> list[PledgeRow]:
        with self.site.ctx.store.read() as session:
            query = select(PledgeRow).where(PledgeRow.pledgor_id == self.owner.party_id)
            return list(session.exec(query.order_by(col(PledgeRow.id))).all())

    def covers(self) -> list[Cover]:
        """Of loans whose goods were neither taken nor all given up by their lender: what stays, less the releases that
        it has signed."""
        pledges, found = self.pledges(), []
        with self.site.ctx.store.read() as session:
            for row in self.loans():
                mine = [pledge for pledge in pledges if pledge.loan_id == row.id]
                if any(pledge.status == "enforced" for pledge in mine):
                    continue
                signed = session.exec(select(ActRow).where(
                    ActRow.function == Release.FUNCTION, ActRow.status == "signed",
                    col(ActRow.subject).in_([pledge.id for pledge in mine]),
                )).all()  # fmt: skip
                there = sum(pledge.left for pledge in mine if pledge.status in ("active", "releasing"))
                there -= sum(Release.from_params(act.params).amount for act in signed)
                assert there >= 0, "more is given up than there is"
                if there == 0 and not any(pledge.lost for pledge in mine):
                    continue
                loan = loan_book.load(session, self.site.ctx, row.id)[1]
                owed = accrue(loan, max(self.site.today, loan.accrued_to)).loan.dues.total.minor
                found.append(Cover(row.id, Decimal(there * self.minor) / 1000, owed))
        return found

    def look(self) -> Seen:
        with self.site.ctx.store.read() as session:
            mine = session.exec(select(LoanRow).where(LoanRow.borrower_id == self.owner.party_id)).all()
            running = {row.id for row in mine if LoanState(row.status) in ACCRUING}
            query = select(MarginCallRow).where(col(MarginCallRow.loan_id).in_([row.id for row in mine]))
            calls = {call.id: call for call in session.exec(query)}
            pledges = [pledge for pledge in self.pledges() if pledge.loan_id in running]
            releases = session.exec(
                select(ActRow).where(
                    ActRow.function == Release.FUNCTION, col(ActRow.subject).in_([pledge.id for pledge in pledges])
                )
            ).all()
            offers = session.exec(
                select(OfferRow.id)
                .join(ApplicationRow, col(ApplicationRow.id) == col(OfferRow.application_id))
                .where(ApplicationRow.borrower_id == self.owner.party_id)
            ).all()
        return Seen(
            calls=calls,
            standing=frozenset(
                each.id for each in calls.values() if State(each.status) in STANDING and each.loan_id in running
            ),
            released={pledge.id: pledge.released for pledge in pledges},
            releases=frozenset(act.id for act in releases),
            signed=sum(Release.from_params(act.params).amount for act in releases if act.status == "signed"),
            offers=len(offers),
            payouts=sum(len(self.site.commands(commands.PayLoan, subject=row.id)) for row in mine),
        )

    @invariant()
    def is_covered_or_called(self) -> None:
        if not hasattr(self, "seen"):
            return
        before, now = self.seen, self.look()
        covers = {each.loan_id: each for each in self.covers()}
        called = {now.calls[each].loan_id for each in now.standing}
        for cover in covers.values():
            assert cover.carries(CALLED) or cover.loan_id in called or self.blind(cover.loan_id), cover
        for call_id, call in now.calls.items():
            was = before.calls.get(call_id)
            if was is not None and was.status != call.status:
                self.ended_rightly(was, call, covers)
        if before.standing & now.standing:
            gone = sum(now.released[each] - before.released.get(each, 0) for each in now.released)
            assert gone <= before.signed, "what was signed away before goes all the same, and nothing else"
            assert now.releases <= before.releases
            assert (now.offers, now.payouts) == (before.offers, before.payouts)
        elif now.releases - before.releases and not (self.by_will or self.counted):
            asked = {self.loan_of(each) for each in now.releases - before.releases}
            assert all(covers[each].carries(GRANTED) for each in asked & covers.keys())
        self.seen, self.by_will, self.counted = now, False, False

    def blind(self, loan_id: str) -> bool:
        """Nobody can tell what the goods are worth, and that is said: the price is older than a week."""
        said = margin_calls.of_loan(self.site.ctx, OPERATOR, loan_id).unchecked
        with self.site.ctx.store.read() as session:
            set_on = session.exec(
                select(func.max(PriceRow.as_of)).where(PriceRow.owner_id == self.lender.party_id)
            ).one()
        return said == "price_stale" and (self.site.today - set_on).days > 7

    def loan_of(self, act_id: str) -> str:
        with self.site.ctx.store.read() as session:
            return str(session.get_one(PledgeRow, session.get_one(ActRow, act_id).subject).loan_id)

    def ended_rightly(self, was: MarginCallRow, call: MarginCallRow, covers: dict[str, Cover]) -> None:
        cover = covers.get(call.loan_id)
        if call.status == State.ESCALATED:
            assert was.status == State.OPEN
            assert call.due_on is not None
            assert self.site.today > call.due_on or cover is None or not cover.carries(SOLD)
        elif call.status == State.CURED and cover is not None:
            with self.site.ctx.store.read() as session:
                query = select(RepaymentRow.amount).where(
                    RepaymentRow.loan_id == call.loan_id, col(RepaymentRow.created_at) >= call.created_at
                )
                paid = sum(session.exec(query).all())
            assert paid >= call.amount or cover.carries(CURED)
        elif call.status == State.REPLACED:
            later = [each for each in self.look().calls.values() if each.id > call.id and each.loan_id == call.loan_id]
            assert later
            assert later[0].due_on == call.due_on

    @rule()
    def day_ends(self) -> None:
        """Whatever stands open has days left."""
        end_of_day.run(self.site.ctx, OPERATOR, self.site.today)
        for call in self.look().calls.values():
            running = call.loan_id in {row.id for row in self.loans()}
            assert not running or call.status != State.OPEN or (call.due_on and call.due_on >= self.site.today)

    def teardown(self) -> None:
        if not hasattr(self, "seen"):
            return
        self.site.run()
        self.is_covered_or_called()
        assert mismatches(self.site) == []


Margin.TestCase.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=15,
    derandomize=EXAMPLES <= 5,  # the same few each time; the long run looks for others
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
TestMargin = Margin.TestCase
