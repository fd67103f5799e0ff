"""Money that leaves later than was agreed: the loan still costs no more than its cap, or isn't paid out at all."""

from __future__ import annotations

from datetime import timedelta

from chainfin.connectors.sandbox.faults import Fault, Rule
from chainfin.rules import ledger
from chainfin.rules.loan.cost import ALL_IN_CAP, cost_to_borrower
from chainfin.services.books import journals
from chainfin.services.kernel.commands import PayLoan
from chainfin.services.lending import applications
from chainfin.values.calendar import OFFICIAL
from tests.e2e.ending import mismatches, pledges_on
from tests.e2e.site import Site
from tests.e2e.site_money import CNY


def test_payout__left_days_late__fee_is_cut_so_that_the_loan_keeps_to_its_cap(site: Site) -> None:
    """The fee was agreed for ten days or so, of which the borrower has the money for one: the bank was away before."""
    borrower = site.borrower()
    days = next(n for n in range(10, 20) if OFFICIAL.is_business_day(site.today + timedelta(days=n)))
    application = site.offered(borrower, 90_000_00, site.confirmed(borrower).id, days=days)
    assert site.inst.sandbox is not None
    site.inst.sandbox.faults.add(Rule(Fault.ERROR_BEFORE, prefix="/rail/payments", times=1_000_000))
    applications.accept(site.ctx, borrower, application)
    site.run()
    loan_id = str(site.application(application).row.loan_id)
    before = site.loan(loan_id)
    asked, maturity, due = before.loan.terms.fee_or_zero, before.row.maturity, before.loan.schedule.due_dates[-1]
    site.inst.sandbox.faults.clear()
    site.move_to(maturity - timedelta(days=1))
    site.run()
    loan = site.loan(loan_id)
    assert (loan.row.status, loan.row.start_date) == ("active", site.today)
    assert (loan.row.maturity, loan.loan.schedule.due_dates) == (maturity, (due,))
    assert cost_to_borrower(loan.loan.terms, places=6) <= ALL_IN_CAP
    cut = asked - loan.loan.fee_charged
    assert cut.minor > 0
    with site.ctx.store.read() as session:
        (rebate,) = [each for each in journals.journals(session, loan_id) if each.kind == "rebate"]
        assert (rebate.key, rebate.valued_on) == (f"rebate:{loan_id}:payout", site.today)
        assert journals.balance(session, ledger.FEE_RECEIVABLE, CNY, ref=loan_id) == loan.loan.fee_charged
        assert journals.balance(session, ledger.FEE_INCOME, CNY, ref=loan_id) == loan.loan.fee_charged
    site.move_to(due)
    site.pays(site.settles(loan_id), f"LOAN {loan_id}")
    assert site.loan(loan_id).row.status == "repaid"


def test_payout__two_days_agreed_and_the_registry_answers_a_day_later__no_money_leaves(site: Site) -> None:
    """The borrower accepted in time; by the day of the payout the same fee would be for one day."""
    while not all(OFFICIAL.is_business_day(site.today + timedelta(days=n)) for n in range(3)):
        site.move_to(site.today + timedelta(days=1))
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    application = site.offered(borrower, 90_000_00, asset.id, days=2)
    paid, funds = len(site.payments()), site.funds(site.cast["lender"])
    applications.accept(site.ctx, borrower, application)
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(hours=20))
    site.run()
    seen = site.application(application)
    assert (seen.row.status, seen.progress[-1].detail["code"]) == ("failed", "all_in_cap_exceeded")
    assert site.commands(PayLoan, subject=str(seen.row.loan_id)) == []
    assert len(site.payments()) == paid
    assert set(site.taken(application)) == {"freed"}
    assert site.funds(site.cast["lender"]) == funds
    assert site.loan(str(seen.row.loan_id)).row.status == "cancelled"
    assert [pledge.status for pledge in pledges_on(site, asset.id)] == ["released"]
    assert (site.receivable(asset.id).reserved, site.receivable(asset.id).pledged) == (0, 0)
    assert mismatches(site) == []
