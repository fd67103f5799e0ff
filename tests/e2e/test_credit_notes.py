"""Credit notes on a confirmed receivable: what is free shrinks, and what was lent on is called for."""

from __future__ import annotations

import pytest

from chainfin.errors import Refused
from chainfin.services.lending import credit_notes
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
