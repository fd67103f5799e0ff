"""A suspended party: its new business is refused before a transaction is wasted, and all that is running ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from chainfin.audit.verify import verify
from chainfin.chain.prover import ChainProver
from chainfin.errors import ChainfinError
from chainfin.eth.abi import contract_abi
from chainfin.services.goods import receipts, two_words
from chainfin.services.kernel.context import OPERATOR, Actor
from chainfin.services.lending import applications, credit_notes
from chainfin.services.oversight import evidence
from chainfin.services.parties import suspension
from chainfin.services.pledges import enforcement
from chainfin.services.trade import disputes, orders, receivables, splits_and_transfers
from chainfin.services.views.trade import ReceivableView
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.values import instruction
from chainfin.values.money import Money
from chainfin.values.party import Role
from tests.e2e.ending import act, mismatches, operator_key, pledges_on, receipt, wallet_sends
from tests.e2e.onchain import rows, view
from tests.e2e.reckoned import owed
from tests.e2e.site import FACE, Site
from tests.e2e.site_money import CNY
from tests.e2e.test_races import at_once

LENT = 500_000_00
RELEASED = 2
"""Pledges.PledgeState."""


def suspend(site: Site, who: Actor) -> None:
    made = suspension.suspend(site.ctx, OPERATOR, str(who.party_id), "under investigation")
    site.run()
    assert act(site, made.id).status == "final"
    assert site.party(who.party_id).status == "suspended"


def resume(site: Site, who: Actor) -> None:
    made = suspension.resume(site.ctx, OPERATOR, str(who.party_id), "cleared")
    site.run()
    assert act(site, made.id).status == "final"
    assert site.party(who.party_id).status == "active"


def code_of(attempt: Callable[[], object]) -> str:
    with pytest.raises(ChainfinError) as refused:
        attempt()
    return refused.value.code


def the_pledge(site: Site, asset_id: str) -> PledgeRow:
    (pledge,) = pledges_on(site, asset_id)
    return pledge


def on_chain(site: Site, who: Actor) -> bool:
    return bool(view(site.inst, "Participants", "party", site.party(who.party_id).chain_party)["suspended"])


def wallet(site: Site, function: str, **params: object) -> None:
    """The operator's own transaction, past this service."""
    data = contract_abi("Participants").function(function).encode([params])
    wallet_sends(site, operator_key(site), site.ctx.contracts["Participants"], data)


# The borrower


def test_suspended_supplier__with_a_running_loan__nothing_new_and_the_loan_ends(site: Site) -> None:
    supplier = site.borrower()
    pledged, other = site.confirmed(supplier), site.confirmed(supplier)
    loan_id = site.funded(supplier, LENT, pledged.id)
    suspend(site, supplier)
    before = rows(site.ctx.store)
    assert code_of(lambda: site.apply(supplier, LENT, other.id)) == "party_not_active"
    assert rows(site.ctx.store) == before, "refused before anything was begun"
    site.pays(owed(site, loan_id, site.today), f"LOAN {loan_id}")
    assert site.loan(loan_id).row.status == "repaid"
    pledge = the_pledge(site, pledged.id)
    assert pledge.status == "released"
    assert view(site.inst, "Pledges", "pledgeOf", pledge.id)["state"] == RELEASED
    ref = site.pays(FACE, f"RECEIVABLE {pledged.id}")
    assert site.receivable(pledged.id).status == "settled"
    (out,) = site.payouts(ref)
    assert (out.status, out.payload["payee_account"]) == ("done", site.party(supplier.party_id).account)
    assert mismatches(site) == []
    bundle = evidence.bundle(site.ctx, OPERATOR, loan_id, ChainProver(site.inst.node, site.inst.deployment))
    assert site.inst.sandbox is not None
    head, made = "0x" + site.inst.node.head().hash.hex(), site.inst.deployment
    report = verify(bundle, [head], [site.inst.sandbox.public_key], made.contracts, made.code_hashes)
    assert report.ok
    assert (report.failures, report.not_compared) == ((), ())
    resume(site, supplier)
    assert site.offered(supplier, LENT, other.id)


def test_suspend__under_way__shown_and_without_effect_until_final(site: Site) -> None:
    party = site.admit(Role.SUPPLIER)
    made = suspension.suspend(site.ctx, OPERATOR, str(party.party_id), "a tip")
    seen = suspension.standing(site.ctx, OPERATOR, str(party.party_id))
    assert seen.change is not None
    assert (seen.status, seen.change.id, seen.change.status) == ("active", made.id, "signed")
    assert not on_chain(site, party)
    site.run()
    seen = suspension.standing(site.ctx, party, str(party.party_id))
    assert seen.change is not None
    assert (seen.status, seen.change.status, seen.change.reason) == ("suspended", "final", "a tip")
    assert seen.change.final_at is not None
    assert on_chain(site, party)
    assert suspension.standing(site.ctx, site.cast["lender"], str(party.party_id)).change is None


