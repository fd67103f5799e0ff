"""Paid early: what a loan no longer needs is free, and its statement adds up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from chainfin.services.kernel import custody
from chainfin.services.kernel.context import OPERATOR, Actor
from chainfin.services.lending import end_of_day, limits
from chainfin.services.reads import queries
from chainfin.services.trade import receivables
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.values.money import Money
from chainfin.values.party import first_person
from tests.e2e.onchain import view
from tests.e2e.site import FACE, Site

LENT = 500_000_00
BOSS = replace(OPERATOR, person_id=first_person(None))


# paid back early


def lent(site: Site, amount: int = 800_000_00) -> tuple[Actor, ReceivableRow, str]:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    return borrower, asset, site.funded(borrower, amount, asset.id)


def test_borrower__pays_700k_of_800k_early__what_isnt_needed_is_free(site: Site) -> None:
    borrower, asset, loan_id = lent(site)
    offer = site.application(site.loan(loan_id).row.application_id).offer
    assert offer is not None
    rate = Decimal(str(offer.terms["advance_rate"]))
    site.pays(700_000_00, f"LOAN {loan_id}")
    loan = site.loan(loan_id)
    needed = -(-loan.loan.dues.total.minor * 10**6 // int(rate * 10**6))
    (pledge,) = loan.pledges
    assert (pledge.status, pledge.left) == ("active", needed)
    assert site.receivable(asset.id).pledged == needed
    assert view(site.inst, "Receivables", "receivable", asset.id)["free"] == FACE - needed
    second = site.funded(borrower, LENT, asset.id)
    assert site.loan(second).row.status == "active", "what is free is lent on again"


def test_borrower__pays_twice_before_anything_is_final__nothing_freed_twice(site: Site) -> None:
    _, asset, loan_id = lent(site)
    for _ in range(2):
        site.pays(350_000_00, f"LOAN {loan_id}", step=False)
        site.inst.incoming.run_once()
    site.run()
    loan = site.loan(loan_id)
    (pledge,) = loan.pledges
    assert pledge.left >= loan.loan.dues.total.minor
    assert site.receivable(asset.id).pledged == pledge.left


def test_statement__of_a_loan_that_ran__adds_up_to_what_is_owed(site: Site) -> None:
    borrower, _, loan_id = lent(site)
    for day in range(1, 4):
        site.move_to(site.today + timedelta(days=1))
        if day != 2:
            end_of_day.run(site.ctx, OPERATOR, site.today)
    site.pays(100_000_00, f"LOAN {loan_id}")
    lines = queries.statement(site.ctx, borrower, loan_id)
    loan = site.loan(loan_id).loan
    fee = Money.parse(str(site.loan(loan_id).row.terms["fee"]), "CNY")
    assert [line.kind for line in lines[:2]] == ["disburse", "fee"]
    assert lines[1].amount == fee
    accrued = [line.amount.minor for line in lines if line.kind == "accrue"]
    assert accrued
    assert min(accrued) > 0
    assert sum(accrued) == loan.interest_accrued.minor
    assert lines[-1].kind == "pay_borrower"
    assert sum(line.amount.minor for line in lines) == lines[-1].balance.minor == loan.dues.total.minor


def test_statement__after_a_debtor_paid_above_it__ends_at_nothing(site: Site) -> None:
    borrower, asset, loan_id = lent(site)
    site.move_to(site.today + timedelta(days=5))
    site.pays(FACE, asset.reference)
    lines = queries.statement(site.ctx, borrower, loan_id)
    assert [line.kind for line in lines] == ["disburse", "fee", "accrue", "pay_debtor"]
    assert lines[-1].balance.minor == 0
    assert "to_holder" in lines[-1].allocation


def test_limit__raised_without_naming_the_grade__keeps_it(site: Site) -> None:
    borrower = site.borrower()
    site.limit("borrower", borrower, 1_000_00)
    row = limits.set_(
        site.ctx, site.cast["lender"], kind="borrower", key=str(borrower.party_id), amount=Money(2_000_00, "CNY")
    )
    assert (row.amount, row.grade) == (2_000_00, "B")


def test_invoice__billed_again_after_nobody_signed_it__paid_under_the_same_reference(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    seller = site.borrower()
    papers = site.papers(seller)
    order_id = site.received(seller, papers)
    own, held = site.party(str(seller.party_id)).address, custody.signer_of
    with monkeypatch.context() as patch:  # as if the seller held its key itself
        patch.setattr(custody, "signer_of", lambda s, c, of: None if of == own else held(s, c, of))
        first = receivables.issue(site.ctx, seller, order_id, papers["invoice"]).receivable
    named = site.receivable(first.id).reference
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(hours=25))
    site.run()
    assert site.receivable(first.id).status == "refused"
    again = receivables.issue(site.ctx, seller, order_id, papers["invoice"]).receivable
    site.run()
    assert (again.id, site.receivable(again.id).status) == (first.id, "issued")
    assert site.receivable(again.id).reference == named
