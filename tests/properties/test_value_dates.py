"""However late, early, doubled or out of order it is heard of: by value date a loan's books are those of one history.

``CHAINFIN_HISTORIES``: how many histories (1,000; `python -m tests.long histories` takes 20,000).
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from chainfin.rules import ledger
from chainfin.rules.ledger import Journal
from chainfin.rules.loan import Added, Happening, History, Kind, Loan, LoanState, LoanTerms, approve, payoff, replay
from chainfin.rules.loan.cost import ALL_IN_CAP
from chainfin.values.calendar import Adjustment
from chainfin.values.money import Money, xirr

HISTORIES = int(os.environ.get("CHAINFIN_HISTORIES", "1000"))
START = date(2026, 3, 2)
ZERO = Money(0, "CNY")
MONEY = {ledger.CASH.code, ledger.SUSPENSE.code, ledger.HOLDER_PAYABLE.code, ledger.CLAIMS.code}

Line = tuple[date, str, str]


@dataclass(frozen=True)
class Heard:
    """A happening, and on which day it is heard of."""

    what: Happening
    on: date


@st.composite
def terms_of(draw: st.DrawFn) -> LoanTerms:
    return LoanTerms(
        principal=Money(draw(st.integers(100_00, 900_000_00)), "CNY"),
        annual_rate=Decimal(draw(st.integers(0, 200))).scaleb(-3),
        start=START,
        maturity=START + timedelta(days=draw(st.integers(2, 40))),
        fee=Money(draw(st.integers(0, 900_00)), "CNY"),
        penalty_rate=Decimal(draw(st.integers(0, 90))).scaleb(-3),
        adjustment=Adjustment.FOLLOWING,
        cost_cap=ALL_IN_CAP,
    )


@st.composite
def payments_of(draw: st.DrawFn, terms: LoanTerms, paid_out: date) -> list[Happening]:
    """At most one a day: which of two of one day came first is for the bank's order to say."""
    days = draw(st.lists(st.integers(0, 60), max_size=5, unique=True))
    made = []
    for number, day in enumerate(days):
        kind = draw(st.sampled_from([Kind.PAY_BORROWER, Kind.PAY_DEBTOR]))
        share = draw(st.integers(1, 130))
        amount = Money(max(1, terms.principal.minor * share // 100), "CNY")
        holder = "holder" if kind is Kind.PAY_DEBTOR else ""
        made.append(Happening(kind, paid_out + timedelta(days=day), amount, f"P{number}", holder))
    return made


@st.composite
def stories(draw: st.DrawFn) -> tuple[Loan, list[Heard], date]:
    """A loan, what happens to it with the day on which each is heard of, and the day at which all is looked at."""
    terms = draw(terms_of())
    paid_out = START + timedelta(days=draw(st.integers(0, 4)))
    payout = Happening(Kind.DISBURSE, paid_out, ZERO)
    heard = [Heard(payout, paid_out + timedelta(days=draw(st.integers(0, 5))))]
    for payment in draw(payments_of(terms, paid_out)):
        heard.append(Heard(payment, payment.on + timedelta(days=draw(st.integers(0, 25)))))
    ends = draw(st.lists(st.integers(0, 80), max_size=6, unique=True))
    heard += [Heard(_end_of(paid_out + timedelta(days=day)), paid_out + timedelta(days=day)) for day in ends]
    return approve("L1", "lender", "borrower", terms), heard, paid_out + timedelta(days=90)


def _end_of(day: date) -> Happening:
    return Happening(Kind.ACCRUE, day, ZERO)


@dataclass
class Books:
    """What was posted, and what has left again of each payment."""

    journals: list[Journal]
    gone: dict[str, Money]
    loan: Loan


def deliver(approved: Loan, heard: list[Heard], last: date) -> Books:
    """As the service does it: nothing before the payout, a payment heard of twice once, a payment of a repaid loan goes
    back, what isn't needed leaves at once."""
    history = History(approved)
    books = Books([], {}, approved)
    waiting: list[Happening] = []
    known: set[str] = set()

    def hear(new: Happening) -> None:
        if new.kind is Kind.ACCRUE and (books.loan.state is LoanState.REPAID or new.on <= books.loan.accrued_to):
            return
        if new.payment and books.loan.state is LoanState.REPAID and new.on >= books.loan.accrued_to:
            books.gone[new.payment] = new.amount  # all of it goes back
            return
        added = history.hear(new)
        take(added)

    def take(added: Added) -> None:
        books.loan = added.loan
        books.journals += added.journals
        if added.taken is not None:
            books.gone[added.taken.happening.payment] = added.taken.allocation.remainder

    for each in sorted(heard, key=lambda one: one.on):
        if each.what.payment in known:
            continue
        known |= {each.what.payment} - {""}
        if books.loan.state is LoanState.APPROVED and each.what.kind is not Kind.DISBURSE:
            waiting += [each.what] if each.what.payment else []
            continue
        hear(each.what)
        while waiting:
            hear(waiting.pop(0))
    hear(_end_of(last))
    return books


def by_value(journals: list[Journal]) -> dict[Line, int]:
    """Value date, account, party → what was posted, debit positive. Where money is is another matter."""
    sums: Counter[Line] = Counter()
    for journal in journals:
        for entry in journal.entries:
            if entry.account not in MONEY:
                sums[journal.valued_on, entry.account, entry.party] += entry.signed
    return {line: net for line, net in sums.items() if net}


def claims(journals: list[Journal]) -> dict[str, int]:
    """Payment → what is claimed of it: beyond zero by who had paid, below by who had been taken too little."""
    sums: Counter[str] = Counter()
    for journal in journals:
        if journal.kind == "claim":
            owed = [e for e in journal.entries if e.account == ledger.HOLDER_PAYABLE.code]
            sums[journal.key.rpartition(":")[2]] += -sum(e.signed for e in owed)
    return dict(sums)


@settings(max_examples=HISTORIES, deadline=None)
@given(stories())
def test_history__heard_of_late_early_doubled_or_out_of_order__by_value_date_the_same_to_the_fen(
    story: tuple[Loan, list[Heard], date],
) -> None:
    approved, heard, last = story
    doubled = [*heard, *(Heard(each.what, each.on + timedelta(days=3)) for each in heard if each.what.payment)]
    late = deliver(approved, doubled, last)
    in_time = deliver(approved, [Heard(each.what, each.what.on) for each in heard], last)
    assert by_value(late.journals) == by_value(in_time.journals)
    assert late.loan == in_time.loan
    _money_gone(approved, late, in_time)


def _money_gone(approved: Loan, late: Books, in_time: Books) -> None:
    """What left of each payment when it was heard of, and what is claimed of it since, is what would have left."""
    claimed = claims(late.journals)
    holders = Counter[str]()
    for journal in late.journals:
        if journal.kind == "correction":
            holders["holder"] -= sum(
                e.signed for e in journal.entries if e.account == ledger.HOLDER_PAYABLE.code and e.party == "holder"
            )
    would = sum(money.minor for money in in_time.gone.values())
    did = sum(money.minor for money in late.gone.values())
    assert did + sum(claimed.values()) + holders["holder"] == would
    assert ledger.out_of_balance(ledger.trial_balance(e for j in late.journals for e in j.entries)) == {}


@settings(max_examples=max(50, HISTORIES // 10), deadline=None)
@given(terms_of(), st.integers(0, 60), st.integers(0, 3))
def test_payoff__on_any_day__costs_no_more_than_the_cap(terms: LoanTerms, days: int, waited: int) -> None:
    paid_out = terms.start + timedelta(days=waited)
    loan = replay(approve("L1", "lender", "borrower", terms), [Happening(Kind.DISBURSE, paid_out, ZERO)]).loan
    on = paid_out + timedelta(days=days)
    settles = payoff(loan, on)
    penalty = replay(
        approve("L1", "lender", "borrower", terms), [Happening(Kind.DISBURSE, paid_out, ZERO), _end_of(on)]
    ).loan.dues.penalty
    cost = settles - penalty
    if days == 0:
        assert cost == terms.principal
        return
    assert cost >= terms.principal
    if cost > terms.principal:
        assert xirr([(paid_out, terms.principal), (on, -cost)], places=8) <= ALL_IN_CAP


def test_history__payment_reckoned_five_days_late__corrected_on_each_of_the_days() -> None:
    terms = LoanTerms(
        Money(100_000_00, "CNY"), Decimal("0.072"), START, date(2026, 4, 30), cost_cap=ALL_IN_CAP, fee=None
    )
    history = History(approve("L1", "lender", "borrower", terms))
    history.hear(Happening(Kind.DISBURSE, START, ZERO))
    history.hear(_end_of(date(2026, 3, 12)))
    added = history.hear(Happening(Kind.PAY_BORROWER, date(2026, 3, 7), Money(50_000_00, "CNY"), "B1"))
    assert added.journals[0].key == "payment:B1:L1"
    corrected = [journal.business_date for journal in added.journals if journal.kind == "correction"]
    assert corrected == [date(2026, 3, day) for day in range(7, 12)]
    # 100.00 of interest was owed on the 7th and paid first; 49,900 of principal earn 9.98 a day no more
    assert [j.entries[0].amount for j in added.journals if j.kind == "correction"] == [Money(9_98, "CNY")] * 5
    assert added.loan.outstanding == Money(50_100_00, "CNY")
