"""Pledged goods are sold: the receivable of the sale takes their place, both or neither, under the same loan."""

from __future__ import annotations

from decimal import Decimal
from math import ceil

import pytest

from chainfin.audit.report import State
from chainfin.audit.verify import verify
from chainfin.chain.prover import ChainProver
from chainfin.connectors.registry import Registration
from chainfin.errors import ChainfinError
from chainfin.services.lending import credit_notes, margin_calls
from chainfin.services.oversight import evidence
from chainfin.services.pledges import release, substitution
from chainfin.services.reactions import signing
from chainfin.values.money import Money
from tests.e2e.ending import mismatches, receipt, releases
from tests.e2e.onchain import rows, view
from tests.e2e.site import FACE, Site
from tests.e2e.site_money import CNY
from tests.e2e.substituting import PART, TON, Deal, journals, offered, pledge_of, seen, sold_goods, untouched


@pytest.fixture
def deal(site: Site) -> Deal:
    return sold_goods(site)


def test_substituted__a_part_of_the_goods__new_pledge_for_the_same_loan_and_the_book_as_before(
    site: Site, deal: Deal
) -> None:
    borrower, loan_id, sold, asset = deal
    booked, dues = journals(site), site.loan(loan_id).loan.dues.total
    pledge_id = offered(site, deal)
    assert (seen(site, pledge_id).status, site.receivable(asset.id).reserved) == ("offered", 0)
    substitution.accept(site.ctx, borrower, pledge_id)
    assert (seen(site, pledge_id).status, site.receivable(asset.id).reserved) == ("registering", PART)
    site.run()
    assert seen(site, pledge_id).status == "done"
    new, old = pledge_of(site, asset.id), pledge_of(site, sold.asset_id)
    assert (new.id, new.loan_id, new.status, new.left, new.drawn) == (pledge_id, loan_id, "active", PART, True)
    assert (old.status, old.left, receipt(site, sold.asset_id).pledged) == ("active", sold.left - TON, sold.left - TON)
    assert new.tx_hash is not None
    assert new.registry_number not in (None, old.registry_number)
    assert view(site.inst, "Pledges", "pledgeOf", pledge_id)["amount"] == PART
    assert (journals(site), site.loan(loan_id).loan.dues.total) == (booked, dues)
    assert {pledge.id for pledge in site.loan(loan_id).pledges} == {old.id, new.id}
    assert site.receivable(asset.id).reserved == 0
    assert mismatches(site) == []
    ref = site.pays(FACE, f"RECEIVABLE {asset.id}")
    assert site.loan(loan_id).loan.dues.total.minor == dues.minor - PART
    assert site.receivable(asset.id).status == "settled"
    assert mismatches(site) == []
    report = verify(evidence.bundle(site.ctx, borrower, loan_id, ChainProver(site.inst.node, site.inst.deployment)))
    assert report.failures == ()
    held = {check.name for check in report.checks if check.state is State.OK}
    assert {"signature of Substitute", "signature of Exchange", f"payment {ref}: on chain"} <= held


def test_substituted__all_of_the_goods__the_old_pledge_ends_and_leaves_the_registry(site: Site, deal: Deal) -> None:
    borrower, loan_id, sold, asset = deal
    substitution.accept(site.ctx, borrower, offered(site, deal, sold.left, FACE))
    site.run()
    assert pledge_of(site, sold.asset_id).status == "released"
    assert [row.status for row in site.struck_out(sold.id)] == ["done"]
    goods = receipt(site, sold.asset_id)
    assert (goods.pledged, goods.released) == (0, 0)
    assert mismatches(site) == []
    ref = site.pays(FACE, f"RECEIVABLE {asset.id}")
    assert site.loan(loan_id).row.status == "repaid"
    (out,) = site.payouts(ref)
    assert out.payload["payee_account"] == site.party(borrower.party_id).account
    assert mismatches(site) == []


def test_payment__while_the_pledge_is_under_way__waits_and_serves_the_loan(site: Site, deal: Deal) -> None:
    borrower, loan_id, _, asset = deal
    before = site.loan(loan_id).loan.dues.total.minor
    substitution.accept(site.ctx, borrower, offered(site, deal))
    ref = site.pays(FACE, f"RECEIVABLE {asset.id}", step=False)
    site.inst.incoming.run_once()
    assert (site.incoming(ref).status, site.incoming(ref).reason) == ("waiting", "pledge_under_way")
    site.run()
    assert site.incoming(ref).status == "applied"
    assert site.loan(loan_id).loan.dues.total.minor == before - PART
    assert mismatches(site) == []


