"""Laws of the decisions: sums, bounds, replay, detection of any change, determinism."""

from __future__ import annotations

import copy
import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from chainfin.risk import (
    DecisionRecord,
    InvoiceRow,
    decide_general,
    decide_inventory,
    decide_receivable,
    replay,
    summarise_invoices,
)
from chainfin.risk.canon import canonical_bytes
from chainfin.risk.terms import cost, least_base, share
from chainfin.values.money import Money, xirr
from tests.unit.risk_samples import TODAY, general_inputs, inventory_inputs, receivable_inputs

# Decent cases are mostly approved, wild ones mostly declined: both are drawn.
GRADES = {True: st.sampled_from("ABC"), False: st.sampled_from(["A", "B", "C", "D", None])}
AMOUNTS = {True: st.integers(1_000_00, 10_000_000_00), False: st.integers(1, 10**9) | st.integers(1, 2**63 - 1)}
ROOMS = {True: st.integers(1_000_00, 10**12), False: st.integers(-(10**6), 10**12)}


def headrooms(decent: bool) -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(ROOMS[decent], max_size=3).map(
        lambda values: [{"key": f"limit:{n}", "headroom_minor": value} for n, value in enumerate(values)]
    )


@st.composite
def histories(draw: st.DrawFn) -> dict[str, Any]:
    count, total = draw(st.integers(0, 500)), draw(st.integers(0, 10**12))
    settled, invoices = draw(st.integers(0, count)), draw(st.integers(0, 500))
    days = draw(st.none() | st.integers(0, 5_000))
    return {
        "first_trade_on": None if days is None else TODAY - dt.timedelta(days=days),
        "receivables_count": count,
        "receivables_minor": total,
        "settled_count": settled,
        "late_count": draw(st.integers(0, settled)),
        "disputed_count": draw(st.integers(0, count)),
        "diluted_minor": draw(st.integers(0, total)),
        "invoices_count": invoices,
        "invoices_cancelled_count": draw(st.integers(0, invoices)),
        "counterparties_count": draw(st.integers(0, 50)),
        "largest_counterparty_minor": draw(st.integers(0, total)),
    }


