"""The order's life: what each act moves, and each refusal by its code."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from chainfin import samples
from chainfin.documents import Document, DocumentKind, References, read
from chainfin.errors import Refusal
from chainfin.rules import order as orders
from chainfin.rules.order import Order, State
from chainfin.values.money import Money

DOCS = {name: read(data, source=name) for name, data in samples.trade(date(2026, 11, 21), "INV-1").items()}
OVER = {
    name: read(data, source=name)
    for name, data in samples.trade(date(2026, 11, 21), "INV-1", overinvoiced=True).items()
}


def done(result: Order | Refusal) -> Order:
    assert isinstance(result, Order), result
    return result


def billed(result: orders.Invoiced | Refusal) -> Order:
    assert isinstance(result, orders.Invoiced), result
    return result.order


def code(result: object) -> str:
    assert isinstance(result, Refusal), result
    return result.code


def with_quantity(document: Document, *quantities: int) -> Document:
    lines = zip(document.lines, quantities, strict=True)
    return replace(document, lines=tuple(replace(line, quantity=Decimal(count)) for line, count in lines))


POSTED = done(orders.post(DOCS["order"]))
ACKNOWLEDGED = done(orders.acknowledge(POSTED, DOCS["response"]))
DESPATCHED = done(orders.despatch(ACKNOWLEDGED, DOCS["despatch"]))
RECEIVED = done(orders.receive(DESPATCHED, DOCS["receipt"]))
INVOICED = billed(orders.invoice(RECEIVED, DOCS["invoice"]))
BILLED = {line.id: line.invoiced for line in INVOICED.lines}


def test_order__whole_life__amounts_and_states() -> None:
    assert (POSTED.state, POSTED.ordered) == (State.POSTED, 99976750)
    assert (RECEIVED.state, RECEIVED.despatched, RECEIVED.received) == (State.RECEIVED, 99976750, 99976750)
    assert (INVOICED.state, INVOICED.invoiced) == (State.INVOICED, 99976750)
    confirmed = done(orders.confirm(INVOICED, Money(99976750, "CNY")))
    assert (confirmed.state, confirmed.confirmed) == (State.INVOICED, 99976750)


def test_order__despatched_in_parts__values_add_up_to_the_whole() -> None:
    order = ACKNOWLEDGED
    for _ in range(3):
        order = done(orders.despatch(order, with_quantity(DOCS["despatch"], 4000, 1666)))
    order = done(orders.despatch(order, with_quantity(DOCS["despatch"], 0, 2)))
    assert order.despatched == order.ordered


def test_receive__rejected_goods__not_counted() -> None:
    first, second = DOCS["receipt"].lines
    lines = (replace(first, rejected=first.quantity), second)
    order = done(orders.receive(DESPATCHED, replace(DOCS["receipt"], lines=lines)))
    assert [line.received for line in order.lines] == [Decimal(0), second.quantity]
    none = replace(DOCS["receipt"], lines=tuple(replace(line, rejected=line.quantity) for line in (first, second)))
    assert code(orders.receive(DESPATCHED, none)) == "nothing_moved"


def test_acknowledge__response_rejects__order_not_accepted() -> None:
    assert code(orders.acknowledge(POSTED, replace(DOCS["response"], accepted=False))) == "order_not_accepted"


def test_post__another_document__document_kind_wrong() -> None:
    assert code(orders.post(DOCS["invoice"])) == "document_kind_wrong"
    assert code(orders.acknowledge(POSTED, DOCS["receipt"])) == "document_kind_wrong"
    assert code(orders.amend(POSTED, DOCS["receipt"])) == "document_kind_wrong"


def test_despatch__more_than_ordered__despatch_above_order() -> None:
    assert code(orders.despatch(DESPATCHED, with_quantity(DOCS["despatch"], 1, 0))) == "despatch_above_order"


def test_receive__more_than_ordered__receipt_above_order() -> None:
    assert code(orders.receive(DESPATCHED, with_quantity(DOCS["receipt"], 12001, 5000))) == "receipt_above_order"


def test_receive__more_than_despatched__receipt_above_despatch() -> None:
    order = done(orders.despatch(ACKNOWLEDGED, OVER["despatch"]))
    assert code(orders.receive(order, DOCS["receipt"])) == "receipt_above_despatch"


def test_despatch__goods_not_ordered__line_not_ordered() -> None:
    lines = (replace(DOCS["despatch"].lines[0], order_line_ref="7"),)
    assert code(orders.despatch(ACKNOWLEDGED, replace(DOCS["despatch"], lines=lines))) == "line_not_ordered"


def test_despatch__another_unit__unit_mismatch() -> None:
    lines = (replace(DOCS["despatch"].lines[1], unit_code="XBX"),)
    assert code(orders.despatch(ACKNOWLEDGED, replace(DOCS["despatch"], lines=lines))) == "unit_mismatch"


def test_despatch__of_another_order__order_reference_mismatch() -> None:
    other = replace(DOCS["despatch"], references=References(orders=("PO-2",)))
    assert code(orders.despatch(ACKNOWLEDGED, other)) == "order_reference_mismatch"


def test_invoice__above_what_was_received__refused_with_the_match_as_proof() -> None:
    order = done(orders.receive(DESPATCHED, OVER["receipt"]))
    refused = orders.invoice(order, DOCS["invoice"])
    assert isinstance(refused, Refusal)
    assert refused.code == "invoice_above_received"
    assert refused.proof["limit"] == "960810.75"
    part = orders.invoice(order, DOCS["invoice"], face=Money(96081075, "CNY"))
    assert billed(part).invoiced == 96081075
    assert code(orders.invoice(order, DOCS["invoice"], face=Money(96081076, "CNY"))) == "invoice_above_received"


def test_invoice__a_line_above_what_was_received_of_it__refused_though_the_amounts_would_fit() -> None:
    order = done(orders.receive(done(orders.despatch(ACKNOWLEDGED, OVER["despatch"])), OVER["receipt"]))
    copper = replace(OVER["invoice"], lines=OVER["invoice"].lines[1:])
    totals = copper.totals
    assert totals is not None
    net, tax = Money(34475000, "CNY"), Money(4481750, "CNY")
    copper = replace(copper, totals=replace(totals, line_total=net, tax=tax, payable=net + tax))
    assert order.received > 38956750  # 5,000 kg are billed, 4,500 kg arrived, and all brackets did
    refused = orders.invoice(order, copper)
    assert isinstance(refused, Refusal)
    assert (refused.code, refused.proof["limit"]) == ("invoice_above_received", "350610.75")


def test_invoice__same_goods_again__invoice_above_received() -> None:
    assert code(orders.invoice(INVOICED, replace(DOCS["invoice"], id="INV-2"))) == "invoice_above_received"


def only_brackets(number: str) -> Document:
    invoice = DOCS["invoice"]
    assert invoice.totals is not None
    totals = replace(
        invoice.totals, line_total=Money(54000000, "CNY"), tax=Money(7020000, "CNY"), payable=Money(61020000, "CNY")
    )
    return replace(invoice, id=number, lines=invoice.lines[:1], totals=totals)


def test_invoice__same_line_again_while_another_is_open__invoice_above_received() -> None:
    # The copper is still to be invoiced, so the amounts alone would leave room for the brackets a second time.
    order = billed(orders.invoice(RECEIVED, only_brackets("INV-1")))
    assert order.received - order.invoiced == 38956750
    refused = orders.invoice(order, only_brackets("INV-2"), face=Money(1, "CNY"))
    assert code(refused) == "invoice_above_received"


def test_invoice__half_of_a_line_came_and_is_invoiced_again__invoice_above_received() -> None:
    """Neither the order (twice as many were ordered) nor the amounts (the copper is still open) would tell."""
    order = done(orders.receive(DESPATCHED, with_quantity(DOCS["receipt"], 6000, 5000)))
    half = replace(only_brackets("INV-1").lines[0], quantity=Decimal(6000), line_amount=Money(27000000, "CNY"))
    half = replace(half, tax=Money(3510000, "CNY"))
    totals = only_brackets("INV-1").totals
    assert totals is not None
    less = {"line_total": 27000000, "tax": 3510000, "payable": 30510000}
    totals = replace(totals, **{name: Money(minor, "CNY") for name, minor in less.items()})
    first = replace(only_brackets("INV-1"), lines=(half,), totals=totals)
    order = billed(orders.invoice(order, first))
    assert order.received - order.invoiced > 30510000
    assert code(orders.invoice(order, replace(first, id="INV-2"))) == "invoice_above_received"


def test_amend__quantity_cut_below_the_despatched__refused_and_says_so() -> None:
    order = done(orders.despatch(ACKNOWLEDGED, with_quantity(DOCS["despatch"], 6000, 0)))
    cut = replace(
        DOCS["order"].lines[0], quantity=Decimal(5999), line_amount=Money(26995500, "CNY"), tax=Money(3509415, "CNY")
    )
    assert DOCS["order"].totals is not None
    totals = replace(DOCS["order"].totals, line_total=Money(61470500, "CNY"), tax=Money(7991165, "CNY"))
    refused = orders.amend(order, replace(DOCS["order"], lines=(cut, DOCS["order"].lines[1]), totals=totals))
    assert isinstance(refused, Refusal)
    assert refused.code == "order_changed_after_despatch"
    assert "is cut to 5999, below 6000 despatched" in refused.message


def test_invoice__face_in_another_currency_or_zero__refused() -> None:
    assert code(orders.invoice(RECEIVED, DOCS["invoice"], face=Money(1, "USD"))) == "currency_mismatch"
    assert code(orders.invoice(RECEIVED, DOCS["invoice"], face=Money(0, "CNY"))) == "amount_not_positive"


def test_invoice__for_less_than_was_received__face_is_the_invoice() -> None:
    part = replace(
        DOCS["invoice"].lines[0], quantity=Decimal(6000), line_amount=Money(27000000, "CNY"), tax=Money(3510000, "CNY")
    )
    assert DOCS["invoice"].totals is not None
    less = {"line_total": 61475000, "tax": 7991750, "payable": 69466750}
    totals = replace(DOCS["invoice"].totals, **{name: Money(minor, "CNY") for name, minor in less.items()})
    made = orders.invoice(RECEIVED, replace(DOCS["invoice"], lines=(part, DOCS["invoice"].lines[1]), totals=totals))
    assert isinstance(made, orders.Invoiced), made
    assert (made.face.minor, made.order.invoiced) == (69466750, 69466750)
    assert made.order.received > made.order.invoiced


def test_uninvoice__before_confirmation__goods_can_be_invoiced_again() -> None:
    order = done(orders.uninvoice(INVOICED, Money(99976750, "CNY"), BILLED))
    assert order.invoiced == 0
    assert billed(orders.invoice(order, DOCS["invoice"])).invoiced == 99976750


def test_uninvoice__after_confirmation__amount_above_invoiced() -> None:
    order = done(orders.confirm(INVOICED, Money(1, "CNY")))
    assert code(orders.uninvoice(order, Money(99976750, "CNY"), BILLED)) == "amount_above_invoiced"


def test_confirm__more_than_invoiced__confirmation_above_invoiced() -> None:
    assert code(orders.confirm(INVOICED, Money(99976751, "CNY"))) == "confirmation_above_invoiced"
    assert code(orders.confirm(INVOICED, Money(0, "CNY"))) == "amount_not_positive"
    assert code(orders.confirm(INVOICED, Money(1, "USD"))) == "currency_mismatch"


def test_amend__before_despatch__restated_and_to_be_acknowledged_again() -> None:
    more = samples.trade(date(2026, 11, 21), "INV-1")["order"].decode()
    order = done(orders.amend(ACKNOWLEDGED, read(more.encode(), source="o.xml")))
    assert order.state is State.POSTED
    assert code(orders.despatch(order, DOCS["despatch"])) == "order_state_wrong"


def test_amend__quantity_cut_but_not_below_the_despatched__kept() -> None:
    order = done(orders.despatch(ACKNOWLEDGED, with_quantity(DOCS["despatch"], 6000, 0)))
    half = replace(
        DOCS["order"].lines[0], quantity=Decimal(6000), line_amount=Money(27000000, "CNY"), tax=Money(3510000, "CNY")
    )
    assert DOCS["order"].totals is not None
    totals = replace(DOCS["order"].totals, line_total=Money(61475000, "CNY"), tax=Money(7991750, "CNY"))
    cut = replace(DOCS["order"], lines=(half, DOCS["order"].lines[1]), totals=totals)
    amended = done(orders.amend(order, cut))
    assert (amended.ordered, amended.despatched) == (69466750, 30510000)


@pytest.mark.parametrize(
    "change",
    [
        {"quantity": Decimal(5999)},
        {"unit_code": "H87"},
        {"line_amount": Money(40000000, "CNY")},
    ],
)
def test_amend__what_is_on_its_way_changes__order_changed_after_despatch(change: dict[str, object]) -> None:
    order = done(orders.despatch(ACKNOWLEDGED, with_quantity(DOCS["despatch"], 6000, 0)))
    first = replace(DOCS["order"].lines[0], **change)  # type: ignore[arg-type]  # any field of a line
    changed = replace(DOCS["order"], lines=(first, DOCS["order"].lines[1]))
    if "line_amount" in change:
        assert changed.totals is not None
        changed = replace(changed, totals=replace(changed.totals, line_total=Money(74475000, "CNY")))
    assert code(orders.amend(order, changed)) == "order_changed_after_despatch"


def test_amend__despatched_line_left_out__order_changed_after_despatch() -> None:
    assert DOCS["order"].totals is not None
    totals = replace(DOCS["order"].totals, line_total=Money(34475000, "CNY"), tax=Money(4481750, "CNY"))
    changed = replace(DOCS["order"], lines=DOCS["order"].lines[1:], totals=totals)
    assert code(orders.amend(DESPATCHED, changed)) == "order_changed_after_despatch"


def test_amend__change_that_leaves_a_line_out__amendment_incomplete() -> None:
    change = replace(
        DOCS["order"], kind=DocumentKind.ORDER_CHANGE, lines=DOCS["order"].lines[:1],
        references=References(orders=(DOCS["order"].id,)),
    )  # fmt: skip
    assert code(orders.amend(ACKNOWLEDGED, change)) == "amendment_incomplete"


def test_cancel__after_despatch__order_changed_after_despatch() -> None:
    assert code(orders.cancel(DESPATCHED)) == "order_changed_after_despatch"


def test_cancel__before_despatch__nothing_more_is_possible() -> None:
    order = done(orders.cancel(ACKNOWLEDGED))
    assert order.state is State.CANCELLED
    assert code(orders.cancel(order)) == "order_state_wrong"


ACTS: dict[str, Callable[[Order], object]] = {
    "acknowledge": lambda o: orders.acknowledge(o, DOCS["response"]),
    "amend": lambda o: orders.amend(o, DOCS["order"]),
    "cancel": orders.cancel,
    "despatch": lambda o: orders.despatch(o, DOCS["despatch"]),
    "receive": lambda o: orders.receive(o, DOCS["receipt"]),
    "invoice": lambda o: orders.invoice(o, DOCS["invoice"]),
    "uninvoice": lambda o: orders.uninvoice(o, Money(1, "CNY"), {}),
    "confirm": lambda o: orders.confirm(o, Money(1, "CNY")),
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("state", State)
def test_transitions__act_not_in_the_table__order_state_wrong(state: State, act: str) -> None:
    result = ACTS[act](replace(POSTED, state=state))
    refused = isinstance(result, Refusal) and result.code == "order_state_wrong"
    assert refused is ((state, act) not in orders.TRANSITIONS)
