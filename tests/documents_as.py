"""A canonical document written as a file of each format: what readers are held against, in both directions."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO

from lxml import etree
from pypdf import PdfWriter

from chainfin.documents.model import Document, DocumentKind, Line, Party, TaxPart
from chainfin.documents.node import NAMESPACES
from chainfin.values.money import Money

UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
Part = tuple[str, object]
"""A step and what stands there: a text, an amount, parts of its own, or nothing."""


class _Writer:
    """Elements by their steps; an amount carries its currency, and what is None isn't written."""

    def __init__(self, namespaces: dict[str, str], root: str) -> None:
        self.namespaces = namespaces
        self.root = etree.Element(root, nsmap={key: value for key, value in namespaces.items() if key})

    def tag(self, step: str) -> str:
        prefix, _, name = step.rpartition(":")
        return f"{{{self.namespaces[prefix]}}}{name}"

    def put(self, parent: etree._Element, parts: Iterable[Part]) -> None:
        for step, value in parts:
            if value is None:
                continue
            name, _, attribute = step.partition("@")
            key, _, said = attribute.partition("=")
            made = etree.SubElement(parent, self.tag(name), {key: said} if said else {})
            if isinstance(value, Money):
                made.set("currencyID", value.currency)
                made.text = str(value)
            elif isinstance(value, str):
                made.text = value
            else:
                assert isinstance(value, list)
                self.put(made, value)

    def bytes(self) -> bytes:
        return etree.tostring(self.root, xml_declaration=True, encoding="UTF-8")


def as_ubl(document: Document) -> bytes:
    """An Invoice or CreditNote of UBL 2.1."""
    name = "Invoice" if document.kind is DocumentKind.INVOICE else "CreditNote"
    spaces = {"": f"{UBL}{name}-2", "cac": NAMESPACES["cac"], "cbc": NAMESPACES["cbc"]}
    writer = _Writer(spaces, f"{{{UBL}{name}-2}}{name}")
    totals, billing, refs = document.totals, document.billing, document.references
    assert totals is not None
    copy = None if billing.copy is None else str(billing.copy).lower()
    due = None if document.due_date is None else document.due_date.isoformat()
    head: list[Part] = [
        ("cbc:ID", document.id),
        ("cbc:CopyIndicator", copy),
        ("cbc:IssueDate", document.issue_date.isoformat()),
        ("cbc:DueDate", due),
        (f"cbc:{name}TypeCode", billing.type_code),
        ("cbc:DocumentCurrencyCode", document.currency),
        *[("cac:OrderReference", [("cbc:ID", each)]) for each in refs.orders[:1]],
        *[("cac:BillingReference", [("cac:InvoiceDocumentReference", [("cbc:ID", each)])]) for each in refs.invoices],
        *[("cac:DespatchDocumentReference", [("cbc:ID", each)]) for each in refs.despatches],
        *[("cac:ReceiptDocumentReference", [("cbc:ID", each)]) for each in refs.receipts],
        ("cac:AccountingSupplierParty", [("cac:Party", _ubl_party(document.seller))]),
        ("cac:AccountingCustomerParty", [("cac:Party", _ubl_party(document.buyer))]),
        ("cac:PayeeParty", None if billing.payee is None else _ubl_party(billing.payee)),
        *[("cac:PaymentTerms", [("cbc:Note", each)]) for each in (document.terms or "").splitlines()],
        *[
            ("cac:PaymentTerms", [("cbc:Amount", each.amount), ("cbc:InstallmentDueDate", each.due_date.isoformat())])
            for each in billing.instalments
        ],
        ("cac:PrepaidPayment", None if billing.prepayments is None else [("cbc:PaidAmount", billing.prepayments)]),
        *_ubl_listed(billing.allowances, billing.charges, _one_tax(document)),
        ("cac:TaxTotal", [
            ("cbc:TaxAmount", totals.tax),
            *[
                ("cac:TaxSubtotal", [
                    ("cbc:TaxableAmount", part.taxable),
                    ("cbc:TaxAmount", part.tax),
                    ("cac:TaxCategory", _ubl_tax(part)),
                ])
                for part in billing.taxes
            ],
        ]),
        ("cac:LegalMonetaryTotal", [
            ("cbc:LineExtensionAmount", totals.line_total),
            ("cbc:TaxExclusiveAmount", totals.gross - totals.tax),
            ("cbc:TaxInclusiveAmount", totals.gross),
            ("cbc:AllowanceTotalAmount", totals.allowance),
            ("cbc:ChargeTotalAmount", totals.charge),
            ("cbc:PrepaidAmount", totals.prepaid),
            ("cbc:PayableRoundingAmount", totals.rounding),
            ("cbc:PayableAmount", totals.payable),
        ]),
    ]  # fmt: skip
    quantity = "cbc:InvoicedQuantity" if name == "Invoice" else "cbc:CreditedQuantity"
    writer.put(writer.root, head)
    writer.put(
        writer.root, [(f"cac:{name}Line", _ubl_line(line, quantity, _one_tax(document))) for line in document.lines]
    )
    return writer.bytes()


