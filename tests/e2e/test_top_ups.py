"""A borrower adds goods to what is pledged for its loan: the call is met, or all is undone."""

from __future__ import annotations

from decimal import Decimal

import pytest

from chainfin.audit.report import State as Checked
from chainfin.connectors.registry import Registration
from chainfin.errors import Conflict, NotFound, Refused
from chainfin.rules import inventory
from chainfin.services.goods import receipts
from chainfin.services.kernel import custody
from chainfin.services.pledges import top_ups
from chainfin.services.reads import queries
from chainfin.services.views.acts import ActView
from chainfin.services.views.pledges import PledgeView
from chainfin.values.money import BasisPoints, Money
from tests import cast
from tests.e2e.asked_acts import a_day_later, asked, sign
from tests.e2e.ending import mismatches
from tests.e2e.margin_deal import CALLED, LENT, Deal, on_copper
from tests.e2e.onchain import view
from tests.e2e.secured import bundle, checked, names
from tests.e2e.site import Site
from tests.e2e.site_money import CNY


@pytest.fixture
def deal(site: Site) -> Deal:
    return on_copper(site)


def brought(deal: Deal, receipt_id: str, thousandths: int) -> ActView:
    quantity = Decimal(thousandths).scaleb(-3)
    act = top_ups.pledge_more(deal.site.ctx, deal.owner, deal.loan_id, receipt_id=receipt_id, quantity=quantity)
    deal.site.run()
    return act


def added(deal: Deal, act: ActView) -> PledgeView:
    return next(pledge for pledge in deal.site.loan(deal.loan_id).pledges if pledge.id == act.subject)


