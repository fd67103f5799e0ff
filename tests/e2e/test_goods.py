"""Goods at a keeper: what is pledged follows the price, and stays where it is until its lender gives it up."""

from __future__ import annotations

from decimal import Decimal

import pytest

from chainfin.errors import Refused
from chainfin.money import Money
from chainfin.services import queries, warehouse
from chainfin.services.context import OPERATOR
from tests.e2e.onchain import view
from tests.e2e.site import CNY, Site

LENT = 200_000_00


def pledged(site: Site, loan_id: str) -> int:
    """Thousandths of a kilogram that the chain has under the loan's pledge."""
    return int(view(site.inst, "Pledges", "pledgeOf", site.loan(loan_id).pledges[0].id)["amount"])


def test_price__set_anew__the_pledge_follows_it(site: Site) -> None:
    owner = site.borrower()
    receipt = site.goods(owner)
    before = pledged(site, site.funded(owner, LENT, receipt.id, product="inventory"))
    warehouse.set_price(
        site.ctx,
        site.cast["lender"],
        good="copper",
        unit="KGM",
        price=Money(35_00, CNY),
        source="sample price",
        as_of=site.today,
    )
    after = pledged(site, site.funded(owner, LENT, receipt.id, product="inventory"))
    assert abs(after - 2 * before) <= 1, "at half the price twice the goods"


def test_release__of_what_is_pledged__exceeds_free(site: Site) -> None:
    owner, keeper = site.borrower(), site.cast["keeper"]
    receipt = site.goods(owner)
    loan_id = site.funded(owner, LENT, receipt.id, product="inventory")
    free = Decimal(20_000_000 - pledged(site, loan_id)).scaleb(-3)
    with pytest.raises(Refused) as refused:
        warehouse.release(site.ctx, keeper, receipt.id, free + Decimal("0.001"))
    assert refused.value.code == "exceeds_free"
    warehouse.release(site.ctx, keeper, receipt.id, free)
    site.run()
    chain = view(site.inst, "WarehouseReceipts", "receipt", receipt.id)
    assert (chain["free"], chain["pledged"]) == (0, pledged(site, loan_id))
    assert queries.loan(site.ctx, OPERATOR, loan_id).row.status == "active"
