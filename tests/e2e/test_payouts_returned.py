"""A payout that the bank gives back: to a borrower, to a holder, or of a payment that named nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlmodel import select

from chainfin.rules import ledger
from chainfin.services.kernel.commands import PayHolder, Refund
from chainfin.services.kernel.context import OPERATOR
from chainfin.services.lending import end_of_day
from chainfin.services.oversight import reconcile_book
from chainfin.services.oversight.findings import Findings
from chainfin.services.payments import instructions, payouts
from chainfin.services.reads import queries
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.lending_tables import IncomingRow
from chainfin.values import instruction
from chainfin.values.money import Money
from tests.e2e.site import FACE, START, Site, open_site
from tests.e2e.site_books import check_funds
from tests.e2e.statements import BACK, CNY, LENT, PLACED, Bank, differences, lender_account, lent, odd, take


@pytest.fixture
def site() -> Iterator[Site]:
    """One of its own for each test: statements follow each other."""
    with open_site() as made:
        yield made


@pytest.mark.parametrize(
    "more",
    [
        {"returned": BACK},
        {"reversal": "<RvslInd>true</RvslInd>"},
        {"returned": BACK, "valued": f"<ValDt><Dt>{START.date() + timedelta(days=1)}</Dt></ValDt>"},
    ],
    ids=["returned", "reversed", "heard of late"],
)
def test_loan__whose_payout_comes_back_later__is_undone_with_its_interest(site: Site, more: dict[str, str]) -> None:
    placed = site.funds(site.cast["lender"])
    borrower, asset, loan_id = lent(site)
    ours, number = Bank(site, lender_account(site)), instruction.for_loan(loan_id)
    take(site, ours.statement(ours.entry(-LENT, order=number), moved=-LENT))
    site.move_to(site.today + timedelta(days=3))
    end_of_day.run(site.ctx, OPERATOR, site.today)
    assert site.balance(ledger.INTEREST_RECEIVABLE, ref=loan_id) > 0
    entry = ours.entry(LENT, order=number, **more)
    (done,) = take(site, ours.statement(entry, moved=LENT)).taken
    assert (done.paid, done.odd, done.difference) == (1, 0, None)
    assert site.loan(loan_id).row.status == "cancelled"
    assert [pledge.status for pledge in site.loan(loan_id).pledges] == ["released"]
    assert site.receivable(asset.id).pledged == 0
    assert set(site.taken(site.loan(loan_id).row.application_id)) == {"freed"}
    for account in (ledger.CASH, ledger.LOANS, ledger.INTEREST_RECEIVABLE, ledger.FEE_RECEIVABLE, ledger.FEE_INCOME):
        assert site.balance(account, ref=loan_id) == 0, account.name
    assert site.funds(site.cast["lender"]) == placed, "the lender may lend it again"
    with site.ctx.store.read() as session:
        check_funds(session)
    lines = queries.statement(site.ctx, borrower, loan_id)
    assert (lines[-1].kind, lines[-1].balance.minor) == ("payout_returned", 0)
    assert differences(site) == []
    findings = Findings()
    with site.ctx.store.read() as session:
        reconcile_book.check(session, site.ctx, findings)
    assert findings.mismatches == []
    assert site.funded(borrower, LENT, asset.id), "the same claim is lent on again"


def undone_to_the_fen(site: Site, loan_id: str) -> None:
    """Nothing is owed on the loan nor earned by it, the lender has its money, and nobody else's."""
    assert site.loan(loan_id).row.status == "cancelled"
    assert site.loan(loan_id).loan.dues.total.minor == 0
    for account in (ledger.LOANS, ledger.INTEREST_RECEIVABLE, ledger.INTEREST_INCOME, ledger.FEE_RECEIVABLE):
        assert site.balance(account, ref=loan_id) == 0, account.name
    assert (site.balance(ledger.CASH), site.balance(ledger.HOLDER_PAYABLE)) == (PLACED, 0)
    assert site.funds(site.cast["lender"]) == (PLACED, 0)
    assert differences(site) == []


def left(site: Site) -> list[tuple[str, str, str]]:
    """What has left to parties: state, amount, to whom."""
    return [(row.status, str(row.payload["amount"]), row.subject) for row in site.commands(PayHolder)]


