"""An invoice that is due on several days makes a receivable for each, and they add up. Companies are invented."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from chainfin.documents import read
from chainfin.documents.opening import Revealed
from chainfin.errors import Conflict, Refused
from chainfin.services.kernel.context import Actor
from chainfin.services.lending import credit_notes
from chainfin.services.reads import queries
from chainfin.services.trade import openings, orders, receivables
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.values.money import Money
from tests.e2e.ending import mismatches
from tests.e2e.site import FACE, Site
from tests.e2e.site_money import CNY

FIRST, SECOND = 399_767_50, 600_000_00


@pytest.fixture
def site(shared_site: Site) -> Site:
    return shared_site


@pytest.fixture
def seller(site: Site) -> Actor:
    return site.borrower()


def due_in(data: bytes, *parts: tuple[date, int | None]) -> bytes:
    """The invoice, due in these parts."""
    terms = "".join(
        "<cac:PaymentTerms>"
        + ("" if amount is None else f'<cbc:Amount currencyID="CNY">{Money(amount, CNY)}</cbc:Amount>')
        + f"<cbc:InstallmentDueDate>{day}</cbc:InstallmentDueDate></cac:PaymentTerms>"
        for day, amount in parts
    )
    return data.replace(b"<cac:PaymentTerms>", terms.encode() + b"<cac:PaymentTerms>", 1)


def days(site: Site) -> tuple[date, date]:
    return site.today + timedelta(days=30), site.today + timedelta(days=90)


def two_parts(site: Site, papers: dict[str, bytes]) -> bytes:
    first, second = days(site)
    return due_in(papers["invoice"], (second, SECOND), (first, FIRST))


def issued(site: Site, seller: Actor, order_id: str, invoice: bytes) -> list[ReceivableRow]:
    made = receivables.issue(site.ctx, seller, order_id, invoice, accept_matched=True)
    site.run()
    return [site.receivable(each.id) for each in (made.receivable, *(seen for seen, _ in made.further))]


def test_issue__invoice_due_on_two_days__a_claim_for_each_that_its_debtor_confirms(site: Site, seller: Actor) -> None:
    papers = site.papers(seller)
    order_id, invoice = site.received(seller, papers), two_parts(site, papers)
    rows = issued(site, seller, order_id, invoice)
    assert [(row.due_date, row.face) for row in rows] == list(zip(days(site), (FIRST, SECOND), strict=True))
    assert sum(row.face for row in rows) == FACE == site.order(order_id).invoiced
    for row in rows:
        shown = queries.receivable(site.ctx, site.cast["core"], row.id)
        opening = openings.opening(site.ctx, site.cast["core"], row.id)
        said = Revealed(row.id, str(shown.document_root), Money(row.face, CNY), row.due_date)
        opening.check(read(invoice, source="copy"), said)
        for wrong in (
            Revealed(row.id, said.root, Money(row.face + 1, CNY), row.due_date),
            Revealed(row.id, said.root, said.face, row.due_date + timedelta(days=1)),
        ):
            with pytest.raises(Refused):
                opening.check(read(invoice, source="copy"), wrong)
        site.confirm(row)
    site.run()
    assert {site.receivable(row.id).status for row in rows} == {"confirmed"}
    assert mismatches(site) == []


@pytest.mark.parametrize("again", ["in parts", "whole", "other parts"])
def test_issue__the_same_number_again__no_second_claim(site: Site, seller: Actor, again: str) -> None:
    papers = site.papers(seller)
    order_id, invoice = site.received(seller, papers), two_parts(site, papers)
    issued(site, seller, order_id, invoice)
    first, second = days(site)
    third = second + timedelta(days=10)
    other = due_in(papers["invoice"], (first, FIRST), (second, SECOND - 1_00), (third, 1_00))
    with pytest.raises(Conflict) as conflict:
        issued(site, seller, order_id, {"in parts": invoice, "whole": papers["invoice"], "other parts": other}[again])
    assert conflict.value.code == "invoice_already_registered"


@pytest.mark.parametrize(
    ("amounts", "code"), [((FIRST, SECOND - 1), "instalments_unequal"), ((FIRST, None), "instalment_unstated")]
)
def test_issue__parts_that_nobody_can_add_up__refused(
    site: Site, seller: Actor, amounts: tuple[int | None, int | None], code: str
) -> None:
    papers = site.papers(seller)
    invoice = due_in(papers["invoice"], *zip(days(site), amounts, strict=True))
    order_id = site.received(seller, papers)
    with pytest.raises(Refused) as refused:
        issued(site, seller, order_id, invoice)
    assert refused.value.code == code
    assert site.order(order_id).invoiced == 0


def test_issue__a_day_too_far_away__told_and_issued_once_it_is_near(site: Site, seller: Actor) -> None:
    papers = site.papers(seller)
    far = site.today + timedelta(days=200)
    invoice = due_in(papers["invoice"], (days(site)[0], FIRST), (far, SECOND))
    order_id = site.received(seller, papers)
    made = receivables.issue(site.ctx, seller, order_id, invoice)
    site.run()
    assert [(each.due_date, each.amount.minor, each.refusal.code) for each in made.later] == [
        (far, SECOND, "tenor_unlawful")
    ]
    assert site.order(order_id).invoiced == FIRST
    with pytest.raises(Refused) as refused:
        receivables.issue(site.ctx, seller, order_id, invoice)
    assert refused.value.code == "tenor_unlawful"
    site.move_to(site.today + timedelta(days=20))
    (rest,) = issued(site, seller, order_id, invoice)
    assert (rest.due_date, rest.face) == (far, SECOND)
    assert mismatches(site) == []


def test_issue__not_all_received__the_parts_share_what_came(site: Site, seller: Actor) -> None:
    papers = site.papers(seller)
    invoice = two_parts(site, papers)
    papers["receipt"] = papers["receipt"].replace(b'unitCode="EA">12000<', b'unitCode="EA">6000<')
    order_id = site.received(seller, papers)
    rows = issued(site, seller, order_id, invoice)
    came = site.order(order_id).received
    assert sum(row.face for row in rows) == came == FACE - 305_100_00
    assert [row.face for row in rows] == [part.minor for part in Money(came, CNY).allocate([FIRST, SECOND])]


def test_cancel__one_part__its_goods_are_billed_again_by_the_same_invoice(site: Site, seller: Actor) -> None:
    papers = site.papers(seller)
    order_id, invoice = site.received(seller, papers), two_parts(site, papers)
    first, second = issued(site, seller, order_id, invoice)
    site.confirm(first)
    receivables.cancel(site.ctx, seller, second.id)
    site.run()
    (again,) = issued(site, seller, order_id, invoice)
    assert (again.id, again.face) == (second.id, SECOND)
    assert site.order(order_id).invoiced == FACE
    assert mismatches(site) == []


def test_credit_note__on_one_part__takes_from_it_and_no_more_than_it_has(site: Site, seller: Actor) -> None:
    papers = site.papers(seller)
    order_id, invoice = site.received(seller, papers), two_parts(site, papers)
    rows = issued(site, seller, order_id, invoice)
    for row in rows:
        site.confirm(row)
    site.run()
    done = credit_notes.credit(site.ctx, seller, rows[0].id, papers["credit_note"])
    site.run()
    assert done.never_claimed.minor == 0, "the other part is no reason to take less off"
    assert site.receivable(rows[0].id).diluted == done.diluted.minor > 0
    assert site.receivable(rows[1].id).diluted == 0
    whole = papers["credit_note"]
    for old, new in (("6895.00", "442477.88"), ("896.35", "57522.12"), ("7791.35", "500000.00"), ("CN-", "CN-b-")):
        whole = whole.replace(old.encode(), new.encode())
    whole = whole.replace(b'unitCode="KGM">100<', b'unitCode="KGM">4900<')
    with pytest.raises(Refused) as refused:
        credit_notes.credit(site.ctx, seller, rows[0].id, whole)
    assert refused.value.code == "credit_above_part"


def test_goods_sent_back__the_last_part_is_held_first(site: Site, seller: Actor) -> None:
    papers = site.papers(seller)
    order_id, invoice = site.received(seller, papers), two_parts(site, papers)
    rows = issued(site, seller, order_id, invoice)
    back = papers["receipt"].replace(b'unitCode="EA">12000<', b'unitCode="EA">-6000<')
    back = back.replace(b'unitCode="KGM">5000<', b'unitCode="KGM">0<').replace(b"<cbc:ID>", b"<cbc:ID>back-", 1)
    orders.receive(site.ctx, site.cast["core"], order_id, back)
    site.run()
    site.confirm(rows[0])
    with pytest.raises(Refused) as refused:
        site.confirm(rows[1])
    assert (refused.value.code, refused.value.details["uncarried"]) == ("goods_sent_back", "305100.00")
