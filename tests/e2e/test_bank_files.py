"""A bank's files: each line counts once, odd ones are parked with their reason, and the bank's closing balance is held
against the book to the fen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from sqlmodel import col, select

from chainfin.connectors import bank_files
from chainfin.connectors.bank_files import Report
from chainfin.connectors.iso20022.payout import MESSAGE
from chainfin.errors import BadInput, Forbidden
from chainfin.rules import ledger
from chainfin.services.books import bank_statement
from chainfin.services.kernel.commands import PayHolder, PayLoan, Refund
from chainfin.services.kernel.context import OPERATOR, Actor
from chainfin.services.lending import applications, end_of_day
from chainfin.services.oversight import parked, reconcile_bank, reconcile_book
from chainfin.services.payments import accounts, instructions, payouts
from chainfin.services.reads import queries
from chainfin.services.views.oversight import ParkedView
from chainfin.storage.bank_tables import BankStatementRow, VirtualAccountRow
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.lending_tables import IncomingRow
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.values import instruction
from chainfin.values.money import Money
from chainfin.values.party import Role
from tests.e2e.site import FACE, START, Site, open_site
from tests.e2e.site_books import check_funds
from tests.unit import bank_samples as bank
from tests.unit.test_iso20022_status import order, payment

CNY = "CNY"
LENT = 500_000_00
PLACED = 900_000_000_00


@pytest.fixture
def site() -> Iterator[Site]:
    """One of its own for each test: statements follow each other."""
    with open_site() as made:
        yield made


def money(minor: int) -> str:
    return str(Money(abs(minor), CNY))


class Bank:
    """The bank of one account: it writes statements that follow each other. The first one tells of what a lender placed
    there, and the rail told before."""

    def __init__(self, site: Site, account: str, opening: int = 1_000_000_00) -> None:
        self.site, self.account, self.balance, self.number = site, account, opening, 0
        self.lines = 0
        placed = self._placed()
        if placed:
            self.number = -1
            entries = [self._told_before(row) for row in placed]
            take(site, self.statement(*entries, moved=sum(row.amount for row in placed)))

    def _placed(self) -> list[IncomingRow]:
        under = select(VirtualAccountRow.account).where(col(VirtualAccountRow.account).startswith(f"{self.account}-"))
        with self.site.ctx.store.read() as session:
            return list(session.exec(select(IncomingRow).where(col(IncomingRow.account).in_(under))).all())

    def _told_before(self, row: IncomingRow) -> str:
        valued = f"<ValDt><Dt>{row.received_on}</Dt></ValDt>"
        made = self.entry(row.amount, row.remittance, to=row.account, valued=valued, bank_reference=row.bank_ref)
        self.lines = 0
        return made.replace("6222021001", row.payer_account)

    def entry(self, minor: int, text: str = "", **more: Any) -> str:
        """A booked entry of one payment, signed minor units."""
        self.lines += 1
        day = self.site.today.isoformat()
        details = more.pop("details", None)
        if details is None:
            to, back = more.pop("to", None), more.pop("returned", "")
            ours = more.pop("order", None)
            refs = "" if ours is None else f"<EndToEndId>{ours}</EndToEndId>"
            words = f"<Ustrd>{text}</Ustrd>" if text else ""
            details = bank.transaction(refs=refs, remittance=more.pop("remittance", words), returned=back)
            if to is not None:
                details = details.replace(
                    "</RltdPties>", f"<CdtrAcct><Id><Othr><Id>{to}</Id></Othr></Id></CdtrAcct></RltdPties>"
                )
        made = {
            "sign": "CRDT" if minor > 0 else "DBIT",
            "booked": f"<BookgDt><Dt>{day}</Dt></BookgDt>",
            "valued": f"<ValDt><Dt>{day}</Dt></ValDt>",
            "bank_reference": f"{self.account[-8:]}-{self.lines}",
        }
        return bank.entry(money(minor), details=details, **{**made, **more})

    def statement(self, *entries: str, moved: int, **more: Any) -> bytes:
        """The next one, which moves the balance by ``moved``."""
        self.number += 1
        day = self.site.today.isoformat()
        opening, self.balance = self.balance, self.balance + moved
        balances = "".join(
            bank.balance(code, money(minor), day=day, sign="CRDT" if minor >= 0 else "DBIT")
            for code, minor in (("OPBD", opening), ("CLBD", self.balance))
        )
        told = {
            "number": f"<ElctrncSeqNb>{self.number}</ElctrncSeqNb>",
            "name": f"ST-{self.number}",
            "account": f"<Acct><Id><Othr><Id>{self.account}</Id></Othr></Id><Ccy>CNY</Ccy></Acct>",
            "balances": balances,
        }
        return bank.camt053(bank.statement(*entries, **{**told, **more}))


def take(site: Site, data: bytes, name: str = "file.xml") -> Report:
    report = bank_files.take_in(site.ctx, OPERATOR, data, name)
    site.run()
    return report


def lender_account(site: Site) -> str:
    return site.party(site.cast["lender"].party_id).account


def differences(site: Site) -> list[tuple[str, str, str, str]]:
    found: list[tuple[str, str, str, str]] = []

    def same(name: str, subject: str, one: object, other: object) -> None:
        if one != other:
            found.append((name, subject, str(one), str(other)))

    with site.ctx.store.read() as session:
        reconcile_bank.check(session, same, lambda _kind: None)
    return found


def odd(site: Site) -> list[ParkedView]:
    """What is parked of bank files, in order."""
    rows = parked.list_(site.ctx, OPERATOR, status="open", after="", limit=500)
    return [row for row in rows if row.source in ("bank_lines", "bank_statements")]


def lent(site: Site) -> tuple[Actor, ReceivableRow, str]:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    return borrower, asset, site.funded(borrower, LENT, asset.id)


# in


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
    "another currency": ({"minor": 3_00, "currency": "USD"}, "currency_mismatch"),
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
    bad = ours.entry(changes["minor"], asset.reference, **{k: v for k, v in changes.items() if k != "minor"})
    take(odd_site, ours.statement(first, bad, last, moved=3_00 + changes["minor"]))
    assert odd_site.receivable(asset.id).settled == 3_00, "its neighbours are taken in, and it isn't"
    items = [row for row in odd(odd_site) if row.id not in before and row.kind in ("bank_entry", "bank_line")]
    assert [row.reason for row in items] == [code]


def test_statement__with_pending_entries__none_of_them_counts(site: Site) -> None:
    asset = site.confirmed(site.borrower())
    ours = Bank(site, "chainfin-collection")
    pending = [ours.entry(7_00, asset.reference, status=f"<Cd>{code}</Cd>") for code in ("PDNG", "INFO", "FUTR")]
    (done,) = take(site, ours.statement(*pending, ours.entry(1_00, asset.reference), moved=1_00)).taken
    assert (done.taken, done.odd, done.difference) == (1, 0, None)
    assert site.receivable(asset.id).settled == 1_00
    assert odd(site) == []


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
    application = site.offered(borrower, LENT, asset.id)
    applications.accept(site.ctx, borrower, application)
    ours = Bank(site, "6228-HOLDERS-OWN-9")
    bank_files.take_in(site.ctx, OPERATOR, ours.statement(ours.entry(1_00, asset.reference), moved=1_00), "f.xml")
    (item,) = odd(site)
    assert (item.source, item.reason) == ("bank_lines", "payment_on_hold")
    site.run()
    assert parked.retry(site.ctx, OPERATOR, item.id, site.inst.retries()).status == "retried"
    site.run()
    assert site.receivable(asset.id).settled == 1_00


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


HOSTILE = {
    "external entity": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><Document>&x;</Document>',
    "billion laughs": b'<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><Document>&b;&b;</Document>',
    "no XML": b"MT940",
    "nothing": b"",
    "another message": b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.052.001.08"/>',
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_file__hostile_or_another__refused_whole(odd_site: Site, data: bytes) -> None:
    before = len(odd(odd_site))
    with pytest.raises(BadInput) as refused:
        bank_files.take_in(odd_site.ctx, OPERATOR, data, "f.xml")
    wanted = {"external entity": "document_hostile", "billion laughs": "document_hostile"}
    name = next(name for name, one in HOSTILE.items() if one == data)
    assert refused.value.code in (wanted.get(name, refused.value.code), "document_doctype")
    assert len(odd(odd_site)) == before


def test_file__of_somebody_else__operator_only(odd_site: Site) -> None:
    with pytest.raises(Forbidden) as refused:
        bank_files.take_in(odd_site.ctx, odd_site.cast["lender"], b"", "f.xml")
    assert refused.value.code == "operator_only"


# the day's end


def test_statement__of_a_days_end__all_of_that_day_is_told(site: Site) -> None:
    day, ours = site.today, Bank(site, lender_account(site))
    assert through(site) == day
    site.move_to(day + timedelta(days=1))
    bank_files.take_in(site.ctx, OPERATOR, ours.statement(moved=0), "f.xml")
    assert through(site) == day + timedelta(days=1)
    site.move_to(day + timedelta(days=2))
    ours.number += 1
    bank_files.take_in(site.ctx, OPERATOR, ours.statement(moved=0), "gap.xml")
    assert through(site) == day + timedelta(days=1), "one is missing"
    (item,) = odd(site)
    parked.resolve(site.ctx, OPERATOR, item.id, "the bank left the number out")
    bank_files.take_in(site.ctx, OPERATOR, ours.statement(moved=0), "next.xml")
    assert through(site) == day + timedelta(days=2)


def test_statement__of_one_of_two_lenders__says_nothing_of_the_others(site: Site) -> None:
    day, ours = site.today, Bank(site, lender_account(site))
    site.fund(site.admit(Role.LENDER))
    site.move_to(day + timedelta(days=1))
    bank_files.take_in(site.ctx, OPERATOR, ours.statement(moved=0), "f.xml")
    assert through(site) == day


def through(site: Site) -> date | None:
    with site.ctx.store.read() as session:
        return bank_statement.through(session)


# held against the book


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


BACK = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>"


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
    found: list[object] = []
    with site.ctx.store.read() as session:
        reconcile_book.check(session, lambda *each: found.append(each) if each[2] != each[3] else None, lambda _: None)
    assert found == []
    assert site.funded(borrower, LENT, asset.id), "the same claim is lent on again"


def test_loan__paid_on_before_its_payout_comes_back__a_person_decides(site: Site) -> None:
    borrower, _, loan_id = lent(site)
    ours, number = Bank(site, lender_account(site)), instruction.for_loan(loan_id)
    how = instructions.for_loan(site.ctx, borrower, loan_id, None)
    paid = ours.entry(1_00, how.remittance, to=how.account)
    take(site, ours.statement(ours.entry(-LENT, order=number), paid, moved=1_00 - LENT))
    take(site, ours.statement(ours.entry(LENT, order=number, returned=BACK), moved=LENT))
    assert [item.reason for item in odd(site)] == ["loan_paid_on"]
    assert site.loan(loan_id).row.status == "active"
    assert ("bank.entry", f"{ours.account}, {ours.account[-8:]}-3", "500000.00 CNY: loan_paid_on", "in the book") in (
        differences(site)
    )


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
    accounts.correct_account(site.ctx, OPERATOR, str(borrower.party_id), "6228-NEW")
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


# out


@pytest.fixture
def files() -> Iterator[Site]:
    """The payment rail is a folder."""
    with open_site(bank_folder=True) as made:
        yield made


def folder(site: Site, name: str) -> Path:
    return site.inst.settings.home / "bank" / name


def outgoing(site: Site, number: str) -> bytes:
    return (folder(site, "outbox") / f"{number}.xml").read_bytes()


def answer(site: Site, number: str, code: str, reason: str = "") -> None:
    """The bank's word on an order, into the inbox."""
    told = order(payment(code, instruction=number, end_to_end=number, reason=reason), name=number)
    data = (
        f'<Document xmlns="{bank.NAMESPACE}pain.002.001.10"><CstmrPmtStsRpt><GrpHdr><MsgId>A-{code}</MsgId>'
        "<CreDtTm>2026-03-02T10:00:00+08:00</CreDtTm></GrpHdr><OrgnlGrpInfAndSts>"
        f"<OrgnlMsgId>{number}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId></OrgnlGrpInfAndSts>"
        f"{told}</CstmrPmtStsRpt></Document>"
    )
    deliver(site, f"{number}-{code}.xml", data.encode())


