"""What a client knows of an act from what it asked for, and what it refuses to sign."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from chainfin import samples
from chainfin.client import asked
from chainfin.client import operations as api
from chainfin.client.asked import Asked
from chainfin.client.forms import AmountIn
from chainfin.client.operation import Operation
from chainfin.errors import Refused
from chainfin.eth import eip712
from chainfin.eth.bindings.orders_acts import Cancel
from chainfin.eth.signer import KeySigner
from chainfin.hashing import keccak

TODAY = date(2026, 11, 21)
FACE: AmountIn = {"amount": "999767.50", "currency": "CNY"}
TRADE = {name: data.decode() for name, data in samples.trade(TODAY, "INV-1").items()}
ID = "0x" + "11" * 32
DUE_DAY = (date(2027, 2, 19) - date(1970, 1, 1)).days
MADE = {
    "order": {"id": "0xaa"},
    "receivable": {"id": "0xbb", "number": "INV-9", "due_date": "2027-02-19"},
    "warehouse_receipt": {"id": "0xcc"},
    "act": {"function": "issue"},
}
KEY = KeySigner.new()


@pytest.mark.parametrize(
    ("operation", "wanted"),
    [
        (
            api.orders_post_order(document=TRADE["order"]),
            Asked("Orders", "Post", {"orderId": "0xaa", "amount": 99976750, "currency": "0x434e59"}),
        ),
        (api.orders_receive("o", document=TRADE["receipt"]), Asked("Orders", "ReceiveGoods", {"orderId": "o"})),
        (
            api.receivables_issue(order_id="o", document=TRADE["invoice"]),
            Asked("Receivables", "Issue", {"id": "0xbb", "orderId": "o", "dueDay": DUE_DAY}, most={"face": 99976750}),
        ),
        (
            api.receivables_confirm("r", document_root=ID, face=FACE, due_date="2027-02-19"),
            Asked("Receivables", "Confirm", {"id": "r", "documentRoot": ID, "face": 99976750, "dueDay": DUE_DAY}),
        ),
        (
            api.receivables_dispute("r", reason="bent"),
            Asked("Receivables", "Dispute", {"id": "r", "documentRoot": "0x" + keccak(b"bent").hex()}),
        ),
        (
            api.receivables_split("r", amounts=[{"amount": "1.00", "currency": "CNY"}]),
            Asked("Receivables", "Split", {"id": "r", "amounts": [100]}),
        ),
        (api.receivables_transfer("r", to="p"), Asked("Receivables", "Transfer", {"id": "r"}, {"to": "p"})),
        (
            api.warehouse_receipts_issue(
                number="n", owner_id="p", goods={}, unit="TNE", quantity="12.5", lot={"site": "s", "number": "l"}
            ),
            Asked("WarehouseReceipts", "Issue", {"id": "0xcc", "quantity": 12500}, {"owner": "p"}),
        ),
        (
            api.warehouse_receipts_release("w", quantity="1.001"),
            Asked("WarehouseReceipts", "HandOut", {"id": "w", "quantity": 1001}),
        ),
        (
            api.warehouse_receipts_recount("w", missing="2", reason="?"),
            Asked("WarehouseReceipts", "Recount", {"id": "w", "missing": 2000}),
        ),
        (
            api.pledges_agree("g", "p"),
            Asked("Pledges", "AgreeBuyBack", {"pledgeId": "g"}, {"buyer": "p"}),
        ),
        (
            api.debtor_lines_set_line(debtor_id="p", limit={"amount": "0", "currency": "CNY"}),
            Asked("Receivables", "SetLine", {"limit": 0}, {"debtor": "p"}),
        ),
        (
            api.loans_top_up("l", warehouse_receipt_id="w", quantity="3"),
            Asked("Pledges", "Grant", {"assetId": "w", "amount": 3000}),
        ),
        (api.participants_suspend("p", reason="why"), Asked("Participants", "Suspend", parties={"party": "p"})),
    ],
    ids=lambda value: value.template if isinstance(value, Operation) else "",
)
def test_asked__by_an_operation__says_what_follows_from_it(operation: Operation[Any], wanted: Asked) -> None:
    assert asked.asked_by(operation, MADE) == wanted


def test_asked__by_an_operation_that_leads_to_no_act__refused() -> None:
    with pytest.raises(Refused) as refusal:
        asked.asked_by(api.sandbox_consent(sources=["tax"]), {})
    assert refusal.value.code == "typed_data_foreign"


def act(**changed: Any) -> dict[str, Any]:
    domain = eip712.Domain("Orders", 7, "0x" + "22" * 20)
    data = eip712.signable(Cancel(order_id=ID), 1, 2, domain)
    return {"contract": "Orders", "function": "cancel", "signer": KEY.address, "typed_data": data, **changed}


def test_act__in_our_own_form_and_as_asked__may_be_signed() -> None:
    asked.unless_ours(act(), KEY.address)
    asked.unless_asked(act(), Asked("Orders", "Cancel", {"orderId": ID.upper().replace("X", "x")}), {})


@pytest.mark.parametrize(
    "changed",
    [
        {"contract": "Nothing"},
        {"function": "destroy"},
        {"function": "post"},
        {"contract": "Receivables"},
        {"signer": "0x" + "33" * 20},
        {"typed_data": {}},
        {"typed_data": None},
    ],
    ids=repr,
)
def test_act__in_another_form__refused(changed: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refusal:
        asked.unless_ours(act(**changed), KEY.address)
    assert refusal.value.code == "typed_data_foreign"


def test_act__with_a_member_more_than_ours__refused() -> None:
    odd = act()
    odd["typed_data"]["types"]["Cancel"].append({"name": "everything", "type": "bytes32"})
    with pytest.raises(Refused):
        asked.unless_ours(odd, KEY.address)


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (Asked("Orders", "Amend", {}), {}),
        (Asked("Receivables", "Cancel", {}), {}),
        (Asked("Orders", "Cancel", {"orderId": "0x" + "12" * 32}), {}),
        (Asked("Orders", "Cancel", {"id": ID}), {}),
        (Asked("Orders", "Cancel"), {"seller": 4}),
        (Asked("Orders", "Cancel", most={"nonce": 0}), {}),
        (Asked("Orders", "Cancel", most={"orderId": 10**80}), {}),
    ],
    ids=repr,
)
def test_act__other_than_asked__refused(wanted: Asked, numbers: dict[str, int | None]) -> None:
    with pytest.raises(Refused) as refusal:
        asked.unless_asked(act(), wanted, numbers)
    assert refusal.value.code == "typed_data_foreign"


OFFER = {"amount": "1000.00", "currency": "CNY", "pledge_amount": "1500.00", "act": {}}
APPLICATION = {"lender_id": "p", "decision_hash": ID, "asset_id": "r", "product": "receivable_pledge"}


@pytest.mark.parametrize(
    ("offer", "application", "wanted"),
    [
        ({}, {}, Asked("Pledges", "Grant", {"decisionHash": ID, "assetId": "r", "amount": 150000}, {"lender": "p"})),
        (
            {"pledge_amount": "20.500"},
            {"product": "inventory_pledge"},
            Asked("Pledges", "Grant", {"decisionHash": ID, "assetId": "r", "amount": 20500}, {"lender": "p"}),
        ),
        (
            {},
            {"product": "general_310", "asset_id": None},
            Asked("Pledges", "AcceptOffer", {"decisionHash": ID, "amount": 100000}, {"lender": "p"}),
        ),
    ],
    ids=["a receivable", "goods", "nothing pledged"],
)
def test_accepting__an_offer__is_a_grant_of_what_it_says(
    offer: dict[str, Any], application: dict[str, Any], wanted: Asked
) -> None:
    assert asked.accepting(OFFER | offer, APPLICATION | application) == wanted


@pytest.mark.parametrize(("function", "name"), [("credit", "Credit"), ("cancel", "Cancel"), ("transfer", "Credit")])
def test_credit_note__takes_off_or_withdraws__and_nothing_else(function: str, name: str) -> None:
    operation = api.receivables_credit("r", document=TRADE["credit_note"])
    assert asked.asked_by(operation, {"act": {"function": function}}) == Asked("Receivables", name, {"id": "r"})


def test_exchanging__goods_for_a_receivable__is_what_the_lender_offered() -> None:
    seen = {
        "sold_pledge_id": "g",
        "receivable_id": "r",
        "quantity": "5.000",
        "amount": {"amount": "7.00", "currency": "CNY"},
        "lender_id": "p",
    }
    members = {"soldPledgeId": "g", "receivableId": "r", "quantity": 5000, "amount": 700}
    assert asked.exchanging(seen) == Asked("Pledges", "Exchange", members, {"lender": "p"})


def corrected(number: str) -> str:
    named = f"<cac:InvoiceDocumentReference><cbc:ID>{number}</cbc:ID></cac:InvoiceDocumentReference>"
    reference = f"<cac:BillingReference>{named}</cac:BillingReference><cac:AccountingSupplierParty>"
    text = TRADE["invoice"].replace("TypeCode>380<", "TypeCode>384<")
    return text.replace("<cac:AccountingSupplierParty>", reference, 1)


def test_asked__by_an_invoice__its_withdrawal_only_where_it_corrects_that_one() -> None:
    made = MADE | {"act": {"function": "cancel"}}
    wanted = Asked("Receivables", "Cancel", {"id": "0xbb", "orderId": "o"})
    assert asked.asked_by(api.receivables_issue(order_id="o", document=corrected("INV-9")), made) == wanted
    for document in (corrected("INV-8"), TRADE["invoice"]):
        with pytest.raises(Refused) as refused:
            asked.asked_by(api.receivables_issue(order_id="o", document=document), made)
        assert refused.value.code == "typed_data_foreign"


def test_asked__by_an_invoice_due_in_parts__no_more_than_is_due_on_that_day() -> None:
    parts = "".join(
        f'<cac:PaymentTerms><cbc:Amount currencyID="CNY">{amount}</cbc:Amount>'
        f"<cbc:InstallmentDueDate>{day}</cbc:InstallmentDueDate></cac:PaymentTerms>"
        for day, amount in (("2027-01-19", "400000.00"), ("2027-02-19", "599767.50"))
    )
    text = TRADE["invoice"].replace("<cac:PaymentTerms>", parts + "<cac:PaymentTerms>", 1)
    issuing = api.receivables_issue(order_id="o", document=text)
    assert asked.asked_by(issuing, MADE).most == {"face": 59976750}
    other = MADE | {"receivable": {"id": "0xbb", "number": "", "due_date": "2027-03-19"}}
    assert asked.asked_by(issuing, other).most == {"face": 0}, "the invoice names no such day"
