"""Amounts, terms and bad inputs of the decisions on the three products."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from chainfin.errors import BadInput
from chainfin.risk import decide_general, decide_inventory, decide_receivable
from tests.unit.risk_samples import TODAY, general_inputs, inventory_inputs, receivable_inputs


@pytest.mark.parametrize(
    ("change", "amount", "binding"),
    [
        ({}, 80_000_00, "requested"),
        ({"application.amount_minor": 100_000_00}, 90_000_00, "advance"),
        # 90 % of 333.35 is 300.015: rounded down
        ({"application.amount_minor": 100_000_00, "receivable.free_minor": 333_35}, 300_01, "advance"),
        ({"limits": [{"key": "borrower", "headroom_minor": 70_000_00}]}, 70_000_00, "headroom:borrower"),
        (
            {"limits": [{"key": "a", "headroom_minor": 70_000_00}, {"key": "b", "headroom_minor": 60_000_01}]},
            60_000_01,
            "headroom:b",
        ),
    ],
)
def test_receivable_amount__each_bound__smallest_binds(change: dict[str, Any], amount: int, binding: str) -> None:
    outcome = decide_receivable(receivable_inputs(**change)).outcome
    assert (outcome.amount_minor, outcome.binding) == (amount, binding)


def test_receivable_amount__huge_receivable__policy_cap_binds() -> None:
    huge = 2**62
    names = ("face_minor", "free_minor", "ordered_minor", "received_minor", "invoiced_minor")
    change = {f"receivable.{name}": huge for name in names}
    record = decide_receivable(receivable_inputs(**change, **{"application.amount_minor": huge, "limits": []}))
    assert (record.outcome.amount_minor, record.outcome.binding) == (200_000_000_00, "policy_cap")
    assert record.as_dict()["outcome"]["base_minor"] == str(huge)


def test_receivable__ten_kilos_missing__lends_on_received_and_says_so() -> None:
    """100 kg invoiced, 90 received: the receivable is issued for the 90, the loan rests on the 90."""
    change = {"receivable.face_minor": 90_00, "receivable.free_minor": 90_00, "receivable.ordered_minor": 100_00}
    change |= {"receivable.received_minor": 90_00, "receivable.invoiced_minor": 100_00}
    record = decide_receivable(receivable_inputs(**change, **{"application.currency": "GBP"}))
    assert record.outcome.approved
    assert record.outcome.amount_minor == 81_00
    (note,) = record.outcome.notes
    assert note.code == "received_less_than_invoiced"
    assert (note.proof["received_minor"], note.proof["invoiced_minor"]) == ("9000", "10000")


def test_receivable_terms__grade_a_debtor__rate_fee_interest_and_pledge() -> None:
    outcome = decide_receivable(receivable_inputs()).outcome
    assert outcome.advance_rate == Decimal("0.9000")
    assert outcome.annual_rate == Decimal("0.052000")  # debtor A, borrower C (thin file), 60 days
    assert outcome.interest_minor == 69_333  # 8,000,000 × 0.052 × 60 / 360 = 69,333.33…
    assert outcome.fee_minor == 4_000  # 0.05 %
    assert outcome.pledge_minor == 8_888_889  # 8,000,000 / 0.9, up
    assert outcome.yearly_rate == Decimal("0.057109")  # (8,069,333 / 7,996,000) ^ (365 / 60) − 1 = 0.05710839…, up


def test_receivable_maturity__days_asked__never_after_due_date() -> None:
    assert decide_receivable(receivable_inputs()).outcome.maturity_on == TODAY + dt.timedelta(days=60)
    for days in (None, 200):
        outcome = decide_receivable(receivable_inputs(**{"application.days": days})).outcome
        assert outcome.maturity_on == dt.date(2027, 2, 8)
        assert outcome.loan_days == 80


def test_receivable__business_date_given__goes_before_utc_day() -> None:
    record = decide_receivable(receivable_inputs(business_date=dt.date(2026, 11, 21)))
    assert record.outcome.maturity_on == dt.date(2027, 1, 20)
    assert record.as_dict()["inputs"]["business_date"] == "2026-11-21"


def test_fee__small_short_loan__cut_to_all_in_cap() -> None:
    """The fee never lifts the yearly cost above the cap."""
    change = {"application.days": 1, "application.amount_minor": 1_000_00}
    outcome = decide_receivable(receivable_inputs(**change)).outcome
    # 0.05 % of 1,000.00 would be 0.50, but 100,014 / 1.24 ^ (1 / 365) leaves 44 fen
    assert (outcome.interest_minor, outcome.fee_minor) == (14, 44)
    assert outcome.yearly_rate is not None
    assert outcome.yearly_rate <= Decimal("0.24")
    longer = decide_receivable(receivable_inputs(**(change | {"application.days": 7}))).outcome
    assert longer.fee_minor == 50


def test_inventory_amount__value_times_rate__and_least_quantity() -> None:
    outcome = decide_inventory(inventory_inputs(**{"application.amount_minor": 10_000_000_00})).outcome
    value = 40 * 20_123_45
    assert outcome.amount_minor == value * 7 // 10
    assert outcome.binding == "advance"
    assert outcome.pledge_thousandths == 40_000
    part = decide_inventory(inventory_inputs()).outcome.pledge_thousandths
    assert part is not None
    assert part * 20_123_45 // 1000 * 7 // 10 >= 80_000_00 > (part - 1) * 20_123_45 // 1000 * 7 // 10


def test_inventory__buy_back_by_good_core__better_rate_but_bounded() -> None:
    core = {"core": {"party": "core", "assigned_grade": "A"}, "covers_minor": 50_000_00}
    outcome = decide_inventory(inventory_inputs(buy_back=core)).outcome
    assert outcome.advance_rate == Decimal("0.7500")
    assert (outcome.amount_minor, outcome.binding) == (50_000_00, "buy_back")
    assert (outcome.margin_call_rate, outcome.liquidation_rate) == (Decimal("0.8200"), Decimal("0.9000"))
    assert (outcome.cure_days, outcome.cure_rate) == (3, Decimal("0.7850"))


def test_inventory__perishable__a_day_to_meet_a_call_and_none_named_before_version_3() -> None:
    milk = inventory_inputs(**{"receipt.commodity_class": "perishable", "receipt.best_before": dt.date(2027, 1, 1)})
    assert decide_inventory(milk).outcome.cure_days == 1
    assert decide_inventory(milk, "inventory-v2").outcome.cure_days is None


def test_inventory__cure_rate__between_granting_and_call_and_none_named_before_version_4() -> None:
    outcome = decide_inventory(inventory_inputs()).outcome
    assert (outcome.advance_rate, outcome.cure_rate, outcome.margin_call_rate) == (
        Decimal("0.7000"), Decimal("0.7400"), Decimal("0.7800")
    )  # fmt: skip
    assert decide_inventory(inventory_inputs(), "inventory-v3").outcome.cure_rate is None


def test_inventory__buy_back_by_blocked_core__counts_for_nothing() -> None:
    core = {"core": {"party": "core", "assigned_grade": "A", "blocked": True}, "covers_minor": 50_000_00}
    outcome = decide_inventory(inventory_inputs(buy_back=core)).outcome
    assert (outcome.advance_rate, outcome.amount_minor) == (Decimal("0.7000"), 80_000_00)


def test_general__limit_below_request__limit_binds() -> None:
    outcome = decide_general(general_inputs(**{"application.amount_minor": 9_000_000_00})).outcome
    assert outcome.binding == "limit"
    assert outcome.amount_minor == outcome.limit_minor


def test_history__good_record__better_grade_than_thin_file() -> None:
    good = {"first_trade_on": dt.date(2023, 1, 1), "receivables_count": 60, "receivables_minor": 600_000_00,
            "settled_count": 50, "invoices_count": 80, "counterparties_count": 6,
            "largest_counterparty_minor": 200_000_00}  # fmt: skip
    record = decide_receivable(receivable_inputs(**{"borrower.history": good})).as_dict()
    thin = decide_receivable(receivable_inputs()).as_dict()
    assert (record["scores"]["credit_borrower"]["band"], thin["scores"]["credit_borrower"]["band"]) == ("A", "C")
    assert Decimal(record["outcome"]["annual_rate"]) < Decimal(thin["outcome"]["annual_rate"])


@pytest.mark.parametrize(
    ("decide", "inputs", "where"),
    [
        (decide_receivable, receivable_inputs(**{"application.amount_minor": 1.5}), "/application/amount_minor"),
        (decide_receivable, receivable_inputs(**{"application.amount_minor": 0}), "/application/amount_minor"),
        (decide_receivable, receivable_inputs(**{"application.amount_minor": "-5"}), "/application/amount_minor"),
        (decide_receivable, receivable_inputs(**{"application.amount_minor": "007"}), "/application/amount_minor"),
        (decide_receivable, receivable_inputs(**{"application.amount_minor": 2**63}), "/application/amount_minor"),
        (decide_receivable, receivable_inputs(**{"application.currency": "XXX"}), "/application/currency"),
        (decide_receivable, receivable_inputs(**{"receivable.confirmed": "yes"}), "/receivable/confirmed"),
        (decide_receivable, receivable_inputs(**{"receivable.free_minor": 100_000_01}), "/receivable"),
        (decide_receivable, receivable_inputs(**{"receivable.colour": "red"}), "/receivable/colour"),
        (decide_receivable, receivable_inputs(**{"borrower.party": "other"}), "/"),
        (decide_receivable, receivable_inputs(**{"debtor.party": "other"}), "/"),
        (decide_receivable, receivable_inputs(limits=[{"key": "a", "headroom_minor": 1}] * 2), "/"),
        (decide_receivable, receivable_inputs(now=dt.datetime(2026, 1, 1)), "/now"),  # noqa: DTZ001
        (decide_receivable, receivable_inputs(block={"number": 1, "hash": "0x12"}), "/block/hash"),
        (decide_receivable, receivable_inputs(**{"borrower.history": {"late_count": 1}}), "/borrower/history"),
        (decide_inventory, inventory_inputs(**{"application.days": None}), "/application/days"),
        (decide_inventory, inventory_inputs(**{"receipt.free_thousandths": 40_001}), "/receipt"),
        (decide_general, general_inputs(**{"application.days": None}), "/"),
        (decide_general, general_inputs(**{"application.currency": "USD"}), "/"),
        (decide_general, general_inputs(business_date=TODAY - dt.timedelta(days=1)), "/"),
    ],
)
def test_decide__malformed_input__refused_with_place(decide: Any, inputs: dict[str, Any], where: str) -> None:
    with pytest.raises(BadInput) as caught:
        decide(inputs)
    assert caught.value.code == "decision_inputs_invalid"
    assert caught.value.where == where


def test_decide__price_from_the_future__refused() -> None:
    with pytest.raises(BadInput, match="decision_inputs_invalid"):
        decide_inventory(inventory_inputs(**{"price.on": TODAY + dt.timedelta(days=1)}))


def test_decide__policy_of_another_product__refused() -> None:
    with pytest.raises(BadInput, match="policy_product_mismatch"):
        decide_receivable(receivable_inputs(), "inventory-v2")
