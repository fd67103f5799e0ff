"""What a lender may offer in place of sold goods, and how an offer ends that nobody takes."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from chainfin.errors import ChainfinError
from chainfin.services.kernel.context import Actor
from chainfin.services.pledges import substitution
from chainfin.services.trade import disputes
from chainfin.storage.lending_tables import LimitRow
from chainfin.values.money import Money
from chainfin.values.party import Role
from tests.e2e.site import FACE, Site
from tests.e2e.site_money import CNY
from tests.e2e.substituting import LENT, PART, TON, Deal, offered, pledge_of, seen, sold_goods, untouched


@pytest.fixture
def deal(site: Site) -> Deal:
    return sold_goods(site)


def test_offer__not_taken__expires_and_another_can_be_made(site: Site, deal: Deal) -> None:
    borrower = deal[0]
    pledge_id = offered(site, deal)
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(hours=25))
    with pytest.raises(ChainfinError) as refused:
        substitution.accept(site.ctx, borrower, pledge_id)
    assert refused.value.code == "offer_expired"
    site.run()
    assert seen(site, pledge_id).status == "expired"
    with pytest.raises(ChainfinError) as refused:
        substitution.accept(site.ctx, borrower, pledge_id)
    assert refused.value.code == "substitution_not_offered"
    untouched(site, deal)
    assert offered(site, deal) != pledge_id


@pytest.mark.parametrize("side", ["lender", "pledgor"])
def test_offer__withdrawn_by_either__is_over(site: Site, deal: Deal, side: str) -> None:
    borrower = deal[0]
    pledge_id = offered(site, deal)
    actor = site.cast["lender"] if side == "lender" else borrower
    assert substitution.withdraw(site.ctx, actor, pledge_id).status == "withdrawn"
    for again in (substitution.accept, substitution.withdraw):
        with pytest.raises(ChainfinError) as refused:
            again(site.ctx, borrower, pledge_id)
        assert refused.value.code == "substitution_not_offered"
    untouched(site, deal)


def test_offer__of_less_than_it_replaces__refused(site: Site, deal: Deal) -> None:
    for quantity, amount in ((deal[2].left, 1), (deal[2].left, PART), (deal[2].left // 2, PART * 4 // 5)):
        with pytest.raises(ChainfinError) as refused:
            offered(site, deal, quantity, amount)
        assert refused.value.code == "substitution_undervalued"
    untouched(site, deal)


def test_offer__when_nobody_knows_what_the_goods_are_worth__refused(site: Site, deal: Deal) -> None:
    site.move_to(site.today + timedelta(days=8))
    with pytest.raises(ChainfinError) as refused:
        offered(site, deal)
    assert refused.value.code == "price_stale"


def of_another_lender(site: Site) -> tuple[Actor, Deal]:
    """One that has no other receivables of the debtor."""
    borrower = site.borrower()
    lender, goods = site.lender(borrower), site.goods(borrower)
    site.price(70_00, lender)
    more = {"product": "inventory_pledge", "days": 90, "lender_id": str(lender.party_id)}
    loan_id = site.funded(borrower, LENT, goods.id, **more)
    return lender, (borrower, loan_id, pledge_of(site, goods.id), site.confirmed(borrower))


def test_offer__above_the_lenders_limit_on_the_debtor_or_without_one__refused(site: Site) -> None:
    lender, deal = of_another_lender(site)
    limit = site.limit("debtor", site.cast["core"], PART - 1, lender)
    with pytest.raises(ChainfinError) as refused:
        offered(site, deal, lender=lender)
    assert refused.value.code == "limit_exceeded"
    with site.ctx.store.begin() as session:
        session.delete(session.get_one(LimitRow, limit.id))
    with pytest.raises(ChainfinError) as refused:
        offered(site, deal, lender=lender)
    assert refused.value.code == "limit_missing"


def test_offer__of_a_receivable_due_after_the_loan__refused(site: Site) -> None:
    borrower = site.borrower()
    goods = site.goods(borrower)
    loan_id = site.funded(borrower, LENT, goods.id, product="inventory_pledge", days=30)
    with pytest.raises(ChainfinError) as refused:
        offered(site, (borrower, loan_id, pledge_of(site, goods.id), site.confirmed(borrower)))
    assert refused.value.code == "receivable_due_late"


def test_offer__beside_one_that_was_taken__no_more_than_the_debtors_limit_in_all(site: Site) -> None:
    lender, deal = of_another_lender(site)
    site.limit("debtor", site.cast["core"], 2 * PART - 1, lender)
    substitution.accept(site.ctx, deal[0], offered(site, deal, lender=lender))
    for _ in ("it is granted", "it is pledged"):
        with pytest.raises(ChainfinError) as refused:
            offered(site, deal, lender=lender)
        assert refused.value.code == "limit_exceeded"
        site.run()
    assert offered(site, deal, TON, PART - 1, lender)


@pytest.mark.parametrize(
    ("case", "code"),
    [
        ("by the pledgor", "role_missing"),
        ("by another lender", "pledge_unknown"),
        ("unknown pledge", "pledge_unknown"),
        ("unknown receivable", "receivable_unknown"),
        ("another's receivable", "receivable_unknown"),
        ("over a receivable", "not_over_goods"),
        ("more goods", "exceeds_pledged"),
        ("more than free", "exceeds_free"),
        ("more than promised elsewhere", "exceeds_free"),
        ("disputed", "receivable_state_wrong"),
        ("in another currency", "currency_mismatch"),
        ("a grain", "quantity_too_precise"),
        ("nothing", "quantity_not_positive"),
        ("ended", "pledge_state_wrong"),
    ],
)
def test_offer__what_cannot_be__refused(site: Site, deal: Deal, case: str, code: str) -> None:
    borrower, loan_id, sold, asset = deal
    actor, sold_id, asset_id = site.cast["lender"], sold.id, asset.id
    quantity, amount = Decimal(1), Money(PART, CNY)
    if case == "by the pledgor":
        actor = borrower
    elif case == "by another lender":
        actor = site.admit(Role.LENDER)
    elif case == "unknown pledge":
        sold_id = "0x" + "00" * 32
    elif case == "unknown receivable":
        asset_id = "0x" + "00" * 32
    elif case == "another's receivable":
        asset_id = site.confirmed(site.borrower()).id
    elif case == "over a receivable":
        site.funded(borrower, 100_000_00, asset.id)
        sold_id = pledge_of(site, asset.id).id
    elif case == "more goods":
        quantity = Decimal(sold.left + 1).scaleb(-3)
    elif case == "more than free":
        amount = Money(FACE + 1, CNY)
    elif case == "more than promised elsewhere":
        substitution.accept(site.ctx, borrower, offered(site, deal, TON, FACE - PART + 1))
    elif case == "disputed":
        disputes.dispute(site.ctx, site.cast["core"], asset.id, "never came")
        site.run()
    elif case == "in another currency":
        amount = Money(PART, "USD")
    elif case == "ended":
        site.pays(site.loan(loan_id).loan.dues.total.minor, f"LOAN {loan_id}")
    quantity = {"a grain": Decimal("0.0001"), "nothing": Decimal(0)}.get(case, quantity)
    with pytest.raises(ChainfinError) as refused:
        substitution.offer(
            site.ctx, actor, sold_id=sold_id, quantity=quantity, receivable_id=asset_id, amount=amount
        )  # fmt: skip
    assert refused.value.code == code