@st.composite
def receivables(draw: st.DrawFn, decent: bool) -> dict[str, Any]:
    face = draw(AMOUNTS[decent])
    return receivable_inputs(
        **{
            "application.amount_minor": draw(AMOUNTS[decent]),
            "application.days": draw(st.none() | st.integers(1, 400)),
            "receivable.face_minor": face,
            "receivable.free_minor": draw(st.integers(face // 2 if decent else 0, face)),
            "receivable.ordered_minor": 2**63 - 1 if decent else draw(AMOUNTS[decent]),
            "receivable.received_minor": face if decent else draw(AMOUNTS[decent]),
            "receivable.invoiced_minor": face if decent else draw(AMOUNTS[decent]),
            "receivable.confirmed": decent or draw(st.booleans()),
            "receivable.due_on": TODAY
            + dt.timedelta(days=draw(st.integers(7, 184) if decent else st.integers(-10, 400))),
            "borrower.assigned_grade": draw(GRADES[decent]),
            "borrower.history": {} if decent else draw(histories()),
            "debtor.assigned_grade": draw(GRADES[decent]),
            "debtor.history": {} if decent else draw(histories()),
            "limits": draw(headrooms(decent)),
        }
    )


@st.composite
def inventories(draw: st.DrawFn, decent: bool) -> dict[str, Any]:
    quantity = draw(st.integers(1_000 if decent else 0, 10**9))
    core = {"core": {"party": "core", "assigned_grade": draw(GRADES[decent])}, "covers_minor": draw(AMOUNTS[decent])}
    return inventory_inputs(
        **{
            "application.amount_minor": draw(AMOUNTS[decent]),
            "application.days": draw(st.integers(7, 180)),
            "receipt.quantity_thousandths": quantity,
            "receipt.free_thousandths": draw(st.integers(quantity // 2 if decent else 0, quantity)),
            "receipt.commodity_class": draw(st.sampled_from(["standard", "branded", "perishable"])),
            "price.price_minor": draw(st.integers(100_00, 10**9) if decent else st.integers(1, 10**9)),
            "price.fall_bps": 0 if decent else draw(st.integers(0, 4_000)),
            "borrower.history": {} if decent else draw(histories()),
            "buy_back": draw(st.none() | st.just(core)),
            "limits": draw(headrooms(decent)),
        }
    )


@st.composite
def shops(draw: st.DrawFn, decent: bool) -> dict[str, Any]:
    row = st.builds(
        InvoiceRow,
        on=st.dates(dt.date(2025, 6, 1), TODAY),
        counterparty=st.sampled_from("abcdef"),
        total_minor=st.integers(1, 10**8) | st.integers(-(10**7), 10**11),
        tax_minor=st.integers(-(10**5), 10**9),
        direction=st.sampled_from(["out", "out", "in"]),
        void=st.sampled_from([False, False, False, True]),
    )
    # steady customers under the noise, or nothing but noise
    steady = draw(st.integers(10_000_00, 10**8)) if decent else 0
    months = [dt.date(2025 + number // 12, number % 12 + 1, 5) for number in range(5, 22)]
    regular = [InvoiceRow(on, name, steady, steady // 20, "out") for on in months for name in "ghij" if steady]
    rows = [*draw(st.lists(row, max_size=3 if decent else 40)), *regular]
    return general_inputs(
        **{
            "sales": summarise_invoices(rows, "CNY", TODAY).json_dict(),
            "application.amount_minor": draw(AMOUNTS[decent]),
            "other_debt_minor": 0 if decent else draw(st.integers(0, 10**9)),
            "borrower.assigned_grade": draw(GRADES[decent]),
            "limits": draw(headrooms(decent)),
        }
    )


MAKERS: tuple[tuple[Callable[..., DecisionRecord], Callable[[bool], st.SearchStrategy[dict[str, Any]]]], ...] = (
    (decide_receivable, receivables),
    (decide_inventory, inventories),
    (decide_general, shops),
)
DECISIONS = st.one_of(
    [st.tuples(st.just(decide), make(decent)) for decide, make in MAKERS for decent in (True, True, False)]
)


@settings(max_examples=150, deadline=None)
@given(shops(True) | shops(False))
def test_limit__any_sales__parts_add_up_to_the_fen(inputs: dict[str, Any]) -> None:
    outcome = decide_general(inputs).as_dict()["outcome"]
    limit = int(outcome["limit_minor"])
    assert sum(int(part["amount_minor"]) for part in outcome["limit_parts"]) == limit
    assert 0 <= limit <= 3_000_000_00
    assert limit % 100_00 == 0
    assert all(part["en"] and part["zh"] and "{" not in part["en"] + part["zh"] for part in outcome["limit_parts"])


@settings(max_examples=200, deadline=None)
@given(DECISIONS)
def test_amount__any_decision__within_every_bound(case: tuple[Callable[..., DecisionRecord], dict[str, Any]]) -> None:
    decide, inputs = case
    record = decide(inputs)
    data, outcome = record.as_dict()["outcome"], record.outcome
    amount = outcome.amount_minor
    if outcome.refusals:
        assert (outcome.decision, amount, outcome.binding) == ("declined", 0, None)
        return
    assert 0 < amount <= inputs["application"]["amount_minor"]
    assert all(amount <= int(limit["headroom_minor"]) for limit in inputs["limits"])
    assert amount == min(int(bound["amount_minor"]) for bound in data["bounds"])
    assert amount == next(int(bound["amount_minor"]) for bound in data["bounds"] if bound["name"] == outcome.binding)
    if outcome.limit_minor is not None:
        assert amount <= outcome.limit_minor
    if outcome.advance_rate is not None:
        assert amount <= int(data["base_minor"]) * outcome.advance_rate
    if outcome.pledge_minor is not None:
        assert amount <= outcome.pledge_minor <= inputs["receivable"]["free_minor"]
    if outcome.pledge_thousandths is not None:
        assert 0 < outcome.pledge_thousandths <= inputs["receipt"]["free_thousandths"]
    assert outcome.yearly_rate is not None
    assert outcome.yearly_rate <= Decimal("0.24")


@settings(max_examples=150, deadline=None)
@given(DECISIONS)
def test_replay__any_record__byte_equal(case: tuple[Callable[..., DecisionRecord], dict[str, Any]]) -> None:
    decide, inputs = case
    record = decide(inputs)
    result = replay(json.loads(record.canonical), expected_hash=record.hash())
    assert result.ok, result
    assert decide(copy.deepcopy(inputs)).canonical == record.canonical
    assert decide(record.as_dict()["inputs"]).canonical == record.canonical
    assert record.canonical == rfc8785.dumps(record.as_dict())


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    return [path] if items is None else [leaf for key, item in items for leaf in _leaves(item, (*path, key))]


def _other(value: Any, draw: st.DrawFn) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + draw(st.sampled_from([-1, 1, 1000]))
    if isinstance(value, str) and value.isdigit():
        return str(int(value) + draw(st.sampled_from([-1, 1, 1000])))
    return draw(st.sampled_from(["", "x", None, 0, True]).filter(lambda other: other is not value and other != value))


@settings(max_examples=200, deadline=None)
@given(DECISIONS, st.data())
def test_change__any_single_value_of_a_record__detected(
    case: tuple[Callable[..., DecisionRecord], dict[str, Any]], data: st.DataObject
) -> None:
    decide, inputs = case
    record = decide(inputs)
    content = record.as_dict()
    *path, last = data.draw(st.sampled_from(_leaves(content)))
    part: Any = content
    for step in path:
        part = part[step]
    part[last] = data.draw(st.composite(lambda draw: _other(part[last], draw))())
    result = replay(content, expected_hash=record.hash())
    assert not result.ok
    assert result.code in {
        "decision_mismatch", "decision_policy_unknown", "decision_model_unknown", "decision_record_malformed",
    }  # fmt: skip
    assert result.hash != record.hash()
    if path and path[0] != "inputs":
        # what isn't an input follows from the inputs: found even without the anchored hash
        assert not replay(content).ok


@settings(max_examples=200, deadline=None)
@given(
    st.integers(1, 10**15),
    st.integers(1, 400),
    st.decimals(0, "0.23", places=6),
    st.decimals(0, "0.05", places=6),
)
def test_cost__any_loan__fee_never_breaks_the_cap(amount: int, days: int, rate: Decimal, fee_rate: Decimal) -> None:
    cap = Decimal("0.24")
    found = cost(amount, days, rate, fee_rate, cap)
    assert 0 <= found.fee_minor <= amount * fee_rate
    assert abs(found.interest_minor - Fraction(amount) * Fraction(rate) * days / 360) <= Fraction(1, 2)
    flows = [
        (TODAY, Money(amount - found.fee_minor, "CNY")),
        (TODAY + dt.timedelta(days=days), Money(-amount - found.interest_minor, "CNY")),
    ]
    yearly = xirr(flows, places=6)
    assert 0 <= found.yearly_rate - yearly <= Decimal("0.000001")
    assert found.within_cap == (yearly <= cap) or abs(yearly - cap) <= Decimal("0.000001")
    if found.within_cap:
        assert found.yearly_rate <= cap


@given(st.integers(0, 2**63 - 1), st.decimals("0.0001", 1, places=4))
def test_least_base__any_amount__is_the_least(amount: int, rate: Decimal) -> None:
    base = least_base(amount, rate)
    assert share(base, rate) >= amount
    assert base == 0 or share(base - 1, rate) < amount


@given(st.integers(0, 10**12), st.integers(0, 10**10))
def test_headroom__more_of_it__never_a_smaller_amount(headroom: int, more: int) -> None:
    def amount(room: int) -> int:
        limits = [{"key": "borrower", "headroom_minor": room}]
        return decide_receivable(receivable_inputs(limits=limits)).outcome.amount_minor

    assert amount(headroom) <= amount(headroom + more)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(max_codepoint=127), max_size=8), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(JSON)
def test_canonical_bytes__any_json_without_floats__are_rfc_8785(value: object) -> None:
    assert canonical_bytes(value) == rfc8785.dumps(value)  # type: ignore[arg-type]  # JSON by construction


@settings(deadline=None)
@given(receivables(True) | receivables(False))
def test_scores__any_parties__base_and_parts_add_up(inputs: dict[str, Any]) -> None:
    for score in decide_receivable(inputs).as_dict()["scores"].values():
        assert score["base_points"] + sum(part["points"] for part in score["parts"]) == score["points"]
