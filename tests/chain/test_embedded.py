"""The embedded chain: mining, batches, refusals, times, reopening and kill -9."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from datetime import timedelta
from pathlib import Path

import pytest
from eth.vm.code_stream import CodeStream

from chainfin.chain.embedded import CHAIN_ID, EmbeddedNode, _jump_targets
from chainfin.chain.node import Reverted
from chainfin.errors import Refused, Unavailable
from chainfin.resources import CONTRACTS, artifact
from tests.chain.tools import KEY, SENDER, START, Clock, deploy_tiny, open_embedded, signed, word


def test_send__a_transaction__is_in_a_block_with_its_log(tmp_path: Path) -> None:
    node = open_embedded(tmp_path)
    tiny = deploy_tiny(node)
    tx = node.send_raw(signed(node, 1, tiny, word(7)))
    receipt = node.receipt(tx)
    assert receipt is not None
    assert (receipt.succeeded, receipt.block_number, receipt.tx_hash) == (True, 2, tx)
    assert [(log.address, log.topics, log.data) for log in receipt.logs] == [(tiny, (word(7),), word(7))]
    head = node.head()
    assert node.logs(head, [tiny]) == list(receipt.logs)
    assert node.logs(head, [SENDER]) == []
    assert node.block(1) == node.block_by_hash(head.parent_hash)
    assert (node.block(3), node.block_by_hash(b"\1" * 32), node.receipt(b"\1" * 32)) == (None, None, None)
    assert node.nonce_of(SENDER, head) == 2
    assert node.code(tiny, head) != b""
    assert node.chain_id() == CHAIN_ID


def test_send__the_same_bytes_again__one_transaction(tmp_path: Path) -> None:
    node = open_embedded(tmp_path)
    tiny = deploy_tiny(node)
    raw = signed(node, 1, tiny, word(7))
    assert node.send_raw(raw) == node.send_raw(raw)
    assert node.head().number == 2


def test_send_many__some_bad__the_good_share_one_block_in_order(tmp_path: Path) -> None:
    node = open_embedded(tmp_path)
    tiny = deploy_tiny(node)
    raws = [signed(node, 1 + n, tiny, word(10 + n)) for n in range(5)]
    answers = node.send_raw_many([raws[0], b"\xff\x00", *raws[1:], signed(node, 99, tiny, word(1)), raws[0]])
    codes = [getattr(answer, "code", "mined") for answer in answers]
    assert codes == ["mined", "chain_tx_refused", *["mined"] * 4, "chain_tx_refused", "chain_tx_refused"]
    head = node.head()
    assert head.number == 2
    assert [log.topics[0] for log in node.logs(head, [tiny])] == [word(10 + n) for n in range(5)]
    assert [log.log_index for log in node.logs(head, [tiny])] == list(range(5))


def test_send__gas_price_zero__refused_by_name(tmp_path: Path) -> None:
    node = open_embedded(tmp_path)
    with pytest.raises(Refused) as caught:
        node.send_raw(signed(node, 0, SENDER, b"", price=0))
    assert caught.value.code == "chain_tx_refused"
    assert node.head().number == 0


def test_call__reverts__gives_the_data_and_leaves_no_trace(tmp_path: Path) -> None:
    node = open_embedded(tmp_path)
    tiny = deploy_tiny(node)
    head = node.head()
    with pytest.raises(Reverted) as caught:
        node.call(tiny, word(0), head)
    assert caught.value.data == bytes.fromhex("deadbeef")
    assert node.call(tiny, word(5), head) == b""
    assert node.head() == head


def test_reverted_transaction__is_mined__as_failed(tmp_path: Path) -> None:
    node = open_embedded(tmp_path)
    tiny = deploy_tiny(node)
    receipt = node.receipt(node.send_raw(signed(node, 1, tiny, word(0))))
    assert receipt is not None
    assert (receipt.succeeded, receipt.logs) == (False, ())


def test_block_time__business_clock__followed_and_never_back(tmp_path: Path) -> None:
    clock = Clock()
    node = open_embedded(tmp_path, clock)
    tiny = deploy_tiny(node)
    begin = int(START.timestamp())
    assert node.head().timestamp == begin
    node.send_raw(signed(node, 1, tiny, word(1)))
    assert node.head().timestamp == begin + 1
    clock.advance(days=90)
    node.send_raw(signed(node, 2, tiny, word(1)))
    assert node.head().timestamp == int((START + timedelta(days=90)).timestamp())
    clock.advance(days=-90)
    node.send_raw(signed(node, 3, tiny, word(1)))
    assert node.head().timestamp == int((START + timedelta(days=90)).timestamp()) + 1


def test_reopen__same_head_receipts_and_state(tmp_path: Path) -> None:
    node = open_embedded(tmp_path)
    tiny = deploy_tiny(node)
    tx = node.send_raw(signed(node, 1, tiny, word(7)))
    before = (node.head(), node.receipt(tx), node.block_receipts(node.head()))
    node.close()
    again = open_embedded(tmp_path)
    assert (again.head(), again.receipt(tx), again.block_receipts(again.head())) == before
    assert again.nonce_of(SENDER, again.head()) == 2
    again.send_raw(signed(again, 2, tiny, word(8)))
    assert again.head().parent_hash == before[0].hash


def test_open__by_a_second_process__refused(tmp_path: Path) -> None:
    node = open_embedded(tmp_path)
    with pytest.raises(Unavailable) as caught:
        open_embedded(tmp_path)
    assert caught.value.code == "chain_in_use"
    node.close()
    open_embedded(tmp_path).close()


def test_open__to_read__sees_the_writer_go_on_and_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        EmbeddedNode(tmp_path, Clock(), read_only=True)
    assert caught.value.code == "chain_absent"
    writer = open_embedded(tmp_path)
    reader = EmbeddedNode(tmp_path, Clock(), read_only=True)
    for nonce in range(3):
        tx = writer.send_raw(signed(writer, nonce, SENDER, b""))
        assert reader.head() == writer.head()
        assert reader.receipt(tx) == writer.receipt(tx)
    with pytest.raises(Refused) as refused:
        reader.send_raw(signed(writer, 3, SENDER, b""))
    assert refused.value.code == "chain_tx_refused"
    reader.close()
    assert writer.head().number == 3


def test_open__broken_file__refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "chain").mkdir()
    (tmp_path / "chain" / "chain.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(Unavailable) as caught:
        open_embedded(tmp_path)
    assert caught.value.code == "chain_store_broken"


def test_foreign_block__not_on_this_chain__refused(tmp_path: Path) -> None:
    one, other = open_embedded(tmp_path / "a"), open_embedded(tmp_path / "b", Clock(START + timedelta(days=1)))
    deploy_tiny(one)
    deploy_tiny(other)
    for read in (lambda: one.logs(other.head(), []), lambda: one.header_rlp(other.head())):
        with pytest.raises(Unavailable) as caught:
            read()
        assert caught.value.code == "chain_behind"


_WRITER = """
    import sys
    from pathlib import Path
    from tests.chain.tools import deploy_tiny, open_embedded, signed, word
    node = open_embedded(Path(sys.argv[1]))
    start = node.head().number
    tiny = deploy_tiny(node, start)
    nonce = start + 1
    while True:
        raws = [signed(node, nonce + n, tiny, word(nonce + n)) for n in range(3)]
        for tx in (node.send_raw(raws[0]), *node.send_raw_many(raws[1:])):
            print(tx.hex(), flush=True)
        nonce += 3