@pytest.mark.parametrize("much", ["1.00", "100000.01", "all"])
def test_loan__paid_on_before_its_payout_comes_back__the_borrower_has_it_again(site: Site, much: str) -> None:
    borrower, asset, loan_id = lent(site)
    ours, number = Bank(site, lender_account(site)), instruction.for_loan(loan_id)
    take(site, ours.statement(ours.entry(-LENT, order=number), moved=-LENT))
    site.move_to(site.today + timedelta(days=3))
    end_of_day.run(site.ctx, OPERATOR, site.today)
    minor = site.settles(loan_id) if much == "all" else Money.parse(much, CNY).minor
    how = instructions.for_loan(site.ctx, borrower, loan_id, None)
    take(site, ours.statement(ours.entry(minor, how.remittance, to=how.account), moved=minor))
    assert site.loan(loan_id).row.status == ("repaid" if much == "all" else "active")
    assert site.balance(ledger.INTEREST_INCOME, ref=loan_id) > 0
    site.move_to(site.today + timedelta(days=2))
    end_of_day.run(site.ctx, OPERATOR, site.today)
    take(site, ours.statement(ours.entry(LENT, order=number, returned=BACK), moved=LENT))
    assert odd(site) == []
    undone_to_the_fen(site, loan_id)
    assert left(site) == [("done", str(Money(minor, CNY)), str(borrower.party_id))]
    assert site.receivable(asset.id).pledged == 0
    assert set(site.taken(site.loan(loan_id).row.application_id)) == {"freed"}
    lines = queries.statement(site.ctx, borrower, loan_id)
    assert sum(line.amount.minor for line in lines) == lines[-1].balance.minor == 0


def test_loan__paid_on_by_its_debtor_before_its_payout_comes_back__all_of_it_is_the_holders(site: Site) -> None:
    borrower, asset, loan_id = lent(site)
    ours, number = Bank(site, lender_account(site)), instruction.for_loan(loan_id)
    how = instructions.for_receivable(site.ctx, site.cast["core"], asset.id)
    site.move_to(site.today + timedelta(days=3))
    paid = ours.entry(FACE, asset.reference, to=how.account)
    take(site, ours.statement(ours.entry(-LENT, order=number), paid, moved=FACE - LENT))
    assert site.loan(loan_id).row.status == "repaid"
    ((_, rest, _),) = left(site)
    take(site, ours.statement(ours.entry(LENT, order=number, returned=BACK), moved=LENT))
    undone_to_the_fen(site, loan_id)
    holder, had = str(borrower.party_id), Money.parse(rest, CNY)
    assert left(site) == [("done", rest, holder), ("done", str(Money(FACE, CNY) - had), holder)]
    assert site.receivable(asset.id).settled == FACE, "the debtor has paid, whoever lent"


@pytest.mark.parametrize("by", ["borrower", "debtor"])
def test_payment__of_before_the_return_heard_of_after_it__is_the_payers_or_the_holders(site: Site, by: str) -> None:
    borrower, asset, loan_id = lent(site)
    ours, number = Bank(site, lender_account(site)), instruction.for_loan(loan_id)
    take(site, ours.statement(ours.entry(-LENT, order=number), moved=-LENT))
    to_loan = instructions.for_loan(site.ctx, borrower, loan_id, None)
    to_claim = instructions.for_receivable(site.ctx, site.cast["core"], asset.id)
    before = f"<ValDt><Dt>{site.today + timedelta(days=1)}</Dt></ValDt>"
    site.move_to(site.today + timedelta(days=3))
    take(site, ours.statement(ours.entry(LENT, order=number, returned=BACK), moved=LENT))
    text, account = (to_loan.remittance, to_loan.account) if by == "borrower" else (asset.reference, to_claim.account)
    ref = f"{ours.account[-8:]}-{ours.lines + 1}"
    take(site, ours.statement(ours.entry(7_77, text, to=account, valued=before), moved=7_77))
    undone = site.loan(loan_id)
    assert (undone.row.status, undone.loan.dues.total.minor) == ("cancelled", 0)
    row = site.incoming(ref)
    if by == "borrower":
        (back,) = site.refunds(ref)
        assert (back.payload["amount"], back.payload["reason"]) == ("7.77", "loan_not_payable")
        assert site.balance(ledger.SUSPENSE, ref=row.book_ref) == row.unapplied == 7_77, (
            "the sandbox's bank has no such"
        )
        assert left(site) == []
    else:
        assert (row.status, row.unapplied) == ("applied", 0)
        assert left(site) == [("done", "7.77", str(borrower.party_id))]
        assert site.receivable(asset.id).settled == 7_77
    assert site.funds(site.cast["lender"]) == (PLACED, 0)


