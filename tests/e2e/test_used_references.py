"""A bank's reference tells the payments of one account apart: on another account it is another payment, and on the same
one nobody but two persons says what it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlmodel import col, select

from chainfin.services.kernel.commands import Refund
from chainfin.services.kernel.context import OPERATOR
from chainfin.services.oversight import parked, reconcile_payments
from chainfin.services.oversight.findings import Findings
from chainfin.services.payments import instructions, unmatched
from chainfin.services.reactions import approved
from chainfin.storage.lending_tables import IncomingRow
from chainfin.values.party import first_person
from tests.e2e.site import FACE, Site, open_site
from tests.e2e.statements import LENT

BOSS = replace(OPERATOR, person_id=first_person(None))


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with open_site() as made:
        yield made


def of_reference(site: Site, ref: str) -> list[IncomingRow]:
    with site.ctx.store.read() as session:
        query = select(IncomingRow).where(IncomingRow.bank_ref == ref)
        return list(session.exec(query.order_by(col(IncomingRow.repeat))).all())


def suspended(site: Site) -> dict[str, str]:
    """What the reconciliation names as in suspense."""
    findings = Findings()
    with site.ctx.store.read() as session:
        reconcile_payments.check(session, site.ctx.clock, findings)
    return {each.subject: each.found for each in findings.mismatches if each.name == "payment.placed"}


def test_reference__on_another_lenders_account__is_another_payment_and_settles_its_loan(site: Site) -> None:
    borrower, other = site.borrower(), site.borrower()
    second = site.lender(other)
    loan_id = site.funded(other, LENT, site.confirmed(other).id, lender_id=str(second.party_id))
    mine = site.funded(borrower, LENT, site.confirmed(borrower).id)
    to_first = instructions.for_loan(site.ctx, borrower, mine, None)
    to_second = instructions.for_loan(site.ctx, other, loan_id, None)
    ref = site.pays(10_00, to_first.remittance, bank_ref="ONE-NUMBER", account=to_first.account)
    due = site.settles(loan_id)
    site.pays(due, to_second.remittance, bank_ref=ref, account=to_second.account)
    assert [(row.status, row.unapplied) for row in of_reference(site, ref)] == [("applied", 0), ("applied", 0)]
    assert site.loan(loan_id).row.status == "repaid"
    assert suspended(site) == {}


def test_reference__on_the_same_account_again__two_persons_allocate_it(site: Site) -> None:
    asset = site.confirmed(site.borrower())
    ref = site.pays(100_00, asset.reference, bank_ref="TWICE-ON-ONE")
    site.pays(250_00, asset.reference, bank_ref=ref)
    _, second = of_reference(site, ref)
    assert (second.status, second.reason) == ("unmatched", "bank_reference_reused")
    assert suspended(site)[second.id] == "250.00 CNY unmatched (bank_reference_reused) for 0 days"
    item = site.unmatched(ref, second)
    made = unmatched.propose(
        site.ctx, BOSS, item.id, kind="receivable", target=asset.id, reason="the bank says that both are money"
    )
    approved.approve(site.ctx, site.second(OPERATOR), made.id, "it does")
    site.run()
    assert site.receivable(asset.id).settled == 350_00, "both are attested on chain"
    assert suspended(site) == {}


def test_reference__on_the_same_account_again__sent_back_to_its_own_payer(site: Site) -> None:
    ref = site.pays(FACE, "nobody's", bank_ref="TWICE-BACK", payer="6228-first")
    site.pays(31_00, "nobody's either", bank_ref=ref, payer="6228-second", payer_name="Second payer (invented)")
    first, second = of_reference(site, ref)
    item = site.unmatched(ref, second)
    again = parked.retry(site.ctx, OPERATOR, item.id, site.inst.retries())
    assert (again.status, again.reason) == ("open", "bank_reference_reused")
    site.sends_back(ref, second)
    (back,) = site.commands(Refund, correlation=second.id)
    assert (back.status, back.payload["payee_account"]) == ("done", "6228-second")
    site.sends_back(ref, first)
    (back,) = site.commands(Refund, correlation=first.id)
    assert (back.status, back.payload["payee_account"]) == ("done", "6228-first")
    assert {row.status for row in of_reference(site, ref)} == {"refunded"}
    assert suspended(site) == {}
