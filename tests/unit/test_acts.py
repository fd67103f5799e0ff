"""Acts as EIP-712: types from the ABIs, digests against eth-account, signatures good and bad."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import _hash_eip191_message, encode_typed_data
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from chainfin.errors import BadInput, ChainfinError, Forbidden
from chainfin.eth import eip712
from chainfin.eth.abi import checksum, contract_abi, parse_address
from chainfin.eth.bindings import pledges_acts
from chainfin.eth.bindings.registry import RIDERS
from chainfin.eth.keys import HALF_ORDER, address_of, recover_digest
from chainfin.resources import CONTRACTS, read_json

KEY = b"\x21" * 32
OTHER = b"\x22" * 32
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LATER = int(NOW.timestamp()) + 3600
ADDRESS = checksum(b"\xab" * 20)
ALL = [(name, act) for name in CONTRACTS for act in read_json("acts.json")[name]["acts"]]


def value_of(kind: str) -> st.SearchStrategy[Any]:
    if kind.endswith("[]"):
        return st.lists(value_of(kind[:-2]), max_size=8)
    if kind == "address":
        return st.binary(min_size=20, max_size=20).map(checksum)
    if kind.startswith("bytes"):
        return st.binary(min_size=int(kind[5:]), max_size=int(kind[5:]))
    return st.integers(0, 2 ** int(kind.removeprefix("uint")) - 1)


def message(act: eip712.ActType) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({name: value_of(kind) for kind, name in act.fields})


def domain(contract: str) -> eip712.Domain:
    return eip712.Domain(contract, 310310, ADDRESS)


CONFIRMATION: dict[str, Any] = {
    "id": b"\1" * 32, "orderId": b"\3" * 32, "seller": 2, "documentRoot": b"\2" * 32, "face": 1, "dueDay": 20_700,
}  # fmt: skip


def confirm(deadline: int = LATER) -> dict[str, Any]:
    params = {**CONFIRMATION, "face": 125_000_00}
    return eip712.typed_data(eip712.act_type("Receivables", "confirm"), params, 7, deadline, domain("Receivables"))


@pytest.mark.parametrize(("contract", "function"), ALL)
def test_act_type__every_act__is_what_the_contracts_hash(contract: str, function: str) -> None:
    described = read_json("acts.json")[contract]["acts"][function]
    assert eip712.act_type(contract, function).signature == described["typeString"]
    rider = described["counterSignature"]
    if rider:
        assert eip712.type_of(RIDERS[rider["primaryType"]]).signature == rider["typeString"]


@given(st.data(), st.sampled_from(ALL))
def test_digest__any_message__is_eth_accounts(data: st.DataObject, which: tuple[str, str]) -> None:
    act = eip712.act_type(*which)
    values = data.draw(message(act))
    typed = eip712.typed_data(act, values, values["nonce"], values["deadline"], domain(act.contract))
    expected = _hash_eip191_message(encode_typed_data(full_message=json.loads(json.dumps(typed))))
    assert eip712.digest(typed) == expected


def test_sign__and_recover__and_eth_account_agrees() -> None:
    typed = confirm()
    signature = eip712.sign(typed, KEY)
    assert signature == bytes(Account.sign_typed_data(KEY, full_message=typed).signature)
    assert eip712.recover(typed, signature) == address_of(KEY) == Account.from_key(KEY).address
    eip712.verify(typed, signature, address_of(KEY), NOW)
    auth = eip712.authorise(typed, KEY)
    assert (auth.signer, auth.nonce, auth.deadline, auth.signature) == (address_of(KEY), 7, LATER, signature)
    assert eip712.Auth.from_json(json.loads(json.dumps(auth.as_json()))) == auth


def code_of(typed: dict[str, Any], signature: bytes, signer: str = "", now: datetime = NOW) -> str:
    with pytest.raises(ChainfinError) as caught:
        eip712.verify(typed, signature, signer or address_of(KEY), now)
    return caught.value.code


def test_verify__foreign_key__refused() -> None:
    with pytest.raises(Forbidden) as caught:
        eip712.verify(confirm(), eip712.sign(confirm(), OTHER), address_of(KEY), NOW)
    assert caught.value.code == "signature_foreign"


@pytest.mark.parametrize("member", ["id", "orderId", "seller", "documentRoot", "face", "dueDay", "nonce", "deadline"])
def test_verify__any_member_changed__is_another_act(member: str) -> None:
    typed = confirm()
    signature = eip712.sign(typed, KEY)
    value = typed["message"][member]
    typed["message"][member] = "0x" + "09" * 32 if value.startswith("0x") else str(int(value) + 1)
    assert code_of(typed, signature) == "signature_foreign"


@pytest.mark.parametrize(
    ("part", "value"),
    [("name", "chainfin Orders"), ("version", "2"), ("chainId", 1), ("verifyingContract", checksum(b"\1" * 20))],
)
def test_verify__other_domain__is_another_act(part: str, value: object) -> None:
    typed = confirm()
    signature = eip712.sign(typed, KEY)
    typed["domain"][part] = value
    assert code_of(typed, signature) == "signature_foreign"


def test_verify__after_the_deadline__refused() -> None:
    typed = confirm(deadline=int(NOW.timestamp()))
    eip712.verify(typed, eip712.sign(typed, KEY), address_of(KEY), NOW)
    typed = confirm(deadline=int(NOW.timestamp()) - 1)
    assert code_of(typed, eip712.sign(typed, KEY)) == "signature_expired"


def test_verify__malformed_signatures__refused() -> None:
    typed = confirm()
    good = eip712.sign(typed, KEY)
    order = 2 * HALF_ORDER + 1
    twin_s = (order - int.from_bytes(good[32:64], "big")).to_bytes(32, "big")
    twin = good[:32] + twin_s + bytes([55 - good[64]])
    assert recover_digest(eip712.digest(typed), good) == address_of(KEY)
    for bad in (b"", good[:64], good + b"\0", good[:64] + b"\0", twin, b"\xff" * 64 + b"\x1b", bytes(64) + b"\x1b"):
        assert code_of(typed, bad) == "signature_malformed"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"face": -1}, "act_param_invalid"),
        ({"face": 2**64}, "act_param_invalid"),
        ({"face": 1.5}, "act_param_invalid"),
        ({"face": True}, "act_param_invalid"),
        ({"face": "12.5"}, "act_param_invalid"),
        ({"id": b"short"}, "act_param_invalid"),
        ({"id": "0xzz"}, "hex_invalid"),
        ({"dueDay": None}, "act_param_invalid"),
    ],
)
def test_typed_data__bad_parameter__refused(changes: dict[str, Any], code: str) -> None:
    params = {**CONFIRMATION, **changes}
    with pytest.raises(BadInput) as caught:
        eip712.typed_data(eip712.act_type("Receivables", "confirm"), params, 1, LATER, domain("Receivables"))
    assert caught.value.code == code


def test_typed_data__missing_parameter_unknown_act_foreign_domain__refused() -> None:
    cases: list[tuple[Callable[[], object], str]] = [
        (
            lambda: eip712.typed_data(eip712.type_of(pledges_acts.Grant), {}, 1, LATER, domain("Pledges")),
            "act_param_missing",
        ),
        (lambda: eip712.act_type("Receivables", "forgive"), "act_unknown"),
        (
            lambda: eip712.typed_data(eip712.type_of(pledges_acts.Grant), {}, 1, LATER, domain("Orders")),
            "act_domain_foreign",
        ),
        (lambda: eip712.digest({"types": {}}), "typed_data_malformed"),
        (lambda: eip712.Auth.from_json({"signer": ADDRESS}), "act_param_missing"),
        (lambda: parse_address("0x" + "aB" * 20), "address_invalid"),
    ]
    for attempt, code in cases:
        with pytest.raises(BadInput) as caught:
            attempt()
        assert caught.value.code == code


def test_call_data__signatures_in_order__decodes_back() -> None:
    params = {
        "id": "0x" + "01" * 32,
        "orderId": b"\2" * 32,
        "documentRoot": b"\3" * 32,
        "face": "12345",
        "dueDay": 20_700,
    }
    registrar = eip712.Auth(ADDRESS, 1, LATER, b"r" * 65)
    seller = eip712.Auth(address_of(KEY), 2**255, LATER, b"s" * 65)
    data = eip712.call_data("Receivables", "issueBySig", params, [registrar, seller])
    found = contract_abi("Receivables").function("issueBySig").decode_input(data[4:])
    assert (found["p"]["face"], found["p"]["id"]) == (12345, b"\1" * 32)
    assert (found["registrar"]["signer"], found["auth"]["nonce"]) == (ADDRESS, 2**255)
    for auths in ([registrar], [registrar, seller, seller]):
        with pytest.raises(BadInput) as caught:
            eip712.call_data("Receivables", "issueBySig", params, auths)
        assert caught.value.code == "act_auths_missing"


def test_call_data__plain_argument_missing__refused() -> None:
    params: dict[str, Any] = {
        "pledgeId": b"\1" * 32, "assetKind": 1, "assetId": b"\2" * 32, "amount": 1, "lender": 4,
        "loanRef": b"\3" * 32, "decisionHash": b"\4" * 32, "expiresAt": 0,
    }  # fmt: skip
    auths = [eip712.Auth(ADDRESS, 1, LATER, b"p" * 65), eip712.Auth(ADDRESS, 2, LATER, b"l" * 65)]
    with pytest.raises(BadInput) as caught:
        eip712.call_data("Pledges", "pledgeBySig", params, auths)
    assert caught.value.code == "act_param_missing"
    assert eip712.call_data("Pledges", "pledgeBySig", {**params, "registryNo": b"\5" * 32}, auths)[:4] != b""


def test_random_nonce__twice__differs() -> None:
    assert eip712.random_nonce() != eip712.random_nonce()


def test_pledge_id__two_assets_and_names__starts_with_what_the_contracts_do_not_store_of_the_hash() -> None:
    asset, other = "0x" + "11" * 32, "0x" + "22" * 32
    first, second = eip712.pledge_id(asset, "loan 1"), eip712.pledge_id(asset, "loan 2")
    assert first == eip712.pledge_id(asset, "loan 1")
    assert first[:34] == second[:34] == "0x" + keccak(b"\x11" * 32)[14:30].hex()
    assert first[34:] != second[34:]
    assert len(first) == 66
    of_other = eip712.pledge_id(other, "loan 1")
    assert (of_other[:34] == first[:34], of_other[34:] == first[34:]) == (False, True)


def test_pledge_id__asset_that_is_no_hex__refused() -> None:
    with pytest.raises(BadInput) as caught:
        eip712.pledge_id("rcv_1", "loan 1")
    assert caught.value.code == "hex_invalid"
