"""Double entry: accounts, balanced journals, reversals, the trial balance, and the journals of a loan's life.

A journal that doesn't balance can't be made. Nothing edits a balance: a correction is a reversing journal. Every
journal has a ``key`` that follows from what happened ("disburse:<loan>"), so that storing it twice is impossible.
Books are a lender's: a journal names the lender as ``book`` (empty: the collection account's, in which money is that is
nobody's yet); entries carry the loan as ``ref`` and the lender or holder as ``party``.

A journal has two dates. Its value date says when what it tells of happened: interest runs by it, and no closing ever
changes it. Its business date says in which period it is booked: the value date, or the first open day where that period
was closed before the journal came.
Account numbers follow the chart of 企业会计准则应用指南 (Accounting Standards for Business Enterprises, guidance).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from chainfin.errors import BadInput, Conflict
from chainfin.values.money import Money


class Side(StrEnum):
    DEBIT = "debit"
    CREDIT = "credit"

    @property
    def other(self) -> Side:
        return Side.CREDIT if self is Side.DEBIT else Side.DEBIT


class Kind(StrEnum):
    ASSET = "asset"
    LIABILITY = "liability"
    INCOME = "income"
    EXPENSE = "expense"


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the chart. ``normal`` is the side on which its balance normally stands."""

    code: str
    name: str
    name_zh: str
    kind: Kind
    normal: Side


CASH = Account("1002", "settlement bank clearing", "存放结算银行清算款", Kind.ASSET, Side.DEBIT)
FEE_RECEIVABLE = Account("1122", "fees receivable", "应收手续费", Kind.ASSET, Side.DEBIT)
INTEREST_RECEIVABLE = Account("1132.01", "interest receivable", "应收利息", Kind.ASSET, Side.DEBIT)
PENALTY_RECEIVABLE = Account("1132.02", "penalty interest receivable", "应收罚息", Kind.ASSET, Side.DEBIT)
CLAIMS = Account("1221.01", "claims on who was paid too much", "其他应收款——多付款", Kind.ASSET, Side.DEBIT)
LOANS = Account("1303", "loans: principal", "贷款——本金", Kind.ASSET, Side.DEBIT)
ALLOWANCE = Account("1304", "allowance for loan losses", "贷款损失准备", Kind.ASSET, Side.CREDIT)
HOLDER_PAYABLE = Account(
    "2241.01", "payable to holders of receivables", "应付债权持有人款", Kind.LIABILITY, Side.CREDIT
)
SUSPENSE = Account("2241.02", "receipts not yet identified", "待查收款", Kind.LIABILITY, Side.CREDIT)
FUNDING = Account("2241.03", "placed by lenders for lending", "资金方放款备付金", Kind.LIABILITY, Side.CREDIT)
INTEREST_INCOME = Account("6011.01", "interest income", "利息收入", Kind.INCOME, Side.CREDIT)
PENALTY_INCOME = Account("6011.02", "penalty interest income", "罚息收入", Kind.INCOME, Side.CREDIT)
FEE_INCOME = Account("6021", "fee income", "手续费收入", Kind.INCOME, Side.CREDIT)
CREDIT_LOSS = Account("6702", "credit impairment losses", "信用减值损失", Kind.EXPENSE, Side.DEBIT)

CHART: dict[str, Account] = {
    account.code: account
    for account in (
        CASH, FEE_RECEIVABLE, INTEREST_RECEIVABLE, PENALTY_RECEIVABLE, CLAIMS, LOANS, ALLOWANCE, HOLDER_PAYABLE,
        SUSPENSE, FUNDING, INTEREST_INCOME, PENALTY_INCOME, FEE_INCOME, CREDIT_LOSS,
    )
}  # fmt: skip


