"""What decides about money in a trade document is read, and what it says once counts once. Companies are invented."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from chainfin.documents import read
from chainfin.documents.opening import Revealed
from chainfin.errors import BadInput, Conflict, Refused
from chainfin.services.kernel.context import Actor
from chainfin.services.lending import credit_notes
from chainfin.services.reads import queries
from chainfin.services.trade import openings, orders, receivables
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.values.money import Money
from tests.e2e.ending import act, mismatches
from tests.e2e.site import FACE, Site
from tests.e2e.site_money import CNY

PAYEE = (
    "<cac:PayeeParty><cac:PartyName><cbc:Name>Invented Factoring (sample)</cbc:Name></cac:PartyName></cac:PayeeParty>"
)


def put(data: bytes, before: str, text: str) -> bytes:
    """``text`` in front of the first place of ``before``."""
    assert before.encode() in data
    return data.replace(before.encode(), (text + before).encode(), 1)


def changed(data: bytes, old: str, new: str) -> bytes:
    assert old.encode() in data
    return data.replace(old.encode(), new.encode(), 1)


@pytest.fixture
def site(shared_site: Site) -> Site:
    return shared_site


@pytest.fixture
def seller(site: Site) -> Actor:
    return site.borrower()


def issued(site: Site, seller: Actor, order_id: str, invoice: bytes) -> ReceivableRow:
    made = receivables.issue(site.ctx, seller, order_id, invoice)
    site.run()
    return site.receivable(made.receivable.id)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: changed(d, "TypeCode>380<", "TypeCode>381<"), "invoice_type_refused"),
        (lambda d: changed(d, "TypeCode>380<", "TypeCode>386<"), "invoice_type_refused"),
        (lambda d: changed(d, "TypeCode>380<", "TypeCode>325<"), "invoice_type_refused"),
        (lambda d: changed(d, "TypeCode>380<", "TypeCode>393<"), "invoice_type_refused"),
        (lambda d: changed(d, "TypeCode>380<", "TypeCode>999<"), "invoice_type_refused"),
        (lambda d: put(d, "<cbc:IssueDate>", "<cbc:CopyIndicator>true</cbc:CopyIndicator>"), "invoice_is_copy"),
        (lambda d: put(d, "<cac:PaymentTerms>", PAYEE), "payee_foreign"),
        (
            lambda d: put(
                d,
                "<cac:TaxTotal>",
                '<cac:PrepaidPayment><cbc:PaidAmount currencyID="CNY">400.00</cbc:PaidAmount></cac:PrepaidPayment>',
            ),
            "prepayment_unstated",
        ),
        (
            lambda d: changed(
                put(
                    d,
                    "<cac:TaxTotal>",
                    "<cac:AllowanceCharge><cbc:ChargeIndicator>false</cbc:ChargeIndicator>"
                    '<cbc:Amount currencyID="CNY">300.00</cbc:Amount></cac:AllowanceCharge>',
                ),
                "<cbc:TaxExclusiveAmount",
                '<cbc:AllowanceTotalAmount currencyID="CNY">0.00</cbc:AllowanceTotalAmount><cbc:TaxExclusiveAmount',
            ),
            "allowance_unstated",
        ),
        (lambda d: changed(d, "<cbc:Percent>13<", "<cbc:Percent>6<"), "tax_unexplained"),
        (lambda d: changed(d, 'PriceAmount currencyID="CNY">45.00<', 'PriceAmount currencyID="CNY">40.00<'),
         "line_amount_unexplained"),
    ],
)  # fmt: skip
def test_invoice__that_makes_no_claim_or_contradicts_itself__refused(
    site: Site, seller: Actor, change: Callable[[bytes], bytes], code: str
) -> None:
    papers = site.papers(seller)
    order_id = site.received(seller, papers)
    with pytest.raises(Refused) as refused:
        receivables.issue(site.ctx, seller, order_id, change(papers["invoice"]))
    assert refused.value.code == code
    assert issued(site, seller, order_id, papers["invoice"]).face == FACE, "without the fault it is a claim"


def test_invoice__dated_in_the_future__refused(site: Site, seller: Actor) -> None:
    papers = site.papers(seller)
    early = changed(papers["invoice"], f"IssueDate>{site.today}<", f"IssueDate>{site.today + timedelta(days=2)}<")
    with pytest.raises(Refused) as refused:
        receivables.issue(site.ctx, seller, site.received(seller, papers), early)
    assert refused.value.code == "invoice_date_future"


def test_invoice__with_several_faults__all_are_told(site: Site, seller: Actor) -> None:
    papers = site.papers(seller)
    wrong = put(changed(papers["invoice"], "TypeCode>380<", "TypeCode>386<"), "<cac:PaymentTerms>", PAYEE)
    with pytest.raises(Refused) as refused:
        receivables.issue(site.ctx, seller, site.received(seller, papers), wrong)
    faults = refused.value.details["faults"]
    assert isinstance(faults, list)
    assert [each["code"] for each in faults] == ["invoice_type_refused", "payee_foreign"]


def test_invoice__with_tax_that_the_buyer_keeps_back__claims_the_rest(site: Site, seller: Actor) -> None:
    papers = site.papers(seller)
    tax = '<cbc:TaxAmount currencyID="CNY">200.00</cbc:TaxAmount>'
    kept_back = f"<cac:WithholdingTaxTotal>{tax}</cac:WithholdingTaxTotal>"
    invoice = put(papers["invoice"], "<cac:TaxTotal>", kept_back)
    assert issued(site, seller, site.received(seller, papers), invoice).face == FACE - 200_00


@pytest.mark.parametrize("kind", ["despatch", "receipt"])
def test_goods__the_same_document_again__moves_once_and_another_of_its_number_is_a_conflict(
    site: Site, seller: Actor, kind: str
) -> None:
    papers = site.papers(seller)
    order, _ = orders.post_order(site.ctx, site.cast["core"], papers["order"], "order.xml")
    site.run()
    orders.acknowledge(site.ctx, seller, order.id, papers["response"])
    site.run()
    orders.despatch(site.ctx, seller, order.id, papers["despatch"])
    site.run()
    who, step = (seller, orders.despatch) if kind == "despatch" else (site.cast["core"], orders.receive)
    half = changed(papers[kind], 'unitCode="EA">12000<', 'unitCode="EA">6000<')
    if kind == "receipt":
        first = step(site.ctx, who, order.id, half)
        site.run()
    else:
        first, half = step(site.ctx, who, order.id, papers[kind]), papers[kind]
    before = site.order(order.id)
    again = step(site.ctx, who, order.id, half)
    site.run()
    assert (again.id, act(site, again.id).status) == (first.id, "final")
    after = site.order(order.id)
    assert (after.despatched, after.received) == (before.despatched, before.received)
    other = changed(half, 'unitCode="KGM">5000<', 'unitCode="KGM">4000<')
    with pytest.raises(Conflict) as conflict:
        step(site.ctx, who, order.id, other)
    assert conflict.value.code == "document_number_reused"
    assert mismatches(site) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: d.replace(b"<cbc:LineID>", b"<cbc:Uuid>").replace(b"</cbc:LineID>", b"</cbc:Uuid>")
         .replace(b"ItemIdentification>", b"Other>").replace("钢支架".encode(), b"copper"), "line_unplaced"),
        (lambda d: changed(d, ">BR-45-001<", ">BR-46-001<"), "line_contradicted"),
        (lambda d: d.replace(b'unitCode="KGM">5000<', b'unitCode="XBX">5000<'), "unit_mismatch"),
        (lambda d: changed(d, 'unitCode="EA">12000<', 'unitCode="EA">-6000<'), "return_above_received"),
        (lambda d: d.replace(b'unitCode="EA">12000<', b'unitCode="EA">0<').replace(b'unitCode="KGM">5000<',
         b'unitCode="KGM">0<'), "nothing_moved"),
    ],
)  # fmt: skip
def test_receipt__whose_line_is_a_guess_or_another_thing__refused(
    site: Site, seller: Actor, change: Callable[[bytes], bytes], code: str
) -> None:
    papers = site.papers(seller)
    order, _ = orders.post_order(site.ctx, site.cast["core"], papers["order"], "order.xml")
    site.run()
    orders.acknowledge(site.ctx, seller, order.id, papers["response"])
    site.run()
    orders.despatch(site.ctx, seller, order.id, papers["despatch"])
    site.run()
    with pytest.raises((Refused, BadInput)) as refused:
        orders.receive(site.ctx, site.cast["core"], order.id, change(papers["receipt"]))
    assert refused.value.code == code


def test_despatch__in_tonnes_of_what_is_ordered_in_kilograms__counts(site: Site, seller: Actor) -> None:
    papers = site.papers(seller)
    papers["despatch"] = changed(papers["despatch"], 'unitCode="KGM">5000<', 'unitCode="TNE">5<')
    order = site.order(site.received(seller, papers))
    assert order.despatched == order.received == order.ordered


@pytest.mark.parametrize("spelt", ["{}\u3164", "{}\ufe0f", "\u200b{}", "ＩＮＶ-{n}", "ІNV-{n}", "inv‑{arabic} "])
def test_invoice__its_number_spelt_otherwise__is_the_same_claim(site: Site, seller: Actor, spelt: str) -> None:
    papers = site.papers(seller)
    order_id = site.received(seller, papers)
    half = changed(papers["invoice"], 'unitCode="EA">12000<', 'unitCode="EA">12000<')
    row = issued(site, seller, order_id, half)
    digits = row.number.removeprefix("INV-")
    arabic = "".join(chr(0x0660 + int(digit)) for digit in digits)
    other = papers["invoice"].replace(
        f"<cbc:ID>{row.number}<".encode(), f"<cbc:ID>{spelt.format(row.number, n=digits, arabic=arabic)}<".encode(), 1
    )
    with pytest.raises(Conflict) as conflict:
        receivables.issue(site.ctx, seller, order_id, other)
    assert conflict.value.code == "invoice_already_registered"


def test_invoice__number_counted_anew_next_year__is_another_claim_and_its_debtor_knows_it(
    site: Site, seller: Actor
) -> None:
    papers, later = site.papers(seller), site.papers(seller)
    first = issued(site, seller, site.received(seller, papers), papers["invoice"])
    of_before = date(site.today.year - 1, 12, 30)
    number = f"<cbc:ID>{first.number}<".encode()
    again = later["invoice"].replace(later["invoice"].split(b"<cbc:ID>")[1].split(b"<")[0], first.number.encode(), 1)
    assert number in again
    with pytest.raises(Conflict):
        receivables.issue(site.ctx, seller, (order_id := site.received(seller, later)), again)
    earlier = changed(again, f"IssueDate>{site.today}<", f"IssueDate>{of_before}<")
    second = issued(site, seller, order_id, earlier)
    assert second.id != first.id
    for row, copy in ((first, papers["invoice"]), (second, earlier)):
        shown = queries.receivable(site.ctx, site.cast["core"], row.id)
        detail = Revealed(row.id, str(shown.document_root), Money(row.face, CNY), row.due_date)
        openings.opening(site.ctx, site.cast["core"], row.id).check(read(copy, source="copy"), detail)
        site.confirm(row)
    with pytest.raises(Conflict):
        receivables.issue(site.ctx, seller, order_id, earlier)


def test_credit_note__before_the_confirmation__withdraws_the_claim_and_the_rest_is_issued(
    site: Site, seller: Actor
) -> None:
    papers = site.papers(seller)
    order_id = site.received(seller, papers)
    row = issued(site, seller, order_id, papers["invoice"])
    done = credit_notes.credit(site.ctx, seller, row.id, papers["credit_note"])
    assert done.act is not None
    with pytest.raises(Refused):
        site.confirm(row)
    site.run()
    assert site.receivable(row.id).status == "cancelled"
    rest = issued(site, seller, order_id, papers["invoice"])
    assert Money(rest.face, CNY) == Money(FACE, CNY) - done.diluted
    with pytest.raises(Conflict) as twice:
        credit_notes.credit(site.ctx, seller, rest.id, papers["credit_note"].replace(b"CN-", b"cn-"))
    assert twice.value.code == "credit_note_already_taken"


@pytest.mark.parametrize(
    ("lines", "accepted"),
    [
        ("<cbc:ID>1</cbc:ID><cbc:LineStatusCode>5</cbc:LineStatusCode>", True),
        ("<cbc:ID>1</cbc:ID><cbc:LineStatusCode>7</cbc:LineStatusCode>", False),
        ("<cbc:ID>1</cbc:ID><cbc:LineStatusCode>3</cbc:LineStatusCode>", False),
        ('<cbc:ID>1</cbc:ID><cbc:Quantity unitCode="EA">12000</cbc:Quantity>', True),
        ('<cbc:ID>1</cbc:ID><cbc:Quantity unitCode="EA">11000</cbc:Quantity>', False),
    ],
)
def test_response__by_line__accepts_only_what_was_ordered(
    site: Site, seller: Actor, lines: str, accepted: bool
) -> None:
    papers = site.papers(seller)
    order, _ = orders.post_order(site.ctx, site.cast["core"], papers["order"], "order.xml")
    site.run()
    line = (
        f"<cac:OrderLine><cac:LineItem>{lines}<cac:Item><cac:BuyersItemIdentification><cbc:ID>BR-45-001</cbc:ID>"
        "</cac:BuyersItemIdentification></cac:Item></cac:LineItem></cac:OrderLine>"
    )
    simple = papers["response"].replace(b"OrderResponseSimple", b"OrderResponse")
    response = put(simple, "</OrderResponse>", line)
    if accepted:
        orders.acknowledge(site.ctx, seller, order.id, response)
        return
    with pytest.raises(Refused) as refused:
        orders.acknowledge(site.ctx, seller, order.id, response)
    assert refused.value.code == "order_not_accepted"


def test_order_change__that_deletes_a_line__nothing_of_it_moves_or_is_billed(site: Site, seller: Actor) -> None:
    papers, core = site.papers(seller), site.cast["core"]
    order, _ = orders.post_order(site.ctx, core, papers["order"], "order.xml")
    site.run()
    orders.acknowledge(site.ctx, seller, order.id, papers["response"])
    site.run()
    place = papers["order"].index(b"<cbc:ID>2<")
    deleted = papers["order"][:place] + papers["order"][place:].replace(
        b"</cbc:ID>", b"</cbc:ID><cbc:LineStatusCode>2</cbc:LineStatusCode>", 1
    )
    orders.amend(site.ctx, core, order.id, deleted)
    site.run()
    assert site.order(order.id).ordered == 610_200_00
    orders.acknowledge(site.ctx, seller, order.id, papers["response"])
    site.run()
    with pytest.raises(Refused) as refused:
        orders.despatch(site.ctx, seller, order.id, papers["despatch"])
    assert refused.value.code == "line_not_ordered"
    assert mismatches(site) == []
