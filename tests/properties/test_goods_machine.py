"""Goods, loans and money in any order and with any delay: the rules side by side, as services and contracts drive them.

Two lenders lend on one owner's receipts. Prices move (also to nothing), payments arrive late, lenders sign late, the
chain carries signed acts out in any order, counts find less, an undertaker buys, goods are taken and sold. After each
step, for each loan: what stays pledged less what is promised is worth what is owed at the call rate, or a call stands;
what releases left was enough for what was owed when they were signed; a standing call stops releases and loans; goods
and money are conserved, and each party's money is what its contracts say.

``CHAINFIN_GOODS_STEPS``: how many steps (5,000; `python -m tests.long goods` takes 100,000).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from chainfin.errors import Refusal
from chainfin.rules import inventory, margin, pledge, realisation, undertaking
from chainfin.rules.authority import CHAIN
from chainfin.rules.inventory import UnitPrice, WarehouseReceipt
from chainfin.rules.margin import Cover, Event, Standing, State, Terms
from chainfin.rules.pledge import Pledge
from chainfin.values.calendar import OFFICIAL
from chainfin.values.money import BasisPoints
from tests.properties.goods_book import FOREVER, LENDERS, LTV, START, Act, Book, Loan, cny

STEPS = int(os.environ.get("CHAINFIN_GOODS_STEPS", "5000"))
A_HISTORY = 50
TERMS = Terms(BasisPoints(7_400), BasisPoints(7_800), BasisPoints(8_600))


class Goods(RuleBasedStateMachine):
    @initialize(sizes=st.lists(st.integers(1_000, 50_000), min_size=1, max_size=3))
    def begin(self, sizes: list[int]) -> None:
        self.today = START
        self.price = dict.fromkeys(LENDERS, 7000)
        self.receipts: list[WarehouseReceipt] = []
        for number, size in enumerate(sizes):
            made = inventory.issue(
                id=f"r{number}", owner="owner", keeper="keeper", goods="copper", unit="KGM", quantity=size
            )
            assert isinstance(made, WarehouseReceipt)
            self.receipts.append(made)
        self.loans: list[Loan] = []
        self.acts: list[Act] = []
        self.bank: list[tuple[int, int]] = []
        self.book = Book()
        self.out: Counter[str] = Counter()

    # what the parties do

    @rule(lender=st.sampled_from(LENDERS), minor=st.integers(-4_000, 12_000))
    def sets_a_price(self, lender: str, minor: int) -> None:
        self.price[lender] = minor
        self.looks(fell=True)

    @rule(days=st.integers(1, 3), rate=st.integers(0, 30))
    def days_pass(self, days: int, rate: int) -> None:
        self.today += timedelta(days=days)
        for loan in self.loans:
            more = loan.owed * rate * days // 100_000
            loan.owed += more
            self.book.interest[loan.lender] += more
        self.looks()

    @rule(lender=st.sampled_from(LENDERS), number=st.integers(0, 2), quantity=st.integers(1, 60_000))
    def lends(self, lender: str, number: int, quantity: int) -> None:
        receipt, price = self.receipts[number % len(self.receipts)], self.unit(lender)
        if price is None or any(loan.stands for loan in self.of(lender)):
            return
        name = f"p{len(self.loans)}"
        after = inventory.pledge(receipt, quantity, pledge_id=name, lender=lender, by="owner")
        lent = inventory.loan_limit(quantity, price, LTV).minor
        if isinstance(after, Refusal) or lent <= 0:
            return
        locked = pledge.lock(Pledge(name, "owner", lender, quantity), expires_at=None)
        assert isinstance(locked, Pledge)
        self.receipts[number % len(self.receipts)] = after
        self.loans.append(Loan(lender, number % len(self.receipts), locked, lent))
        self.book.lent[lender] += lent

    @precondition(lambda self: bool(self.loans))
    @rule(pick=st.integers(0, 9), part=st.integers(1, 120))
    def pays(self, pick: int, part: int) -> None:
        """It leaves the payer; it arrives later."""
        loan = pick % len(self.loans)
        self.bank.append((loan, max(1, self.loans[loan].owed * part // 100)))

    @precondition(lambda self: bool(self.bank))
    @rule(pick=st.integers(0, 9))
    def arrives(self, pick: int) -> None:
        number, amount = self.bank.pop(pick % len(self.bank))
        self.book.came_in += amount
        self.serves(number, amount)
        self.asks(number)
        self.looks()

    @precondition(lambda self: any(not act.signed for act in self.acts))
    @rule(pick=st.integers(0, 9))
    def signs(self, pick: int) -> None:
        """The signer looks at what holds now; what no longer may be is asked for anew."""
        waiting = [act for act in self.acts if not act.signed]
        act = waiting[pick % len(waiting)]
        self.acts.remove(act)
        loan = self.loans[act.loan]
        if act.kind == "release":
            there = loan.goods.left - self.leaving(act.loan)
            if loan.stands and loan.owed:
                return
            if act.amount > self.spare(loan, there) or pledge.stays(there, act.amount, act.keep) is not None:
                self.asks(act.loan)
                return
            rest = (there - act.amount) * max(0, self.price[loan.lender])
            assert not loan.owed or rest * int(LTV) >= loan.owed * 1000 * 10_000, "what stays carries what is owed"
        if act.kind == "take" and not (loan.call is State.ESCALATED and loan.owed):
            return
        self.acts.append(replace(act, signed=True))
        self.looks()

    @precondition(lambda self: any(act.signed for act in self.acts))
    @rule(pick=st.integers(0, 9))
    def is_final(self, pick: int) -> None:
        """The chain carries out one of the signed acts, whichever, or refuses it."""
        waiting = [act for act in self.acts if act.signed]
        act = waiting[pick % len(waiting)]
        self.acts.remove(act)
        getattr(self, f"_{act.kind}")(act)
        self.looks()

    @rule(number=st.integers(0, 2), missing=st.integers(1, 20_000))
    def counts(self, number: int, missing: int) -> None:
        number %= len(self.receipts)
        before = self.receipts[number]
        after = inventory.recount(before, missing, by=CHAIN)
        if isinstance(after, Refusal):
            return
        self.receipts[number] = after
        left = {item.pledge_id: item.quantity for item in after.pledges}
        for loan in self.loans:
            gone = loan.goods.left - left.get(loan.goods.id, 0)
            if loan.receipt == number and gone:
                loan.goods = self.done(pledge.lose(loan.goods, gone))
        self.looks(fell=True)

    @rule(number=st.integers(0, 2), quantity=st.integers(1, 20_000))
    def hands_out(self, number: int, quantity: int) -> None:
        number %= len(self.receipts)
        after = inventory.release(self.receipts[number], quantity, by="keeper", ordered="owner")
        if isinstance(after, WarehouseReceipt):
            self.receipts[number] = after

    @precondition(lambda self: bool(self.loans))
    @rule(pick=st.integers(0, 9))
    def undertakes(self, pick: int) -> None:
        loan = self.loans[pick % len(self.loans)]
        if not loan.goods.left:
            return
        made = undertaking.undertake(
            loan.goods.left, buyer="core", parties=(loan.lender, "owner"), keeper="keeper", pledged=loan.goods.left,
            until=FOREVER, today=self.today, before=loan.left_to_buy, maturity=START,
        )  # fmt: skip
        if isinstance(made, undertaking.Undertaking):
            loan.left_to_buy = made

    @precondition(lambda self: bool(self.loans))
    @rule(pick=st.integers(0, 9), part=st.integers(1, 100))
    def buys_back(self, pick: int, part: int) -> None:
        """The undertaker pays; its money waits until the goods are its own."""
        number = pick % len(self.loans)
        loan, price = self.loans[number], self.unit(self.loans[number].lender)
        there = loan.goods.left - self.leaving(number, unsigned=True)
        busy = any(act.loan == number and act.kind == "buy" for act in self.acts)
        if loan.left_to_buy is None or there <= 0 or price is None or busy or not loan.owed:
            return
        amount = max(1, min(there, loan.left_to_buy.left) * part // 100)
        if amount > loan.left_to_buy.left:
            return
        cost = undertaking.price_of_goods(price, cny(loan.owed), there) * amount
        money = -(-cost.numerator // cost.denominator)
        self.book.came_in += money
        self.book.waiting += money
        self.acts.append(Act("buy", number, amount, money=money))

    @precondition(lambda self: any(loan.call is State.ESCALATED and loan.goods.left for loan in self.loans))
    @rule(pick=st.integers(0, 9))
    def takes(self, pick: int) -> None:
        found = [n for n, loan in enumerate(self.loans) if loan.call is State.ESCALATED and loan.goods.left]
        number = found[pick % len(found)]
        if not any(act.kind == "take" and act.loan == number for act in self.acts):
            self.acts.append(Act("take", number, self.loans[number].goods.left))

    @precondition(lambda self: any(loan.taken for loan in self.loans))
    @rule(pick=st.integers(0, 9), part=st.integers(1, 100), more=st.integers(0, 50))
    def sells(self, pick: int, part: int, more: int) -> None:
        found = [n for n, loan in enumerate(self.loans) if loan.taken]
        loan = self.loans[found[pick % len(found)]]
        price, quantity = self.unit(loan.lender), max(1, loan.taken * part // 100)
        if price is None or not loan.owed:
            return
        worth = inventory.value(quantity, price)
        amount = cny(max(1, worth.minor * (70 + more) // 100))
        least = realisation.least(worth, to_itself=False)
        if realisation.offer(quantity, amount, unsold=loan.taken) or realisation.pay(amount, least=least, agreed=False):
            return
        loan.taken -= quantity
        self.out["sold"] += quantity
        self.book.came_in += amount.minor
        self.serves(found[pick % len(found)], amount.minor)
        self.looks()

    @precondition(lambda self: any(loan.taken for loan in self.loans))
    @rule(pick=st.integers(0, 9), part=st.integers(1, 100))
    def gives_back(self, pick: int, part: int) -> None:
        """What was taken and isn't needed: all once the loan is repaid, before that what leaves enough."""
        found = [loan for loan in self.loans if loan.taken]
        loan = found[pick % len(found)]
        price, quantity = self.unit(loan.lender), max(1, loan.taken * part // 100)
        if loan.owed and price is None:
            return
        if loan.owed and price is not None:
            if realisation.give_back(quantity, unsold=loan.taken, owed=cny(loan.owed), price=price) is not None:
                return
            rest = inventory.value(loan.taken - quantity, price)
            assert realisation.least(rest, to_itself=False).minor >= loan.owed, "what stays brings what is owed"
        loan.taken -= quantity
        self.out["given back"] += quantity

    # what follows

    def unit(self, lender: str) -> UnitPrice | None:
        minor = self.price[lender]
        return UnitPrice(Decimal(minor).scaleb(-2), "CNY") if minor > 0 else None

    def of(self, lender: str) -> Sequence[Loan]:
        return [loan for loan in self.loans if loan.lender == lender]

    def leaving(self, number: int, *, unsigned: bool = False, paid: bool = True) -> int:
        """``paid`` False: without what is being bought, whose money waits."""
        kinds = ("release", "buy") if paid else ("release",)
        waiting = (act for act in self.acts if act.loan == number and act.kind in kinds)
        return sum(act.amount for act in waiting if act.signed or unsigned or act.kind == "buy")

    def spare(self, loan: Loan, there: int) -> int:
        if not loan.owed:
            return there
        price = self.unit(loan.lender)
        return 0 if price is None else inventory.releasable(there, cny(loan.owed), price, LTV)

    def asks(self, number: int) -> None:
        """What the loan no longer needs is asked of its lender, in the place of what isn't signed."""
        loan = self.loans[number]
        self.acts = [act for act in self.acts if act.signed or act.loan != number or act.kind != "release"]
        there = loan.goods.left - self.leaving(number)
        part = 0 if loan.stands and loan.owed else min(there, self.spare(loan, there))
        if part > 0:
            self.acts.append(Act("release", number, part, keep=there - part))

    def serves(self, number: int, amount: int) -> None:
        loan = self.loans[number]
        used = min(amount, loan.owed)
        loan.owed -= used
        loan.paid_on_call += used
        self.book.repaid[loan.lender] += used
        self.book.to_owner += amount - used

    def done(self, result: Pledge | Refusal) -> Pledge:
        assert isinstance(result, Pledge), result
        return result

    def receipt_now(self, loan: Loan, after: object) -> None:
        after = after[0] if isinstance(after, tuple) else after
        assert isinstance(after, WarehouseReceipt), after
        self.receipts[loan.receipt] = after

    def _release(self, act: Act) -> None:
        loan = self.loans[act.loan]
        # the contract looks at what is there alone, whatever was reckoned
        if act.amount > loan.goods.left or pledge.stays(loan.goods.left, act.amount, act.keep) is not None:
            self.asks(act.loan)
            return
        name = loan.goods.id
        self.receipt_now(loan, inventory.unpledge(self.receipts[loan.receipt], act.amount, pledge_id=name, by=CHAIN))
        loan.goods = self.done(pledge.release(loan.goods, act.amount, by=CHAIN))
        assert loan.goods.left >= act.keep

    def _buy(self, act: Act) -> None:
        loan = self.loans[act.loan]
        self.book.waiting -= act.money
        kept = undertaking.call(loan.left_to_buy, act.amount, today=CHAIN)
        if act.amount > loan.goods.left or isinstance(kept, Refusal):
            self.book.sent_back += act.money
            return
        ids = {"pledge_id": loan.goods.id, "child_id": f"b{len(self.out)}", "buyer": "core"}
        self.receipt_now(loan, inventory.buy_back(self.receipts[loan.receipt], act.amount, **ids))
        loan.goods = self.done(pledge.buy_back(loan.goods, act.amount, by=CHAIN))
        loan.left_to_buy = kept
        self.out["bought"] += act.amount
        self.serves(act.loan, act.money)
        self.asks(act.loan)

    def _take(self, act: Act) -> None:
        loan = self.loans[act.loan]
        if not loan.goods.left:
            return
        loan.taken += loan.goods.left
        self.out["taken"] += loan.goods.left
        name, receipt = loan.goods.id, self.receipts[loan.receipt]
        self.receipt_now(loan, inventory.liquidate(receipt, pledge_id=name, child_id="t", by=CHAIN))
        loan.goods = self.done(pledge.enforce(loan.goods, by=CHAIN))

    def looks(self, *, fell: bool = False) -> None:
        """The margin engine, as services call it: at each price, count, payment and day."""
        for number, loan in enumerate(self.loans):
            if not loan.owed:
                loan.call = State.CURED if loan.stands else loan.call
                continue
            cover = self.cover(number)
            if not cover.goods:
                continue
            for _ in range(2):
                standing = None
                if loan.stands and loan.call is not None:
                    standing = Standing(loan.call, cny(max(0, loan.called - loan.paid_on_call)), loan.due_on)
                found = margin.judge(cover, standing, TERMS, self.today, OFFICIAL, fell=fell)
                if found.event is not None and loan.call is not None:
                    loan.call = margin.transition(loan.call, found.event)
                    if found.event is Event.CURE:
                        assert not cover.is_above(TERMS.trigger) or found.opened is not None
                if found.opened is not None:
                    opened = found.opened
                    loan.call, loan.called, loan.paid_on_call = opened.state, opened.amount.minor, 0
                    loan.due_on = opened.due_on
                    self.acts = [act for act in self.acts if act.signed or act.loan != number or act.kind != "release"]

    def cover(self, number: int) -> Cover:
        """Nothing where all was taken, bought or given up: what stands waits for money."""
        loan = self.loans[number]
        stays = max(0, loan.goods.left - self.leaving(number, paid=False))
        goods = ((stays, self.unit(loan.lender)),) if stays or loan.goods.lost else ()
        return Cover(goods, cny(loan.owed))

    # what has to hold

    @invariant()
    def is_covered_or_called(self) -> None:
        for number, loan in enumerate(getattr(self, "loans", [])):
            cover = self.cover(number)
            if loan.owed and cover.goods and cover.is_above(TERMS.trigger):
                assert loan.stands, (number, loan)
            if loan.stands and loan.owed:
                asked = [act for act in self.acts if act.loan == number and act.kind == "release" and not act.signed]
                assert not asked, "an open call stops releases"

    @invariant()
    def promises_are_covered(self) -> None:
        for number, loan in enumerate(getattr(self, "loans", [])):
            signed = [act for act in self.acts if act.loan == number and act.kind == "release" and act.signed]
            assert all(act.keep >= 0 for act in signed)
            assert sum(act.amount for act in signed) <= loan.goods.left + loan.goods.lost + loan.goods.settled

    @invariant()
    def goods_are_conserved(self) -> None:
        for number, receipt in enumerate(getattr(self, "receipts", [])):
            mine = [loan.goods.left for loan in self.loans if loan.receipt == number]
            assert receipt.pledged == sum(mine)
        if hasattr(self, "loans"):
            liquidated = sum(receipt.liquidated for receipt in self.receipts)
            assert liquidated == self.out["taken"] + self.out["bought"]
            unsold = sum(loan.taken for loan in self.loans)
            assert self.out["taken"] == unsold + self.out["sold"] + self.out["given back"]

    @invariant()
    def money_is_what_contracts_say(self) -> None:
        if not hasattr(self, "book"):
            return
        book = self.book
        assert book.waiting == sum(act.money for act in self.acts)
        assert book.came_in == sum(book.repaid.values()) + book.to_owner + book.sent_back + book.waiting
        for lender in LENDERS:
            owed = sum(loan.owed for loan in self.of(lender))
            assert book.lent[lender] + book.interest[lender] == book.repaid[lender] + owed


Goods.TestCase.settings = settings(
    max_examples=max(1, STEPS // A_HISTORY),
    stateful_step_count=A_HISTORY,
    derandomize=STEPS <= 5000,  # the same few each time; the long run looks for others
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
TestGoods = Goods.TestCase
