"""A loan that doesn't come about: whoever says no, everything that was promised for it is free again."""

from __future__ import annotations

import secrets
from datetime import timedelta

import pytest
from sqlmodel import select

from chainfin.connectors.registry import Registration
from chainfin.connectors.sandbox.faults import Fault, Rule
from chainfin.errors import BadInput, Conflict, Refused
from chainfin.eth import eip712
from chainfin.eth.bindings.participants_acts import Suspend
from chainfin.eth.bindings.pledges_acts import Grant
from chainfin.rules import ledger
from chainfin.services.kernel import acts, custody
from chainfin.services.kernel.commands import SendAct
from chainfin.services.kernel.context import Actor
from chainfin.services.lending import applications, disbursement, limits
from chainfin.services.pledges import register
from chainfin.services.reactions import signing
from chainfin.services.trade import disputes, orders, receivables
from chainfin.services.views.pledges import PledgeView
from chainfin.storage.lending_tables import LimitRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.trade_tables import ActRow
from chainfin.values import instruction
from chainfin.values.money import Money
from chainfin.values.party import Role
from tests.e2e.onchain import rows, view
from tests.e2e.site import FACE, Site

ASKED = 500_000_00
RELEASED = 2
"""Pledges.PledgeState."""


def undone(site: Site, application: str, code: str, node: str) -> None:
    """Failed for this reason at this node; limits, reservation and loan are as if nobody had asked."""
    view_ = site.application(application)
    assert view_.row.status == "failed"
    assert view_.progress[-1].name == "failed"
    assert view_.progress[-1].detail["code"] == code
    with site.ctx.store.read() as session:
        pledged = session.exec(select(PledgeRow.id).where(PledgeRow.loan_id == view_.row.loan_id)).all()
    if node == "disbursing":
        assert all(f"pledge {pledge}" in str(view_.progress[-1].detail["undone"]) for pledge in pledged)
    refused = next(each for each in view_.progress if each.name == node)
    assert refused.outcome == "refused"
    assert set(site.taken(application)) == {"freed"}
    loan = site.loan(str(view_.row.loan_id))
    assert loan.row.status == "cancelled"
    assert instruction.for_loan(str(view_.row.loan_id)) not in site.payments()


def asset_is_whole(site: Site, receivable_id: str) -> None:
    row = site.receivable(receivable_id)
    assert (row.reserved, row.pledged) == (0, 0)
    assert view(site.inst, "Receivables", "receivable", row.id)["free"] == FACE


def the_pledge(site: Site, application: str) -> PledgeView:
    return site.loan(str(site.application(application).row.loan_id)).pledges[0]


def foreign_pledge(site: Site, pledgor: Actor, receivable_id: str, amount: int, loan_ref: str = "") -> ActRow:
    """Pledgor and lender sign a pledge that this installation knows nothing of; it waits to be sent. ``loan_ref``: of
    the loan that it secures, if that is one of this book."""
    ctx, now = site.ctx, site.ctx.clock.now()
    with ctx.store.begin() as session:
        lender = session.get_one(PartyRow, site.cast["lender"].party_id)
        borrower = session.get_one(PartyRow, pledgor.party_id)
        granted = Grant(
            pledge_id=eip712.pledge_id(receivable_id, secrets.token_hex(16)),
            asset_kind=1,
            asset_id=receivable_id,
            amount=amount,
            lender=acts.chain_number(lender),
            loan_ref=loan_ref or "0x" + secrets.token_hex(32),
            decision_hash="0x" + secrets.token_hex(32),
            expires_at=int(now.timestamp()) + 86_400,
        )
        nonce = acts.next_nonce(session, borrower.address, "Pledges")
        grant = eip712.signable(granted, nonce, granted.expires_at, acts.domain(ctx, "Pledges"))
        key = custody.signer_of(session, ctx, borrower.address)
        assert key is not None
        return acts.prepare(
            session,
            ctx,
            party=lender,
            act=register.pledge_act(granted, "ELSEWHERE-1"),
            subject="elsewhere",
            auths=[eip712.authorise(grant, key)],
        )


