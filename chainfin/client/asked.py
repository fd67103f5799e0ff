"""What an operation may ask its caller to sign: the local policy of a key.

The service words an act; the client signs it only where the wording follows from what was asked. For each operation
that leads to a signature this says which act it is, and which of its members are known here: from ids and body that
were sent, from one's own document, from numbers of parties. An operation that isn't in the table has nothing signed.
Roots of documents are salted by the service; a debtor opens them before it confirms (`Flows.confirm`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from chainfin.client.operation import Operation
from chainfin.errors import Refused
from chainfin.eth import eip712
from chainfin.eth.bindings.base import Signed
from chainfin.hashing import keccak
from chainfin.values.money import Money

EPOCH = date(1970, 1, 1)


@cache
def words() -> Mapping[str, type[Signed]]:
    """Function of an act that isn't sent by itself → what is signed for it."""
    from chainfin.eth.bindings.registry import RIDERS  # all of them: whoever only reads needs none

    kept = (*RIDERS.values(), eip712.AcceptOffer, eip712.AgreeBuyBack, eip712.AgreeSale)
    return {eip712.word_name(word): word for word in kept}


@dataclass(frozen=True, slots=True)
class Asked:
    """An act that was asked for: its ``members`` as they have to be, ``parties`` as participants whose number at the
    contracts a member has to be, and members that may be ``most`` so much."""

    contract: str
    name: str
    members: Mapping[str, Any] = field(default_factory=dict)
    parties: Mapping[str, str] = field(default_factory=dict)
    most: Mapping[str, int] = field(default_factory=dict)


def foreign(why: str) -> Refused:
    return Refused("typed_data_foreign", why[:300])


def unless_ours(act: Mapping[str, Any], address: str) -> None:
    """That an act is one of the contracts', in their own form, for this key. Raises Refused typed_data_foreign."""
    try:
        _unless_ours(act, address)
    except (KeyError, TypeError, AttributeError) as error:
        raise foreign(f"this is no act: {error!r}") from None


def _unless_ours(act: Mapping[str, Any], address: str) -> None:
    contract, function, data = str(act["contract"]), str(act["function"]), act["typed_data"]
    from chainfin.eth.bindings.registry import ACTS

    signed = ACTS.get((contract, function)) or words().get(function)
    if signed is None or contract != signed.CONTRACT:
        raise foreign(f"{contract} has no act {function}")
    kind = eip712.type_of(signed)
    fields = [{"name": name, "type": type_} for type_, name in kind.fields]
    domain = data["domain"]
    if data["primaryType"] != kind.name or data["types"][kind.name] != fields:
        raise foreign(f"to be signed is {data['primaryType']}, not {kind.signature}")
    if (domain["name"], domain["version"]) != (f"chainfin {contract}", eip712.VERSION):
        raise foreign(f"the domain is {domain['name']!r}, not that of {contract}")
    if act["signer"] != address:
        raise foreign(f"it is for {act['signer']} to sign, and this key is {address}")


def unless_asked(act: Mapping[str, Any], asked: Asked, numbers: Mapping[str, int | None]) -> None:
    """That an act is what was ``asked``; ``numbers``: of its parties, by member. Raises Refused typed_data_foreign."""
    data = act["typed_data"]
    if (act["contract"], data["primaryType"]) != (asked.contract, asked.name):
        raise foreign(
            f"to be signed is {act['contract']}.{data['primaryType']}, asked was {asked.contract}.{asked.name}"
        )
    for name, wanted in {**asked.members, **numbers}.items():
        stated = data["message"].get(name)
        if _plain(stated) != _plain(wanted):
            raise foreign(f"to be signed is {asked.name} with {name} {stated}, asked was {wanted}")
    for name, most in asked.most.items():
        stated = str(data["message"].get(name))
        if not stated.isdecimal() or int(stated) > most:
            raise foreign(f"to be signed is {asked.name} with {name} {stated}, at most {most} was asked")


def _plain(value: Any) -> Any:
    """As wallets compare: numbers as decimal text, hex without regard to case."""
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else str(value).lower()


def asked_by(operation: Operation[Any], answer: Any) -> Asked:
    """What may have to be signed for ``operation``. ``answer``: what the service said it made, whose id it gave out.

    Raises Refused typed_data_foreign: for this nothing is known to be signed.
    """
    known = KNOWN.get(operation.template)
    if known is None:
        raise foreign(f"nothing is known to be signed for {operation.method} {operation.template}")
    contract, names, members = known
    made = members(operation, operation.body or {}, answer)
    return Asked(contract, names if isinstance(names, str) else _which(names, answer), **made)


def _which(names: tuple[str, ...], answer: Any) -> str:
    """Of the acts that the operation may lead to the one that the answer has made."""
    function = str(answer["act"]["function"]).lower()
    return next((name for name in names if name.lower() == function), names[0])


Made = dict[str, Mapping[str, Any]]


def _ids(**names: str) -> Callable[[Operation[Any], Mapping[str, Any], Any], Made]:
    """Members that are ids of the path."""

    def members(operation: Operation[Any], _body: Mapping[str, Any], _answer: Any) -> Made:
        return {"members": {member: operation.ids[name] for member, name in names.items()}}

    return members


