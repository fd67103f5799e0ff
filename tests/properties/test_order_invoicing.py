"""What is invoiced on an order and withdrawn again leaves no trace in its amounts."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import assume, given
from hypothesis import strategies as st

from chainfin.documents import Document
from chainfin.rules import order as orders
from chainfin.rules.order import Order, State
from chainfin.values.money import Money
from tests.unit.test_order import ACKNOWLEDGED, DOCS

ORDERED = tuple(int(line.quantity or 0) for line in DOCS["order"].lines)
"""Of each of the two lines."""
COUNTS = st.tuples(*(st.integers(0, count) for count in ORDERED))


def _moving(name: str, counts: tuple[int, ...]) -> Document:
    lines = zip(DOCS[name].lines, counts, strict=True)
    return replace(DOCS[name], lines=tuple(replace(line, quantity=Decimal(count)) for line, count in lines))


@st.composite
def received(draw: st.DrawFn) -> Order:
    """An order of which all has left and some has come, of one line perhaps more than of the other."""
    despatched = orders.despatch(ACKNOWLEDGED, DOCS["despatch"])
    assert isinstance(despatched, Order)
    order = orders.receive(despatched, _moving("receipt", draw(COUNTS.filter(any))))
    assert isinstance(order, Order)
    return order


def _billed(order: Order, share: int) -> orders.Invoiced | None:
    """The whole order is billed, for which not all has come; the face is ``share`` per cent of what the goods carry."""
    match = orders.invoice(order, DOCS["invoice"], face=Money(1, order.currency))
    if not isinstance(match, orders.Invoiced):
        return None
    face = Money(max(1, match.match.matched_amount.minor * share // 100), order.currency)
    found = orders.invoice(order, DOCS["invoice"], face=face)
    return found if isinstance(found, orders.Invoiced) else None


@given(order=received(), share=st.integers(1, 100))
def test_uninvoice__what_an_invoice_was_matched_with__is_its_inverse(order: Order, share: int) -> None:
    """All but the state: an order on which something was billed stays invoiced."""
    found = _billed(order, share)
    assert found is not None
    back = orders.uninvoice(found.order, found.face, found.match.quantities)
    assert back == replace(order, state=State.INVOICED)


@given(order=received(), shares=st.tuples(st.integers(1, 60), st.integers(1, 100)), more=COUNTS)
def test_uninvoice__the_earlier_of_two_invoices__leaves_the_later(
    order: Order, shares: tuple[int, int], more: tuple[int, ...]
) -> None:
    """Of an invoice for goods of which not all had come, only what had is given back: the rest another one bills."""
    first = _billed(order, shares[0])
    assert first is not None
    rest = tuple(
        min(count, int(line.despatched - line.received)) for count, line in zip(more, order.lines, strict=True)
    )
    came = orders.receive(first.order, _moving("receipt", rest)) if any(rest) else first.order
    assert isinstance(came, Order)
    second = _billed(came, shares[1])
    assume(second is not None)  # else what has come is billed already
    assert second is not None
    back = orders.uninvoice(second.order, first.face, first.match.quantities)
    assert isinstance(back, Order)
    assert back.invoiced == second.face.minor
    assert {line.id: line.invoiced for line in back.lines if line.invoiced} == {
        line: count for line, count in second.match.quantities.items() if count
    }
