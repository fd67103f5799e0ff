"""What people have to do: the lender's desk decides, a pledge is given up or runs out, an account is put right."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from chainfin.audit.replay import replay_bundle
from chainfin.audit.verify import verify
from chainfin.chain.prover import ChainProver
from chainfin.errors import ChainfinError, Refused
from chainfin.risk.replay import replay
from chainfin.rules import ledger
from chainfin.services.books import loan_book
from chainfin.services.goods import receipts
from chainfin.services.kernel import custody
from chainfin.services.kernel.context import Actor
from chainfin.services.lending import applications, credit_notes, margin_calls, review
from chainfin.services.oversight import evidence
from chainfin.services.pledges import enforcement, release
from chainfin.services.trade import disputes
from chainfin.values import instruction
from chainfin.values.money import Money
from chainfin.values.party import Role
from tests.e2e.ending import mismatches, pledges_on, receipt, releases, sent
from tests.e2e.onchain import view
from tests.e2e.reckoned import owed
from tests.e2e.secured import lent
from tests.e2e.site import FACE, Site
from tests.e2e.site_money import CNY
from tests.e2e.test_failures import foreign_pledge

LARGE = 50_000_001_00
"""More than the policy decides on alone."""
LENT = 500_000_00


@pytest.fixture
def waiting(site: Site) -> tuple[Actor, str]:
    """A borrower, and its application that waits for the lender's desk."""
    borrower = site.borrower(limit=60_000_000_00)
    application = site.apply(borrower, LARGE, site.confirmed(borrower).id)
    assert site.application(application).row.status == "review"
    return borrower, application


def test_underwriter__approves__offered_and_record_on_chain_names_it(site: Site, waiting: tuple[Actor, str]) -> None:
    borrower, application = waiting
    before = site.application(application).row.record_hash
    lender = site.cast["lender"]
    review.decide(site.ctx, lender, application, "approved", "we know them well")
    seen = site.application(application)
    assert (seen.row.status, seen.row.record_hash != before) == ("offered", True)
    record = json.loads(str(seen.row.record))
    assert record["review"] | {"at": ""} == {
        "by": lender.party_id, "decision": "approved", "reason": "we know them well", "at": ""
    }  # fmt: skip
    assert [node.detail["by"] for node in seen.progress if node.name == "reviewed"] == [lender.party_id]
    applications.accept(site.ctx, borrower, application)
    site.run()
    loan_id = str(site.application(application).row.loan_id)
    (pledge,) = site.loan(loan_id).pledges
    assert (pledge.status, pledge.decision_hash) == ("active", seen.row.record_hash)
    data = evidence.bundle(site.ctx, borrower, loan_id, ChainProver(site.inst.node, site.inst.deployment))
    assert verify(data).failures == ()
    assert replay_bundle(data).ok
    assert mismatches(site) == []


@pytest.mark.parametrize("change", [{"reason": "x"}, {"decision": "refused"}, {"by": "pty_other"}, {"more": "1"}])
def test_replay__another_word_than_was_said__found(
    site: Site, waiting: tuple[Actor, str], change: dict[str, str]
) -> None:
    _, application = waiting
    review.decide(site.ctx, site.cast["lender"], application, "approved", "fine")
    row = site.application(application).row
    record = json.loads(str(row.record))
    assert replay(record, expected_hash=row.record_hash).ok
    record["review"] |= change
    assert not replay(record, expected_hash=row.record_hash).ok


def test_underwriter__refuses__declined_with_its_reason(site: Site, waiting: tuple[Actor, str]) -> None:
    _, application = waiting
    review.decide(site.ctx, site.cast["lender"], application, "refused", "too much at once")
    seen = site.application(application)
    assert seen.row.status == "declined"
    assert [each["code"] for each in seen.row.refusals] == ["refused_by_lender"]
    assert "The lender refuses: too much at once" in [said.en for said in seen.explanation]
    assert replay(json.loads(str(seen.row.record)), expected_hash=seen.row.record_hash).ok
    assert site.taken(application) == {}


