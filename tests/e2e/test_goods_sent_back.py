"""Goods that go back after they were received: nothing more is lent on what they carried, a credit note takes it off.

Companies are invented.
"""

from __future__ import annotations

import pytest

from chainfin.errors import Refused
from chainfin.services.kernel.context import OPERATOR, Actor
from chainfin.services.lending import credit_notes
from chainfin.services.reads import queries
from chainfin.services.trade import orders, receivables, splits_and_transfers
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.values.money import Money
from tests.e2e.ending import mismatches
from tests.e2e.site import FACE, Site
from tests.e2e.site_money import CNY

LOST = 7_791_35
"""What 100 kg of the order's copper are worth with tax, in fen: what the sample credit note takes off."""


@pytest.fixture
def site(shared_site: Site) -> Site:
    return shared_site


@pytest.fixture
def seller(site: Site) -> Actor:
    return site.borrower()


def moved(paper: bytes, name: str, pieces: str, kilograms: str) -> bytes:
    """A despatch or receipt like ``paper``, of another number and other quantities."""
    number = paper.split(b"<cbc:ID>")[1].split(b"</cbc:ID>")[0]
    made = paper.replace(b"<cbc:ID>" + number, b"<cbc:ID>" + number + name.encode(), 1)
    for old, new in ((b'"EA">12000<', f'"EA">{pieces}<'), (b'"KGM">5000<', f'"KGM">{kilograms}<')):
        assert old in made
        made = made.replace(old, new.encode())
    return made


def sent_back(site: Site, order_id: str, receipt: bytes, kilograms: str = "-100") -> None:
    orders.receive(site.ctx, site.cast["core"], order_id, moved(receipt, f"-back{kilograms}", "0", kilograms))
    site.run()


def uncarried(site: Site, seller: Actor, row: ReceivableRow) -> int | None:
    return queries.receivable(site.ctx, seller, row.id).uncarried


def refusal(call: object) -> str:
    assert callable(call)
    with pytest.raises(Refused) as refused:
        call()
    return refused.value.code


def test_invoice__of_goods_that_were_sent_back__claims_what_is_left(site: Site, seller: Actor) -> None:
    papers = site.papers(seller)
    order_id = site.received(seller, papers)
    received = site.order(order_id).received
    sent_back(site, order_id, papers["receipt"])
    again = (site.ctx, seller, order_id, papers["invoice"])
    assert refusal(lambda: receivables.issue(*again)) == "invoice_above_received"
    made = receivables.issue(*again, accept_matched=True)
    assert made.receivable.face == FACE - LOST
    site.run()
    site.confirm(site.receivable(made.receivable.id))
    site.run()
    assert site.receivable(made.receivable.id).status == "confirmed"
    row = site.order(order_id)
    assert (row.received, row.goods_returned) == (received, True), "amounts on chain only grow"
    assert mismatches(site) == []


@pytest.mark.parametrize("kilograms", ["-5000.5", "-6000"])
def test_goods__that_were_never_received__not_sent_back(site: Site, seller: Actor, kilograms: str) -> None:
    papers = site.papers(seller)
    order_id = site.received(seller, papers)
    assert refusal(lambda: sent_back(site, order_id, papers["receipt"], kilograms)) == "return_above_received"
    assert not site.order(order_id).goods_returned


def test_goods__rejected_after_they_were_received__are_sent_back(site: Site, seller: Actor) -> None:
    papers = site.papers(seller)
    order_id = site.received(seller, papers)
    late = moved(papers["receipt"], "-late", "0", "0")
    rejected = late.replace(
        b'<cbc:ReceivedQuantity unitCode="KGM">0</cbc:ReceivedQuantity>',
        b'<cbc:ReceivedQuantity unitCode="KGM">0</cbc:ReceivedQuantity>'
        b'<cbc:RejectedQuantity unitCode="KGM">100</cbc:RejectedQuantity>',
    )
    assert rejected != late
    orders.receive(site.ctx, site.cast["core"], order_id, rejected)
    site.run()
    made = receivables.issue(site.ctx, seller, order_id, papers["invoice"], accept_matched=True)
    assert made.receivable.face == FACE - LOST


def test_claim__whose_goods_went_back_before_its_confirmation__is_issued_for_the_rest(
    site: Site, seller: Actor
) -> None:
    papers = site.papers(seller)
    order_id = site.received(seller, papers)
    made = receivables.issue(site.ctx, seller, order_id, papers["invoice"])
    site.run()
    sent_back(site, order_id, papers["receipt"])
    assert refusal(lambda: site.confirm(made.receivable)) == "goods_sent_back"
    receivables.cancel(site.ctx, seller, made.receivable.id)
    site.run()
    again = receivables.issue(site.ctx, seller, order_id, papers["invoice"], accept_matched=True)
    assert again.receivable.face == FACE - LOST
    site.run()
    site.confirm(again.receivable)
    site.run()
    assert mismatches(site) == []


