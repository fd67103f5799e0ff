"""Sample trade documents and companies, all invented, for the demo, the tests and a first look.

The credit codes have right check digits, but name the division 990000, which doesn't exist: no company can have them.
One trade: 12,000 brackets and 5,000 kg of copper strip, 884,750.00 CNY net, 13 % VAT, 999,767.50 CNY to be paid.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from importlib import resources
from string import Template
from typing import Final
from xml.sax.saxutils import escape

TERM_DAYS: Final = 90
DOCUMENTS: Final = ("order", "response", "despatch", "receipt", "invoice", "credit_note")
OVERINVOICED_WITHHELD: Final = "38956.75"
"""What the match withholds, in CNY, where 500 of the 5,000 kg invoiced were never received."""


@dataclass(frozen=True, slots=True)
class Company:
    """An invented company: its names and its unified social credit code (USCC)."""

    name: str
    english: str
    uscc: str


CORE: Final = Company(
    "虚构重工集团有限公司（样例）", "Fictitious Heavy Industries Group (sample)", "919900000000000192"
)
SUPPLIER: Final = Company("虚构精密零件有限公司（样例）", "Fictitious Precision Parts (sample)", "91990000000000027W")
DISTRIBUTOR: Final = Company(
    "虚构机电经销有限公司（样例）", "Fictitious Machinery Trading (sample)", "91990000000000035P"
)
KEEPER: Final = Company("虚构仓储监管有限公司（样例）", "Fictitious Warehousing (sample)", "91990000000000043J")
LENDER: Final = Company("虚构银行股份有限公司（样例）", "Fictitious Bank (sample)", "91990000000000051D")
AUDITOR: Final = Company("虚构会计师事务所（样例）", "Fictitious Auditors (sample)", "9199000000000006X5")
SETTLEMENT_BANK: Final = Company("虚构结算银行（样例）", "Fictitious Settlement Bank (sample)", "919900000000000860")
SHOP: Final = Company("虚构小面馆（样例）", "Fictitious Noodle Shop (sample)", "919900000000000785")
FOUNDRY: Final = Company("虚构铸造有限公司（样例）", "Fictitious Foundry (sample)", "91990000000000094T")
GUARANTOR: Final = Company("虚构担保有限公司（样例）", "Fictitious Guarantee (sample)", "91990000000000107G")


def trade(
    issue_date: date,
    invoice_number: str,
    *,
    overinvoiced: bool = False,
    order_number: str | None = None,
    due_date: date | None = None,
    seller: Company = SUPPLIER,
    buyer: Company = CORE,
) -> dict[str, bytes]:
    """The UBL 2.1 documents of one trade by name (`DOCUMENTS`), the invoice issued on ``issue_date``.

    Ordered 30 days before, received 3 days before; due ``due_date``, by default 90 days after the issue.
    ``overinvoiced``: 4,500 kg of copper were despatched and received, but 5,000 kg are invoiced.
    """
    copper = "4500" if overinvoiced else "5000"
    due = due_date if due_date is not None else issue_date + timedelta(days=TERM_DAYS)
    values = {
        "order_id": order_number if order_number is not None else f"PO-{invoice_number}",
        "response_id": f"OR-{invoice_number}",
        "despatch_id": f"DA-{invoice_number}",
        "receipt_id": f"RA-{invoice_number}",
        "invoice_id": invoice_number,
        "credit_note_id": f"CN-{invoice_number}",
        "order_date": _day(issue_date, -30),
        "response_date": _day(issue_date, -29),
        "despatch_date": _day(issue_date, -6),
        "receipt_date": _day(issue_date, -3),
        "invoice_date": _day(issue_date, 0),
        "credit_note_date": _day(issue_date, 10),
        "due_date": due.isoformat(),
        "terms": f"Payable {(due - issue_date).days} days after the invoice date",
        "despatched_1": "12000",
        "despatched_2": copper,
        "received_1": "12000",
        "received_2": copper,
    }
    escaped = {name: escape(text) for name, text in values.items()}
    parties = {"seller": _party(seller), "buyer": _party(buyer)}
    return {name: _template(name).substitute(escaped, **parties).encode() for name in DOCUMENTS}


def _party(company: Company) -> str:
    return _template("party").substitute(name=escape(company.name), uscc=escape(company.uscc))


def _template(name: str) -> Template:
    return Template((resources.files(__name__) / f"{name}.xml").read_text(encoding="utf-8"))


def _day(start: date, days: int) -> str:
    return (start + timedelta(days=days)).isoformat()
