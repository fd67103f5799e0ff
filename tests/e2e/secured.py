"""Loans with several pledges, and what an auditor finds in their bundles."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from chainfin.audit.report import Report, State
from chainfin.audit.verify import verify
from chainfin.chain.prover import ChainProver
from chainfin.services.kernel.context import OPERATOR, Actor
from chainfin.services.oversight import evidence
from chainfin.services.pledges import substitution
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.values.money import Money
from tests.e2e.audit_world import sales
from tests.e2e.ending import pledges_on
from tests.e2e.site import Site
from tests.e2e.site_money import CNY

LENT = 500_000_00
PART = 300_000_00
"""Of the receivable, for a ton of the goods."""


def lent_on_goods(site: Site, borrower: Actor) -> tuple[str, str]:
    """A loan on goods, and the receipt's id."""
    goods = site.goods(borrower)
    return site.funded(borrower, LENT, goods.id, product="inventory_pledge", days=90), goods.id


def lent(site: Site, borrower: Actor, product: str) -> str:
    """A loan of each kind. Its id."""
    if product == "receivable_pledge":
        return site.funded(borrower, LENT, site.confirmed(borrower).id)
    if product == "inventory_pledge":
        return lent_on_goods(site, borrower)[0]
    legal = site.party(borrower.party_id).legal_value
    site.world.has_data(legal, "payments", site.today, sales(site.today))
    consent = {"token": site.world.consents(legal, ("payments",), site.today + timedelta(days=30))}
    return site.funded(borrower, 20_000_00, None, product=product, consent=consent)


def exchanged(site: Site, borrower: Actor, goods_id: str, asset: ReceivableRow, amount: int = PART) -> str:
    """A ton of the goods was sold for the receivable, of which ``amount`` takes its place. The new pledge's id."""
    offer = substitution.offer(
        site.ctx,
        site.cast["lender"],
        sold_id=pledges_on(site, goods_id)[0].id,
        quantity=Decimal(1000),
        receivable_id=asset.id,
        amount=Money(amount, CNY),
    )
    substitution.accept(site.ctx, borrower, offer.pledge_id)
    site.run()
    assert substitution.get(site.ctx, OPERATOR, offer.pledge_id).status == "done"
    return offer.pledge_id


def bundle(site: Site, loan_id: str) -> bytes:
    return evidence.bundle(site.ctx, OPERATOR, loan_id, ChainProver(site.inst.node, site.inst.deployment))


def checked(site: Site, data: bytes, honest: bytes = b"") -> Report:
    """Compared with all that an auditor can have, the head of the ``honest`` bundle (none: of this one) included."""
    assert site.inst.sandbox is not None
    known = site.inst.deployment
    heads = [fact.split()[-1] for name, fact in verify(honest or data).facts.items() if name.startswith("head ")]
    return verify(data, heads, [site.inst.sandbox.public_key], known.contracts, known.code_hashes)


def names(report: Report, state: State) -> set[str]:
    return {check.name for check in report.checks if check.state is state}
