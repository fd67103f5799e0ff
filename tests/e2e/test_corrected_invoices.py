"""A corrected invoice (384) takes the place of the one that it names, as long as nobody promised to pay that one."""

from __future__ import annotations

import pytest

from chainfin.errors import Refused
from chainfin.services.kernel.context import Actor
from chainfin.services.trade import receivables
from tests.e2e.ending import mismatches
from tests.e2e.site import FACE, Site

CORRECTS = "<cac:BillingReference><cac:InvoiceDocumentReference><cbc:ID>{}</cbc:ID></cac:InvoiceDocumentReference>"


@pytest.fixture
def site(shared_site: Site) -> Site:
    return shared_site


@pytest.fixture
def seller(site: Site) -> Actor:
    return site.borrower()


def number_of(papers: dict[str, bytes]) -> str:
    return papers["invoice"].split(b"<cbc:ID>")[1].split(b"<")[0].decode()


def corrected(papers: dict[str, bytes], named: str | None) -> bytes:
    """The same invoice without its second line, which it billed by mistake."""
    number = number_of(papers)
    text = papers["invoice"].decode().replace("TypeCode>380<", "TypeCode>384<")
    text = text.replace(f"<cbc:ID>{number}<", f"<cbc:ID>{number}-K<", 1)
    for old, new in (("884750.00", "540000.00"), ("115017.50", "70200.00"), ("999767.50", "610200.00")):
        text = text.replace(old, new)
    second = text.index("<cac:InvoiceLine>", text.index("<cac:InvoiceLine>") + 1)
    text = text[:second] + "</Invoice>"
    reference = "" if named is None else CORRECTS.format(named) + "</cac:BillingReference>"
    return text.replace("<cac:AccountingSupplierParty>", reference + "<cac:AccountingSupplierParty>", 1).encode()


def test_issue__corrected_before_the_confirmation__takes_the_place_of_the_first(site: Site, seller: Actor) -> None:
    papers = site.papers(seller)
    order_id = site.received(seller, papers)
    first = receivables.issue(site.ctx, seller, order_id, papers["invoice"])
    site.run()
    invoice = corrected(papers, number_of(papers))
    withdrawn = receivables.issue(site.ctx, seller, order_id, invoice)
    assert (withdrawn.receivable.id, withdrawn.act.function) == (first.receivable.id, "cancel")
    site.run()
    assert site.receivable(first.receivable.id).status == "cancelled"
    made = receivables.issue(site.ctx, seller, order_id, invoice)
    site.run()
    row = site.receivable(made.receivable.id)
    assert (row.status, row.face) == ("issued", 610_200_00)
    assert site.order(order_id).invoiced == row.face, "the goods are billed once"
    site.confirm(row)
    site.run()
    assert mismatches(site) == []


def test_issue__corrected_after_the_confirmation__for_a_person(site: Site, seller: Actor) -> None:
    papers = site.papers(seller)
    row = site.confirmed(seller, papers)
    with pytest.raises(Refused) as refused:
        receivables.issue(site.ctx, seller, row.order_id, corrected(papers, number_of(papers)))
    assert (refused.value.code, refused.value.details["receivable"]) == ("correction_of_confirmed", row.id)
    assert site.receivable(row.id).face == FACE


@pytest.mark.parametrize(("named", "code"), [(None, "correction_unnamed"), ("INV-of-others", "correction_unknown")])
def test_issue__correction_of_nothing_that_is_known__refused(
    site: Site, seller: Actor, named: str | None, code: str
) -> None:
    papers = site.papers(seller)
    order_id = site.received(seller, papers)
    with pytest.raises(Refused) as refused:
        receivables.issue(site.ctx, seller, order_id, corrected(papers, named))
    assert refused.value.code == code
    assert site.order(order_id).invoiced == 0