def test_suspended_borrower__with_an_offer__cannot_take_it_but_may_decline_it(site: Site) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    application = site.offered(borrower, LENT, asset.id)
    suspend(site, borrower)
    assert code_of(lambda: applications.accept(site.ctx, borrower, application)) == "party_not_active"
    assert site.application(application).row.status == "offered"
    assert applications.withdraw(site.ctx, borrower, application).status == "withdrawn"
    assert set(site.taken(application)) == {"freed"}


def test_suspended_borrower__with_a_pledge_on_its_way__refused_by_the_chain_and_undone(site: Site) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    application = site.offered(borrower, LENT, asset.id)
    applications.accept(site.ctx, borrower, application)
    suspend(site, borrower)
    ended = site.application(application)
    assert (ended.row.status, ended.progress[-1].detail["code"]) == ("failed", "chain_party_suspended")
    assert set(site.taken(application)) == {"freed"}
    row = site.receivable(asset.id)
    assert (row.reserved, row.pledged) == (0, 0)
    assert instruction.for_loan(str(ended.row.loan_id)) not in site.payments()
    assert mismatches(site) == []


def test_suspended_pledgor__whose_money_never_came__ends_its_pledge(site: Site) -> None:
    borrower = site.borrower()
    asset, application = site.unpaid(borrower, LENT)
    suspend(site, borrower)
    pledge = the_pledge(site, asset.id)
    assert pledge.expires_at is not None
    site.move_to((pledge.expires_at + timedelta(days=1)).date())
    assert act(site, ran(site, enforcement.expire(site.ctx, borrower, pledge.id).id)).status == "final"
    assert the_pledge(site, asset.id).status == "released"
    site.world.resolves(instruction.for_loan(str(site.application(application).row.loan_id)), "refused")
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(minutes=5))
    site.run()
    assert mismatches(site) == []


def ran(site: Site, act_id: str) -> str:
    """The act's id, once all that follows from it has happened."""
    site.run()
    return act_id


# The seller


def issued(site: Site, seller: Actor) -> ReceivableView:
    documents = site.papers(seller)
    made = receivables.issue(site.ctx, seller, site.received(seller, documents), documents["invoice"])
    site.run()
    return made.receivable


def test_suspended_seller__begins_nothing_and_withdraws_what_it_has(site: Site) -> None:
    seller, transferee, core = site.borrower(), site.admit(Role.SUPPLIER), site.cast["core"]
    first, documents, ordered = (site.papers(seller) for _ in range(3))
    confirmed, fresh = site.confirmed(seller, first), issued(site, seller)
    order = site.received(seller, documents)
    posted, _ = orders.post_order(site.ctx, core, ordered["order"], "order.xml")
    site.run()
    suspend(site, seller)
    money = [Money(1_00, CNY), Money(2_00, CNY)]
    assert {
        code_of(attempt)
        for attempt in (
            lambda: receivables.issue(site.ctx, seller, order, documents["invoice"]),
            lambda: orders.acknowledge(site.ctx, seller, posted.id, ordered["response"]),
            lambda: orders.post_order(site.ctx, core, site.papers(seller)["order"], "order.xml"),
            lambda: splits_and_transfers.split(site.ctx, seller, confirmed.id, money),
            lambda: splits_and_transfers.transfer(site.ctx, seller, confirmed.id, str(transferee.party_id)),
        )
    } == {"party_not_active"}
    credited = credit_notes.credit(site.ctx, seller, confirmed.id, first["credit_note"]).act
    assert credited is not None
    exits = [credited, receivables.cancel(site.ctx, seller, fresh.id), orders.cancel(site.ctx, core, posted.id)]
    site.run()
    assert [act(site, each.id).status for each in exits] == ["final"] * 3
    assert site.receivable(fresh.id).status == "cancelled"
    assert site.receivable(confirmed.id).diluted > 0
    assert mismatches(site) == []


# The debtor


@pytest.fixture
def debtor(site: Site, monkeypatch: pytest.MonkeyPatch) -> Actor:
    """A core enterprise of this test's own, with a limit."""
    other = site.admit(Role.CORE)
    site.limit("debtor", other, 9_000_000_00)
    monkeypatch.setitem(site.cast, "core", other)
    return other


def sold(site: Site, seller: Actor) -> dict[str, bytes]:
    return site.papers(seller, buyer=site.companies[str(site.cast["core"].party_id)])


