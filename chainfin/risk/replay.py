"""Replay: decide again from the inputs in a record and compare to the byte.

Codes: decision_record_malformed, decision_policy_unknown (also when the id is known and the hash is another),
decision_model_unknown, decision_mismatch (``where`` is the JSON pointer of the first difference, or ``hash``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chainfin.errors import BadInput, NotFound
from chainfin.risk.canon import first_difference, pointer_value
from chainfin.risk.decide import decide_general, decide_inventory, decide_receivable
from chainfin.risk.policy import Policy, load_policy
from chainfin.risk.record import GENERAL, INVENTORY, RECEIVABLE, REVIEW, DecisionRecord
from chainfin.risk.review import Review, reviewed
from chainfin.risk.scorecard import load_scorecard

_DECIDERS: dict[str, Callable[[Mapping[str, object], Policy], DecisionRecord]] = {
    RECEIVABLE: decide_receivable,
    INVENTORY: decide_inventory,
    GENERAL: decide_general,
}


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """``ok``, or the code and place of the first fault, with what replay gives and what the record has."""

    ok: bool
    hash: str | None
    code: str | None = None
    where: str | None = None
    message: str = ""
    replayed: object = None
    recorded: object = None


def replay(
    record: Mapping[str, Any],
    *,
    expected_hash: str | None = None,
    policies: Callable[[str], Policy] = load_policy,
) -> ReplayResult:
    """Recompute scores, policy and outcome from the record's inputs.

    ``expected_hash`` is the one anchored on chain: without it a record that was changed *and* recomputed consistently
    can't be told from a true one. ``policies`` finds a policy by id (a bundle may bring its own). Never raises on a
    bad record: it says what is wrong.
    """
    try:
        given = DecisionRecord.of(record)
    except BadInput as error:
        return ReplayResult(False, None, "decision_record_malformed", error.where, error.message)
    content = given.as_dict()
    try:
        decider = _DECIDERS[content["product"]]
        named = dict(content["policy"])
        models = [(str(model["id"]), str(model["hash"])) for model in content["models"]]
        inputs = dict(content["inputs"])
    except (KeyError, TypeError, ValueError) as error:
        return ReplayResult(False, given.hash(), "decision_record_malformed", None, f"unreadable part: {error}")
    try:
        policy = policies(str(named.get("id")))
    except NotFound as error:
        return ReplayResult(False, given.hash(), "decision_policy_unknown", "/policy/id", error.message)
    if policy.hash != named.get("hash"):
        message = f"policy {policy.id} is known with another content"
        return _wrong(given, "decision_policy_unknown", "/policy/hash", message, policy.hash, named.get("hash"))
    for place, (card_id, card_hash) in enumerate(models):
        known = _card_hash(card_id)
        if known != card_hash:
            where = f"/models/{place}/{'id' if known is None else 'hash'}"
            message = f"scorecard {card_id} is not known with this content"
            return _wrong(given, "decision_model_unknown", where, message, known, card_hash)
    try:
        again = decider(inputs, policy)
        if REVIEW in content:
            again = reviewed(again, Review.from_json(content[REVIEW]))
    except BadInput as error:
        where = error.where if error.where == f"/{REVIEW}" else f"/inputs{error.where or ''}"
        return _wrong(given, "decision_mismatch", where, f"the inputs can't be decided on: {error.message}", None, None)
    if again.canonical != given.canonical:
        pointer = first_difference(again.as_dict(), content) or "/"
        values = pointer_value(again.as_dict(), pointer), pointer_value(content, pointer)
        return _wrong(given, "decision_mismatch", pointer, f"{pointer} is not what the inputs lead to", *values)
    if expected_hash is not None and expected_hash.lower() != given.hash():
        message = "the record is not the one whose hash was anchored"
        return _wrong(given, "decision_mismatch", "hash", message, given.hash(), expected_hash)
    return ReplayResult(True, given.hash())


def _wrong(given: DecisionRecord, code: str, where: str, message: str, *values: object) -> ReplayResult:
    replayed, recorded = values
    return ReplayResult(False, given.hash(), code, where, message, replayed, recorded)


def _card_hash(card_id: str) -> str | None:
    try:
        return load_scorecard(card_id).hash
    except NotFound:
        return None