def _ubl_party(party: Party) -> list[Part]:
    def ids(kind: str, holder: str, step: str) -> list[Part]:
        found = [each for each in party.legal_ids if each.kind == kind]
        return [(holder, [(step + (f"@schemeID={each.scheme}" if each.scheme else ""), each.value)]) for each in found]

    country = None if party.country is None else [("cac:Country", [("cbc:IdentificationCode", party.country)])]
    return [
        *ids("party", "cac:PartyIdentification", "cbc:ID"),
        ("cac:PartyName", None if party.name is None else [("cbc:Name", party.name)]),
        ("cac:PostalAddress", country),
        *ids("tax", "cac:PartyTaxScheme", "cbc:CompanyID"),
        *ids("legal", "cac:PartyLegalEntity", "cbc:CompanyID"),
    ]


def _one_tax(document: Document) -> TaxPart | None:
    """What taxes all of the document, where one category does."""
    parts = document.billing.taxes
    return parts[0] if len(parts) == 1 else None


def _ubl_tax(part: TaxPart) -> list[Part]:
    rate = None if part.percent is None else f"{part.percent:f}"
    return [("cbc:ID", part.category), ("cbc:Percent", rate), ("cac:TaxScheme", [("cbc:ID", "VAT")])]


def _ubl_listed(allowance: Money | None, charge: Money | None, part: TaxPart | None = None) -> list[Part]:
    found = (("false", allowance), ("true", charge))
    taxed: list[Part] = [] if part is None else [("cac:TaxCategory", _ubl_tax(part))]
    return [
        ("cac:AllowanceCharge", [("cbc:ChargeIndicator", said), ("cbc:Amount", amount), *taxed])
        for said, amount in found
        if amount is not None
    ]


def _adjusted(line: Line) -> tuple[Money | None, Money | None]:
    """Allowance and charge of which the line's adjustment is made."""
    if line.adjustment is None:
        return None, None
    below = line.adjustment.minor < 0
    return (-line.adjustment, None) if below else (None, line.adjustment)


def _ubl_line(line: Line, quantity: str, part: TaxPart | None) -> list[Part]:
    order: list[Part] = [
        ("cbc:LineID", line.order_line_ref),
        ("cac:OrderReference", None if line.order_ref is None else [("cbc:ID", line.order_ref)]),
    ]
    price = line.price
    return [
        ("cbc:ID", line.id),
        (f"{quantity}@unitCode={line.unit_code}", None if line.quantity is None else f"{line.quantity:f}"),
        ("cbc:LineExtensionAmount", line.line_amount),
        ("cac:OrderLineReference", order if line.order_line_ref or line.order_ref else None),
        *_ubl_listed(*_adjusted(line)),
        ("cac:Item", [
            ("cbc:Name", line.description),
            ("cac:BuyersItemIdentification", _id(line.buyers_item_id)),
            ("cac:SellersItemIdentification", _id(line.sellers_item_id)),
            ("cac:StandardItemIdentification", _id(line.standard_item_id)),
            ("cac:ClassifiedTaxCategory", None if part is None else _ubl_tax(part)),
        ]),
        ("cac:Price", None if price is None else [
            ("cbc:PriceAmount", f"{price.amount:f}"), ("cbc:BaseQuantity", f"{price.base_quantity:f}")
        ]),
    ]  # fmt: skip


