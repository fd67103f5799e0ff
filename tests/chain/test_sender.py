"""Relaying: stored before sent, each act once, refusals by name, and every point at which a process can die."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chainfin.chain.embedded import EmbeddedNode
from chainfin.chain.node import Receipt
from chainfin.chain.sender import Policy
from chainfin.documents.goods_trail import START, Step, extended
from chainfin.errors import ChainfinError, Unavailable, Unknown
from chainfin.storage.store import Store
from tests.chain.spine import Rig, open_store, rig
from tests.chain.tools import KEY, SENDER, signed
from tests.chain.world import World, build, named


class Died(BaseException):
    """The process ends here."""


class FlakyNode:
    """The embedded node with scripted trouble."""

    def __init__(self, real: EmbeddedNode) -> None:
        self._real = real
        self.trouble: str | None = None
        self.sends: list[bytes] = []
        self.hide_receipts = False
        self.says_falsely: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        if self.trouble == "unreachable":
            raise Unavailable("chain_unreachable", "scripted")
        return getattr(self._real, name)

    def receipt(self, tx_hash: bytes) -> Receipt | None:
        found = None if self.hide_receipts else self._real.receipt(tx_hash)
        return found and replace(found, **self.says_falsely)

    def send_raw_many(self, raws: list[bytes]) -> list[bytes | ChainfinError]:
        self.sends += raws
        if self.trouble == "dies before sending":
            raise Died
        if self.trouble == "lost on the way":
            return [Unknown("chain_send_unknown", "scripted") for _ in raws]
        answers = self._real.send_raw_many(raws)
        if self.trouble == "dies after sending":
            raise Died
        if self.trouble == "answer lost":
            return [Unknown("chain_send_unknown", "scripted") for _ in raws]
        return answers


@pytest.fixture
def world(tmp_path: Path) -> World:
    return build(tmp_path / "chain")


@pytest.fixture
def node(world: World) -> FlakyNode:
    return FlakyNode(world.node)


@pytest.fixture
def ready(world: World, node: FlakyNode, store: Store) -> Rig:
    made = rig(world, store, node=node)
    made.sender.start()
    return made


def post(world: World, name: str, amount: int = 500_00) -> dict[str, Any]:
    params = {"orderId": named(name), "seller": world.ids["supplier"], "documentRoot": named("r"), "amount": amount}
    return world.payload("core", "Orders", "post", {**params, "currency": b"CNY"})


def acknowledge(world: World, name: str) -> dict[str, Any]:
    seen = extended(START, Step.POST, named("r"), 500_00)
    params = {"orderId": named(name), "documentRoot": named("r"), "trail": seen}
    return world.payload("supplier", "Orders", "acknowledge", params)


def restart(old: Rig) -> Rig:
    """The same database and chain under a new process."""
    made = rig(old.world, old.store, node=old.sender._node)
    made.sender.start()
    return made


def test_send__an_act__mined_reported_and_done(ready: Rig) -> None:
    row = ready.put("a1", post(ready.world, "PO"))
    assert ready.sender.run_once() == 1
    done = ready.row(row)
    assert done.status == "done"
    assert done.result is not None
    assert done.result["tx_hash"] == ready.recorder.sent_acts["a1"] == ready.transactions()[0].hash
    assert ready.transactions()[0].status == "mined"
    assert ready.sender.run_once() == 0
    assert ready.indexer.run_once() > 0
    assert ready.recorder.events[-1].name == "Posted"
    assert ready.recorder.events[-1].tx_hash == ready.recorder.sent_acts["a1"]


def test_send__many__share_blocks_in_order_of_their_making(ready: Rig) -> None:
    before = ready.world.node.head().number
    rows = [ready.put(f"a{n}", post(ready.world, f"PO-{n}")) for n in range(8)]
    ready.sender.run_once()
    assert {ready.row(row).status for row in rows} == {"done"}
    assert ready.world.node.head().number == before + 1
    assert [tx.outbox_id for tx in ready.transactions()] == rows


def test_send__an_act_that_builds_on_one_in_the_same_batch__waits_for_it(ready: Rig) -> None:
    rows = [ready.put("later", acknowledge(ready.world, "PO")), ready.put("first", post(ready.world, "PO"))]
    ready.sender.run_once()
    assert [ready.row(row).status for row in rows] == ["done", "done"]


def test_send__refused_by_the_contract__named_and_nothing_sent(ready: Rig, node: FlakyNode) -> None:
    row = ready.put("a1", acknowledge(ready.world, "never posted"))
    ready.sender.run_once()
    assert ready.row(row).status == "refused"
    assert ready.row(row).error == ready.recorder.refused_acts["a1"] == "chain_order_unknown"
    assert (node.sends, ready.transactions()) == ([], [])


def test_send__two_acts_of_which_one_can_hold__one_mined_one_refused(ready: Rig) -> None:
    rows = [ready.put("a1", post(ready.world, "PO", 1)), ready.put("a2", post(ready.world, "PO", 2))]
    ready.sender.run_once()
    assert [ready.row(row).status for row in rows] == ["done", "refused"]
    assert [tx.status for tx in ready.transactions()] == ["mined", "reverted"]
    assert ready.recorder.refused_acts == {"a2": "chain_order_exists"}


def test_send__without_asking_first__same_block_in_order_and_refusals_by_name(world: World, tmp_path: Path) -> None:
    made = rig(world, open_store(tmp_path), policy=Policy(check_first=False))
    made.sender.start()
    before = world.node.head().number
    payloads = [post(world, "PO"), acknowledge(world, "PO"), post(world, "PO", 7), {"contract": "Orders"}]
    rows = [made.put(f"a{n}", payload) for n, payload in enumerate(payloads)]
    made.driver.run_until_idle()
    assert [made.row(row).status for row in rows] == ["done", "done", "refused", "refused"]
    assert made.recorder.refused_acts == {"a2": "chain_order_exists", "a3": "payload_malformed"}
    assert world.node.head().number == before + 1
    assert [event.name for event in made.recorder.events][-2:] == ["Posted", "Acknowledged"]


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        ({"function": "forgiveBySig"}, "act_unknown"),
        ({"auths": []}, "act_auths_missing"),
        ({"contract": "Nobody"}, "act_unknown"),
        ({"params": {}}, "binding_member_missing"),
    ],
)
def test_send__what_can_never_be_sent__refused_by_name(ready: Rig, spoil: dict[str, Any], code: str) -> None:
    row = ready.put("a1", {**post(ready.world, "PO"), **spoil})
    good = ready.put("a2", post(ready.world, "PO"))
    ready.sender.run_once()
    assert (ready.row(row).status, ready.row(row).error) == ("refused", code)
    assert ready.row(good).status == "done"


@pytest.mark.parametrize("check_first", [True, False])
@pytest.mark.parametrize("trouble", ["dies before sending", "dies after sending"])
def test_crash__around_the_sending__after_restart_done_once(
    world: World, store: Store, node: FlakyNode, trouble: str, check_first: bool
) -> None:
    ready = rig(world, store, node=node, policy=Policy(check_first=check_first))
    ready.sender.start()
    row = ready.put("a1", post(ready.world, "PO"))
    node.trouble = trouble
    with pytest.raises(Died):
        ready.sender.run_once()
    stored = ready.transactions()
    assert [(tx.status, bytes.fromhex(tx.raw[2:])) for tx in stored] == [("stored", node.sends[0])]
    node.trouble = None
    after = restart(ready)
    after.driver.run_until_idle()
    assert ready.row(row).status == "done"
    assert [tx.hash for tx in ready.transactions()] == [stored[0].hash]
    assert [event.name for event in after.recorder.events].count("Posted") == 1


def test_crash__between_claim_and_storing__after_restart_sent_at_once(
    ready: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = ready.put("a1", post(ready.world, "PO"))

    def die(*_: object) -> None:
        raise Died

    monkeypatch.setattr(ready.sender, "_store_signed", die)
    with pytest.raises(Died):
        ready.sender.run_once()
    assert ready.row(row).status == "claimed"
    after = restart(ready)
    after.sender.run_once()
    assert ready.row(row).status == "done"


@pytest.mark.parametrize("trouble", ["lost on the way", "answer lost"])
def test_no_answer__is_unknown__asked_and_sent_again_never_failed(ready: Rig, node: FlakyNode, trouble: str) -> None:
    row = ready.put("a1", post(ready.world, "PO"))
    node.trouble = trouble
    ready.sender.run_once()
    assert ready.row(row).status == ("claimed" if trouble == "lost on the way" else "done")
    node.trouble = None
    assert len(node.sends) == 1
    ready.sender._settler._resend_s = 0
    ready.driver.run_until_idle()
    assert ready.row(row).status == "done"
    assert len(set(node.sends)) == 1
    assert ready.recorder.refused_acts == {}


def test_receipt_not_final_yet__not_reported__and_lease_over_sends_no_second(world: World, tmp_path: Path) -> None:
    deep = rig(world, open_store(tmp_path), depth=3)
    deep.sender.start()
    row = deep.put("a1", post(world, "PO"))
    deep.sender.run_once()
    assert deep.row(row).status == "claimed"
    world.clock.advance(days=30)
    for _ in range(2):
        deep.sender.run_once()
    assert len(deep.transactions()) == 1
    for _ in range(3):
        mine_empty(world)
    deep.sender.run_once()
    assert deep.row(row).status == "done"


@pytest.mark.parametrize("falsely", [{"succeeded": False}, {"block_hash": b"\7" * 32}])
def test_receipt__false_or_of_a_block_that_does_not_stand__decides_nothing(
    ready: Rig, node: FlakyNode, falsely: dict[str, Any]
) -> None:
    node.says_falsely = falsely
    row = ready.put("a1", post(ready.world, "PO"))
    for _ in range(3):
        ready.sender.run_once()
    assert ready.row(row).status == "claimed"
    assert ready.recorder.refused_acts == {}
    node.says_falsely = {}
    ready.sender.run_once()
    assert ready.row(row).status == "done"
    assert len(ready.transactions()) == 1


def mine_empty(world: World) -> None:
    """A block of somebody else's."""
    number = world.node.head().number
    params = {"id": named(f"WR {number}"), "owner": world.ids["supplier"], "documentRoot": named("w"), "quantity": 1}
    world.act("keeper", "WarehouseReceipts", "issue", params)


