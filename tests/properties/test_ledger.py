"""Laws of the books: whatever is posted, debits equal credits; a reversal leaves nothing."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainfin.errors import BadInput
from chainfin.rules.ledger import CHART, Entry, Journal, Side, out_of_balance, reverse, trial_balance
from chainfin.values.money import Money

DAY = date(2026, 3, 2)
codes = st.sampled_from(sorted(CHART))
lines = st.lists(
    st.builds(
        Entry,
        codes,
        st.sampled_from(Side),
        st.builds(Money, st.integers(1, 10**12), st.sampled_from(["CNY", "USD"])),
        st.sampled_from(["L1", "L2"]),
    ),
    min_size=1,
    max_size=8,
)


def balanced(entries: list[Entry]) -> list[Entry]:
    """The entries and one line per currency that makes them balance."""
    closing = []
    for currency in ("CNY", "USD"):
        rest = sum(entry.signed for entry in entries if entry.amount.currency == currency)
        if rest:
            closing.append(Entry("1002", Side.CREDIT if rest > 0 else Side.DEBIT, Money(abs(rest), currency)))
    return entries + closing


@given(lines)
def test_journal__any_lines__exists_only_if_each_currency_balances(entries: list[Entry]) -> None:
    if balanced(entries) == entries:
        assert Journal("k", DAY, "test", "", tuple(entries)).entries
    else:
        with pytest.raises(BadInput) as caught:
            Journal("k", DAY, "test", "", tuple(entries))
        assert caught.value.code == "ledger_unbalanced"


@given(st.lists(lines, max_size=6))
def test_trial_balance__any_journals__sums_to_zero_in_each_currency(many: list[list[Entry]]) -> None:
    journals = [Journal(str(n), DAY, "test", "", tuple(balanced(entries))) for n, entries in enumerate(many)]
    everything = [entry for journal in journals for entry in journal.entries]
    table = trial_balance(everything)
    assert out_of_balance(table) == {}
    assert sum(line.debit.minor for line in table) == sum(e.amount.minor for e in everything if e.side is Side.DEBIT)


@given(lines, st.integers(0, 400))
def test_reverse__any_journal__leaves_every_account_and_sub_ledger_at_zero(entries: list[Entry], later: int) -> None:
    journal = Journal("k", DAY, "test", "", tuple(balanced(entries)))
    back = reverse(journal, DAY + timedelta(days=later))
    for ref in ("L1", "L2", ""):
        left = trial_balance(entry for entry in (*journal.entries, *back.entries) if entry.ref == ref)
        assert all(line.balance.minor == 0 for line in left)
