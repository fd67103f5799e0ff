"""A database through the migrations, a recording stand-in for the services, and a scriptable chain of blocks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from eth_hash.auto import keccak
from sqlmodel import Session, select

from chainfin.chain.decode import Decoder
from chainfin.chain.driver import ChainDriver
from chainfin.chain.indexer import Finality, Indexer
from chainfin.chain.node import Block, Log
from chainfin.chain.sender import Policy, Sender
from chainfin.eth.signer import KeySigner
from chainfin.services.reactions.act_outcomes import chain_code
from chainfin.storage import outbox
from chainfin.storage.chain_tables import ChainBlockRow, ChainEvent, ChainEventRow, ChainTxRow
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.store import Store
from tests.chain.tools import KEY, Clock
from tests.chain.world import World
from tests.migrated import migrated_store


def open_store(home: Path) -> Store:
    return migrated_store(home)


@dataclass
class Recorder:
    """What the services would be told. Kept in memory; a report inside a rolled-back transaction still shows."""

    clock: Clock
    sent_acts: dict[str, str] = field(default_factory=dict)
    refused_acts: dict[str, str] = field(default_factory=dict)
    events: list[ChainEvent] = field(default_factory=list)
    fail_on: str | None = None

    def now(self) -> datetime:
        return self.clock()

    def sent(self, session: Session, act_id: str, tx_hash: str) -> None:
        self.sent_acts[act_id] = tx_hash

    def refused(self, session: Session, act_id: str, code: str, message: str) -> None:
        self.refused_acts[act_id] = code

    def code(self, error_name: str) -> str:
        return chain_code(error_name)

    def project(self, session: Session, event: ChainEvent) -> None:
        if event.name == self.fail_on:
            raise RuntimeError("the projection is broken")
        self.events.append(event)


@dataclass
class Rig:
    world: World
    store: Store
    recorder: Recorder
    sender: Sender
    indexer: Indexer
    driver: ChainDriver

    def put(self, act_id: str, payload: dict[str, Any]) -> int:
        with self.store.begin() as session:
            held = {**payload, "act_id": act_id, "act_subject": ""}
            now = self.recorder.now()
            row = outbox.put(session, "chain.send", f"act:{act_id}", held, subject=act_id, now=now)
        assert row.id is not None
        return row.id

    def row(self, row_id: int) -> OutboxRow:
        with self.store.read() as session:
            return session.get_one(OutboxRow, row_id)

    def transactions(self) -> list[ChainTxRow]:
        with self.store.read() as session:
            return sorted(session.exec(select(ChainTxRow)).all(), key=lambda row: row.nonce)

    def stored(self) -> tuple[list[ChainBlockRow], list[ChainEventRow]]:
        with self.store.read() as session:
            blocks = sorted(session.exec(select(ChainBlockRow)).all(), key=lambda row: row.number)
            events = sorted(
                session.exec(select(ChainEventRow)).all(), key=lambda row: (row.block_number, row.log_index)
            )
            return blocks, events


def rig(world: World, store: Store, *, node: Any = None, policy: Policy = Policy(), depth: int = 0) -> Rig:
    recorder = Recorder(world.clock)
    used = node or world.node
    contracts = world.deployment.contracts
    sender = Sender(store, used, contracts, KeySigner(KEY), recorder, policy=policy, finality_depth=depth)
    indexer = Indexer(
        store,
        used,
        Decoder(contracts),
        recorder.project,
        start_block=world.deployment.start_block,
        finality=Finality(depth),
    )
    return Rig(world, store, recorder, sender, indexer, ChainDriver(sender, indexer, rest_s=5))


class FakeChain:
    """Blocks without an EVM, for reorganisations: `mine`, `reorg` and a head that can be cut back."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.blocks: list[Block] = []
        self.entries: dict[bytes, list[Log]] = {}
        self.mine("genesis")

    def mine(self, salt: str = "", *logs: tuple[tuple[bytes, ...], bytes]) -> Block:
        number = len(self.blocks)
        parent = self.blocks[-1].hash if self.blocks else b"\0" * 32
        block = Block(number, keccak(parent + f"{number}{salt}".encode()), parent, 1_700_000_000 + number)
        self.entries[block.hash] = [
            Log(self.address, topics, data, keccak(block.hash + bytes([place])), 0, place)
            for place, (topics, data) in enumerate(logs)
        ]
        self.blocks.append(block)
        return block

    def reorg(self, depth: int) -> None:
        count = len(self.blocks)
        del self.blocks[count - depth :]
        while len(self.blocks) < count:
            self.mine("other")

    def head(self) -> Block:
        return self.blocks[-1]

    def finalized(self) -> Block:
        return self.blocks[max(0, len(self.blocks) - 5)]

    def block(self, number: int) -> Block | None:
        return self.blocks[number] if number < len(self.blocks) else None

    def logs(self, block: Block, addresses: object) -> list[Log]:
        return self.entries[block.hash]
