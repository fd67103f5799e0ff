"""The model's acts on pledges: over both kinds of assets, each asked by its own rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from eth_hash.auto import keccak

from chainfin.errors import Refusal
from chainfin.rules import inventory, receivable
from chainfin.rules import pledge as pledge_rules
from chainfin.rules.inventory import WarehouseReceipt
from chainfin.rules.receivable import Receivable
from chainfin.values.party import Kind, Role
from tests.differential.act import Act
from tests.differential.gate import No, amount, demand, money, need, stop
from tests.differential.model import Book, PledgeEntry
from tests.differential.model_receivables import missing, part_id

RECEIVABLE, GOODS = 1, 2
_AMOUNTS = ("amount_not_positive", "amount_too_large", "quantity_not_positive", "quantity_too_large")
_LATEST = 2**32 - 1


def _locked(book: Book, p: Mapping[str, Any], pledgor: str) -> Receivable | WarehouseReceipt | Refusal | None:
    """The asset with the pledge on it; None if there is no such asset."""
    ids = {"pledge_id": p["pledgeId"].hex(), "lender": p["lender"], "by": pledgor}
    if p["assetKind"] == GOODS:
        goods = book.receipts.get(p["assetId"])
        return None if goods is None else inventory.pledge(goods, p["amount"], **ids)
    debt = book.receivables.get(p["assetId"])
    return None if debt is None else receivable.pledge(debt, money(p["amount"], debt.currency), **ids)


def _pledge(book: Book, act: Act) -> None:
    p, rider = act.params, act.rider
    assert rider is not None
    book.enter(Kind.PLEDGE, act.by, rider.signer)
    book.role(act.by, Role.LENDER)
    book.rider(act)
    store(book, p["assetId"], need(terms(book, p, act.by, rider.signer)))
    add(book, p)


def terms(
    book: Book, p: Mapping[str, Any], lender: str, pledgor: str
) -> Receivable | WarehouseReceipt | Refusal | None:
    """The asset with the pledge on it, or why not, if the register of pledges has nothing against the pledge itself."""
    demand(p["lender"] == lender, "not_lender")
    locked = _locked(book, p, pledgor)
    stop(locked, "lender_is_pledgor")
    demand(pledgor != lender, "lender_is_pledgor")
    demand(p["registryNo"] != bytes(32), "registry_no_missing")
    stop(locked, *_AMOUNTS)
    amount(p["amount"])
    demand(p["expiresAt"] == 0 or book.now < p["expiresAt"] <= _LATEST, "expiry_invalid")
    demand(p["pledgeId"] not in book.pledges, "pledge_exists")
    demand(p["pledgeId"][:16] == keccak(p["assetId"])[14:30], "pledge_id_foreign")
    demand(p["assetKind"] in (RECEIVABLE, GOODS), "asset_kind_invalid")
    demand(locked is not None, "receivable_unknown" if p["assetKind"] == RECEIVABLE else "receipt_unknown")
    return locked


def add(book: Book, p: Mapping[str, Any]) -> None:
    """The pledge that is in its asset by now."""
    made = sum(entry.asset == p["assetId"] for entry in book.pledges.values())
    rank = made + 1 if p["assetKind"] == GOODS else 0
    book.pledges[p["pledgeId"]] = PledgeEntry(
        p["assetKind"], p["assetId"], p["lender"], p["expiresAt"], drawn=p["expiresAt"] == 0, rank=rank
    )


def store(book: Book, asset: bytes, value: object) -> None:
    """Under its id."""
    if isinstance(value, Receivable):
        book.receivables[asset] = value
    elif isinstance(value, WarehouseReceipt):
        book.receipts[asset] = value


def freed_by(
    book: Book, pledge_id: bytes, asset: bytes, quantity: int, lender: str
) -> Receivable | WarehouseReceipt | Refusal:
    """The asset with so much of the pledge set free."""
    name = pledge_id.hex()
    kind = book.pledges[pledge_id].kind if pledge_id in book.pledges else 0
    if kind == GOODS and asset in book.receipts:
        return inventory.unpledge(book.receipts[asset], quantity, pledge_id=name, by=lender)
    if kind == RECEIVABLE and asset in book.receivables:
        debt = book.receivables[asset]
        return receivable.release(debt, money(quantity, debt.currency), pledge_id=name, by=lender)
    return Refusal("pledge_unknown", "it names no asset that could be pledged")


def _release(book: Book, act: Act) -> None:
    book.actor(act.by)
    pledge_id, asset = act.params["pledgeId"], act.params["assetId"]
    freed = freed_by(book, pledge_id, asset, act.params["amount"], act.by)
    if isinstance(freed, Refusal) and freed.code == "pledge_unknown":
        raise No(missing(book, pledge_id, act.by))
    after = need(freed)
    refusal = pledge_rules.stays(book.pledged(pledge_id), act.params["amount"], act.params["keep"])
    if refusal is not None:
        stop(refusal, "leaves_too_little")
    store(book, asset, after)
    if not book.pledged(pledge_id):
        book.pledges[pledge_id].state = "released"


def live(book: Book, pledge_id: bytes) -> PledgeEntry:
    """The pledge, if it hasn't ended."""
    demand(pledge_id in book.pledges, "pledge_unknown")
    entry = book.pledges[pledge_id]
    demand(entry.state == "active", "pledge_ended")
    return entry


