"""The model's acts on orders: the document rules of `chainfin.rules.order`, fed with documents of one line."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from chainfin.documents.goods_trail import Step
from chainfin.documents.model import Document, DocumentKind
from chainfin.errors import Refusal
from chainfin.rules import order as rules
from chainfin.rules.order import Invoiced, Order
from chainfin.values.party import Kind
from tests.differential.act import Act
from tests.differential.gate import MAX_AMOUNT, amount, demand, money, need, stop
from tests.differential.model import Book, OrderEntry
from tests.differential.paper_documents import paper


def _document(entry: OrderEntry, order_id: bytes, kind: DocumentKind, value: int) -> Document:
    return paper(kind, order_id, entry.buyer, entry.seller, entry.currency, value)


def _post(book: Book, act: Act) -> None:
    p = act.params
    book.enter(Kind.ORDER, act.by)
    demand(p["orderId"] not in book.orders, "order_exists")
    stop(rules.between(buyer=act.by, seller=p["seller"]), "seller_is_buyer")
    book.counterpart(p["seller"])
    amount(p["amount"])
    currency = p["currency"].decode()
    demand(re.fullmatch("[A-Z]{3}", currency) is not None, "currency_invalid")
    document = paper(DocumentKind.ORDER, p["orderId"], act.by, p["seller"], currency, p["amount"])
    order = need(rules.post(document))
    entry = book.orders[p["orderId"]] = OrderEntry(order, act.by, p["seller"], currency)
    entry.lengthen(Step.POST, p["documentRoot"], p["amount"])


def _of(book: Book, act: Act, role: str) -> OrderEntry:
    """The order, if ``act.by`` has this role in it."""
    demand(act.params["orderId"] in book.orders, "order_unknown")
    entry = book.orders[act.params["orderId"]]
    demand(act.by == getattr(entry, role), f"not_{role}")
    return entry


def _acknowledge(book: Book, act: Act) -> None:
    book.enter(Kind.ORDER, act.by)
    entry = _of(book, act, "seller")
    # a response that states lines accepts them as they are, or isn't one: that isn't on chain
    response = replace(_document(entry, act.params["orderId"], DocumentKind.ORDER_RESPONSE, 1), lines=())
    acknowledged = need(rules.acknowledge(entry.order, response))
    demand(act.params["trail"] == entry.trail, "order_changed")
    entry.order = acknowledged


def _cancel(book: Book, act: Act) -> None:
    book.actor(act.by)
    entry = _of(book, act, "buyer")
    entry.order = need(rules.cancel(entry.order))


BEYOND = {Step.DESPATCH: "despatch_above_order", Step.RECEIVE: "receipt_above_despatch"}
"""What more than any order is worth is refused as."""


def _with_document(name: str, kind: DocumentKind, role: str, step: Step) -> Callable[[Book, Act], None]:
    """``receive`` looks at the state last, the others first."""

    def carry_out(book: Book, act: Act) -> None:
        rule: Callable[[Order, Document], Order | Refusal] = getattr(rules, name)  # as it is now: a bug may be planted
        book.enter(Kind.ORDER, act.by)
        entry = _of(book, act, role)
        order_id, value = act.params["orderId"], act.params["amount"]
        if step is not Step.RECEIVE:
            stop(rule(entry.order, _document(entry, order_id, kind, 1)), "order_state_wrong")
        if step is Step.AMEND:
            amount(value)
        else:
            demand(value <= MAX_AMOUNT, BEYOND[step])
        # what is worth nothing more (goods that cost nothing, come back or replace others) is in the trail alone
        if value:
            entry.order = need(rule(entry.order, _document(entry, order_id, kind, value)))
        entry.lengthen(step, act.params["documentRoot"], value)

    return carry_out


def invoiced(book: Book, order_id: bytes, seller: str, face: int) -> Invoiced:
    """The order with an invoice over ``face`` on it (not stored yet), with its match; `No` if there is no room."""
    demand(order_id in book.orders, "order_unknown")
    entry = book.orders[order_id]
    demand(entry.seller == seller, "not_seller")
    bill = _document(entry, order_id, DocumentKind.INVOICE, face)
    return need(rules.invoice(entry.order, bill, face=money(face, entry.currency)))


def uninvoiced(book: Book, order_id: bytes, receivable_id: bytes, face: int) -> Order:
    """The order without it again. The contracts never refuse it: a refusal here is a disagreement."""
    entry = book.orders[order_id]
    return need(rules.uninvoice(entry.order, money(face, entry.currency), book.matched[receivable_id]))


def confirmed(book: Book, order_id: bytes, face: int) -> Order:
    """The order with ``face`` of it confirmed."""
    entry = book.orders[order_id]
    return need(rules.confirm(entry.order, money(face, entry.currency)))


ACTS: dict[str, Callable[[Book, Act], Any]] = {
    "post": _post,
    "acknowledge": _acknowledge,
    "cancel": _cancel,
    "amend": _with_document("amend", DocumentKind.ORDER_CHANGE, "buyer", Step.AMEND),
    "despatch": _with_document("despatch", DocumentKind.DESPATCH_ADVICE, "seller", Step.DESPATCH),
    "receiveGoods": _with_document("receive", DocumentKind.RECEIPT_ADVICE, "buyer", Step.RECEIVE),
}
