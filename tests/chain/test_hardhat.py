"""The whole installation on a real JSON-RPC node: hardhat, from the npm package pinned in benchmarks/hardhat."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.lib import hardhat_node
from benchmarks.lib.lending_world import World
from chainfin.chain.rpc import RpcNode
from chainfin.errors import Unavailable
from chainfin.runtime.installation import Installation
from chainfin.settings import Settings, load
from tests.chain.tools import SENDER, signed


@pytest.fixture(scope="module")
def hardhat() -> Iterator[str]:
    if not hardhat_node.installed():
        pytest.skip("no hardhat: `npm ci` in benchmarks/hardhat (needs Node) to test against a real node")
    with hardhat_node.running() as url:
        yield url


def settings(home: Path, url: str, **more: str) -> Settings:
    environ = {"CHAINFIN_HOME": str(home), "CHAINFIN_CHAIN_URL": url, "CHAINFIN_FINALITY_DEPTH": "0"}
    return load({**environ, **more})


def test_installation__relayer_without_money__says_whom_to_pay_and_goes_on_when_paid(
    hardhat: str, tmp_path: Path
) -> None:
    with pytest.raises(Unavailable) as caught:
        Installation(settings(tmp_path, hardhat))
    assert caught.value.code == "relayer_unfunded"
    hardhat_node.fund(hardhat, str(caught.value.where))
    with Installation(settings(tmp_path, hardhat), drive=False) as installation:
        deployed = installation.deployment
    with Installation(settings(tmp_path, hardhat), drive=False) as installation:
        assert installation.deployment == deployed


def test_installation__node_on_another_chain__refused(hardhat: str, tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        Installation(settings(tmp_path, hardhat, CHAINFIN_CHAIN_ID="1"))
    assert caught.value.code == "chain_wrong_id"


def test_send_many__node_without_order_in_batches__all_are_mined(hardhat: str) -> None:
    node = RpcNode(hardhat)
    hardhat_node.fund(hardhat, SENDER)
    start, price = node.nonce_of(SENDER, node.head()), node.gas_price()
    for first in (start, start + 8):  # the second time in order from the beginning
        raws = [signed(node, first + n, SENDER, b"", price=price) for n in range(8)]
        answers = node.send_raw_many(raws)
        assert [answer for answer in answers if isinstance(answer, bytes)] == answers
    assert node.nonce_of(SENDER, node.head()) == start + 16
    node.close()


def test_main_job__on_hardhat__confirmed_pledged_and_paid(hardhat: str) -> None:
    with World(hardhat) as world:
        jobs = world.receivables("test", 2)
        (first,), _ = world.borrow(jobs[:1], 1)
        (second,), _ = world.borrow(world.confirmed(jobs[1:]), 2)
        world.quiet()
        for loan in (first, second):
            assert list(loan.nodes)[-4:] == ["registration", "pledging", "disbursing", "funded"]
        receipt = hardhat_node.ask(hardhat, "eth_getTransactionReceipt", first.tx_hash)
        assert receipt["status"] == "0x1"
        head = int(hardhat_node.ask(hardhat, "eth_blockNumber"), 16)
        final = world.installation.indexer.final_block()
        assert final is not None
        assert final.number == head
        assert world.installation.indexer.run_once() == 0
