"""Random acts on receivables, warehouse receipts and pledges."""

from __future__ import annotations

from eth_hash.auto import keccak

from chainfin.rules.inventory import WarehouseReceipt
from chainfin.rules.receivable import Receivable, State
from chainfin.values.party import Role
from tests.differential.act import Act
from tests.differential.generate_base import DAY, MAX_AMOUNT, MAX_UINT, Dice
from tests.differential.model import EPOCH
from tests.differential.model_receivables import FREE_PART, PREFIX

_AMOUNT_ACTS = {
    State.ISSUED: ("cancel", "dispute", "credit", "settle", "transfer"),
    State.CONFIRMED: ("credit", "split", "split", "transfer", *("settle",) * 4, "dispute", "declareDefault"),
    State.DISPUTED: ("resolveDispute", "resolveDispute", "settle", "credit", "cancel", "declareDefault"),
    State.SETTLED: ("settle", "credit", "transfer", "dispute", "declareDefault"),
    State.DEFAULTED: ("settle", "credit", "transfer", "declareDefault", "split"),
    State.CANCELLED: ("confirm", "cancel", "settle", "dispute"),
}
_ALL = ("cancel", "dispute", "resolveDispute", "credit", "split", "transfer", "settle", "declareDefault", "confirm")


class Assets(Dice):
    """Acts of holders, debtors, keepers, banks and lenders."""

    def issue(self) -> Act:
        orders = self.book.orders
        if not orders:
            unknown = {"orderId": self.fresh("order"), "documentRoot": FREE_PART, "trail": FREE_PART}
            return Act("Orders", "acknowledge", "maker", unknown)
        roomy = [key for key, entry in orders.items() if entry.order.received > entry.order.invoiced]
        order_id = self.recent(roomy) if roomy and self.chance(0.9) else self.recent(list(orders))
        entry = orders[order_id]
        known = [*self.book.receivables]
        cancelled = [key for key in known if self.book.receivables[key].state is State.CANCELLED]
        asset = self.fresh("receivable")
        if known and self.chance(0.12):
            asset = self.recent(cancelled) if cancelled and self.chance(0.6) else self.recent(known)
        elif self.chance(0.02):
            asset = PREFIX + asset[4:]
        today = self.book.now // DAY
        ahead = self.dice.randint(1, 40) if self.chance(0.8) else self.dice.choice((-1, 0, 1, 184, 185, 366, 400))
        p = {
            "id": asset,
            "orderId": self.either_id(order_id, "order"),
            "documentRoot": keccak(asset + b"root"),
            "face": self.number(entry.order.received - entry.order.invoiced),
            "dueDay": today + ahead,
        }
        stale = entry.before  # attested before the goods' last step
        other = keccak(b"other")
        rider = self.rider("registrar", "Receivables", id=other, documentRoot=other, trail=stale)
        return Act("Receivables", "issue", self.either(entry.seller, 0.94), p, rider)

    def confirm(self) -> Act:
        issued = [key for key, each in self.book.receivables.items() if each.state is State.ISSUED]
        if not issued:
            return self.issue()
        return self._confirm(self.recent(issued))

    def _confirm(self, asset: bytes) -> Act:
        debt = self.book.receivables[asset]
        p = {
            "id": self.either_id(asset, "receivable"),
            "orderId": self.either_id(bytes.fromhex(debt.order_id), "order"),
            "seller": self.either_named(debt.seller, 0.97),
            "documentRoot": self.book.roots.get(asset, asset) if self.chance(0.97) else keccak(b"other"),
            "face": debt.face if self.chance(0.96) else self.edge(debt.face),
            "dueDay": (debt.due_date - EPOCH).days + (0 if self.chance(0.97) else 1),
        }
        return Act("Receivables", "confirm", self.either(debt.debtor), p)

    def line(self) -> Act:
        """A lender's share of a line: mostly with room, else at the edges of what is used."""
        marked = [who for who, roles in self.book.roles.items() if roles & Role.LINED]
        debtor = self.either_named(self.dice.choice(marked or ["buyer"]), 0.92)
        used = self.book.line(debtor).used
        limit = self.dice.choice((MAX_AMOUNT, min(MAX_AMOUNT, used + self.size()), self.edge(used), 0))
        by = self.either(self.dice.choice(("lender", "fund", "lender", "group")), 0.95)
        return Act("Receivables", "setLine", by, {"debtor": debtor, "limit": limit})

    def receivable_act(self) -> Act:
        known = list(self.book.receivables)
        if not known:
            return self.issue()
        asset = self.recent(known)
        debt = self.book.receivables[asset]
        function = self.dice.choice(_AMOUNT_ACTS[debt.state] if self.chance(0.92) else _ALL)
        if function == "confirm":
            return self._confirm(asset)
        if function == "settle":
            return self._settle(asset, debt)
        p: dict[str, object] = {"id": self.either_id(asset, "receivable")}
        by = debt.debtor if function in ("dispute", "resolveDispute") else debt.holder
        if function == "cancel":
            p["orderId"] = self.either_id(bytes.fromhex(debt.order_id), "order")
            p["documentRoot"] = self.book.roots.get(asset, asset) if self.chance(0.97) else keccak(b"other")
            by = debt.seller
        if function in ("dispute", "credit"):
            p["documentRoot"] = keccak(function.encode())
        if function == "credit":
            p["amount"] = self.number(debt.free)
        elif function == "split":
            p["amounts"] = self._amounts(debt.free)
        elif function == "transfer":
            p["to"] = self.either_named(
                self.dice.choice(("grower", "dealer", "lender", "group", debt.holder, debt.debtor)), 0.85
            )
        return Act("Receivables", function, self.either(by), p)

    def _amounts(self, free: int) -> list[int]:
        """Two to eight parts, mostly of what is free: cut at random places, so that the sum is at most that."""
        count = self.dice.choice((2, 2, 2, 3, 8)) if self.chance(0.93) else self.dice.choice((0, 1, 9))
        if free < count or self.chance(0.15):
            return [self.number(free) for _ in range(count)]
        cuts = sorted(self.dice.sample(range(1, free), count - 1)) if 1 < count <= free - 1 and free < 10**6 else []
        if len(cuts) == count - 1 and count:
            last = free if self.chance(0.4) else self.dice.randint((cuts or [0])[-1] + 1, free)
            return [end - start for start, end in zip([0, *cuts], [*cuts, last], strict=True)]
        return [max(1, free // max(count, 1) - self.dice.randint(0, 1)) for _ in range(count)]

    def _settle(self, asset: bytes, debt: Receivable) -> Act:
        pledge, limit, payee = FREE_PART, debt.free, debt.holder
        if debt.pledges and self.chance(0.6):
            part = self.dice.choice(debt.pledges)
            pledge, limit, payee = bytes.fromhex(part.pledge_id), part.amount, part.lender
        elif self.book.pledges and self.chance(0.1):
            pledge = self.recent(list(self.book.pledges))
        elif self.chance(0.02):
            pledge = self.fresh("pledge")
        used = sorted(self.book.bank_refs)
        ref = self.dice.choice(used)[1] if used and self.chance(0.06) else self.fresh("payment")
        p = {
            "id": self.either_id(asset, "receivable"),
            "pledgeId": pledge,
            "amount": self.number(limit),
            "bankRef": ref,
            "payee": self.either_named(payee, 0.92),
        }
        return Act("Receivables", "settle", self.either(self.dice.choice(("bank", "clearer", "bank")), 0.95), p)

    # goods

    def receipt(self) -> Act:
        known = list(self.book.receipts)
        asset = self.recent(known) if known and self.chance(0.06) else self.fresh("receipt")
        if self.chance(0.03):
            asset = PREFIX + asset[4:]
        p = {
            "id": asset,
            "owner": self.either_named(self.dice.choice(("dealer", "maker", "group")), 0.95),
            "documentRoot": keccak(asset + b"root"),
            "quantity": self.size() if self.chance(0.9) else self.edge(0),
        }
        return Act("WarehouseReceipts", "issue", self.either(self.dice.choice(("keeper", "keeper", "group"))), p)

    def receipt_act(self) -> Act:
        known = list(self.book.receipts)
        if not known:
            return self.receipt()
        function = self.dice.choice(("transfer", "release", "recount", "recount", "correct"))
        pledged = [key for key in known if self.book.receipts[key].pledged]
        asset = self.recent(pledged if pledged and function == "recount" and self.chance(0.7) else known)
        goods = self.book.receipts[asset]
        p: dict[str, object] = {"id": self.either_id(asset, "receipt")}
        if function == "transfer":
            p["to"] = self.either_named(self.dice.choice(("dealer", "maker", "group", goods.owner)), 0.85)
            return Act("WarehouseReceipts", "transfer", self.either(goods.owner), p)
        if function in ("release", "correct"):
            name, most = ("quantity", goods.free) if function == "release" else ("found", goods.missing)
            p[name] = amount = self.number(most)
            if function == "correct":
                p["documentRoot"] = keccak(b"found")
            owner = goods.owner if self.chance(0.95) else goods.keeper
            rider = self.rider(owner, "WarehouseReceipts", **{name: amount ^ 1})
            return Act("WarehouseReceipts", function, self.either(goods.keeper), p, rider)
        else:
            p["documentRoot"] = keccak(b"count")
            p["missing"] = missing = self._missing(goods)
            p["pledgeIds"] = self._to_name(goods, missing)
        return Act("WarehouseReceipts", function, self.either(goods.keeper), p)

    def _missing(self, goods: WarehouseReceipt) -> int:
        """Often into what is pledged: a part of the youngest pledge, all of it, or more."""
        if goods.pledged and self.chance(0.6):
            beyond = self.number(self.dice.choice((goods.pledges[-1].quantity, goods.pledged)))
            return min(MAX_UINT, goods.free + beyond)
        return self.number(goods.free) if self.chance(0.7) else self.edge(goods.free + goods.pledged)

    def _to_name(self, goods: WarehouseReceipt, missing: int) -> list[bytes]:
        """The pledges that a count has to name; now and then others, or in another order."""
        named = [bytes.fromhex(each.pledge_id) for each in goods.pledges] if missing > goods.free else []
        if self.chance(0.75):
            return named
        other = [self.recent(list(self.book.pledges))] if self.book.pledges else []
        return self.dice.choice(
            (named[:-1], named[1:], named[::-1], [*named, *named[-1:]], [*named, *other], [*other, *named],
             [*named, self.fresh("pledge")])
        )  # fmt: skip

    # pledges

    def pledge(self) -> Act:
        """Mostly on something of which a part is free."""
        states = (State.CONFIRMED,) if self.chance(0.85) else tuple(State)
        debts = [key for key, each in self.book.receivables.items() if each.free and each.state in states]
        goods = [key for key, each in self.book.receipts.items() if each.free]
        kind, assets = (2, goods) if self.chance(0.35) else (1, debts)
        if not assets or self.chance(0.05):
            kind = self.dice.choice((1, 1, 2, 2, 0, 3))
            assets = [*self.book.receivables, *self.book.receipts, self.fresh("asset")]
        asset = self.recent(assets)
        debt, stock = self.book.receivables.get(asset), self.book.receipts.get(asset)
        holder = debt.holder if debt else stock.owner if stock else "maker"
        free = debt.free if debt else stock.free if stock else 1
        lender = self.dice.choice(("lender", "lender", "fund", "fund", "group"))
        known = list(self.book.pledges)
        amount = self.number(free)
        expires = 0 if self.chance(0.5) else self.book.now + self.dice.choice((-1, 0, 1, 3600, DAY, 20 * DAY))
        asset = self.either_id(asset, "asset")
        p = {
            "pledgeId": self.recent(known) if known and self.chance(0.04) else self.over(asset),
            "assetKind": kind,
            "assetId": asset,
            "amount": amount,
            "lender": self.either_named(lender, 0.97),
            "loanRef": keccak(b"loan"),
            "decisionHash": keccak(b"decision"),
            "expiresAt": expires if self.chance(0.98) else 2**32,
            "registryNo": keccak(b"entry") if self.chance(0.98) else bytes(32),
        }
        rider = self.rider(holder, "Pledges", amount=amount ^ 1, assetId=keccak(b"other"))
        return Act("Pledges", "pledge", self.either(lender, 0.95), p, rider)

    def pledge_act(self) -> Act:
        known = list(self.book.pledges)
        if not known:
            return self.pledge()
        live = [key for key in known if self.book.pledges[key].state == "active"]
        pledge = self.recent(live) if live and self.chance(0.92) else self.recent(known)
        entry = self.book.pledges[pledge]
        asset = entry.asset
        if self.chance(0.04):
            asset = self.recent([*self.book.receivables, *self.book.receipts])
        named = self.either_id(pledge, "pledge")
        natural = ("release", "enforce") if entry.drawn else ("draw", "expire", "release")
        function = self.dice.choice(natural if self.chance(0.8) else ("release", "draw", "expire", "enforce"))
        by = entry.lender
        p: dict[str, object] = {"pledgeId": named}
        if function != "draw":
            p["assetId"] = asset
        if function == "release":
            p["amount"] = amount = self.number(self.book.pledged(pledge))
            stays = max(0, self.book.pledged(pledge) - amount)
            p["keep"] = 0 if self.chance(0.6) else self.edge(stays)
            p["valuation"] = keccak(b"valuation")
        if function == "expire":
            debt = self.book.receivables.get(entry.asset)
            by = debt.holder if debt else self.book.receipts[entry.asset].owner
        return Act("Pledges", function, self.either(by), p)