"""


def test_kill_9__at_any_moment__nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    for rounds, lines in enumerate((2, 7)):
        home = tmp_path / str(rounds)
        writer = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(_WRITER), str(home)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        assert writer.stdout is not None
        acknowledged = [writer.stdout.readline().strip() for _ in range(lines)]
        writer.send_signal(signal.SIGKILL)
        acknowledged += [line.strip() for line in writer.stdout.read().splitlines() if len(line.strip()) == 64]
        writer.wait()
        node = EmbeddedNode(home, Clock())
        for line in acknowledged:
            receipt = node.receipt(bytes.fromhex(line))
            assert receipt is not None
            assert receipt.succeeded
        head = node.head()
        walked = head
        while walked.number:
            parent = node.block_by_hash(walked.parent_hash)
            assert parent is not None
            walked = parent
        node.send_raw(signed(node, node.nonce_of(SENDER, head), SENDER, b""))
        assert node.head().parent_hash == head.hash
        node.close()


def test_key_of_tests__funded__is_the_sender() -> None:
    assert len(KEY) == 32
    assert SENDER.startswith("0x")


def test_code__where_it_can_be_jumped_to__is_remembered_as_py_evm_finds_it() -> None:
    for name in CONTRACTS:
        code = bytes.fromhex(artifact(name)["deployedBytecode"].removeprefix("0x"))
        instructions, data = _jump_targets(code)
        shared = CodeStream(code)
        shared.valid_positions, shared.invalid_positions = instructions, data
        places = range(len(code))
        found = [shared.is_valid_opcode(place) for place in places]
        assert found == [CodeStream(code).is_valid_opcode(place) for place in places]
        assert (len(instructions), len(data)) == (found.count(True), found.count(False))
        assert _jump_targets(bytes(bytearray(code)))[0] is instructions
