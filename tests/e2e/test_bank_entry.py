"""One entry of the bank's is one payment, by whatever way it is told of, and in whatever order."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlmodel import select

from chainfin.services.payments import instructions
from chainfin.storage.lending_tables import IncomingRow
from tests.e2e.site import Site, open_site
from tests.e2e.statements import Bank, differences, lender_account, lent, odd, take
from tests.unit import bank_samples as bank


@pytest.fixture
def site() -> Iterator[Site]:
    with open_site() as made:
        yield made


def told(site: Site, ref: str) -> list[IncomingRow]:
    with site.ctx.store.read() as session:
        return list(session.exec(select(IncomingRow).where(IncomingRow.bank_ref == ref)).all())


@pytest.mark.parametrize("first", ["feed", "file"])
def test_entry__told_by_feed_and_file__is_one_payment(site: Site, first: str) -> None:
    borrower, _, loan_id = lent(site)
    ours = Bank(site, lender_account(site))
    how = instructions.for_loan(site.ctx, borrower, loan_id, None)
    owed = site.settles(loan_id)

    def by_feed() -> None:
        site.pays(5_00, f"for loan, {how.remittance.lower()}", bank_ref="ONE-ENTRY", account=how.account)

    def by_file() -> None:
        # a statement needn't name the account under its own on which the money came in
        to = ours.account if first == "feed" else how.account
        entry = ours.entry(5_00, how.remittance, to=to, bank_reference="ONE-ENTRY")
        (done,) = take(site, ours.statement(entry, moved=5_00)).taken
        assert (done.taken, done.odd) == (1, 0)

    for tells in (by_feed, by_file) if first == "feed" else (by_file, by_feed):
        tells()
        assert site.settles(loan_id) == owed - 5_00, "once"
    (row,) = told(site, "ONE-ENTRY")
    assert "body" in row.evidence, "the bank's signed word is kept, whichever came first"
    assert odd(site) == []


@pytest.mark.parametrize("change", ["amount", "day"])
def test_entry__of_one_reference_with_another_content__is_parked_by_name(site: Site, change: str) -> None:
    borrower, _, loan_id = lent(site)
    ours = Bank(site, lender_account(site))
    how = instructions.for_loan(site.ctx, borrower, loan_id, None)
    site.pays(5_00, how.remittance, bank_ref="ANOTHER", account=how.account)
    owed = site.settles(loan_id)
    minor = 6_00 if change == "amount" else 5_00
    valued = f"<ValDt><Dt>{site.today if change == 'amount' else site.today.replace(day=1)}</Dt></ValDt>"
    assert site.today.day != 1
    entry = ours.entry(minor, how.remittance, to=how.account, bank_reference="ANOTHER", valued=valued)
    take(site, ours.statement(entry, moved=minor))
    assert site.settles(loan_id) == owed
    assert sorted(row.reason or "" for row in told(site, "ANOTHER")) == ["", "bank_reference_reused"]


def test_batch__of_two_like_payments__are_two(site: Site) -> None:
    """Of a batch the bank has one reference: by their places in it they are told apart."""
    borrower, _, loan_id = lent(site)
    ours = Bank(site, lender_account(site))
    how = instructions.for_loan(site.ctx, borrower, loan_id, None)
    owed = site.settles(loan_id)
    one = bank.transaction("5.00", remittance=f"<Ustrd>{how.remittance}</Ustrd>")
    one = one.replace("</RltdPties>", f"<CdtrAcct><Id><Othr><Id>{how.account}</Id></Othr></Id></CdtrAcct></RltdPties>")
    take(site, ours.statement(ours.entry(10_00, details=one + one), moved=10_00))
    assert site.settles(loan_id) == owed - 10_00
    assert "bank.entry" not in {name for name, *_ in differences(site)}
