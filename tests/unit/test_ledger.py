"""Journals that balance or don't exist, reversals, the trial balance, the postings of a loan's life."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from chainfin.errors import ChainfinError
from chainfin.rules import ledger, postings
from chainfin.rules.ledger import Entry, Journal, Side, credit, debit, out_of_balance, reverse, trial_balance
from chainfin.values.money import Money
from tests.unit.loans import balance

DAY = date(2026, 3, 2)


def cny(minor: int) -> Money:
    return Money(minor, "CNY")


ZERO = cny(0)


def held(allowance: int, *, interest: int = 0, penalty: int = 0) -> postings.Impairment:
    return postings.Impairment(cny(interest), cny(penalty), cny(allowance))


def entries_of(*journals: Journal | None) -> list[Entry]:
    return [entry for journal in journals if journal is not None for entry in journal.entries]


def journal(*entries: Entry, key: str = "k") -> Journal:
    return Journal(key, DAY, "test", "L1", entries)


def owed() -> list[tuple[ledger.Account, Money]]:
    return [(ledger.FEE_RECEIVABLE, cny(10)), (ledger.LOANS, cny(1000))]


PAYOUT = postings.disbursement("L1", "bank", cny(1000), DAY)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (journal, "ledger_empty"),
        (lambda: journal(debit(ledger.CASH, cny(1)), credit(ledger.LOANS, cny(1)), key=""), "ledger_key_missing"),
        (lambda: journal(debit(ledger.CASH, cny(2)), credit(ledger.LOANS, cny(1))), "ledger_unbalanced"),
        (lambda: journal(debit(ledger.CASH, cny(1)), credit(ledger.LOANS, Money(1, "USD"))), "ledger_unbalanced"),
        (lambda: debit(ledger.CASH, ZERO), "ledger_amount_not_positive"),
        (lambda: debit(ledger.CASH, cny(-1)), "ledger_amount_not_positive"),
        (lambda: Entry("9999", Side.DEBIT, cny(1)), "account_unknown"),
        (lambda: reverse(reverse(PAYOUT, DAY), DAY), "ledger_reversal_of_reversal"),
        (lambda: reverse(PAYOUT, date(2026, 3, 1)), "ledger_date_backwards"),
        (
            lambda: postings.receipt("L1", "bank", "P1", owed(), remainder=cny(1), holder="", on=DAY),
            "holder_missing",
        ),
        (lambda: postings.receipt("L1", "bank", "P1", [], remainder=ZERO, holder="", on=DAY), "ledger_empty"),
    ],
)
def test_ledger__what_may_not_be__is_refused_by_code(call: Callable[[], object], code: str) -> None:
    with pytest.raises(ChainfinError) as caught:
        call()
    assert caught.value.code == code


def test_journal__two_currencies_each_in_balance__is_made() -> None:
    made = journal(
        debit(ledger.CASH, cny(5)),
        credit(ledger.LOANS, cny(5)),
        debit(ledger.CASH, Money(7, "USD")),
        credit(ledger.LOANS, Money(7, "USD")),
    )
    lines = trial_balance(made.entries)
    assert [(line.account.code, line.debit.currency) for line in lines] == [
        ("1002", "CNY"),
        ("1002", "USD"),
        ("1303", "CNY"),
        ("1303", "USD"),
    ]
    assert out_of_balance(lines) == {}


def test_trial_balance__each_account__balance_is_on_its_normal_side() -> None:
    made = journal(debit(ledger.CASH, cny(5)), credit(ledger.SUSPENSE, cny(3)), credit(ledger.CASH, cny(2)))
    lines = trial_balance(made.entries)
    assert [(line.account, line.balance) for line in lines] == [(ledger.CASH, cny(3)), (ledger.SUSPENSE, cny(3))]


def test_disbursement__a_loan__moves_cash_into_loans_whole() -> None:
    assert PAYOUT.key == "disburse:L1"
    assert [(e.account, e.side, e.amount.minor, e.ref, e.party) for e in PAYOUT.entries] == [
        ("1303", Side.DEBIT, 1000, "L1", "bank"),
        ("1002", Side.CREDIT, 1000, "L1", "bank"),
    ]


def test_reverse__a_journal__leaves_nothing_and_names_it() -> None:
    back = reverse(PAYOUT, date(2026, 3, 5))
    assert (back.key, back.reverses, back.kind) == ("reverse:disburse:L1", "disburse:L1", "reversal")
    assert all(line.balance.minor == 0 for line in trial_balance(entries_of(PAYOUT, back)))


def test_receipt__more_than_is_owed__the_rest_is_owed_to_the_holder() -> None:
    came = postings.receipt("L1", "bank", "P1", owed(), remainder=cny(90), holder="sup", on=DAY)
    assert came.key == "payment:P1:L1"
    assert balance(came.entries, ledger.CASH, "CNY") == cny(1100)
    assert balance(came.entries, ledger.HOLDER_PAYABLE, "CNY", party="sup") == cny(90)


def test_accrual_fee_provision__of_nothing__make_no_journal() -> None:
    assert postings.accrual("L1", "bank", ZERO, ZERO, DAY) is None
    assert postings.fee("L1", "bank", ZERO, DAY) is None
    assert postings.impairment("L1", "bank", "x", held(5), held(5), DAY) is None


def test_accrual__interest_only__leaves_the_penalty_lines_out() -> None:
    made = postings.accrual("L1", "bank", cny(3), ZERO, DAY)
    assert made is not None
    assert made.key == "accrue:L1:on:2026-03-02"
    assert {entry.account for entry in made.entries} == {"1132.01", "6011.01"}


def test_impairment__up_and_down__each_stands_where_wanted() -> None:
    up = postings.impairment("L1", "bank", "1", held(0), held(50, interest=7, penalty=3), DAY)
    down = postings.impairment("L1", "bank", "2", held(50, interest=7, penalty=3), held(20, interest=5), DAY)
    entries = entries_of(up, down)
    assert balance(entries, ledger.ALLOWANCE, "CNY") == balance(entries, ledger.CREDIT_LOSS, "CNY") == cny(20)
    assert balance(entries, ledger.INTEREST_SUSPENDED, "CNY") == cny(5)
    assert balance(entries, ledger.INTEREST_INCOME, "CNY") == cny(-5)
    assert balance(entries, ledger.PENALTY_SUSPENDED, "CNY") == balance(entries, ledger.PENALTY_INCOME, "CNY") == ZERO


@pytest.mark.parametrize(("allowance", "loss", "left"), [(0, 1010, 0), (400, 610, 0), (1010, 0, 0), (1500, 0, 490)])
def test_write_off__against_an_allowance__loss_is_what_it_does_not_cover(allowance: int, loss: int, left: int) -> None:
    before = journal(debit(ledger.CREDIT_LOSS, cny(1)), credit(ledger.ALLOWANCE, cny(1)))
    off = postings.write_off("L1", "bank", owed(), held(allowance), DAY)
    entries = entries_of(off)
    assert -balance(entries, ledger.LOANS, "CNY").minor == 1000
    assert -balance(entries, ledger.FEE_RECEIVABLE, "CNY").minor == 10
    assert balance(entries, ledger.CREDIT_LOSS, "CNY") == cny(loss)
    assert allowance + balance(entries, ledger.ALLOWANCE, "CNY").minor == left
    assert out_of_balance(trial_balance([*before.entries, *entries])) == {}


def test_write_off__interest_in_suspense__is_no_loss() -> None:
    parts = [(ledger.LOANS, cny(1000)), (ledger.INTEREST_RECEIVABLE, cny(30)), (ledger.PENALTY_RECEIVABLE, cny(8))]
    entries = entries_of(postings.write_off("L1", "bank", parts, held(600, interest=25, penalty=8), DAY))
    assert balance(entries, ledger.CREDIT_LOSS, "CNY") == cny(400 + 5)
    assert -balance(entries, ledger.INTEREST_SUSPENDED, "CNY") == cny(25)
    assert -balance(entries, ledger.PENALTY_SUSPENDED, "CNY") == cny(8)


def test_balance__by_ref_and_party__counts_only_theirs() -> None:
    other = postings.disbursement("L2", "bank2", cny(7), DAY)
    entries = entries_of(PAYOUT, other)
    assert balance(entries, ledger.LOANS, "CNY", ref="L2") == cny(7)
    assert balance(entries, ledger.LOANS, "CNY", party="bank") == cny(1000)
    assert balance(entries, ledger.LOANS, "USD") == Money(0, "USD")


def test_out_of_balance__a_line_lost__names_the_currency_and_the_amount() -> None:
    assert out_of_balance(trial_balance(PAYOUT.entries[:1])) == {"CNY": 1000}
