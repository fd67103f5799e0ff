"""Sold goods about to be replaced by the receivable of their sale: for the tests of substitutions."""

from __future__ import annotations

from decimal import Decimal

from chainfin.services.books import journals as journals_service
from chainfin.services.kernel.context import OPERATOR, Actor
from chainfin.services.pledges import substitution
from chainfin.services.views.pledges import SubstitutionView
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.values.money import Money
from tests.e2e.ending import mismatches, pledges_on
from tests.e2e.site import Site
from tests.e2e.site_money import CNY

LENT = 500_000_00


PART = 300_000_00
"""Of the receivable, for a ton of the goods."""


TON = 1_000_000
"""In thousandths of a kilogram."""


Deal = tuple[Actor, str, PledgeRow, ReceivableRow]


def sold_goods(site: Site) -> Deal:
    """A borrower, its loan on goods, their pledge, and the receivable for which it has sold some of them."""
    borrower = site.borrower()
    goods = site.goods(borrower)
    loan_id = site.funded(borrower, LENT, goods.id, product="inventory_pledge", days=90)
    (sold,) = pledges_on(site, goods.id)
    return borrower, loan_id, sold, site.confirmed(borrower)


def offered(site: Site, deal: Deal, quantity: int = TON, amount: int = PART, lender: Actor | None = None) -> str:
    made = substitution.offer(
        site.ctx,
        lender or site.cast["lender"],
        sold_id=deal[2].id,
        quantity=Decimal(quantity).scaleb(-3),
        receivable_id=deal[3].id,
        amount=Money(amount, CNY),
    )
    return made.pledge_id


def seen(site: Site, pledge_id: str) -> SubstitutionView:
    return substitution.get(site.ctx, OPERATOR, pledge_id)


def pledge_of(site: Site, asset_id: str) -> PledgeRow:
    (pledge,) = pledges_on(site, asset_id)
    return pledge


def journals(site: Site) -> int:
    with site.ctx.store.read() as session:
        return journals_service.check_chain(session)


def untouched(site: Site, deal: Deal) -> None:
    """Goods pledged as before, the receivable free, nothing promised."""
    _, _, sold, asset = deal
    assert pledge_of(site, sold.asset_id).left == sold.left
    now = site.receivable(asset.id)
    assert (now.pledged, now.reserved) == (0, 0)
    assert mismatches(site) == []
