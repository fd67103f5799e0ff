"""Policies: loading, facts, scales, hash, versions."""

from __future__ import annotations

import copy
import json
from decimal import Decimal
from typing import Any

import pytest

from chainfin.errors import BadInput, NotFound, Refused
from chainfin.risk import decide_receivable, evaluate, load_policy, policy_document, policy_ids, replay
from chainfin.risk.policy import Fact, Policy, parse_policy
from chainfin.risk.scorecard import load_scorecard
from tests.unit.risk_samples import receivable_inputs


def _facts() -> dict[str, Fact]:
    return {
        "borrower_blocked": False, "borrower_grade": "B", "borrower_is_holder": True, "borrower_overdue_days": 0,
        "borrower_points": 610, "confirmed": True, "currency": "CNY", "debtor_blocked": False, "debtor_grade": "B",
        "debtor_overdue_days": 0, "debtor_points": 620, "defaulted": False, "dilution_bps": None, "disputed": False,
        "face_minor": 100, "fraud_band": "low", "fraud_points": 100, "free_minor": 100, "headroom_minor": None,
        "invoiced_minor": 100, "loan_days": 90, "ordered_minor": 100, "received_minor": 100,
        "requested_minor": 10_000_000, "tenor_days": 90,
    }  # fmt: skip


def _priced(rate: str) -> Policy:
    """receivable-v2 as another version in which every loan costs ``rate`` a year."""
    document = copy.deepcopy(policy_document("receivable-v2"))
    document["id"] = "receivable-dear"
    table = next(node for node in document["decision"]["nodes"] if node["id"] == "pricing")
    for rule in table["content"]["rules"]:
        rule["o0"] = rate
    return parse_policy(document)


def test_evaluate__good_facts__terms_at_declared_scale() -> None:
    outcome = evaluate(load_policy("receivable-v2"), _facts())
    assert outcome.refusals == ()
    assert {name: str(value) for name, value in outcome.terms.items()} == {
        "advance_rate": "0.8500", "all_in_cap": "0.2400", "annual_rate": "0.055500", "cap_minor": "20000000000",
        "fee_rate": "0.000300", "min_minor": "1000",
    }  # fmt: skip


@pytest.mark.parametrize(("days", "rate"), [(90, "0.055500"), (91, "0.058000")])
def test_evaluate__tenor_at_the_edge__next_row(days: int, rate: str) -> None:
    outcome = evaluate(load_policy("receivable-v2"), _facts() | {"loan_days": days})
    assert str(outcome.terms["annual_rate"]) == rate


@pytest.mark.parametrize(("debtor", "borrower"), [("A", "B"), ("B", "C"), ("A", "C")])
def test_evaluate__worse_grade__never_cheaper(debtor: str, borrower: str) -> None:
    policy = load_policy("receivable-v2")
    better = evaluate(policy, _facts() | {"debtor_grade": debtor, "borrower_grade": debtor}).rate("annual_rate")
    worse = evaluate(policy, _facts() | {"debtor_grade": borrower, "borrower_grade": borrower}).rate("annual_rate")
    assert better < worse


def test_evaluate__amounts_beyond_a_float__compared_exactly() -> None:
    facts = _facts() | {"received_minor": 2**63 - 2, "face_minor": 2**63 - 1, "free_minor": 1}
    outcome = evaluate(load_policy("receivable-v2"), facts)
    assert "face_above_received" in [one.code for one in outcome.refusals]
    facts["received_minor"] = 2**63 - 1
    assert "face_above_received" not in [one.code for one in evaluate(load_policy("receivable-v2"), facts).refusals]


@pytest.mark.parametrize("change", [{"tenor_days": None}, {"colour": 1}])
def test_evaluate__fact_null_or_unknown__refused(change: dict[str, Fact]) -> None:
    with pytest.raises(BadInput, match="policy_facts_mismatch"):
        evaluate(load_policy("receivable-v2"), _facts() | change)


