"""The model's acts on warehouse receipts: the rules of `chainfin.rules.inventory`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from chainfin.errors import Refusal
from chainfin.rules import inventory as rules
from chainfin.rules.inventory import WarehouseReceipt
from chainfin.values.party import Kind, Role
from tests.differential.act import Act
from tests.differential.gate import demand, need, stop
from tests.differential.model import Book
from tests.differential.model_receivables import PREFIX

GOODS = 2
"""The asset kind of warehouse receipts."""


def _known(book: Book, act: Act) -> WarehouseReceipt:
    demand(act.params["id"] in book.receipts, "receipt_unknown")
    return book.receipts[act.params["id"]]


def _issue(book: Book, act: Act) -> None:
    p = act.params
    book.enter(Kind.RECEIPT, act.by)
    book.role(act.by, Role.KEEPER)
    demand(not p["id"].startswith(PREFIX), "id_reserved")
    demand(p["id"] not in book.receipts, "receipt_exists")
    receipt = need(
        rules.issue(
            id=p["id"].hex(), owner=p["owner"], keeper=act.by, goods="steel", unit="TNE", quantity=p["quantity"]
        )
    )
    book.counterpart(p["owner"])
    book.receipts[p["id"]] = receipt
    book.roots[p["id"]] = p["documentRoot"]


def _transfer(book: Book, act: Act) -> None:
    book.enter(Kind.TRANSFER, act.by)
    moved = rules.transfer(_known(book, act), act.params["to"], by=act.by)
    stop(moved, "not_owner", "receipt_ended", "part_pledged", "transfer_to_self")
    book.counterpart(act.params["to"])
    book.receipts[act.params["id"]] = need(moved)


def _release(book: Book, act: Act) -> None:
    done = rules.release(*_with_owner(book, act, "quantity"), by=act.by, ordered=_owner(act))
    _signed(book, act, done, "not_keeper", "quantity_not_positive", "quantity_too_large", "exceeds_free")


def _correct(book: Book, act: Act) -> None:
    done = rules.correct(*_with_owner(book, act, "found"), by=act.by, agreed=_owner(act))
    _signed(book, act, done, "not_keeper", "quantity_not_positive", "quantity_too_large", "exceeds_missing")


def _owner(act: Act) -> str:
    assert act.rider is not None
    return act.rider.signer


def _with_owner(book: Book, act: Act, amount: str) -> tuple[WarehouseReceipt, int]:
    book.actor(act.by)
    return _known(book, act), act.params[amount]


def _signed(book: Book, act: Act, done: WarehouseReceipt | Refusal, *before: str) -> None:
    """Of two: what the rule has against it, then whose the other word is, and that word itself, which serves once."""
    stop(done, *before)
    book.actor(_owner(act))
    after = need(done)
    book.rider(act, once=True)
    book.receipts[act.params["id"]] = after


def _recount(book: Book, act: Act) -> None:
    book.actor(act.by)
    before = _known(book, act)
    missing, named = act.params["missing"], act.params["pledgeIds"]
    after = need(rules.recount(before, missing, by=act.by))
    if missing <= before.free:
        demand(not named, "pledges_unwanted")
    else:
        _all_named(book, act.params["id"], named)
    book.receipts[act.params["id"]] = after
    for pledge_id in named:
        if not book.pledged(pledge_id):
            book.pledges[pledge_id].state = "lost"


def _all_named(book: Book, asset: bytes, named: Sequence[bytes]) -> None:
    """All live pledges over the goods, oldest first."""
    rank = total = 0
    for pledge_id in named:
        demand(pledge_id in book.pledges, "pledge_unknown")
        entry = book.pledges[pledge_id]
        demand(entry.state == "active", "pledge_ended")
        demand(entry.kind == GOODS, "not_over_goods")
        demand(entry.asset == asset, "asset_mismatch")
        demand(entry.rank > rank, "pledges_out_of_order")
        rank, total = entry.rank, total + book.pledged(pledge_id)
    demand(total == book.receipts[asset].pledged, "pledges_incomplete")


ACTS: dict[str, Callable[[Book, Act], Any]] = {
    "issue": _issue,
    "transfer": _transfer,
    "release": _release,
    "recount": _recount,
    "correct": _correct,
}