def test_suspended_debtor__nothing_is_lent_on_its_word_and_it_pays(site: Site, debtor: Actor) -> None:
    seller = site.borrower()
    lent, free, offered = (site.confirmed(seller, sold(site, seller)) for _ in range(3))
    loan_id = site.funded(seller, LENT, lent.id)
    taken = site.offered(seller, LENT, offered.id)
    documents = sold(site, seller)
    fresh = receivables.issue(site.ctx, seller, site.received(seller, documents), documents["invoice"]).receivable
    site.run()
    suspend(site, debtor)
    row = site.application(site.apply(seller, LENT, free.id)).row
    assert (row.status, [each["code"] for each in row.refusals]) == ("declined", ["debtor_blocked"])
    assert code_of(lambda: applications.accept(site.ctx, seller, taken)) == "party_not_active"
    assert code_of(lambda: site.confirm(fresh)) == "party_not_active"
    disputes.dispute(site.ctx, debtor, free.id, "never came")
    site.run()
    assert site.receivable(free.id).status == "disputed"
    disputes.resolve_dispute(site.ctx, debtor, free.id)
    site.run()
    assert site.receivable(free.id).status == "confirmed"
    site.pays(FACE, f"RECEIVABLE {lent.id}")
    assert site.loan(loan_id).row.status == "repaid"
    assert site.receivable(lent.id).status == "settled"
    assert mismatches(site) == []


# The keeper and the bank


def test_suspended_keeper__issues_nothing_and_hands_out_and_counts(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = site.admit(Role.KEEPER)
    monkeypatch.setitem(site.cast, "keeper", keeper)
    owner = site.borrower()
    goods, sold_goods = site.goods(owner), site.goods(owner)
    loan_id = site.funded(owner, LENT, sold_goods.id, product="inventory_pledge")
    offered = site.offered(owner, LENT, goods.id, product="inventory_pledge")
    suspend(site, keeper)
    assert code_of(lambda: site.goods(owner)) == "party_not_active"
    assert code_of(lambda: applications.accept(site.ctx, owner, offered)) == "party_not_active"
    applications.withdraw(site.ctx, owner, offered)
    row = site.application(site.apply(owner, LENT, goods.id, product="inventory_pledge")).row
    assert (row.status, [each["code"] for each in row.refusals]) == ("declined", ["keeper_blocked"])
    receipts.recount(site.ctx, keeper, goods.id, Decimal(1), "a sack was wet")
    site.run()
    two_words.order(site.ctx, owner, goods.id, Decimal(10))
    site.run()
    assert (receipt(site, goods.id).missing, receipt(site, goods.id).released) == (1_000, 10_000)
    site.pays(owed(site, loan_id, site.today), f"LOAN {loan_id}")
    assert the_pledge(site, sold_goods.id).status == "released"
    assert mismatches(site) == []


def test_suspended_bank__the_only_one__payoffs_are_attested_all_the_same(site: Site) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    loan_id = site.funded(borrower, LENT, asset.id)
    suspend(site, site.cast["bank"])
    site.pays(FACE, f"RECEIVABLE {asset.id}")
    assert (site.loan(loan_id).row.status, site.receivable(asset.id).status) == ("repaid", "settled")
    resume(site, site.cast["bank"])
    assert mismatches(site) == []


# The operator


def test_suspend__many_at_once__one_act(site: Site) -> None:
    party = site.admit(Role.SUPPLIER)
    attempts = [lambda: suspension.suspend(site.ctx, OPERATOR, str(party.party_id), "now")] * 8
    made, failed = at_once(attempts)
    assert (len(made), failed) == (1, Counter({"change_under_way": 7}))
    site.run()
    assert act(site, made[0].id).status == "final"
    assert code_of(attempts[0]) == "party_already_suspended"
    made, failed = at_once([lambda: suspension.resume(site.ctx, OPERATOR, str(party.party_id), "")] * 8)
    assert (len(made), failed) == (1, Counter({"change_under_way": 7}))
    site.run()
    assert code_of(lambda: suspension.resume(site.ctx, OPERATOR, str(party.party_id), "")) == "party_not_suspended"


def test_suspend__by_the_operators_wallet__known_here(site: Site) -> None:
    party = site.borrower()
    asset = site.confirmed(party)
    wallet(site, "suspend", party=site.party(party.party_id).chain_party)
    seen = suspension.standing(site.ctx, OPERATOR, str(party.party_id))
    assert (seen.status, seen.change) == ("suspended", None)
    assert code_of(lambda: site.apply(party, LENT, asset.id)) == "party_not_active"
    assert mismatches(site) == []
    wallet(site, "resume", party=site.party(party.party_id).chain_party)
    assert site.party(party.party_id).status == "active"
    assert mismatches(site) == []


def test_suspend__overtaken_by_the_operators_wallet__refused_and_said(site: Site) -> None:
    party = site.admit(Role.SUPPLIER)
    made = suspension.suspend(site.ctx, OPERATOR, str(party.party_id), "too late")
    number = site.party(party.party_id).chain_party
    wallet(site, "suspend", party=number)
    done = act(site, made.id)
    assert (done.status, done.error_code) == ("refused", "chain_already_suspended")
    assert site.party(party.party_id).status == "suspended"
    assert suspension.resume(site.ctx, OPERATOR, str(party.party_id), "again").status == "signed"
    site.run()
    assert site.party(party.party_id).status == "active"