def test_underwriter__approves_what_the_rules_refuse_by_now__declined(site: Site, waiting: tuple[Actor, str]) -> None:
    _, application = waiting
    asset = str(site.application(application).row.asset_id)
    disputes.dispute(site.ctx, site.cast["core"], asset, "scratched")
    site.run()
    review.decide(site.ctx, site.cast["lender"], application, "approved", "never mind")
    row = site.application(application).row
    assert (row.status, [each["code"] for each in row.refusals]) == ("declined", ["disputed"])


@pytest.mark.parametrize("who", ["borrower", "other lender", "keeper", "twice"])
def test_underwriter__of_somebody_else_or_twice__refused(site: Site, waiting: tuple[Actor, str], who: str) -> None:
    borrower, application = waiting
    lending = Actor("party", borrower.party_id, Role.SUPPLIER | Role.LENDER)
    actors = {"borrower": lending, "keeper": site.cast["keeper"]}
    actor = site.admit(Role.LENDER) if who == "other lender" else actors.get(who, site.cast["lender"])
    if who == "twice":
        review.decide(site.ctx, actor, application, "refused", "no")
    with pytest.raises(ChainfinError) as refused:
        review.decide(site.ctx, actor, application, "approved", "yes")
    assert (
        refused.value.code
        == {
            "borrower": "own_application",
            "other lender": "application_unknown",
            "keeper": "role_missing",
            "twice": "application_not_in_review",
        }[who]
    )


def test_underwriter__silent_for_a_week__expired(site: Site, waiting: tuple[Actor, str]) -> None:
    _, application = waiting
    site.move_to(site.today + timedelta(days=8))
    site.run()
    assert site.application(application).row.status == "expired"


def test_release__by_the_lender__part_then_rest(site: Site) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    loan_id = site.funded(borrower, LENT, asset.id)
    (pledge,) = pledges_on(site, asset.id)
    with pytest.raises(Refused) as refused:
        release.release_by_lender(site.ctx, borrower, pledge.id)
    assert refused.value.code == "not_lender"
    with pytest.raises(Refused) as refused:
        release.release_by_lender(site.ctx, site.cast["lender"], pledge.id, str(Money(pledge.amount + 1, CNY)))
    assert refused.value.code == "exceeds_pledged"
    release.release_by_lender(site.ctx, site.cast["lender"], pledge.id, "0.01")
    site.run()
    (pledge,) = pledges_on(site, asset.id)
    assert (pledge.status, pledge.released) == ("active", 1)
    release.release_by_lender(site.ctx, site.cast["lender"], pledge.id)
    site.run()
    (pledge,) = pledges_on(site, asset.id)
    assert (pledge.status, site.receivable(asset.id).pledged) == ("released", 0)
    assert site.loan(loan_id).row.status == "active", "what is owed stays owed"
    assert mismatches(site) == []


def test_release__a_part_taken_off_meanwhile__the_rest_is_given_up_all_the_same(site: Site) -> None:
    """Both wait for a block: the second is for what the first leaves."""
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    loan_id = site.funded(borrower, LENT, asset.id)
    (pledge,) = pledges_on(site, asset.id)
    release.release_by_lender(site.ctx, site.cast["lender"], pledge.id, "1.00")
    site.pays(owed(site, loan_id, site.today), f"LOAN {loan_id}")
    assert site.loan(loan_id).row.status == "repaid"
    (pledge,) = pledges_on(site, asset.id)
    assert (pledge.status, site.receivable(asset.id).pledged) == ("released", 0)
    assert mismatches(site) == []


def test_release__unsigned_for_a_day__asked_for_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    loan_id = site.funded(borrower, LENT, asset.id)
    with monkeypatch.context() as patch:
        patch.setattr(custody, "signer_of", lambda *_: None)  # as if the lender held its key itself
        site.pays(owed(site, loan_id, site.today), f"LOAN {loan_id}")
    assert [pledge.status for pledge in pledges_on(site, asset.id)] == ["releasing"]
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(hours=25))
    site.run()
    assert [pledge.status for pledge in pledges_on(site, asset.id)] == ["released"]
    assert mismatches(site) == []