def _nothing(_operation: Operation[Any], _body: Mapping[str, Any], _answer: Any) -> Made:
    return {}


def _post(_operation: Operation[Any], body: Mapping[str, Any], answer: Any) -> Made:
    from chainfin.documents.matching import order_gross
    from chainfin.documents.order_lines import without_deleted

    gross = order_gross(without_deleted(_document(body["document"])))
    currency = "0x" + gross.currency.encode().hex()
    return {"members": {"orderId": answer["order"]["id"], "amount": gross.minor, "currency": currency}}


def _issue(_operation: Operation[Any], body: Mapping[str, Any], answer: Any) -> Made:
    from chainfin.documents.financing import CORRECTED
    from chainfin.documents.instalments import due_parts
    from chainfin.errors import unless_refused

    invoice, made = _document(body["document"]), answer["receivable"]
    if str(answer["act"]["function"]).lower() == "cancel":
        if invoice.billing.type_code != CORRECTED or made["number"] not in invoice.references.invoices:
            raise foreign(f"invoice {invoice.id} corrects no invoice {made['number']}")
        return {"members": {"id": made["id"], "orderId": body["order_id"]}}
    parts = unless_refused(due_parts(invoice))
    days = {part.due_date or date.fromisoformat(str(body["due_date"])): part.amount.minor for part in parts}
    due = next(iter(days)) if len(days) == 1 else date.fromisoformat(str(made["due_date"]))
    members = {"id": made["id"], "orderId": body["order_id"], "dueDay": (due - EPOCH).days}
    # less where it isn't all received, is credited in part, or is for other orders too; the service says which
    return {"members": members, "most": {"face": days.get(due, 0)}}


def _document(text: str) -> Any:
    # only here: who posts no document needn't load what reads them
    from chainfin.documents import encoded, read

    return read(encoded(text), source="my document")


def _confirm(operation: Operation[Any], body: Mapping[str, Any], _answer: Any) -> Made:
    return {
        "members": {
            "id": operation.ids["receivable_id"],
            "documentRoot": body["document_root"],
            "face": _minor(body["face"]),
            "dueDay": (date.fromisoformat(str(body["due_date"])) - EPOCH).days,
        }
    }


def _dispute(operation: Operation[Any], body: Mapping[str, Any], _answer: Any) -> Made:
    hashed = "0x" + keccak(body["reason"].encode()).hex()
    return {"members": {"id": operation.ids["receivable_id"], "documentRoot": hashed}}


def _split(operation: Operation[Any], body: Mapping[str, Any], _answer: Any) -> Made:
    return {"members": {"id": operation.ids["receivable_id"], "amounts": [_minor(each) for each in body["amounts"]]}}


def _transfer(id_name: str) -> Callable[[Operation[Any], Mapping[str, Any], Any], Made]:
    def members(operation: Operation[Any], body: Mapping[str, Any], _answer: Any) -> Made:
        return {"members": {"id": operation.ids[id_name]}, "parties": {"to": body["to"]}}

    return members


def _goods(_operation: Operation[Any], body: Mapping[str, Any], answer: Any) -> Made:
    members = {"id": answer["warehouse_receipt"]["id"], "quantity": _thousandths(body["quantity"])}
    return {"members": members, "parties": {"owner": body["owner_id"]}}


def _counted(member: str, stated: str) -> Callable[[Operation[Any], Mapping[str, Any], Any], Made]:
    def members(operation: Operation[Any], body: Mapping[str, Any], _answer: Any) -> Made:
        return {"members": {"id": operation.ids["receipt_id"], member: _thousandths(body[stated])}}

    return members


def _agree(operation: Operation[Any], _body: Mapping[str, Any], _answer: Any) -> Made:
    return {"members": {"pledgeId": operation.ids["pledge_id"]}, "parties": {"buyer": operation.ids["buyer_id"]}}


def _taken_out(operation: Operation[Any], body: Mapping[str, Any], _answer: Any) -> Made:
    return {"members": {"pledgeId": operation.ids["pledge_id"], "amount": _thousandths(body["quantity"])}}


def _debtor_line(_operation: Operation[Any], body: Mapping[str, Any], _answer: Any) -> Made:
    return {"members": {"limit": _minor(body["limit"])}, "parties": {"debtor": body["debtor_id"]}}


def _top_up(_operation: Operation[Any], body: Mapping[str, Any], _answer: Any) -> Made:
    return {"members": {"assetId": body["warehouse_receipt_id"], "amount": _thousandths(body["quantity"])}}


def _standing(operation: Operation[Any], _body: Mapping[str, Any], _answer: Any) -> Made:
    return {"parties": {"party": operation.ids["participant_id"]}}


def _minor(amount: Mapping[str, str]) -> int:
    return Money.parse(amount["amount"], amount["currency"]).minor


def _thousandths(quantity: str) -> int:
    return int(Decimal(quantity).scaleb(3))


