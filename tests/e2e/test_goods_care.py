"""Inspections that are due, insurance that ends, losses that a keeper reports: nothing is lent, nothing released."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from chainfin.services.goods import care, receipts
from chainfin.services.kernel import custody
from chainfin.services.lending import applications, margin_calls
from chainfin.services.pledges import release, top_ups
from chainfin.services.reads import goods_care
from tests.e2e.asked_acts import HELD, asked, sign
from tests.e2e.ending import mismatches, pledges_on
from tests.e2e.site import Site
from tests.e2e.test_realisation import LENT, code_of

GOODS = {"product": "inventory_pledge", "days": 60}


def insured(site: Site, receipt_id: str, days: int) -> None:
    care.insure(
        site.ctx,
        site.cast["keeper"],
        receipt_id,
        number="POL-1",
        insurer="an insurer (invented)",
        starts_on=site.today,
        ends_on=site.today + timedelta(days=days),
    )


def inspected(site: Site, receipt_id: str, days: int) -> None:
    next_by = site.today + timedelta(days=days)
    care.inspect(
        site.ctx, site.cast["keeper"], receipt_id, made_on=site.today, next_by=next_by, report="all there (invented)"
    )


def declined(site: Site, application: str) -> list[object]:
    site.run()
    row = site.application(application).row
    assert row.status == "declined", row.status
    return [refusal["code"] for refusal in row.refusals]


def against(site: Site, receipt_id: str) -> str | None:
    found = goods_care.of_receipt(site.ctx, site.cast["keeper"], receipt_id).against
    return None if found is None else found.code


def test_insurance__ending_before_the_loan_is_due__nothing_is_lent_until_it_is_renewed(site: Site) -> None:
    borrower = site.borrower()
    goods = site.goods(borrower)
    insured(site, goods.id, 59)
    assert declined(site, site.apply(borrower, LENT, goods.id, **GOODS)) == ["insurance_ends"]
    insured(site, goods.id, 60)
    loan_id = site.funded(borrower, LENT, goods.id, **GOODS)
    assert site.loan(loan_id).row.status == "active"


def test_insurance__replaced_by_a_shorter_one_after_the_offer__isnt_paid_out_on(site: Site) -> None:
    borrower = site.borrower()
    goods = site.goods(borrower)
    application = site.offered(borrower, LENT, goods.id, **GOODS)
    insured(site, goods.id, 10)
    assert code_of(applications.accept, site.ctx, borrower, application) == "insurance_ends"


@pytest.mark.parametrize("why", ["inspection_overdue", "insurance_ends"])
def test_release__of_goods_not_cared_for__waits_until_they_are_and_then_goes(site: Site, why: str) -> None:
    borrower = site.borrower()
    goods = site.goods(borrower)
    inspected(site, goods.id, 5)
    loan_id = site.funded(borrower, LENT, goods.id, **GOODS)
    (pledge,) = pledges_on(site, goods.id)
    if why == "inspection_overdue":
        site.move_to(site.today + timedelta(days=6))
    else:
        insured(site, goods.id, 20)
    site.price(70_00)
    assert against(site, goods.id) == ("inspection_overdue" if why == "inspection_overdue" else None), "shown"
    site.pays(LENT // 2, f"LOAN {loan_id}")
    assert pledges_on(site, goods.id)[0].released == 0
    assert code_of(release.release_by_lender, site.ctx, site.cast["lender"], pledge.id, "1") == why
    if why == "inspection_overdue":
        more = (site.ctx, borrower, loan_id)
        with pytest.raises(Exception, match=why):
            top_ups.pledge_more(*more, receipt_id=goods.id, quantity=Decimal(1))
        assert declined(site, site.apply(borrower, 10_000_00, goods.id, **GOODS)) == [why]
        inspected(site, goods.id, 90)
    else:
        insured(site, goods.id, 80)
    site.run()
    assert pledges_on(site, goods.id)[0].released > 0, "asked for once it may go"
    assert mismatches(site) == []


def test_release__loan_over__goods_go_whatever_is_due(site: Site) -> None:
    borrower = site.borrower()
    goods = site.goods(borrower)
    inspected(site, goods.id, 5)
    loan_id = site.funded(borrower, LENT, goods.id, **GOODS)
    site.move_to(site.today + timedelta(days=6))
    site.pays(site.settles(loan_id), f"LOAN {loan_id}")
    assert pledges_on(site, goods.id)[0].status == "released"


def test_loss__reported__nothing_is_lent_at_once_and_the_loan_is_called_as_it_is_final(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    borrower, keeper = site.borrower(), site.cast["keeper"]
    goods = site.goods(borrower)
    loan_id = site.funded(borrower, LENT, goods.id, **GOODS)
    (pledge,) = pledges_on(site, goods.id)
    address = site.party(keeper.party_id).address
    with monkeypatch.context() as patch:
        patch.setattr(custody, "signer_of", lambda s, c, a: None if a == address else HELD(s, c, a))
        lost = Decimal(20_000_000 - pledge.amount // 2).scaleb(-3)
        receipts.recount(site.ctx, keeper, goods.id, lost, "burnt (invented)")
        assert against(site, goods.id) == "count_under_way"
        assert declined(site, site.apply(borrower, 10_000_00, goods.id, **GOODS)) == ["count_under_way"]
    (act,) = asked(site, goods.id, "recount")
    sign(site, act)
    site.run()
    assert against(site, goods.id) is None
    assert pledges_on(site, goods.id)[0].lost > 0
    calls = margin_calls.of_loan(site.ctx, borrower, loan_id).calls
    assert [call.status for call in calls] == ["escalated"], "half of the goods are gone: above the sell rate at once"


def test_care__what_cannot_be__refused(site: Site) -> None:
    borrower = site.borrower()
    goods = site.goods(borrower)
    day = timedelta(days=1)
    keeper, today = site.cast["keeper"], site.today
    for made_on, next_by in ((today + day, today + 2 * day), (today, today), (today, today + 93 * day)):
        with pytest.raises(Exception, match="inspection_day_wrong"):
            care.inspect(site.ctx, keeper, goods.id, made_on=made_on, next_by=next_by, report="x")
    with pytest.raises(Exception, match="insurance_days_wrong"):
        insured(site, goods.id, -1)
    with pytest.raises(Exception, match="role_missing"):
        care.inspect(site.ctx, borrower, goods.id, made_on=today, next_by=today + day, report="x")
    assert code_of(goods_care.of_receipt, site.ctx, site.borrower(), goods.id) == "warehouse_receipt_unknown"
