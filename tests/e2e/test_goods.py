"""Goods at a keeper: what is pledged follows the price, and stays where it is until its lender gives it up."""

from __future__ import annotations

from decimal import Decimal

import pytest

from chainfin.errors import Refused
from chainfin.services.goods import receipts
from chainfin.services.kernel.context import OPERATOR
from chainfin.services.lending import applications
from chainfin.services.reads import queries
from chainfin.values.money import Money
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
    receipts.set_price(
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
