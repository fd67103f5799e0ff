"""Laws of conservation: receivables, warehouse receipts, orders and matches lose and create nothing."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from chainfin import samples
from chainfin.documents import Document, read
from chainfin.documents.line_values import line_values
from chainfin.documents.matching import Match, match, order_gross
from chainfin.errors import Refusal
from chainfin.rules import inventory
from chainfin.rules import order as orders
from chainfin.rules import receivable as receivables
from chainfin.rules.billed_goods import Bill, unsupported
from chainfin.rules.inventory import UnitPrice, WarehouseReceipt
from chainfin.rules.receivable import Receivable
from chainfin.values.money import BasisPoints, Money

TODAY = date(2026, 11, 21)
DUE = TODAY + timedelta(days=90)
LATE = DUE + timedelta(days=1)
FACE = 10_000
parties = st.sampled_from(["s", "c", "l", "m", "t"])
amounts = st.integers(-1, FACE)


class ReceivableLife(RuleBasedStateMachine):
    """Any acts by anybody in any order: the face is conserved over the whole tree of parts."""

    def __init__(self) -> None:
        super().__init__()
        self.tree: dict[str, Receivable] = {}
        self.names = 0

    @initialize()
    def issued(self) -> None:
        new = receivables.issue(
            id="r", order_id="o", seller="s", debtor="c", face=Money(FACE, "CNY"), due=DUE, today=TODAY
        )
        assert isinstance(new, Receivable)
        self.tree["r"] = new

    def one(self, n: int) -> Receivable:
        return list(self.tree.values())[n % len(self.tree)]

    def name(self) -> str:
        self.names += 1
        return f"x{self.names}"

    def keep(self, result: Receivable | Refusal) -> None:
        if isinstance(result, Receivable):
            self.tree[result.id] = result

    @rule(n=st.integers(0, 50))
    def confirm(self, n: int) -> None:
        old = self.one(n)
        self.keep(receivables.confirm(old, by="c", face=Money(old.face, "CNY"), due=DUE))

    @rule(n=st.integers(0, 50), act=st.sampled_from(["dispute", "resolve_dispute"]))
    def dispute(self, n: int, act: str) -> None:
        self.keep(getattr(receivables, act)(self.one(n), by="c"))

    @rule(n=st.integers(0, 50), amount=amounts, who=parties)
    def credit(self, n: int, amount: int, who: str) -> None:
        self.keep(receivables.credit(self.one(n), Money(amount, "CNY"), by=who))

    @rule(n=st.integers(0, 50), sizes=st.lists(amounts, min_size=1, max_size=4), who=parties)
    def split(self, n: int, sizes: list[int], who: str) -> None:
        result = receivables.split(self.one(n), [Money(x, "CNY") for x in sizes], [self.name() for _ in sizes], by=who)
        if not isinstance(result, Refusal):
            for item in (result[0], *result[1]):
                self.keep(item)

    @rule(n=st.integers(0, 50), to=parties, who=parties)
    def transfer(self, n: int, to: str, who: str) -> None:
        self.keep(receivables.transfer(self.one(n), to, by=who))

    @rule(n=st.integers(0, 50), amount=amounts, lender=parties, who=parties)
    def pledge(self, n: int, amount: int, lender: str, who: str) -> None:
        result = receivables.pledge(self.one(n), Money(amount, "CNY"), pledge_id=self.name(), lender=lender, by=who)
        self.keep(result)

    @rule(n=st.integers(0, 50), amount=amounts, who=parties)
    def release(self, n: int, amount: int, who: str) -> None:
        old = self.one(n)
        for part in old.pledges[:1]:
            self.keep(receivables.release(old, Money(amount, "CNY"), pledge_id=part.pledge_id, by=who))

    @rule(n=st.integers(0, 50), amount=amounts, payee=parties, pledged=st.booleans())
    def settle(self, n: int, amount: int, payee: str, pledged: bool) -> None:
        old = self.one(n)
        pledge_id = old.pledges[0].pledge_id if pledged and old.pledges else None
        self.keep(receivables.settle(old, Money(amount, "CNY"), payee=payee, pledge_id=pledge_id))

    @rule(n=st.integers(0, 50), who=parties)
    def enforce(self, n: int, who: str) -> None:
        old = self.one(n)
        for part in old.pledges[:1]:
            result = receivables.enforce(old, pledge_id=part.pledge_id, child_id=self.name(), by=who, today=LATE)
            if not isinstance(result, Refusal):
                self.keep(result[0])
                self.keep(result[1])

    @invariant()
    def face_is_conserved(self) -> None:
        for item in self.tree.values():
            parts = item.free + item.pledged + item.split_away + item.settled + item.diluted
            assert parts == item.face
            children = [child for child in self.tree.values() if child.parent == item.id]
            assert sum(child.face for child in children) == item.split_away
        if self.tree:
            live = sum(item.outstanding + item.settled + item.diluted for item in self.tree.values())
            assert live == FACE

    @invariant()
    def nothing_is_owed_after_settlement(self) -> None:
        for item in self.tree.values():
            settled = item.state is receivables.State.SETTLED
            assert not settled or item.outstanding == 0
            assert settled or item.outstanding > 0 or item.split_away > 0


TestReceivableLife = ReceivableLife.TestCase
TestReceivableLife.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


acts = st.lists(
    st.tuples(st.sampled_from(["pledge", "unpledge", "release", "liquidate", "recount"]), st.integers(0, 900)),
    max_size=30,
)


@given(acts)
def test_warehouse_receipt__any_acts__quantity_is_conserved(steps: list[tuple[str, int]]) -> None:
    receipt = WarehouseReceipt("w", "d", "k", "copper", "TNE", issued=1000, free=1000)
    for n, (act, quantity) in enumerate(steps):
        oldest = receipt.pledges[0].pledge_id if receipt.pledges else "none"
        result: WarehouseReceipt | Refusal
        match act:
            case "pledge":
                result = inventory.pledge(receipt, quantity, pledge_id=f"p{n}", lender="l", by="d")
            case "unpledge":
                result = inventory.unpledge(receipt, quantity, pledge_id=oldest, by="l")
            case "release":
                result = inventory.release(receipt, quantity, by="k", ordered="d")
            case "liquidate":
                taken = inventory.liquidate(receipt, pledge_id=oldest, child_id=f"c{n}", by="l")
                result = taken if isinstance(taken, Refusal) else taken[0]
            case _:
                result = inventory.recount(receipt, quantity, by="k")
        if isinstance(result, WarehouseReceipt):
            gone = receipt.released + receipt.liquidated + receipt.missing
            assert result.released + result.liquidated + result.missing >= gone
            receipt = result
        total = receipt.free + receipt.pledged + receipt.released + receipt.liquidated + receipt.missing
        assert total == 1000


prices = st.decimals(min_value=Decimal("0.0001"), max_value=Decimal(10**6), places=4).map(
    lambda amount: UnitPrice(amount, "CNY")
)
ltvs = st.integers(1, 10_000).map(BasisPoints)


@given(st.integers(0, 10**9), st.integers(0, 10**12), prices, ltvs)
def test_releasable__whatever_the_price__what_stays_covers_the_loan(
    pledged: int, outstanding: int, price: UnitPrice, ltv: BasisPoints
) -> None:
    loan = Money(outstanding, "CNY")
    covered_before = inventory.loan_limit(pledged, price, ltv) >= loan
    out = inventory.releasable(pledged, loan, price, ltv)
    assert 0 <= out <= pledged
    if covered_before:
        assert inventory.loan_limit(pledged - out, price, ltv) >= loan
        if pledged > out:
            assert inventory.loan_limit(pledged - out - 1, price, ltv) < loan
    else:
        assert out == 0


FILES = {name: read(data, source=name) for name, data in samples.trade(TODAY, "INV-1").items()}


def moved(document: Document, *quantities: int) -> Document:
    pairs = zip(document.lines, quantities, strict=True)
    return replace(document, lines=tuple(replace(line, quantity=Decimal(count)) for line, count in pairs))


def priced(nets: list[int], tax: int) -> Document:
    """The sample order with other amounts, as an order or an invoice states them."""
    order = FILES["order"]
    assert order.totals is not None
    lines = tuple(
        replace(order.lines[0], id=str(n), order_line_ref=None, buyers_item_id=f"B{n}", sellers_item_id=None,
                quantity=Decimal(7), line_amount=Money(net, "CNY"), tax=None)
        for n, net in enumerate(nets)
    )  # fmt: skip
    total = Money(sum(nets), "CNY")
    totals = replace(order.totals, line_total=total, tax=Money(tax, "CNY"), payable=total + Money(tax, "CNY"))
    return replace(order, lines=lines, totals=totals)


nets_lists = st.lists(st.integers(0, 10**9), min_size=1, max_size=6).filter(lambda nets: sum(nets) > 0)


@given(nets_lists, st.integers(0, 10**9))
def test_line_values__any_amounts__add_up_exactly(nets: list[int], tax: int) -> None:
    document = priced(nets, tax)
    assert sum(value.minor for value in line_values(document).values()) == order_gross(document).minor


@given(nets_lists, st.integers(0, 10**9), st.data())
def test_match__any_receipts__matched_and_withheld_make_the_payable(
    nets: list[int], tax: int, data: st.DataObject
) -> None:
    order = priced(nets, tax)
    invoice = replace(FILES["invoice"], lines=order.lines, totals=order.totals)
    invoice = replace(invoice, references=replace(invoice.references, orders=(order.id,)))
    counts = data.draw(st.lists(st.integers(0, 9), min_size=len(nets), max_size=len(nets)))
    more = data.draw(st.lists(st.integers(0, 9), min_size=len(nets), max_size=len(nets)))
    receipt = moved(replace(FILES["receipt"], lines=order.lines), *counts)
    second = moved(replace(FILES["receipt"], lines=order.lines), *more)
    found, both = match(order, [receipt], invoice), match(order, [receipt, second], invoice)
    assert isinstance(found, Match)
    assert isinstance(both, Match)
    assert Money(0, "CNY") <= found.matched_amount <= both.matched_amount <= found.payable
    assert found.matched_amount + found.withheld == found.payable
    withheld = sum(item.amount_withheld.minor for item in found.shortfalls)
    assert withheld + found.prepaid_withheld.minor == found.withheld.minor
    if all(count >= 7 for count in counts):
        assert found.complete


deliveries = st.lists(st.tuples(st.integers(0, 6000), st.integers(0, 2500), st.booleans()), max_size=12)


@given(deliveries)
@settings(deadline=None)
def test_order__any_deliveries__amounts_stay_in_order_and_add_up(steps: list[tuple[int, int, bool]]) -> None:
    order = orders.post(FILES["order"])
    assert isinstance(order, orders.Order)
    acknowledged = orders.acknowledge(order, FILES["response"])
    assert isinstance(acknowledged, orders.Order)
    order = acknowledged
    for brackets, copper, despatch in steps:
        act, name = (orders.despatch, "despatch") if despatch else (orders.receive, "receipt")
        result = act(order, moved(FILES[name], brackets, copper))
        if isinstance(result, orders.Order):
            assert result.despatched >= order.despatched
            assert result.received >= order.received
            order = result
        assert order.ordered >= order.despatched >= order.received >= order.invoiced
        whole = all(line.received == line.ordered for line in order.lines)
        assert (order.received == order.ordered) is whole
    if order.received:
        found = match(FILES["order"], [], FILES["invoice"])
        assert isinstance(found, Match)
        limit = Money(order.received, "CNY")
        result_ = orders.invoice(order, FILES["invoice"], face=limit)
        assert isinstance(result_, orders.Invoiced)
        above = orders.invoice(order, FILES["invoice"], face=limit + Money(1, "CNY"))
        assert isinstance(above, Refusal)
        assert above.code in {"invoice_above_received"}


moves = st.lists(st.tuples(st.integers(-6000, 6000), st.integers(-2500, 2500), st.booleans()), max_size=14)


@given(moves, moves)
@settings(deadline=None)
def test_order__any_deliveries_and_returns__a_bill_is_carried_by_what_the_buyer_has(
    before: list[tuple[int, int, bool]], after: list[tuple[int, int, bool]]
) -> None:
    posted = orders.post(FILES["order"])
    assert isinstance(posted, orders.Order)
    order = orders.acknowledge(posted, FILES["response"])
    assert isinstance(order, orders.Order)
    order = delivered(order, before)
    billed = orders.invoice(order, FILES["invoice"], face=Money(max(1, order.received), "CNY"))
    if isinstance(billed, Refusal):
        assert order.received == 0
        return
    order = delivered(billed.order, after)
    missing = unsupported(order, [Bill("bill", FILES["invoice"], billed.face, billed.match.quantities)])
    assert isinstance(missing, dict)
    assert max(0, billed.face.minor - order.received) <= missing["bill"].minor <= billed.face.minor
    had = {line.id: line.received for line in order.lines}
    if all(had[line] >= matched for line, matched in billed.match.quantities.items()):
        assert missing["bill"].minor == 0
    elif not any(had[line] for line in billed.match.quantities):
        assert missing["bill"] == billed.face


def delivered(order: orders.Order, steps: list[tuple[int, int, bool]]) -> orders.Order:
    """The order after these steps, of which those that aren't possible are left out."""
    for brackets, copper, despatch in steps:
        act, name = (orders.despatch, "despatch") if despatch else (orders.receive, "receipt")
        counts = (max(0, brackets), max(0, copper)) if despatch else (brackets, copper)
        result = act(order, moved(FILES[name], *counts))
        if isinstance(result, Refusal):
            continue
        assert order.most_received <= result.most_received <= result.despatched <= result.ordered
        assert 0 <= result.received <= result.most_received
        for line in result.lines:
            assert 0 <= line.received <= min(line.despatched, line.ordered)
            assert line.despatched <= line.ordered + line.returned
        if all(line.received == line.ordered for line in result.lines):
            assert result.received == result.ordered
        order = result
    return order