def test_expiry__paid_out_and_the_lender_has_not_told_the_chain__refused(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    borrower = site.borrower()
    asset, application = site.unpaid(borrower, LENT)
    with monkeypatch.context() as patch:
        patch.setattr(custody, "signer_of", lambda *_: None)  # as if the lender held its key itself
        site.world.resolves(instruction.for_loan(str(site.application(application).row.loan_id)), "done")
        site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(minutes=5))
        site.run()
        (pledge,) = pledges_on(site, asset.id)
        assert (site.application(application).row.status, pledge.drawn) == ("funded", False)
        assert pledge.expires_at is not None
        site.move_to((pledge.expires_at + timedelta(days=1)).date())
        with pytest.raises(Refused) as refused:
            enforcement.expire(site.ctx, borrower, pledge.id)
        assert refused.value.code == "loan_paid_out"


def test_expiry__of_a_pledge_on_which_nothing_was_paid__ended_by_the_pledgor(site: Site) -> None:
    borrower = site.borrower()
    asset, application = site.unpaid(borrower, LENT)
    (pledge,) = pledges_on(site, asset.id)
    assert (pledge.status, pledge.drawn) == ("active", False)
    with pytest.raises(Refused) as refused:
        enforcement.expire(site.ctx, borrower, pledge.id)
    assert refused.value.code == "not_expired"
    with pytest.raises(Refused) as refused:
        enforcement.enforce(site.ctx, site.cast["lender"], pledge.id)
    assert refused.value.code == "pledge_not_drawn"
    assert pledge.expires_at is not None
    loan_id = str(site.application(application).row.loan_id)
    site.move_to((pledge.expires_at + timedelta(days=1)).date())
    enforcement.expire(site.ctx, borrower, pledge.id)
    site.run()
    (pledge,) = pledges_on(site, asset.id)
    assert (pledge.status, site.receivable(asset.id).pledged) == ("released", 0)
    site.world.resolves(instruction.for_loan(loan_id), "refused")
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(minutes=5))
    site.run()
    assert site.application(application).row.status == "failed"
    assert mismatches(site) == []


def test_account__corrected__what_was_refused_goes_out_once(site: Site) -> None:
    holder = site.borrower(account="CLOSED-6228-9")
    asset = site.confirmed(holder)
    ref = site.pays(FACE, f"RECEIVABLE {asset.id}")
    assert site.incoming(ref).status == "payout_refused"
    site.paid_to(holder, "6228-new")
    site.run()
    site.paid_to(holder, "6228-newer")
    site.run()
    outs = [(row.status, row.payload["payee_account"]) for row in site.payouts(ref)]
    assert outs == [("replaced", "CLOSED-6228-9"), ("done", "6228-new")]
    assert (site.incoming(ref).status, site.incoming(ref).reason) == ("applied", None)
    assert site.balance(ledger.HOLDER_PAYABLE, ref=asset.id) == 0
    assert mismatches(site) == []


def test_account__corrected_of_a_payment_partly_sent_back__nothing_is_in_suspense(site: Site) -> None:
    """Two things at once: too much was paid, and the holder can't be paid. Each ends by itself, and the book agrees."""
    holder = site.borrower(account="CLOSED-6228-12")
    asset = site.confirmed(holder)
    ref = site.pays(FACE + 5_00, f"RECEIVABLE {asset.id}")
    assert (site.incoming(ref).status, site.incoming(ref).unapplied) == ("payout_refused", 0)
    assert [each.name for each in mismatches(site)] == ["payout.paid"], "what is owed and not paid is named"
    site.paid_to(holder, "6228-opened")
    site.run()
    assert site.incoming(ref).status == "applied"
    assert mismatches(site) == []


