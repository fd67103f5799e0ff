"""Random acts by which a security gives way: to the receivable of a sale, or to a party that undertook to buy it."""

from __future__ import annotations

from eth_hash.auto import keccak

from chainfin.receivable import State
from tests.differential.act import Act
from tests.differential.generate_assets import Assets
from tests.differential.generate_base import DAY
from tests.differential.model import EPOCH
from tests.differential.model_pledges import GOODS


class Securities(Assets):
    """Acts of lenders that exchange, of undertakers, and of banks that saw them pay."""

    def substitute(self) -> Act:
        """Mostly pledged goods, and a receivable that their owner holds."""
        live = [key for key, each in self.book.pledges.items() if each.state == "active"]
        goods = [key for key in live if self.book.pledges[key].kind == GOODS]
        if not goods or not self.book.receivables:
            return self.pledge()
        sellers = {
            each.holder for each in self.book.receivables.values() if each.free and each.state is State.CONFIRMED
        }
        sellable = [key for key in goods if self.book.receipts[self.book.pledges[key].asset].owner in sellers]
        sold = self.recent(sellable or goods)
        stock = self.book.receipts[self.book.pledges[sold].asset]
        debts = [
            key for key, each in self.book.receivables.items()
            if each.holder == stock.owner and each.free and each.state is State.CONFIRMED
        ]  # fmt: skip
        if not debts or self.chance(0.08):
            debts = list(self.book.receivables)
        debt = self.recent(debts)
        if self.chance(0.06):
            sold = self.recent(list(self.book.pledges))
        entry = self.book.pledges[sold]
        lender = entry.lender if self.chance(0.95) else self.dice.choice(("lender", "fund", "group"))
        amount, named = self.number(self.book.receivables[debt].free), self.either_id(debt, "receivable")
        p = {
            "soldPledgeId": self.either_id(sold, "pledge"),
            "goodsId": entry.asset if self.chance(0.93) else self.recent(list(self.book.receipts)),
            "quantity": self.number(self.book.pledged(sold)),
            "pledgeId": self.recent(list(self.book.pledges)) if self.chance(0.04) else self.over(named),
            "receivableId": named,
            "amount": amount,
            "lender": self.either_named(lender, 0.96),
            "loanRef": keccak(b"loan"),
            "decisionHash": keccak(b"decision"),
            "expiresAt": 0 if self.chance(0.8) else max(0, self.book.now + self.dice.choice((-1, 0, 1, 20 * DAY))),
            "registryNo": keccak(b"entry") if self.chance(0.97) else bytes(32),
        }
        owner = stock.owner if self.chance(0.95) else self.book.receivables[debt].holder
        rider = self.rider(owner, "Pledges", amount=amount ^ 1, goodsId=keccak(b"other"), soldPledgeId=keccak(b"other"))
        return Act("Pledges", "substitute", self.either(lender, 0.94), p, rider)

    def buying_back(self) -> Act:
        """An undertaking, or one that is kept: more often where it can be."""
        if not self.book.pledges:
            return self.pledge()
        promised = [each for each in self.book.promises if self.book.pledges[each[0]].state == "active"]
        if promised and self.chance(0.6):
            due = [each for each in promised if self._called(*each)]
            return self._buy_back(*self.recent(due if due and self.chance(0.8) else promised))
        return self._undertake()

    def _undertake(self) -> Act:
        known = list(self.book.pledges)
        live = [key for key in known if self.book.pledges[key].state == "active"]
        drawn = [key for key in live if self.book.pledges[key].drawn]
        pledge = self.recent(drawn) if drawn and self.chance(0.85) else self.recent(live or known)
        if self.chance(0.05):
            pledge = self.recent(known)
        entry, today = self.book.pledges[pledge], self.book.now // DAY
        until = today + self.dice.choice((0, 1, 30, 200))
        buyers: tuple[str, ...] = ("core", "buyer", "group")
        if entry.kind != GOODS:
            until = max(
                today, (self.book.receivables[entry.asset].due_date - EPOCH).days + self.dice.choice((0, 1, 60))
            )
            buyers = ("maker", "grower", "dealer", "group", self.book.receivables[entry.asset].debtor)
        p = {
            "pledgeId": self.either_id(pledge, "pledge"),
            "amount": self.number(self.book.pledged(pledge)),
            "untilDay": until if self.chance(0.94) else self.dice.choice((0, today - 1, 2_900_000)),
            "documentRoot": keccak(b"wording"),
        }
        return Act("Pledges", "undertake", self.either(self.dice.choice(buyers), 0.92), p)

    def _called(self, pledge: bytes, buyer: str) -> bool:
        """Whether the undertaking can be kept today."""
        promise, entry = self.book.promises[pledge, buyer], self.book.pledges[pledge]
        owed = None if entry.kind == GOODS else self.book.receivables[entry.asset]
        overdue = owed is None or owed.due_date < self.book.today
        return entry.drawn and promise.left > 0 and promise.until >= self.book.today and overdue

    def _buy_back(self, pledge: bytes, buyer: str) -> Act:
        entry, left = self.book.pledges[pledge], self.book.promises[pledge, buyer].left
        pledged = self.book.pledged(pledge)
        used = sorted(self.book.bank_refs)
        bank, ref = self.dice.choice(("bank", "clearer")), self.fresh("payment")
        if used and self.chance(0.06):
            bank, ref = self.dice.choice(used)
        if buyer == "group" and self.chance(0.1):
            bank = buyer
        p = {
            "pledgeId": self.either_id(pledge, "pledge"),
            "assetId": entry.asset if self.chance(0.96) else self.recent([*self.book.receivables, *self.book.receipts]),
            "buyer": self.either_named(buyer, 0.94),
            "amount": self.number(min(left, pledged) if self.chance(0.9) else max(left, pledged)),
            "bankRef": ref,
        }
        return Act("Pledges", "buyBack", self.either(bank, 0.95), p)
