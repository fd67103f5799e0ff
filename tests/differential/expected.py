"""What the contracts' views have to say of each thing in the model, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from eth_hash.auto import keccak

from chainfin.rules.order import State as OrderState
from chainfin.rules.receivable import State
from tests.differential.act import Act
from tests.differential.model import EPOCH, Book
from tests.differential.model_buy_back import bought_id
from tests.differential.model_receivables import child_id, part_id
from tests.differential.system import System

Thing = tuple[str, bytes]
"""("order" | "receivable" | "receipt" | "pledge", id), or ("undertaking", the pledge's id and the buyer's number)."""

VIEWS = {
    "order": ("Orders", "order"),
    "receivable": ("Receivables", "receivable"),
    "receipt": ("WarehouseReceipts", "receipt"),
    "pledge": ("Pledges", "pledgeOf"),
    "undertaking": ("Pledges", "undertakingOf"),
}
RECEIVABLE_STATES = {state: n for n, state in enumerate(State, 1)}
PLEDGE_STATES = {"active": 1, "released": 2, "enforced": 3, "expired": 4, "lost": 5}
ORDER_STATES = {OrderState.POSTED: 1, OrderState.CANCELLED: 3}
EMPTY: tuple[object, ...] = (0, False, *(bytes(n) for n in range(33)))
ACKNOWLEDGED = 2
"""How far an acknowledged order went is in its amounts, on chain."""


def tag(content: bytes, length: int) -> bytes:
    """The first bytes of the hash under which the contracts keep a root or an id."""
    return keccak(content)[:length]


def origin_tag(order_id: bytes, document_root: bytes, seller: int) -> bytes:
    """What binds a debt that isn't confirmed to its order, document and seller."""
    return tag(order_id + document_root + seller.to_bytes(32, "big"), 18)


def promise_key(pledge_id: bytes, buyer: int) -> bytes:
    """An undertaking as a thing."""
    return pledge_id + buyer.to_bytes(4, "big")


def seen(system: System, thing: Thing) -> Any:
    """What the contracts' view says of it."""
    kind, key = thing
    args = (key[:32], int.from_bytes(key[32:], "big")) if kind == "undertaking" else (key,)
    return system.view(*VIEWS[kind], *args)


def _days(when: date) -> int:
    return (when - EPOCH).days


