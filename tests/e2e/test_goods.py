"""Goods at a keeper: what is pledged follows the price, and stays where it is until its lender gives it up."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from chainfin.errors import Refused
from chainfin.rules import inventory
from chainfin.services.goods import receipts
from chainfin.services.kernel.context import OPERATOR
from chainfin.services.lending import applications, end_of_day, margin_calls, prices
from chainfin.services.reads import queries
from chainfin.values.money import BasisPoints, Money
from chainfin.values.party import Role
from tests.e2e.onchain import view
from tests.e2e.site import CNY, Site

LENT = 200_000_00


def pledged(site: Site, loan_id: str) -> int:
    """Thousandths of a kilogram that the chain has under the loan's pledge."""
    return int(view(site.inst, "Pledges", "pledgeOf", site.loan(loan_id).pledges[0].id)["amount"])


def test_price__set_anew__the_pledge_follows_it(site: Site) -> None:
    owner = site.borrower()
    receipt = site.goods(owner)
    before = pledged(site, site.funded(owner, LENT, receipt.id, product="inventory_pledge"))
    prices.set_price(
        site.ctx,
        site.cast["lender"],
        good="copper",
        unit="KGM",
        price=Money(35_00, CNY),
        source="sample price",
        as_of=site.today,
    )
    after = pledged(site, site.funded(owner, LENT, receipt.id, product="inventory_pledge"))
    assert abs(after - 2 * before) <= 1, "at half the price twice the goods"


def copper(site: Site, fen: int, *, days_old: int = 0) -> None:
    """Copper is at so many fen a kilogram, as of so many days ago."""
    day = site.today - timedelta(days=days_old)
    price = Money(fen, CNY)
    prices.set_price(site.ctx, OPERATOR, good="copper", unit="KGM", price=price, source="sample price", as_of=day)


def test_price__falls_under_a_loan__called_at_once_for_what_restores_it(site: Site) -> None:
    """70 → 10 under 500,000 at 70 %: the goods carry 1/7 of it, the rest is called, by the policy's own rates."""
    owner = site.borrower()
    receipt = site.goods(owner)
    loan_id = site.funded(owner, 500_000_00, receipt.id, product="inventory_pledge")
    assert margin_calls.of_loan(site.ctx, owner, loan_id).calls == []
    copper(site, 10_00)
    (called,) = margin_calls.of_loan(site.ctx, owner, loan_id).calls
    (pledge,) = site.loan(loan_id).pledges
    owed = 500_000_00 + site.loan(loan_id).loan.dues.fee.minor
    restored = inventory.loan_limit(pledge.left, inventory.UnitPrice(Decimal(10), CNY), BasisPoints(7000))
    assert (called.row.amount, called.met) == (owed - restored.minor, False)
    assert (called.row.asset_id, called.row.cause.split()[0]) == (receipt.id, "price")
    copper(site, 10_00)
    end_of_day.run(site.ctx, OPERATOR, site.today)
    assert len(margin_calls.of_loan(site.ctx, owner, loan_id).calls) == 1, "the same shortfall is called once"
    site.pays(called.row.amount, f"LOAN {loan_id}")
    (called,) = margin_calls.of_loan(site.ctx, owner, loan_id).calls
    assert called.met
    copper(site, 10_00)
    assert len(margin_calls.of_loan(site.ctx, owner, loan_id).calls) == 1, "what was called is enough"


def test_price__falls_to_the_trigger__nothing_is_called_before(site: Site) -> None:
    """Lent at 70 %, called above 78 %: at 63.00 the loan stands at 77.8 %, at 62.00 at 79 %."""
    owner = site.borrower()
    loan_id = site.funded(owner, LENT, site.goods(owner).id, product="inventory_pledge")
    copper(site, 63_00)
    assert margin_calls.of_loan(site.ctx, owner, loan_id).calls == []
    copper(site, 62_00)
    (called,) = margin_calls.of_loan(site.ctx, owner, loan_id).calls
    assert not called.met
    copper(site, 75_00)
    (called,) = margin_calls.of_loan(site.ctx, owner, loan_id).calls
    assert called.met, "the goods cover it again"


