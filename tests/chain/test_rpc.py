"""The JSON-RPC node: the same answers as the embedded one, and every way in which a node can fail."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from chainfin.audit.proofs import verify_ancestry, verify_receipt
from chainfin.chain import open_node
from chainfin.chain.deploy import deploy
from chainfin.chain.embedded import EmbeddedNode
from chainfin.chain.node import Reverted
from chainfin.chain.proofs import prove_ancestry, prove_receipt
from chainfin.chain.rpc import RpcNode
from chainfin.errors import ChainfinError, Refused, Unavailable, Unknown
from tests.chain.rpc_server import FALSE, RpcServer, serve
from tests.chain.spine import open_store, rig
from tests.chain.test_sender import acknowledge, post
from tests.chain.tools import KEY, SENDER, Clock, deploy_tiny, open_embedded, signed, word
from tests.chain.world import PARTIES, World, build


@pytest.fixture
def embedded(tmp_path: Path) -> EmbeddedNode:
    return open_embedded(tmp_path)


@pytest.fixture
def rpc(embedded: EmbeddedNode) -> Iterator[RpcServer]:
    with serve(embedded) as server:
        yield server


@pytest.fixture
def node(rpc: RpcServer) -> Iterator[RpcNode]:
    made = RpcNode(rpc.url, timeout_s=2)
    yield made
    made.close()


def test_every_read__by_rpc__is_the_embedded_nodes_own(embedded: EmbeddedNode, node: RpcNode) -> None:
    tiny = deploy_tiny(node)
    hashes = node.send_raw_many([signed(node, 1 + n, tiny, word(n + 5)) for n in range(3)])
    assert [h for h in hashes if isinstance(h, bytes)] == hashes
    head = embedded.head()
    assert (node.head(), node.finalized(), node.block(1), node.block(99)) == (head, head, embedded.block(1), None)
    assert node.block_by_hash(head.hash) == head
    assert node.block_by_hash(b"\1" * 32) is None
    assert node.logs(head, [tiny]) == embedded.logs(head, [tiny]) != []
    assert node.block_receipts(head) == embedded.block_receipts(head)
    assert node.receipt(hashes[2]) == embedded.receipt(hashes[2])  # type: ignore[arg-type]  # bytes, asserted above
    assert node.receipt(b"\1" * 32) is None
    assert node.header_rlp(head) == embedded.header_rlp(head)
    assert node.nonce_of(SENDER, head) == 4
    assert node.code(tiny, head) == embedded.code(tiny, head)
    assert node.chain_id() == embedded.chain_id()
    assert node.call(tiny, word(1), head, SENDER) == b""
    with pytest.raises(Reverted) as caught:
        node.call(tiny, word(0), head)
    assert caught.value.data == bytes.fromhex("deadbeef")


def test_receipts__node_without_block_receipts__asked_one_by_one(
    embedded: EmbeddedNode, node: RpcNode, rpc: RpcServer
) -> None:
    tiny = deploy_tiny(embedded)
    embedded.send_raw_many([signed(node, 1 + n, tiny, word(n + 5)) for n in range(3)])
    rpc.faults.add("unknown eth_getBlockReceipts")
    assert node.block_receipts(embedded.head()) == embedded.block_receipts(embedded.head())


def test_open__wrong_chain_id__refused(rpc: RpcServer) -> None:
    with pytest.raises(Unavailable) as caught:
        RpcNode(rpc.url, expected_chain_id=1)
    assert caught.value.code == "chain_wrong_id"


def test_open__nobody_there__refused() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(Unavailable) as caught:
        RpcNode(f"http://127.0.0.1:{port}", timeout_s=1)
    assert caught.value.code == "chain_unreachable"


@pytest.mark.parametrize("fault", ["silent", "garbage", "gateway"])
def test_read__node_does_not_answer__unavailable(node: RpcNode, rpc: RpcServer, fault: str) -> None:
    rpc.faults.add(fault)
    with pytest.raises(Unavailable) as caught:
        node.head()
    assert caught.value.code == "chain_unreachable"


@pytest.mark.parametrize("fault", ["silent", "answer lost", "garbage", "gateway"])
def test_send__node_does_not_answer__unknown_and_resending_is_safe(
    embedded: EmbeddedNode, node: RpcNode, rpc: RpcServer, fault: str
) -> None:
    raw = signed(node, 0, SENDER, b"")
    rpc.faults.add(fault)
    with pytest.raises(Unknown) as caught:
        node.send_raw(raw)
    assert caught.value.code == "chain_send_unknown"
    rpc.faults.clear()
    tx = node.send_raw(raw)
    assert node.receipt(tx) is not None
    assert embedded.head().number == 1


def test_send__node_will_not_take_it__refused(node: RpcNode) -> None:
    with pytest.raises(Refused) as caught:
        node.send_raw(signed(node, 5, SENDER, b""))
    assert caught.value.code == "chain_tx_refused"


@pytest.mark.parametrize("fault", [*FALSE, "forget", "lie_header", "lie_time"])
def test_logs__left_out_added_changed_or_of_another_block__refused_not_believed(
    embedded: EmbeddedNode, node: RpcNode, rpc: RpcServer, fault: str
) -> None:
    tiny = deploy_tiny(embedded)
    embedded.send_raw_many([signed(node, place, tiny, word(place)) for place in (1, 2, 3)])
    rpc.faults = {fault}
    head = node.block(embedded.head().number) if fault == "lie_time" else embedded.head()
    assert head is not None
    with pytest.raises(Unavailable) as caught:
        node.logs(head, [tiny])
    named = {"forget": "chain_behind", "lie_header": "chain_header_foreign", "lie_time": "chain_header_foreign"}
    assert caught.value.code == named.get(fault, "chain_receipts_foreign")
    rpc.faults = set()
    assert [log.data for log in node.logs(embedded.head(), [tiny])] == [word(place) for place in (1, 2, 3)]


def test_logs__other_contracts__none_and_the_receipts_not_asked_for(
    embedded: EmbeddedNode, node: RpcNode, rpc: RpcServer
) -> None:
    tiny = deploy_tiny(embedded)
    embedded.send_raw(signed(node, 1, tiny, word(1)))
    rpc.calls.clear()
    assert node.logs(embedded.head(), [SENDER]) == []
    assert rpc.calls == ["eth_getBlockByHash"]


def test_header__node_lies__refused(embedded: EmbeddedNode, node: RpcNode, rpc: RpcServer) -> None:
    deploy_tiny(embedded)
    rpc.faults.add("lie_header")
    with pytest.raises(Unavailable) as caught:
        node.header_rlp(embedded.head())
    assert caught.value.code == "chain_header_foreign"


def test_unknown_method__read_refused_by_name(node: RpcNode, rpc: RpcServer) -> None:
    rpc.faults.add("unknown eth_getCode")
    with pytest.raises(Unavailable) as caught:
        node.code(SENDER, node.head())
    assert caught.value.code == "chain_refused_read"


def test_proofs__over_rpc__verify(embedded: EmbeddedNode, node: RpcNode) -> None:
    tiny = deploy_tiny(embedded)
    tx = embedded.send_raw(signed(node, 1, tiny, word(9)))
    check_proofs(node, tx)


def check_proofs(node: Any, tx: bytes) -> None:
    proof = prove_receipt(node, tx)
    assert verify_receipt(proof.header_rlp, proof.block.hash, proof.receipt_index, proof.nodes).succeeded
    headers = prove_ancestry(node, proof.block.number, node.head())
    assert verify_ancestry(headers, node.head().hash)[0].hash == proof.block.hash


def test_driver__over_rpc__relays_and_indexes(tmp_path: Path) -> None:
    world = build(tmp_path / "chain")
    with serve(world.node) as server:
        node = RpcNode(server.url, timeout_s=2)
        made = rig(world, open_store(tmp_path), node=node)
        made.sender.start()
        rows = [made.put("a1", post(world, "PO")), made.put("a2", acknowledge(world, "PO"))]
        made.driver.run_until_idle()
        world.clock.advance(seconds=5)
        made.driver.run_until_idle()
        assert [made.row(row).status for row in rows] == ["done", "done"]
        assert [event.name for event in made.recorder.events][-2:] == ["Posted", "Acknowledged"]
        node.close()


def test_open_node__by_settings__embedded_or_rpc(tmp_path: Path, rpc: RpcServer) -> None:
    inside = open_node(None, home=tmp_path / "own", clock=Clock(), funded=[SENDER])
    assert isinstance(inside, EmbeddedNode)
    inside.close()
    outside = open_node(rpc.url, home=tmp_path, clock=Clock())
    assert isinstance(outside, RpcNode)
    outside.close()
    with pytest.raises(ChainfinError) as caught:
        open_node(None, home=tmp_path / "own", clock=Clock(), expected_chain_id=1)
    assert caught.value.code == "chain_wrong_id"


# a real node, where there is one


def binary_of(name: str) -> str | None:
    """CHAINFIN_ANVIL / CHAINFIN_HARDHAT, the PATH, or what npm put into the folders of contracts and benchmarks."""
    root = Path(__file__).parents[2]
    places = [root / folder / "node_modules" / ".bin" / name for folder in ("contracts", "benchmarks/hardhat")]
    local = next((str(place) for place in places if place.exists()), None)
    return os.environ.get(f"CHAINFIN_{name.upper()}") or shutil.which(name) or local


def command_of(name: str, port: int, folder: Path) -> list[str]:
    binary = binary_of(name)
    if binary is None:
        pytest.skip(f"no {name}: install it or set CHAINFIN_{name.upper()} to test against a real node")
    if name == "anvil":
        return [binary, "--port", str(port), "--silent", "--hardfork", "prague"]
    # hardhat runs only inside a project that holds its package
    (folder / "hardhat.config.js").write_text('module.exports = {networks: {hardhat: {hardfork: "prague"}}};')
    (folder / "package.json").write_text('{"private": true}')
    (folder / "node_modules").symlink_to(Path(binary).parent.parent)
    return [binary, "node", "--port", str(port)]


@contextmanager
def running(name: str, folder: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder.mkdir()
    process = subprocess.Popen(
        command_of(name, port, folder), cwd=folder, stdout=subprocess.DEVNULL, start_new_session=True
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                RpcNode(url, timeout_s=1).close()
                break
            except Unavailable:
                time.sleep(0.05)
        ask(url, f"{name}_setBalance", SENDER, hex(10**24))
        yield url
    finally:
        # the npm wrappers are parents of the node: the whole session that was started here ends
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(10)


def ask(url: str, method: str, *params: object) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
    answer = httpx.post(url, json=body).raise_for_status().json()
    assert "error" not in answer, answer


@pytest.fixture
def anvil(tmp_path: Path) -> Iterator[str]:
    with running("anvil", tmp_path / "node") as url:
        yield url


@pytest.mark.parametrize("name", ["anvil", "hardhat"])
def test_real_node__deploy_relay_index_prove__as_on_the_embedded_chain(name: str, tmp_path: Path) -> None:
    with running(name, tmp_path / "node") as url:
        whole_way(url, tmp_path)


def whole_way(url: str, tmp_path: Path) -> None:
    node: Any = RpcNode(url, expected_chain_id=31337)
    clock = Clock(datetime.now(UTC))
    world = World(node, clock, deploy(node, KEY, operator=SENDER))
    for who, role in list(PARTIES.items())[:2]:
        world.admit(who, role)
    made = rig(world, open_store(tmp_path), node=node)
    made.sender.start()
    rows = [
        made.put("a1", post(world, "PO")),
        made.put("a2", acknowledge(world, "PO")),
        made.put("a3", post(world, "PO")),
    ]
    for _ in range(5):
        made.driver.run_until_idle()
        clock.advance(seconds=3)
    assert [made.row(row).status for row in rows] == ["done", "done", "refused"]
    assert made.recorder.refused_acts == {"a3": "chain_order_exists"}
    assert [event.name for event in made.recorder.events][-2:] == ["Posted", "Acknowledged"]
    check_proofs(node, bytes.fromhex(made.recorder.sent_acts["a1"][2:]))
    assert deploy(node, KEY, operator=SENDER) == world.deployment


def test_anvil__reorg_below_what_was_taken_in__halts(anvil: str, tmp_path: Path) -> None:
    node: Any = RpcNode(anvil)
    clock = Clock()
    world = World(node, clock, deploy(node, KEY, operator=SENDER))
    made = rig(world, open_store(tmp_path), node=node)
    made.driver.run_until_idle()
    ask(anvil, "anvil_reorg", 3, [])
    with pytest.raises(Unavailable) as caught:
        made.indexer.run_once()
    assert caught.value.code == "chain_reorg_past_finality"