def test_registry__refuses__application_failed_and_all_free(site: Site) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    application = site.offered(borrower, ASKED, asset.id)
    applications.accept(site.ctx, borrower, application)
    pledge = the_pledge(site, application)
    today = site.today
    # Somebody filed this pledge's reference with other content before us.
    site.inst.partners.registry.register(
        Registration(pledge.id, "X", "Y", "receivable", "ab" * 32, Money(1, "CNY"), today, today)
    )
    assert site.receivable(asset.id).reserved == pledge.amount
    site.run()
    undone(site, application, "registry_entry_conflict", "registration")
    asset_is_whole(site, asset.id)
    assert the_pledge(site, application).status == "failed"
    assert site.funded(borrower, ASKED, asset.id), "the same asset can be asked on again"


def test_payment__payee_account_closed__pledge_released_loan_cancelled(site: Site) -> None:
    borrower = site.borrower(account="CLOSED-6228-1")
    asset = site.confirmed(borrower)
    application = site.offered(borrower, ASKED, asset.id)
    applications.accept(site.ctx, borrower, application)
    site.run()
    undone(site, application, "payee_account_closed", "disbursing")
    asset_is_whole(site, asset.id)
    pledge = the_pledge(site, application)
    assert pledge.status == "released"
    assert view(site.inst, "Pledges", "pledgeOf", pledge.id)["state"] == RELEASED
    assert [row.status for row in site.struck_out(pledge.id)] == ["done"]


def test_payment__pending_then_refused__undone_only_when_known(site: Site) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    application = site.offered(borrower, ASKED, asset.id)
    assert site.inst.sandbox is not None
    site.inst.sandbox.faults.add(Rule(Fault.PENDING, prefix="/rail/payments", method="PUT"))
    applications.accept(site.ctx, borrower, application)
    site.run()
    row = site.application(application).row
    assert row.status == "disbursing"
    assert site.taken(application).keys() == {"held"}
    site.world.resolves(instruction.for_loan(str(row.loan_id)), "refused")
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(minutes=5))
    site.run()
    undone(site, application, "payment_refused", "disbursing")
    asset_is_whole(site, asset.id)


def test_payment__answer_lost__paid_once(site: Site) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    application = site.offered(borrower, ASKED, asset.id)
    assert site.inst.sandbox is not None
    site.inst.sandbox.faults.add(Rule(Fault.DROP_AFTER, prefix="/rail/payments", method="PUT"))
    applications.accept(site.ctx, borrower, application)
    site.run()
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(minutes=5))
    site.run()
    row = site.application(application).row
    assert row.status == "funded"
    assert site.payments().count(instruction.for_loan(str(row.loan_id))) == 1


def test_chain__refuses_pledge__application_failed_and_all_free(site: Site) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    application = site.offered(borrower, ASKED, asset.id)
    elsewhere = foreign_pledge(site, borrower, asset.id, FACE)
    applications.accept(site.ctx, borrower, application)
    site.run()
    assert acts.get(site.ctx, site.cast["lender"], elsewhere.id).status == "final"
    undone(site, application, "chain_exceeds_free", "pledging")
    row = site.receivable(asset.id)
    assert (row.reserved, row.pledged) == (0, FACE), "what is pledged elsewhere is pledged here too"
    pledge = the_pledge(site, application)
    assert pledge.status == "failed"
    assert [each.status for each in site.struck_out(pledge.id)] == ["done"]


def test_asset__pledged_elsewhere__nothing_is_offered_on_it(site: Site) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    foreign_pledge(site, borrower, asset.id, FACE)
    site.run()
    application = site.apply(borrower, ASKED, asset.id)
    row = site.application(application).row
    assert row.status == "declined"
    assert [refusal["code"] for refusal in row.refusals] == ["nothing_free"]


def test_offer__not_taken__expires_and_frees_its_limits(site: Site) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    application = site.offered(borrower, ASKED, asset.id)
    assert site.taken(application).keys() == {"held"}
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(hours=24, seconds=1))
    with pytest.raises(Conflict) as refused:
        applications.accept(site.ctx, borrower, application)
    assert refused.value.code == "offer_expired"
    site.run()
    view_ = site.application(application)
    assert (view_.row.status, view_.progress[-1].name) == ("expired", "expired")
    assert view_.offer is not None
    assert view_.offer.status == "expired"
    assert site.taken(application).keys() == {"freed"}
    with pytest.raises(Conflict) as late:
        applications.accept(site.ctx, borrower, application)
    assert late.value.code == "application_not_offered"