def holder(book: Book, entry: PledgeEntry) -> str:
    """Whose the pledged asset is."""
    return book.receivables[entry.asset].holder if entry.kind == RECEIVABLE else book.receipts[entry.asset].owner


def _draw(book: Book, act: Act) -> None:
    book.actor(act.by)
    entry = live(book, act.params["pledgeId"])
    demand(entry.lender == act.by, "not_lender")
    demand(not entry.drawn, "already_drawn")
    demand(book.now <= entry.expires_at, "pledge_lapsed")
    entry.drawn = True


def _expire(book: Book, act: Act) -> None:
    """The pledgor's way out of a loan that never came: the rules know it as a release of the whole."""
    book.actor(act.by)
    entry = live(book, act.params["pledgeId"])
    demand(entry.asset == act.params["assetId"], "asset_mismatch")
    demand(holder(book, entry) == act.by, "not_pledgor")
    demand(not entry.drawn and book.now > entry.expires_at, "not_expired")
    pledge_id = act.params["pledgeId"]
    freed = freed_by(book, pledge_id, entry.asset, book.pledged(pledge_id), entry.lender)
    store(book, entry.asset, need(freed))
    entry.state = "expired"


def _enforce(book: Book, act: Act) -> None:
    book.actor(act.by)
    pledge_id, asset = act.params["pledgeId"], act.params["assetId"]
    child = part_id("chainfin enforcement", pledge_id, asset, kinds=("string", "bytes32", "bytes32"))
    ids = {"pledge_id": pledge_id.hex(), "child_id": child.hex(), "by": act.by}
    kind = book.pledges[pledge_id].kind if pledge_id in book.pledges else 0
    taken: Any = Refusal("pledge_unknown", "it names no asset that could be pledged")
    if kind == GOODS and asset in book.receipts:
        taken = inventory.liquidate(book.receipts[asset], **ids)
    elif kind == RECEIVABLE and asset in book.receivables:
        taken = receivable.enforce(book.receivables[asset], today=book.today, **ids)
    if isinstance(taken, Refusal) and taken.code == "pledge_unknown":
        raise No(missing(book, pledge_id, act.by))
    stop(taken, "not_lender")
    demand(book.pledges[pledge_id].drawn, "pledge_not_drawn")
    left, part = need(taken)
    store(book, asset, left)
    store(book, child, part)
    book.pledges[pledge_id].state = "enforced"


ACTS: dict[str, Callable[[Book, Act], Any]] = {
    "pledge": _pledge,
    "release": _release,
    "draw": _draw,
    "expire": _expire,
    "enforce": _enforce,
}
