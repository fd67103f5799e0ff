"""A loan as its history: what happened to it, replayed in the order of value dates whenever it was heard of.

A loan's state is the fold of its happenings by value date (the bank's date). One that is heard of late is put where it
belongs and the history replayed; what the books then lack is posted as corrections, each on its own value date. So
the balances by value date are those of the history in which everything had been heard of in time. Happenings of one day
stay in the order in which they were heard of.

Money that was taken by the old telling and isn't needed by the new one can't be untaken: whoever paid it (or, of a
debtor's payment, its holder) is owed exactly the difference, by a journal of its own, a *claim*.

A loan whose payout the bank gave back never came to be: whatever was paid on it, before that day or after, serves
nothing and is owed back whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from chainfin.errors import Refusal
from chainfin.rules import ledger, postings
from chainfin.rules.ledger import Journal
from chainfin.rules.loan.life import Outcome, Payer, accrue, disburse, pay, payoff, payout_returned
from chainfin.rules.loan.state import LoanState
from chainfin.rules.loan.value import Loan
from chainfin.rules.loan.waterfall import Allocation
from chainfin.rules.postings import Rebate
from chainfin.values.money import Money


class Kind(StrEnum):
    DISBURSE = "disburse"
    START_MOVED = "start_moved"
    """The payout is told of again, by a word that says another day: that day counts from then on."""
    PAYOUT_RETURNED = "payout_returned"
    ACCRUE = "accrue"
    PAY_BORROWER = "pay_borrower"
    PAY_DEBTOR = "pay_debtor"


PAYERS = {Kind.PAY_BORROWER: Payer.BORROWER, Kind.PAY_DEBTOR: Payer.DEBTOR}


@dataclass(frozen=True, slots=True)
class Happening:
    """What happened on the value date ``on``.

    ``amount``: zero, or of a payment all that was offered to the loan (it takes what it needs). ``payment``: the
    payment's name. ``holder``: whose the rest of a debtor's payment is. ``whole``: it was posted before there were
    books of lenders, with one journal for all the days until then.
    """

    kind: Kind
    on: date
    amount: Money
    payment: str = ""
    holder: str = ""
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """How a payment was spread (the rest goes back, or is its holder's), and what the borrower was let off with it."""

    happening: Happening
    allocation: Allocation
    rebate: Rebate | None = None


@dataclass(slots=True)
class Replayed:
    """A history that was replayed: the loan after it, the journals by key, the payments by name. ``void``: its payout
    comes back."""

    loan: Loan
    void: bool = False
    journals: dict[str, Journal] = field(default_factory=dict)
    taken: dict[str, Taken] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Changed:
    """An earlier payment that is spread otherwise now; ``more`` of it (below zero: less) isn't the loan's any more."""

    taken: Taken
    more: Money


@dataclass(frozen=True, slots=True)
class Added:
    """A history with one happening more: the loan, the journals to post, how a payment was spread, what it changed."""

    loan: Loan
    journals: tuple[Journal, ...]
    taken: Taken | None = None
    changed: tuple[Changed, ...] = ()

    @property
    def allocation(self) -> Allocation:
        assert self.taken is not None, "only a payment is spread"
        return self.taken.allocation


def replay(approved: Loan, happenings: Sequence[Happening]) -> Replayed:
    """The history of a loan, from its approval on. Raises what `life` raises where it can't have happened."""
    replayed = _begun(approved, happenings)
    for _, happening in in_order(happenings):
        _happen(replayed, happening)
    return replayed


def in_order(happenings: Sequence[Happening]) -> list[tuple[int, Happening]]:
    """Happenings by value date, each with its place among those that were heard of. Where the loan's start was moved,
    the payout is on that day, and nothing is before it."""
    heard = list(enumerate(happenings))
    start = next((each.on for each in reversed(happenings) if each.kind is Kind.START_MOVED), None)
    if start is not None:
        heard = [
            (place, replace(each, on=start) if each.kind is Kind.DISBURSE or each.on < start else each)
            for place, each in heard
        ]
    return sorted(heard, key=lambda each: each[1].on)


def _begun(approved: Loan, happenings: Sequence[Happening]) -> Replayed:
    return Replayed(approved, any(each.kind is Kind.PAYOUT_RETURNED for each in happenings))


@dataclass(frozen=True, slots=True)
class Step:
    """A happening, the ``place``-th that was heard of (from 0), the loan before and after it, and of a payment how it
    was spread."""

    place: int
    happening: Happening
    before: Loan
    after: Loan
    taken: Taken | None


def steps(approved: Loan, happenings: Sequence[Happening]) -> Iterator[Step]:
    """`replay`, step by step. Raises as it."""
    replayed = _begun(approved, happenings)
    for place, happening in in_order(happenings):
        before = replayed.loan
        _happen(replayed, happening)
        yield Step(place, happening, before, replayed.loan, replayed.taken.get(happening.payment))


def _happen(replayed: Replayed, happening: Happening) -> None:
    loan, on = replayed.loan, happening.on
    if happening.kind in PAYERS:
        _pay(replayed, happening, PAYERS[happening.kind])
        return
    if happening.kind is Kind.START_MOVED or (happening.kind is Kind.ACCRUE and on < loan.accrued_to):
        return
    outcome = _outcome(loan, happening.kind, on)
    replayed.loan = outcome.loan
    replayed.journals |= _posted(happening, outcome.journals)


def _outcome(loan: Loan, kind: Kind, on: date) -> Outcome:
    if kind is Kind.DISBURSE:
        return disburse(loan, on)
    return payout_returned(loan, on) if kind is Kind.PAYOUT_RETURNED else accrue(loan, on)


def _pay(replayed: Replayed, happening: Happening, payer: Payer) -> None:
    loan, on, amount = replayed.loan, happening.on, happening.amount
    if replayed.void or loan.state in (LoanState.REPAID, LoanState.CANCELLED):  # it owes nothing (any more)
        replayed.taken[happening.payment] = Taken(happening, Allocation((), amount))
        if payer is Payer.DEBTOR:
            rest = postings.receipt(
                loan.id, loan.lender, happening.payment, (), remainder=amount, holder=happening.holder, on=on
            )
            replayed.journals[rest.key] = rest
        return
    # what a borrower pays too much never becomes the loan's
    offered = min(amount, payoff(loan, on)) if payer is Payer.BORROWER else amount
    paid = pay(loan, offered, on, payment=happening.payment, payer=payer, holder=happening.holder)
    assert not isinstance(paid, Refusal), "no more is offered than the loan needs"
    spread = paid.allocation
    rest_of_it = Allocation(spread.parts, spread.remainder + amount - offered)
    replayed.loan = paid.loan
    replayed.journals |= _posted(happening, paid.journals)
    replayed.taken[happening.payment] = Taken(happening, rest_of_it, paid.rebate)


def _posted(happening: Happening, journals: Sequence[Journal]) -> dict[str, Journal]:
    """By key what is posted of it."""
    if happening.whole:
        journals = postings.as_before(journals, happening.on)
    return {journal.key: journal for journal in journals}


class History:
    """A loan's history as it is heard of, happening by happening."""

    def __init__(self, approved: Loan, happenings: Sequence[Happening] = ()) -> None:
        """``happenings`` in the order in which they were heard of. Raises as `replay`."""
        self._approved = approved
        self._happenings = list(happenings)
        self._replayed = replay(approved, happenings)

    def hear(self, new: Happening) -> Added:
        """``new`` is heard of. Raises what `life` raises where it can't have happened: Conflict
        loan_transition_refused, …; the history is then of no more use."""
        in_time = new.kind is not Kind.START_MOVED and all(new.on >= each.on for each in self._happenings)
        if new.kind is Kind.PAYOUT_RETURNED and self._replayed.taken:
            in_time = False  # what was paid before is told otherwise too
        added = self._go_on(new) if in_time else self._insert(new)
        self._happenings.append(new)
        return added

    def _go_on(self, new: Happening) -> Added:
        replayed = self._replayed
        known = len(replayed.journals)
        _happen(replayed, new)
        return Added(replayed.loan, tuple(replayed.journals.values())[known:], replayed.taken.get(new.payment))

    def _insert(self, new: Happening) -> Added:
        approved, before = self._approved, self._replayed
        after = self._replayed = replay(approved, [*self._happenings, new])
        name = f"{approved.id}:{len(self._happenings) + 1}"
        own = (f"payment:{new.payment}:{approved.id}", f"returned:{approved.id}")
        # What nobody can have posted yet is the payment (or the payout's return) itself; all else corrects what was.
        journals = [journal for key, journal in after.journals.items() if key in own and key not in before.journals]
        wanted = [journal for key, journal in after.journals.items() if key not in own or key in before.journals]
        journals += postings.corrections(name, approved.id, approved.lender, before.journals.values(), wanted)
        changed: list[Changed] = []
        for payment, was in before.taken.items():
            now = after.taken[payment]
            more = now.allocation.remainder - was.allocation.remainder
            if now != was:
                changed.append(Changed(now, more))
            if more.minor:
                journals += _claims(f"{name}:{payment}", approved, was.happening, more)
        return Added(after.loan, tuple(journals), after.taken.get(new.payment), tuple(changed))


def add(approved: Loan, happenings: Sequence[Happening], new: Happening) -> Added:
    """``new`` is heard of after ``happenings`` (in the order in which these were). Raises as `History.hear`."""
    return History(approved, happenings).hear(new)


def _claims(name: str, loan: Loan, of: Happening, more: Money) -> list[Journal]:
    """Of a debtor's payment the correction has made more payable to its holder; of a borrower's it took cash away that
    is still there. What had left already is claimed back."""
    borrowers = of.kind is Kind.PAY_BORROWER
    if more.minor > 0:
        return [postings.owed_back(name, loan.id, loan.lender, loan.borrower, more, of.on)] if borrowers else []
    account, party, owner = ledger.HOLDER_PAYABLE, of.holder, of.holder
    if borrowers:
        account, party, owner = ledger.CASH, loan.borrower, loan.lender
    line = ledger.credit(account, -more, loan.id, owner)
    return [postings.paid_too_much(name, loan.id, loan.lender, line, party, of.on)]
