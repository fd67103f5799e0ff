"""ZUGFeRD 1 (2014), CII's forerunner: the same facts under other names. The tree is renamed and read as CII; errors
name the places as CII calls them.
"""

from __future__ import annotations

from typing import Final

from lxml import etree

from chainfin.documents.model import Document
from chainfin.documents.node import NAMESPACES
from chainfin.documents.readers import cii

_NAMESPACES: Final = {
    "urn:ferd:CrossIndustryDocument:invoice:1p0": NAMESPACES["rsm"],
    "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:12": NAMESPACES["ram"],
    "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:15": NAMESPACES["udt"],
}
_NAMES: Final = {
    "CrossIndustryDocument": "CrossIndustryInvoice",
    "HeaderExchangedDocument": "ExchangedDocument",
    "SpecifiedSupplyChainTradeTransaction": "SupplyChainTradeTransaction",
    "ApplicableSupplyChainTradeAgreement": "ApplicableHeaderTradeAgreement",
    "ApplicableSupplyChainTradeDelivery": "ApplicableHeaderTradeDelivery",
    "ApplicableSupplyChainTradeSettlement": "ApplicableHeaderTradeSettlement",
    "SpecifiedSupplyChainTradeAgreement": "SpecifiedLineTradeAgreement",
    "SpecifiedSupplyChainTradeDelivery": "SpecifiedLineTradeDelivery",
    "SpecifiedSupplyChainTradeSettlement": "SpecifiedLineTradeSettlement",
    "ApplicablePercent": "RateApplicablePercent",
    "DeliveryNoteReferencedDocument": "DespatchAdviceReferencedDocument",
}
_SUMMATION: Final = "SpecifiedTradeSettlementMonetarySummation"


def read(root: etree._Element, *, source: str) -> Document:
    """The document at ``root``."""
    for element in root.iter(etree.Element):
        _rename(element)
    _drop_notes(root)
    _due_is_all(root)
    return cii.read(root, source=source)


def _rename(element: etree._Element) -> None:
    name, above = etree.QName(element), element.getparent()
    parent = "" if above is None else etree.QName(above).localname
    local = _NAMES.get(name.localname, name.localname)
    if local == _SUMMATION:
        local = f"SpecifiedTradeSettlement{'Line' if 'Line' in parent else 'Header'}MonetarySummation"
    if local == "ID" and parent.endswith("ReferencedDocument"):
        local = "IssuerAssignedID"
    namespace = name.namespace or ""
    element.tag = f"{{{_NAMESPACES.get(namespace, namespace)}}}{local}"


def _drop_notes(root: etree._Element) -> None:
    """A line without quantity and amount is a note, and where no line has an amount (BASIC) none bills anything; one
    without a number of its own has its place for one."""
    trade = root.find("rsm:SupplyChainTradeTransaction", NAMESPACES)
    lines = [] if trade is None else trade.findall("ram:IncludedSupplyChainTradeLineItem", NAMESPACES)
    amounts = [line.find(".//ram:SpecifiedTradeSettlementLineMonetarySummation", NAMESPACES) for line in lines]
    told = all(amount is None for amount in amounts)
    for place, (line, amount) in enumerate(zip(lines, amounts, strict=True), 1):
        noted = told or line.find(".//ram:BilledQuantity", NAMESPACES) is None
        if trade is not None and amount is None and noted:
            trade.remove(line)
            continue
        head = line.find("ram:AssociatedDocumentLineDocument", NAMESPACES)
        if head is None:
            head = etree.SubElement(line, f"{{{NAMESPACES['ram']}}}AssociatedDocumentLineDocument")
        if head.find("ram:LineID", NAMESPACES) is None:
            etree.SubElement(head, f"{{{NAMESPACES['ram']}}}LineID").text = str(place)


def _due_is_all(root: etree._Element) -> None:
    """Where nothing is said to be paid before, what is due may be left out: it is the grand total."""
    ram = f"{{{NAMESPACES['ram']}}}"
    for totals in root.iter(f"{ram}SpecifiedTradeSettlementHeaderMonetarySummation"):
        whole = totals.find("ram:GrandTotalAmount", NAMESPACES)
        paid, due = (totals.find(step, NAMESPACES) for step in ("ram:TotalPrepaidAmount", "ram:DuePayableAmount"))
        if whole is not None and paid is None and due is None:
            etree.SubElement(totals, f"{ram}DuePayableAmount").text = whole.text
