"""UBL into the canonical form, on the project's own samples: each fault has its code and its XPath."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import cast

import pytest

from chainfin import samples
from chainfin.documents import Document, DocumentKind, read
from chainfin.documents.crediting import dilution
from chainfin.documents.faults import faults_of
from chainfin.documents.financing import unless_claim
from chainfin.documents.show import summary
from chainfin.errors import BadInput, Refusal
from chainfin.values import party

TRADE = samples.trade(date(2026, 11, 21), "25447000000012345678")


def changed(name: str, *edits: tuple[str, str]) -> bytes:
    text = TRADE[name].decode()
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text.encode()


def refused(name: str, *edits: tuple[str, str]) -> BadInput:
    with pytest.raises(BadInput) as caught:
        read(changed(name, *edits), source="f.xml")
    assert "\n" not in str(caught.value)
    return caught.value


def test_read__sample_order__canonical_form() -> None:
    order = read(TRADE["order"], source="order.xml")
    assert order.kind is DocumentKind.ORDER
    assert order.seller.legal_id == samples.SUPPLIER.uscc
    assert order.buyer.name == samples.CORE.name
    assert order.buyer.country == "CN"
    assert order.currency == "CNY"
    assert [(line.quantity, line.unit_code) for line in order.lines] == [(Decimal(12000), "EA"), (Decimal(5000), "KGM")]
    assert order.totals is not None
    assert str(order.totals.gross) == str(order.totals.payable) == "999767.50"
    assert order.issue_date == date(2026, 10, 22)


def test_read__sample_invoice__due_date_terms_and_references() -> None:
    invoice = read(TRADE["invoice"], source="invoice.xml")
    assert invoice.due_date == date(2027, 2, 19)
    assert invoice.terms == "Payable 90 days after the invoice date"
    assert invoice.references.orders == ("PO-25447000000012345678",)
    assert [str(line.tax) for line in invoice.lines] == ["70200.00", "44817.50"]


def test_read__sample_credit_note__names_the_invoice() -> None:
    note = read(TRADE["credit_note"], source="n.xml")
    assert note.references.invoices == ("25447000000012345678",)
    assert note.totals is not None
    assert str(note.totals.payable) == "7791.35"


@pytest.mark.parametrize("name", samples.DOCUMENTS)
def test_canonical__every_sample__round_trip_is_exact(name: str) -> None:
    document = read(TRADE[name], source=name)
    assert Document.from_canonical(document.canonical()) == document


@pytest.mark.parametrize("name", samples.DOCUMENTS)
def test_summary__every_sample__names_both_parties(name: str) -> None:
    shown = summary(read(TRADE[name], source=name))
    assert shown["seller"] == {"name": samples.SUPPLIER.name, "legal_id": samples.SUPPLIER.uscc, "country": "CN"}
    assert shown["kind"] == read(TRADE[name], source=name).kind.value


def test_read__response_that_rejects__accepted_is_false() -> None:
    assert read(changed("response", (">true<", ">false<")), source="f.xml").accepted is False


def rejecting(count: int, unit: str) -> tuple[str, str]:
    """An edit that makes the receipt reject some of the copper."""
    end = "5000</cbc:ReceivedQuantity>"
    return end, f'{end}<cbc:RejectedQuantity unitCode="{unit}">{count}</cbc:RejectedQuantity>'


def test_read__receipt_with_rejected_goods__accepted_quantity_is_less() -> None:
    data = changed("receipt", rejecting(20, "KGM"))
    line = read(data, source="f.xml").lines[1]
    assert (line.quantity, line.rejected, line.accepted) == (Decimal(5000), Decimal(20), Decimal(4980))


TOTAL = '<cbc:PayableAmount currencyID="CNY">'
PAID = (TOTAL, f'<cbc:PrepaidAmount currencyID="CNY">999767.50</cbc:PrepaidAmount>{TOTAL}')
PAID_BACK = (TOTAL, f'<cbc:PrepaidAmount currencyID="CNY">-1000.00</cbc:PrepaidAmount>{TOTAL}')


@pytest.mark.parametrize(
    ("name", "edits", "code", "place"),
    [
        ("invoice", [("999767.50</cbc:PayableAmount>", "999767.505</cbc:PayableAmount>")],
         "amount_too_precise", "/Invoice/cac:LegalMonetaryTotal/cbc:PayableAmount"),
        ("invoice", [("999767.50</cbc:PayableAmount>", "1e6</cbc:PayableAmount>")],
         "amount_malformed", "/Invoice/cac:LegalMonetaryTotal/cbc:PayableAmount"),
        ("invoice", [("999767.50</cbc:PayableAmount>", "99999999999999999999</cbc:PayableAmount>")],
         "amount_too_large", "/Invoice/cac:LegalMonetaryTotal/cbc:PayableAmount"),
        ("invoice", [('PayableAmount currencyID="CNY"', 'PayableAmount currencyID="USD"')],
         "currency_mismatch", "/Invoice/cac:LegalMonetaryTotal/cbc:PayableAmount/@currencyID"),
        ("invoice", [('PayableAmount currencyID="CNY"', "PayableAmount")],
         "document_incomplete", "/Invoice/cac:LegalMonetaryTotal/cbc:PayableAmount/@currencyID"),
        ("invoice", [("<cbc:DocumentCurrencyCode>CNY", "<cbc:DocumentCurrencyCode>XAU")],
         "currency_unknown", "/Invoice/cbc:DocumentCurrencyCode"),
        ("invoice", [("12000</cbc:InvoicedQuantity>", "NaN</cbc:InvoicedQuantity>")],
         "quantity_malformed", "/Invoice/cac:InvoiceLine[1]/cbc:InvoicedQuantity"),
        ("invoice", [("12000</cbc:InvoicedQuantity>", "0.1234567</cbc:InvoicedQuantity>")],
         "quantity_too_precise", "/Invoice/cac:InvoiceLine[1]/cbc:InvoicedQuantity"),
        ("invoice", [('unitCode="EA"', 'unitCode="bushel"')],
         "unit_unknown", "/Invoice/cac:InvoiceLine[1]/cbc:InvoicedQuantity/@unitCode"),
        ("invoice", [(' unitCode="EA"', "")],
         "document_incomplete", "/Invoice/cac:InvoiceLine[1]/cbc:InvoicedQuantity/@unitCode"),
        ("invoice", [("<cbc:DueDate>2027-02-19", "<cbc:DueDate>2027-02-30")],
         "date_malformed", "/Invoice/cbc:DueDate"),
        ("invoice", [("999767.50</cbc:PayableAmount>", "999768.00</cbc:PayableAmount>")],
         "document_inconsistent", "/Invoice/cac:LegalMonetaryTotal/cbc:PayableAmount"),
        ("invoice", [("540000.00</cbc:LineExtensionAmount>", "540001.00</cbc:LineExtensionAmount>")],
         "document_inconsistent", "/Invoice/cac:LegalMonetaryTotal/cbc:LineExtensionAmount"),
        ("credit_note", [("7791.35</cbc:PayableAmount>", "7791.355</cbc:PayableAmount>")],
         "amount_too_precise", "/CreditNote/cac:LegalMonetaryTotal/cbc:PayableAmount"),
        ("credit_note", [('PayableAmount currencyID="CNY"', 'PayableAmount currencyID="EUR"')],
         "currency_mismatch", "/CreditNote/cac:LegalMonetaryTotal/cbc:PayableAmount/@currencyID"),
        ("order", [("540000.00</cbc:LineExtensionAmount>", "-540000.00</cbc:LineExtensionAmount>")],
         "amount_negative", "/Order/cac:OrderLine[1]/cac:LineItem/cbc:LineExtensionAmount"),
        ("order", [("12000</cbc:Quantity>", "-1</cbc:Quantity>")],
         "quantity_not_positive", "/Order/cac:OrderLine[1]/cac:LineItem/cbc:Quantity"),
        ("order", [("999767.50</cbc:PayableAmount>", "0.00</cbc:PayableAmount>")],
         "amount_not_positive", "/Order/cac:AnticipatedMonetaryTotal/cbc:PayableAmount"),
        ("order", [("cac:SellerSupplierParty", "cac:AgentParty"), ("cac:SellerSupplierParty", "cac:AgentParty")],
         "document_incomplete", "/Order/cac:SellerSupplierParty"),
        ("order", [("<cbc:ID>PO-25447000000012345678</cbc:ID>", "<cbc:ID> </cbc:ID>")],
         "document_incomplete", "/Order/cbc:ID"),
        ("order", [("<cbc:IssueDate>2026-10-22</cbc:IssueDate>", "")],
         "document_incomplete", "/Order/cbc:IssueDate"),
        ("order", [('PriceAmount currencyID="CNY">45.00', 'PriceAmount currencyID="USD">45.00')],
         "currency_mismatch", "/Order/cac:OrderLine[1]/cac:LineItem/cac:Price/cbc:PriceAmount/@currencyID"),
        ("response", [("<cbc:AcceptedIndicator>true</cbc:AcceptedIndicator>", "")],
         "document_incomplete", "/OrderResponseSimple/cbc:AcceptedIndicator"),
        ("response", [(">true<", ">perhaps<")], "document_malformed", "/OrderResponseSimple/cbc:AcceptedIndicator"),
        ("receipt", [rejecting(5001, "KGM")],
         "document_inconsistent", "/ReceiptAdvice/cac:ReceiptLine[2]/cbc:RejectedQuantity"),
        ("receipt", [rejecting(1, "TNE")],
         "document_inconsistent", "/ReceiptAdvice/cac:ReceiptLine[2]/cbc:RejectedQuantity/@unitCode"),
    ],
)  # fmt: skip
def test_read__faulty_document__code_and_xpath(name: str, edits: list[tuple[str, str]], code: str, place: str) -> None:
    error = refused(name, *edits)
    assert (error.code, error.where) == (code, f"f.xml: {place}")


def test_read__several_faults__all_told_with_rule_and_xpath() -> None:
    error = refused(
        "invoice",
        ("540000.00</cbc:LineExtensionAmount>", "540001.00</cbc:LineExtensionAmount>"),
        ("999767.50</cbc:PayableAmount>", "999768.00</cbc:PayableAmount>"),
    )
    told = [(fault["code"], fault["rule"], fault["where"]) for fault in faults_of(error)]
    group = "f.xml: /Invoice/cac:LegalMonetaryTotal"
    assert told == [
        ("document_inconsistent", "BR-CO-10", f"{group}/cbc:LineExtensionAmount"),
        ("document_inconsistent", "BR-CO-16", f"{group}/cbc:PayableAmount"),
        ("document_inconsistent", "BR-S-08", "f.xml: /Invoice/cac:TaxTotal[1]/cac:TaxSubtotal[1]/cbc:TaxableAmount"),
    ]
    assert error.message.endswith("; and 2 more")


@pytest.mark.parametrize(
    ("edits", "code"),
    [
        ([("540000.00</cbc:LineExtensionAmount>", "-540000.00</cbc:LineExtensionAmount>")], "line_takes_back"),
        ([("12000</cbc:InvoicedQuantity>", "-12000</cbc:InvoicedQuantity>")], "line_takes_back"),
        ([("ID>2</cbc:ID>\n    <cbc:InvoicedQ", "ID>1</cbc:ID>\n    <cbc:InvoicedQ")], "line_id_repeated"),
        ([("999767.50</cbc:PayableAmount>", "0.00</cbc:PayableAmount>"), PAID], "invoice_nothing_payable"),
        ([PAID_BACK, ("999767.50</cbc:PayableAmount>", "1000767.50</cbc:PayableAmount>")], "amount_below_zero"),
    ],
)
def test_unless_claim__what_a_bill_may_say_and_no_claim_is__refused(edits: list[tuple[str, str]], code: str) -> None:
    data = changed("invoice", *edits)
    if "-540000.00" in data.decode():
        data = data.replace(b"884750.00<", b"-195250.00<").replace(b"999767.50<", b"-80232.50<")
    refusal = unless_claim(read(data, source="f.xml"), date(2026, 12, 1))
    assert refusal is not None
    assert code in [fault["code"] for fault in cast("list[dict[str, str]]", refusal.proof["faults"])]


def test_dilution__credit_note_that_credits_nothing__refused() -> None:
    paid = '<cbc:PrepaidAmount currencyID="CNY">7791.35</cbc:PrepaidAmount>'
    edits = ((TOTAL, f"{paid}{TOTAL}"), ("7791.35</cbc:PayableAmount>", "0.00</cbc:PayableAmount>"))
    note = read(changed("credit_note", *edits), source="n.xml")
    refusal = dilution(read(TRADE["invoice"], source="f.xml"), note)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "credit_nothing"


def test_read__line_total_off_by_rounding__accepted() -> None:
    edits = (
        ("884750.00</cbc:LineExtensionAmount>", "884750.01</cbc:LineExtensionAmount>"),
        ("884750.00</cbc:TaxExclusiveAmount>", "884750.01</cbc:TaxExclusiveAmount>"),
    )
    invoice = read(changed("invoice", *edits), source="f.xml")
    assert invoice.totals is not None
    assert str(invoice.totals.payable) == "999767.50"


def test_read__order_without_its_tax_in_the_payable__gross_has_it() -> None:
    data = changed("order", ("999767.50</cbc:PayableAmount>", "884750.00</cbc:PayableAmount>"))
    order = read(data, source="f.xml")
    assert order.totals is not None
    assert (str(order.totals.payable), str(order.totals.gross)) == ("884750.00", "999767.50")


def test_read__prefixes_renamed__same_canonical_bytes() -> None:
    plain = read(TRADE["invoice"], source="f.xml")
    text = TRADE["invoice"].decode().replace("cac:", "x:").replace("cbc:", "y:").replace(":cac=", ":x=")
    other = read(text.replace(":cbc=", ":y=").encode(), source="f.xml")
    assert other.canonical_bytes() == plain.canonical_bytes()


def _without(name: str) -> Callable[[dict[str, object]], object]:
    return lambda body: body.pop(name)


@pytest.mark.parametrize(
    ("edit", "place"),
    [
        (_without("id"), "/id"),
        (_without("lines"), "/lines"),
        (_without("seller"), "/seller"),
        (lambda body: body.update(kind="letter"), "/kind"),
        (lambda body: body.update(version="2"), "/version"),
        (lambda body: body.update(issue_date="yesterday"), "/issue_date"),
        (lambda body: body.update(accepted="yes"), "/accepted"),
        (lambda body: body.update(extra="1"), "/"),
        (lambda body: body["lines"][0].update(quantity="x"), "/lines/0/quantity"),
        (lambda body: body["lines"][0].update(quantity="12000.0"), "/lines/0/quantity"),
        (lambda body: body["totals"].update(payable="1.001"), "/totals/payable"),
        (lambda body: body.pop("currency"), "/lines/0/line_amount"),
        (lambda body: body["references"].update(orders="x"), "/references/orders"),
    ],
)
def test_from_canonical__another_form__document_canonical_invalid(
    edit: Callable[[dict[str, object]], object], place: str
) -> None:
    body = read(TRADE["invoice"], source="f.xml").canonical()
    edit(body)  # type: ignore[arg-type]  # the edits break the type on purpose
    with pytest.raises(BadInput) as caught:
        Document.from_canonical(body)
    assert caught.value.code == "document_canonical_invalid"
    assert caught.value.where == place


COMPANIES = [company for company in vars(samples).values() if isinstance(company, samples.Company)]


@pytest.mark.parametrize("company", COMPANIES, ids=lambda company: company.english)
def test_samples__every_company__valid_code_of_a_division_that_does_not_exist(company: samples.Company) -> None:
    assert party.uscc(company.uscc).value == company.uscc
    assert company.uscc[2:8] == "990000"
    # GB 11714: the organisation code inside has a check digit of its own.
    weighted = sum(
        weight * int(sign) for weight, sign in zip((3, 7, 9, 10, 5, 8, 4, 2), company.uscc[8:16], strict=True)
    )
    assert company.uscc[16] == {10: "X", 11: "0"}.get(11 - weighted % 11, str(11 - weighted % 11))
    assert "样例" in company.name
    assert "sample" in company.english


def test_samples__companies__no_code_twice() -> None:
    assert len({company.uscc for company in COMPANIES}) == len(COMPANIES)


def test_read__attribute_with_a_line_break__error_on_one_line() -> None:
    error = refused("invoice", ('unitCode="EA"', 'unitCode="&#10;&#8232;"'))
    assert error.code == "document_incomplete"
    assert len(str(error).splitlines()) == 1