def test_registry__refuses__nothing_has_changed(site: Site, deal: Deal) -> None:
    borrower = deal[0]
    pledge_id = offered(site, deal)
    substitution.accept(site.ctx, borrower, pledge_id)
    today = site.today
    site.inst.partners.registry.register(
        Registration(pledge_id, "X", "Y", "receivable", "ab" * 32, Money(1, CNY), today, today)
    )
    site.run()
    row = seen(site, pledge_id)
    assert (row.status, row.error_code) == ("failed", "registry_entry_conflict")
    untouched(site, deal)
    assert site.loan(deal[1]).row.status == "active", "the loan has nothing to do with it"


def test_chain__refuses__nothing_has_changed_and_the_entry_is_struck_out(site: Site, deal: Deal) -> None:
    borrower, loan_id, sold, asset = deal
    pledge_id = offered(site, deal, sold.left, FACE)
    releases(site, site.cast["lender"], sold, 1)
    with pytest.raises(ChainfinError) as refused:
        substitution.accept(site.ctx, borrower, pledge_id)
    assert refused.value.code == "exceeds_pledged", "judged again on what is there by now"
    pledge_id = offered(site, deal, sold.left - 1, FACE)
    substitution.accept(site.ctx, borrower, pledge_id)
    with pytest.raises(ChainfinError) as refused:
        release.release_by_lender(site.ctx, site.cast["lender"], sold.id, "0.001")
    assert refused.value.code == "exceeds_pledged", "all of it is promised"
    releases(site, site.cast["lender"], sold, 1)
    row = seen(site, pledge_id)
    assert (row.status, row.error_code) == ("failed", "chain_exceeds_pledge")
    assert [each.status for each in site.struck_out(pledge_id)] == ["done"]
    assert site.receivable(asset.id).reserved == 0
    assert site.loan(loan_id).row.status == "active"
    assert mismatches(site) == []


def test_loan__repaid_before_the_registry_answers__nothing_is_pledged(site: Site, deal: Deal) -> None:
    borrower, loan_id, _, asset = deal
    pledge_id = offered(site, deal)
    substitution.accept(site.ctx, borrower, pledge_id)
    site.pays(site.loan(loan_id).loan.dues.total.minor, f"LOAN {loan_id}", step=False)
    site.inst.incoming.run_once()
    site.run()
    row = seen(site, pledge_id)
    assert (row.status, row.error_code) == ("failed", "loan_not_payable")
    assert (site.receivable(asset.id).pledged, site.receivable(asset.id).reserved) == (0, 0)
    assert mismatches(site) == []


def test_loan__repaid_while_both_signatures_are_on_their_way__the_new_pledge_is_given_up(
    site: Site, deal: Deal
) -> None:
    borrower, loan_id, sold, asset = deal
    pledge_id = offered(site, deal)
    substitution.accept(site.ctx, borrower, pledge_id)
    site.inst.worker.run_once()
    assert seen(site, pledge_id).status == "pledging"
    site.pays(site.loan(loan_id).loan.dues.total.minor, f"LOAN {loan_id}", step=False)
    site.inst.incoming.run_once()
    site.run()
    assert site.loan(loan_id).row.status == "repaid"
    assert seen(site, pledge_id).status == "done"
    assert {pledge_of(site, asset.id).status, pledge_of(site, sold.asset_id).status} == {"released"}
    assert (site.receivable(asset.id).pledged, receipt(site, sold.asset_id).pledged) == (0, 0)
    assert mismatches(site) == []


def test_goods__on_their_way_out__neither_replaced_nor_bought_a_second_time(site: Site, deal: Deal) -> None:
    borrower, _, sold, _ = deal
    core = site.cast["core"]
    site.undertake(sold, agreed=borrower)
    pledge_id = offered(site, deal, sold.left, FACE - 70_00)
    second = offered(site, deal, 1000, 70_00)
    substitution.accept(site.ctx, borrower, pledge_id)
    with pytest.raises(ChainfinError) as refused:
        substitution.accept(site.ctx, borrower, second)
    assert refused.value.code == "exceeds_pledged"
    ref = site.pays(70_000_00, f"BUYBACK {sold.id}", payer=site.party(core.party_id).account)
    assert site.incoming(ref).reason == "buy_back_not_undertaken"
    assert seen(site, pledge_id).status == "done"
    assert mismatches(site) == []


