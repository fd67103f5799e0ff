"""What a loan's life posts: the journals of each thing that happens to it, and those that correct what was learnt late.

Lines of zero are left out; a journal that would be empty is not made (None).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from chainfin.errors import BadInput
from chainfin.rules.ledger import (
    ALLOWANCE,
    CASH,
    CLAIMS,
    CREDIT_LOSS,
    FEE_INCOME,
    FEE_RECEIVABLE,
    FUNDING,
    HOLDER_PAYABLE,
    INTEREST_INCOME,
    INTEREST_RECEIVABLE,
    INTEREST_SUSPENDED,
    LOANS,
    PENALTY_INCOME,
    PENALTY_RECEIVABLE,
    PENALTY_SUSPENDED,
    Account,
    Entry,
    Journal,
    Side,
    credit,
    debit,
)
from chainfin.values.money import Money


@dataclass(frozen=True, slots=True)
class Rebate:
    """What a borrower is let off: ``fee`` and ``interest`` not yet paid, ``principal`` for what was paid already; taken
    out of the fee's and the interest's income. Both sides add up to the same."""

    fee: Money
    interest: Money
    principal: Money
    fee_income: Money
    interest_income: Money

    @property
    def total(self) -> Money:
        return self.fee + self.interest + self.principal


@dataclass(frozen=True, slots=True)
class Impairment:
    """What stands against a loan in the books. ``interest`` and ``penalty``: owed and not earned, in suspense.
    ``allowance``: set aside for its loss."""

    interest: Money
    penalty: Money
    allowance: Money

    @classmethod
    def none(cls, currency: str) -> Impairment:
        zero = Money.zero(currency)
        return cls(zero, zero, zero)

    @property
    def is_nothing(self) -> bool:
        return not (self.interest.minor or self.penalty.minor or self.allowance.minor)


def _pairs(loan: str, party: str, pairs: Sequence[tuple[Account, Account, Money]]) -> tuple[Entry, ...]:
    entries: list[Entry] = []
    for to, from_, amount in pairs:
        if amount.minor:
            entries += (debit(to, amount, loan, party), credit(from_, amount, loan, party))
    return tuple(entries)


def placed(lender: str, payment: str, amount: Money, on: date) -> Journal:
    """A lender placed money for lending: Dr cash / Cr placed by lenders. ``payment``: what the book calls it."""
    entries = _pairs(lender, lender, [(CASH, FUNDING, amount)])
    return Journal(f"funding:{payment}", on, "funding", lender, entries, book=lender)


def disbursement(loan: str, lender: str, amount: Money, on: date) -> Journal:
    """The money goes out: Dr loans / Cr cash. Nothing is withheld from it (no 砍头息)."""
    entries = _pairs(loan, lender, [(LOANS, CASH, amount)])
    return Journal(f"disburse:{loan}", on, "disbursement", loan, entries, book=lender)


def payout_returned(
    loan: str, lender: str, principal: Money, interest: Money, penalty: Money, charged: Money, on: date
) -> Journal:
    """The payout came back: Dr cash / Cr loans, and what was earned on it is taken off the income again."""
    pairs = [
        (CASH, LOANS, principal),
        (INTEREST_INCOME, INTEREST_RECEIVABLE, interest),
        (PENALTY_INCOME, PENALTY_RECEIVABLE, penalty),
        (FEE_INCOME, FEE_RECEIVABLE, charged),
    ]
    return Journal(f"returned:{loan}", on, "payout_returned", loan, _pairs(loan, lender, pairs), book=lender)


def fee(loan: str, lender: str, amount: Money, on: date, *, name: str = "arrangement") -> Journal | None:
    """A fee becomes due: Dr fees receivable / Cr fee income. ``name`` tells a loan's fees apart."""
    entries = _pairs(loan, lender, [(FEE_RECEIVABLE, FEE_INCOME, amount)])
    return Journal(f"fee:{loan}:{name}", on, "fee", loan, entries, book=lender) if entries else None


def rebate(loan: str, lender: str, payment: str, off: Rebate, on: date) -> Journal:
    """What the borrower is let off so that the loan costs no more than the cap: Dr income / Cr what is owed."""
    lines = [(FEE_INCOME, off.fee_income, debit), (INTEREST_INCOME, off.interest_income, debit)]
    lines += [
        (FEE_RECEIVABLE, off.fee, credit),
        (INTEREST_RECEIVABLE, off.interest, credit),
        (LOANS, off.principal, credit),
    ]
    entries = tuple(make(of, amount, loan, lender) for of, amount, make in lines if amount.minor)
    return Journal(f"rebate:{loan}:{payment}", on, "rebate", loan, entries, book=lender)


def accrual(loan: str, lender: str, interest: Money, penalty: Money, on: date) -> Journal | None:
    """Interest and penalty that the day ``on`` earned."""
    pairs = [(INTEREST_RECEIVABLE, INTEREST_INCOME, interest), (PENALTY_RECEIVABLE, PENALTY_INCOME, penalty)]
    entries = _pairs(loan, lender, pairs)
    if not entries:
        return None
    # "on": a journal without it is of before, when one told of all days up to its own
    return Journal(f"accrue:{loan}:on:{on.isoformat()}", on, "accrual", loan, entries, book=lender)


def receipt(
    loan: str,
    lender: str,
    payment: str,
    parts: Sequence[tuple[Account, Money]],
    *,
    remainder: Money,
    holder: str,
    on: date,
) -> Journal:
    """A payment came in: Dr cash / Cr what it settles (``parts``) and, for the rest, what is now owed to the holder.

    ``payment`` is the bank's reference: the same payment can be posted to a loan once. Raises BadInput ledger_empty,
    holder_missing (a remainder that belongs to nobody).
    """
    if remainder.minor and not holder:
        raise BadInput("holder_missing", f"{remainder} of the payment {payment} is left over and nobody's")
    entries = _pairs(loan, lender, [(CASH, of, amount) for of, amount in parts])
    entries += _pairs(loan, holder, [(CASH, HOLDER_PAYABLE, remainder)])
    return Journal(f"payment:{payment}:{loan}", on, "payment", loan, entries, book=lender)