class Expected:
    """The model in the words of the views. ``numbers``: party numbers by name."""

    def __init__(self, book: Book, numbers: Mapping[str, int]) -> None:
        self._book = book
        self._numbers = numbers

    def of(self, thing: Thing) -> dict[str, Any]:
        kind, key = thing
        found: dict[str, Any] = getattr(self, f"_{kind}")(key)
        return found

    def things(self) -> Iterator[Thing]:
        """Everything that there is."""
        return ((kind, key) for kind in VIEWS for key in self._known(kind))

    def touched(self, act: Act) -> list[Thing]:
        """Everything that an act may have changed."""
        found: dict[Thing, None] = {}
        for kind, names in (("order", ("orderId",)), ("pledge", ("pledgeId", "soldPledgeId"))):
            found.update(((kind, act.params[name]), None) for name in names if name in act.params)
        assets = [act.params[name] for name in ("id", "assetId", "goodsId", "receivableId") if name in act.params]
        found.update((("pledge", pledge_id), None) for pledge_id in act.params.get("pledgeIds", ()))
        if act.function == "enforce":
            of = (act.params["pledgeId"], act.params["assetId"])
            assets.append(part_id("chainfin enforcement", *of, kinds=("string", "bytes32", "bytes32")))
        if act.function in ("undertake", "buyBack"):
            pledge_id, buyer = act.params["pledgeId"], act.params.get("buyer", act.by)
            found["undertaking", promise_key(pledge_id, self._numbers[buyer])] = None
            assets.append(bought_id(pledge_id, buyer, self._book.promises[pledge_id, buyer].calls - 1))
        for asset in assets:
            found["receivable", asset] = found["receipt", asset] = None
            debt = self._book.receivables.get(asset)
            if debt is not None:
                found["order", bytes.fromhex(debt.order_id)] = None
            if debt is not None and act.function == "split":
                first = debt.parts - len(act.params["amounts"])
                found.update((("receivable", child_id(asset, n)), None) for n in range(max(0, first), debt.parts))
        return [thing for thing in found if thing[1] in self._known(thing[0])]

    def _known(self, kind: str) -> Mapping[bytes, object]:
        book = self._book
        kinds: Mapping[str, Mapping[bytes, object]] = {
            "order": book.orders, "receivable": book.receivables, "receipt": book.receipts, "pledge": book.pledges,
            "undertaking": {promise_key(key, self._numbers[who]): each for (key, who), each in book.promises.items()},
        }  # fmt: skip
        return kinds[kind]

    def _order(self, key: bytes) -> dict[str, Any]:
        entry = self._book.orders[key]
        order = entry.order
        return {
            "buyer": self._numbers[entry.buyer], "seller": self._numbers[entry.seller], "trail": entry.trail,
            "currency": order.currency.encode(), "state": ORDER_STATES.get(order.state, ACKNOWLEDGED),
            "ordered": order.ordered, "despatched": order.despatched, "received": order.received,
            "invoiced": order.invoiced,
        }  # fmt: skip

    def _receivable(self, key: bytes) -> dict[str, Any]:
        debt = self._book.receivables[key]
        part = debt.parent is not None
        cancelled = debt.state is State.CANCELLED  # nothing is owed on it: the register keeps no amounts
        open_ = not debt.confirmed and not cancelled  # until then it keeps no holder, but what it is bound to
        order_id, seller = bytes.fromhex(debt.order_id), self._numbers[debt.seller]
        return {
            "holder": 0 if open_ else self._numbers[debt.holder], "debtor": self._numbers[debt.debtor],
            "originTag": origin_tag(order_id, self._book.roots[key], seller) if open_ else bytes(18),
            "dueDay": _days(debt.due_date), "state": RECEIVABLE_STATES[debt.state], "confirmed": debt.confirmed,
            "part": part, "lined": self._book.lined(key),
            "face": 0 if cancelled else debt.face, "free": 0 if cancelled else debt.free, "pledged": debt.pledged,
            "splitAway": debt.split_away, "settled": debt.settled, "diluted": debt.diluted,
        }  # fmt: skip

    def _receipt(self, key: bytes) -> dict[str, Any]:
        goods = self._book.receipts[key]
        root = self._book.roots.get(key)
        return {
            "owner": self._numbers[goods.owner], "keeper": self._numbers[goods.keeper], "part": root is None,
            "documentTag": bytes(24) if root is None else tag(root, 24), "issued": goods.issued, "free": goods.free,
            "pledged": goods.pledged, "released": goods.released, "liquidated": goods.liquidated,
            "missing": goods.missing,
        }  # fmt: skip

    def _pledge(self, key: bytes) -> dict[str, Any]:
        entry = self._book.pledges[key]
        return {
            "state": PLEDGE_STATES[entry.state], "assetKind": entry.kind, "drawn": entry.drawn,
            "lender": self._numbers[entry.lender], "amount": self._book.pledged(key), "expiresAt": entry.expires_at,
            "assetTag": tag(entry.asset, 14), "rank": entry.rank,
        }  # fmt: skip

    def _undertaking(self, key: bytes) -> dict[str, Any]:
        promise: Any = self._known("undertaking")[key]
        return {"amount": promise.left, "untilDay": _days(promise.until)}


def differences(expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Field by field. A field of the views that the model knows nothing of has to be empty: no act here touches it."""
    wrong = [name for name in expected if expected[name] != found.get(name)]
    wrong += [name for name, value in found.items() if name not in expected and value not in EMPTY]
    return [f"{name}: {_plain(expected.get(name))} expected, {_plain(found.get(name))} found" for name in wrong]


def unlike(expected: Expected, system: System, thing: Thing) -> list[str]:
    """How the contracts' view of a thing differs from the model."""
    wrong = differences(expected.of(thing), seen(system, thing))
    return [f"{thing[0]} {thing[1].hex()[:8]}: {text}" for text in wrong]


def _plain(value: Any) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