def deliver(site: Site, name: str, data: bytes) -> None:
    (folder(site, "inbox") / name).write_bytes(data)
    site.run()
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(minutes=5))
    site.run()


def under_way(site: Site) -> tuple[str, str]:
    """A loan whose order lies in the outbox: its application and the order's number."""
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    application = site.offered(borrower, LENT, asset.id)
    applications.accept(site.ctx, borrower, application)
    site.run()
    return application, instruction.for_loan(str(site.application(application).row.loan_id))


def test_order__of_a_loan__is_a_valid_file_and_in_flight_until_the_bank_says_settled(files: Site) -> None:
    application, number = under_way(files)
    data = outgoing(files, number)
    bank.assert_valid(data, "sepaxml", f"schemas/{MESSAGE}.xsd")
    text = data.decode()
    borrower = files.party(files.application(application).row.borrower_id)
    for wanted in (money(LENT), borrower.account, lender_account(files), number, "102100099996"):
        assert wanted in text, wanted
    for code in ("ACCP", "ACTC", "ACSP"):
        answer(files, number, code)
        assert files.application(application).row.status == "disbursing", code
    assert outgoing(files, number) == data, "written once"
    answer(files, number, "ACSC")
    assert files.application(application).row.status == "funded"
    assert [row.status for row in files.commands(PayLoan)] == ["done"]
    assert sorted(each.name for each in folder(files, "inbox").iterdir()) == []
    assert len(list(folder(files, "done").iterdir())) == 4