def test_act__never_signed__expires_and_may_be_begun_again(site: Site) -> None:
    """A document number must not be lost to a signature that never came."""
    seller = site.borrower()
    buyer = site.admit_with_own_key(Role.CORE)
    documents = site.papers(seller, buyer=site.companies[str(buyer.party_id)])
    _, act = orders.post_order(site.ctx, buyer, documents["order"], "order.xml")
    with pytest.raises(Conflict) as standing:
        orders.post_order(site.ctx, buyer, documents["order"], "order.xml")
    assert standing.value.code == "order_exists"
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(hours=25))
    site.run()
    ended = acts.get(site.ctx, buyer, act.id)
    assert (ended.status, ended.error_code) == ("expired", "act_expired")
    again, _ = orders.post_order(site.ctx, buyer, documents["order"], "order.xml")
    assert again.status == "posting"


def test_offer__disputed_meanwhile__falls(site: Site) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    application = site.offered(borrower, ASKED, asset.id)
    disputes.dispute(site.ctx, site.cast["core"], asset.id, "scratched")
    site.run()
    with pytest.raises(Refused) as refused:
        applications.accept(site.ctx, borrower, application)
    assert (refused.value.code, refused.value.details["state"]) == ("receivable_state_wrong", "disputed")


def test_offer__withdrawn__frees_its_limits_and_stays_closed(site: Site) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    application = site.offered(borrower, ASKED, asset.id)
    applications.withdraw(site.ctx, borrower, application)
    assert site.application(application).row.status == "withdrawn"
    assert site.taken(application).keys() == {"freed"}
    for again in (applications.accept, applications.withdraw):
        with pytest.raises(Conflict) as refused:
            again(site.ctx, borrower, application)
        assert refused.value.code in ("application_not_offered", "application_not_open")


def test_offer__accepted_on_its_last_day__no_loan_that_is_due_when_paid(site: Site) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    application = site.offered(borrower, ASKED, asset.id, days=1)
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(hours=23, minutes=50))
    assert site.loan_terms_over(application)
    with pytest.raises(Conflict) as refused:
        applications.accept(site.ctx, borrower, application)
    assert refused.value.code == "offer_expired"


def test_pledge__registry_answers_after_the_term__nothing_is_paid(site: Site) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    application = site.offered(borrower, ASKED, asset.id, days=1)
    applications.accept(site.ctx, borrower, application)
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(hours=23, minutes=50))
    site.run()
    undone(site, application, "loan_term_over", "disbursing")
    asset_is_whole(site, asset.id)


def test_payment__settled_after_the_term__loan_is_on_the_books(site: Site) -> None:
    """Money that left can't be undone: it is lent, and due."""
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    application = site.offered(borrower, ASKED, asset.id, days=1)
    assert site.inst.sandbox is not None
    site.inst.sandbox.faults.add(Rule(Fault.PENDING, prefix="/rail/payments", method="PUT"))
    applications.accept(site.ctx, borrower, application)
    site.run()
    loan_id = str(site.application(application).row.loan_id)
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(days=2))
    site.world.resolves(instruction.for_loan(loan_id), "done")
    site.run()
    assert site.application(application).row.status == "funded"
    assert site.loan(loan_id).loan.outstanding.minor == ASKED


def test_suspended_borrower__applies__refused(site: Site) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    with site.ctx.store.begin() as session:
        party = session.get_one(PartyRow, borrower.party_id)
        acts.prepare(
            session,
            site.ctx,
            party=None,
            act=Suspend(party=acts.chain_number(party)),
            subject=party.id,
        )
    site.run()
    assert site.party(borrower.party_id).status == "suspended"
    with pytest.raises(Exception, match="party_not_active"):
        site.apply(borrower, ASKED, asset.id)


def test_keeper__applies_on_anothers_receivable__unknown(site: Site) -> None:
    borrower, other = site.borrower(), site.admit(Role.SUPPLIER)
    asset = site.confirmed(borrower)
    with pytest.raises(Exception, match="asset_unknown"):
        site.apply(other, ASKED, asset.id)


