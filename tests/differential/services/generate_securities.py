"""Loans with what is pledged for them: pledged, given up, enforced, undertaken, replaced, ended by the pledgor."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from chainfin.connectors.sandbox.faults import Fault, Rule
from chainfin.errors import ChainfinError
from chainfin.eth import eip712
from chainfin.eth.bindings import pledges_acts
from chainfin.risk.valuation import NO_VALUATION
from chainfin.services.goods import receipts
from chainfin.services.kernel import in_flight
from chainfin.services.lending import applications, review
from chainfin.services.pledges import assets, enforcement, release, substitution, undertakings
from chainfin.services.pledges.register import registry_hex
from chainfin.services.trade import receivable_state
from chainfin.services.trade.receivables import day_number
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.trade_tables import ReceivableRow, WarehouseReceiptRow
from chainfin.values.money import Money
from tests.differential.services.deed import Call, Deed
from tests.differential.services.generate_base import ZERO
from tests.differential.services.generate_goods import Goods
from tests.differential.services.harness import LENDERS
from tests.e2e.site_money import CNY

KILOGRAM_FEN = 70_00
"""What a kilogram of the goods is worth."""
LEAST = 2_000_00
"""The smallest loan that is asked for, fen."""
DAYS = 30
GOODS_DAYS = 90
"""Longer than some claims, so that these can take the place of sold goods."""
"""For how long is lent."""


class Securities(Goods):
    """A pledge here is a loan: applied for, decided, accepted, filed, pledged, paid out, drawn."""

    def pledge(self) -> Deed:
        open_ = [
            row
            for row in self.known.receivables
            if row.status == "confirmed" and receivable_state.free(row) > 50_000_00
        ]
        goods = [row for row in self.known.receipts if receipts.free(row) > 2_000_000]
        all_: list[ReceivableRow | WarehouseReceiptRow] = [*(open_ or self.known.receivables), *goods]
        if self.chance(0.12):
            all_ = [*self.known.receivables, *self.known.receipts]
        if not all_:
            return self.bill()
        row = self.recent(all_)
        owner = self.h.name(assets.holder_of(row))
        by, lender = self.either(owner, 0.94), self.either(self.dice.choice(LENDERS), 0.97)
        return self.pledged(row, by, lender)

    def pledged(self, row: ReceivableRow | WarehouseReceiptRow, by: str, lender: str, *, late: bool = False) -> Deed:
        """Said to the contract by the lender, with the pledgor's word in it. ``late``: the bank's money stays away."""
        of_money = isinstance(row, ReceivableRow)
        free = receivable_state.free(row) if isinstance(row, ReceivableRow) else receipts.free(row)
        worth = free if of_money else free * KILOGRAM_FEN // 1000
        amount = max(LEAST, self.dice.randint(worth // 5 + 1, worth // 2 + 2) // 100 * 100)
        grant = pledges_acts.Grant(
            pledge_id=eip712.pledge_id(row.id, self.fresh("pledge")), asset_kind=1 if of_money else 2, asset_id=row.id,
            amount=max(1, min(free, amount)), lender=self.h.number(lender), loan_ref=self.root(),
            decision_hash=self.root(), expires_at=int(self.ctx.clock.now().timestamp()) + 7 * 86_400,
        )  # fmt: skip
        params = {**grant.params(), "registryNo": registry_hex(self.fresh("REG"))}
        call = Call("Pledges", "pledge", params, (self.h.rider(grant, by),))
        product = "receivable_pledge" if of_money else "inventory_pledge"
        late, approves = late or self.chance(0.12), self.chance(0.8)

        def ask() -> str | None:
            if not of_money:
                self._priced()
            made = applications.apply(
                self.ctx, self.actor(by), product=product, lender_id=self.h.id(lender), amount=Money(amount, CNY),
                days=DAYS if of_money else GOODS_DAYS, asset_id=row.id,
            )  # fmt: skip
            if made.status == "review" and approves:
                made = review.decide(self.ctx, self.actor(lender), made.id, "approved", "we know them well")
            if made.status != "offered":
                return " ".join((made.status, *(str(each["code"]) for each in made.refusals)))
            if late:  # the pledge stays undrawn
                sandbox = self.site.inst.sandbox
                assert sandbox is not None
                sandbox.faults.add(Rule(Fault.PENDING, prefix="/rail/payments", method="PUT"))
            applications.accept(self.ctx, self.actor(by), made.id)
            while self.site.inst.worker.run_once():  # the registry gives its number, and the lender signs
                pass
            return None

        return Deed(call, lender, f"{row.number} of {by}, {amount}", ask)

    def _priced(self) -> None:
        for lender in LENDERS:
            if lender not in self.h.suspended():
                self.site.price(KILOGRAM_FEN, self.actor(lender))

    def pledge_act(self) -> Deed:
        there = [row for row in self.known.pledges if row.status not in ("pending", "failed")]
        if not there:
            return self.pledge()
        live = [row for row in there if row.status == "active"]
        row = self.recent(live if live and self.chance(0.85) else there)
        steps = (self.release, self.release, self.enforce, self.expire, self.undertake, self.undertake)
        return self.dice.choice(steps)(row)

    def release(self, row: PledgeRow) -> Deed:
        by, amount = self.acting(self.h.name(row.lender_id)), self.number(row.left // 3 or row.left)
        with self.ctx.store.read() as session:
            stays = row.left - in_flight.leaving(session, session.get_one(PledgeRow, row.id)) - amount
        params = {"pledgeId": row.id, "assetId": row.asset_id, "amount": amount, "keep": max(0, stays)}
        return self.deed(
            by, f"{self.label(row)}, {amount} of {row.left}",
            Call("Pledges", "release", {**params, "valuation": NO_VALUATION}),
            lambda: release.release_by_lender(self.ctx, self.actor(by), row.id, _text(row, amount)),
        )  # fmt: skip

    def enforce(self, row: PledgeRow) -> Deed:
        by = self.acting(self.h.name(row.lender_id))
        return self.deed(
            by, self.label(row), Call("Pledges", "enforce", {"pledgeId": row.id, "assetId": row.asset_id}),
            lambda: enforcement.enforce(self.ctx, self.actor(by), row.id),
        )  # fmt: skip

    def expire(self, row: PledgeRow) -> Deed:
        by = self.acting(self.h.name(row.pledgor_id))
        return self.deed(
            by, self.label(row), Call("Pledges", "expire", {"pledgeId": row.id, "assetId": row.asset_id}),
            lambda: enforcement.expire(self.ctx, self.actor(by), row.id),
        )  # fmt: skip

    def undertake(self, row: PledgeRow, by: str | None = None) -> Deed:
        """``by``: who undertakes; None: the right party, mostly."""
        goods = row.asset_kind != "receivable"
        others = [name for name in ("maker", "grower", "dealer") if self.h.id(name) != row.pledgor_id]
        by = by or self.acting("core" if goods else self.dice.choice(others), 0.85)
        amount, days = self.number(row.left), self.dice.choice((-1, 0, 10, 100, 250, 250))
        until = self.site.today + timedelta(days=days)
        params = {
            "pledgeId": row.id, "assetId": row.asset_id, "amount": amount, "untilDay": day_number(until),
            "documentRoot": self.root(),
        }  # fmt: skip
        return self.deed(
            by, f"{self.label(row)}, {amount} of {row.left}, {days} days", Call("Pledges", "undertake", params),
            lambda: undertakings.undertake(self.ctx, self.actor(by), row.id, _text(row, amount), until, "we pay"),
        )  # fmt: skip

    def substitute(self) -> Deed:
        on_goods = [row for row in self.known.pledges if row.asset_kind != "receivable" and row.status == "active"]
        if not on_goods:
            return self.store() if self.chance(0.4) else self.pledge()
        sold = self.recent(on_goods if self.chance(0.95) else self.known.pledges)
        own = [row for row in self.known.receivables if row.holder_id == sold.pledgor_id and row.status == "confirmed"]
        debts = own if own and self.chance(0.92) else self.known.receivables
        if not debts:
            return self.bill()
        return self.substituted(sold, self.recent(debts))

    def substituted(self, sold: PledgeRow, debt: ReceivableRow) -> Deed:
        by = self.either(self.h.name(sold.lender_id), 0.95)
        amount = self.number(receivable_state.free(debt) // 2)
        worth = amount * 1000 // KILOGRAM_FEN if self.chance(0.8) else sold.left
        quantity = self.number(min(sold.left // 2, worth) or sold.left)
        terms = {
            "soldPledgeId": sold.id, "goodsId": sold.asset_id, "quantity": quantity,
            "pledgeId": eip712.pledge_id(debt.id, self.fresh("pledge")), "receivableId": debt.id, "amount": amount,
            "lender": self.h.number(by), "loanRef": ZERO, "decisionHash": sold.decision_hash, "expiresAt": 0,
        }  # fmt: skip
        granted = self.h.rider(pledges_acts.Exchange.from_params(terms), self.h.name(sold.pledgor_id))
        params = {**terms, "registryNo": registry_hex(self.fresh("REG"))}

        def ask() -> str | None:
            self._priced()
            offered = substitution.offer(
                self.ctx, self.actor(by), sold_id=sold.id, quantity=Decimal(quantity).scaleb(-3),
                receivable_id=debt.id, amount=Money(amount, CNY),
            )  # fmt: skip
            try:
                substitution.accept(self.ctx, self.actor(self.h.name(sold.pledgor_id)), offered.pledge_id)
            except ChainfinError as error:
                raise AssertionError("what was offered just now can be taken") from error
            self.site.run()
            row = substitution.get(self.ctx, self.actor("operator"), offered.pledge_id)
            return None if row.status == "done" else str(row.error_code)

        said = f"{quantity} of {self.label(sold)} for {amount} of {debt.number}"
        return Deed(Call("Pledges", "substitute", params, (granted,)), by, said, ask)


def _text(row: PledgeRow, amount: int) -> str:
    """An amount of what the pledge counts, as a party writes it."""
    return str(Money(amount, CNY)) if row.asset_kind == "receivable" else str(Decimal(amount).scaleb(-3))
