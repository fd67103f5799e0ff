"""Where the service's time goes: statements, commits, calls of the node and the partners, processor time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from eth_hash.auto import keccak
from sqlalchemy import event

from chainfin.runtime.installation import Installation


@dataclass
class Meter:
    """Wraps one installation's edges. ``spent``: seconds and calls by name since the last `reset`."""

    installation: Installation
    mined_at: dict[str, float] = field(default_factory=dict)
    """Transaction hash → POSIX seconds when the node had answered: on both nodes here it is mined by then."""
    spent: dict[str, list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        node: Any = self.installation.node
        send = node.send_raw_many

        def noted(raws: list[bytes]) -> Any:
            answers = send(raws)
            now = time.time()
            for raw in raws:
                self.mined_at.setdefault("0x" + keccak(raw).hex(), now)
            return answers

        node.send_raw_many = self.timed("chain: mine", noted)
        for name in ("head", "block", "logs", "receipt", "call", "block_receipts"):
            setattr(node, name, self.timed("chain: read", getattr(node, name)))
        handlers: dict[str, Any] = self.installation.worker._handlers
        for topic, handler in list(handlers.items()):
            handlers[topic] = self.timed(topic.split(".")[0], handler)
        dialect: Any = self.installation.store.engine.dialect
        dialect.do_commit = self.timed("commit", dialect.do_commit)
        event.listen(self.installation.store.engine, "before_cursor_execute", self._count_statement)
        self.reset()

    def _count_statement(self, *_about: Any) -> None:
        with self._lock:
            self.spent.setdefault("statement", [0.0, 0])[1] += 1

    def timed(self, name: str, inner: Callable[..., Any]) -> Callable[..., Any]:
        """``inner`` with its time noted under ``name``."""

        def call(*args: Any, **more: Any) -> Any:
            begun = time.perf_counter()
            try:
                return inner(*args, **more)
            finally:
                took = time.perf_counter() - begun
                with self._lock:
                    spent = self.spent.setdefault(name, [0.0, 0])
                    spent[0] += took
                    spent[1] += 1

        return call

    def reset(self) -> None:
        """Count anew."""
        with self._lock:
            self.spent.clear()
        self._cpu = time.process_time()

    def per_loan(self, loans: int) -> dict[str, tuple[float, float]]:
        """Name → (milliseconds, calls) a loan; `processor` is the service's own time on the cores."""
        with self._lock:
            found = {name: (1000 * spent / loans, calls / loans) for name, (spent, calls) in sorted(self.spent.items())}
        return found | {"processor": (1000 * (time.process_time() - self._cpu) / loans, 0.0)}
