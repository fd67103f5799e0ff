"""A bank's files that come in: each line counts once, odd ones are parked with their reason, and the next goes on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from lxml import etree
from sqlmodel import select

from chainfin.audit.report import State as Checked
from chainfin.connectors import bank_files
from chainfin.errors import BadInput
from chainfin.services.books import bank_statement
from chainfin.services.kernel.commands import PayHolder
from chainfin.services.kernel.context import OPERATOR
from chainfin.services.oversight import parked
from chainfin.services.payments import instructions
from chainfin.storage.bank_tables import BankStatementRow
from chainfin.values import instruction
from chainfin.values.money import Money
from chainfin.values.party import Role
from tests.e2e.secured import bundle, checked, names
from tests.e2e.site import FACE, Site, open_site
from tests.e2e.statements import CNY, HOSTILE, LENT, Bank, differences, lender_account, lent, money, odd, take
from tests.unit import bank_samples as bank


@pytest.fixture
def site() -> Iterator[Site]:
    """One of its own for each test: statements follow each other."""
    with open_site() as made:
        yield made


def test_statement__with_debtors_payment_and_payouts__agrees_with_the_book(site: Site) -> None:
    _, asset, loan_id = lent(site)
    ours = Bank(site, lender_account(site))
    how = instructions.for_receivable(site.ctx, site.cast["core"], asset.id)
    paid_out = ours.entry(-LENT, order=instruction.for_loan(loan_id))
    data = ours.statement(paid_out, ours.entry(FACE, how.reference, to=how.account), moved=FACE - LENT)
    bank.assert_valid(data, "camt053", "xsd/camt.053.001.08.xsd")
    (done,) = take(site, data).taken
    assert (done.taken, done.paid, done.odd, done.difference) == (1, 1, 0, None)
    assert site.loan(loan_id).row.status == "repaid"
    assert site.receivable(asset.id).status == "settled"
    (out,) = site.commands(PayHolder)
    assert out.status == "done"
    assert differences(site) == [], "the holder's share is paid, and may be on the next statement"
    rest = Money.parse(str(out.payload["amount"]), CNY)
    assert take(site, ours.statement(ours.entry(-rest.minor, order=out.payload["instruction_id"]), moved=-rest.minor))
    assert differences(site) == []
    row = site.incoming(ours.account[-8:] + "-2")
    assert (row.account, row.received_on, row.evidence["statement"]) == (how.account, site.today, "ST-1")


def test_audit__of_a_loan_paid_by_a_line_of_a_file__the_banks_signed_word_is_missing(site: Site) -> None:
    _, asset, loan_id = lent(site)
    ours = Bank(site, lender_account(site))
    how = instructions.for_receivable(site.ctx, site.cast["core"], asset.id)
    take(site, ours.statement(ours.entry(FACE, how.reference, to=how.account), moved=FACE))
    assert site.loan(loan_id).row.status == "repaid"
    report = checked(site, bundle(site, loan_id))
    assert {name for name in names(report, Checked.FAILED) if name.startswith("payment")} != set()


def test_statement__delivered_again_in_another_layout__nothing_twice(site: Site) -> None:
    asset = site.confirmed(site.borrower())
    ours = Bank(site, "chainfin-collection")
    data = ours.statement(ours.entry(5_00, asset.reference), moved=5_00)
    assert take(site, data).again == 0
    pretty = etree.tostring(etree.fromstring(data), pretty_print=True)
    again = take(site, pretty, "copy.xml")
    assert (again.taken, again.again) == ((), 1)
    assert site.receivable(asset.id).settled == 5_00
    with site.ctx.store.read() as session:
        assert len(session.exec(select(BankStatementRow.id)).all()) == 1


def test_notification__before_its_statement__counts_once(site: Site) -> None:
    borrower, _, loan_id = lent(site)
    ours = Bank(site, lender_account(site))
    take(site, ours.statement(ours.entry(-LENT, order=instruction.for_loan(loan_id)), moved=-LENT))
    how = instructions.for_loan(site.ctx, borrower, loan_id, None)
    entry = ours.entry(5_00, how.remittance, to=how.account)
    account = f"<Acct><Id><Othr><Id>{ours.account}</Id></Othr></Id><Ccy>CNY</Ccy></Acct>"
    first = bank.camt054(entry).replace(bank.ACCOUNT.encode(), account.encode())
    assert take(site, first).taken[0].taken == 1
    before = site.loan(loan_id).loan.dues.total
    take(site, ours.statement(entry, moved=5_00))
    assert site.loan(loan_id).loan.dues.total == before
    assert differences(site) == []


ODD: dict[str, tuple[dict[str, Any], str]] = {
    "a debit that is no order of ours": ({"minor": -3_00}, "debit_unknown"),
    "a reversal of a credit": ({"minor": -3_00, "reversal": "<RvslInd>true</RvslInd>"}, "entry_reversed"),
    "a reversal of a debit that names no order": (
        {"minor": 3_00, "reversal": "<RvslInd>true</RvslInd>"},
        "entry_reversed",
    ),
    "no value date": ({"minor": 3_00, "valued": ""}, "value_date_missing"),
    "no booking date": ({"minor": 3_00, "booked": ""}, "booking_date_missing"),
    "no reference of the bank's": ({"minor": 3_00, "bank_reference": ""}, "bank_reference_missing"),
    "another currency": ({"minor": 3_00, "currency": "USD"}, "currency_mismatch"),
    "a currency not listed": ({"minor": 3_00, "currency": "THB"}, "currency_unknown"),
    "three decimals": ({"minor": 3_00, "amount": "3.005"}, "amount_too_precise"),
    "nothing": ({"minor": 3_00, "amount": "0.00"}, "amount_not_positive"),
    "less than nothing": ({"minor": 3_00, "amount": "-3.00"}, "amount_negative"),
    "2^63-1 fen": ({"minor": 3_00, "amount": "92233720368547758.07"}, "amount_implausible"),
    "above 64 bits": ({"minor": 3_00, "amount": "92233720368547758.08"}, "amount_too_large"),
    "a name of 40 kB": ({"minor": 3_00, "details": bank.transaction(debtor="名" * 13_334)}, "text_too_long"),
    "a day to come": ({"minor": 3_00, "valued": "<ValDt><Dt>2099-01-01</Dt></ValDt>"}, "value_date_implausible"),
    "a status of the bank's own": ({"minor": 3_00, "status": "<Prtry>OK</Prtry>"}, "status_unknown"),
    "another account's": ({"minor": 3_00, "to": "6228-somebody-elses"}, "payee_account_foreign"),
    "a day long ago": ({"minor": 3_00, "valued": "<ValDt><Dt>1999-01-01</Dt></ValDt>"}, "value_date_implausible"),
    "a batch that doesn't add up": (
        {"minor": 3_00, "details": bank.transaction("1.00") + bank.transaction("1.00")},
        "batch_sum_mismatch",
    ),
    "a batch without its payments": (
        {"minor": 3_00, "details": "<Btch><NbOfTxs>2</NbOfTxs></Btch>"},
        "batch_details_missing",
    ),
}


@pytest.fixture(scope="module")
def odd_site() -> Iterator[Site]:
    with open_site() as made:
        yield made


@pytest.fixture(scope="module")
def odd_bank(odd_site: Site) -> Bank:
    return Bank(odd_site, "chainfin-collection")


@pytest.mark.parametrize(("changes", "code"), ODD.values(), ids=ODD.keys())
def test_statement__with_an_odd_entry__it_is_parked_and_the_others_count(
    odd_site: Site, odd_bank: Bank, changes: dict[str, Any], code: str
) -> None:
    asset, ours = odd_site.confirmed(odd_site.borrower()), odd_bank
    before = {row.id for row in odd(odd_site)}
    first, last = ours.entry(1_00, asset.reference), ours.entry(2_00, asset.reference)
    made = {name: value for name, value in changes.items() if name not in ("minor", "amount")}
    bad = ours.entry(changes["minor"], asset.reference, **made)
    if "amount" in changes:
        bad = bad.replace(f">{money(changes['minor'])}</Amt>", f">{changes['amount']}</Amt>")
    take(odd_site, ours.statement(first, bad, last, moved=3_00 + changes["minor"]))
    assert odd_site.receivable(asset.id).settled == 3_00, "its neighbours are taken in, and it isn't"
    items = [row for row in odd(odd_site) if row.id not in before and row.kind in ("bank_entry", "bank_line")]
    assert [row.reason for row in items] == [code]


def test_statement__that_closes_on_a_day_to_come__says_nothing_of_today(site: Site) -> None:
    ours, others = Bank(site, lender_account(site)), Bank(site, "chainfin-collection")
    take(site, ours.statement(moved=0))
    site.move_to(site.today + timedelta(days=3))
    to_come = "".join(bank.balance(code, money(ours.balance), day="2099-01-01") for code in ("OPBD", "CLBD"))
    (done,) = take(site, ours.statement(moved=0, balances=to_come)).taken
    assert (done.difference, told_of_today(site)) == ("statement_day_implausible", False)
    (item,) = odd(site)
    assert (item.kind, item.reason) == ("statement", "statement_day_implausible")
    parked.resolve(site.ctx, OPERATOR, item.id, "the bank meant another day")
    take(site, others.statement(moved=0))
    assert not told_of_today(site), "whatever a person made of it"
    take(site, ours.statement(moved=0))
    assert told_of_today(site)


def told_of_today(site: Site) -> bool:
    with site.ctx.store.read() as session:
        return bank_statement.covers(session, site.today)


def test_statement__with_pending_entries__none_of_them_counts(site: Site) -> None:
    asset = site.confirmed(site.borrower())
    ours = Bank(site, "chainfin-collection")
    pending = [ours.entry(7_00, asset.reference, status=f"<Cd>{code}</Cd>") for code in ("PDNG", "INFO", "FUTR")]
    (done,) = take(site, ours.statement(*pending, ours.entry(1_00, asset.reference), moved=1_00)).taken
    assert (done.taken, done.odd, done.difference) == (1, 0, None)
    assert site.receivable(asset.id).settled == 1_00
    assert odd(site) == []


def test_statement__of_one_lender_with_anothers_reference__waits_for_a_person(site: Site) -> None:
    borrower, _, first = lent(site)
    other = site.lender(borrower)
    second = site.funded(borrower, LENT, site.confirmed(borrower).id, lender_id=str(other.party_id))
    ours = Bank(site, lender_account(site))
    take(site, ours.statement(ours.entry(-LENT, order=instruction.for_loan(first)), moved=-LENT))
    here, there = (instructions.for_loan(site.ctx, borrower, loan_id, None) for loan_id in (first, second))
    owed = site.loan(second).loan.dues.total
    (done,) = take(site, ours.statement(ours.entry(5_00, there.remittance, to=here.account), moved=5_00)).taken
    assert (done.taken, done.odd, done.difference) == (1, 0, None)
    row = site.incoming(f"{ours.account[-8:]}-{ours.lines}")
    assert (row.status, row.reason, row.unapplied) == ("unmatched", "account_of_another_lender", 5_00)
    assert site.loan(second).loan.dues.total == owed
    assert differences(site) == [], "the bank has it, and the book too: in suspense"


def test_batch__of_two_payments__each_finds_its_claim(site: Site) -> None:
    one, other = (site.confirmed(site.borrower()) for _ in range(2))
    ours = Bank(site, "chainfin-collection")
    details = bank.transaction("1.00", remittance=bank.structured(one.reference)) + bank.transaction(
        "2.00", remittance=bank.structured(other.reference)
    )
    (done,) = take(site, ours.statement(ours.entry(3_00, details=details), moved=3_00)).taken
    assert (done.taken, done.odd) == (2, 0)
    assert [site.receivable(each.id).settled for each in (one, other)] == [1_00, 2_00]
    assert odd(site) == []


def test_parked_line__tried_again_once_it_can_be__taken_in(site: Site) -> None:
    borrower = site.borrower(account="6228-HOLDERS-OWN-9")
    asset = site.confirmed(borrower)
    loan_id = site.funded(borrower, LENT, asset.id)
    beside = FACE - site.receivable(asset.id).pledged + 1
    ours = Bank(site, "6228-HOLDERS-OWN-9")
    bank_files.take_in(site.ctx, ours.statement(ours.entry(beside, asset.reference), moved=beside), "f.xml")
    (item,) = odd(site)
    assert (item.source, item.reason) == ("bank_lines", "paid_beside_the_pledgee")
    site.pays(site.settles(loan_id), f"LOAN {loan_id}")
    assert parked.retry(site.ctx, OPERATOR, item.id, site.inst.retries()).status == "retried"
    site.run()
    assert site.receivable(asset.id).settled == beside


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"number": 3}, "sequence_gap"),
        ({"opening": 1}, "opening_differs"),
        ({"closing": 1}, "sum_differs"),
        ({"number": 1, "altered": True}, "statement_altered"),
    ],
)
def test_statement__that_does_not_follow__named_and_its_money_counts(
    site: Site, change: dict[str, Any], code: str
) -> None:
    asset = site.confirmed(site.borrower())
    ours = Bank(site, "chainfin-collection")
    take(site, ours.statement(ours.entry(1_00, asset.reference), moved=1_00))
    ours.number = change.get("number", 2) - 1
    ours.balance += change.get("opening", 0)
    data = ours.statement(ours.entry(2_00, asset.reference), moved=2_00 + change.get("closing", 0))
    (done,) = take(site, data).taken
    assert done.difference == code
    assert site.receivable(asset.id).settled == (1_00 if code == "statement_altered" else 3_00)
    (item,) = odd(site)
    assert (item.kind, item.reason) == ("statement", code)
    if code == "statement_altered":
        return
    wanted = code if code == "sequence_gap" else f"{code} ({'0.01' if code == 'opening_differs' else '-0.01'} CNY)"
    assert ("bank.statement", f"chainfin-collection, ST-{ours.number}", wanted, "follows") in differences(site)


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_file__hostile_or_another__refused_whole(odd_site: Site, data: bytes) -> None:
    before = len(odd(odd_site))
    with pytest.raises(BadInput) as refused:
        bank_files.take_in(odd_site.ctx, data, "f.xml")
    wanted = {"external entity": "document_hostile", "billion laughs": "document_hostile"}
    name = next(name for name, one in HOSTILE.items() if one == data)
    assert refused.value.code in (wanted.get(name, refused.value.code), "document_doctype")
    assert len(odd(odd_site)) == before


# the day's end


def test_statement__of_a_days_end__all_of_that_day_is_told(site: Site) -> None:
    day, ours = site.today, Bank(site, lender_account(site))
    assert through(site) == day
    site.move_to(day + timedelta(days=1))
    bank_files.take_in(site.ctx, ours.statement(moved=0), "f.xml")
    assert through(site) == day + timedelta(days=1)
    site.move_to(day + timedelta(days=2))
    ours.number += 1
    bank_files.take_in(site.ctx, ours.statement(moved=0), "gap.xml")
    assert through(site) == day + timedelta(days=1), "one is missing"
    (item,) = odd(site)
    parked.resolve(site.ctx, OPERATOR, item.id, "the bank left the number out")
    bank_files.take_in(site.ctx, ours.statement(moved=0), "next.xml")
    assert through(site) == day + timedelta(days=2)


def test_statement__of_one_of_two_lenders__says_nothing_of_the_others(site: Site) -> None:
    day, ours = site.today, Bank(site, lender_account(site))
    site.fund(site.admit(Role.LENDER))
    site.move_to(day + timedelta(days=1))
    bank_files.take_in(site.ctx, ours.statement(moved=0), "f.xml")
    assert through(site) == day


def through(site: Site) -> date | None:
    with site.ctx.store.read() as session:
        return bank_statement.through(session)