def impairment(loan: str, lender: str, name: str, held: Impairment, wanted: Impairment, on: date) -> Journal | None:
    """What stands against a loan goes from ``held`` to ``wanted``: income into suspense or out of it, the allowance at
    the cost of credit losses. ``name`` tells the loan's impairments apart."""
    changes = [
        (INTEREST_INCOME, INTEREST_SUSPENDED, wanted.interest - held.interest),
        (PENALTY_INCOME, PENALTY_SUSPENDED, wanted.penalty - held.penalty),
        (CREDIT_LOSS, ALLOWANCE, wanted.allowance - held.allowance),
    ]
    pairs = [(of, against, by) if by.minor > 0 else (against, of, -by) for of, against, by in changes]
    entries = _pairs(loan, lender, pairs)
    return Journal(f"impair:{loan}:{name}", on, "impairment", loan, entries, book=lender) if entries else None


def write_off(loan: str, lender: str, parts: Sequence[tuple[Account, Money]], held: Impairment, on: date) -> Journal:
    """Take what is owed (``parts``) off the books: what was never earned against its suspense, the rest against the
    allowance, and what that doesn't cover as a loss. What is held for more than is owed stays."""
    left = {INTEREST_SUSPENDED: held.interest, PENALTY_SUSPENDED: held.penalty, ALLOWANCE: held.allowance}
    suspense = {INTEREST_RECEIVABLE: INTEREST_SUSPENDED, PENALTY_RECEIVABLE: PENALTY_SUSPENDED}
    entries: list[Entry] = []
    for of, amount in parts:
        uncovered = amount
        for against in (*([suspense[of]] if of in suspense else []), ALLOWANCE):
            covered = min(left[against], uncovered)
            entries += _pairs(loan, lender, [(against, of, covered)])
            left[against] -= covered
            uncovered -= covered
        entries += _pairs(loan, lender, [(CREDIT_LOSS, of, uncovered)])
    return Journal(f"write-off:{loan}", on, "write_off", loan, tuple(entries), book=lender)


def recovery(loan: str, lender: str, payment: str, amount: Money, on: date) -> Journal:
    """Money on a loan that was written off: Dr cash / Cr credit losses."""
    entries = _pairs(loan, lender, [(CASH, CREDIT_LOSS, amount)])
    return Journal(f"recovery:{payment}:{loan}", on, "recovery", loan, entries, book=lender)


# What was learnt late. ----------------------------------------------------------------------------------------------


def as_before(journals: Sequence[Journal], on: date) -> list[Journal]:
    """The journals as they were posted when the book was one: in no lender's, and what loans earned until ``on`` in a
    journal of that day."""
    accruals = [journal for journal in journals if journal.kind == "accrual"]
    others = [replace(journal, book="") for journal in journals if journal.kind != "accrual"]
    if not accruals:
        return others
    loan, party = accruals[0].ref, accruals[0].entries[0].party
    zero = Money.zero(accruals[0].entries[0].amount.currency)
    pairs = [
        (to, from_, sum((e.amount for j in accruals for e in j.entries if e.account == to.code), zero))
        for to, from_ in ((INTEREST_RECEIVABLE, INTEREST_INCOME), (PENALTY_RECEIVABLE, PENALTY_INCOME))
    ]
    earned = Journal(f"accrue:{loan}:{on.isoformat()}", on, "accrual", loan, _pairs(loan, party, pairs))
    return [earned, *others]


def corrections(
    name: str, ref: str, book: str, before: Iterable[Journal], after: Iterable[Journal]
) -> tuple[Journal, ...]:
    """The journals that lead from what was posted (``before``) to what should have been (``after``): for each value
    date one, of the differences of its lines. They balance, since both sides do. ``name`` tells this correction from
    others.
    """
    sums: dict[date, dict[tuple[str, str, str, str], int]] = defaultdict(lambda: defaultdict(int))
    for sign, journals in ((-1, before), (1, after)):
        for journal in journals:
            for e in journal.entries:
                sums[journal.valued_on][e.account, e.ref, e.party, e.amount.currency] += sign * e.signed
    made: list[Journal] = []
    for day, lines in sorted(sums.items()):
        entries = tuple(
            Entry(code, Side.DEBIT if net > 0 else Side.CREDIT, Money(abs(net), currency), of, party)
            for (code, of, party, currency), net in sorted(lines.items())
            if net
        )
        if entries:
            made.append(Journal(f"correct:{name}:{day.isoformat()}", day, "correction", ref, entries, book=book))
    return tuple(made)


def owed_back(name: str, loan: str, lender: str, payer: str, amount: Money, on: date) -> Journal:
    """The loan needed less of a payment than was taken: the difference is owed back to ``payer``, and its cash is no
    longer the lender's."""
    entries = (debit(CASH, amount, loan, payer), credit(HOLDER_PAYABLE, amount, loan, payer))
    return Journal(f"claim:{name}", on, "claim", loan, entries, book=lender)


def paid_too_much(name: str, loan: str, lender: str, line: Entry, party: str, on: date) -> Journal:
    """``party`` was paid too much and owes it back. ``line``: the credit to the account from which the amount was
    paid."""
    entries = (debit(CLAIMS, line.amount, loan, party), line)
    return Journal(f"claim:{name}", on, "claim", loan, entries, book=lender)
