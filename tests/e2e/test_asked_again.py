"""What a party owes its signature for is asked for until it is given: a day without it ends the act, not the duty."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chainfin.services.kernel import custody
from chainfin.values import instruction
from tests.e2e.asked_acts import a_day_later, asked, sign
from tests.e2e.ending import mismatches, pledges_on
from tests.e2e.onchain import view
from tests.e2e.site import Site


def test_settlement__unsigned_for_two_days__attested_on_the_third(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    asset = site.confirmed(site.borrower())
    with monkeypatch.context() as patch:
        patch.setattr(custody, "signer_of", lambda *_: None)
        site.pays(100_000_00, f"RECEIVABLE {asset.id}")
        a_day_later(site)
        a_day_later(site)
        acts = asked(site, asset.id, "settle")
        assert [act.status for act in acts] == ["expired", "expired", "awaiting_signature"]
        assert len({str(act.params) for act in acts}) == 1, "the same word on the same payment"
        sign(site, acts[-1])
        site.run()
    assert view(site.inst, "Receivables", "receivable", asset.id)["settled"] == 100_000_00
    assert mismatches(site) == []


def test_buy_back__unsigned_for_a_day__attested_on_the_next(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    borrower = site.borrower()
    goods = site.goods(borrower)
    loan_id = site.funded(borrower, 500_000_00, goods.id, product="inventory_pledge")
    (pledge,) = pledges_on(site, goods.id)
    site.undertake(pledge, agreed=borrower)
    with monkeypatch.context() as patch:
        patch.setattr(custody, "signer_of", lambda *_: None)
        account = site.party(site.cast["core"].party_id).account
        ref = site.pays(70_000_00, f"BUYBACK {pledge.id}", payer=account)
        assert (site.incoming(ref).status, site.incoming(ref).reason) == ("waiting", "buy_back_under_way")
        assert site.loan(loan_id).loan.outstanding.minor == 500_000_00, "no money is the loan's before the goods moved"
        a_day_later(site)
        first, again = asked(site, pledge.id, "buyBack")
        assert (first.status, again.status, first.params) == ("expired", "awaiting_signature", again.params)
        assert again.extra["valuation"] == first.extra["valuation"]
        sign(site, again)
        site.run()
    assert pledges_on(site, goods.id)[0].settled == 1_000_000
    assert site.incoming(ref).status == "applied"
    assert site.loan(loan_id).loan.outstanding.minor < 431_000_00
    assert mismatches(site) == []


def test_draw__loan_repaid_before_its_lender_signed__not_asked_for_any_more(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    borrower = site.borrower()
    asset, application = site.unpaid(borrower, 300_000_00)
    (pledge,) = pledges_on(site, asset.id)
    with monkeypatch.context() as patch:
        patch.setattr(custody, "signer_of", lambda *_: None)
        loan_id = str(site.application(application).row.loan_id)
        site.world.resolves(instruction.for_loan(loan_id), "done")
        site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(minutes=10))
        site.run()
        (draw,) = asked(site, pledge.id, "draw")
        assert draw.status == "awaiting_signature"
        site.pays(site.loan(loan_id).loan.outstanding.minor + 500_00, f"LOAN {loan_id}")
        (release,) = asked(site, pledge.id, "release")
        sign(site, release)
        site.run()
        (draw,) = asked(site, pledge.id, "draw")
        assert (draw.status, draw.error_code) == ("refused", "act_overtaken")
    assert pledges_on(site, asset.id)[0].status == "released"


def test_draw__unsigned_for_a_day__asked_for_until_the_pledge_has_lapsed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    borrower = site.borrower()
    asset, application = site.unpaid(borrower, 300_000_00)
    (pledge,) = pledges_on(site, asset.id)
    with monkeypatch.context() as patch:
        patch.setattr(custody, "signer_of", lambda *_: None)
        site.world.resolves(instruction.for_loan(str(site.application(application).row.loan_id)), "done")
        site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(minutes=10))
        site.run()
        assert site.application(application).row.status == "funded"
        a_day_later(site)
        assert [act.status for act in asked(site, pledge.id, "draw")] == ["expired", "awaiting_signature"]
        site.move_to(site.today + timedelta(days=40))
        site.run()
        assert [act.status for act in asked(site, pledge.id, "draw")] == ["expired", "expired"], "the chain refuses it"