def test_application__before_the_confirmation__declined(site: Site) -> None:
    borrower = site.borrower()
    documents = site.papers(borrower)
    asset = receivables.issue(site.ctx, borrower, site.received(borrower, documents), documents["invoice"]).receivable
    site.run()
    row = site.application(site.apply(borrower, ASKED, asset.id)).row
    assert (row.status, [each["code"] for each in row.refusals]) == ("declined", ["not_confirmed"])
    site.confirm(asset)
    site.run()
    assert site.offered(borrower, ASKED, asset.id)


def test_act__signed_late__refused_before_it_is_closed(site: Site) -> None:
    """Whoever signs first after the deadline is told so, though nobody has tidied up yet."""
    seller = site.borrower()
    buyer = site.admit_with_own_key(Role.CORE)
    documents = site.papers(seller, buyer=site.companies[str(buyer.party_id)])
    _, act = orders.post_order(site.ctx, buyer, documents["order"], "order.xml")
    signature = "0x" + eip712.sign(act.typed_data, site.keys[str(buyer.party_id)]).hex()
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(hours=25))
    with pytest.raises(BadInput) as refused:
        signing.sign(site.ctx, buyer, act.id, signature)
    assert refused.value.code == "signature_expired"
    standing = acts.get(site.ctx, buyer, act.id)
    assert (standing.status, standing.signature) == ("awaiting_signature", None)
    assert site.commands(SendAct, subject=act.id) == []


def test_payment__reported_twice__on_the_books_once(site: Site) -> None:
    borrower = site.borrower()
    loan_id = site.funded(borrower, ASKED, site.confirmed(borrower).id)
    before = rows(site.ctx.store)
    for bank_ref in ("SBP-1", "SBP-2"):
        with site.ctx.store.begin() as session:
            disbursement.paid_out(session, site.ctx, loan_id, bank_ref, site.ctx.clock.now())
    assert rows(site.ctx.store) == before
    assert site.balance(ledger.LOANS, ref=loan_id) == ASKED


def test_limit__used_up__the_next_is_declined(site: Site) -> None:
    borrower = site.borrower(limit=500_000_00)
    asset = site.confirmed(borrower)
    first = site.offered(borrower, 400_000_00, asset.id)
    applications.accept(site.ctx, borrower, first)
    site.run()
    assert set(site.taken(first)) == {"used"}
    second = site.offered(borrower, 200_000_00, asset.id)
    offer = site.application(second).offer
    assert offer is not None
    assert offer.amount == 100_000_00, "what the first left, and no more"
    third = site.application(site.apply(borrower, 1_000_00, site.confirmed(borrower).id)).row
    assert (third.status, [each["code"] for each in third.refusals]) == ("declined", ["limit_exhausted"])


def test_limit__lowered_below_what_stands__taken_and_nothing_new_goes_out(site: Site) -> None:
    borrower = site.borrower(limit=500_000_00)
    standing = site.offered(borrower, 400_000_00, site.confirmed(borrower).id)
    lowered = site.limit("borrower", borrower, 399_999_99)
    assert (lowered.lowered_to, lowered.amount) == (399_999_99, 400_000_00), "what stands is held by the table's CHECK"
    assert set(site.taken(standing)) == {"held"}
    new = site.application(site.apply(borrower, 1_000_00, site.confirmed(borrower).id)).row
    assert (new.status, [each["code"] for each in new.refusals]) == ("declined", ["limit_exhausted"])
    restored = site.limit("borrower", borrower, 400_000_00)
    assert (restored.lowered_to, restored.amount) == (None, 400_000_00)


def test_hold__freed_twice__given_back_once(site: Site) -> None:
    borrower = site.borrower()
    ended, standing = (site.offered(borrower, 100_000_00, site.confirmed(borrower).id) for _ in range(2))
    applications.withdraw(site.ctx, borrower, ended)
    for _ in range(2):
        with site.ctx.store.begin() as session:
            limits.free(session, site.ctx, ended)
    with site.ctx.store.read() as session:
        limit = session.exec(select(LimitRow).where(LimitRow.key == borrower.party_id)).one()
    assert (limit.held, limit.used) == (100_000_00, 0)
    assert set(site.taken(standing)) == {"held"}
