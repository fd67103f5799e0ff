"""The model's acts on warehouse receipts: the rules of `chainfin.rules.inventory`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

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
    book.actor(act.by)
    book.receipts[act.params["id"]] = need(rules.release(_known(book, act), act.params["quantity"], by=act.by))


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
}
