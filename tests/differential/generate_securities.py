"""Random acts by which a security gives way: to the receivable of a sale, or to a party that undertook to buy it."""

from __future__ import annotations

from eth_hash.auto import keccak

from chainfin.rules.receivable import State
from tests.differential.act import Act
from tests.differential.generate_assets import Assets
from tests.differential.generate_base import DAY
from tests.differential.model import EPOCH
from tests.differential.model_pledges import GOODS, holder
from tests.differential.parties import STRANGER


class Securities(Assets):
    """Acts of lenders that exchange, of undertakers, and of banks that saw them pay."""

    def _by(self, right: str, share: float) -> str:
        return STRANGER if self.chance(0.02) else self.either(right, share)

    def substitute(self) -> Act:
        """Mostly pledged goods, and a receivable that their owner holds."""
        live = [key for key, each in self.book.pledges.items() if each.state == "active"]
        goods = [key for key in live if self.book.pledges[key].kind == GOODS]
        good = {key: each for key, each in self.book.receivables.items() if each.free and each.state is State.CONFIRMED}
        sellers = {each.holder for each in good.values()}
        sellable = [key for key in goods if self.book.receipts[self.book.pledges[key].asset].owner in sellers]
        if not sellable and (not goods or not self.book.receivables or self.chance(0.9)):
            return self.pledge()
        sold = self.recent(sellable or goods)
        stock = self.book.receipts[self.book.pledges[sold].asset]
        fit = self.chance(0.93)
        debts = [k for k, each in self.book.receivables.items() if each.holder == stock.owner and (k in good) == fit]
        debt = self.recent(debts if debts and self.chance(0.95) else list(self.book.receivables))
        if self.chance(0.08):
            ended = [key for key, each in self.book.pledges.items() if each.kind == GOODS and each.state != "active"]
            sold = self.recent(ended if ended and self.chance(0.5) else list(self.book.pledges))
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
        return Act("Pledges", "substitute", self._by(lender, 0.94), p, rider)

    def buying_back(self) -> Act:
        """An undertaking, or one that is kept: more often where it can be."""
        if not self.book.pledges:
            return self.pledge()
        promised = [each for each, promise in self.book.promises.items() if promise.left]
        live = [each for each in promised if self.book.pledges[each[0]].state == "active"]
        due = [each for each in live if self._called(*each)]
        early = [each for each in live if each not in due]
        more = [each for each in due if self.book.promises[each].left > self.book.pledged(each[0])]
        if self.chance(0.12):
            return self._pay_off()
        for share, among in ((0.45, due), (0.3, early), (0.2, more), (0.05, list(self.book.promises))):
            if among and self.chance(share):
                return self._buy_back(*self.recent(among))
        return self._undertake()

    def _undertake(self) -> Act:
        known = list(self.book.pledges)
        live = [key for key in known if self.book.pledges[key].state == "active"]
        drawn = [key for key in live if self.book.pledges[key].drawn]
        pledge = self.recent(drawn) if drawn and self.chance(0.7) else self.recent(live or known)
        if self.chance(0.05):
            pledge = self.recent(known)
        entry, today = self.book.pledges[pledge], self.book.now // DAY
        until = today + self.dice.choice((0, 1, 30, 200))
        buyers: tuple[str, ...] = ("core", "buyer", "group")
        if entry.kind != GOODS:
            until = max(
                today, (self.book.receivables[entry.asset].due_date - EPOCH).days + self.dice.choice((0, 1, 60))
            )
            buyers = ("maker", "grower", "dealer", "group")
            if self.chance(0.05):
                buyers = (self.book.receivables[entry.asset].debtor,)
        if self.chance(0.05):
            buyers = (entry.lender, holder(self.book, entry))
        p = {
            "pledgeId": self.either_id(pledge, "pledge"),
            "assetId": self._asset(entry.asset),
            "amount": self.number(self.book.pledged(pledge)),
            "untilDay": until if self.chance(0.94) else self.dice.choice((0, today - 1, 2_900_000)),
            "documentRoot": keccak(b"wording"),
        }
        return Act("Pledges", "undertake", self._by(self.dice.choice(buyers), 0.92), p)

    def _asset(self, right: bytes) -> bytes:
        return right if self.chance(0.96) else self.recent([*self.book.receivables, *self.book.receipts])

    def _pay_off(self) -> Act:
        """Of what was paid out on, mostly."""
        known = list(self.book.pledges)
        live = [key for key in known if self.book.pledges[key].state == "active"]
        drawn = [key for key in live if self.book.pledges[key].drawn]
        pledge = self.recent(drawn) if drawn and self.chance(0.8) else self.recent(known)
        entry = self.book.pledges[pledge]
        bank = self.dice.choice(("bank", "clearer"))
        if self.chance(0.2):
            bank = entry.lender if self.chance(0.5) else holder(self.book, entry)
        p = {
            "pledgeId": self.either_id(pledge, "pledge"),
            "assetId": self._asset(entry.asset),
            "loanRef": keccak(b"loan"),
            "bankRef": self.fresh("payment"),
        }
        return Act("Pledges", "payOff", self._by(bank, 0.95), p)

    def _called(self, pledge: bytes, buyer: str) -> bool:
        """Whether the undertaking can be kept today."""
        promise, entry = self.book.promises[pledge, buyer], self.book.pledges[pledge]
        owed = None if entry.kind == GOODS else self.book.receivables[entry.asset]
        overdue = owed is None or owed.due_date < self.book.today
        return entry.drawn and promise.until >= self.book.today and overdue

    def _buy_back(self, pledge: bytes, buyer: str) -> Act:
        entry, left = self.book.pledges[pledge], self.book.promises[pledge, buyer].left
        pledged = self.book.pledged(pledge)
        used = sorted(self.book.bank_refs)
        bank, ref = self.dice.choice(("bank", "clearer")), self.fresh("payment")
        if used and self.chance(0.06):
            bank, ref = self.dice.choice(used)
        if buyer == "group" and self.chance(0.25):
            bank = buyer
        p = {
            "pledgeId": self.either_id(pledge, "pledge"),
            "assetId": self._asset(entry.asset),
            "buyer": self.either_named(buyer, 0.94),
            "amount": left if left > pledged and self.chance(0.4) else self.number(min(left, pledged)),
            "bankRef": ref,
            "valuation": keccak(b"valuation"),
        }
        return Act("Pledges", "buyBack", self._by(bank, 0.95), p)
