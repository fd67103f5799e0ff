"""The calculation rules of EN 16931 over the sample invoice: each broken once in each syntax, with its tolerance."""

import json
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chainfin import samples
from chainfin.cli.main import app
from chainfin.documents import Document, read
from chainfin.documents.faults import faults_of
from chainfin.documents.financing import unless_claim
from chainfin.errors import BadInput
from tests.documents_as import as_cii

UBL = samples.trade(date(2026, 11, 21), "25447000000012345678")["invoice"]
NOTE = samples.trade(date(2026, 11, 21), "25447000000012345678")["credit_note"]
CII = as_cii(read(UBL, source="invoice.xml"))
TAX = 'TaxAmount currencyID="CNY">115017.50'
TOTALS = "/Invoice/cac:LegalMonetaryTotal"
GROUP = "/Invoice/cac:TaxTotal[1]/cac:TaxSubtotal[1]"
SETTLED = "/rsm:CrossIndustryInvoice/rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeSettlement"
SUMMED = f"{SETTLED}/ram:SpecifiedTradeSettlementHeaderMonetarySummation"
LISTED = (
    "<cac:AllowanceCharge><cbc:ChargeIndicator>{said}</cbc:ChargeIndicator>"
    '<cbc:Amount currencyID="CNY">{amount}</cbc:Amount></cac:AllowanceCharge><cac:TaxTotal>'
)
Edits = list[tuple[str, str]]


def changed(data: bytes, edits: Edits) -> bytes:
    text = data.decode()
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text.encode()


def told(data: bytes) -> list[tuple[object, object]]:
    """The rules that a file breaks and their places, whether it is read or refused."""
    try:
        return [(each.rule, each.where) for each in read(data, source="f").breaches]
    except BadInput as error:
        return [(each.get("rule"), each["where"]) for each in faults_of(error) if each.get("rule")]


@pytest.mark.parametrize("data", [UBL, NOTE, CII])
def test_breaches__sample__none(data: bytes) -> None:
    assert told(data) == []


@pytest.mark.parametrize(
    ("edits", "rules"),
    [
        ([(">540000.00</cbc:LineE", ">540000.01</cbc:LineE")], [("BR-CO-10", f"{TOTALS}/cbc:LineExtensionAmount")]),
        ([("<cac:TaxTotal>", LISTED.format(said="false", amount="0.00"))],
         [("BR-CO-11", f"{TOTALS}/cbc:AllowanceTotalAmount")]),
        ([("<cac:TaxTotal>", LISTED.format(said="true", amount="0.00"))],
         [("BR-CO-12", f"{TOTALS}/cbc:ChargeTotalAmount")]),
        ([("<cbc:TaxInclusiveAmount", '<cbc:AllowanceTotalAmount currencyID="CNY">0.01</cbc:AllowanceTotalAmount>'
           "<cbc:TaxInclusiveAmount")],
         [("BR-CO-11", f"{TOTALS}/cbc:AllowanceTotalAmount"), ("BR-CO-13", f"{TOTALS}/cbc:TaxExclusiveAmount")]),
        ([("TaxExclusiveAmount currencyID=\"CNY\">884750.00", "TaxExclusiveAmount currencyID=\"CNY\">884750.01")],
         [("BR-CO-13", f"{TOTALS}/cbc:TaxExclusiveAmount"), ("BR-CO-15", f"{TOTALS}/cbc:TaxInclusiveAmount")]),
        ([(TAX, TAX.replace(".50", ".51"))],
         [("BR-CO-14", "/Invoice/cac:TaxTotal[1]/cbc:TaxAmount"), ("BR-CO-15", f"{TOTALS}/cbc:TaxInclusiveAmount")]),
        ([("PayableAmount currencyID=\"CNY\">999767.50", "PayableAmount currencyID=\"CNY\">999767.51")],
         [("BR-CO-16", f"{TOTALS}/cbc:PayableAmount")]),
        ([("<cbc:ID>VAT<", "<cbc:ID>GST<")], [("BR-CO-17", f"{GROUP}/cbc:TaxAmount")]),
        ([("<cbc:Percent>13<", "<cbc:Percent>12.999<")],
         [("BR-CO-17", f"{GROUP}/cbc:TaxAmount"), ("BR-S-08", f"{GROUP}/cbc:TaxableAmount")]),
        ([("<cac:ClassifiedTaxCategory>\n        <cbc:ID>S", "<cac:ClassifiedTaxCategory>\n        <cbc:ID>Z")],
         [("BR-S-08", f"{GROUP}/cbc:TaxableAmount")]),
        ([("<cbc:ID>S</cbc:ID>", "<cbc:ID>AE</cbc:ID>")], [("BR-AE-08", f"{GROUP}/cbc:TaxableAmount")]),
        ([("<cbc:ID>S</cbc:ID>", "<cbc:ID>E</cbc:ID>")], [("BR-E-08", f"{GROUP}/cbc:TaxableAmount")]),
        ([("<cbc:ID>S</cbc:ID>", "<cbc:ID>Z</cbc:ID>")], [("BR-Z-08", f"{GROUP}/cbc:TaxableAmount")]),
    ],
)  # fmt: skip
def test_breaches__ubl__each_rule_at_its_place(edits: Edits, rules: list[tuple[str, str]]) -> None:
    assert told(changed(UBL, edits)) == [(rule, f"f: {place}") for rule, place in rules]