def test_evaluate__fact_left_out__refused_not_taken_for_null() -> None:
    facts = _facts()
    del facts["disputed"]
    with pytest.raises(BadInput, match="disputed"):
        evaluate(load_policy("receivable-v2"), facts)


def test_reason__as_refusal__raisable_with_its_proof() -> None:
    (reason,) = evaluate(load_policy("receivable-v2"), _facts() | {"tenor_days": 200}).refusals
    error = reason.refusal().error()
    assert isinstance(error, Refused)
    assert (error.code, dict(error.details)) == ("tenor_too_long", {"tenor_days": 200, "threshold": 184})
    assert "200" in reason.en
    assert "184" in reason.zh


def test_all_in_cost__interest_above_cap__declined() -> None:
    outcome = decide_receivable(receivable_inputs(), _priced("0.25")).outcome
    assert [one.code for one in outcome.refusals] == ["all_in_cost_above_cap"]
    assert outcome.refusals[0].proof["cap_bps"] == 2_400


def test_new_version__beside_the_old__old_decision_still_replays() -> None:
    old = decide_receivable(receivable_inputs())
    dear = _priced("0.10")
    new = decide_receivable(receivable_inputs(), dear)
    shelf = {"receivable-v2": load_policy("receivable-v2"), dear.id: dear}
    assert new.outcome.annual_rate == Decimal("0.100000")
    assert replay(old.as_dict(), policies=shelf.__getitem__).ok
    assert replay(new.as_dict(), policies=shelf.__getitem__).ok


@pytest.mark.parametrize("policy_id", policy_ids())
def test_policy__of_the_package__loads_names_its_cards_and_its_hash_ignores_white_space(policy_id: str) -> None:
    policy = load_policy(policy_id)
    assert parse_policy(json.loads(json.dumps(policy_document(policy_id), indent=7))).hash == policy.hash
    for card in policy.scorecards.values():
        assert load_scorecard(card).id == card


def test_policy_hash__one_cell_changed__other_hash() -> None:
    assert _priced("0.0435").hash != _priced("0.0436").hash


def test_load_policy__unknown__decision_policy_unknown() -> None:
    for name in ("receivable-v0", "../policies/receivable-v2", ""):
        with pytest.raises(NotFound, match="decision_policy_unknown"):
            load_policy(name)


def _broken(name: str) -> dict[str, Any]:
    document = copy.deepcopy(policy_document("receivable-v2"))
    if name == "no facts":
        del document["facts"]
    elif name == "no tables":
        document["decision"] = {"nodes": 5}
    elif name == "a script":
        document["decision"]["nodes"].append(
            {"id": "x", "name": "x", "type": "functionNode", "content": {"source": ""}}
        )
    else:
        table = next(node for node in document["decision"]["nodes"] if node["id"] == "pricing")
        if name == "no cell":
            del table["content"]["rules"][0]["i1"]
        else:
            table["content"]["rules"][0]["i2"] = name.removeprefix("cell ")
    return document


@pytest.mark.parametrize("name", ["no facts", "no tables", "cell ]]", "cell nosuch > 1", "no cell", "a script"])
def test_parse_policy__broken__policy_invalid(name: str) -> None:
    with pytest.raises(BadInput, match="policy_invalid"):
        parse_policy(_broken(name))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda d: d["scales"].update(extra=2), "scales disagree"),
        (lambda d: d["scales"].pop("fee_rate"), "fee_rate"),
        (lambda d: d["reasons"].pop("tenor_too_long"), "tenor_too_long"),
    ],
)
def test_evaluate__tables_and_declarations_disagree__policy_output_invalid(edit: Any, message: str) -> None:
    document = copy.deepcopy(policy_document("receivable-v2"))
    edit(document)
    with pytest.raises(BadInput, match=message) as caught:
        evaluate(parse_policy(document), _facts() | {"tenor_days": 200})
    assert caught.value.code == "policy_output_invalid"
