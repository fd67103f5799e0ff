"""Warehouse receipts: issued, handed out, passed on, counted again; and what the operator stops and lets go on."""

from __future__ import annotations

import hashlib
import hmac
from decimal import Decimal
from typing import Any

from chainfin.documents.fingerprint import normalised
from chainfin.eth.bindings.warehouse_receipts_acts import Correction, HandOut
from chainfin.services.goods import receipts, two_words
from chainfin.services.kernel.context import OPERATOR, Context
from chainfin.services.parties import suspension
from chainfin.storage.trade_tables import WarehouseReceiptRow
from chainfin.values.party import Kind, kind_bits, kinds_in
from tests import cast
from tests.differential.services.deed import Call, Deed
from tests.differential.services.generate_claims import Claims

GOODS = {"commodity": "copper-cathode", "commodity_class": "standard", "insured": "true"}


class Goods(Claims):
    """Quantities in thousandths of a kilogram."""

    def store(self) -> Deed:
        by, owner = self.acting("keeper", 0.95), self.either(self.dice.choice(("maker", "grower", "dealer")), 0.94)
        known = self.known.receipts
        old = self.recent(known) if known and self.chance(0.04) else None
        number = old.number if old is not None else self.fresh("WR")
        quantity = self.dice.choice((self.dice.randint(1, 9), self.dice.randint(1_000_000, 20_000_000)))
        legal = self.h.party(by).legal_value
        params = {
            "id": _receipt_id(self.ctx, legal, number), "owner": self.h.number(owner),
            "documentRoot": self.root(), "quantity": quantity,
        }  # fmt: skip
        body: dict[str, Any] = {
            "number": number,
            "owner_id": self.h.id(owner),
            "goods": GOODS,
            "unit": "KGM",
            "lot": cast.lot(number),
        }
        return self.deed(
            by, f"{number} of {owner}, {quantity}", Call("WarehouseReceipts", "issue", params),
            lambda: receipts.issue(self.ctx, self.actor(by), **body, quantity=Decimal(quantity).scaleb(-3)),
        )  # fmt: skip

    def receipt_act(self) -> Deed:
        there = [row for row in self.known.receipts if row.status not in ("issuing", "refused")]
        if not there:
            return self.store()
        return self.dice.choice((self.hand_out, self.pass_on, self.recount, self.find))(self.recent(there))

    def hand_out(self, row: WarehouseReceiptRow) -> Deed:
        """The keeper's act on the owner's order; here the owner is the one who asks."""
        by, keeper = self.acting(self.h.name(row.owner_id)), self.h.name(row.keeper_id)
        word = HandOut(id=row.id, quantity=self.number(min(receipts.free(row), max(1, row.issued // 3))))
        return self.deed(
            keeper, f"{row.number}, {word.quantity} by {by}'s order",
            Call("WarehouseReceipts", "release", word.params(), (self.h.rider(word, by),)),
            lambda: two_words.order(self.ctx, self.actor(by), row.id, Decimal(word.quantity).scaleb(-3)),
        )  # fmt: skip

    def find(self, row: WarehouseReceiptRow) -> Deed:
        """The keeper takes back a count of its own, with the owner's word in it."""
        by, found = self.acting("keeper"), self.number(max(1, row.missing))
        word = Correction(id=row.id, document_root=self.root(), found=found)
        return self.deed(
            by, f"{row.number}, {found} found again",
            Call("WarehouseReceipts", "correct", word.params(), (self.h.rider(word, self.h.name(row.owner_id)),)),
            lambda: two_words.find(self.ctx, self.actor(by), row.id, Decimal(found).scaleb(-3), "it lay elsewhere"),
        )  # fmt: skip

    def pass_on(self, row: WarehouseReceiptRow) -> Deed:
        by, to = self.acting(self.h.name(row.owner_id)), self.either(self.dice.choice(("maker", "dealer")), 0.8)
        return self.deed(
            by, f"{row.number} to {to}", Call("WarehouseReceipts", "transfer", {"id": row.id, "to": self.h.number(to)}),
            lambda: receipts.transfer(self.ctx, self.actor(by), row.id, self.h.id(to)),
        )  # fmt: skip

    def recount(self, row: WarehouseReceiptRow) -> Deed:
        by, free = self.acting("keeper"), receipts.free(row)
        missing = self.number(free + row.pledged if self.chance(0.4) else max(1, min(50, free + row.pledged)))
        over = [each.id for each in self.known.pledges if each.asset_id == row.id and each.status == "active"]
        params = {
            "id": row.id, "documentRoot": self.root(), "missing": missing, "pledgeIds": over if missing > free else [],
        }  # fmt: skip
        return self.deed(
            by, f"{row.number}, {missing}", Call("WarehouseReceipts", "recount", params),
            lambda: receipts.recount(self.ctx, self.actor(by), row.id, Decimal(missing).scaleb(-3), "a count"),
        )  # fmt: skip

    # the operator

    def undo(self) -> Deed | None:
        """Pauses and suspensions are short, or nothing would happen any more."""
        paused = self.h.view("Participants", "paused")
        if paused and self.chance(0.25):
            return self._pauses("operator", 0, paused)
        suspended = self.h.suspended()
        if suspended and self.chance(0.15):
            return self._standing("operator", "resume", self.dice.choice(suspended))
        return None

    def operate(self) -> Deed:
        by = self.acting("operator", 0.92)
        if self.chance(0.3):
            bits = self.h.view("Participants", "paused")
            return self._pauses(by, bits | kind_bits([self.dice.choice(list(Kind)[1:])]), bits)
        function = self.dice.choice(("suspend", "suspend", "resume"))
        suspended = self.h.suspended()
        right = function == "resume" and suspended and self.chance(0.7)
        party = self.dice.choice(suspended) if right else self.either("maker", 0.2)
        return self._standing(by, function, party)

    def _standing(self, by: str, function: str, party: str) -> Deed:
        service = {"suspend": suspension.suspend, "resume": suspension.resume}[function]
        actor = OPERATOR if by == "operator" else self.actor(by)
        return self.deed(
            by, party, Call("Participants", function, {"party": self.h.number(party)}),
            lambda: service(self.ctx, actor, self.h.id(party), "it is told"),
        )  # fmt: skip

    def _pauses(self, by: str, after: int, before: int) -> Deed:
        actor = OPERATOR if by == "operator" else self.actor(by)
        stop, go = kinds_in(after & ~before), kinds_in(before & ~after)
        return self.deed(
            by, f"{before} to {after}", Call("Participants", "pause", {"kinds": after}),
            lambda: suspension.change_pauses(self.ctx, actor, pause=stop, resume=go, reason="it is told"),
        )  # fmt: skip


def _receipt_id(ctx: Context, keeper_legal: str, number: str) -> str:
    message = b"chainfin/warehouse-receipt/1" + f"{keeper_legal}\0{normalised(number)}".encode()
    return "0x" + hmac.new(ctx.fingerprint_key, message, hashlib.sha256).hexdigest()