def test_grant__signed_as_any_other_act_or_twice__refused(site: Site, deal: Deal) -> None:
    borrower = deal[0]
    pledge_id = offered(site, deal)
    act = substitution.get(site.ctx, borrower, pledge_id).act
    assert act is not None
    with pytest.raises(ChainfinError) as refused:
        signing.sign(site.ctx, borrower, act.id, "0x" + "11" * 65)
    assert refused.value.code == "act_not_awaiting", "a grant is a decision of its own"
    taken = substitution.accept(site.ctx, borrower, pledge_id)
    assert taken.act is not None
    before = rows(site.ctx.store)
    for signature, code in ((taken.act.signature, "signature_replayed"), (None, "substitution_not_offered")):
        with pytest.raises(ChainfinError) as refused:
            substitution.accept(site.ctx, borrower, pledge_id, signature)
        assert refused.value.code == code
    assert rows(site.ctx.store) == before
    site.run()
    assert mismatches(site) == []


def test_substitution__read__by_its_parties_alone(site: Site, deal: Deal) -> None:
    borrower, lender = deal[0], site.cast["lender"]
    pledge_id = offered(site, deal)
    assert substitution.get(site.ctx, lender, pledge_id).act is None, "what the pledgor signs is its own"
    assert pledge_id in [each.pledge_id for each in substitution.list_(site.ctx, borrower)]
    for stranger in (site.cast["core"], site.cast["keeper"]):
        with pytest.raises(ChainfinError) as refused:
            substitution.get(site.ctx, stranger, pledge_id)
        assert refused.value.code == "substitution_unknown"
        assert substitution.list_(site.ctx, stranger) == []
        with pytest.raises(ChainfinError) as refused:
            substitution.accept(site.ctx, stranger, pledge_id)
        assert refused.value.code == "substitution_unknown"
    with pytest.raises(ChainfinError) as refused:
        substitution.accept(site.ctx, lender, pledge_id)
    assert refused.value.code == "not_pledgor"


def test_margin_call__on_one_of_two_securities__counts_the_other(site: Site) -> None:
    """More is owed than the receivable covers, but the loan is still on most of its goods: nothing is called."""
    borrower = site.borrower()
    goods = site.goods(borrower)
    loan_id = site.funded(borrower, 800_000_00, goods.id, product="inventory_pledge", days=90)
    documents = site.papers(borrower)
    asset = site.confirmed(borrower, documents)
    deal = (borrower, loan_id, pledge_of(site, goods.id), asset)
    substitution.accept(site.ctx, borrower, offered(site, deal, TON, FACE))
    site.run()
    assert credit_notes.credit(site.ctx, borrower, asset.id, documents["credit_note"]).top_up.minor == 0
    assert margin_calls.of_loan(site.ctx, borrower, loan_id).calls == []


def test_repaid_in_part__after_a_substitution__the_receivable_carries_its_part(site: Site, deal: Deal) -> None:
    """More of the goods goes than without it, and what stays covers the rest at the rate of the loan."""
    borrower, loan_id, sold, asset = deal
    substitution.accept(site.ctx, borrower, offered(site, deal))
    site.run()
    site.pays(100_000_00, f"LOAN {loan_id}")
    left = pledge_of(site, sold.asset_id).left
    rate, price = Decimal("0.7"), 70
    owed = site.loan(loan_id).loan.dues.total.minor - int(pledge_of(site, asset.id).left * rate)
    assert left == ceil(owed * 1000 / (price * 100 * rate))
    assert mismatches(site) == []


def paid_to_the_holder(site: Site, deal: Deal) -> str:
    """The debtor pays the whole receivable to its holder, and nothing has reached the chain."""
    borrower, _, _, asset = deal
    ref = site.pays(FACE, asset.reference, account=site.party(borrower.party_id).account, step=False)
    site.inst.incoming.run_once()
    return ref


def test_receivable__paid_before_it_is_granted__refused(site: Site, deal: Deal) -> None:
    pledge_id = offered(site, deal)
    paid_to_the_holder(site, deal)
    with pytest.raises(ChainfinError) as refused:
        substitution.accept(site.ctx, deal[0], pledge_id)
    assert refused.value.code == "payment_under_way"
    with pytest.raises(ChainfinError) as again:
        offered(site, deal)
    assert again.value.code == "payment_under_way"
    site.run()
    assert site.receivable(deal[3].id).status == "settled"
    assert mismatches(site) == []


def test_receivable__paid_to_the_holder_after_it_was_granted__the_goods_stay_pledged(site: Site, deal: Deal) -> None:
    pledge_id = offered(site, deal)
    substitution.accept(site.ctx, deal[0], pledge_id)
    ref = paid_to_the_holder(site, deal)
    assert site.incoming(ref).status == "waiting"
    site.run()
    assert seen(site, pledge_id).status == "failed"
    assert (site.receivable(deal[3].id).status, site.incoming(ref).status) == ("settled", "applied")
    assert receipt(site, deal[2].asset_id).pledged == deal[2].left
    assert mismatches(site) == []
