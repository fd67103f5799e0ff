"""The bindings of the contracts: true to the artifacts, and carrying the same bytes as values put together by hand."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode as abi_encode
from hypothesis import given
from hypothesis import strategies as st

from chainfin.chain.decode import plain
from chainfin.errors import BadInput
from chainfin.eth import eip712
from chainfin.eth.abi import ContractAbi, Field, checksum, contract_abi
from chainfin.eth.bindings import pledges_acts, receivables_events
from chainfin.eth.bindings.base import Act, Batch
from chainfin.eth.bindings.registry import ACTS, BATCHES, EVENTS, RIDERS
from chainfin.resources import CONTRACTS, artifact, read_json

SCRIPT = Path(__file__).resolve().parents[2] / "contracts" / "bindings.py"
CALLS: list[tuple[str, str]] = sorted(ACTS) + sorted(BATCHES)
AUTH = eip712.Auth("0x" + "00" * 20, 1, 2, b"s" * 65)


def bound(which: tuple[str, str]) -> type[Act] | type[Batch]:
    return ACTS.get(which) or BATCHES[which]


def value_of(kind: str) -> st.SearchStrategy[Any]:
    """Any value of a Solidity type, as JSON carries it."""
    if kind.startswith("uint"):
        return st.integers(0, 2 ** int(kind[4:]) - 1)
    if kind == "bool":
        return st.booleans()
    if kind == "address":
        return st.binary(min_size=20, max_size=20).map(checksum)
    length = None if kind == "bytes" else int(kind[5:])
    return st.binary(min_size=length or 0, max_size=length or 40).map(lambda raw: "0x" + raw.hex())


def field_value(field: Field) -> st.SearchStrategy[Any]:
    if field.type.endswith("[]"):
        inner = Field(field.name, field.type[:-2], field.struct, field.members)
        return st.lists(field_value(inner), max_size=3)
    if field.members:
        return st.fixed_dictionaries({member.name: field_value(member) for member in field.members})
    return value_of(field.type)


def inputs(abi: ContractAbi, function: str) -> list[Field]:
    return [field for field in abi.function(function).inputs if field.struct != "Auth"]


def test_bindings__generated_again__same_text() -> None:
    done = subprocess.run([sys.executable, str(SCRIPT), "--check"], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_acts__every_relayed_function__has_its_binding() -> None:
    acts = read_json("acts.json")
    assert set(ACTS) == {(contract, function) for contract in CONTRACTS for function in acts[contract]["acts"]}
    assert set(BATCHES) == {(contract, function) for contract in CONTRACTS for function in acts[contract]["batches"]}
    named = {act["counterSignature"]["primaryType"] for c in CONTRACTS for act in acts[c]["acts"].values()
             if act["counterSignature"]}  # fmt: skip
    assert set(RIDERS) == named
    for (contract, function), act in ACTS.items():
        assert contract_abi(contract).function(act.FUNCTION).name == function
        assert act.RELAYED in contract_abi(contract).functions


def test_events__every_event__has_its_binding() -> None:
    told = {(name, entry["name"]) for name in CONTRACTS for entry in artifact(name)["abi"] if entry["type"] == "event"}
    assert set(EVENTS) == told


@pytest.mark.parametrize("which", CALLS, ids=".".join)
@given(data=st.data())
def test_params__any_values__encode_as_put_together_by_hand(which: tuple[str, str], data: st.DataObject) -> None:
    contract, function = which
    abi = contract_abi(contract)
    given_ = {field.name: data.draw(field_value(field)) for field in inputs(abi, function)}
    flat = {k: v for name, v in given_.items() for k, v in (v.items() if isinstance(v, dict) else [(name, v)])}
    called = bound(which)
    value = called.from_params(flat)
    assert value.params() == flat
    auths = [AUTH for field in abi.function(called.RELAYED).inputs if field.struct == "Auth"]
    own = {"signer": AUTH.signer, "nonce": 1, "deadline": 2, "signature": AUTH.signature}
    target = abi.function(called.RELAYED)
    arguments = [own if field.struct == "Auth" else given_[field.name] for field in target.inputs]
    coerced = [field.coerce(each, field.name) for field, each in zip(target.inputs, arguments, strict=True)]
    expected = target.selector + abi_encode([field.canonical for field in target.inputs], coerced)
    assert eip712.call_data(contract, called.RELAYED, value.params(), auths) == expected


@pytest.mark.parametrize("which", sorted(EVENTS), ids=".".join)
@given(data=st.data())
def test_event__any_values__round_trips_through_log_and_json(which: tuple[str, str], data: st.DataObject) -> None:
    contract, name = which
    event = next(event for event in contract_abi(contract).events.values() if event.name == name)
    args = {field.name: data.draw(value_of(field.type)) for field in event.inputs}
    coerced = {field.name: field.coerce(args[field.name], field.name) for field in event.inputs}
    topics = [event.topic, *(abi_encode([f.type], [coerced[f.name]]) for f in event.inputs if f.indexed)]
    rest = [field for field in event.inputs if not field.indexed]
    log = abi_encode([f.type for f in rest], [coerced[f.name] for f in rest])
    decoded = {field: plain(value) for field, value in event.decode(topics, log).items()}
    told = EVENTS[which].from_args(json.loads(json.dumps(decoded)))
    assert told.params() == args


@pytest.mark.parametrize("primary", sorted(RIDERS))
def test_rider__its_type__is_what_the_contracts_hash(primary: str) -> None:
    acts = read_json("acts.json")[RIDERS[primary].CONTRACT]["acts"]
    said = next(act["counterSignature"] for act in acts.values()
                if act["counterSignature"] and act["counterSignature"]["primaryType"] == primary)  # fmt: skip
    assert eip712.type_of(RIDERS[primary]).signature == said["typeString"]


RELEASE = {
    "pledgeId": "0x" + "01" * 32,
    "assetId": "0x" + "02" * 32,
    "amount": 5,
    "keep": 0,
    "valuation": "0x" + "00" * 32,
}


def test_from_params__stored_beyond_2_53__whole_number_again() -> None:
    assert pledges_acts.Release.from_params({**RELEASE, "amount": str(2**60), "more": 1}).amount == 2**60


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"pledgeId": "0x", "assetId": "0x"}, "binding_member_missing"),
        ({**RELEASE, "amount": "5.0"}, "binding_member_invalid"),
        ({**RELEASE, "amount": "-5"}, "binding_member_invalid"),
        ({**RELEASE, "amount": 5.0}, "binding_member_invalid"),
        ({**RELEASE, "amount": True}, "binding_member_invalid"),
        ({**RELEASE, "amount": "٥"}, "binding_member_invalid"),
        ({**RELEASE, "pledgeId": 7}, "binding_member_invalid"),
        ({**RELEASE, "pledgeId": None}, "binding_member_invalid"),
    ],
)
def test_from_params__not_what_was_stored__refused(params: dict[str, Any], code: str) -> None:
    with pytest.raises(BadInput) as refused:
        pledges_acts.Release.from_params(params)
    assert refused.value.code == code


@pytest.mark.parametrize("items", [None, "0x00", [7], [{"pledgeId": "0x"}]])
def test_from_params__items_of_another_form__refused(items: Any) -> None:
    with pytest.raises(BadInput) as refused:
        pledges_acts.ReleaseBatch.from_params({"items": items})
    assert refused.value.code in ("binding_member_invalid", "binding_member_missing")


def test_from_args__a_python_keyword__has_its_underscore() -> None:
    args = {"id": "0x" + "01" * 32, "from": 1, "to": 2, "debtor": 3}
    told = receivables_events.Transferred.from_args(args)
    assert (told.from_, told.to, told.params()) == (1, 2, args)
