"""What was pledged for a loan that came to nothing comes free, also where its lender doesn't sign."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlmodel import Session

from chainfin.connectors.sandbox.faults import Fault, Rule
from chainfin.eth.signer import Signer
from chainfin.services.kernel import custody
from chainfin.services.kernel.context import Context
from chainfin.services.lending import applications
from chainfin.services.pledges import enforcement
from chainfin.values import instruction
from tests.e2e.asked_acts import a_day_later, asked
from tests.e2e.ending import mismatches, pledges_on, receipt
from tests.e2e.onchain import view
from tests.e2e.site import Site, open_site
from tests.e2e.statements import BACK, LENT, Bank, lender_account, take
from tests.e2e.test_payoff import silent_lender


@pytest.fixture
def site() -> Iterator[Site]:
    """One of its own for each test: statements follow each other."""
    with open_site() as made:
        yield made


def given_back(site: Site, loan_id: str) -> None:
    """The bank gives the payout back."""
    ours, number = Bank(site, lender_account(site)), instruction.for_loan(loan_id)
    take(site, ours.statement(ours.entry(-LENT, order=number), moved=-LENT))
    take(site, ours.statement(ours.entry(LENT, order=number, returned=BACK), moved=LENT))
    assert site.loan(loan_id).row.status == "cancelled"


def test_payout__given_back__lender_silent_for_a_day__goods_are_free_by_the_banks_word(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    borrower = site.borrower()
    goods = site.goods(borrower)
    loan_id = site.funded(borrower, LENT, goods.id, product="inventory_pledge")
    (pledge,) = pledges_on(site, goods.id)
    silent_lender(site, monkeypatch)
    given_back(site, loan_id)
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(hours=23))
    site.run()
    assert pledges_on(site, goods.id)[0].status == "releasing", "the lender has a day"
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(hours=2))
    site.run()
    (after,) = pledges_on(site, goods.id)
    assert (after.status, after.released) == ("released", pledge.amount)
    assert view(site.inst, "Pledges", "pledgeOf", pledge.id)["amount"] == 0
    assert [act.status for act in asked(site, pledge.id, "payOff")] == ["final"]
    assert receipt(site, goods.id).pledged == 0
    assert mismatches(site) == []
    monkeypatch.undo()
    assert site.funded(borrower, LENT, goods.id, product="inventory_pledge"), "and can be lent on again"


def test_payout__given_back_before_its_lender_said_that_it_paid__isnt_drawn_any_more(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    borrower = site.borrower()
    goods = site.goods(borrower)
    application = site.offered(borrower, LENT, goods.id, product="inventory_pledge")
    applications.accept(site.ctx, borrower, application)
    with monkeypatch.context() as patch:
        signs = custody.signer_of
        lender = site.party(site.cast["lender"].party_id).address

        def only_the_pledge(session: Session, ctx: Context, address: str) -> Signer | None:
            pledged = any(pledge.status != "pending" for pledge in pledges_on(site, goods.id))
            return None if address == lender and pledged else signs(session, ctx, address)

        patch.setattr(custody, "signer_of", only_the_pledge)
        site.run()
        loan_id = str(site.application(application).row.loan_id)
        (pledge,) = pledges_on(site, goods.id)
        assert (pledge.status, pledge.drawn) == ("active", False)
        given_back(site, loan_id)
        a_day_later(site)
        assert [act.status for act in asked(site, pledge.id, "draw")] == ["expired"], "nothing to draw on"
        assert pledge.expires_at is not None
        site.move_to(pledge.expires_at.date() + timedelta(days=1))
        site.run()
    assert pledges_on(site, goods.id)[0].status == "released"
    assert [act.status for act in asked(site, pledge.id, "expire")] == ["final"]
    assert (receipt(site, goods.id).pledged, mismatches(site)) == (0, [])


def test_payout__refused__lender_silent__goods_are_free_once_the_pledge_has_lapsed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    borrower = site.borrower()
    goods = site.goods(borrower)
    application = site.offered(borrower, LENT, goods.id, product="inventory_pledge")
    assert site.inst.sandbox is not None
    site.inst.sandbox.faults.add(Rule(Fault.PENDING, prefix="/rail/payments", method="PUT"))
    applications.accept(site.ctx, borrower, application)
    site.run()
    silent_lender(site, monkeypatch)
    site.world.resolves(instruction.for_loan(str(site.application(application).row.loan_id)), "refused")
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(minutes=5))
    site.run()
    assert site.application(application).row.status == "failed"
    (pledge,) = pledges_on(site, goods.id)
    assert (pledge.status, pledge.drawn, enforcement.expire_due(site.ctx)) == ("releasing", False, 0)
    assert pledge.expires_at is not None
    site.move_to(pledge.expires_at.date() + timedelta(days=1))
    site.run()
    assert pledges_on(site, goods.id)[0].status == "released"
    assert [act.status for act in asked(site, pledge.id, "expire")] == ["final"]
    assert (receipt(site, goods.id).pledged, mismatches(site)) == (0, [])
