"""Taking blocks in: once, in order, with what follows; and what happens when the chain is not what it was."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from chainfin.chain.decode import Decoder
from chainfin.chain.driver import ChainDriver
from chainfin.chain.indexer import Finality, Indexer
from chainfin.connectors.http import Retry
from chainfin.errors import Halted, Unavailable
from chainfin.eth.abi import contract_abi
from chainfin.runtime.loop import Loop, State
from chainfin.storage.chain_tables import ChainBlockRow
from chainfin.storage.store import Store
from tests.chain.spine import FakeChain, Recorder, open_store, rig
from tests.chain.test_sender import post
from tests.chain.tools import Clock
from tests.chain.world import build, named

ADDRESS = "0x00000000000000000000000000000000000000AA"
CANCELLED = next(e for e in contract_abi("Orders").events.values() if e.name == "OrderCancelled")


def cancelled(name: str) -> tuple[tuple[bytes, ...], bytes]:
    return ((CANCELLED.topic, named(name)), b"")


class Line:
    def __init__(self, store: Store, chain: FakeChain, *, depth: int | None = 2, start: int = 0) -> None:
        self.recorder = Recorder(Clock())
        self.chain = chain
        node: Any = chain
        self.indexer = Indexer(
            store,
            node,
            Decoder({"Orders": ADDRESS}),
            self.recorder.project,
            start_block=start,
            finality=Finality(depth),
        )

    @property
    def seen(self) -> list[object]:
        return [event.args["orderId"] for event in self.recorder.events]


@pytest.fixture
def line(store: Store) -> Line:
    chain = FakeChain(ADDRESS)
    for n in range(10):
        chain.mine("", cancelled(f"o{n}"))
    return Line(store, chain)


def ids(*names: str) -> list[object]:
    return ["0x" + named(name).hex() for name in names]


def final_number(line: Line) -> int:
    block = line.indexer.final_block()
    assert block is not None
    return block.number


def code_of(indexer: Indexer) -> str:
    with pytest.raises(Unavailable) as caught:
        indexer.run_once()
    return caught.value.code


def test_run__final_blocks_only__each_event_once_in_order(line: Line) -> None:
    assert line.indexer.run_once() == 8
    assert line.seen == ids(*(f"o{n}" for n in range(8)))
    assert line.indexer.run_once() == 0
    line.chain.mine()
    assert line.indexer.run_once() == 1
    assert line.seen[-1:] == ids("o8")


def test_run__event__carries_block_time_hash_and_place(line: Line) -> None:
    line.indexer.run_once()
    event, block = line.recorder.events[2], line.chain.blocks[3]
    assert (event.contract, event.name, event.block_number, event.log_index) == ("Orders", "OrderCancelled", 3, 0)
    assert event.block_hash == "0x" + block.hash.hex()
    assert event.block_time.timestamp() == block.timestamp


def test_run__start_block__nothing_before_it(store: Store) -> None:
    chain = FakeChain(ADDRESS)
    for n in range(5):
        chain.mine("", cancelled(f"o{n}"))
    late = Line(store, chain, depth=0, start=4)
    late.indexer.run_once()
    assert late.seen == ids("o3", "o4")


def test_run__finalized_tag__followed(store: Store) -> None:
    chain = FakeChain(ADDRESS)
    for n in range(10):
        chain.mine("", cancelled(f"o{n}"))
    tagged = Line(store, chain, depth=None)
    tagged.indexer.run_once()
    assert tagged.indexer.cursor() == (6, "0x" + chain.blocks[6].hash.hex())


def test_reorg__above_the_finality_line__changes_nothing(line: Line) -> None:
    line.indexer.run_once()
    line.chain.reorg(2)
    line.chain.mine("", cancelled("new"))
    line.indexer.run_once()
    line.chain.mine()
    line.chain.mine()
    line.indexer.run_once()
    assert line.seen == ids(*(f"o{n}" for n in range(8)), "new")


def test_reorg__below_the_finality_line__halts_by_name_and_keeps_what_stands(line: Line) -> None:
    line.indexer.run_once()
    cursor = line.indexer.cursor()
    line.chain.reorg(4)
    for _ in range(3):
        line.chain.mine("", cancelled("forged"))
        assert code_of(line.indexer) == "chain_reorg_past_finality"
    assert line.indexer.cursor() == cursor
    assert line.seen == ids(*(f"o{n}" for n in range(8)))


def test_reorg__of_the_last_block_taken_in__noticed_before_another_follows(line: Line) -> None:
    line.indexer.run_once()
    cursor = line.indexer.cursor()
    assert cursor is not None
    line.chain.reorg(4)
    while final_number(line) < cursor[0]:
        line.chain.mine("", cancelled("forged"))
    assert final_number(line) == cursor[0]
    assert code_of(line.indexer) == "chain_reorg_past_finality"


def test_lower_head__node_is_behind__halts_by_name_and_goes_on_later(line: Line) -> None:
    line.indexer.run_once()
    blocks = list(line.chain.blocks)
    for length in (9, 1):
        line.chain.blocks = blocks[:length]
        assert code_of(line.indexer) == "chain_behind"
    line.chain.blocks = blocks
    line.chain.mine()
    assert line.indexer.run_once() == 1


def test_parent_link__broken_between_new_blocks__halts(line: Line) -> None:
    broken = line.chain.blocks[5]
    line.chain.blocks[5] = type(broken)(5, broken.hash, b"\7" * 32, broken.timestamp)
    assert code_of(line.indexer) == "chain_reorg_past_finality"
    assert line.indexer.cursor() is None


def test_unknown_event__of_our_contract__halts(line: Line) -> None:
    line.chain.mine("", ((b"\1" * 32,), b""))
    line.chain.mine()
    line.chain.mine()
    assert code_of(line.indexer) == "chain_event_unknown"
    assert line.indexer.cursor() is None


def test_projection_fails__nothing_of_the_batch_stays(line: Line, store: Store) -> None:
    line.recorder.fail_on = "OrderCancelled"
    with pytest.raises(Halted):
        line.indexer.run_once()
    assert line.indexer.cursor() is None
    line.recorder.fail_on = None
    assert line.indexer.run_once() == 8


def test_second_indexer__cursor_moved_meanwhile__takes_nothing_twice(line: Line, store: Store) -> None:
    other = Line(store, line.chain)
    blocks = other.indexer._read(0, line.chain.blocks[8], None)
    line.indexer.run_once()
    assert other.indexer._take_in(blocks, None) is None
    assert other.indexer.run_once() == 0
    assert other.seen == []


def quick(line: Line) -> Loop:
    """A loop that only reads, and tries again at once."""
    return Loop("chain", ChainDriver(None, line.indexer, rest_s=0.01), backoff=Retry(base_s=0.01, cap_s=0.01))


def until(look: Callable[[], bool]) -> None:
    """Wait for it (it fails after a time that no machine should need)."""
    deadline = time.monotonic() + 30
    while not look():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.005)


def test_driver__from_commit_to_projection__by_itself(tmp_path: Path) -> None:
    world = build(tmp_path / "chain")
    store = open_store(tmp_path)
    made = rig(world, store)
    loop = Loop("chain", made.driver)
    store.on_commit(loop.wake)
    loop.start()
    try:
        row = made.put("a1", post(world, "PO"))
        deadline = time.monotonic() + 4  # below the driver's own rest, so that only the wake can have done it
        while not any(event.name == "Posted" for event in made.recorder.events) and time.monotonic() < deadline:
            time.sleep(0.005)
        assert [event.name for event in made.recorder.events][-1] == "Posted"
        assert made.row(row).status == "done"
    finally:
        loop.stop()
    blocks, events = made.stored()
    assert blocks[-1].number == world.node.head().number
    assert events[-1].subject == "0x" + named("PO").hex()


def test_driver__reorg_past_finality__halts_and_says_so(line: Line, store: Store) -> None:
    line.indexer.run_once()
    line.chain.reorg(5)
    loop = quick(line)
    loop.start()
    until(lambda: loop.view.state is State.HALTED)
    assert loop.view.code == "chain_reorg_past_finality"
    with pytest.raises(Unavailable) as caught:
        loop.check()
    assert caught.value.code == "chain_halted"
    loop.stop()
    assert loop.view.state is State.HALTED, "stopping it in order doesn't make it well"


def test_driver__node_behind__reports_trouble_and_recovers(line: Line, store: Store) -> None:
    line.indexer.run_once()
    blocks = list(line.chain.blocks)
    line.chain.blocks = blocks[:5]
    loop = quick(line)
    loop.start()
    until(lambda: loop.view.state is State.WAITING)
    assert loop.view.code == "chain_behind"
    line.chain.blocks = blocks
    until(lambda: loop.view.state is State.RUNNING)
    loop.check()
    loop.stop()


def test_driver__database_restarts__goes_on_afterwards(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    real, failures = line.indexer.run_once, iter([True, True])

    def flaky() -> int:
        if next(failures, False):
            raise OperationalError("select", {}, Exception("server closed the connection"))
        return real()

    monkeypatch.setattr(line.indexer, "run_once", flaky)
    loop = quick(line)
    loop.start()
    until(lambda: len(line.seen) == 8)
    loop.stop()
    assert (loop.view.state, loop.view.failures) == (State.STOPPED, 2)


def test_driver__event_that_cannot_be_applied__halts_and_says_which(line: Line) -> None:
    line.recorder.fail_on = "OrderCancelled"
    loop = quick(line)
    loop.start()
    until(lambda: loop.view.state is State.HALTED)
    assert loop.view.code == "chain_event_not_applied"
    assert "OrderCancelled" in str(loop.view.message)
    loop.stop()
    assert line.indexer.cursor() is None


def test_first_block__taken_in_by_another_meanwhile__named_and_tried_again(line: Line, store: Store) -> None:
    with store.begin() as session:
        block = line.chain.blocks[0]
        session.add(ChainBlockRow(number=0, hash="0x" + block.hash.hex(), parent_hash="", timestamp=Clock().now))
    raced = line.indexer._read(0, line.chain.blocks[8], None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chainfin.chain.indexer._cursor", lambda session, lock=False: None)
        with pytest.raises(Unavailable) as caught:
            line.indexer._take_in(raced, None)
    assert caught.value.code == "chain_index_raced"
    assert line.indexer.run_once() == 8
