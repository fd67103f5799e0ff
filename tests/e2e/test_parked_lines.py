"""Payments that pay a claim and were parked: two persons say which one, and the rules say how much of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from chainfin.errors import Refused
from chainfin.services.kernel.context import OPERATOR
from chainfin.services.oversight import parked
from chainfin.services.payments import instructions, unmatched
from chainfin.services.reactions import approved
from chainfin.services.views.oversight import ParkedView
from chainfin.values.party import first_person
from chainfin.values.payment_reference import Kind
from tests.e2e.onchain import view
from tests.e2e.site import FACE, Site, open_site
from tests.e2e.statements import LENT, Bank, lender_account, take

BOSS = replace(OPERATOR, person_id=first_person(None))


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with open_site() as made:
        yield made


@pytest.fixture(scope="module")
def ours(site: Site) -> Bank:
    """Statements follow each other."""
    return Bank(site, lender_account(site))


def item_of(site: Site, ref: str) -> ParkedView:
    rows = parked.list_(site.ctx, OPERATOR, status="open", after="", limit=500)
    (found,) = [row for row in rows if row.subject == ref]
    return found


def debtors(site: Site) -> str:
    return site.party(site.cast["core"].party_id).account


def proposed(site: Site, item: ParkedView, kind: Kind, target: str) -> str:
    return unmatched.propose(site.ctx, BOSS, item.id, kind=kind, target=target, reason="the debtor's letter").id


def allocated(site: Site, item: ParkedView, kind: Kind, target: str) -> None:
    made = proposed(site, item, kind, target)
    with pytest.raises(Refused) as alone:
        approved.approve(site.ctx, BOSS, made, "mine")
    assert alone.value.code == "approval_same_person"
    approved.approve(site.ctx, site.second(OPERATOR), made, "I saw the letter")
    site.run()


def refusal(site: Site, item: ParkedView, kind: Kind, target: str) -> str:
    with pytest.raises(Refused) as refused:
        proposed(site, item, kind, target)
    return refused.value.code


def test_claim_pledged_in_part__all_of_it_paid_to_the_holder__the_free_part_is_settled(site: Site) -> None:
    borrower = site.borrower(account="6228-PARTLY-1")
    asset = site.confirmed(borrower)
    loan_id = site.funded(borrower, LENT, asset.id)
    pledged = site.receivable(asset.id).pledged
    ref = site.pays(FACE, asset.reference, payer=debtors(site), account="6228-PARTLY-1")
    item = item_of(site, ref)
    assert item.reason == "paid_beside_the_pledgee"
    allocated(site, item, "receivable", asset.id)
    row = site.incoming(ref)
    assert (row.status, row.direct, row.beyond, row.unapplied) == ("applied", True, pledged, 0)
    settled = site.receivable(asset.id)
    assert (settled.settled, settled.pledged) == (FACE - pledged, pledged), "the pledgee is still to be paid"
    assert view(site.inst, "Receivables", "receivable", asset.id)["settled"] == FACE - pledged
    assert site.loan(loan_id).row.status == "active"
    again = site.pays(FACE, asset.reference, payer=debtors(site), account="6228-PARTLY-1")
    made = proposed(site, item_of(site, again), "receivable", asset.id)
    with pytest.raises(Refused) as nothing:
        approved.approve(site.ctx, site.second(OPERATOR), made, "again")
    assert nothing.value.code == "paid_beside_the_pledgee", "nothing of the claim is the holder's to be paid any more"


def test_claim_pledged_in_part__all_of_it_paid_to_the_lenders_own_account__loan_repaid_and_the_rest_passed_on(
    site: Site,
) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    loan_id = site.funded(borrower, LENT, asset.id)
    lender = site.party(site.cast["lender"].party_id)
    ref = site.pays(FACE, asset.reference, payer=debtors(site), account=lender.account)
    item = item_of(site, ref)
    assert item.reason == "payee_account_foreign"
    allocated(site, item, "receivable", asset.id)
    assert site.loan(loan_id).row.status == "repaid"
    assert site.receivable(asset.id).status == "settled"
    assert [out.status for out in site.payouts(ref)] == ["done"], "the rest is the holder's"
    assert site.incoming(ref).unapplied == 0


def test_payment__to_the_account_of_before__settles_the_claim(site: Site) -> None:
    holder = site.borrower(account="6228-BEFORE-1")
    asset = site.confirmed(holder)
    how = instructions.for_receivable(site.ctx, site.cast["core"], asset.id)
    site.paid_to(holder, "6228-AFTER-1")
    ref = site.pays(FACE, how.reference, payer=debtors(site), account=how.account)
    item = item_of(site, ref)
    assert item.reason == "payee_account_foreign"
    allocated(site, item, "receivable", asset.id)
    assert site.receivable(asset.id).status == "settled"
    assert (site.incoming(ref).direct, site.incoming(ref).beyond) == (True, 0)


def test_parked_line__that_can_not_be_of_the_claim__refused_by_name(site: Site) -> None:
    holder, other = site.borrower(account="6228-BEFORE-2"), site.borrower(account="6228-OTHER-2")
    asset, others = site.confirmed(holder), site.confirmed(other)
    site.paid_to(holder, "6228-AFTER-2")
    strangers = site.pays(FACE, asset.reference, payer="6228-a-stranger", account="6228-BEFORE-2")
    assert refusal(site, item_of(site, strangers), "receivable", asset.id) == "payer_not_debtor"
    debtor = site.pays(FACE, asset.reference, payer=debtors(site), account="6228-BEFORE-2")
    assert refusal(site, item_of(site, debtor), "receivable", others.id) == "payee_account_foreign"
    loan_id = site.funded(other, LENT, others.id)
    assert refusal(site, item_of(site, debtor), "loan", loan_id) == "payer_not_debtor", "it isn't the borrower's"


@pytest.mark.parametrize("kind", ["loan", "receivable"])
def test_payment__that_the_bank_dates_before_the_payout__waits_for_two_persons(
    site: Site, ours: Bank, kind: Kind
) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    early = site.today
    site.move_to(early + timedelta(days=3))
    loan_id = site.funded(borrower, LENT, asset.id)
    how = instructions.for_loan(site.ctx, borrower, loan_id, None)
    claim, words = (loan_id, how.remittance) if kind == "loan" else (asset.id, asset.reference)
    owed = site.settles(loan_id)
    ref = f"EARLY-{kind}"
    dated = f"<ValDt><Dt>{early}</Dt></ValDt>"
    take(site, ours.statement(ours.entry(10_00, words, to=how.account, bank_reference=ref, valued=dated), moved=10_00))
    row = site.incoming(ref)
    assert (row.status, row.reason, row.received_on) == ("unmatched", "payment_before_payout", early)
    assert site.settles(loan_id) == owed
    item = item_of(site, ref)
    again = parked.retry(site.ctx, OPERATOR, item.id, site.inst.retries())
    assert (again.status, again.reason) == ("open", "payment_before_payout")
    allocated(site, item, kind, claim)
    assert site.settles(loan_id) == owed - 10_00, "interest runs from the payout on, and none before"
