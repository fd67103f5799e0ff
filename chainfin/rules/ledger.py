"""Double entry: accounts, balanced journals, reversals, and the trial balance. See `postings` for what is posted.

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
from collections.abc import Iterable
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
INTEREST_SUSPENDED = Account("1132.11", "interest not earned yet", "应收利息——暂不确认收入", Kind.ASSET, Side.CREDIT)
PENALTY_SUSPENDED = Account(
    "1132.12", "penalty interest not earned yet", "应收罚息——暂不确认收入", Kind.ASSET, Side.CREDIT
)
CLAIMS = Account("1221.01", "claims on who was paid too much", "其他应收款——多付款", Kind.ASSET, Side.DEBIT)
LENDERS_RECEIVABLE = Account("1221.02", "due from other lenders", "其他应收款——其他资金方", Kind.ASSET, Side.DEBIT)
LOANS = Account("1303", "loans: principal", "贷款——本金", Kind.ASSET, Side.DEBIT)
ALLOWANCE = Account("1304", "allowance for loan losses", "贷款损失准备", Kind.ASSET, Side.CREDIT)
HOLDER_PAYABLE = Account(
    "2241.01", "payable to holders of receivables", "应付债权持有人款", Kind.LIABILITY, Side.CREDIT
)
SUSPENSE = Account("2241.02", "receipts not yet identified", "待查收款", Kind.LIABILITY, Side.CREDIT)
FUNDING = Account("2241.03", "placed by lenders for lending", "资金方放款备付金", Kind.LIABILITY, Side.CREDIT)
LENDERS_PAYABLE = Account("2241.04", "payable to other lenders", "应付其他资金方款", Kind.LIABILITY, Side.CREDIT)
INTEREST_INCOME = Account("6011.01", "interest income", "利息收入", Kind.INCOME, Side.CREDIT)
PENALTY_INCOME = Account("6011.02", "penalty interest income", "罚息收入", Kind.INCOME, Side.CREDIT)
FEE_INCOME = Account("6021", "fee income", "手续费收入", Kind.INCOME, Side.CREDIT)
CREDIT_LOSS = Account("6702", "credit impairment losses", "信用减值损失", Kind.EXPENSE, Side.DEBIT)

CHART: dict[str, Account] = {
    account.code: account
    for account in (
        CASH, FEE_RECEIVABLE, INTEREST_RECEIVABLE, PENALTY_RECEIVABLE, CLAIMS, LOANS, ALLOWANCE, HOLDER_PAYABLE,
        INTEREST_SUSPENDED, PENALTY_SUSPENDED, LENDERS_RECEIVABLE, SUSPENSE, FUNDING, LENDERS_PAYABLE,
        INTEREST_INCOME, PENALTY_INCOME, FEE_INCOME, CREDIT_LOSS,
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


def debit(of: Account, amount: Money, ref: str = "", party: str = "") -> Entry:
    return Entry(of.code, Side.DEBIT, amount, ref, party)


def credit(of: Account, amount: Money, ref: str = "", party: str = "") -> Entry:
    return Entry(of.code, Side.CREDIT, amount, ref, party)