def test_order__booked_out__is_paid_without_another_word(files: Site) -> None:
    application, number = under_way(files)
    ours = Bank(files, lender_account(files))
    deliver(files, "st.xml", ours.statement(ours.entry(-LENT, order=number), moved=-LENT))
    assert files.application(application).row.status == "funded"
    assert differences(files) == []


def test_order__booked_out_and_back_before_we_looked__never_was(files: Site) -> None:
    application, number = under_way(files)
    ours = Bank(files, lender_account(files))
    entries = ours.entry(-LENT, order=number), ours.entry(LENT, order=number, returned=BACK)
    deliver(files, "st.xml", ours.statement(*entries, moved=0))
    assert files.application(application).row.status == "failed"
    assert files.balance(ledger.CASH) == PLACED
    assert differences(files) == []


def test_order__rejected__is_undone(files: Site) -> None:
    application, number = under_way(files)
    answer(files, number, "RJCT", "<StsRsnInf><Rsn><Cd>AC04</Cd></Rsn><AddtlInf>closed</AddtlInf></StsRsnInf>")
    row = files.application(application).row
    assert row.status == "failed"
    assert files.receivable(str(row.asset_id)).pledged == 0
    answer(files, number, "ACSC")
    (item,) = odd(files)
    assert item.reason == "payment_status_contradicts"
    assert files.application(application).row.status == "failed"


