"""Deployment of the five contracts: fresh, again, cut off, foreign."""

from __future__ import annotations

from pathlib import Path

import pytest

from chainfin.chain import deploy as deploying
from chainfin.chain.deploy import Deployment, deploy
from chainfin.errors import Unavailable
from chainfin.resources import CONTRACTS, artifact
from tests.chain.tools import KEY, SENDER, open_embedded, signed


def test_deploy__fresh_chain__five_contracts_wired(tmp_path: Path) -> None:
    node = open_embedded(tmp_path)
    found = deploy(node, KEY, operator=SENDER)
    assert set(found.contracts) == set(CONTRACTS)
    assert all(node.code(address, node.head()) for address in found.addresses.values())
    assert found.start_block == 1
    assert Deployment.from_json(found.as_json()) == found


def test_deploy__recorded__checked_and_nothing_sent(tmp_path: Path) -> None:
    node = open_embedded(tmp_path)
    found = deploy(node, KEY, operator=SENDER)
    head = node.head()
    assert deploy(node, KEY, operator=SENDER, recorded=found) == found
    assert node.head() == head


def test_deploy__record_lost__found_again(tmp_path: Path) -> None:
    node = open_embedded(tmp_path)
    found = deploy(node, KEY, operator=SENDER)
    head = node.head()
    assert deploy(node, KEY, operator=SENDER) == found
    node.send_raw(signed(node, node.nonce_of(SENDER, head), SENDER, b""))
    assert deploy(node, KEY, operator=SENDER) == found


@pytest.mark.parametrize("survived", [1, 3, 5])
def test_deploy__cut_off__goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, survived: int
) -> None:
    node = open_embedded(tmp_path)
    node.send_raw(signed(node, 0, SENDER, b""))
    sent: list[bytes] = []

    def cut(where: object, raw: bytes) -> None:
        if len(sent) == survived:
            raise KeyboardInterrupt
        sent.append(node.send_raw(raw))

    with monkeypatch.context() as patch:
        patch.setattr(deploying, "_send", cut)
        with pytest.raises(KeyboardInterrupt):
            deploy(node, KEY, operator=SENDER)
    found = deploy(node, KEY, operator=SENDER)
    assert node.nonce_of(SENDER, node.head()) == 1 + len(found.addresses)
    assert found.start_block == 2


def test_deploy__a_zero_byte_of_the_code_replaced__not_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node = open_embedded(tmp_path)
    first = deploy(node, KEY, operator=SENDER)
    there = node.code(first.addresses["Pledges"], node.head())
    filled = {place for start, length in artifact("Pledges")["immutables"] for place in range(start, start + length)}
    zero = next(place for place, byte in enumerate(there) if byte == 0 and place not in filled)
    forged = there[:zero] + b"\x5b" + there[zero + 1 :]
    real = type(node).code
    monkeypatch.setattr(
        type(node),
        "code",
        lambda self, address, block: forged if address == first.addresses["Pledges"] else real(self, address, block),
    )
    assert deploy(node, KEY, operator=SENDER).addresses["Pledges"] != first.addresses["Pledges"]


def test_deploy__recorded_on_another_chain__refused(tmp_path: Path) -> None:
    found = deploy(open_embedded(tmp_path / "one"), KEY, operator=SENDER)
    other = open_embedded(tmp_path / "other")
    with pytest.raises(Unavailable) as caught:
        deploy(other, KEY, operator=SENDER, recorded=found)
    assert caught.value.code == "contracts_foreign"
    foreign = Deployment(1, found.start_block, found.addresses, found.code_hashes)
    with pytest.raises(Unavailable) as caught:
        deploy(other, KEY, operator=SENDER, recorded=foreign)
    assert caught.value.code == "chain_wrong_id"


def test_deploy__no_gas_money__refused_by_name(tmp_path: Path) -> None:
    node = open_embedded(tmp_path)
    with pytest.raises(Unavailable) as caught:
        deploy(node, b"\x07" * 32, operator=SENDER)
    assert caught.value.code == "relayer_unfunded"


def test_deploy__unlawful_tenor__the_constructor_refuses(tmp_path: Path) -> None:
    node = open_embedded(tmp_path)
    with pytest.raises(Unavailable) as caught:
        deploy(node, KEY, operator=SENDER, params={"maxTenorDays": 400})
    assert caught.value.code == "contracts_refused"