def test_claim__whose_goods_went_back_after_its_confirmation__is_held_until_a_credit_note(
    site: Site, seller: Actor
) -> None:
    papers = site.papers(seller)
    row = site.confirmed(seller, papers)
    sent_back(site, row.order_id, papers["receipt"])
    seen = queries.receivable(site.ctx, seller, row.id)
    assert (seen.free, seen.uncarried) == (FACE, LOST), "the debtor's word stands until the holder takes it off"
    halves = [Money(FACE - LOST, CNY), Money(1, CNY)]
    assert refusal(lambda: splits_and_transfers.split(site.ctx, seller, row.id, halves)) == "exceeds_free"
    other = str(site.borrower().party_id)
    assert refusal(lambda: splits_and_transfers.transfer(site.ctx, seller, row.id, other)) == "goods_sent_back"

    made = credit_notes.credit(site.ctx, seller, row.id, papers["credit_note"])
    assert (made.diluted.minor, made.top_up.minor) == (LOST, 0)
    assert uncarried(site, seller, row) == 0, "counts from the moment of the note"
    site.run()
    assert site.receivable(row.id).diluted == LOST
    splits_and_transfers.transfer(site.ctx, seller, row.id, other)
    site.run()
    assert site.receivable(row.id).holder_id == other
    assert mismatches(site) == []


def test_loan__on_a_claim_whose_goods_went_back__only_on_what_is_left(site: Site, seller: Actor) -> None:
    papers = site.papers(seller)
    row = site.confirmed(seller, papers)
    sent_back(site, row.order_id, papers["receipt"])
    application = site.apply(seller, 899_790_75, row.id)
    site.run()
    assert site.application(application).row.status == "declined", "no lending above what the goods carry"
    credit_notes.credit(site.ctx, seller, row.id, papers["credit_note"])
    site.run()
    site.funded(seller, 890_000_00, row.id)
    assert mismatches(site) == []


def test_claim__that_a_lender_holds_all_of__its_borrower_is_called_by_the_credit_note(
    site: Site, seller: Actor
) -> None:
    papers = site.papers(seller)
    row = site.confirmed(seller, papers)
    site.funded(seller, 899_790_75, row.id)
    sent_back(site, row.order_id, papers["receipt"])
    assert uncarried(site, seller, row) == LOST
    made = credit_notes.credit(site.ctx, seller, row.id, papers["credit_note"])
    assert made.diluted.minor == 0
    assert made.top_up.minor > 0


def shown(site: Site, order_id: str) -> tuple[int, int]:
    """What was received and what of it went back, as the seller's and the buyer's list and page of orders say."""
    one = queries.order(site.ctx, site.cast["core"], order_id)
    [listed] = [each for each in queries.orders(site.ctx, OPERATOR, limit=1000) if each.id == order_id]
    assert one == listed
    return one.received, one.returned


def test_goods__that_replace_what_went_back__carry_the_claim_again(site: Site, seller: Actor) -> None:
    papers = site.papers(seller)
    row = site.confirmed(seller, papers)
    assert shown(site, row.order_id) == (FACE, 0)
    sent_back(site, row.order_id, papers["receipt"])
    assert shown(site, row.order_id) == (FACE - LOST, LOST), "received is what is left"
    assert uncarried(site, seller, row) == LOST
    more = moved(papers["despatch"], "-too", "0", "101")
    assert refusal(lambda: orders.despatch(site.ctx, seller, row.order_id, more)) == "despatch_above_order"
    orders.despatch(site.ctx, seller, row.order_id, moved(papers["despatch"], "-new", "0", "100"))
    site.run()
    orders.receive(site.ctx, site.cast["core"], row.order_id, moved(papers["receipt"], "-new", "0", "100"))
    site.run()
    assert uncarried(site, seller, row) == 0
    assert shown(site, row.order_id) == (FACE, 0)
    assert mismatches(site) == []


def test_claim__that_was_split_before_its_goods_went_back__its_sellers_parts_are_held_too(
    site: Site, seller: Actor
) -> None:
    papers = site.papers(seller)
    row = site.confirmed(seller, papers)
    amounts = [Money(FACE // 2, CNY), Money(FACE - FACE // 2 - 1_000_00, CNY)]
    splits_and_transfers.split(site.ctx, seller, row.id, amounts)
    site.run()
    mine, passed_on = parts = queries.parts(site.ctx, seller, row.id)
    other = site.borrower()
    splits_and_transfers.transfer(site.ctx, seller, passed_on.id, str(other.party_id))
    site.run()
    assert [queries.receivable(site.ctx, seller, each.id).uncarried for each in parts[:1]] == [0]
    sent_back(site, row.order_id, papers["receipt"], "-5000")
    lost = 344_750_00 * 113 // 100
    assert uncarried(site, seller, row) == 1_000_00, "all that is left of the whole"
    assert queries.receivable(site.ctx, seller, mine.id).uncarried == lost - 1_000_00
    assert queries.receivable(site.ctx, other, passed_on.id).uncarried == 0, "stands as it was confirmed"
    application = site.apply(seller, 400_000_00, mine.id)
    site.run()
    assert site.application(application).row.status == "declined"
