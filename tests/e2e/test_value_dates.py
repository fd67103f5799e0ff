"""The bank's date counts: whenever a payment or a payout is heard of, the books are those of the day it happened on."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlmodel import col, select

from chainfin.errors import ChainfinError, Conflict, Refused
from chainfin.rules import ledger
from chainfin.services.books import journals, periods
from chainfin.services.kernel.context import OPERATOR, Actor
from chainfin.services.lending import applications, end_of_day
from chainfin.services.pledges import enforcement
from chainfin.services.reads import queries
from chainfin.services.trade import receivables
from chainfin.storage.ledger_tables import JournalRow
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.values import instruction
from chainfin.values.calendar import OFFICIAL
from chainfin.values.money import Money
from tests.e2e.ending import mismatches, pledges_on
from tests.e2e.forging import Content, resealed
from tests.e2e.reckoned import owed
from tests.e2e.secured import bundle, checked
from tests.e2e.site import FACE, Site, open_site
from tests.e2e.site_books import check_books, settle_up
from tests.e2e.site_money import CNY

LENT = 500_000_00


@pytest.fixture
def site(shared_site: Site) -> Iterator[Site]:
    yield shared_site
    shared_site.run()
    check_books(shared_site)
    settle_up(shared_site)


@pytest.fixture
def lent(site: Site) -> tuple[Actor, ReceivableRow, str]:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    return borrower, asset, site.funded(borrower, LENT, asset.id)


def posted(site: Site, loan_id: str) -> list[JournalRow]:
    with site.ctx.store.read() as session:
        return list(
            session.exec(select(JournalRow).where(JournalRow.ref == loan_id).order_by(col(JournalRow.id))).all()
        )


def read_late(site: Site, amount: int, remittance: str, days: int) -> str:
    """A payment that reaches the bank today and is read ``days`` later, after an end of day each day."""
    ref = site.pays(amount, remittance, step=False)
    for _ in range(days):
        site.move_to(site.today + timedelta(days=1))
        end_of_day.run(site.ctx, OPERATOR, site.today)
    site.run()
    return ref


def test_payment__read_ten_days_late__settles_what_was_owed_on_the_banks_day(
    site: Site, lent: tuple[Actor, ReceivableRow, str]
) -> None:
    loan_id = lent[2]
    site.move_to(site.today + timedelta(days=7))
    paid_on, due = site.today, owed(site, loan_id, site.today)
    ref = read_late(site, due, f"LOAN {loan_id}", 10)
    loan = site.loan(loan_id)
    assert loan.row.status == "repaid", "nothing is left open for the bank's delay"
    assert (site.incoming(ref).status, site.incoming(ref).unapplied) == ("applied", 0)
    interest = owed_interest(site, loan_id, 7)
    with site.ctx.store.read() as session:
        earned = journals.balance(session, ledger.INTEREST_INCOME, CNY, ref=loan_id).minor
        off = sum(
            e.amount.minor
            for j in journals.journals(session, loan_id)
            if j.kind == "rebate" or j.key.startswith("correct")
            for e in j.entries
            if (e.account, e.side) == (ledger.INTEREST_INCOME.code, ledger.Side.DEBIT)
        )
    assert earned <= interest
    assert off > 0
    late = [row for row in posted(site, loan_id) if row.kind == "correction"]
    assert {row.value_date for row in late} == {paid_on + timedelta(days=n) for n in range(10)}


def owed_interest(site: Site, loan_id: str, days: int) -> int:
    row = site.loan(loan_id).row
    return int((Decimal(row.principal) * Decimal(str(row.terms["annual_rate"])) * days / 360).to_integral_value())


def test_bundle__of_a_loan_told_again__holds_and_a_forged_correction_is_named(
    site: Site, lent: tuple[Actor, ReceivableRow, str]
) -> None:
    loan_id = lent[2]
    site.move_to(site.today + timedelta(days=7))
    read_late(site, LENT // 2, f"LOAN {loan_id}", 3)
    data = bundle(site, loan_id)
    assert checked(site, data).failures == ()

    def later(content: Content) -> None:
        """The payment counts from the day on which it was read."""
        event = next(each for each in content["ledger"]["events"] if each["kind"] == "pay_borrower")
        event["on"] = site.today.isoformat()

    def uncorrected(content: Content) -> None:
        kept = [each for each in content["ledger"]["journals"] if each["kind"] != "correction"]
        content["ledger"]["journals"] = kept

    for forge in (later, uncorrected):
        assert checked(site, resealed(data, forge), data).failures
    assert any(journal["kind"] == "correction" for journal in json.loads(data)["ledger"]["journals"])


def test_debtor__read_after_the_borrower_repaid__what_the_borrower_paid_is_owed_back(
    site: Site, lent: tuple[Actor, ReceivableRow, str]
) -> None:
    """By the bank's dates the debtor paid the loan; what came from the borrower since wasn't needed, and has left."""
    borrower, asset, loan_id = lent
    day, payable = site.today + timedelta(days=5), site.balance(ledger.HOLDER_PAYABLE)
    site.move_to(day + timedelta(days=4))
    first, second = owed(site, loan_id, day), owed(site, loan_id, site.today)
    repaid = site.pays(second, f"LOAN {loan_id}")
    assert (site.loan(loan_id).row.status, site.loan(loan_id).pledges[0].status) == ("repaid", "released")
    ref = site.pays(FACE, f"RECEIVABLE {asset.id}", step=False)
    backdate(site, ref, day)
    site.run()
    assert [row.payload["amount"] for row in site.payouts(ref)] == [str(Money(FACE - first, CNY))]
    (claim,) = [row for row in posted(site, loan_id) if row.kind == "claim"]
    assert (claim.value_date, claim.payment) == (day + timedelta(days=4), site.incoming(ref).id)
    assert claim.key.rpartition(":")[2] == site.incoming(repaid).book_ref
    (back,) = site.payouts(repaid)
    assert (back.status, back.payload["amount"]) == ("done", str(Money(second, CNY)))
    assert back.payload["payee_account"] == site.party(borrower.party_id).account
    assert site.balance(ledger.HOLDER_PAYABLE) == payable
    assert mismatches(site) == []


def test_payoff__two_earlier_payments_heard_of_since__both_sums_leave_again(
    site: Site, lent: tuple[Actor, ReceivableRow, str]
) -> None:
    borrower, _, loan_id = lent
    day, payable = site.today + timedelta(days=3), site.balance(ledger.HOLDER_PAYABLE)
    site.move_to(day + timedelta(days=6))
    repaid = site.pays(site.settles(loan_id), f"LOAN {loan_id}")
    for number, amount in enumerate((100_000_00, 50_000_00)):
        ref = site.pays(amount, f"LOAN {loan_id}", step=False)
        backdate(site, ref, day + timedelta(days=number))
        site.run()
    first, second = site.payouts(repaid)
    assert {row.status for row in (first, second)} == {"done"}
    assert {row.payload["payee_account"] for row in (first, second)} == {site.party(borrower.party_id).account}
    back = [Money.parse(str(row.payload["amount"]), CNY).minor for row in (first, second)]
    assert back[0] >= 100_000_00
    assert back[1] >= 50_000_00
    assert site.balance(ledger.HOLDER_PAYABLE) == payable
    assert mismatches(site) == []
    assert checked(site, bundle(site, loan_id)).failures == ()


def test_enforcement_and_default__before_the_banks_statement__wait(
    site: Site, lent: tuple[Actor, ReceivableRow, str]
) -> None:
    borrower, asset, _ = lent
    (pledge,) = pledges_on(site, asset.id)
    site.move_to(asset.due_date + timedelta(days=7))
    end_of_day.run(site.ctx, OPERATOR, site.today)
    acts: tuple[Callable[[], object], ...] = (
        lambda: enforcement.enforce(site.ctx, site.cast["lender"], pledge.id),
        lambda: receivables.declare_default(site.ctx, borrower, asset.id),
    )
    for act in acts:
        with pytest.raises(Conflict) as caught:
            act()
        assert caught.value.code == "bank_statement_missing"
    site.inst.incoming.run_once()
    enforcement.enforce(site.ctx, site.cast["lender"], pledge.id)


def test_payout__heard_of_three_days_late__interest_runs_from_the_banks_day(site: Site) -> None:
    borrower = site.borrower()
    _, application = site.unpaid(borrower, LENT)
    paid_on = site.today
    loan_id = str(site.application(application).row.loan_id)
    maturity, due = site.loan(loan_id).row.maturity, site.loan(loan_id).loan.schedule.due_dates[-1]
    repaid = site.pays(1_000_00, f"LOAN {loan_id}")
    assert (site.incoming(repaid).status, site.incoming(repaid).reason) == ("waiting", "payout_under_way")
    site.world.resolves(instruction.for_loan(loan_id), "done")
    site.move_to(site.today + timedelta(days=3))
    site.run()
    loan = site.loan(loan_id)
    assert (loan.row.status, loan.row.start_date, loan.row.maturity) == ("active", paid_on, maturity)
    assert (loan.loan.terms.maturity, loan.loan.schedule.due_dates) == (maturity, (due,))
    assert site.incoming(repaid).status == "applied"
    accrued = [row.value_date for row in posted(site, loan_id) if row.kind == "accrual"]
    assert accrued == [paid_on + timedelta(days=n) for n in range(3)]


def test_offer__two_days_taken_a_day_later__ends_before_money_leaves(site: Site) -> None:
    while not all(OFFICIAL.is_business_day(site.today + timedelta(days=n)) for n in range(3)):
        site.move_to(site.today + timedelta(days=1))
    borrower = site.borrower()
    application = site.offered(borrower, 90_000_00, site.confirmed(borrower).id, days=2)
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(hours=20))
    with pytest.raises(Conflict) as caught:
        applications.accept(site.ctx, borrower, application)
    assert (caught.value.code, caught.value.details["reason"]) == ("offer_expired", "all_in_cap_exceeded")


def test_payoff__early__costs_no_more_than_the_cap_and_shows_the_rebate(site: Site) -> None:
    borrower = site.borrower()
    loan_id = site.funded(borrower, 90_000_00, site.confirmed(borrower).id)
    site.move_to(site.today + timedelta(days=1))
    quote = queries.payoff(site.ctx, OPERATOR, loan_id, site.today)
    most = int(90_000_00 * Decimal("1.24") ** (Decimal(1) / 365))
    assert quote.total.minor == min(most, sum(part.minor for part in quote.parts.values()))
    assert quote.rebate.minor == sum(part.minor for part in quote.parts.values()) - most > 0
    site.pays(quote.total.minor, f"LOAN {loan_id}")
    assert site.loan(loan_id).row.status == "repaid"
    line = queries.statement(site.ctx, OPERATOR, loan_id)[-1]
    assert (line.kind, line.allocation["rebate"]) == ("pay_borrower", str(quote.rebate))


def test_decision__debtor_forty_days_late__counts_without_an_end_of_day(site: Site) -> None:
    asset = site.confirmed(site.borrower())
    site.move_to(asset.due_date + timedelta(days=40))
    seller = site.borrower()
    application = site.apply(seller, LENT, site.confirmed(seller).id)
    facts = json.loads(str(site.application(application).row.record))["inputs"]
    assert facts["debtor"]["overdue_days"] > 30
    assert "debtor_overdue" in str(site.application(application).row.refusals)


def test_decision__borrower_late__counts_without_an_end_of_day(
    site: Site, lent: tuple[Actor, ReceivableRow, str]
) -> None:
    borrower, _, loan_id = lent
    site.move_to(site.loan(loan_id).loan.schedule.due_dates[-1] + timedelta(days=20))
    application = site.apply(borrower, LENT, site.confirmed(borrower).id)
    facts = json.loads(str(site.application(application).row.record))["inputs"]
    assert facts["borrower"]["overdue_days"] == 20


def test_accept__borrower_fell_late_since_the_offer__refused(
    site: Site, lent: tuple[Actor, ReceivableRow, str]
) -> None:
    borrower, _, loan_id = lent
    due = site.loan(loan_id).loan.schedule.due_dates[-1]
    asset = site.confirmed(borrower)
    site.move_to(due)
    settle_up(site)
    application = site.offered(borrower, LENT, asset.id)
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(hours=8))  # past midnight in Shanghai
    with pytest.raises(ChainfinError) as error:
        applications.accept(site.ctx, borrower, application)
    assert error.value.code == "borrower_overdue"
    assert site.application(application).row.status == "offered"
    assert site.receivable(asset.id).reserved == 0


def test_payout__borrower_fell_late_since_the_acceptance__no_money_goes(
    site: Site, lent: tuple[Actor, ReceivableRow, str]
) -> None:
    borrower, _, loan_id = lent
    due = site.loan(loan_id).loan.schedule.due_dates[-1]
    asset = site.confirmed(borrower)
    site.move_to(due)
    settle_up(site)
    application = site.offered(borrower, LENT, asset.id)
    paid = len(site.payments())
    applications.accept(site.ctx, borrower, application)
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(hours=8))  # past midnight in Shanghai
    site.run()
    assert site.application(application).row.status == "failed"
    assert len(site.payments()) == paid
    assert site.receivable(asset.id).pledged == 0


def test_maturity__on_a_holiday__next_business_day_without_penalty(site: Site) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    saturday = site.today + timedelta(days=(5 - site.today.weekday()) % 7 + 21)
    loan_id = site.funded(borrower, LENT, asset.id, days=(saturday - site.today).days)
    (due,) = site.loan(loan_id).loan.schedule.due_dates
    assert due > saturday == site.loan(loan_id).row.maturity
    site.move_to(due)
    site.run()
    site.pays(queries.payoff(site.ctx, OPERATOR, loan_id, due).total.minor, f"LOAN {loan_id}")
    assert site.loan(loan_id).row.status == "repaid"
    with site.ctx.store.read() as session:
        assert journals.balance(session, ledger.PENALTY_INCOME, CNY, ref=loan_id).minor == 0


def test_end_of_day__by_schedule__every_missed_day_posted_to_its_own_date() -> None:
    with open_site() as site:
        borrower = site.borrower()
        loan_id = site.funded(borrower, LENT, site.confirmed(borrower).id)
        start = site.today
        site.move_to(date(2026, 4, 1))
        site.inst.housekeeper.run_once()
        days = [(row.business_date, row.value_date) for row in posted(site, loan_id) if row.kind == "accrual"]
        assert days == [(start + timedelta(days=n),) * 2 for n in range((date(2026, 4, 1) - start).days)]
        assert days[-1] == (date(2026, 3, 31),) * 2, "a month's last day is in its month"
        _closed_month(site, loan_id)


def _closed_month(site: Site, loan_id: str) -> None:
    """A payment of March that is heard of when March is closed: its value date stays, it is booked in April."""
    with site.ctx.store.read() as session:
        march = journals.trial_balance(session, on=date(2026, 3, 31))
    ref = site.pays(10_000_00, f"LOAN {loan_id}", step=False)
    backdate(site, ref, date(2026, 3, 30))
    periods.close(site.ctx, OPERATOR, "2026-03")
    with pytest.raises(Conflict) as caught:
        periods.close(site.ctx, OPERATOR, "2026-04")
    assert caught.value.code == "period_not_over"
    site.run()
    (payment,) = [row for row in posted(site, loan_id) if row.kind == "payment"]
    assert (payment.value_date, payment.business_date) == (date(2026, 3, 30), date(2026, 4, 1))
    with site.ctx.store.read() as session:
        assert journals.trial_balance(session, on=date(2026, 3, 31)) == march, "what is closed stays as it is"
        assert journals.trial_balance(session, on=date(2026, 3, 31), by_value=True) != march
        own = journals.trial_balance(session, book=str(site.cast["lender"].party_id))
        assert journals.trial_balance(session, book="another") == [] != own
    check_books(site)


def backdate(site: Site, bank_ref: str, day: date) -> None:
    """The bank had it on ``day``, and tells of it now."""
    path = site.inst.settings.home / "sandbox" / "sandbox.db"
    with closing(sqlite3.connect(path, timeout=30)) as db, db:
        at = f"{day.isoformat()}T02:00:00+00:00"
        db.execute("UPDATE incoming SET at = ? WHERE bank_reference = ?", (at, bank_ref))


def test_default__declared_before_the_due_day__not_yet_due(site: Site, lent: tuple[Actor, ReceivableRow, str]) -> None:
    borrower, asset, _ = lent
    with pytest.raises(Refused) as caught:
        receivables.declare_default(site.ctx, borrower, asset.id)
    assert caught.value.code == "not_yet_due"
