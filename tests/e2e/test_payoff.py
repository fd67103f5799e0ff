"""A repaid loan's pledge ends by the settlement bank's word, where its lender doesn't sign."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chainfin.audit.verify import verify
from chainfin.chain.prover import ChainProver
from chainfin.services.kernel import custody
from chainfin.services.oversight import evidence
from chainfin.services.payments import payoff
from tests.e2e.asked_acts import HELD, asked, sign
from tests.e2e.ending import mismatches, pledges_on
from tests.e2e.onchain import view
from tests.e2e.site import Site


def silent_lender(site: Site, patch: pytest.MonkeyPatch) -> None:
    """The lender's key is its own, and it doesn't sign; everybody else's is in custody."""
    lender = site.party(site.cast["lender"].party_id).address
    patch.setattr(custody, "signer_of", lambda s, c, address: None if address == lender else HELD(s, c, address))


@pytest.mark.parametrize("kind", ["receivable", "goods"])
def test_repaid__lender_silent_for_a_day__ended_by_the_banks_word(
    site: Site, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    borrower = site.borrower()
    asset_id = site.confirmed(borrower).id if kind == "receivable" else site.goods(borrower).id
    product = "receivable_pledge" if kind == "receivable" else "inventory_pledge"
    loan_id = site.funded(borrower, 300_000_00, asset_id, product=product)
    (pledge,) = pledges_on(site, asset_id)
    silent_lender(site, monkeypatch)
    site.pays(site.settles(loan_id), f"LOAN {loan_id}")
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(hours=23))
    site.run()
    assert pledges_on(site, asset_id)[0].status == "releasing", "the lender has a day"
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(hours=2))
    site.run()
    (after,) = pledges_on(site, asset_id)
    assert (after.status, after.released) == ("released", pledge.amount)
    chain = view(site.inst, "Pledges", "pledgeOf", pledge.id)
    assert (chain["state"], chain["amount"]) == (2, 0)
    assert [act.status for act in asked(site, pledge.id, "payOff")] == ["final"]
    assert all(act.status in ("refused", "expired") for act in asked(site, pledge.id, "release")), "nothing to sign"
    bundle = evidence.bundle(site.ctx, borrower, loan_id, ChainProver(site.inst.node, site.inst.deployment))
    report = verify(bundle)
    assert report.failures == ()
    assert "signature of PayOff: role" in [check.name for check in report.checks]
    assert mismatches(site) == []


def test_repaid__lender_signs_late__whichever_comes_first_counts(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    loan_id = site.funded(borrower, 300_000_00, asset.id)
    (pledge,) = pledges_on(site, asset.id)
    with monkeypatch.context() as patch:
        patch.setattr(custody, "signer_of", lambda *_: None)
        site.pays(site.settles(loan_id), f"LOAN {loan_id}")
        site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(hours=25))
        site.run()
        (word,) = asked(site, pledge.id, "payOff")
        assert word.status == "awaiting_signature"
        assert payoff.attest_due(site.ctx) == 0, "it is asked for once"
        sign(site, asked(site, pledge.id, "release")[-1])
        site.run()
    assert pledges_on(site, asset.id)[0].status == "released"
    sign(site, word)
    site.run()
    assert [act.error_code for act in asked(site, pledge.id, "payOff")] == ["chain_pledge_state_wrong"]
    assert mismatches(site) == []


def test_patience__as_the_setting_says(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    loan_id = site.funded(borrower, 300_000_00, asset.id)
    silent_lender(site, monkeypatch)
    site.pays(site.settles(loan_id), f"LOAN {loan_id}")
    assert payoff.attest_due(site.ctx) == 0
    assert payoff.attest_due(replace(site.ctx, release_patience=timedelta(0))) == 1


def test_owed__nothing_is_attested(site: Site) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    loan_id = site.funded(borrower, 300_000_00, asset.id)
    site.pays(100_000_00, f"LOAN {loan_id}")
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(hours=49))
    site.run()
    (pledge,) = pledges_on(site, asset.id)
    assert (pledge.status, asked(site, pledge.id, "payOff")) == ("active", [])
