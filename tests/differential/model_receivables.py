"""The model's acts on receivables: the rules of `chainfin.rules.receivable` between the registers' own checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eth_abi.abi import encode
from eth_hash.auto import keccak

from chainfin.errors import Refusal
from chainfin.rules import debtor_line as line_rules
from chainfin.rules import receivable as rules
from chainfin.rules.receivable import Receivable, State
from chainfin.values.party import Kind, Role
from tests.differential import model_orders
from tests.differential.act import Act, Rider
from tests.differential.gate import No, demand, money, need, stop
from tests.differential.model import Book, day

PREFIX = b"\xff" * 4
FREE_PART = bytes(32)


def part_id(*parts: Any, kinds: tuple[str, ...]) -> bytes:
    """Ids of parts: a hash whose first four bytes are set, so that nobody can choose one."""
    return PREFIX + keccak(encode(kinds, parts))[4:]


def child_id(parent: bytes, n: int) -> bytes:
    return part_id("chainfin split", parent, n, kinds=("string", "bytes32", "uint256"))


def _known(book: Book, act: Act) -> Receivable:
    demand(act.params["id"] in book.receivables, "receivable_unknown")
    return book.receivables[act.params["id"]]


def _issue(book: Book, act: Act) -> None:
    p, rider = act.params, act.rider
    assert rider is not None
    book.enter(Kind.ISSUE, act.by, rider.signer)
    book.role(rider.signer, Role.REGISTRAR)
    demand(rider.signer != act.by, "self_attested")
    entry = book.orders.get(p["orderId"])
    currency, debtor = (entry.currency, entry.buyer) if entry else ("CNY", "")
    made = rules.issue(
        id=p["id"].hex(), order_id=p["orderId"].hex(), seller=act.by, debtor=debtor, face=money(p["face"], currency),
        due=day(p["dueDay"]), today=book.today,
    )  # fmt: skip
    stop(made, "amount_not_positive", "amount_too_large")
    demand(not p["id"].startswith(PREFIX), "id_reserved")
    receivable = need(made)
    billed = model_orders.invoiced(book, p["orderId"], act.by, p["face"])
    old = book.receivables.get(p["id"])
    # a cancelled one may be issued again, corrected: by the same seller to the same debtor
    again = old is not None and old.state is State.CANCELLED and (old.seller, old.debtor) == (act.by, debtor)
    demand(old is None or again, "receivable_exists")
    book.rider(act)
    trail = book.orders[p["orderId"]].trail
    demand(rider.detail.get(Rider.TRAIL, trail) == trail, "signature_invalid")
    book.orders[p["orderId"]].order = billed.order
    book.matched[p["id"]] = billed.match.quantities
    book.receivables[p["id"]] = receivable
    book.roots[p["id"]] = p["documentRoot"]


def _confirm(book: Book, act: Act) -> None:
    p = act.params
    book.enter(Kind.CONFIRM, act.by)
    receivable = _known(book, act)
    confirmed = rules.confirm(receivable, by=act.by, face=money(p["face"], receivable.currency), due=day(p["dueDay"]))
    value = need(confirmed)
    detail = (p["orderId"].hex(), p["seller"], p["documentRoot"])
    demand(detail == (receivable.order_id, receivable.seller, book.roots[p["id"]]), "confirmation_mismatch")
    lined = bool(book.roles[act.by] & Role.LINED)
    line = need(line_rules.draw(book.line(act.by), p["face"])) if lined else book.line(act.by)
    order_id = bytes.fromhex(receivable.order_id)
    book.orders[order_id].order = model_orders.confirmed(book, order_id, p["face"])
    book.receivables[p["id"]] = value
    if lined:
        book.lines[act.by] = line
        book.drew.add(p["id"])


def _give_back(book: Book, key: bytes, amount: int) -> None:
    if book.lined(key):
        debtor = book.receivables[key].debtor
        book.lines[debtor] = line_rules.give_back(book.line(debtor), amount)


def _set_line(book: Book, act: Act) -> None:
    p = act.params
    book.actor(act.by)
    old = book.shares.get((act.by, p["debtor"]), 0)
    if p["limit"] >= old:  # less can be had by whoever has it, at any time
        book.enter(Kind.PLEDGE, act.by)
        book.role(act.by, Role.LENDER)
        book.counterpart(p["debtor"])
        book.role(p["debtor"], Role.LINED)
    changed = need(line_rules.set_share(book.line(p["debtor"]), old=old, new=p["limit"]))
    book.lines[p["debtor"]] = changed
    book.shares[act.by, p["debtor"]] = p["limit"]


def _cancel(book: Book, act: Act) -> None:
    book.actor(act.by)
    receivable = _known(book, act)
    cancelled = need(rules.cancel(receivable, by=act.by))
    detail = (act.params["orderId"].hex(), act.params["documentRoot"])
    # who names another order or document than its own shows that it isn't its
    demand(detail == (receivable.order_id, book.roots[act.params["id"]]), "not_seller")
    order_id = bytes.fromhex(receivable.order_id)
    book.orders[order_id].order = model_orders.uninvoiced(book, order_id, act.params["id"], receivable.face)
    book.receivables[act.params["id"]] = cancelled


def _dispute(book: Book, act: Act) -> None:
    book.actor(act.by)
    book.receivables[act.params["id"]] = need(rules.dispute(_known(book, act), by=act.by))


def _resolve(book: Book, act: Act) -> None:
    book.actor(act.by)
    book.receivables[act.params["id"]] = need(rules.resolve_dispute(_known(book, act), by=act.by))


def _credit(book: Book, act: Act) -> None:
    book.actor(act.by)
    receivable = _known(book, act)
    amount = money(act.params["amount"], receivable.currency)
    book.receivables[act.params["id"]] = need(rules.credit(receivable, amount, by=act.by))
    _give_back(book, act.params["id"], act.params["amount"])


def _split(book: Book, act: Act) -> None:
    book.enter(Kind.TRANSFER, act.by)
    receivable = _known(book, act)
    amounts = [money(value, receivable.currency) for value in act.params["amounts"]]
    ids = [child_id(act.params["id"], receivable.parts + n) for n in range(len(amounts))]
    parent, children = need(rules.split(receivable, amounts, [each.hex() for each in ids], by=act.by))
    book.receivables[act.params["id"]] = parent
    book.receivables.update(zip(ids, children, strict=True))


def _transfer(book: Book, act: Act) -> None:
    book.enter(Kind.TRANSFER, act.by)
    moved = rules.transfer(_known(book, act), act.params["to"], by=act.by)
    stop(moved, "not_holder", "receivable_state_wrong", "nothing_left", "part_pledged", "transfer_to_self")
    stop(moved, "transfer_to_debtor")
    book.counterpart(act.params["to"])
    book.receivables[act.params["id"]] = need(moved)


def _settle(book: Book, act: Act) -> None:
    p = act.params
    book.actor(act.by)
    book.role(act.by, Role.BANK)
    receivable = _known(book, act)
    pledge_id = None if p["pledgeId"] == FREE_PART else p["pledgeId"].hex()
    paid = rules.settle(receivable, money(p["amount"], receivable.currency), payee=p["payee"], pledge_id=pledge_id)
    stop(paid, "receivable_state_wrong", "amount_not_positive", "amount_too_large")
    demand(act.by != receivable.debtor, "self_attested")
    demand((act.by, p["bankRef"]) not in book.bank_refs, "bank_ref_used")
    if isinstance(paid, Refusal) and paid.code == "pledge_unknown":
        raise No(missing(book, p["pledgeId"]))
    value = need(paid)
    book.bank_refs.add((act.by, p["bankRef"]))
    book.receivables[p["id"]] = value
    _give_back(book, p["id"], p["amount"])
    if pledge_id is not None and not book.pledged(p["pledgeId"]):
        book.pledges[p["pledgeId"]].state = "released"


def missing(book: Book, pledge_id: bytes, lender: str | None = None) -> str:
    """Why an asset knows no such pledge: the register says it more finely than the asset can."""
    entry = book.pledges.get(pledge_id)
    if entry is None:
        return "pledge_unknown"
    if entry.state != "active":
        return "pledge_ended"
    return "asset_mismatch" if lender is None or lender == entry.lender else "not_lender"


def _default(book: Book, act: Act) -> None:
    book.actor(act.by)
    book.receivables[act.params["id"]] = need(rules.default(_known(book, act), by=act.by, today=book.today))


ACTS: dict[str, Callable[[Book, Act], Any]] = {
    "issue": _issue,
    "confirm": _confirm,
    "cancel": _cancel,
    "dispute": _dispute,
    "resolveDispute": _resolve,
    "credit": _credit,
    "split": _split,
    "transfer": _transfer,
    "settle": _settle,
    "declareDefault": _default,
    "setLine": _set_line,
}