@pytest.mark.parametrize(
    ("edits", "rules"),
    [
        ([("GrandTotalAmount>999767.50", "GrandTotalAmount>999767.51")],
         [("BR-CO-15", f"{SUMMED}/ram:GrandTotalAmount"), ("BR-CO-16", f"{SUMMED}/ram:DuePayableAmount")]),
        ([("TypeCode>VAT<", "TypeCode>GST<")],
         [("BR-CO-17", f"{SETTLED}/ram:ApplicableTradeTax[1]/ram:CalculatedAmount")]),
        ([("BasisAmount currencyID=\"CNY\">884750.00", "BasisAmount currencyID=\"CNY\">884750.01")],
         [("BR-S-08", f"{SETTLED}/ram:ApplicableTradeTax[1]/ram:BasisAmount")]),
    ],
)  # fmt: skip
def test_breaches__cii__each_rule_at_its_place(edits: Edits, rules: list[tuple[str, str]]) -> None:
    text = CII.decode()
    header = text.index("<ram:ApplicableHeaderTradeSettlement>")
    data = text[:header].encode() + changed(text[header:].encode(), edits)
    assert told(data) == [(rule, f"f: {place}") for rule, place in rules]


@pytest.mark.parametrize(
    ("amount", "broken"), [("884750.99", False), ("884749.01", False), ("884751.00", True), ("884749.00", True)]
)
def test_breaches__base_of_a_rate_in_ubl__within_a_unit(amount: str, broken: bool) -> None:
    """BR-S-08 gives UBL a unit of the currency, and BR-Z-08 nothing at all."""
    at_rate = [('TaxableAmount currencyID="CNY">884750.00', f'TaxableAmount currencyID="CNY">{amount}')]
    assert ("BR-S-08" in dict(told(changed(UBL, at_rate)))) is broken
    zero = changed(UBL, at_rate).replace(b"<cbc:ID>S<", b"<cbc:ID>Z<")
    assert "BR-Z-08" in dict(told(zero))


def test_breaches__within_the_tolerance_of_reading__told_and_read_all_the_same() -> None:
    found = read(changed(UBL, [(">540000.00</cbc:LineE", ">540000.01</cbc:LineE")]), source="f")
    assert [each.rule for each in found.breaches] == ["BR-CO-10"]
    assert Document.from_canonical(found.canonical()) == found, "they are no part of what the document says"


def test_unless_claim__base_of_a_category_isnt_that_of_its_lines__refused_with_rule_and_place() -> None:
    edits = [("<cac:ClassifiedTaxCategory>\n        <cbc:ID>S", "<cac:ClassifiedTaxCategory>\n        <cbc:ID>E")]
    refusal = unless_claim(read(changed(UBL, edits), source="f"), date(2026, 12, 1))
    assert refusal is not None
    assert refusal.code == "tax_base_unexplained"
    (broken,) = read(changed(UBL, edits), source="f").breaches
    place = {"rule": "BR-S-08", "where": f"f: {GROUP}/cbc:TaxableAmount"}
    assert refusal.proof["faults"] == [{"code": "tax_base_unexplained", "message": broken.message, **place}]


def test_read__refused_for_something_else__the_broken_rules_are_told_besides() -> None:
    with pytest.raises(BadInput) as caught:
        read(changed(UBL, [('unitCode="EA"', 'unitCode="bushel"'), (TAX, TAX.replace("115", "116"))]), source="f")
    assert [(each["code"], each.get("rule")) for each in faults_of(caught.value)] == [
        ("unit_unknown", None), ("document_inconsistent", "BR-CO-14"), ("document_inconsistent", "BR-CO-15"),
    ]  # fmt: skip


def test_show_and_check__credit_note_that_breaks_a_rule__say_so(tmp_path: Path) -> None:
    file = tmp_path / "note.xml"
    file.write_bytes(changed(NOTE, [("<cbc:ID>S</cbc:ID>", "<cbc:ID>E</cbc:ID>")]))
    for command in ("show", "check"):
        result = CliRunner().invoke(app, ["documents", command, str(file), "--json"])
        assert result.exit_code == 0
        (breach,) = json.loads(result.stdout)["breaches"]
        assert breach["rule"] == "BR-E-08"
        assert breach["where"].endswith("/CreditNote/cac:TaxTotal[1]/cac:TaxSubtotal[1]/cbc:TaxableAmount")
    assert "breaks BR-E-08" in CliRunner().invoke(app, ["documents", "check", str(file)]).stdout
