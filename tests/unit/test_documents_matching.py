"""The three-way match, line by line: what is financed, what is withheld and why."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from chainfin import samples
from chainfin.documents import Document, LegalId, Line, Party, References, read
from chainfin.documents.crediting import dilution
from chainfin.documents.line_values import line_values
from chainfin.documents.matching import Match, match, order_gross, same_party, share
from chainfin.errors import Refusal
from chainfin.values.money import Money


def trade(*, overinvoiced: bool = False) -> dict[str, Document]:
    files = samples.trade(date(2026, 11, 21), "INV-1", overinvoiced=overinvoiced)
    return {name: read(data, source=name) for name, data in files.items()}


DOCS = trade()
ORDER, RECEIPT, INVOICE, NOTE = DOCS["order"], DOCS["receipt"], DOCS["invoice"], DOCS["credit_note"]


def matched(order: Document, receipts: list[Document], invoice: Document, **more: list[Document]) -> Match:
    found = match(order, receipts, invoice, **more)
    assert isinstance(found, Match), found
    return found


def with_line(document: Document, place: int, **changes: object) -> Document:
    lines = list(document.lines)
    lines[place] = replace(lines[place], **changes)  # type: ignore[arg-type]  # any field of a line
    return replace(document, lines=tuple(lines))


def test_match__all_received__the_whole_payable() -> None:
    found = matched(ORDER, [RECEIPT], INVOICE)
    assert found.complete
    assert found.matched_amount == Money(99976750, "CNY")
    assert found.shortfalls == ()


def test_match__invoice_above_received__shortfall_named_and_worth_its_line() -> None:
    found = matched(ORDER, [trade(overinvoiced=True)["receipt"]], INVOICE)
    (item,) = found.shortfalls
    assert (item.missing, item.unit, item.order_line) == (Decimal(500), "KGM", "2")
    assert str(item.amount_withheld) == str(found.withheld) == samples.OVERINVOICED_WITHHELD
    assert found.matched_amount + found.withheld == found.payable


def test_match__two_receipts__quantities_add_up() -> None:
    half = with_line(with_line(RECEIPT, 0, quantity=Decimal(6000)), 1, quantity=Decimal(2500))
    assert matched(ORDER, [half, half], INVOICE).complete
    assert matched(ORDER, [half], INVOICE).matched_amount == Money(49988375, "CNY")


def test_match__nothing_received__nothing_financed() -> None:
    assert matched(ORDER, [], INVOICE).matched_amount == Money(0, "CNY")


def test_match__received_more_than_ordered__only_the_order_counts() -> None:
    more = with_line(RECEIPT, 1, quantity=Decimal(9000))
    billed = with_line(INVOICE, 1, quantity=Decimal(6000))
    found = matched(ORDER, [more], billed)
    assert [item.reason for item in found.shortfalls] == ["above_order"]
    assert found.lines[1].quantity == Decimal(5000)


def test_match__goods_rejected__not_financed() -> None:
    found = matched(ORDER, [with_line(RECEIPT, 0, rejected=Decimal(1200))], INVOICE)
    assert found.withheld == Money(6102000, "CNY")


def test_match__same_goods_invoiced_before__nothing_left() -> None:
    again = replace(INVOICE, id="INV-2")
    assert matched(ORDER, [RECEIPT], again, earlier=[INVOICE]).matched_amount == Money(0, "CNY")


def test_match__invoiced_above_the_order_price__capped_at_the_order() -> None:
    dear = replace(ORDER, lines=tuple(replace(line, line_amount=Money(line.line_amount.minor // 2, "CNY"), tax=None)
                                      for line in ORDER.lines if line.line_amount))  # fmt: skip
    assert ORDER.totals is not None
    halved = replace(ORDER.totals, line_total=Money(44237500, "CNY"), tax=Money(0, "CNY"))
    found = matched(replace(dear, totals=halved), [RECEIPT], INVOICE)
    assert found.matched_amount == Money(44237500, "CNY")
    assert {item.reason for item in found.shortfalls} == {"above_order_price"}


def test_match__item_not_ordered__line_withheld_whole() -> None:
    strange = with_line(INVOICE, 1, order_line_ref="9")
    found = matched(ORDER, [RECEIPT], strange)
    assert [(item.reason, item.order_line) for item in found.shortfalls] == [("not_ordered", None)]
    assert found.matched_amount == Money(61020000, "CNY")


def test_match__no_line_reference__told_by_an_item_id_or_by_number_and_description() -> None:
    by_item = replace(RECEIPT, lines=tuple(replace(line, id=f"R{line.id}", order_line_ref=None)
                                           for line in RECEIPT.lines))  # fmt: skip
    assert matched(ORDER, [by_item], INVOICE).complete
    bare = replace(RECEIPT, lines=tuple(Line(line.id, quantity=line.quantity, unit_code=line.unit_code)
                                        for line in RECEIPT.lines))  # fmt: skip
    guess = match(ORDER, [bare], INVOICE)
    assert isinstance(guess, Refusal)
    assert guess.code == "line_unplaced", "a number alone says nothing: the line may be any"
    named = replace(bare, lines=tuple(replace(line, description=f" {ordered.description}".upper())
                                      for line, ordered in zip(bare.lines, ORDER.lines, strict=True)))  # fmt: skip
    assert matched(ORDER, [named], INVOICE).complete
    swapped = replace(
        bare,
        lines=tuple(replace(line, id=ordered.id) for line, ordered in zip(named.lines, ORDER.lines[::-1], strict=True)),
    )
    other = match(ORDER, [swapped], INVOICE)
    assert isinstance(other, Refusal)
    assert other.code == "line_unplaced"


@pytest.mark.parametrize("stated", ["buyers_item_id", "sellers_item_id", "standard_item_id"])
@pytest.mark.parametrize("reference", [True, False])
def test_match__line_contradicted_by_an_item_id__refused(stated: str, reference: bool) -> None:
    """Whatever else of the line agrees: somebody meant another thing."""
    changes: dict[str, str | None] = {stated: "6909999999998"} | ({} if reference else {"order_line_ref": None})
    found = match(with_line(ORDER, 0, standard_item_id="6901234567892"), [with_line(RECEIPT, 0, **changes)], INVOICE)
    assert isinstance(found, Refusal)
    assert found.code == "line_contradicted"


@pytest.mark.parametrize(
    ("ordered", "moved", "times"),
    [("KGM", "TNE", "0.001"), ("C62", "EA", "1"), ("EA", "H87", "1"), ("H87", "C62", "1"), ("GRM", "KGM", "0.001")],
)
def test_match__units_that_convert_by_definition__are_converted(ordered: str, moved: str, times: str) -> None:
    order, invoice = (with_line(each, 0, unit_code=ordered) for each in (ORDER, INVOICE))
    quantity = RECEIPT.lines[0].quantity
    assert quantity is not None
    receipt = with_line(RECEIPT, 0, unit_code=moved, quantity=quantity * Decimal(times))
    assert matched(order, [receipt], invoice).complete
    less = with_line(RECEIPT, 0, unit_code=moved, quantity=(quantity - 1000) * Decimal(times))
    assert not matched(order, [less], invoice).complete


def test_match__of_a_third_of_the_units_last_decimal__is_not_rounded() -> None:
    order = with_line(ORDER, 0, unit_code="DZN")
    found = match(order, [with_line(RECEIPT, 0, unit_code="EA", quantity=Decimal(100))], INVOICE)
    assert isinstance(found, Refusal)
    assert found.code == "unit_mismatch"


def test_match__invoice_for_two_orders__its_parts_add_up_to_the_whole() -> None:
    both = replace(INVOICE, references=References(orders=("PO-INV-1", "PO-9")))
    first, second = (with_line(both, 1, order_ref=name) for name in ("PO-9", "PO-INV-1"))
    of_first = matched(ORDER, [RECEIPT], first)
    values = line_values(INVOICE)
    assert of_first.payable == of_first.matched_amount == values["1"]
    assert [item.order_line for item in of_first.lines] == ["1"]
    assert matched(ORDER, [RECEIPT], second).payable == INVOICE.claim
    elsewhere = replace(with_line(RECEIPT, 0, order_ref="PO-9"), references=both.references)
    assert matched(ORDER, [elsewhere], INVOICE).matched_amount == values["2"], "another order's isn't this one's"


def test_match__prepaid_invoice_for_two_orders__refused() -> None:
    assert INVOICE.totals is not None
    prepaid = replace(INVOICE.totals, prepaid=Money(100, "CNY"), payable=INVOICE.totals.payable - Money(100, "CNY"))
    both = replace(INVOICE, references=References(orders=("PO-INV-1", "PO-9")), totals=prepaid)
    found = match(ORDER, [RECEIPT], with_line(both, 1, order_ref="PO-9"))
    assert isinstance(found, Refusal)
    assert found.code == "invoice_orders_several"


def test_match__prepaid_in_part__the_prepayment_pays_the_delivered_goods_first() -> None:
    assert INVOICE.totals is not None
    prepaid = replace(INVOICE.totals, prepaid=Money(50000000, "CNY"), payable=Money(49976750, "CNY"))
    billed = replace(INVOICE, totals=prepaid)
    assert matched(ORDER, [RECEIPT], billed).matched_amount == Money(49976750, "CNY")
    half = with_line(with_line(RECEIPT, 0, quantity=Decimal(6000)), 1, quantity=Decimal(2500))
    assert matched(ORDER, [half], billed).matched_amount == Money(0, "CNY")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: replace(d, references=References()), "order_reference_missing"),
        (lambda d: replace(d, references=References(orders=("PO-9",))), "order_reference_mismatch"),
        (lambda d: replace(d, currency="USD"), "currency_mismatch"),
        (lambda d: replace(d, seller=d.buyer), "party_mismatch"),
        (lambda d: replace(d, buyer=Party("Nobody")), "party_mismatch"),
        (lambda d: with_line(d, 1, unit_code="XBX"), "unit_mismatch"),
    ],
)
def test_match__document_of_another_trade__refused(change: Callable[[Document], Document], code: str) -> None:
    found = match(ORDER, [RECEIPT], change(INVOICE))
    assert isinstance(found, Refusal)
    assert found.code == code


def test_match__item_ordered_twice__line_ambiguous() -> None:
    twice = with_line(ORDER, 1, buyers_item_id="BR-45-001", unit_code="EA")
    found = match(twice, [], with_line(INVOICE, 0, id="A", order_line_ref=None))
    assert isinstance(found, Refusal)
    assert found.code == "line_ambiguous"


def test_same_party__identifier_differs__not_the_same_whatever_the_name() -> None:
    one, other = Party("Acme", (LegalId("legal", "1"),)), Party("Acme", (LegalId("legal", "2"),))
    assert not same_party(one, other)
    assert same_party(one, Party("ACME "))


def test_line_values__sample_order__add_up_to_the_gross_value() -> None:
    values = line_values(ORDER)
    assert values == {"1": Money(61020000, "CNY"), "2": Money(38956750, "CNY")}
    assert sum(value.minor for value in values.values()) == order_gross(ORDER).minor


def test_dilution__sample_credit_note__its_payable_amount() -> None:
    assert dilution(INVOICE, NOTE) == Money(779135, "CNY")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda _: INVOICE, "document_kind_wrong"),
        (lambda d: replace(d, references=References()), "invoice_reference_missing"),
        (lambda d: replace(d, references=References(invoices=("INV-9",))), "invoice_reference_mismatch"),
        (lambda d: replace(d, seller=d.buyer), "party_mismatch"),
        (lambda d: replace(d, currency="USD"), "currency_mismatch"),
    ],
)
def test_dilution__credit_note_of_another_invoice__refused(change: Callable[[Document], Document], code: str) -> None:
    found = dilution(INVOICE, change(NOTE))
    assert isinstance(found, Refusal)
    assert found.code == code


def test_dilution__more_than_is_left__credit_above_invoice() -> None:
    found = dilution(INVOICE, NOTE, earlier=[NOTE] * 128)
    assert isinstance(found, Refusal)
    assert found.code == "credit_above_invoice"


def test_share__one_of_three__rounded_down() -> None:
    assert share(Money(100, "CNY"), Decimal(1), Decimal(3)) == Money(33, "CNY")
    assert share(Money(200, "CNY"), Decimal("0.5"), Decimal("1.5")) == Money(66, "CNY")
    assert share(Money(100, "CNY"), Decimal(3), Decimal(3)) == Money(100, "CNY")
    assert share(Money(100, "CNY"), Decimal(0), Decimal(0)) == Money(0, "CNY")


def test_match__two_invoice_lines_for_one_order_line__received_goods_count_once() -> None:
    same = {name: getattr(ORDER.lines[0], name) for name in ("buyers_item_id", "sellers_item_id", "standard_item_id")}
    twin = with_line(with_line(INVOICE, 0, quantity=Decimal(12000)), 1, order_line_ref="1", unit_code="EA", **same)
    found = matched(ORDER, [RECEIPT], twin)
    assert [(item.line, item.received) for item in found.shortfalls] == [("2", Decimal(0))]
    assert found.matched_amount == Money(61020000, "CNY")