@pytest.mark.parametrize("of_the_same_receipt", [True, False])
def test_top_up__of_what_was_called__meets_the_call(deal: Deal, of_the_same_receipt: bool) -> None:
    site = deal.site
    receipt_id = deal.goods_id if of_the_same_receipt else site.goods(deal.owner).id
    deal.price(CALLED)
    assert deal.call.quantity is not None
    brought(deal, receipt_id, deal.call.quantity // 2)
    assert deal.call.status == "open"
    act = brought(deal, receipt_id, deal.call.quantity - deal.call.quantity // 2)
    assert deal.call.status == "cured"
    assert deal.call.left is None, "nothing was paid, and nothing is left"
    pledge = added(deal, act)
    assert (pledge.status, pledge.drawn, pledge.expires_at) == ("active", True, None)
    chain = view(site.inst, "Pledges", "pledgeOf", pledge.id)
    assert (chain["amount"], chain["drawn"]) == (pledge.amount, True)
    deal.price(CALLED)
    assert [call.status for call in deal.calls] == ["cured"], "it counts from now on"
    report = checked(site, bundle(site, deal.loan_id))
    assert names(report, Checked.FAILED) == set()
    deal.pays(site.loan(deal.loan_id).loan.dues.total.minor)
    assert {pledge.status for pledge in site.loan(deal.loan_id).pledges} == {"released"}
    assert queries.warehouse_receipt(site.ctx, deal.owner, receipt_id).pledged == 0
    assert mismatches(site) == []


def test_top_up__of_the_same_receipt__what_is_repaid_frees_goods_once(deal: Deal) -> None:
    site = deal.site
    brought(deal, deal.goods_id, 1_000_000)
    deal.pays(LENT // 2)
    site.run()
    left = sum(pledge.left for pledge in site.loan(deal.loan_id).pledges)
    owed = site.loan(deal.loan_id).loan.dues.total
    needed = inventory.quantity_to_cover(owed, inventory.UnitPrice(Decimal(70), CNY), BasisPoints(7000))
    assert needed <= left <= needed + 2
    assert mismatches(site) == []


def test_top_up__unsigned_for_a_day__goods_free_and_the_call_open(deal: Deal, monkeypatch: pytest.MonkeyPatch) -> None:
    site = deal.site
    deal.price(CALLED)
    with monkeypatch.context() as patch:
        patch.setattr(custody, "signer_of", lambda *_: None)
        act = brought(deal, deal.goods_id, 1_000_000)
        assert act.status == "awaiting_signature"
        a_day_later(site)
    assert (added(deal, act).status, deal.call.status) == ("failed", "open")
    receipt = queries.warehouse_receipt(site.ctx, deal.owner, deal.goods_id)
    brought(deal, deal.goods_id, receipt.issued - receipt.pledged)
    assert deal.call.status == "cured"
    assert mismatches(site) == []


def test_top_up__lender_does_not_sign__struck_out_and_undone(deal: Deal, monkeypatch: pytest.MonkeyPatch) -> None:
    site = deal.site
    deal.price(CALLED)
    with monkeypatch.context() as patch:
        patch.setattr(custody, "signer_of", lambda *_: None)
        act = brought(deal, deal.goods_id, 1_000_000)
        sign(site, act)
        site.run()
        assert len(asked(site, act.subject, "pledge")) == 1
        with pytest.raises(Conflict) as again:
            sign(site, act)
        assert again.value.code == "signature_replayed"
        a_day_later(site)
    pledge = added(deal, act)
    assert (pledge.status, len(site.struck_out(pledge.id))) == ("failed", 1)
    assert (site.loan(deal.loan_id).row.status, deal.call.status) == ("active", "open")
    assert mismatches(site) == []


@pytest.mark.parametrize(
    "goods",
    [{"commodity": "copper-scrap"}, {"insured": "false"}, {"best_before": "2027-01-01"}],
)
def test_top_up__of_other_goods__refused(deal: Deal, goods: dict[str, str]) -> None:
    site = deal.site
    made, _ = receipts.issue(
        site.ctx, site.cast["keeper"], number=f"WR-{next(site.numbers)}", 
        lot=cast.lot(str(next(site.numbers))), owner_id=str(deal.owner.party_id),
        goods={"commodity": "copper-cathode", "commodity_class": "standard", "insured": "true", **goods},
        unit="KGM", quantity=Decimal(10),
    )  # fmt: skip
    site.run()
    with pytest.raises(Refused) as refused:
        top_ups.pledge_more(site.ctx, deal.owner, deal.loan_id, receipt_id=made.id, quantity=Decimal(10))
    assert refused.value.code == "goods_differ"


def test_top_up__of_what_isnt_free__refused(deal: Deal) -> None:
    site, other = deal.site, deal.site.goods(deal.owner, 10)

    def more(kilograms: int) -> ActView:
        return top_ups.pledge_more(site.ctx, deal.owner, deal.loan_id, receipt_id=other.id, quantity=Decimal(kilograms))

    with pytest.raises(Refused) as refused:
        more(11)
    assert refused.value.code == "exceeds_free"
    more(5)
    with pytest.raises(Refused) as refused:
        more(6)
    assert refused.value.code == "asset_not_free"


def test_top_up__registry_refuses__undone_and_the_loan_runs_on(deal: Deal) -> None:
    site, today = deal.site, deal.site.today
    act = top_ups.pledge_more(site.ctx, deal.owner, deal.loan_id, receipt_id=deal.goods_id, quantity=Decimal(1000))
    # somebody filed this pledge's reference with other content before
    site.inst.partners.registry.register(
        Registration(act.subject, "X", "Y", "warehouse_receipt", "ab" * 32, Money(1, CNY), today, today)
    )
    site.run()
    assert (added(deal, act).status, site.loan(deal.loan_id).row.status) == ("failed", "active")
    assert added(deal, brought(deal, deal.goods_id, 1_000_000)).status == "active"
    assert mismatches(site) == []


def test_top_up__not_ones_own_or_of_another_loan__refused(deal: Deal) -> None:
    site = deal.site
    for actor, receipt_id, code in (
        (deal.lender, deal.goods_id, "loan_unknown"),
        (deal.owner, site.goods(site.borrower()).id, "warehouse_receipt_unknown"),
    ):
        with pytest.raises(NotFound) as unknown:
            top_ups.pledge_more(site.ctx, actor, deal.loan_id, receipt_id=receipt_id, quantity=Decimal(1))
        assert unknown.value.code == code
    receivable = site.funded(deal.owner, 10_000_00, site.confirmed(deal.owner).id)
    with pytest.raises(Refused) as refused:
        top_ups.pledge_more(site.ctx, deal.owner, receivable, receipt_id=deal.goods_id, quantity=Decimal(1))
    assert refused.value.code == "loan_not_on_goods"
    deal.pays(site.loan(deal.loan_id).loan.dues.total.minor)
    with pytest.raises(Refused) as refused:
        top_ups.pledge_more(site.ctx, deal.owner, deal.loan_id, receipt_id=deal.goods_id, quantity=Decimal(1))
    assert refused.value.code == "loan_not_running"
