"""Credit notes on a confirmed receivable: what is free shrinks, and what was lent on is called for."""

from __future__ import annotations

import re

import pytest

from chainfin import samples
from chainfin.errors import Refused
from chainfin.services.kernel.context import Actor
from chainfin.services.lending import credit_notes
from chainfin.services.trade import receivables
from chainfin.services.trade.receivables import Issuance
from chainfin.values.money import Money
from tests.e2e.onchain import view
from tests.e2e.site import FACE, Site

CREDITED = 7_791_35
"""What the sample credit note takes off, in fen."""


def test_credit_note__by_the_holder__cuts_the_free_part_on_chain(site: Site) -> None:
    holder = site.borrower()
    papers = site.papers(holder)
    asset = site.confirmed(holder, papers)
    made = credit_notes.credit(site.ctx, holder, asset.id, papers["credit_note"])
    site.run()
    assert (made.diluted.minor, made.top_up.minor) == (CREDITED, 0)
    assert site.receivable(asset.id).diluted == CREDITED
    assert view(site.inst, "Receivables", "receivable", asset.id)["free"] == FACE - CREDITED
    site.pays(FACE, f"RECEIVABLE {asset.id}")
    assert site.receivable(asset.id).status == "settled"


def test_credit_note__by_the_debtor_where_nothing_is_free__refused(site: Site) -> None:
    borrower = site.borrower()
    papers = site.papers(borrower)
    asset = site.confirmed(borrower, papers)
    site.funded(borrower, 899_790_75, asset.id)
    row = site.receivable(asset.id)
    assert row.pledged == FACE
    before = site.documents(asset.order_id)
    with pytest.raises(Refused) as refused:
        credit_notes.credit(site.ctx, site.cast["core"], asset.id, papers["credit_note"])
    assert refused.value.code == "not_holder"
    assert site.documents(asset.order_id) == before
    made = credit_notes.credit(site.ctx, borrower, asset.id, papers["credit_note"])
    assert made.act is None
    assert made.diluted.minor == 0
    assert made.top_up.minor > 0, "the lender's cover shrank: the borrower is called"


MISSING = Money.parse(samples.OVERINVOICED_WITHHELD, "CNY").minor
"""What of the invoice is withheld where 500 kg of copper never came."""


def short(site: Site) -> tuple[Actor, dict[str, bytes], str]:
    """A seller whose invoice names goods that never came, and the order."""
    seller = site.borrower()
    papers = site.papers(seller, overinvoiced=True)
    return seller, papers, site.received(seller, papers)


def issued(site: Site, seller: Actor, papers: dict[str, bytes], order_id: str) -> Issuance:
    made = receivables.issue(site.ctx, seller, order_id, papers["invoice"], accept_matched=True)
    site.run()
    return made


def of_brackets(papers: dict[str, bytes], number: int) -> bytes:
    """A credit note over brackets, all of which came, instead of copper."""
    line = papers["credit_note"].replace(b"CU-05-002", b"BR-45-001").replace(b"CT205", b"SB45")
    line = line.replace(b"Copper strip T2 0.5 mm", b"Steel bracket B-45").replace(b'unitCode="KGM"', b'unitCode="EA"')
    line = line.replace(b"<cbc:LineID>2<", b"<cbc:LineID>1<")
    return numbered(line, number)


def numbered(note: bytes, number: int) -> bytes:
    return re.sub(rb"<cbc:ID>CN-", b"<cbc:ID>CN%d-" % number, note)


def test_credit_notes__of_goods_that_came__cut_the_face_whatever_is_missing_of_others(site: Site) -> None:
    seller, papers, order_id = short(site)
    made = issued(site, seller, papers, order_id)
    assert made.receivable.face == FACE - MISSING
    site.confirm(made.receivable)
    site.run()
    for number in (1, 2):
        done = credit_notes.credit(site.ctx, seller, made.receivable.id, of_brackets(papers, number))
        site.run()
        assert (done.diluted.minor, done.never_claimed.minor) == (CREDITED, 0)
    assert view(site.inst, "Receivables", "receivable", made.receivable.id)["free"] == FACE - MISSING - 2 * CREDITED


def test_credit_notes__of_goods_that_never_came__cost_nothing_up_to_just_those_and_say_so(site: Site) -> None:
    seller, papers, order_id = short(site)
    made = issued(site, seller, papers, order_id)
    site.confirm(made.receivable)
    site.run()
    copper = [numbered(papers["credit_note"], number) for number in range(6)]
    done = [credit_notes.credit(site.ctx, seller, made.receivable.id, note) for note in copper]
    site.run()
    assert [each.diluted.minor for each in done] == [0, 0, 0, 0, 0, 6 * CREDITED - MISSING]
    assert sum(each.never_claimed.minor for each in done) == MISSING
    assert all(each.diluted + each.never_claimed == Money(CREDITED, "CNY") for each in done)


def test_credit_note__of_goods_that_came_before_the_confirmation__claim_is_issued_again_without_them(
    site: Site,
) -> None:
    seller, papers, order_id = short(site)
    first = issued(site, seller, papers, order_id)
    done = credit_notes.credit(site.ctx, seller, first.receivable.id, of_brackets(papers, 1))
    site.run()
    assert done.diluted.minor == CREDITED
    with pytest.raises(Refused) as refused:
        receivables.issue(site.ctx, seller, order_id, papers["invoice"])
    assert refused.value.code == "invoice_above_received"
    again = issued(site, seller, papers, order_id)
    assert again.receivable.face == FACE - MISSING - CREDITED
    site.confirm(again.receivable)
    site.run()
    second = credit_notes.credit(site.ctx, seller, again.receivable.id, of_brackets(papers, 2))
    site.run()
    assert (second.diluted.minor, second.never_claimed.minor) == (CREDITED, 0)
