"""Over HTTP: an invoice in CII, and one in a PDF, make the receivable that it makes in UBL, and no second one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chainfin import samples
from chainfin.client.problem import ApiProblem
from chainfin.documents import as_text, read
from tests.api.world import World
from tests.documents_as import as_cii, as_factur_x


def received(town: World, number: str) -> tuple[str, dict[str, bytes]]:
    """An order of which everything has come, and the trade's papers."""
    papers = samples.trade(town.stage.today, number)
    order = str(town.core.act("/v1/orders", {"document": as_text(papers["order"])})["order"]["id"])
    for member, step, name in (
        (town.supplier, "acknowledgement", "response"),
        (town.supplier, "despatches", "despatch"),
        (town.core, "receipts", "receipt"),
    ):
        member.act(f"/v1/orders/{order}/{step}", {"document": as_text(papers[name])})
    return order, papers


@pytest.mark.parametrize("form", ["cii", "pdf"])
def test_issue__invoice_in_another_format__confirmed_on_ones_own_copy(town: World, form: str) -> None:
    order, papers = received(town, f"INV-{form}")
    ubl = papers["invoice"]
    cii = as_cii(read(ubl, source="invoice.xml"))
    sent = cii if form == "cii" else as_factur_x(cii)
    issued = town.supplier.act("/v1/receivables", {"order_id": order, "document": as_text(sent)})["receivable"]
    shown = town.core.get(f"/v1/receivables/{issued['id']}")
    assert (shown["face"], shown["currency"], shown["status"]) == ("999767.50", "CNY", "issued")
    assert shown["due_date"] == str(read(ubl, source="invoice.xml").due_date)
    undertaking = {
        "document_root": shown["document_root"],
        "face": {"amount": shown["face"], "currency": shown["currency"]},
        "due_date": shown["due_date"],
    }
    town.core.act(f"/v1/receivables/{issued['id']}/confirmation", undertaking)
    assert town.core.get(f"/v1/receivables/{issued['id']}")["status"] == "confirmed"
    with pytest.raises(ApiProblem) as again:
        town.supplier.post("/v1/receivables", {"order_id": order, "document": as_text(ubl)})
    assert (again.value.status, again.value.code) == (409, "invoice_already_registered")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (as_text(as_factur_x(b"<rates/>")), "document_kind_unknown"),
        ("JVBERi0xLjc=", "document_malformed"),
        ("not a document", "document_malformed"),
    ],
)
def test_issue__file_without_an_invoice__refused_by_name(town: World, text: str, code: str) -> None:
    with pytest.raises(ApiProblem) as refused:
        town.supplier.post("/v1/receivables", {"order_id": town.ids["order"], "document": text})
    assert (refused.value.status, refused.value.code) == (422, code)


def test_issue__invoice_with_two_faults__both_told_with_the_rules_that_it_breaks(town: World) -> None:
    cii = as_cii(read(samples.trade(town.stage.today, "INV-two")["invoice"], source="invoice.xml")).decode()
    broken = cii.replace("LineTotalAmount>884750.00", "LineTotalAmount>2.00").replace('unitCode="EA"', 'unitCode="?"')
    both = broken.replace("<ram:TypeCode>380</ram:TypeCode>", "")
    with pytest.raises(ApiProblem) as refused:
        town.supplier.post("/v1/receivables", {"order_id": town.ids["order"], "document": both})
    faults = refused.value.body["details"]["faults"]
    assert [fault["code"] for fault in faults][:2] == ["document_incomplete", "unit_unknown"]
    settled = "/rsm:CrossIndustryInvoice/rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeSettlement"
    broken_rules = {fault["rule"]: fault["where"] for fault in faults[2:]}
    summed = f"{settled}/ram:SpecifiedTradeSettlementHeaderMonetarySummation"
    assert broken_rules == {
        "BR-CO-10": f"request: {summed}/ram:LineTotalAmount",
        "BR-CO-13": f"request: {summed}/ram:TaxBasisTotalAmount",
    }


def test_issue__invoice_due_in_parts__a_receivable_for_each_signed_by_the_sellers_program(town: World) -> None:
    order, papers = received(town, "INV-parts")
    first, second = (town.stage.today + timedelta(days=days) for days in (30, 90))
    terms = "".join(
        f'<cac:PaymentTerms><cbc:Amount currencyID="CNY">{amount}</cbc:Amount>'
        f"<cbc:InstallmentDueDate>{day}</cbc:InstallmentDueDate></cac:PaymentTerms>"
        for day, amount in ((first, "399767.50"), (second, "600000.00"))
    )
    invoice = papers["invoice"].replace(b"<cac:PaymentTerms>", terms.encode() + b"<cac:PaymentTerms>", 1)
    made = town.supplier.act("/v1/receivables", {"order_id": order, "document": as_text(invoice)})
    shown = [town.core.get(f"/v1/receivables/{each['receivable']['id']}") for each in (made, *made["further"])]
    assert [(each["due_date"], each["face"], each["status"]) for each in shown] == [
        (str(first), "399767.50", "issued"), (str(second), "600000.00", "issued"),
    ]  # fmt: skip
    assert [each["act"]["status"] for each in made["further"]] == ["final"]
    assert made["later"] == []
    for each in shown:
        town.core.confirm(each, invoice)
        assert town.core.get(f"/v1/receivables/{each['id']}")["status"] == "confirmed"


def test_issue__corrected_invoice__the_sellers_program_withdraws_the_first_and_issues_the_other(town: World) -> None:
    order, papers = received(town, "INV-wrong")
    first = town.supplier.act("/v1/receivables", {"order_id": order, "document": as_text(papers["invoice"])})
    text = papers["invoice"].decode().replace("TypeCode>380<", "TypeCode>384<")
    named = "<cac:InvoiceDocumentReference><cbc:ID>INV-wrong</cbc:ID></cac:InvoiceDocumentReference>"
    text = text.replace("<cbc:ID>INV-wrong<", "<cbc:ID>INV-right<", 1)
    text = text.replace(
        "<cac:AccountingSupplierParty>",
        f"<cac:BillingReference>{named}</cac:BillingReference><cac:AccountingSupplierParty>",
        1,
    )
    body = {"order_id": order, "document": as_text(text.encode())}
    withdrawn = town.supplier.act("/v1/receivables", body)
    assert (withdrawn["receivable"]["id"], withdrawn["act"]["function"], withdrawn["act"]["status"]) == (
        first["receivable"]["id"], "cancel", "final",
    )  # fmt: skip
    issued = town.supplier.act("/v1/receivables", body)["receivable"]
    assert town.core.get(f"/v1/receivables/{issued['id']}")["status"] == "issued"
