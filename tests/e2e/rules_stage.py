"""A supplier with all that acts can be on: for the tests that let one rule after the other refuse."""

from __future__ import annotations

from dataclasses import dataclass

from chainfin.errors import Refusal
from chainfin.services.kernel.context import Actor
from chainfin.services.payments.allocation import Payment
from chainfin.services.trade import receivables
from chainfin.services.views.goods import WarehouseReceiptView
from chainfin.storage.lending_tables import IncomingRow
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.trade_tables import ReceivableRow
from tests.e2e.ending import pledges_on
from tests.e2e.site import Site
from tests.e2e.site_money import CNY

LENT = 500_000_00


NO = "ruled_out"


@dataclass
class Stage:
    """A supplier with all that acts can be on."""

    site: Site
    seller: Actor
    papers: dict[str, bytes]
    """Of goods that were received and not invoiced yet, under `order_id`."""
    order_id: str
    unconfirmed: ReceivableRow
    claim: ReceivableRow
    """Confirmed, nothing pledged."""
    claim_papers: dict[str, bytes]
    offer: str
    """An application on the claim, with an offer to take."""
    goods_offer: str
    on_claim: PledgeRow
    """The pledge of a loan on another claim."""
    goods: WarehouseReceiptView
    on_goods: PledgeRow
    """The pledge of a loan on them; the core enterprise undertook to buy them."""

    def actor(self, name: str) -> Actor:
        return self.seller if name == "seller" else self.site.cast[name]

    def paid(self, amount: int, payer: str = "6228-payer") -> Payment:
        row = IncomingRow(
            id="in_1", bank_ref="ref", book_ref="in_1", sequence=1, payer_account=payer, currency=CNY, amount=amount,
            remittance="", received_on=self.site.today, status="waiting", created_at=self.site.ctx.clock.now(),
        )  # fmt: skip
        return Payment.of(row)


def set_up(site: Site) -> Stage:
    seller = site.borrower()
    papers, claim_papers = site.papers(seller), site.papers(seller)
    order_id = site.received(seller, papers)
    waiting = site.papers(seller)
    unconfirmed = receivables.issue(site.ctx, seller, site.received(seller, waiting), waiting["invoice"]).receivable
    site.run()
    claim, pledged = site.confirmed(seller, claim_papers), site.confirmed(seller)
    goods = site.goods(seller)
    site.funded(seller, LENT, pledged.id)
    site.funded(seller, LENT, goods.id, product="inventory_pledge", days=90)
    (on_claim,), (on_goods,) = pledges_on(site, pledged.id), pledges_on(site, goods.id)
    site.undertake(on_goods, agreed=seller)
    offer = site.offered(seller, 100_000_00, claim.id)
    goods_offer = site.offered(seller, 100_000_00, goods.id, product="inventory_pledge")
    return Stage(
        site, seller, papers, order_id, site.receivable(unconfirmed.id), claim, claim_papers, offer, goods_offer,
        on_claim, goods, on_goods,
    )  # fmt: skip


def no(*args: object, **named: object) -> Refusal:
    """In place of any rule."""
    return Refusal(NO, "the rule says no")
