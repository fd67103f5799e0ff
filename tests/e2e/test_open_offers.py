"""Offers that nobody took: together they hold no more than their asset can carry."""

from __future__ import annotations

import pytest
from sqlmodel import select

from chainfin.errors import Conflict
from chainfin.services.kernel.context import Actor
from chainfin.services.lending import applications
from chainfin.services.trade import splits_and_transfers
from chainfin.storage.lending_tables import ApplicationRow, LimitRow, OfferRow
from chainfin.values.party import Role
from tests.e2e.site import FACE, Site

ASKED = 500_000_00


def held(site: Site, row: LimitRow) -> int:
    with site.ctx.store.read() as session:
        return session.get_one(LimitRow, row.id).held


def status(site: Site, application: str) -> str:
    return site.application(application).row.status


def offer_of(site: Site, borrower: Actor, asset: str, lender: Actor) -> tuple[int, int]:
    """What a further lender offers on it, and the part of it that this would pledge; (0, 0) for no."""
    application = site.application(site.apply(borrower, 5_000_000_00, asset, lender_id=str(lender.party_id)))
    return (0, 0) if application.offer is None else (application.offer.amount, application.offer.pledge_amount)


def test_offer__newer_on_the_same_asset__takes_the_place_of_the_older(site: Site) -> None:
    borrower = site.borrower()
    debtor_limit = site.limit("debtor", site.cast["core"], 500_000_000_00)
    before = held(site, debtor_limit)
    asset = site.confirmed(borrower)
    offers = [site.offered(borrower, ASKED, asset.id) for _ in range(4)]
    assert [status(site, each) for each in offers] == ["withdrawn"] * 3 + ["offered"]
    assert held(site, debtor_limit) - before == ASKED, "four offers on one receivable hold the debtor's limit once"
    (last,) = [node for node in site.application(offers[0]).progress if node.name == "withdrawn"]
    assert last.detail == {"superseded_by": offers[1]}
    with pytest.raises(Conflict) as refused:
        applications.accept(site.ctx, borrower, offers[0])
    assert refused.value.code == "application_not_offered"
    applications.accept(site.ctx, borrower, offers[-1])
    site.run()
    assert status(site, offers[-1]) == "funded"


def test_offers__on_parts_of_one_asset__stand_beside_each_other(site: Site) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    parts = [site.offered(borrower, amount, asset.id) for amount in (300_000_00, 200_000_00, 200_000_00)]
    assert [status(site, each) for each in parts] == ["offered"] * 3
    too_much = site.offered(borrower, 200_000_00, asset.id)
    assert [status(site, each) for each in (*parts, too_much)] == ["withdrawn"] * 3 + ["offered"]
    applications.accept(site.ctx, borrower, too_much)
    site.run()
    assert status(site, too_much) == "funded"


def test_offer__newer_when_the_older_used_up_the_limit__is_made_from_what_it_frees(site: Site) -> None:
    borrower = site.borrower(limit=ASKED)
    asset = site.confirmed(borrower)
    older = site.offered(borrower, ASKED, asset.id)
    newer = site.offered(borrower, ASKED - 1_00, asset.id)
    assert (status(site, older), status(site, newer)) == ("withdrawn", "offered")
    assert sum(site.taken(newer).values()) == 4 * (ASKED - 1_00)


def test_application__newer_and_declined__leaves_the_older_offer(site: Site) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    older = site.offered(borrower, ASKED, asset.id)
    declined = site.apply(borrower, 9_99, asset.id)
    assert (status(site, declined), status(site, older)) == ("declined", "offered")
    applications.accept(site.ctx, borrower, older)
    site.run()
    assert status(site, older) == "funded"


def test_offers__of_several_lenders__share_what_the_asset_carries(site: Site) -> None:
    borrower = site.borrower()
    asset = site.confirmed(borrower)
    site.offered(borrower, ASKED, asset.id)
    first = site.application(site.offered(borrower, ASKED, asset.id)).offer
    assert first is not None
    amount, pledged = offer_of(site, borrower, asset.id, site.lender(borrower))
    assert 0 < amount < 5_000_000_00
    assert FACE - 2 <= first.pledge_amount + pledged <= FACE
    assert offer_of(site, borrower, asset.id, site.lender(borrower)) == (0, 0)


def test_offer__of_a_former_holder__gives_way_to_the_new_ones(site: Site) -> None:
    seller, buyer = site.borrower(), site.admit(Role.SUPPLIER)
    site.limit("borrower", buyer, 5_000_000_00)
    asset = site.confirmed(seller)
    old = site.offered(seller, ASKED, asset.id)
    splits_and_transfers.transfer(site.ctx, seller, asset.id, str(buyer.party_id))
    site.run()
    assert site.receivable(asset.id).holder_id == buyer.party_id
    other = site.lender(buyer)
    new = site.offered(buyer, ASKED, asset.id, lender_id=str(other.party_id))
    assert (status(site, old), status(site, new)) == ("withdrawn", "offered")
    assert site.taken(old).keys() == {"freed"}


def test_offer__on_goods_at_another_lender__leaves_those_goods_out(site: Site) -> None:
    owner = site.borrower()
    receipt = site.goods(owner)
    site.offered(owner, 600_000_00, receipt.id, product="inventory_pledge")
    other = site.lender(owner)
    site.price(70_00, other)
    second = site.apply(owner, 5_000_000_00, receipt.id, product="inventory_pledge", lender_id=str(other.party_id))
    offers = [site.application(second).offer]
    with site.ctx.store.read() as session:
        promised = session.exec(
            select(OfferRow.pledge_amount).where(
                OfferRow.application_id == ApplicationRow.id,
                ApplicationRow.asset_id == receipt.id,
                OfferRow.status == "open",
            )
        ).all()
    assert offers[0] is not None
    assert len(promised) == 2
    assert sum(promised) <= receipt.issued
