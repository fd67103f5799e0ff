"""The bank's closing balance is held against the book, to the fen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chainfin.services.kernel.context import OPERATOR
from chainfin.services.oversight import parked
from chainfin.services.payments import instructions
from chainfin.values import instruction
from tests.e2e.site import Site, open_site
from tests.e2e.statements import LENT, Bank, differences, lender_account, lent, odd, take


@pytest.fixture
def site() -> Iterator[Site]:
    """One of its own for each test: statements follow each other."""
    with open_site() as made:
        yield made


def test_closing_balance__a_fen_off__named_to_the_fen(site: Site) -> None:
    _, _, loan_id = lent(site)
    ours = Bank(site, lender_account(site))
    take(site, ours.statement(ours.entry(-LENT, order=instruction.for_loan(loan_id)), moved=-LENT))
    assert differences(site) == []
    take(site, ours.statement(ours.entry(-1, "account fee"), moved=-1))
    entry, cash = differences(site)
    assert (entry[0], entry[2], entry[3]) == ("bank.entry", "-0.01 CNY: debit_unknown", "in the book")
    assert cash[:2] == ("bank.cash", f"{ours.account}, {site.today}: -0.01 CNY differ")
    (item,) = odd(site)
    parked.resolve(site.ctx, OPERATOR, item.id, "the bank's fee, the lender's own")
    assert differences(site) == [], "a person has said what it is"


def test_book__with_a_payment_on_no_statement__named(site: Site) -> None:
    borrower, _, loan_id = lent(site)
    how = instructions.for_loan(site.ctx, borrower, loan_id, None)
    ours = Bank(site, lender_account(site))
    ref = site.pays(1_00, how.remittance, account=how.account)
    take(site, ours.statement(ours.entry(-LENT, order=instruction.for_loan(loan_id)), moved=-LENT))
    found = [each for each in differences(site) if each[0] == "book.payment"]
    assert [(each[1], each[2]) for each in found] == [(site.incoming(ref).id, "on no statement")]
    assert any("-1.00 CNY differ" in each[1] for each in differences(site))
    (item,) = odd(site)
    assert (item.kind, item.reason) == ("bank_balance", "bank_cash_differs"), "compared without being asked"
    assert "-1.00 CNY" in item.detail
    site.run()
    assert len(odd(site)) == 1, "once for each closing balance"


def test_debit__booked_twice_or_of_another_amount__parked(site: Site) -> None:
    _, _, loan_id = lent(site)
    ours, number = Bank(site, lender_account(site)), instruction.for_loan(loan_id)
    take(site, ours.statement(ours.entry(-LENT - 1, order=number), moved=-LENT - 1))
    take(site, ours.statement(ours.entry(-LENT, order=number), moved=-LENT))
    take(site, ours.statement(ours.entry(-LENT, order=number), moved=-LENT))
    assert [item.reason for item in odd(site)] == ["debit_differs", "debit_repeated"]
