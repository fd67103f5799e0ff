"""Money that comes in, and days that pass: what follows from them on chain is the services' own doing."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from chainfin.errors import Conflict
from chainfin.risk.valuation import NO_VALUATION
from chainfin.services.kernel.context import OPERATOR, Actor
from chainfin.services.lending import end_of_day
from chainfin.services.pledges import undertakings
from chainfin.services.trade import receivable_state
from chainfin.storage.lending_tables import LoanRow
from chainfin.storage.pledge_tables import PledgeRow, UndertakingRow
from chainfin.storage.trade_tables import ReceivableRow
from tests.differential.services.deed import Call, Deed
from tests.differential.services.generate_base import ZERO
from tests.differential.services.generate_securities import Securities

PAYABLE = ("confirmed", "disputed", "defaulted")


class MoneyComesIn(Securities):
    """A payer writes what its payment is for; the settlement bank attests what of it is whose."""

    def settle(self) -> Deed:
        """A debtor pays."""
        there = [row for row in self.known.receivables if row.status not in ("issuing", "refused")]
        if not there:
            return self.bill()
        owed = [row for row in there if row.status in PAYABLE and receivable_state.outstanding(row)]
        return self.settled(self.recent(owed if owed and self.chance(0.92) else there))

    def settled(self, row: ReceivableRow) -> Deed:
        amount = self.number(receivable_state.outstanding(row))
        call = Call("Receivables", "settle", self._settled(row, amount))
        return Deed(
            call, "bank", f"{row.number}, {amount}", lambda: self._paid(f"RECEIVABLE {row.id}", amount, "settle")
        )

    def _settled(self, row: ReceivableRow, amount: int) -> dict[str, object]:
        """What the bank would attest first: the oldest pledged part that serves a loan of the book (of others the bank
        pays them itself), or the free one."""
        live = [
            each for each in self.known.pledges if each.asset_id == row.id and each.status == "active" and each.loan_id
        ]
        free = receivable_state.free(row)
        part: PledgeRow | None = live[0] if live else None
        most, payee = (free, row.holder_id) if part is None else (part.left, part.lender_id)
        return {
            "id": row.id, "pledgeId": ZERO if part is None else part.id, "amount": min(amount, most) or 1,
            "bankRef": self.root(), "payee": self.h.number(self.h.name(payee)),
        }  # fmt: skip

    def _paid(self, remittance: str, amount: int, function: str, payer: str = "6228-payer") -> str | None:
        place = self.h.newest_act()
        reference = self.site.pays(amount, remittance, payer=payer, step=False)
        self.site.inst.incoming.run_once()
        attested = any(act.function == function for act in self.h.acts_since(place))
        return None if attested else str(self.site.incoming(reference).reason)

    def repay(self) -> Deed:
        running = [row for row in self.known.loans if row.status in ("active", "overdue")]
        if not running:
            return self.settle()
        return self.repaid(self.recent(running), whole=self.chance(0.5))

    def repaid(self, row: LoanRow, *, whole: bool) -> Deed:
        due = self.site.loan(row.id).loan.dues.total.minor
        amount = due if whole else self.dice.randint(1, due)

        def ask() -> None:
            self.site.pays(amount, f"LOAN {row.id}", step=False)
            self.site.inst.incoming.run_once()

        return Deed(None, self.h.name(row.borrower_id), f"pays {amount} of {due} on a loan", ask)

    def buy_back(self) -> Deed:
        if not self.known.undertakings:
            return self.pledge_act()
        return self.bought_back(self.recent(self.known.undertakings))

    def bought_back(self, promise: UndertakingRow) -> Deed:
        pledge = next(row for row in self.known.pledges if row.id == promise.pledge_id)
        by = self.h.name(promise.buyer_id)
        payer = self.h.party(by).account
        most = min(promise.left, pledge.left)
        goods = pledge.asset_kind != "receivable"
        part = self.number(most)
        amount = part if not goods else max(1, part * 7)  # at 70.00 a kilogram
        params = {
            "pledgeId": pledge.id, "assetId": pledge.asset_id, "buyer": self.h.number(by),
            "amount": max(1, min(part, most)), "bankRef": self.root(), "valuation": NO_VALUATION,
        }  # fmt: skip

        asked_for = goods and self.chance(0.9)

        def ask() -> str | None:
            self._priced()
            if asked_for:
                with suppress(Conflict):  # agreed to before
                    undertakings.agree(self.ctx, Actor("party", pledge.pledgor_id), pledge.id, promise.buyer_id)
            return self._paid(f"BUYBACK {pledge.id}", amount, "buyBack", payer)

        return Deed(Call("Pledges", "buyBack", params), "bank", f"{part} of {self.label(pledge)} by {by}", ask)

    def wait(self) -> Deed:
        """A day, or to the day on which something falls due, or the one after it."""
        today, days = self.site.today, [1, 1, 8]
        owed = [row.due_date for row in self.known.receivables if row.status in PAYABLE and row.due_date >= today]
        if owed and self.chance(0.6):
            due = (min(owed) - today).days
            days = [max(1, due), due + 1]
        return self.passes(timedelta(days=self.dice.choice(days)))

    def passes(self, time: timedelta) -> Deed:
        on = self.site.today + time

        def ask() -> None:
            self.site.move_to(on)
            self.site.run()
            end_of_day.run(self.ctx, OPERATOR, on)

        return Deed(None, "time", f"it is {on}", ask)