def test_loan__whose_payout_comes_back_in_part_or_twice__a_person_asks_the_bank(site: Site) -> None:
    _, _, loan_id = lent(site)
    ours, number = Bank(site, lender_account(site)), instruction.for_loan(loan_id)
    take(site, ours.statement(ours.entry(-LENT, order=number), moved=-LENT))
    take(site, ours.statement(ours.entry(LENT - 1, order=number, returned=BACK), moved=LENT - 1))
    assert [item.reason for item in odd(site)] == ["payout_returned_in_part"]
    assert site.loan(loan_id).row.status == "active"
    for _ in range(2):
        take(site, ours.statement(ours.entry(LENT, order=number, returned=BACK), moved=LENT))
    assert [item.reason for item in odd(site)] == ["payout_returned_in_part", "payout_returned_again"]
    assert site.loan(loan_id).row.status == "cancelled"
    assert site.funds(site.cast["lender"]) == (PLACED, 0)


def test_loan__paid_on_after_its_payout_had_come_back__the_borrower_has_it_again(site: Site) -> None:
    borrower, _, loan_id = lent(site)
    ours, number = Bank(site, lender_account(site)), instruction.for_loan(loan_id)
    take(site, ours.statement(ours.entry(-LENT, order=number), moved=-LENT))
    back = {"returned": BACK, "valued": f"<ValDt><Dt>{site.today + timedelta(days=1)}</Dt></ValDt>"}
    site.move_to(site.today + timedelta(days=2))
    how = instructions.for_loan(site.ctx, borrower, loan_id, None)
    take(site, ours.statement(ours.entry(7_00, how.remittance, to=how.account), moved=7_00))
    take(site, ours.statement(ours.entry(LENT, order=number, **back), moved=LENT))
    assert site.loan(loan_id).row.status == "cancelled"
    (out,) = site.commands(PayHolder)
    assert (out.status, out.payload["amount"], out.subject) == ("done", "7.00", str(borrower.party_id))
    assert site.balance(ledger.HOLDER_PAYABLE) == 0
    assert site.funds(site.cast["lender"]) == (PLACED, 0)
    assert differences(site) == []


def test_holders_share__that_comes_back__is_owed_again_and_paid_to_the_new_account(site: Site) -> None:
    borrower, asset, _ = lent(site)
    ours = Bank(site, lender_account(site))
    how = instructions.for_receivable(site.ctx, site.cast["core"], asset.id)
    take(site, ours.statement(ours.entry(FACE, asset.reference, to=how.account), moved=FACE))
    (out,) = site.commands(PayHolder)
    rest, number = Money.parse(str(out.payload["amount"]), CNY).minor, str(out.payload["instruction_id"])
    entries = ours.entry(-rest, order=number), ours.entry(rest, order=number, returned=BACK)
    assert take(site, ours.statement(*entries, moved=0)).taken[0].paid == 2
    row = site.incoming(ours.account[-8:] + "-1")
    assert (row.status, row.reason) == ("payout_refused", "payout_returned")
    assert site.balance(ledger.HOLDER_PAYABLE) == rest
    site.paid_to(borrower, "6228-NEW")
    site.run()
    assert site.balance(ledger.HOLDER_PAYABLE) == 0
    assert [(each.status, each.payload["payee_account"]) for each in site.commands(PayHolder)][-1] == (
        "done",
        "6228-NEW",
    )
    again = str(site.commands(PayHolder)[-1].payload["instruction_id"])
    take(site, ours.statement(ours.entry(-rest, order=again), moved=-rest))
    assert [each for each in differences(site) if each[0] == "bank.entry"] == []


def test_refund__that_comes_back__is_in_suspense_again(site: Site) -> None:
    ours = Bank(site, "chainfin-collection")
    take(site, ours.statement(ours.entry(5_00, "?"), moved=5_00))
    ref = ours.account[-8:] + "-1"
    with site.ctx.store.begin() as session:  # the sandbox's bank knows only what it booked itself
        row = session.get_one(IncomingRow, site.incoming(ref).id)
        payouts.send_back(session, site.ctx, row)
        payouts.refunded(session, site.ctx, row.id)
        (command,) = session.exec(select(OutboxRow).where(OutboxRow.topic == Refund.TOPIC)).all()
        command.status = "done"
    number = str(site.commands(Refund)[0].payload["instruction_id"])
    entries = ours.entry(-5_00, order=number), ours.entry(5_00, order=number, returned=BACK)
    take(site, ours.statement(*entries, moved=0))
    row = site.incoming(ref)
    assert (row.status, row.reason, row.unapplied) == ("suspense", "payout_returned", 5_00)
    assert site.balance(ledger.SUSPENSE, ref=row.id) == 5_00
    assert differences(site) == []