def test_order__settled_and_not_booked_yet__no_difference(files: Site) -> None:
    _, number = under_way(files)
    ours = Bank(files, lender_account(files))
    deliver(files, "empty.xml", ours.statement(moved=0))
    answer(files, number, "ACSC")
    assert files.balance(ledger.CASH) == PLACED - LENT
    assert differences(files) == []
    files.move_to(files.today + timedelta(days=2))
    deliver(files, "later.xml", ours.statement(moved=0))
    assert [each[:3] for each in differences(files)] == [("book.order", number, "on no statement")]
    deliver(files, "next.xml", ours.statement(ours.entry(-LENT, order=number), moved=-LENT))
    assert differences(files) == []


def test_status__of_no_order_of_ours__parked(files: Site) -> None:
    answer(files, "loan-unknown", "ACSC")
    (item,) = odd(files)
    assert item.reason == "original_message_unknown"


def test_refund__of_a_payment_that_names_nothing__leaves_from_where_it_came_in(files: Site) -> None:
    application, number = under_way(files)
    answer(files, number, "ACSC")
    asset = files.receivable(str(files.application(application).row.asset_id))
    how = instructions.for_receivable(files.ctx, files.cast["core"], asset.id)
    ours = Bank(files, lender_account(files))
    deliver(files, "in.xml", ours.statement(ours.entry(9_00, "?", to=how.account), moved=9_00))
    ref = ours.account[-8:] + "-1"
    files.sends_back(ref)
    (back,) = files.commands(Refund)
    sent = outgoing(files, str(back.payload["instruction_id"]))
    bank.assert_valid(sent, "sepaxml", f"schemas/{MESSAGE}.xsd")
    assert "6222021001" in sent.decode()
    assert how.account in sent.decode()
    answer(files, str(back.payload["instruction_id"]), "ACSC")
    assert files.incoming(ref).status == "refunded"


def test_inbox__with_a_file_that_is_none__set_aside_and_the_next_is_taken(files: Site) -> None:
    asset = files.confirmed(files.borrower())
    ours = Bank(files, "chainfin-collection")
    (folder(files, "inbox") / "a.xml").write_bytes(HOSTILE["external entity"])
    (folder(files, "inbox") / ".half.xml").write_bytes(b"<Docu")
    deliver(files, "b.xml", ours.statement(ours.entry(4_00, asset.reference), moved=4_00))
    assert files.receivable(asset.id).settled == 4_00
    assert [each.name for each in folder(files, "refused").iterdir()] == ["a.xml"]
    assert [each.name for each in folder(files, "inbox").iterdir()] == [".half.xml"]
