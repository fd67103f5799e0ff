"""The model's acts on undertakings over pledges: the rules of `chainfin.undertaking`, and what the buyer takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chainfin.rules import inventory, receivable
from chainfin.rules import undertaking as rules
from chainfin.values.party import Kind, Role
from tests.differential.act import Act
from tests.differential.gate import demand, money, need, stop
from tests.differential.model import Book, day
from tests.differential.model_pledges import GOODS, freed_by, holder, live, store
from tests.differential.model_receivables import part_id
from tests.differential.parties import NUMBERS


def bought_id(pledge_id: bytes, buyer: str, n: int) -> bytes:
    """The id of what ``buyer`` takes out of the pledge the n-th time, from 0."""
    kinds = ("string", "bytes32", "uint32", "uint256")
    return part_id("chainfin buy-back", pledge_id, NUMBERS[buyer], max(n, 0), kinds=kinds)


def _undertake(book: Book, act: Act) -> None:
    p = act.params
    book.enter(Kind.PLEDGE, act.by)
    entry = live(book, p["pledgeId"])
    demand(entry.asset == p["assetId"], "asset_mismatch")
    keeper = None
    if entry.kind == GOODS:
        book.role(act.by, Role.CORE)
        keeper = book.receipts[entry.asset].keeper
    made = rules.undertake(
        p["amount"], buyer=act.by, parties=(entry.lender, holder(book, entry)), keeper=keeper,
        pledged=book.pledged(p["pledgeId"]), until=day(p["untilDay"]),
        today=book.today, before=book.promises.get((p["pledgeId"], act.by)),
    )  # fmt: skip
    book.promises[p["pledgeId"], act.by] = need(made)


def _buy_back(book: Book, act: Act) -> None:
    p = act.params
    pledge_id, asset, buyer, amount = p["pledgeId"], p["assetId"], p["buyer"], p["amount"]
    book.actor(act.by)
    book.role(act.by, Role.BANK)
    entry = live(book, pledge_id)
    demand(entry.asset == asset, "asset_mismatch")
    demand(entry.drawn, "pledge_not_drawn")
    promise = book.promises.get((pledge_id, buyer))
    called = rules.call(promise, amount, today=book.today)
    stop(called, "amount_not_positive", "amount_too_large", "undertaking_missing")
    demand(act.by != buyer, "self_attested")
    child = bought_id(pledge_id, buyer, 0 if promise is None else promise.calls)
    ids = {"pledge_id": pledge_id.hex(), "child_id": child.hex(), "buyer": buyer}
    taken: Any
    if entry.kind == GOODS:
        taken = inventory.buy_back(book.receipts[asset], amount, **ids)
    else:
        debt = book.receivables[asset]
        taken = receivable.buy_back(debt, money(amount, debt.currency), today=book.today, **ids)
    stop(taken, "exceeds_pledged")
    demand((act.by, p["bankRef"]) not in book.bank_refs, "bank_ref_used")
    left, part = need(taken)
    book.promises[pledge_id, buyer] = need(called)
    book.bank_refs.add((act.by, p["bankRef"]))
    store(book, asset, left)
    store(book, child, part)
    if not book.pledged(pledge_id):
        entry.state = "released"


def _pay_off(book: Book, act: Act) -> None:
    p = act.params
    book.actor(act.by)
    book.role(act.by, Role.BANK)
    entry = live(book, p["pledgeId"])
    demand(entry.asset == p["assetId"], "asset_mismatch")
    demand(entry.drawn, "pledge_not_drawn")
    demand(act.by not in (entry.lender, holder(book, entry)), "self_attested")
    freed = freed_by(book, p["pledgeId"], entry.asset, book.pledged(p["pledgeId"]), entry.lender)
    store(book, entry.asset, need(freed))
    entry.state = "released"


ACTS: dict[str, Callable[[Book, Act], Any]] = {"undertake": _undertake, "buyBack": _buy_back, "payOff": _pay_off}