def _id(value: str | None) -> list[Part] | None:
    return None if value is None else [("cbc:ID", value)]


def as_cii(document: Document) -> bytes:
    """A CrossIndustryInvoice of D16B."""
    spaces = {name: NAMESPACES[name] for name in ("rsm", "ram", "udt")}
    writer = _Writer(spaces, f"{{{spaces['rsm']}}}CrossIndustryInvoice")
    totals, billing, refs = document.totals, document.billing, document.references
    assert totals is not None
    copy = None if billing.copy is None else [("udt:Indicator", str(billing.copy).lower())]
    terms: list[Part] = [
        ("ram:SpecifiedTradePaymentTerms", [("ram:Description", each)]) for each in (document.terms or "").splitlines()
    ]
    if document.due_date is not None and not billing.instalments:
        terms.append(("ram:SpecifiedTradePaymentTerms", [("ram:DueDateDateTime", _day(document.due_date.isoformat()))]))
    for each in billing.instalments:
        terms.append(("ram:SpecifiedTradePaymentTerms", [
            ("ram:DueDateDateTime", _day(each.due_date.isoformat())), ("ram:PartialPaymentAmount", each.amount),
        ]))  # fmt: skip
    settlement: list[Part] = [
        ("ram:InvoiceCurrencyCode", document.currency),
        ("ram:PayeeTradeParty", None if billing.payee is None else _cii_party(billing.payee)),
        *[
            ("ram:ApplicableTradeTax", [
                ("ram:CalculatedAmount", part.tax),
                ("ram:TypeCode", "VAT"),
                ("ram:BasisAmount", part.taxable),
                ("ram:CategoryCode", part.category),
                ("ram:RateApplicablePercent", None if part.percent is None else f"{part.percent:f}"),
            ])
            for part in billing.taxes
        ],
        *_cii_listed(billing.allowances, billing.charges, _one_tax(document)),
        *terms,
        ("ram:SpecifiedTradeSettlementHeaderMonetarySummation", [
            ("ram:LineTotalAmount", str(totals.line_total)),
            ("ram:ChargeTotalAmount", str(totals.charge)),
            ("ram:AllowanceTotalAmount", str(totals.allowance)),
            ("ram:TaxBasisTotalAmount", str(totals.gross - totals.tax)),
            ("ram:TaxTotalAmount", totals.tax),
            ("ram:RoundingAmount", str(totals.rounding)),
            ("ram:GrandTotalAmount", str(totals.gross)),
            ("ram:TotalPrepaidAmount", str(totals.prepaid)),
            ("ram:DuePayableAmount", str(totals.payable)),
        ]),
        *[("ram:InvoiceReferencedDocument", [("ram:IssuerAssignedID", each)]) for each in refs.invoices],
        (
            "ram:SpecifiedAdvancePayment",
            None if billing.prepayments is None else [("ram:PaidAmount", str(billing.prepayments))],
        ),
    ]  # fmt: skip
    issued = document.issue_date.isoformat()
    writer.put(writer.root, [
        ("rsm:ExchangedDocument", [
            ("ram:ID", document.id),
            ("ram:TypeCode", billing.type_code),
            ("ram:IssueDateTime", _day(issued)),
            ("ram:CopyIndicator", copy),
        ]),
        ("rsm:SupplyChainTradeTransaction", [
            *[("ram:IncludedSupplyChainTradeLineItem", _cii_line(line, _one_tax(document))) for line in document.lines],
            ("ram:ApplicableHeaderTradeAgreement", [
                ("ram:SellerTradeParty", _cii_party(document.seller)),
                ("ram:BuyerTradeParty", _cii_party(document.buyer)),
                *_cii_ref("ram:BuyerOrderReferencedDocument", refs.orders[:1]),
            ]),
            ("ram:ApplicableHeaderTradeDelivery", [
                *_cii_ref("ram:DespatchAdviceReferencedDocument", refs.despatches),
                *_cii_ref("ram:ReceivingAdviceReferencedDocument", refs.receipts),
            ]),
            ("ram:ApplicableHeaderTradeSettlement", settlement),
        ]),
    ])  # fmt: skip
    return writer.bytes()


