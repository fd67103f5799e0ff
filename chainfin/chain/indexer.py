"""Takes final blocks in: events, block and everything that follows from them, in one transaction.

Only blocks at or below the finality line are read, by hash, each linked to the one before; so a reorganisation
above that line changes nothing here. If the chain below it is not the one that was taken in, the indexer stops and
says so: `chain_reorg_past_finality` (another chain) or `chain_behind` (the node has fewer blocks than before).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from chainfin.chain.decode import Decoder
from chainfin.chain.node import Block, Node
from chainfin.errors import ChainfinError, Halted, Unavailable
from chainfin.storage import locks
from chainfin.storage.away import is_away
from chainfin.storage.chain_tables import ChainBlockRow, ChainEvent, ChainEventRow
from chainfin.storage.store import Store

BLOCKS_PER_TRANSACTION = 200
EVENTS_PER_TRANSACTION = 1000


class Projection(Protocol):
    """What follows from an event (`services.reactions.chain_events.apply` with its context bound)."""

    def __call__(self, session: Session, event: ChainEvent, /) -> None: ...


@dataclass(frozen=True, slots=True)
class Finality:
    """Which blocks count as final: ``depth`` below the head, or (None) what the node calls finalized."""

    depth: int | None = 0


class Indexer:
    """Follows one node. `run_once` is idempotent and safe beside another indexer on the same database."""

    def __init__(
        self,
        store: Store,
        node: Node,
        decoder: Decoder,
        project: Projection,
        *,
        start_block: int = 0,
        finality: Finality = Finality(),
    ) -> None:
        """``start_block``: the first block that can hold an event (where the contracts were deployed)."""
        self._store = store
        self._node = node
        self._decoder = decoder
        self._project = project
        self._start = start_block
        self._finality = finality
        self._seen: bytes | None = None
        """The final block when all was last taken in: while it is the same there is nothing to look up."""
        self._reached: tuple[int, str] | None = None
        """The cursor as it was then. A hint: what is taken in is taken in on the cursor of its own transaction."""
        self.head: int | None = None
        """The newest final block that the node has shown; None before the first look."""

    @property
    def taken_to(self) -> int | None:
        """The last block that this process has taken in or found taken in; None before the first look."""
        return None if self._reached is None else self._reached[0]

    def cursor(self) -> tuple[int, str] | None:
        """Number and hash of the last block taken in."""
        with self._store.read() as session:
            return _cursor(session)

    def final_block(self) -> Block | None:
        """The newest final block; None while the chain is shorter than the finality depth. Raises chain_behind."""
        if self._finality.depth is None:
            return self._node.finalized()
        head = self._node.head()
        if self._finality.depth == 0:
            return head
        number = head.number - self._finality.depth
        return self._node.block(number) if number >= 0 else None

    def run_once(self) -> int:
        """Take in what has become final. Returns the number of events.

        Raises Unavailable: chain_reorg_past_finality, chain_behind, chain_event_unknown, chain_unreachable; Halted
        chain_event_not_applied: what follows from an event can't be written, so nothing after it may be either.
        """
        line = self.final_block()
        self.head = None if line is None else line.number
        if line is not None and line.hash == self._seen:
            return 0
        cursor = self._reached or self.cursor()
        if cursor is not None:
            self._check_cursor(cursor, line)
        if line is None:
            return 0
        taken = 0
        while True:
            first = self._start if cursor is None else cursor[0] + 1
            if first > line.number:
                self._seen, self._reached = line.hash, cursor
                return taken
            blocks = self._read(first, line, cursor)
            count = self._take_in(blocks, cursor)
            if count is None:
                self._reached = None
                cursor = self.cursor()
            else:
                taken += count
                cursor = (blocks[-1][0].number, "0x" + blocks[-1][0].hash.hex())

    def _check_cursor(self, cursor: tuple[int, str], line: Block | None) -> None:
        number, known = cursor
        if line is None or line.number < number:
            at = "no final block" if line is None else f"its final block is {line.number}"
            raise Unavailable("chain_behind", f"block {number} was taken in, but the node is behind: {at}")
        found = line if line.number == number else self._node.block(number)
        if found is None or "0x" + found.hash.hex() != known:
            other = "missing" if found is None else "0x" + found.hash.hex()
            raise Unavailable(
                "chain_reorg_past_finality", f"final block {number} was {known[:18]}…, now it is {other[:18]}…"
            )

    def _read(self, first: int, line: Block, cursor: tuple[int, str] | None) -> list[tuple[Block, list[ChainEvent]]]:
        """The next blocks with their events, each checked against its parent."""
        found: list[tuple[Block, list[ChainEvent]]] = []
        parent = cursor[1] if cursor else None
        events = 0
        for number in range(first, min(line.number, first + BLOCKS_PER_TRANSACTION - 1) + 1):
            block = line if number == line.number else self._node.block(number)
            if block is None:
                raise Unavailable("chain_behind", f"the node lost block {number} while it was read")
            if parent is not None and "0x" + block.parent_hash.hex() != parent:
                raise Unavailable("chain_reorg_past_finality", f"final block {number} is not the child of {number - 1}")
            logs = self._node.logs(block, self._decoder.addresses)
            found.append((block, [self._decoder.event(log, block) for log in logs]))
            events += len(logs)
            parent = "0x" + block.hash.hex()
            if events >= EVENTS_PER_TRANSACTION:
                break
        return found

    def _take_in(self, blocks: Sequence[tuple[Block, list[ChainEvent]]], cursor: tuple[int, str] | None) -> int | None:
        """How many events were taken in; None if another indexer has moved on from ``cursor``."""
        at = f"blocks {blocks[0][0].number} to {blocks[-1][0].number}"
        try:
            with self._store.begin() as session:
                # the lock makes a second indexer wait; having waited, it finds the cursor moved and stands back
                locks.named(session, locks.PROJECTION)
                if _cursor(session) != cursor:
                    return None
                count = 0
                for block, events in blocks:
                    at = f"block {block.number}"
                    _add_block(session, block)
                    for event in events:
                        at = f"{event.contract}.{event.name} in block {block.number}, log {event.log_index}"
                        session.add(_row(event))
                        self._project(session, event)
                        count += 1
                return count
        except Unavailable:
            raise
        except Exception as error:
            if is_away(error):
                raise
            # also what the database refuses at the commit: the blocks are final, so another try would change nothing
            code = error.code if isinstance(error, ChainfinError) else type(error).__name__
            raise Halted("chain_event_not_applied", f"{at} can't be applied ({code}); the log has why") from error


def _add_block(session: Session, block: Block) -> None:
    session.add(
        ChainBlockRow(
            number=block.number,
            hash="0x" + block.hash.hex(),
            parent_hash="0x" + block.parent_hash.hex(),
            timestamp=datetime.fromtimestamp(block.timestamp, UTC),
        )
    )
    try:
        session.flush()
    except IntegrityError:
        # two indexers began on an empty database, where there is no row to lock
        raise Unavailable("chain_index_raced", f"block {block.number} was taken in meanwhile") from None


def _cursor(session: Session) -> tuple[int, str] | None:
    row = session.exec(_NEWEST).first()
    return (row[0], row[1]) if row else None


_NEWEST = select(ChainBlockRow.number, ChainBlockRow.hash).order_by(col(ChainBlockRow.number).desc()).limit(1)


def _row(event: ChainEvent) -> ChainEventRow:
    first = next(iter(event.args.values()), None)
    return ChainEventRow(
        block_hash=event.block_hash,
        log_index=event.log_index,
        block_number=event.block_number,
        tx_hash=event.tx_hash,
        contract=event.contract,
        name=event.name,
        args=event.args,
        # every event of the contracts names its thing (an id, a party) first
        subject=None if first is None else str(first),
    )