def test_account__corrected_to_another_closed_one__still_owed(site: Site) -> None:
    holder = site.borrower(account="CLOSED-6228-10")
    asset = site.confirmed(holder)
    ref = site.pays(FACE, f"RECEIVABLE {asset.id}")
    site.paid_to(holder, "CLOSED-6228-11")
    site.run()
    assert site.incoming(ref).status == "payout_refused"
    assert site.balance(ledger.HOLDER_PAYABLE, ref=asset.id) == FACE
    site.paid_to(holder, "6228-open")
    site.run()
    assert [row.status for row in site.payouts(ref)] == ["replaced", "replaced", "done"]
    assert mismatches(site) == []


def test_margin_call__read_by_both__met_once_paid(site: Site) -> None:
    borrower = site.borrower()
    documents = site.papers(borrower)
    asset = site.confirmed(borrower, documents)
    loan_id = site.funded(borrower, 899_790_75, asset.id)
    top_up = credit_notes.credit(site.ctx, borrower, asset.id, documents["credit_note"]).top_up
    for actor in (borrower, site.cast["lender"]):
        (called,) = margin_calls.of_loan(site.ctx, actor, loan_id).calls
        assert (called.amount, called.status) == (top_up.minor, "open")
    site.pays(top_up.minor, f"LOAN {loan_id}")
    (called,) = margin_calls.of_loan(site.ctx, borrower, loan_id).calls
    assert called.status == "cured"
    with pytest.raises(ChainfinError) as refused:
        margin_calls.of_loan(site.ctx, site.cast["core"], loan_id)
    assert refused.value.code == "loan_unknown"


def test_margin_call__on_a_loan_granted_without_security__nothing_is_called(site: Site) -> None:
    """What was added to it is credited: there is no rate by which it was lent on."""
    borrower = site.borrower()
    loan_id = lent(site, borrower, "general_310")
    documents = site.papers(borrower)
    asset = site.confirmed(borrower, documents)
    foreign_pledge(site, borrower, asset.id, asset.face, loan_book.loan_ref(loan_id))
    site.run()
    assert credit_notes.credit(site.ctx, borrower, asset.id, documents["credit_note"]).top_up.minor == 0
    assert margin_calls.of_loan(site.ctx, borrower, loan_id).calls == []


def test_goods__passed_on__the_new_owner_borrows(site: Site) -> None:
    first, second = site.borrower(), site.borrower()
    goods = site.goods(first)
    receipts.transfer(site.ctx, first, goods.id, str(second.party_id))
    site.run()
    assert receipt(site, goods.id).owner_id == second.party_id
    assert view(site.inst, "WarehouseReceipts", "receipt", goods.id)["owner"] == site.party(second.party_id).chain_party
    loan_id = site.funded(second, LENT, goods.id, product="inventory_pledge")
    prover = ChainProver(site.inst.node, site.inst.deployment)
    assert verify(evidence.bundle(site.ctx, second, loan_id, prover)).failures == ()
    for actor, to, code in ((first, first, "warehouse_receipt_unknown"), (second, first, "part_pledged")):
        with pytest.raises(ChainfinError) as refused:
            receipts.transfer(site.ctx, actor, goods.id, str(to.party_id))
        assert refused.value.code == code
    assert mismatches(site) == []


def test_pledge__made_past_the_service__known_and_reconciled(site: Site) -> None:
    holder = site.borrower()
    asset = site.confirmed(holder)
    foreign_pledge(site, holder, asset.id, 600_000_00)
    site.run()
    (pledge,) = pledges_on(site, asset.id)
    assert (pledge.loan_id, pledge.status, pledge.left) == (None, "active", 600_000_00)
    assert mismatches(site) == []
    sent(site, site.cast["lender"], "Pledges", "draw", pledgeId=pledge.id)
    releases(site, site.cast["lender"], pledge, 100)
    release.release_by_lender(site.ctx, site.cast["lender"], pledge.id)
    site.run()
    (pledge,) = pledges_on(site, asset.id)
    assert (pledge.status, pledge.drawn, site.receivable(asset.id).pledged) == ("released", True, 0)
    assert mismatches(site) == []