def _day(iso: str) -> list[Part]:
    return [("udt:DateTimeString@format=102", iso.replace("-", ""))]


def _cii_ref(step: str, numbers: tuple[str, ...]) -> list[Part]:
    return [(step, [("ram:IssuerAssignedID", each)]) for each in numbers]


def _cii_party(party: Party) -> list[Part]:
    def ids(kind: str, step: str) -> list[Part]:
        found = [each for each in party.legal_ids if each.kind == kind]
        return [(step + (f"@schemeID={each.scheme}" if each.scheme else ""), each.value) for each in found]

    legal = ids("legal", "ram:ID")
    country = None if party.country is None else [("ram:CountryID", party.country)]
    return [
        *ids("party", "ram:ID"),
        ("ram:Name", party.name),
        *[("ram:SpecifiedLegalOrganization", [each]) for each in legal],
        ("ram:PostalTradeAddress", country),
        *[
            ("ram:SpecifiedTaxRegistration", [("ram:ID@schemeID=VA", each.value)])
            for each in party.legal_ids
            if each.kind == "tax"
        ],
    ]


def _cii_tax(part: TaxPart) -> list[Part]:
    rate = None if part.percent is None else f"{part.percent:f}"
    return [("ram:TypeCode", "VAT"), ("ram:CategoryCode", part.category), ("ram:RateApplicablePercent", rate)]


def _cii_listed(allowance: Money | None, charge: Money | None, part: TaxPart | None = None) -> list[Part]:
    found = (("false", allowance), ("true", charge))
    taxed: list[Part] = [] if part is None else [("ram:CategoryTradeTax", _cii_tax(part))]
    return [
        (
            "ram:SpecifiedTradeAllowanceCharge",
            [("ram:ChargeIndicator", [("udt:Indicator", said)]), ("ram:ActualAmount", str(amount)), *taxed],
        )
        for said, amount in found
        if amount is not None
    ]


def _cii_line(line: Line, part: TaxPart | None) -> list[Part]:
    price = line.price
    order: list[Part] = [("ram:IssuerAssignedID", line.order_ref), ("ram:LineID", line.order_line_ref)]
    return [
        ("ram:AssociatedDocumentLineDocument", [("ram:LineID", line.id)]),
        ("ram:SpecifiedTradeProduct", [
            ("ram:GlobalID", line.standard_item_id),
            ("ram:SellerAssignedID", line.sellers_item_id),
            ("ram:BuyerAssignedID", line.buyers_item_id),
            ("ram:Name", line.description),
        ]),
        ("ram:SpecifiedLineTradeAgreement", [
            ("ram:BuyerOrderReferencedDocument", order if line.order_ref or line.order_line_ref else None),
            ("ram:NetPriceProductTradePrice", None if price is None else [
                ("ram:ChargeAmount", f"{price.amount:f}"), ("ram:BasisQuantity", f"{price.base_quantity:f}")
            ]),
        ]),
        ("ram:SpecifiedLineTradeDelivery", [
            (f"ram:BilledQuantity@unitCode={line.unit_code}", None if line.quantity is None else f"{line.quantity:f}"),
        ]),
        ("ram:SpecifiedLineTradeSettlement", [
            ("ram:ApplicableTradeTax", None if part is None else _cii_tax(part)),
            *_cii_listed(*_adjusted(line)),
            ("ram:SpecifiedTradeSettlementLineMonetarySummation", [("ram:LineTotalAmount", str(line.line_amount))]),
        ]),
    ]  # fmt: skip


def as_factur_x(xml: bytes, name: str = "factur-x.xml") -> bytes:
    """A PDF of one empty page that carries ``xml``."""
    writer = PdfWriter()
    writer.add_blank_page(width=595, height=842)
    writer.add_attachment(name, xml)
    made = BytesIO()
    writer.write(made)
    return made.getvalue()
