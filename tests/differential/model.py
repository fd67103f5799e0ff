"""The model: chainfin's own rules, and around them the registers that the rules leave to their caller.

`Model.apply` carries an act out or says why not, by the code of `reasons`. Ids are the contracts' 32 bytes (hex inside
the rules), parties their names. What an id names, who was admitted, and which bank reference was used is kept here;
who may do what with which amount is never decided here but asked of `chainfin.rules`.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from chainfin.documents.goods_trail import START, Step, extended
from chainfin.errors import BadInput
from chainfin.rules.debtor_line import Line
from chainfin.rules.inventory import WarehouseReceipt
from chainfin.rules.order import Order
from chainfin.rules.receivable import Receivable
from chainfin.rules.undertaking import Undertaking
from tests.differential.act import Act
from tests.differential.gate import EXCUSED, Gate, No
from tests.differential.parties import OPERATOR

EPOCH = date(1970, 1, 1)


def day(number: int) -> date:
    """Days since 1970-01-01 → the date."""
    return EPOCH + timedelta(days=number)


@dataclass(slots=True)
class OrderEntry:
    """An order with who made it and the trail of its goods. ``before``: the trail before its last step."""

    order: Order
    buyer: str
    seller: str
    currency: str
    trail: bytes = START
    before: bytes = START

    def lengthen(self, step: Step, document_root: bytes, amount: int) -> None:
        self.before, self.trail = self.trail, extended(self.trail, step, document_root, amount)


@dataclass(slots=True)
class PledgeEntry:
    """A pledge; its amount is in its asset. ``state``: active, released, enforced, expired, lost.

    ``rank``: which pledge over the goods it is, from 1; 0 over a receivable.
    """

    kind: int
    asset: bytes
    lender: str
    expires_at: int
    drawn: bool
    rank: int
    state: str = "active"


class Book(Gate):
    """All registers of the model."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.orders: dict[bytes, OrderEntry] = {}
        self.receivables: dict[bytes, Receivable] = {}
        self.matched: dict[bytes, Mapping[str, Decimal]] = {}
        """Of each receivable, what of its order's lines its invoice was matched with."""
        self.receipts: dict[bytes, WarehouseReceipt] = {}
        self.pledges: dict[bytes, PledgeEntry] = {}
        self.roots: dict[bytes, bytes] = {}
        """Document roots of assets (not of parts, which have no document of their own)."""
        self.bank_refs: set[tuple[str, bytes]] = set()
        self.lines: dict[str, Line] = {}
        """By debtor."""
        self.shares: dict[tuple[str, str], int] = {}
        """(lender, debtor) → its share of the line."""
        self.promises: dict[tuple[bytes, str], Undertaking] = {}
        """By pledge and buyer."""
        self.drew: set[bytes] = set()
        """Receivables whose confirmation drew on a line."""

    @property
    def today(self) -> date:
        return datetime.fromtimestamp(self.now, UTC).date()

    def copied(self) -> Book:
        """A book of its own; the values in it never change, but for the entries."""
        book = copy.copy(self)
        book.orders = {key: replace(entry) for key, entry in self.orders.items()}
        book.pledges = {key: replace(entry) for key, entry in self.pledges.items()}
        book.receivables, book.receipts, book.roots = dict(self.receivables), dict(self.receipts), dict(self.roots)
        book.bank_refs, book.suspended, book.withdrawn = set(self.bank_refs), set(self.suspended), set(self.withdrawn)
        book.roles, book.lines, book.shares = dict(self.roles), dict(self.lines), dict(self.shares)
        book.drew, book.promises = set(self.drew), dict(self.promises)
        return book

    def line(self, debtor: str) -> Line:
        return self.lines.get(debtor, Line(debtor))

    def lined(self, key: bytes) -> bool:
        """Whether a receivable, or what it is a part of, drew on its debtor's line."""
        debt = self.receivables[key]
        while debt.parent is not None:
            debt = self.receivables[bytes.fromhex(debt.parent)]
        return bytes.fromhex(debt.id) in self.drew

    def pledged(self, pledge_id: bytes) -> int:
        """What is still locked under a pledge."""
        entry = self.pledges[pledge_id]
        name = pledge_id.hex()
        if entry.kind == 1:
            return sum(part.amount for part in self.receivables[entry.asset].pledges if part.pledge_id == name)
        return sum(part.quantity for part in self.receipts[entry.asset].pledges if part.pledge_id == name)


class Model:
    """The book with the acts on it."""

    def __init__(self) -> None:
        # the acts are split by noun; they only know the book
        from tests.differential import (
            model_buy_back,
            model_goods,
            model_orders,
            model_pledges,
            model_receivables,
            model_substitution,
        )

        self.book = Book()
        self._acts = {
            "Orders": model_orders.ACTS,
            "Receivables": model_receivables.ACTS,
            "WarehouseReceipts": model_goods.ACTS,
            "Pledges": {**model_pledges.ACTS, **model_substitution.ACTS, **model_buy_back.ACTS},
        }

    def apply(self, act: Act, now: int) -> str | None:
        """Carry it out at ``now`` (POSIX seconds): None, or the reason's code (and nothing has changed)."""
        self.book.now = now
        return self._apply(self.book, act)

    def reasons(self, act: Act, now: int) -> set[str]:
        """Everything that is wrong with a refused act, as far as one fault doesn't hide another."""
        found: set[str] = set()
        try:
            while True:
                book = self.book.copied()
                book.now = now
                code = self._apply(book, act)
                if code is None or code in found:
                    return found
                found.add(code)
                EXCUSED.add(code)
        except (KeyError, ValueError, BadInput):  # the next check has nothing to look at
            return found
        finally:
            EXCUSED.clear()

    def _apply(self, book: Book, act: Act) -> str | None:
        try:
            if act.function == "revokeNonces":
                book.revoke(act.contract, act.by, act.params)
            elif act.contract == "Participants":
                book.operate(act, OPERATOR)
            else:
                self._acts[act.contract][act.function](book, act)
        except No as refusal:
            return refusal.code
        return None