def test_end_of_day__goods_no_longer_cover_what_is_owed__called(site: Site) -> None:
    """Nobody sets a price, but the keeper finds less, and interest runs: the day's end sees it."""
    owner = site.borrower()
    receipt = site.goods(owner)
    loan_id = site.funded(owner, LENT, receipt.id, product="inventory_pledge")
    site.move_to(site.today + timedelta(days=1))
    receipts.recount(site.ctx, site.cast["keeper"], receipt.id, Decimal(18_000), "a count (invented)")
    site.run()
    assert margin_calls.of_loan(site.ctx, owner, loan_id).calls == []
    done = end_of_day.run(site.ctx, OPERATOR, site.today)
    (called,) = margin_calls.of_loan(site.ctx, owner, loan_id).calls
    assert called.row.cause == f"end of day {site.today}"
    assert loan_id not in done.unchecked


def test_price__too_old__unchecked_is_said_and_never_taken_for_cover(site: Site) -> None:
    owner = site.borrower()
    loan_id = site.funded(owner, LENT, site.goods(owner).id, product="inventory_pledge")
    site.move_to(site.today + timedelta(days=8))
    copper(site, 1_00, days_old=8)
    done = end_of_day.run(site.ctx, OPERATOR, site.today)
    assert done.unchecked[loan_id] == "price_stale"
    assert end_of_day.run(site.ctx, OPERATOR, site.today).unchecked == done.unchecked
    seen = margin_calls.of_loan(site.ctx, owner, loan_id)
    assert (seen.calls, seen.unchecked) == ([], "price_stale")
    copper(site, 70_00)
    assert margin_calls.of_loan(site.ctx, owner, loan_id).unchecked is None


def test_release__of_what_is_pledged__exceeds_free(site: Site) -> None:
    owner, keeper = site.borrower(), site.cast["keeper"]
    receipt = site.goods(owner)
    loan_id = site.funded(owner, LENT, receipt.id, product="inventory_pledge")
    free = Decimal(20_000_000 - pledged(site, loan_id)).scaleb(-3)
    with pytest.raises(Refused) as refused:
        receipts.release(site.ctx, keeper, receipt.id, free + Decimal("0.001"))
    assert refused.value.code == "exceeds_free"
    receipts.release(site.ctx, keeper, receipt.id, free)
    site.run()
    chain = view(site.inst, "WarehouseReceipts", "receipt", receipt.id)
    assert (chain["free"], chain["pledged"]) == (0, pledged(site, loan_id))
    assert queries.loan(site.ctx, OPERATOR, loan_id).row.status == "active"


def test_keeper__of_its_own_goods_or_as_their_lender__refused(site: Site) -> None:
    owner, keeper = site.borrower(), site.cast["keeper"]
    with pytest.raises(Refused) as refused:
        site.goods(keeper)
    assert refused.value.code == "self_attested"
    receipt = site.goods(owner)
    with pytest.raises(Refused) as refused:
        receipts.transfer(site.ctx, owner, receipt.id, str(keeper.party_id))
    assert refused.value.code == "self_attested"
    both = site.admit(Role.KEEPER | Role.LENDER)
    kept, _ = receipts.issue(
        site.ctx,
        both,
        number="WR-OWN",
        owner_id=str(owner.party_id),
        goods={"commodity": "copper", "commodity_class": "standard", "insured": "true"},
        unit="KGM",
        quantity=Decimal(100),
    )
    site.run()
    with pytest.raises(Refused) as refused:
        applications.apply(
            site.ctx, owner, product="inventory_pledge", lender_id=str(both.party_id), amount=Money(LENT, CNY), days=60,
            asset_id=kept.id,
        )  # fmt: skip
    assert refused.value.code == "self_attested"
