"""The model's act by which a receivable takes the place of pledged goods: the rule of `chainfin.substitution`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chainfin.errors import Refusal
from chainfin.rules import substitution
from chainfin.rules.inventory import WarehouseReceipt
from chainfin.rules.receivable import Receivable
from chainfin.values.party import Kind, Role
from tests.differential.act import Act
from tests.differential.gate import demand, money, need, stop
from tests.differential.model import Book
from tests.differential.model_pledges import GOODS, RECEIVABLE, add, freed_by, store, terms
from tests.differential.model_receivables import missing


def _substitute(book: Book, act: Act) -> None:
    p, rider = act.params, act.rider
    assert rider is not None
    book.enter(Kind.PLEDGE, act.by, rider.signer)
    book.role(act.by, Role.LENDER)
    book.rider(act)
    sold = book.pledges.get(p["soldPledgeId"])
    demand(sold is not None and sold.kind == GOODS, "not_over_goods")
    # goods that there are not are nobody's
    owner = book.receipts[p["goodsId"]].owner if p["goodsId"] in book.receipts else None
    demand(owner == rider.signer, "substitute_foreign")
    done = _both(book, act)
    if isinstance(done, Refusal):
        _unless_freed(book, act)
    new = {**p, "assetKind": RECEIVABLE, "assetId": p["receivableId"]}
    locked = terms(book, new, act.by, rider.signer)
    if isinstance(done, Refusal):
        stop(done, "substitute_foreign")
        need(locked)
    goods, debt = need(done)
    store(book, p["goodsId"], goods)
    store(book, p["receivableId"], debt)
    if not book.pledged(p["soldPledgeId"]):
        book.pledges[p["soldPledgeId"]].state = "released"
    add(book, new)


def _both(book: Book, act: Act) -> tuple[WarehouseReceipt, Receivable] | Refusal:
    p = act.params
    goods, debt = book.receipts.get(p["goodsId"]), book.receivables.get(p["receivableId"])
    if goods is None or debt is None:
        return Refusal("receivable_unknown", "there is nothing to put in the place of something")
    return substitution.substitute(
        goods, debt, quantity=p["quantity"], amount=money(p["amount"], debt.currency), sold_id=p["soldPledgeId"].hex(),
        pledge_id=p["pledgeId"].hex(), lender=act.by,
    )  # fmt: skip


def _unless_freed(book: Book, act: Act) -> None:
    """Whether it is the goods' half that is refused: the register says that first, and more finely."""
    p = act.params
    freed = freed_by(book, p["soldPledgeId"], p["goodsId"], p["quantity"], act.by)
    if isinstance(freed, Refusal):
        unknown = freed.code == "pledge_unknown"
        demand(False, missing(book, p["soldPledgeId"], act.by) if unknown else freed.code)


ACTS: dict[str, Callable[[Book, Act], Any]] = {"substitute": _substitute}