def test_node_down__nothing_lost__goes_on_when_it_is_back(ready: Rig, node: FlakyNode) -> None:
    row = ready.put("a1", post(ready.world, "PO"))
    node.trouble = "unreachable"
    with pytest.raises(Unavailable) as caught:
        ready.sender.run_once()
    assert caught.value.code == "chain_unreachable"
    assert (ready.row(row).status, ready.row(row).error) == ("due", "chain_unreachable")
    node.trouble = None
    ready.world.clock.advance(seconds=3)
    ready.sender.run_once()
    assert ready.row(row).status == "done"


def test_nonce_taken_by_another_transaction__act_is_sent_anew(ready: Rig, node: FlakyNode) -> None:
    row = ready.put("a1", post(ready.world, "PO"))
    node.trouble = "lost on the way"
    ready.sender.run_once()
    nonce = ready.transactions()[0].nonce
    ready.world.node.send_raw(signed(ready.world.node, nonce, SENDER, b""))
    node.trouble = None
    after = restart(ready)
    after.driver.run_until_idle()
    assert ready.row(row).status == "done"
    assert [tx.status for tx in ready.transactions()] == ["displaced", "mined"]


def test_two_workers__holding_the_same_row__one_transaction_and_no_refusal(ready: Rig) -> None:
    row = ready.put("a1", post(ready.world, "PO"))
    slow = ready.sender
    with ready.store.begin() as session:
        held = slow._claim(session)
    quick = restart(ready)
    quick.sender.run_once()
    assert ready.row(row).status == "done"
    assert slow._round(held) == []
    with ready.store.begin() as session:
        assert slow._store_signed(session, held, 14) == []
    assert ready.row(row).status == "done"
    assert (len(ready.transactions()), ready.recorder.refused_acts) == (1, {})


def test_start__chain_forgot_what_was_sent__refused(ready: Rig, tmp_path: Path) -> None:
    ready.put("a1", post(ready.world, "PO"))
    ready.sender.run_once()
    fresh = build(tmp_path / "fresh")
    with pytest.raises(Unavailable) as caught:
        rig(fresh, ready.store).sender.start()
    assert caught.value.code == "chain_behind"
    assert len(KEY) == 32
