"""Batches: several deeds of one party and one kind, on things of their own or on the same ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from chainfin.services.goods import receipts
from chainfin.services.trade import receivable_state
from tests.differential.services.deed import Deed
from tests.differential.services.generate_money import PAYABLE, MoneyComesIn
from tests.differential.services.harness import LENDERS
from tests.differential.services.papers import UNIT

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class BatchDeed:
    """``function`` of the contract that all ``deeds`` belong to, sent by ``speaker``; ``pledgor`` grants with it."""

    function: str
    speaker: str
    deeds: tuple[Deed, ...]
    pledgor: str | None = None

    def __str__(self) -> str:
        return f"{self.speaker}: {self.function}[{'; '.join(deed.said for deed in self.deeds)}]"


class BatchMaker(MoneyComesIn):
    """Up to five items; now and then one that can't be done."""

    def batch(self) -> BatchDeed | None:
        """None: there is nothing of which a batch could be made now."""
        makers: list[Callable[[], BatchDeed | None]] = [
            self.issue_batch, self.confirm_batch, self.pledge_batch, self.release_batch,
        ]  # fmt: skip
        self.dice.shuffle(makers)
        makers.insert(0 if self.chance(0.2) else len(makers), self.settle_batch)
        for make in makers:
            try:
                made = make()
            finally:
                self.speaker = None
            if made is not None:
                return made
        return None

    def _some(self, good: Sequence[R], other: Sequence[R]) -> list[R]:
        """A few of the newest that will do, and sometimes one of the others."""
        chosen = list(good[-4:])
        if other and self.chance(0.4):
            chosen.append(self.dice.choice(other))
        self.dice.shuffle(chosen)
        return chosen

    def issue_batch(self) -> BatchDeed | None:
        roomy = [row for row in self.known.orders if row.received > row.invoiced and row.status != "cancelled"]
        if not roomy:
            return None
        seller = self.h.name(self.dice.choice(roomy).seller_id)
        own = [row for row in self.known.orders if self.h.name(row.seller_id) == seller and row.status != "refused"]
        rows = self._some([row for row in own if row in roomy], own)
        rows += rows[:1] if len(rows) < 3 else []
        self.speaker = seller
        room = {row.id: max(1, (row.received - row.invoiced) // UNIT) for row in rows}
        deeds = [self.issue(row, self.fresh("INV"), self.dice.randint(1, room[row.id])) for row in rows]
        return BatchDeed("issueBatch", seller, tuple(deeds)) if len(deeds) > 1 else None

    def confirm_batch(self) -> BatchDeed | None:
        whole = [
            row for row in self.known.receivables if row.parent_id is None and row.status not in ("issuing", "refused")
        ]
        waiting = [row for row in whole if row.status == "issued"]
        if len(waiting) < 2:
            return None
        debtor = self.h.name(self.dice.choice(waiting).debtor_id)
        rows = self._some([row for row in waiting if self.h.name(row.debtor_id) == debtor], whole)
        self.speaker = debtor
        deeds = [self.confirmed(row) for row in {row.id: row for row in rows}.values()]
        return BatchDeed("confirmBatch", debtor, tuple(deeds)) if len(deeds) > 1 else None

    def settle_batch(self) -> BatchDeed | None:
        there = [row for row in self.known.receivables if row.status not in ("issuing", "refused")]
        owed = [row for row in there if row.status in PAYABLE and receivable_state.outstanding(row)]
        rows = {row.id: row for row in self._some(owed[-3:], there)}.values()
        deeds = [self.settled(row) for row in rows]
        return BatchDeed("settleBatch", "bank", tuple(deeds)) if len(owed) > 1 and len(deeds) > 1 else None

    def pledge_batch(self) -> BatchDeed | None:
        free = [
            row
            for row in self.known.receivables
            if row.status == "confirmed" and receivable_state.free(row) > 50_000_00
        ]
        if not free:
            return None
        holder = self.h.name(self.dice.choice(free).holder_id)
        own = [
            row for row in self.known.receivables if self.h.name(row.holder_id) == holder and row.status != "refused"
        ]
        rows = self._some([row for row in own if row in free][-3:], own)
        lender = self.dice.choice(LENDERS)
        deeds = [self.pledged(row, holder, lender) for row in {row.id: row for row in rows}.values()]
        return BatchDeed("pledgeBatch", lender, tuple(deeds), holder) if len(deeds) > 1 and holder != lender else None

    def goods_batch(self) -> BatchDeed | None:
        """Several receipts of one owner, pledged together: of one who isn't late, or nobody lends."""
        late = {
            row.borrower_id for row in self.known.loans if row.status == "overdue" or row.maturity < self.site.today
        }
        there = [row for row in self.known.receipts if receipts.free(row) > 2_000_000 and row.owner_id not in late]
        held = Counter(row.owner_id for row in there)
        rows = [row for row in there if held[row.owner_id] > 1 and self.h.name(row.owner_id) not in LENDERS]
        if not rows:
            return None
        owner, lender = self.recent(rows).owner_id, self.dice.choice(LENDERS)
        holder = self.h.name(owner)
        deeds = [self.pledged(row, holder, lender) for row in rows if row.owner_id == owner]
        return BatchDeed("pledgeBatch", lender, tuple(deeds[-3:]), holder)

    def release_batch(self) -> BatchDeed | None:
        live = [row for row in self.known.pledges if row.status == "active"]
        if len(live) < 2:
            return None
        lender = self.h.name(self.dice.choice(live).lender_id)
        there = [row for row in self.known.pledges if row.status not in ("pending", "failed")]
        rows = self._some([row for row in live if self.h.name(row.lender_id) == lender], there)
        self.speaker = lender
        deeds = [self.release(row) for row in {row.id: row for row in rows}.values()]
        return BatchDeed("releaseBatch", lender, tuple(deeds)) if len(deeds) > 1 else None
