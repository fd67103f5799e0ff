"""Every refusal, review and note of every policy: made by the smallest change that must cause it, with its proof."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from chainfin.risk import (
    decide_general,
    decide_inventory,
    decide_receivable,
    load_policy,
    summarise_daily_takings,
)
from tests.unit.risk_samples import TODAY, general_inputs, inventory_inputs, receivable_inputs, takings

STUFFED = {"invoices_count": 100, "invoices_cancelled_count": 70}
DISPUTED = {"receivables_count": 10, "receivables_minor": 10, "disputed_count": 4}
DILUTED = {"receivables_count": 10, "receivables_minor": 100, "diluted_minor": 70}
HIGH_FRAUD = STUFFED | DISPUTED | DILUTED
ELEVATED = {"invoices_count": 100, "invoices_cancelled_count": 31, "receivables_count": 10, "receivables_minor": 10**9,
            "disputed_count": 2}  # fmt: skip

BOTH: dict[str, dict[str, Any]] = {
    "currency_not_financed": {"application.currency": "JPY"},
    "amount_below_minimum": {"application.amount_minor": 999},
    "borrower_blocked": {"borrower.blocked": True},
    "borrower_overdue": {"borrower.overdue_days": 1},
    "borrower_grade_too_low": {"borrower.assigned_grade": "D"},
    "limit_exhausted": {"limits": [{"key": "borrower", "headroom_minor": 0}]},
    "financeable_below_minimum": {"limits": [{"key": "borrower", "headroom_minor": 999}]},
}
TRADE = BOTH | {
    "fraud_score_high": {"borrower.history": HIGH_FRAUD},
    "fraud_score_elevated": {"borrower.history": ELEVATED},
    "large_amount": {"application.amount_minor": 50_000_000_01},
}
RECEIVABLE = TRADE | {
    "not_holder": {"receivable.holder": "somebody"},
    "not_confirmed": {"receivable.confirmed": False},
    "disputed": {"receivable.disputed": True},
    "defaulted": {"receivable.defaulted": True},
    "nothing_free": {"receivable.free_minor": 0},
    "face_above_received": {"receivable.received_minor": 100_000_00 - 1},
    "face_above_invoiced": {"receivable.invoiced_minor": 100_000_00 - 1},
    "received_above_ordered": {"receivable.ordered_minor": 100_000_00 - 1},
    "received_less_than_invoiced": {"receivable.invoiced_minor": 100_000_00 + 1},
    "tenor_too_short": {"receivable.due_on": TODAY + dt.timedelta(days=6)},
    "tenor_too_long": {"receivable.due_on": TODAY + dt.timedelta(days=185)},
    "debtor_blocked": {"debtor.blocked": True},
    "debtor_overdue": {"debtor.overdue_days": 31},
    "debtor_grade_too_low": {"debtor.assigned_grade": "D"},
    "dilution_high": {
        "borrower.history": {"receivables_count": 9, "receivables_minor": 10_000, "diluted_minor": 1_500}
    },
}
INVENTORY = TRADE | {
    "not_owner": {"receipt.owner": "somebody"},
    "nothing_free": {"receipt.free_thousandths": 0},
    "not_insured": {"receipt.insured": False},
    "keeper_blocked": {"receipt.keeper_blocked": True},
    "price_stale": {"price.on": TODAY - dt.timedelta(days=8)},
    "price_falling": {"price.fall_bps": 3_000},
    "price_unsteady": {"price.fall_bps": 2_999},
    "tenor_too_short": {"application.days": 6},
    "tenor_too_long": {"application.days": 181},
    "goods_expire_first": {"receipt.best_before": TODAY + dt.timedelta(days=60 + 29)},
}
RECENT = [row for row in takings() if row.on >= dt.date(2026, 9, 1)]
STOPPED = [row for row in takings() if row.on < dt.date(2026, 8, 1)]
VOIDED = [row._replace(void_minor=row.gross_minor * 4, refunds_minor=row.gross_minor * 2 // 3) for row in takings()]
HALF_VOIDED = [row._replace(void_minor=row.gross_minor * 2) for row in takings()]


def _sales(rows: list[Any], **changes: Any) -> dict[str, Any]:
    return summarise_daily_takings(rows, "CNY", TODAY).json_dict() | changes


CIRCULAR = {"customers_net_minor": 100, "top_customer_minor": 20, "both_ways_minor": 60}
GENERAL = BOTH | {
    "currency_not_financed": {"application.currency": "JPY", "sales.currency": "JPY"},
    "history_too_short": {"sales": _sales(RECENT)},
    "sales_stopped": {"sales": _sales(STOPPED)},
    "limit_is_nil": {"other_debt_minor": 10_000_000_00},
    "tenor_too_short": {"application.days": 6},
    "tenor_too_long": {"application.days": 367},
    "sales_unclear": {"sales": _sales(takings(), **CIRCULAR)},
    "fraud_score_high": {"sales": _sales(VOIDED, **CIRCULAR)},
    "fraud_score_elevated": {"sales": _sales(HALF_VOIDED, **(CIRCULAR | {"both_ways_minor": 20}))},
}
# A yearly cost above the cap takes a policy that prices above it: see test_risk_policy.py.
ELSEWHERE = {"all_in_cost_above_cap"}
CASES = [
    *[("receivable-v2", decide_receivable, receivable_inputs, code, change) for code, change in RECEIVABLE.items()],
    *[("inventory-v4", decide_inventory, inventory_inputs, code, change) for code, change in INVENTORY.items()],
    *[("general310-v2", decide_general, general_inputs, code, change) for code, change in GENERAL.items()],
]


@pytest.mark.parametrize(
    ("policy", "decide", "sample", "code", "change"), CASES, ids=lambda v: v if isinstance(v, str) else ""
)
def test_decision__one_fact_changed__its_own_code(
    policy: str, decide: Any, sample: Any, code: str, change: Any
) -> None:
    outcome = decide(sample(**change)).outcome
    kinds = {"refusals": outcome.refusals, "reviews": outcome.reviews, "notes": outcome.notes}
    found = {kind: [one.code for one in reasons] for kind, reasons in kinds.items()}
    kind = next((kind for kind, codes in found.items() if code in codes), None)
    assert kind is not None, found
    if kind == "refusals":
        assert outcome.decision == "declined"
        assert (outcome.amount_minor, outcome.fee_minor) == (0, 0)
        assert outcome.annual_rate is None
    reason = next(one for one in kinds[kind] if one.code == code)
    entry = load_policy(policy).reasons[code]
    assert set(entry["facts"]) <= set(reason.proof)
    assert "{" not in reason.message
    assert "{" not in str(reason.proof["zh"])


GOOD = [(decide_receivable, receivable_inputs), (decide_inventory, inventory_inputs), (decide_general, general_inputs)]


@pytest.mark.parametrize(("decide", "sample"), GOOD)
def test_decision__good_case__approved_without_reasons(decide: Any, sample: Any) -> None:
    outcome = decide(sample()).outcome
    assert outcome.decision == "approved"
    assert (outcome.refusals, outcome.reviews, outcome.notes) == ((), (), ())


@pytest.mark.parametrize("policy", ["receivable-v2", "inventory-v4", "general310-v2"])
def test_policy__every_reason__has_a_case_here(policy: str) -> None:
    covered = {code for name, _, _, code, _ in CASES if name == policy}
    assert set(load_policy(policy).reasons) - covered == ELSEWHERE


def test_decision__several_faults__all_named() -> None:
    outcome = decide_receivable(
        receivable_inputs(**{"receivable.confirmed": False, "receivable.disputed": True})
    ).outcome
    assert [one.code for one in outcome.refusals] == ["not_confirmed", "disputed"]


def test_decision__review__keeps_proposed_terms() -> None:
    outcome = decide_inventory(inventory_inputs(**{"price.fall_bps": 1_500})).outcome
    assert outcome.decision == "review"
    assert outcome.amount_minor == 80_000_00
