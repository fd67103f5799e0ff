"""Ten thousand lines are placed by looking them up: the order's lines are gone through once, not once for each."""

from dataclasses import replace
from datetime import date

import pytest

from chainfin import samples
from chainfin.documents import Line, read
from chainfin.documents.order_lines import OrderLines, Placed

TRADE = samples.trade(date(2026, 11, 21), "1")
ORDER, INVOICE = (read(TRADE[name], source=name) for name in ("order", "invoice"))
LINES = 200


class Counted(tuple[Line, ...]):
    """Lines that count how often they are gone through."""

    passes = 0

    def __iter__(self):  # type: ignore[no-untyped-def]  # of a tuple
        Counted.passes += 1
        return super().__iter__()


@pytest.mark.parametrize("by", ["reference", "item", "description"])
def test_placed__many_lines__the_orders_lines_are_gone_through_once(by: str) -> None:
    first = ORDER.lines[0]
    lines = [replace(first, id=str(n), buyers_item_id=f"B-{n}", sellers_item_id=None) for n in range(LINES)]
    order = replace(ORDER, lines=Counted(lines))
    Counted.passes = 0
    known = OrderLines(order)
    for n in range(LINES):
        stated = replace(
            INVOICE.lines[0],
            id=str(n),
            order_line_ref=str(n) if by == "reference" else None,
            buyers_item_id=f"B-{n}" if by == "item" else None,
            sellers_item_id=None,
        )
        found = known.placed(stated, INVOICE)
        assert isinstance(found, Placed)
        assert found.target.id == str(n)
    assert Counted.passes == 1
