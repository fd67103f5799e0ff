"""An invoice in one format is the same invoice in another: whatever it says, its canonical form is the same."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from chainfin.documents import Document, DocumentKind, LegalId, Line, Party, Price, References, Totals, read
from chainfin.documents.fingerprint import document_fingerprint
from chainfin.documents.model import Billing, Instalment, TaxPart
from chainfin.values.money import Money
from tests.documents_as import as_cii, as_factur_x, as_ubl

KEY = bytes(32)
words = st.text(alphabet=st.characters(categories=["L", "N"], max_codepoint=0x9FFF), min_size=1, max_size=12)
maybe = st.none() | words
small = st.integers(0, 10**6)


def money(minor: int) -> Money:
    return Money(minor, "EUR")


@st.composite
def parties(draw: st.DrawFn) -> Party:
    ids = [LegalId("legal", draw(words), draw(st.none() | st.sampled_from(["0002", "0199"])))]
    ids += [LegalId("tax", draw(words))] * draw(st.integers(0, 1))
    ids += [LegalId("party", draw(words), draw(st.none() | st.just("0088")))] * draw(st.integers(0, 1))
    return Party(draw(words), tuple(ids), draw(st.none() | st.sampled_from(["CN", "DE", "FR"])))


@st.composite
def bill_lines(draw: st.DrawFn, number: int) -> Line:
    quantity = Decimal(draw(st.integers(-500, 10**6))) / draw(st.sampled_from([1, 10, 1000]))
    amount = Decimal(draw(st.integers(0, 10**6))) / draw(st.sampled_from([1, 100, 10**9]))
    reference = draw(maybe)
    return Line(
        id=str(number),
        order_line_ref=reference,
        order_ref=None if reference is None else draw(maybe),
        buyers_item_id=draw(maybe),
        sellers_item_id=draw(maybe),
        standard_item_id=draw(maybe),
        description=draw(words),
        quantity=_plain(quantity),
        unit_code=draw(st.sampled_from(["EA", "KGM", "C62"])),
        price=Price(_plain(amount), Decimal(draw(st.sampled_from([1, 100])))),
        line_amount=money(draw(st.integers(-(10**6), 10**8))),
        adjustment=None if draw(st.booleans()) else money(draw(st.integers(-500, 500))),
    )


def _plain(value: Decimal) -> Decimal:
    scaled = value.normalize()
    return scaled.quantize(Decimal(1)) if scaled == scaled.to_integral_value() else scaled


@st.composite
def bills(draw: st.DrawFn) -> Document:
    """Any bill that adds up, with all that decides about it."""
    lines = tuple(draw(bill_lines(number)) for number in range(1, draw(st.integers(1, 4)) + 1))
    net = sum((line.line_amount for line in lines if line.line_amount is not None), money(0))
    allowance, charge = (money(draw(small)) if draw(st.booleans()) else None for _ in range(2))
    taxable = net - (allowance or money(0)) + (charge or money(0))
    tax, prepaid, rounding = money(draw(small)), money(draw(small)), money(draw(st.integers(-50, 50)))
    credit = draw(st.booleans())
    issued = date(2026, 1, 1) + timedelta(days=draw(st.integers(0, 300)))
    dues = [issued + timedelta(days=days) for days in sorted(draw(st.sets(st.integers(1, 90), max_size=3)))]
    totals = Totals(
        net, allowance or money(0), charge or money(0), tax, prepaid, rounding, taxable + tax - prepaid + rounding
    )
    several = len(dues) > 1
    billing = Billing(
        type_code="381" if credit else draw(st.sampled_from(["380", "384", "386", "389"])),
        copy=draw(st.none() | st.booleans()),
        payee=draw(st.none() | parties()),
        prepayments=draw(st.none() | st.just(prepaid)),
        allowances=allowance,
        charges=charge,
        taxes=(TaxPart("S", Decimal(draw(st.integers(0, 25))), taxable, tax),),
        instalments=tuple(Instalment(day, money(draw(small))) for day in dues) if several else (),
    )
    named = draw(st.none() | words)
    orders = [named, *(line.order_ref for line in lines)]
    return Document(
        kind=DocumentKind.CREDIT_NOTE if credit else DocumentKind.INVOICE,
        id=draw(words),
        issue_date=issued,
        seller=draw(parties()),
        buyer=draw(parties()),
        currency="EUR",
        lines=lines,
        totals=totals,
        due_date=dues[0] if len(dues) == 1 else None,
        terms=draw(maybe),
        references=References(
            orders=tuple(dict.fromkeys(each for each in orders if each is not None)) if named else _of(lines),
            invoices=tuple(dict.fromkeys(draw(st.lists(words, max_size=2)))),
            despatches=tuple(draw(st.lists(words, max_size=1))),
            receipts=tuple(draw(st.lists(words, max_size=1))),
        ),
        billing=billing,
    )


def _of(lines: tuple[Line, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line.order_ref for line in lines if line.order_ref is not None))


@settings(deadline=None, max_examples=150)
@given(bills())
def test_read__one_bill_as_ubl_and_as_cii__the_same_canonical_form(bill: Document) -> None:
    ubl, cii = read(as_ubl(bill), source="u.xml"), read(as_cii(bill), source="c.xml")
    assert ubl.canonical() == cii.canonical() == bill.canonical()
    assert Document.from_canonical(cii.canonical()) == bill


@settings(deadline=None, max_examples=20)
@given(bills())
def test_fingerprint__one_invoice_in_three_formats__one_receivable(bill: Document) -> None:
    files = [as_ubl(bill), as_cii(bill), as_factur_x(as_cii(bill)), as_factur_x(as_ubl(bill), "any.xml")]
    found = [read(data, source="f") for data in files]
    assert {document_fingerprint(KEY, each) for each in found} == {document_fingerprint(KEY, bill)}
    assert {each.canonical_bytes() for each in found} == {bill.canonical_bytes()}
