"""A heap of documents sorted into trades."""

from dataclasses import replace
from datetime import date

from chainfin import samples
from chainfin.documents import Document, DocumentKind, References, read
from chainfin.documents.trades import assemble


def trade(number: str) -> dict[str, Document]:
    files = samples.trade(date(2026, 11, 21), number)
    return {name: read(data, source=name) for name, data in files.items()}


ONE, TWO = trade("INV-1"), trade("INV-2")


def test_assemble__two_trades_mixed__each_has_its_own() -> None:
    heap = assemble([*reversed(TWO.values()), *ONE.values()])
    by_order = {found.order.id: found for found in heap.trades}
    assert set(by_order) == {"PO-INV-1", "PO-INV-2"}
    found = by_order["PO-INV-2"]
    assert (found.responses, found.despatches, found.receipts) == (
        (TWO["response"],), (TWO["despatch"],), (TWO["receipt"],)
    )  # fmt: skip
    assert (found.invoices, found.credit_notes) == ((TWO["invoice"],), (TWO["credit_note"],))
    assert found.can_be_financed
    assert heap.left_over == ()


def test_assemble__copy_and_forgery__left_over_and_named() -> None:
    forged = replace(ONE["invoice"], due_date=date(2027, 1, 1))
    heap = assemble([*ONE.values(), ONE["invoice"], forged])
    assert [reason for _, reason in heap.left_over] == ["copy", "same_id_other_content"]
    assert heap.trades[0].invoices == (ONE["invoice"],)


def test_assemble__order_unknown__left_over() -> None:
    heap = assemble([ONE["order"], replace(ONE["receipt"], references=References(orders=("PO-9",)))])
    assert [reason for _, reason in heap.left_over] == ["no_order"]
    assert not heap.trades[0].can_be_financed


def test_assemble__seller_rejected__can_not_be_financed() -> None:
    heap = assemble([*(ONE | {"response": replace(ONE["response"], accepted=False)}).values()])
    assert not heap.trades[0].can_be_financed


def test_assemble__order_cancelled__can_not_be_financed() -> None:
    cancellation = replace(ONE["response"], kind=DocumentKind.ORDER_CANCELLATION, id="X-1", accepted=None)
    (found,) = assemble([*ONE.values(), cancellation]).trades
    assert found.changes == (cancellation,)
    assert not found.can_be_financed
