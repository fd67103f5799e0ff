"""Random acts that make sense often enough to get far: the right party, amounts at the edges, and all else too."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from eth_hash.auto import keccak

from chainfin.rules.receivable import State
from chainfin.values.party import Kind, Role
from tests.differential.act import Act
from tests.differential.generate_base import DAY, Dice
from tests.differential.generate_securities import Securities
from tests.differential.model import EPOCH, Book
from tests.differential.parties import ALL_ROLES, OPERATOR, PARTIES

T = TypeVar("T")


class Generator(Securities):
    """Acts for what is in ``book`` now. The same seed and the same book give the same act."""

    def __init__(self, book: Book, seed: int) -> None:
        super().__init__(book, random.Random(seed))
        self._menu: Sequence[tuple[int, Callable[[], Act]]] = (
            (20, self.order_act),
            (7, self.post),
            (12, self._bill),
            (11, self.confirm),
            (22, self.receivable_act),
            (14, self.pledge),
            (10, self.pledge_act),
            (7, self.substitute),
            (9, self.buying_back),
            (3, self.line),
            (4, self.receipt),
            (10, self.receipt_act),
            (3, self.operate),
            (1, self.revoke),
        )

    def act(self) -> Act:
        """The next act, and how long to wait before it."""
        undo = self._undo()
        if undo is not None:
            return undo
        weights = [weight for weight, _ in self._menu]
        made = self.dice.choices([make for _, make in self._menu], weights)[0]()
        # what a pause or a suspension stops and who may only read is tried while it lasts, which isn't long
        if self.book.paused >> Kind.PLEDGE & 1 and self.chance(0.3):
            made = self.dice.choice((self.substitute, self.buying_back))()
        if self.book.suspended and self.chance(0.08):
            made = replace(made, by=self.dice.choice(sorted(self.book.suspended)))
        readers = [who for who, roles in self.book.roles.items() if roles == Role.AUDITOR]
        if readers and self.chance(0.15):
            made = replace(made, by=readers[0])
        return replace(made, wait=self._wait()) if self.chance(0.06) else made

    def _wait(self) -> int:
        """A while, or to the edge of a due day or of an expiry."""
        now = self.book.now
        moments = [now + self.dice.choice((1, 3600, DAY, 9 * DAY, 30 * DAY)), now - now % DAY + DAY]
        owed = [each for each in self.book.receivables.values() if each.outstanding and each.state is not State.ISSUED]
        if owed:
            due = ((self.recent(owed).due_date - EPOCH).days + 1) * DAY
            moments += [due - 1, due, due]
        undrawn = [each.expires_at for each in self.book.pledges.values() if not each.drawn and each.state == "active"]
        if undrawn:
            expiry = self.recent(undrawn)
            moments += [expiry, expiry + 1]
        return max(0, self.dice.choice(moments) - now)

    def _undo(self) -> Act | None:
        """Pauses, suspensions and lost roles are short, or nothing would happen any more."""
        if self.book.paused and self.chance(0.2):
            return self._operator("pause", kinds=0)
        if self.book.suspended and self.chance(0.12):
            return self._operator("resume", party=self.dice.choice(sorted(self.book.suspended)))
        lost = [who for who, roles in PARTIES.items() if self.book.roles[who] != roles]
        if lost and self.chance(0.15):
            return self._operator("setRoles", party=lost[0], roles=PARTIES[lost[0]])
        return None

    def _operator(self, function: str, **params: object) -> Act:
        return Act("Participants", function, OPERATOR, params)

    def operate(self) -> Act:
        by = OPERATOR if self.chance(0.9) else self.anyone()
        suspended = sorted(self.book.suspended)
        if suspended and self.chance(0.5):
            return Act("Participants", "suspend", by, {"party": self.dice.choice(suspended)})
        party = self.anybody()
        function = self.dice.choice(("suspend", "suspend", "resume", "pause", "setRoles"))
        if function == "pause":
            return Act("Participants", "pause", by, {"kinds": self.dice.choice((1 << self.dice.randrange(1, 7), 126))})
        if function == "setRoles":
            roles = self.dice.choice((0, 1 << 31, 1 << self.dice.randrange(9), int(Role.AUDITOR), ALL_ROLES))
            return Act("Participants", "setRoles", by, {"party": party, "roles": roles})
        return Act("Participants", function, by, {"party": party})

    def revoke(self) -> Act:
        contract, by = self.dice.choice(
            (("Receivables", "registrar"), ("Pledges", self.dice.choice(("maker", "dealer"))))
        )
        return Act(
            contract, "revokeNonces", by, {"word": self.dice.randrange(2), "mask": 1 << self.dice.randrange(256)}
        )

    # orders

    def _bill(self) -> Act:
        """An invoice where there is room for one, mostly; else something that makes room."""
        roomy = any(entry.order.received > entry.order.invoiced for entry in self.book.orders.values())
        return self.issue() if roomy or self.chance(0.15) else self.order_act()

    def post(self) -> Act:
        known = list(self.book.orders)
        order_id = self.recent(known) if known and self.chance(0.05) else self.fresh("order")
        p = {
            "orderId": order_id,
            "seller": self.either_named(self.dice.choice(("maker", "maker", "grower", "group")), 0.92),
            "documentRoot": keccak(order_id),
            "amount": self.size() if self.chance(0.93) else self.edge(0),
            "currency": b"CNY" if self.chance(0.97) else self.dice.choice((b"cny", b"CN1", b"C\x00Y")),
        }
        return Act("Orders", "post", self.either(self.dice.choice(("core", "core", "buyer", "group")), 0.97), p)

    def order_act(self) -> Act:
        if not self.book.orders or self.chance(0.02):
            return self.post()
        order_id = self.recent(list(self.book.orders))
        entry = self.book.orders[order_id]
        order = entry.order
        steps = ["acknowledge", "despatch", "receiveGoods", "amend", "cancel"]
        if self.chance(0.8):
            if order.received < order.despatched and self.chance(0.7):
                steps = ["receiveGoods"]
            elif order.state.value == "posted":
                steps = ["acknowledge"]
            elif order.despatched < order.ordered:
                steps = ["despatch"]
            elif self.chance(0.4):
                steps = ["amend"]
        function = self.dice.choice(steps)
        p: dict[str, object] = {"orderId": self.either_id(order_id, "order")}
        if function != "cancel":
            p["documentRoot"] = keccak(order_id + function.encode())
        if function == "acknowledge":
            p["trail"] = entry.trail if self.chance(0.95) else entry.before
        elif function == "despatch":
            p["amount"] = self.number(order.ordered - order.despatched)
        elif function == "receiveGoods":
            p["amount"] = self.number(order.despatched - order.received)
        elif function == "amend":
            p["amount"] = self.dice.choice((self.edge(order.despatched), order.ordered + self.size()))
        seller_acts = function in ("acknowledge", "despatch")
        return Act("Orders", function, self.either(entry.seller if seller_acts else entry.buyer), p)


__all__ = ["Dice", "Generator"]
