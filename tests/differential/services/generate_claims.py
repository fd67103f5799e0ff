"""What happens to a receivable once there is one, and to the debtors' lines."""

from __future__ import annotations

from chainfin.services.lending import credit_notes
from chainfin.services.trade import debtor_lines, disputes, receivable_state, receivables, splits_and_transfers
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.values.money import Money
from tests.differential.services import papers
from tests.differential.services.deed import Call, Deed
from tests.differential.services.generate_trade import Trade
from tests.differential.services.harness import LENDERS
from tests.differential.services.papers import UNIT
from tests.e2e.site_money import CNY


class Claims(Trade):
    """Acts on receivables that exist."""

    def claim_act(self) -> Deed:
        there = [row for row in self.known.receivables if row.status not in ("issuing", "refused")]
        if not there:
            return self.bill()
        row = self.recent(there)
        steps = [self.cancel, self.dispute, self.resolve, self.credit, self.split, self.transfer, self.default]
        likely = {
            "issued": [self.cancel, self.dispute],
            "confirmed": [self.split, self.split, self.transfer, self.credit, self.dispute, self.default],
            "disputed": [self.resolve, self.resolve, self.cancel, self.credit],
            "defaulted": [self.transfer, self.credit],
        }
        return self.dice.choice(likely.get(row.status, steps) if self.chance(0.75) else steps)(row)

    def cancel(self, row: ReceivableRow) -> Deed:
        by = self.acting(self.h.name(row.seller_id))
        params = {"id": row.id, "orderId": row.order_id, "documentRoot": self.h.root(row.document_id)}
        return self.deed(
            by, row.number, Call("Receivables", "cancel", params),
            lambda: receivables.cancel(self.ctx, self.actor(by), row.id),
        )  # fmt: skip

    def dispute(self, row: ReceivableRow) -> Deed:
        by = self.acting(self.h.name(row.debtor_id))
        return self.deed(
            by, row.number, Call("Receivables", "dispute", {"id": row.id, "documentRoot": self.root()}),
            lambda: disputes.dispute(self.ctx, self.actor(by), row.id, "it never came"),
        )  # fmt: skip

    def resolve(self, row: ReceivableRow) -> Deed:
        by = self.acting(self.h.name(row.debtor_id))
        return self.deed(
            by, row.number, Call("Receivables", "resolveDispute", {"id": row.id}),
            lambda: disputes.resolve_dispute(self.ctx, self.actor(by), row.id),
        )  # fmt: skip

    def credit(self, row: ReceivableRow) -> Deed:
        """A note over more than is free takes what is free, and calls for the rest: nothing of that is on chain. Before
        the confirmation a note withdraws the claim, which is a deed of its own."""
        if row.confirmed_at is None:
            return self.dispute(row)
        by, free = self.acting(self.h.name(row.holder_id)), receivable_state.free(row)
        units = self.number(max(1, min(free // UNIT, row.face // UNIT // 2)))
        order = next(each for each in self.known.orders if each.id == row.order_id)
        parties = self.h.company(self.h.name(row.debtor_id)), self.h.company(self.h.name(row.seller_id))
        paper = papers.credit_note(order.number, row.number, self.fresh("CN"), self.site.today, parties, units)
        amount = min(units * UNIT, free) or 1

        def ask() -> str | None:
            done = credit_notes.credit(self.ctx, self.actor(by), row.id, paper)
            return "nothing_free" if done.act is None else None

        params = {"id": row.id, "documentRoot": self.root(), "amount": amount}
        return Deed(Call("Receivables", "credit", params), by, f"{row.number}, {units} units", ask)

    def split(self, row: ReceivableRow) -> Deed:
        by, free = self.acting(self.h.name(row.holder_id)), receivable_state.free(row)
        count = self.dice.choice((2, 2, 3, 8)) if self.chance(0.92) else self.dice.choice((1, 9))
        total = self.number(free)
        amounts = [max(1, total // count)] * (count - 1)
        amounts.append(max(1, total - sum(amounts)))
        parts = [Money(amount, CNY) for amount in amounts]
        return self.deed(
            by, f"{row.number}, {amounts}", Call("Receivables", "split", {"id": row.id, "amounts": amounts}),
            lambda: splits_and_transfers.split(self.ctx, self.actor(by), row.id, parts),
        )  # fmt: skip

    def transfer(self, row: ReceivableRow) -> Deed:
        by = self.acting(self.h.name(row.holder_id))
        to = self.either(self.dice.choice(("dealer", "grower", "maker", "fund")), 0.85)
        return self.deed(
            by, f"{row.number} to {to}", Call("Receivables", "transfer", {"id": row.id, "to": self.h.number(to)}),
            lambda: splits_and_transfers.transfer(self.ctx, self.actor(by), row.id, self.h.id(to)),
        )  # fmt: skip

    def default(self, row: ReceivableRow) -> Deed:
        by = self.acting(self.h.name(row.holder_id))
        return self.deed(
            by, row.number, Call("Receivables", "declareDefault", {"id": row.id}),
            lambda: receivables.declare_default(self.ctx, self.actor(by), row.id),
        )  # fmt: skip

    def line(self) -> Deed:
        by, debtor = self.acting(self.dice.choice(LENDERS), 0.95), self.either("lined", 0.93)
        limit = self.dice.choice((0, self.dice.randint(1, 10**6), 10**9, 10**10, 10**10))
        return self.deed(
            by, f"{debtor}, {limit}",
            Call("Receivables", "setLine", {"debtor": self.h.number(debtor), "limit": limit}),
            lambda: debtor_lines.set_(self.ctx, self.actor(by), self.h.id(debtor), Money(limit, CNY)),
        )  # fmt: skip
