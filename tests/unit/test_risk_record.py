"""The decision record: canonical bytes, hash, and replay with each of its codes."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
import rfc8785

from chainfin.errors import BadInput
from chainfin.risk import (
    DecisionRecord,
    decide_general,
    decide_inventory,
    decide_receivable,
    explain,
    policy_document,
    replay,
)
from chainfin.risk.canon import canonical_bytes, first_difference
from chainfin.risk.policy import Policy, parse_policy
from tests.unit.risk_samples import general_inputs, inventory_inputs, receivable_inputs

ALL = [
    (decide_receivable, receivable_inputs()),
    (decide_inventory, inventory_inputs()),
    (decide_general, general_inputs()),
    (decide_receivable, receivable_inputs(**{"receivable.confirmed": False})),
]


@pytest.mark.parametrize(("decide", "inputs"), ALL)
def test_record__bytes__are_rfc_8785_and_hash_is_their_sha256(decide: Any, inputs: dict[str, Any]) -> None:
    record = decide(inputs)
    assert record.canonical == rfc8785.dumps(json.loads(record.canonical))
    assert record.hash() == "0x" + hashlib.sha256(record.canonical).hexdigest()
    assert DecisionRecord.parse(record.canonical) == record


@pytest.mark.parametrize(("decide", "inputs"), ALL)
def test_replay__untouched_record__equal_to_the_byte(decide: Any, inputs: dict[str, Any]) -> None:
    record = decide(inputs)
    result = replay(json.loads(record.canonical), expected_hash=record.hash())
    assert (result.ok, result.code, result.hash) == (True, None, record.hash())


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/outcome/amount_minor", "8000001"),
        ("/outcome/annual_rate", "0.051000"),
        ("/outcome/decision", "review"),
        ("/scores/credit_borrower/points", 531),
        ("/features/fraud/document_age_days", 20),
        ("/chain/number", 4712),
        ("/decided_at", "2026-11-20T09:30:00.000001Z"),
        ("/policy/version", "1.1"),
    ],
)
def test_replay__changed_result__mismatch_named(pointer: str, value: object) -> None:
    content = decide_receivable(receivable_inputs()).as_dict()
    *path, last = pointer.split("/")[1:]
    part = content
    for step in path:
        part = part[step]
    assert part[last] != value
    part[last] = value
    result = replay(content)
    assert (result.ok, result.code, result.where) == (False, "decision_mismatch", pointer)
    assert result.recorded == value


def test_replay__input_changed__mismatch_where_it_first_shows() -> None:
    content = decide_receivable(receivable_inputs()).as_dict()
    content["inputs"]["receivable"]["confirmed"] = False
    result = replay(content)
    assert (result.ok, result.code) == (False, "decision_mismatch")
    assert str(result.where).startswith("/outcome/")


def test_replay__input_invalid__mismatch_at_the_input() -> None:
    content = decide_receivable(receivable_inputs()).as_dict()
    content["inputs"]["receivable"]["free_minor"] = "10000001"
    result = replay(content)
    assert (result.code, result.where) == ("decision_mismatch", "/inputs/receivable")


def test_replay__consistent_forgery__caught_by_the_anchored_hash() -> None:
    true = decide_receivable(receivable_inputs())
    forged = decide_receivable(receivable_inputs(**{"application.id": "app-2"}))
    assert replay(forged.as_dict()).ok
    result = replay(forged.as_dict(), expected_hash=true.hash())
    assert (result.ok, result.code, result.where) == (False, "decision_mismatch", "hash")


def test_replay__policy_not_known__decision_policy_unknown() -> None:
    content = decide_receivable(receivable_inputs()).as_dict()
    content["policy"]["id"] = "receivable-v0"
    result = replay(content)
    assert (result.code, result.where) == ("decision_policy_unknown", "/policy/id")


def test_replay__policy_content_changed__decision_policy_unknown() -> None:
    """A policy file that was edited in place instead of getting a new version."""
    content = decide_receivable(receivable_inputs()).as_dict()

    def edited(policy_id: str) -> Policy:
        document = policy_document(policy_id)
        document["version"] = "1.0a"
        return parse_policy(document)

    result = replay(content, policies=edited)
    assert (result.code, result.where) == ("decision_policy_unknown", "/policy/hash")


@pytest.mark.parametrize(("key", "value"), [("hash", "0x" + "0" * 64), ("id", "credit-borrower-v0")])
def test_replay__model_not_known__decision_model_unknown(key: str, value: str) -> None:
    content = decide_receivable(receivable_inputs()).as_dict()
    content["models"][0][key] = value
    result = replay(content)
    assert (result.code, result.where) == ("decision_model_unknown", f"/models/0/{key}")


@pytest.mark.parametrize(
    "content",
    [
        {},
        decide_receivable(receivable_inputs()).as_dict() | {"extra": 1},
        decide_receivable(receivable_inputs()).as_dict() | {"product": "gold"},
        decide_receivable(receivable_inputs()).as_dict() | {"models": 5},
        decide_receivable(receivable_inputs()).as_dict() | {"policy": None},
        decide_receivable(receivable_inputs()).as_dict() | {"outcome": 0.5},
    ],
)
def test_replay__not_a_record__decision_record_malformed(content: dict[str, Any]) -> None:
    assert replay(content).code == "decision_record_malformed"


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff", b"{}", b"[" * 100_000])
def test_record_parse__not_a_record__refused(data: bytes) -> None:
    with pytest.raises(BadInput, match="decision_record_malformed"):
        DecisionRecord.parse(data)


def test_record_parse__other_white_space__refused() -> None:
    record = decide_receivable(receivable_inputs())
    with pytest.raises(BadInput, match="canonical"):
        DecisionRecord.parse(json.dumps(record.as_dict()).encode())


@pytest.mark.parametrize("value", [1.0, {"a": [2**53]}, {1: 2}, {"é": 1}, {"a": "\ud800"}, {"a": b"x"}])
def test_canonical__no_canonical_form__refused(value: object) -> None:
    with pytest.raises(BadInput, match="record_not_canonical"):
        canonical_bytes(value)


def test_first_difference__true_against_one__differs() -> None:
    assert first_difference({"a": [1, True]}, {"a": [1, 1]}) == "/a/1"
    assert first_difference({"a": 1}, {"a": 1}) is None
    assert first_difference([1], [1, 2]) == "/1"


def test_explain__approved__amount_binding_and_cost_in_both_languages() -> None:
    detail = explain(decide_receivable(receivable_inputs()))
    assert detail[0].en == "Approved: 80000.00 CNY."
    assert detail[0].zh == "已批准：80000.00 CNY。"
    assert "5.20% a year" in detail[2].en
    assert "2027-01-19" in detail[2].zh


def test_explain__declined__every_refusal_and_no_price() -> None:
    record = decide_receivable(receivable_inputs(**{"receivable.confirmed": False}))
    detail = [one.en for one in explain(record)]
    assert detail[:2] == ["Declined.", "The debtor has not confirmed the receivable."]
    assert not any("a year" in one for one in detail)


def test_explain__debtor__points_only_no_detail() -> None:
    """The debtor's history is not the borrower's to read."""
    detail = [one.en for one in explain(decide_receivable(receivable_inputs()))]
    place = next(n for n, one in enumerate(detail) if one.startswith("The debtor's credit score"))
    assert detail[place + 1].startswith("The fraud score")


def test_parse__nested_without_end__is_refused() -> None:
    with pytest.raises(BadInput) as refused:
        DecisionRecord.parse(b"[" * 200_000)
    assert refused.value.code == "decision_record_malformed"