_ORDER, _CLAIM, _PLEDGE = "/v1/orders/{order_id}", "/v1/receivables/{receivable_id}", "/v1/pledges/{pledge_id}"
_GOODS, _PARTY = "/v1/warehouse-receipts/{receipt_id}", "/v1/participants/{participant_id}"
KNOWN: Mapping[str, tuple[str, str | tuple[str, ...], Callable[[Operation[Any], Mapping[str, Any], Any], Made]]] = {
    "/v1/orders": ("Orders", "Post", _post),
    f"{_ORDER}/acknowledgement": ("Orders", "Acknowledge", _ids(orderId="order_id")),
    f"{_ORDER}/amendment": ("Orders", "Amend", _ids(orderId="order_id")),
    f"{_ORDER}/cancellation": ("Orders", "Cancel", _ids(orderId="order_id")),
    f"{_ORDER}/despatches": ("Orders", "Despatch", _ids(orderId="order_id")),
    f"{_ORDER}/receipts": ("Orders", "ReceiveGoods", _ids(orderId="order_id")),
    # a corrected invoice withdraws the claim of the one that it names, before it is issued itself
    "/v1/receivables": ("Receivables", ("Issue", "Cancel"), _issue),
    f"{_CLAIM}/confirmation": ("Receivables", "Confirm", _confirm),
    f"{_CLAIM}/dispute": ("Receivables", "Dispute", _dispute),
    f"{_CLAIM}/dispute-resolution": ("Receivables", "ResolveDispute", _ids(id="receivable_id")),
    f"{_CLAIM}/splits": ("Receivables", "Split", _split),
    f"{_CLAIM}/transfer": ("Receivables", "Transfer", _transfer("receivable_id")),
    f"{_CLAIM}/default": ("Receivables", "DeclareDefault", _ids(id="receivable_id")),
    f"{_CLAIM}/cancellation": ("Receivables", "Cancel", _ids(id="receivable_id")),
    # before the claim is confirmed a credit note withdraws it
    f"{_CLAIM}/credit-notes": ("Receivables", ("Credit", "Cancel"), _ids(id="receivable_id")),
    "/v1/warehouse-receipts": ("WarehouseReceipts", "Issue", _goods),
    f"{_GOODS}/releases": ("WarehouseReceipts", "HandOut", _counted("quantity", "quantity")),
    f"{_GOODS}/transfer": ("WarehouseReceipts", "Transfer", _transfer("receipt_id")),
    f"{_GOODS}/counts": ("WarehouseReceipts", "Recount", _counted("missing", "missing")),
    f"{_GOODS}/corrections": ("WarehouseReceipts", "Correction", _counted("found", "found")),
    f"{_PLEDGE}/releases": ("Pledges", "Release", _ids(pledgeId="pledge_id")),
    f"{_PLEDGE}/withdrawals": ("Pledges", "Release", _taken_out),
    f"{_PLEDGE}/enforcement": ("Pledges", "Enforce", _ids(pledgeId="pledge_id")),
    f"{_PLEDGE}/expiry": ("Pledges", "Expire", _ids(pledgeId="pledge_id")),
    f"{_PLEDGE}/undertakings": ("Pledges", "Undertake", _ids(pledgeId="pledge_id")),
    f"{_PLEDGE}/undertakings/{{buyer_id}}/agreement": ("Pledges", "AgreeBuyBack", _agree),
    "/v1/pledges/sales/{sale_id}/agreement": ("Pledges", "AgreeSale", _nothing),
    "/v1/debtor-lines": ("Receivables", "SetLine", _debtor_line),
    "/v1/loans/{loan_id}/top-ups": ("Pledges", "Grant", _top_up),
    f"{_PARTY}/suspend": ("Participants", "Suspend", _standing),
    f"{_PARTY}/resume": ("Participants", "Resume", _standing),
    "/v1/pauses": ("Participants", "Pause", _nothing),
}


def accepting(offer: Mapping[str, Any], application: Mapping[str, Any]) -> Asked:
    """What is signed by accepting an ``offer`` on an ``application``, as one looked at them: a grant of the asset, or
    where nothing is pledged the sum."""
    lender = {"lender": application["lender_id"]}
    own = {"decisionHash": application["decision_hash"]}
    if application["asset_id"] is None:
        sum_ = Money.parse(offer["amount"], offer["currency"]).minor
        return Asked("Pledges", "AcceptOffer", {**own, "amount": sum_}, lender)
    pledged = offer["pledge_amount"]
    in_money = application["product"] == "receivable_pledge"
    part = Money.parse(pledged, offer["currency"]).minor if in_money else _thousandths(pledged)
    return Asked("Pledges", "Grant", {**own, "assetId": application["asset_id"], "amount": part}, lender)


def exchanging(substitution: Mapping[str, Any]) -> Asked:
    """What a pledgor signs to have its goods replaced by a receivable, as it looked at it."""
    members = {
        "soldPledgeId": substitution["sold_pledge_id"],
        "receivableId": substitution["receivable_id"],
        "quantity": _thousandths(substitution["quantity"]),
        "amount": _minor(substitution["amount"]),
    }
    return Asked("Pledges", "Exchange", members, {"lender": substitution["lender_id"]})
