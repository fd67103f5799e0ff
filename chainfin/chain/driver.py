"""The chain's driver: send what is due, take in what is final."""

from __future__ import annotations

from collections.abc import Callable

from chainfin.chain.indexer import Indexer
from chainfin.chain.sender import Sender
from chainfin.errors import Halted, Unavailable

FATAL = frozenset({"chain_reorg_past_finality", "chain_event_unknown", "chain_wrong_id"})
"""Going on would build on a chain that is not the one whose events were paid on: a person has to look."""

BUSY_REST_S = 0.05
"""Seconds between looks while a transaction is under way."""


class ChainDriver:
    """Sender and indexer as one kind of work, for a `Loop` or to be stepped by hand."""

    def __init__(self, sender: Sender | None, indexer: Indexer, *, rest_s: float = 0.5) -> None:
        """``sender`` None only reads. ``rest_s``: seconds between looks when nobody wakes the loop."""
        self._sender = sender
        self._indexer = indexer
        self._rest_s = rest_s

    @property
    def rest_s(self) -> float:
        # what was sent may be mined any moment and wakes nobody
        busy = self._sender is not None and self._sender.waiting
        return min(self._rest_s, BUSY_REST_S) if busy else self._rest_s

    def begin(self, wake: Callable[[], None]) -> None:
        """Bring nonces and chain together. Raises what `Sender.start` raises. Commits wake the loop (see Store)."""
        if self._sender:
            self._sender.start()

    def turn(self) -> bool:
        """One round; True if anything moved. Raises Unavailable (try again), Halted (don't)."""
        try:
            return self.run_once() > 0
        except Unavailable as error:
            if error.code in FATAL:
                raise Halted(error.code, error.message) from error
            raise

    def end(self) -> None:
        """Nothing is in hand between two rounds."""

    def run_once(self) -> int:
        """One round. Returns how many commands and events were handled. Raises what sender and indexer raise."""
        moved = self._sender.run_once() if self._sender else 0
        taken = self._indexer.run_once()
        # what waits for an event need not wait for the receipts' bookkeeping, so that comes after the indexer
        ended = self._sender.settle() if self._sender and moved else 0
        return moved + taken + ended

    def run_until_idle(self, rounds: int = 1000) -> int:
        """Rounds until nothing moves (for tests and one-shot commands)."""
        total = 0
        for _ in range(rounds):
            moved = self.run_once()
            total += moved
            if not moved:
                break
        return total
