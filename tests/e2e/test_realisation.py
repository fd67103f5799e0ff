"""Goods that a lender took on default: sold at value, their price serves the loan, and the rest is the pledgor's."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from chainfin.audit.verify import verify
from chainfin.chain.prover import ChainProver
from chainfin.errors import ChainfinError
from chainfin.services.goods import receipts, two_words
from chainfin.services.kernel import custody
from chainfin.services.kernel.context import OPERATOR, Actor
from chainfin.services.lending import end_of_day
from chainfin.services.oversight import evidence
from chainfin.services.pledges import enforcement, realisation
from chainfin.services.views.goods import WarehouseReceiptView
from chainfin.services.views.pledges import TakenSaleView
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.values.money import Money
from tests.e2e.asked_acts import a_day_later, asked, sign
from tests.e2e.ending import mismatches, pledges_on, receipt, receipts_out_of
from tests.e2e.site import Site
from tests.e2e.site_money import CNY

LENT = 500_000_00
PRICE = 70_00
"""Of a kilogram of copper, in fen."""
BUYER = "6228-metal-dealer"

Taken = tuple[Actor, str, PledgeRow]


@pytest.fixture
def taken(site: Site) -> Taken:
    """A borrower, its late loan on goods, and the pledge, whose goods the lender has taken."""
    borrower = site.borrower()
    goods = site.goods(borrower)
    loan_id = site.funded(borrower, LENT, goods.id, product="inventory_pledge")
    site.fall_due(site.loan(loan_id).row.maturity)
    end_of_day.run(site.ctx, OPERATOR, site.today)
    site.price(PRICE)
    (pledge,) = pledges_on(site, goods.id)
    enforcement.enforce(site.ctx, site.cast["lender"], pledge.id)
    site.run()
    (after,) = pledges_on(site, goods.id)
    assert after.status == "enforced"
    return borrower, loan_id, after


def sold(site: Site, pledge: PledgeRow, quantity: int, amount: int, payer: str = BUYER) -> TakenSaleView:
    text = str(Decimal(quantity).scaleb(-3))
    return realisation.sell(
        site.ctx, site.cast["lender"], pledge.id, text, Money(amount, CNY), payer, "sold to a metal dealer (invented)"
    )


def worth(quantity: int) -> int:
    return quantity * PRICE // 1000


def own_receipt(site: Site, pledge: PledgeRow) -> WarehouseReceiptView:
    (child,) = receipts_out_of(site, pledge.asset_id)
    return receipts.view(child)


def code_of(call: object, *args: object) -> str:
    assert callable(call)
    with pytest.raises(ChainfinError) as refused:
        call(*args)
    return refused.value.code


def test_taken__neither_taken_out_nor_passed_on_before_it_is_sold(site: Site, taken: Taken) -> None:
    borrower, _, pledge = taken
    lender, child = site.cast["lender"], own_receipt(site, pledge)
    assert (child.owner_id, child.reserved) == (lender.party_id, child.issued)
    assert code_of(two_words.order, site.ctx, lender, child.id, Decimal(1)) == "taken_not_sold"
    assert code_of(receipts.transfer, site.ctx, lender, child.id, borrower.party_id) == "taken_not_sold"
    assert mismatches(site) == []


def test_sold__for_more_than_is_owed__rest_to_the_pledgor_and_goods_may_leave(site: Site, taken: Taken) -> None:
    borrower, loan_id, pledge = taken
    owed, all_ = site.settles(loan_id), own_receipt(site, pledge).issued
    assert worth(all_) > owed
    sale = sold(site, pledge, all_, worth(all_))
    ref = site.pays(worth(all_), f"BUYBACK {pledge.id}", payer=BUYER)
    assert site.incoming(ref).status == "applied"
    assert site.loan(loan_id).row.status == "repaid"
    (out,) = site.payouts(ref)
    account = site.party(borrower.party_id).account
    assert (out.payload["payee_account"], out.payload["amount"]) == (account, str(Money(worth(all_) - owed, CNY)))
    (seen,) = realisation.of_pledge(site.ctx, borrower, pledge.id)
    assert (seen.id, seen.status, seen.agreed) == (sale.id, "paid", False)
    two_words.order(site.ctx, site.cast["lender"], own_receipt(site, pledge).id, Decimal(all_).scaleb(-3))
    site.run()
    assert own_receipt(site, pledge).released == all_
    prover = ChainProver(site.inst.node, site.inst.deployment)
    assert verify(evidence.bundle(site.ctx, borrower, loan_id, prover)).failures == ()
    assert mismatches(site) == []


def test_sold__a_part_settles_the_loan__the_unsold_rest_goes_back(site: Site, taken: Taken) -> None:
    borrower, loan_id, pledge = taken
    owed, child = site.settles(loan_id), own_receipt(site, pledge)
    part = -(-owed * 1000 // PRICE)
    assert part < child.issued
    sold(site, pledge, part, worth(part) + 1)
    site.pays(worth(part) + 1, f"BUYBACK {pledge.id}", payer=BUYER)
    assert site.loan(loan_id).row.status == "repaid"
    assert own_receipt(site, pledge).owner_id == site.cast["lender"].party_id, "the buyer's goods are still there"
    lender = site.cast["lender"]
    over = Decimal(part + 1).scaleb(-3)
    assert code_of(two_words.order, site.ctx, lender, child.id, over) == "taken_not_sold"
    two_words.order(site.ctx, lender, child.id, Decimal(part).scaleb(-3))
    site.run()
    after = own_receipt(site, pledge)
    assert (after.owner_id, after.free, after.reserved) == (borrower.party_id, child.issued - part, 0)
    assert mismatches(site) == []


def test_repaid__before_anything_is_sold__all_goes_back_also_if_the_lender_signs_late(
    site: Site, taken: Taken, monkeypatch: pytest.MonkeyPatch
) -> None:
    borrower, loan_id, pledge = taken
    child = own_receipt(site, pledge)
    with monkeypatch.context() as patch:
        patch.setattr(custody, "signer_of", lambda *_: None)
        site.pays(site.settles(loan_id), f"LOAN {loan_id}")
        a_day_later(site)
        first, again = asked(site, child.id, "transfer")
        assert (first.status, again.status) == ("expired", "awaiting_signature")
        sign(site, again)
    site.run()
    after = own_receipt(site, pledge)
    assert (after.owner_id, after.free, after.reserved) == (borrower.party_id, child.issued, 0)
    assert code_of(sold, site, pledge, 1000, PRICE) == "loan_over"
    assert mismatches(site) == []


def test_taken__counted_away_and_found_again__still_promised(site: Site, taken: Taken) -> None:
    _, _, pledge = taken
    keeper, lender, child = site.cast["keeper"], site.cast["lender"], own_receipt(site, pledge)
    whole = Decimal(child.issued).scaleb(-3)
    receipts.recount(site.ctx, keeper, child.id, whole, "not there")
    site.run()
    assert own_receipt(site, pledge).reserved == 0
    two_words.find(site.ctx, keeper, child.id, whole, "there after all")
    site.run()
    after = own_receipt(site, pledge)
    assert (after.free, after.reserved) == (child.issued, child.issued)
    assert code_of(receipts.transfer, site.ctx, lender, child.id, site.cast["core"].party_id) == "taken_not_sold"
    assert mismatches(site) == []


def test_repaid__with_a_sale_still_open__it_can_be_paid_no_more_and_all_goes_back(site: Site, taken: Taken) -> None:
    borrower, loan_id, pledge = taken
    sold(site, pledge, 16_000, worth(16_000))
    site.pays(worth(16_000), f"BUYBACK {pledge.id}", payer=BUYER)
    two_words.order(site.ctx, site.cast["lender"], own_receipt(site, pledge).id, Decimal(16))
    site.run()
    sold(site, pledge, 1, 1, payer="6228-nobody")
    sold(site, pledge, 1_000_000, worth(1_000_000))
    site.pays(site.settles(loan_id), f"LOAN {loan_id}")
    after = own_receipt(site, pledge)
    assert (after.owner_id, after.reserved) == (borrower.party_id, 0)
    ref = site.pays(worth(1_000_000), f"BUYBACK {pledge.id}", payer=BUYER)
    assert (site.incoming(ref).status, site.incoming(ref).reason) == ("refunded", "sale_unknown")
    assert mismatches(site) == []


def test_sold__more_than_a_count_has_left__the_buyers_money_goes_back(site: Site, taken: Taken) -> None:
    _, loan_id, pledge = taken
    child, owed = own_receipt(site, pledge), site.settles(loan_id)
    sold(site, pledge, child.issued, worth(child.issued))
    receipts.recount(site.ctx, site.cast["keeper"], child.id, Decimal(1), "one short")
    site.run()
    ref = site.pays(worth(child.issued), f"BUYBACK {pledge.id}", payer=BUYER)
    assert (site.incoming(ref).status, site.incoming(ref).reason) == ("refunded", "sale_unknown")
    assert site.settles(loan_id) == owed
    assert mismatches(site) == []


@pytest.mark.parametrize(
    ("payer", "least"), [(BUYER, 7), ("the lender", 10)], ids=["to another, seven tenths", "to itself, the day's value"]
)
def test_sold__below_its_floor__takes_the_pledgors_agreement(site: Site, taken: Taken, payer: str, least: int) -> None:
    borrower, loan_id, pledge = taken
    account = payer if payer == BUYER else str(site.party(site.cast["lender"].party_id).account)
    floor, owed = worth(1_000_000) * least // 10, site.settles(loan_id)
    cheap = sold(site, pledge, 1_000_000, floor - 1, account)
    assert (cheap.least, cheap.agreed) == (floor, False)
    ref = site.pays(floor - 1, f"BUYBACK {pledge.id}", payer=account)
    assert (site.incoming(ref).status, site.incoming(ref).reason) == ("refunded", "sale_not_agreed")
    assert site.settles(loan_id) == owed
    realisation.agree(site.ctx, borrower, cheap.id)
    site.pays(floor - 1, f"BUYBACK {pledge.id}", payer=account)
    assert site.settles(loan_id) == owed - floor + 1
    dear = sold(site, pledge, 1_000_000, floor, account)
    site.pays(floor, f"BUYBACK {pledge.id}", payer=account)
    assert site.settles(loan_id) == owed - 2 * floor + 1
    assert [seen.status for seen in realisation.of_pledge(site.ctx, borrower, pledge.id)] == ["paid", "paid"]
    assert dear.least == floor
    assert mismatches(site) == []


def test_sold__price_marked_down_first_or_none_of_this_week__counts_for_nothing(site: Site, taken: Taken) -> None:
    _, _, pledge = taken
    site.price(PRICE // 2)
    assert sold(site, pledge, 1_000_000, 1_00).least == worth(1_000_000) * 7 // 10
    site.move_to(site.today + timedelta(days=8))
    assert sold(site, pledge, 1_000_000, 1_00).least is None


def test_payment__of_another_amount_or_payer_or_for_a_sale_withdrawn__goes_back(site: Site, taken: Taken) -> None:
    _, loan_id, pledge = taken
    owed, sale = site.settles(loan_id), sold(site, pledge, 1_000_000, worth(1_000_000))
    refs = [site.pays(worth(1_000_000) - 1, f"BUYBACK {pledge.id}", payer=BUYER)]
    refs.append(site.pays(worth(1_000_000), f"BUYBACK {pledge.id}", payer="6228-somebody-else"))
    realisation.withdraw(site.ctx, site.cast["lender"], sale.id)
    refs.append(site.pays(worth(1_000_000), f"BUYBACK {pledge.id}", payer=BUYER))
    assert {(site.incoming(ref).status, site.incoming(ref).reason) for ref in refs} == {("refunded", "sale_unknown")}
    assert site.settles(loan_id) == owed
    assert code_of(realisation.withdraw, site.ctx, site.cast["lender"], sale.id) == "sale_ended"


def test_sale__what_cannot_be__refused(site: Site, taken: Taken) -> None:
    borrower, _, pledge = taken
    lender, one = site.cast["lender"], Money(70_00, CNY)
    all_ = Decimal(own_receipt(site, pledge).issued).scaleb(-3)
    cases = [
        (borrower, pledge.id, "1", one, "not_lender"),
        (site.cast["core"], pledge.id, "1", one, "pledge_unknown"),
        (lender, pledge.id, str(all_ + 1), one, "exceeds_unsold"),
        (lender, pledge.id, "1", Money(70_00, "USD"), "currency_mismatch"),
        (lender, pledge.id, "0.0001", one, "quantity_too_precise"),
    ]
    for actor, pledge_id, quantity, amount, code in cases:
        assert code_of(realisation.sell, site.ctx, actor, pledge_id, quantity, amount, BUYER, "sold") == code
    sale = sold(site, pledge, 1_000_000, worth(1_000_000))
    assert code_of(realisation.agree, site.ctx, lender, sale.id) == "not_pledgor"
    assert code_of(realisation.withdraw, site.ctx, borrower, sale.id) == "not_lender"
    assert code_of(realisation.agree, site.ctx, site.cast["core"], sale.id) == "sale_unknown"
    other = site.borrower()
    loan_id = site.funded(other, LENT, site.goods(other).id, product="inventory_pledge")
    (running,) = site.loan(loan_id).pledges
    assert code_of(realisation.sell, site.ctx, lender, running.id, "1", one, BUYER, "sold") == "pledge_not_taken"
    assert receipt(site, str(running.asset_id)).reserved == 0


def test_sold__price_rises_before_the_buyer_pays__takes_the_pledgors_agreement(site: Site, taken: Taken) -> None:
    borrower, loan_id, pledge = taken
    owed, named = site.settles(loan_id), worth(1_000_000) * 7 // 10
    sale = sold(site, pledge, 1_000_000, named)
    site.price(PRICE * 2)
    ref = site.pays(named, f"BUYBACK {pledge.id}", payer=BUYER)
    assert (site.incoming(ref).status, site.incoming(ref).reason) == ("refunded", "sale_not_agreed")
    assert site.settles(loan_id) == owed
    realisation.agree(site.ctx, borrower, sale.id)
    site.pays(named, f"BUYBACK {pledge.id}", payer=BUYER)
    assert site.settles(loan_id) == owed - named
