"""Orders and claims, document by document: posted, acknowledged, amended, despatched, received, billed, confirmed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from chainfin.documents.fingerprint import invoice_fingerprint, invoice_key
from chainfin.eth.bindings import receivables_acts
from chainfin.services.trade import orders, receivables
from chainfin.services.trade.receivables import day_number
from chainfin.storage.trade_tables import OrderRow, ReceivableRow
from chainfin.values.money import Money
from tests.differential.services import papers
from tests.differential.services.deed import Call, Deed
from tests.differential.services.generate_base import Base
from tests.differential.services.harness import SELLERS
from tests.differential.services.papers import UNIT
from tests.e2e.site_money import CNY

NUMBERED = date(2026, 12, 31)
"""Until then invoices bear the day's date."""


class Trade(Base):
    """Every amount is so many units of `UNIT`; a receivable's parts are any fen."""

    def post(self) -> Deed:
        buyer = self.dice.choice(("core", "core", "lined"))
        seller = self.either(self.dice.choice(SELLERS), 0.96)
        by = self.acting(buyer, 0.96)
        known = self.known.orders
        old = self.recent(known) if known and self.chance(0.05) else None
        number = old.number if old is not None else self.fresh("PO")
        units = self.dice.choice((self.dice.randint(1, 9), self.dice.randint(10, 5_000)))
        paper = papers.order(number, self.site.today, self.h.company(buyer), self.h.company(seller), units)
        params = {
            "orderId": orders.order_key(self.ctx, self.h.party(by).legal_value, number),
            "seller": self.h.number(seller),
            "documentRoot": self.root(),
            "amount": units * UNIT,
            "currency": "0x" + CNY.encode().hex(),
        }
        return self.deed(
            by, f"{number}, {buyer} of {seller}, {units} units", Call("Orders", "post", params),
            lambda: orders.post_order(self.ctx, self.actor(by), paper, "order.xml"),
        )  # fmt: skip

    def order_act(self) -> Deed:
        standing = [row for row in self.known.orders if row.status != "refused"]
        if not standing:
            return self.post()
        row = self.recent(standing)
        steps = [self.acknowledge, self.despatch, self.receive, self.amend, self.cancel_order]
        if self.chance(0.85):
            if row.received < row.despatched and self.chance(0.7):
                steps = [self.receive]
            elif row.status == "posted":
                steps = [self.acknowledge]
            elif row.despatched < row.ordered:
                steps = [self.despatch]
            elif self.chance(0.5):
                steps = [self.amend]
        return self.dice.choice(steps)(row)

    def _sides(self, row: OrderRow) -> tuple[str, str]:
        return self.h.name(row.buyer_id), self.h.name(row.seller_id)

    def acknowledge(self, row: OrderRow) -> Deed:
        buyer, seller = self._sides(row)
        by = self.acting(seller)
        companies = self.h.company(buyer), self.h.company(seller)
        paper = papers.response(row.number, self.site.today, *companies) if self.chance(0.5) else None
        params = {
            "orderId": row.id, "documentRoot": self.root(), "trail": self.h.view("Orders", "trailOf", row.id),
        }  # fmt: skip
        return self.deed(
            by, row.number, Call("Orders", "acknowledge", params),
            lambda: orders.acknowledge(self.ctx, self.actor(by), row.id, paper),
        )  # fmt: skip

    def despatch(self, row: OrderRow) -> Deed:
        buyer, seller = self._sides(row)
        by, units = self.acting(seller), self.number((row.ordered - row.despatched) // UNIT)
        companies = self.h.company(buyer), self.h.company(seller)
        paper = papers.despatch(row.number, self.fresh("DA"), self.site.today, *companies, units)
        params = {"orderId": row.id, "documentRoot": self.root(), "amount": units * UNIT}
        return self.deed(
            by, f"{row.number}, {units} units", Call("Orders", "despatch", params),
            lambda: orders.despatch(self.ctx, self.actor(by), row.id, paper),
        )  # fmt: skip

    def receive(self, row: OrderRow) -> Deed:
        buyer, seller = self._sides(row)
        by, units = self.acting(buyer), self.number((row.despatched - row.received) // UNIT)
        companies = self.h.company(buyer), self.h.company(seller)
        paper = papers.receipt(row.number, self.fresh("RA"), self.site.today, *companies, units)
        params = {"orderId": row.id, "documentRoot": self.root(), "amount": units * UNIT}
        return self.deed(
            by, f"{row.number}, {units} units", Call("Orders", "receiveGoods", params),
            lambda: orders.receive(self.ctx, self.actor(by), row.id, paper),
        )  # fmt: skip

    def amend(self, row: OrderRow) -> Deed:
        buyer, seller = self._sides(row)
        by, gone = self.acting(buyer), row.despatched // UNIT
        units = max(1, self.dice.choice((gone - 1, gone, gone + 1, gone + self.dice.randint(1, 3_000))))
        companies = self.h.company(buyer), self.h.company(seller)
        paper = papers.order(row.number, self.site.today, *companies, units)
        params = {"orderId": row.id, "documentRoot": self.root(), "amount": units * UNIT}
        return self.deed(
            by, f"{row.number}, {units} units", Call("Orders", "amend", params),
            lambda: orders.amend(self.ctx, self.actor(by), row.id, paper),
        )  # fmt: skip

    def cancel_order(self, row: OrderRow) -> Deed:
        by = self.acting(self.h.name(row.buyer_id))
        return self.deed(
            by, row.number, Call("Orders", "cancel", {"orderId": row.id}),
            lambda: orders.cancel(self.ctx, self.actor(by), row.id),
        )  # fmt: skip

    # claims

    def bill(self) -> Deed:
        """An invoice where there is room for one, mostly; else something that makes room."""
        roomy = [row for row in self.known.orders if row.received > row.invoiced]
        if not roomy and self.chance(0.85):
            return self.order_act()
        if not self.known.orders:
            return self.post()
        row = self.recent(roomy) if roomy and self.chance(0.95) else self.recent(self.known.orders)
        again = [each for each in self.known.receivables if each.parent_id is None and each.order_id == row.id]
        number = self.recent(again).number if again and self.chance(0.12) else self.fresh("INV")
        return self.issue(row, number, self.number((row.received - row.invoiced) // UNIT))

    def issue(self, row: OrderRow, number: str, units: int) -> Deed:
        buyer, seller = self._sides(row)
        by = self.acting(seller)
        days = self.dice.choice((30, 60, 90, 90, 180, self.dice.randint(1, 184), self.dice.choice((0, 184, 185))))
        due = self.site.today + timedelta(days=days)
        companies = self.h.company(buyer), self.h.company(seller)
        # of one year, however long the run: a number of another year would be another claim (ADR 0136)
        dated = min(self.site.today, NUMBERED)
        paper = papers.invoice(row.number, number, dated, due, *companies, units)
        legal = self.h.party(by).legal_value
        fingerprint = invoice_fingerprint(invoice_key(self.ctx.fingerprint_key, legal, number), legal, number)
        issued = receivables_acts.Issue(
            id="0x" + fingerprint.hex(), order_id=row.id, document_root=self.root(), face=units * UNIT,
            due_day=day_number(due),
        )  # fmt: skip
        trail = "0x" + self.h.view("Orders", "trailOf", row.id).hex()
        attested = self.h.rider(receivables_acts.Attest(**_fields(issued), trail=trail), "registrar")
        return self.deed(
            by, f"{number} on {row.number}, {units} units, {days} days",
            Call("Receivables", "issue", issued.params(), (attested,)),
            lambda: receivables.issue(self.ctx, self.actor(by), row.id, paper), (buyer,),
        )  # fmt: skip

    def confirm(self) -> Deed:
        whole = [row for row in self.known.receivables if row.parent_id is None]
        waiting = [row for row in whole if row.status == "issued"]
        if not whole or (not waiting and self.chance(0.8)):
            return self.bill()
        return self.confirmed(self.recent(waiting if waiting and self.chance(0.92) else whole))

    def confirmed(self, row: ReceivableRow) -> Deed:
        by, face, due = self.acting(self.h.name(row.debtor_id)), row.face, row.due_date
        root = self.h.root(row.document_id)
        if self.chance(0.06):
            face += 1
        elif self.chance(0.06):
            due += timedelta(days=1)
        elif self.chance(0.04):
            root = self.root()
        params = {
            "id": row.id, "orderId": row.order_id, "seller": self.h.number(self.h.name(row.seller_id)),
            "documentRoot": root, "face": face, "dueDay": day_number(due),
        }  # fmt: skip
        return self.deed(
            by, f"{row.number}, {face}", Call("Receivables", "confirm", params),
            lambda: receivables.confirm(
                self.ctx, self.actor(by), row.id, document_root=root, face=Money(face, CNY), due_date=due
            ),
        )  # fmt: skip


def _fields(issued: receivables_acts.Issue) -> dict[str, Any]:
    return {member.field: getattr(issued, member.field) for member in issued.members()}
