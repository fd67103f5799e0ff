"""What chance alone seldom brings about: the next step to an act that wasn't taken yet, where there is one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from chainfin.services.goods import receipts
from chainfin.services.trade import receivable_state
from chainfin.storage.pledge_tables import PledgeRow
from tests.differential.services.deed import Deed
from tests.differential.services.generate_batches import BatchDeed, BatchMaker
from tests.differential.services.harness import LENDERS
from tests.differential.services.papers import UNIT

LATE = 0.8
"""From this share of a run on time may pass until loans are overdue: who is overdue borrows no more."""
BANK_PAYS = "the settlement bank buys back"
"""No kind of act, and still something to be led to: the only bank there is can't attest what it paid itself."""
Step = Deed | BatchDeed


class Rare(BatchMaker):
    """One maker for each act of the contracts that may stay away. They give None where nothing leads to it now."""

    def toward(self, lacking: Sequence[str], so_far: float) -> Step | None:
        """A step to one of the acts ``lacking``. ``so_far``: how much of the run is over, 0 to 1."""
        makers: dict[str, Callable[[], Step | None]] = {
            "Orders.amend": self._amended, "Orders.cancel": self._cancelled,
            "Receivables.cancel": lambda: self._claim("issued", self.cancel),
            "Receivables.dispute": lambda: self._claim("confirmed", self.dispute),
            "Receivables.resolveDispute": lambda: self._claim("disputed", self.resolve),
            "Receivables.credit": lambda: self._claim("confirmed", self.credit),
            "Receivables.split": lambda: self._claim("confirmed", self.split),
            "Receivables.transfer": lambda: self._claim("confirmed", self.transfer),
            "Pledges.expire": self._expired, "Pledges.undertake": self._undertaken, "Pledges.buyBack": self._bought,
            "Pledges.substitute": self._substituted, "Participants.pause": self.operate,
            "Participants.suspend": self.operate, "WarehouseReceipts.issue": self.store,
            "WarehouseReceipts.release": self.receipt_act, "WarehouseReceipts.transfer": self.receipt_act,
            "WarehouseReceipts.recount": self._recounted, "WarehouseReceipts.correct": self._found,
            "Receivables.setLine": self.line,
            "issueBatch": self.issue_batch, "confirmBatch": self.confirm_batch, "pledgeBatch": self._pledged_together,
            "releaseBatch": self.release_batch, "settleBatch": self.settle_batch,
        }  # fmt: skip
        makers[BANK_PAYS] = self._bank_pays
        if so_far >= LATE:
            makers |= {"Pledges.enforce": self._enforced, "Receivables.declareDefault": self._defaulted}
        wanted = [makers[name] for name in lacking if name in makers]
        try:
            return self.dice.choice(wanted)() if wanted else None
        finally:
            self.speaker = None

    def _amended(self) -> Step | None:
        rows = [row for row in self.known.orders if row.status in ("acknowledged", "despatched")]
        return self.amend(self.recent(rows)) if rows else None

    def _cancelled(self) -> Step | None:
        rows = [row for row in self.known.orders if row.status in ("posted", "acknowledged") and not row.despatched]
        return self.cancel_order(self.recent(rows)) if rows else self.post()

    def _claim(self, status: str, act: Callable[..., Deed]) -> Step | None:
        rows = [row for row in self.known.receivables if row.status == status]
        if status == "confirmed":
            rows = [row for row in rows if receivable_state.free(row) > UNIT and not row.pledged]
        return act(self.recent(rows)) if rows else None

    def _drawn(self, kind: str = "") -> list[PledgeRow]:
        """Live pledges of loans that were paid out, over ``kind`` of assets."""
        running = {row.id for row in self.known.loans if row.status in ("active", "overdue")}
        live = [row for row in self.known.pledges if row.status == "active" and row.drawn and row.loan_id in running]
        return [row for row in live if kind in row.asset_kind]

    def _undertaken(self) -> Step | None:
        over = self._drawn()
        return self.undertake(self.recent(over)) if over else None

    def _bought(self) -> Step | None:
        over = {row.id for row in self._drawn("warehouse_receipt")}
        promises = [row for row in self.known.undertakings if row.pledge_id in over and row.until > self.site.today]
        if promises:
            return self.bought_back(self.recent(promises))
        goods = self._drawn("warehouse_receipt")
        return self.undertake(self.recent(goods)) if goods else self._lent_on_goods()

    def _recounted(self) -> Step | None:
        pledged = [row for row in self.known.receipts if row.pledged]
        return self.recount(self.recent(pledged)) if pledged else self._lent_on_goods()

    def _pledged_together(self) -> Step | None:
        return self.goods_batch() or self.pledge_batch() or self.store()

    def _found(self) -> Step | None:
        """Again, what a count of free goods had missed."""
        missed = [row for row in self.known.receipts if row.missing and not row.pledged]
        unpledged = [row for row in self.known.receipts if receipts.free(row) and not row.pledged]
        if missed:
            return self.find(self.recent(missed))
        return self.recount(self.recent(unpledged)) if unpledged else self.store()

    def _bank_pays(self) -> Step | None:
        over = {row.id: row for row in self._drawn("receivable")}
        bank = self.h.id("bank")
        promises = [row for row in self.known.undertakings if row.pledge_id in over and row.buyer_id == bank]
        if not promises:
            return self.undertake(self.recent(list(over.values())), by="bank") if over else self.pledge()
        promise = self.recent(promises)
        due = self.h.due_date(over[promise.pledge_id].asset_id)
        if due >= self.site.today:
            return self.passes(due - self.site.today + timedelta(days=4))
        return self.bought_back(promise)

    def _lent_on_goods(self, *, late: bool = False) -> Step | None:
        goods = [row for row in self.known.receipts if receipts.free(row) > 2_000_000]
        if not goods:
            return self.store()
        row = self.recent(goods)
        return self.pledged(row, self.h.name(row.owner_id), self.dice.choice(LENDERS), late=late)

    def _substituted(self) -> Step | None:
        debts = [
            row for row in self.known.receivables if row.status == "confirmed" and receivable_state.free(row) > UNIT
        ]
        holders = {row.holder_id for row in debts}
        sold = [row for row in self._drawn("warehouse_receipt") if row.pledgor_id in holders]
        if not sold:
            return self._lent_on_goods()
        pledge = self.recent(sold)
        until = next(row.maturity for row in self.known.loans if row.id == pledge.loan_id)
        own = [row for row in debts if row.holder_id == pledge.pledgor_id]
        return self.substituted(pledge, self.recent([row for row in own if row.due_date <= until] or own))

    def _expired(self) -> Step | None:
        waiting = [row for row in self.known.pledges if row.status == "active" and not row.drawn and row.expires_at]
        if not waiting:
            return self._lent_on_goods(late=True)
        over = [row for row in waiting if row.expires_at is not None and row.expires_at < self.ctx.clock.now()]
        return self.expire(self.recent(over)) if over else self.passes(timedelta(days=8))

    def _enforced(self) -> Step | None:
        late = {row.id for row in self.known.loans if row.status == "overdue"}
        over = [row for row in self._drawn() if row.loan_id in late]
        if over:
            return self.enforce(self.recent(over))
        return self.passes(timedelta(days=40)) if self._drawn() else self._lent_on_goods()

    def _defaulted(self) -> Step | None:
        owed = [
            row for row in self.known.receivables if row.status == "confirmed" and receivable_state.outstanding(row)
        ]
        late = [row for row in owed if row.due_date < self.site.today]
        if late:
            return self.default(self.recent(late))
        return self.passes(min(row.due_date for row in owed) - self.site.today + timedelta(days=4)) if owed else None
