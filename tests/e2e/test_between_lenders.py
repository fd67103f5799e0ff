"""One receivable pledged to two lenders, paid on the account of one: what is the other's isn't lent until it has it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from chainfin.errors import Conflict, Refused
from chainfin.rules import ledger
from chainfin.services.kernel.context import OPERATOR
from chainfin.services.oversight import parked, reconcile_payments
from chainfin.services.oversight.findings import Findings
from chainfin.services.payments import between_lenders, instructions
from chainfin.services.reactions import approved
from chainfin.values.party import first_person
from tests.e2e.site import FACE, Site, open_site
from tests.e2e.site_books import check_funds

BOSS = replace(OPERATOR, person_id=first_person(None))
EACH = 300_000_00


@pytest.fixture
def site() -> Iterator[Site]:
    with open_site() as made:
        yield made


def named(site: Site) -> list[str]:
    findings = Findings()
    with site.ctx.store.read() as session:
        reconcile_payments.check(session, site.ctx.clock, findings)
    return [f"{each.name}: {each.found}" for each in findings.mismatches]


def test_payment__on_one_lenders_account_for_two__the_others_share_is_owed_on_and_lent_when_it_was_passed(
    site: Site,
) -> None:
    borrower = site.borrower()
    asset, other = site.confirmed(borrower), site.lender(borrower)
    ids = {lender.party_id: lender for lender in (site.cast["lender"], other)}
    loans = {lender_id: site.funded(borrower, EACH, asset.id, lender_id=str(lender_id)) for lender_id in ids}
    before = {lender_id: site.funds(lender)[0] for lender_id, lender in ids.items()}
    how = instructions.for_receivable(site.ctx, site.cast["core"], asset.id)
    due = {lender_id: site.settles(loan_id) for lender_id, loan_id in loans.items()}
    site.pays(FACE, asset.reference, account=how.account)
    assert {site.loan(loan_id).row.status for loan_id in loans.values()} == {"repaid"}
    (item,) = [
        each
        for each in parked.list_(site.ctx, OPERATOR, status="open", after="", limit=500)
        if each.source == between_lenders.SOURCE
    ]
    funds = {lender_id: site.funds(lender)[0] - before[lender_id] for lender_id, lender in ids.items()}
    assert sorted(funds.values()) == [0, next(iter(due.values()))], "one's share only is there to be lent"
    (late,) = [lender_id for lender_id, more in funds.items() if not more]
    assert site.balance(ledger.LENDERS_PAYABLE) == site.balance(ledger.LENDERS_RECEIVABLE) == due[late]
    (said,) = named(site)
    assert said.startswith("lenders_share.passed_on: ")
    with pytest.raises(Conflict) as undecided:
        parked.resolve(site.ctx, BOSS, item.id, "let it lie")
    assert undecided.value.code == "parked_payout_undecided"
    made = between_lenders.propose(site.ctx, BOSS, item.id, reference="OUT-77", reason="seen on both statements")
    with pytest.raises(Refused) as alone:
        approved.approve(site.ctx, BOSS, made.id, "mine")
    assert alone.value.code == "approval_same_person"
    approved.approve(site.ctx, site.second(OPERATOR), made.id, "I saw them too")
    assert site.funds(ids[late])[0] - before[late] == due[late]
    assert site.balance(ledger.LENDERS_PAYABLE) == site.balance(ledger.LENDERS_RECEIVABLE) == 0
    assert named(site) == []
    with site.ctx.store.read() as session:
        check_funds(session)
