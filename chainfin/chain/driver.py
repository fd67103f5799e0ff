"""The chain's loop: send what is due, take in what is final; woken by commits, otherwise every ``poll_s``."""

from __future__ import annotations

import threading

import structlog
from sqlalchemy.exc import OperationalError

from chainfin.chain.indexer import Indexer
from chainfin.chain.sender import Sender
from chainfin.errors import ChainfinError, Unavailable

FATAL = frozenset({"chain_reorg_past_finality", "chain_event_unknown", "chain_wrong_id"})
"""Going on would build on a chain that is not the one whose events were paid on: a person has to look."""

BUSY_POLL_S = 0.05
"""Seconds between looks while a transaction is under way."""


class ChainDriver:
    """Runs sender and indexer in one thread. ``trouble`` is the error that holds it up, if any."""

    def __init__(
        self, sender: Sender | None, indexer: Indexer, *, poll_s: float = 0.5, patience_s: float = 2.0
    ) -> None:
        """``sender`` None only reads. ``patience_s``: wait after a node that does not answer or is behind."""
        self._sender = sender
        self._indexer = indexer
        self._poll_s = poll_s
        self._patience_s = patience_s
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._log = structlog.get_logger("chainfin.chain")
        self.trouble: ChainfinError | None = None
        self.halted: BaseException | None = None

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

    def wake(self) -> None:
        """Look now. Never blocks; made for `Store.on_commit`."""
        self._wake.set()

    def start(self) -> None:
        """Begin the loop. Raises what `Sender.start` raises."""
        if self._sender:
            self._sender.start()
        self._stop.clear()
        self._thread = threading.Thread(target=self._loop, name="chain-driver", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """End the loop after the round under way."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout_s)
            self._thread = None

    def _note(self, error: Unavailable) -> None:
        if self.trouble is None or self.trouble.code != error.code:
            self._log.warning("chain trouble", code=error.code, message=error.message)
        self.trouble = error

    def _loop(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            try:
                moved = self.run_once()
                self.trouble = None
            except Unavailable as error:
                self._note(error)
                if error.code in FATAL:
                    self.halted = error
                    return
                self._stop.wait(self._patience_s)
                continue
            except OperationalError as error:
                # a database that restarts; what was begun was rolled back
                self._note(Unavailable("database_unreachable", f"the database does not answer: {error.orig}"))
                self._stop.wait(self._patience_s)
                continue
            except BaseException as error:
                # an unknown error stops the cycle and says so; going on could do it again and again
                self.halted = error
                self._log.exception("chain driver stopped")
                raise
            if not moved:
                # what was sent may be mined any moment and wakes nobody
                busy = self._sender is not None and self._sender.waiting
                self._wake.wait(min(self._poll_s, BUSY_POLL_S) if busy else self._poll_s)