def account(code: str) -> Account:
    """The account of the chart with this code. Raises BadInput account_unknown."""
    if code not in CHART:
        raise BadInput("account_unknown", f"there is no account {code!r} in the chart")
    return CHART[code]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: ``amount`` (greater than zero) on ``side`` of the account with this code.

    ``ref`` is the sub-ledger (the loan), ``party`` whose it is (a lender or holder); both may be empty.
    Raises BadInput account_unknown, ledger_amount_not_positive.
    """

    account: str
    side: Side
    amount: Money
    ref: str = ""
    party: str = ""

    def __post_init__(self) -> None:
        account(self.account)
        if self.amount.minor <= 0:
            raise BadInput("ledger_amount_not_positive", f"a line of {self.amount} on {self.account} is no line")

    @property
    def signed(self) -> int:
        """Minor units, debit positive: the entries of a journal add up to zero in each currency."""
        return self.amount.minor if self.side is Side.DEBIT else -self.amount.minor


@dataclass(frozen=True, slots=True)
class Journal:
    """What is posted at once. ``key`` is unique in the books; ``reverses`` is the key of what it takes back.

    ``book``: whose book it is in (a lender's id, or empty). ``value_date``: only where it isn't the business date.
    Raises BadInput ledger_empty, ledger_key_missing, ledger_unbalanced (in each currency by itself).
    """

    key: str
    business_date: date
    kind: str
    ref: str
    entries: tuple[Entry, ...]
    reverses: str | None = None
    book: str = ""
    value_date: date | None = None

    @property
    def valued_on(self) -> date:
        """The day on which what it tells of happened."""
        return self.value_date or self.business_date

    def __post_init__(self) -> None:
        if not self.key:
            raise BadInput("ledger_key_missing", "a journal needs a key, or it could be posted twice")
        if not self.entries:
            raise BadInput("ledger_empty", f"the journal {self.key} has no lines")
        sums: dict[str, int] = defaultdict(int)
        for entry in self.entries:
            sums[entry.amount.currency] += entry.signed
        for currency, rest in sorted(sums.items()):
            if rest:
                raise BadInput(
                    "ledger_unbalanced",
                    f"the journal {self.key} is out of balance by {Money(abs(rest), currency)} {currency}",
                )


def booked(journal: Journal, closed_through: date | None) -> Journal:
    """``journal`` as it goes into books that are closed up to ``closed_through`` (its last closed day): a value date in
    a closed period stays, and the journal is booked on the first open day."""
    valued = journal.valued_on
    if closed_through is None or valued > closed_through:
        return replace(journal, business_date=valued, value_date=None)
    return replace(journal, business_date=closed_through + timedelta(days=1), value_date=valued)


def by_value(journal: Journal) -> Journal:
    """``journal`` as it would be had it come in time: what two tellings of one history are compared by."""
    return booked(journal, None)


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


def reverse(journal: Journal, business_date: date) -> Journal:
    """The journal that takes ``journal`` back: the same lines on the other sides, on ``business_date``.

    Raises Conflict ledger_reversal_of_reversal (post the original again under a new key instead),
    BadInput ledger_date_backwards.
    """
    if journal.reverses is not None:
        raise Conflict("ledger_reversal_of_reversal", f"{journal.key} is itself a reversal")
    if business_date < journal.business_date:
        raise BadInput("ledger_date_backwards", f"a reversal on {business_date} lies before {journal.business_date}")
    entries = tuple(Entry(e.account, e.side.other, e.amount, e.ref, e.party) for e in journal.entries)
    return Journal(f"reverse:{journal.key}", business_date, "reversal", journal.ref, entries, journal.key, journal.book)


@dataclass(frozen=True, slots=True)
class TrialLine:
    """Turnover of an account in one currency; ``balance`` is on the account's normal side (negative: on the other)."""

    account: Account
    debit: Money
    credit: Money

    @property
    def balance(self) -> Money:
        net = self.debit - self.credit
        return net if self.account.normal is Side.DEBIT else -net


def trial_balance(entries: Iterable[Entry]) -> tuple[TrialLine, ...]:
    """Turnovers per account and currency, ordered by both. Only accounts that were touched appear."""
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for entry in entries:
        sums[entry.account, entry.amount.currency][entry.side is Side.CREDIT] += entry.amount.minor
    return tuple(
        TrialLine(CHART[code], Money(debit, currency), Money(credit, currency))
        for (code, currency), (debit, credit) in sorted(sums.items())
    )


def out_of_balance(lines: Iterable[TrialLine]) -> dict[str, int]:
    """Debits minus credits of each currency in which they differ, in minor units; empty when the books balance."""
    sums: dict[str, int] = defaultdict(int)
    for line in lines:
        sums[line.debit.currency] += line.debit.minor - line.credit.minor
    return {currency: rest for currency, rest in sorted(sums.items()) if rest}


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


# What a loan's life posts. Lines of zero are left out; a journal that would be empty is not made (None). ---------


def debit(of: Account, amount: Money, ref: str = "", party: str = "") -> Entry:
    return Entry(of.code, Side.DEBIT, amount, ref, party)


def credit(of: Account, amount: Money, ref: str = "", party: str = "") -> Entry:
    return Entry(of.code, Side.CREDIT, amount, ref, party)


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


def provision(loan: str, lender: str, held: Money, wanted: Money, on: date) -> Journal | None:
    """Bring the allowance from ``held`` to ``wanted``: Dr credit loss / Cr allowance, or the other way round."""
    change = wanted - held
    pair = (CREDIT_LOSS, ALLOWANCE, change) if change.minor > 0 else (ALLOWANCE, CREDIT_LOSS, -change)
    entries = _pairs(loan, lender, [pair])
    return (
        Journal(f"provision:{loan}:{on.isoformat()}", on, "provision", loan, entries, book=lender) if entries else None
    )


def write_off(loan: str, lender: str, parts: Sequence[tuple[Account, Money]], allowance: Money, on: date) -> Journal:
    """Take what is owed (``parts``) off the books: first against the allowance held for it, the rest is a loss.

    An allowance above what is owed stays; release it by `provision`.
    """
    entries: list[Entry] = []
    left = allowance
    for of, amount in parts:
        covered = min(left, amount)
        entries += _pairs(loan, lender, [(ALLOWANCE, of, covered), (CREDIT_LOSS, of, amount - covered)])
        left -= covered
    return Journal(f"write-off:{loan}", on, "write_off", loan, tuple(entries), book=lender)


def recovery(loan: str, lender: str, payment: str, amount: Money, on: date) -> Journal:
    """Money on a loan that was written off: Dr cash / Cr credit losses."""
    entries = _pairs(loan, lender, [(CASH, CREDIT_LOSS, amount)])
    return Journal(f"recovery:{payment}:{loan}", on, "recovery", loan, entries, book=lender)


# What was learnt late. ----------------------------------------------------------------------------------------------


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
    """A claim of ``payer``: its payment had been taken for more than it turns out to have been needed for."""
    entries = (debit(CASH, amount, loan, lender), credit(HOLDER_PAYABLE, amount, loan, payer))
    return Journal(f"claim:{name}", on, "claim", loan, entries, book=lender)


def paid_too_much(name: str, loan: str, lender: str, line: Entry, party: str, on: date) -> Journal:
    """A claim on ``party``: it was paid what turns out not to have been its. ``line``: the credit that takes the amount
    off the account out of which it went."""
    entries = (debit(CLAIMS, line.amount, loan, party), line)
    return Journal(f"claim:{name}", on, "claim", loan, entries, book=lender)
