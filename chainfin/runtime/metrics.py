"""What /metrics shows (Prometheus text): counts of this process, and what the database says at the moment of asking.

One registry an installation, so that two in one process don't mix. Labels are names of ours (routes, loops, topics,
currencies), never text from outside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import event
from sqlalchemy.orm import Session as SqlSession
from sqlalchemy.pool import QueuePool
from sqlmodel import Session, col, func, select

from chainfin.errors import BadInput
from chainfin.rules.parked_item import ParkedState
from chainfin.runtime.loop import Loop, State
from chainfin.services.kernel.commands import PayHolder, PayLoan, Refund
from chainfin.services.payments.incoming import RECEIVED
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.lending_tables import ApplicationNodeRow, EndOfDayRow
from chainfin.storage.oversight_tables import ParkedItemRow
from chainfin.storage.store import Store
from chainfin.values import command_state
from chainfin.values.money import Money

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PAID_TOPICS = (PayLoan.TOPIC, PayHolder.TOPIC, Refund.TOPIC)
DECIDING = ("declined", "offered", "review")
"""Nodes of an application at which a decision is known: refused, approved, handed to a person."""


class Chain(Protocol):
    """What is known of the chain without asking the node."""

    @property
    def head(self) -> int | None: ...

    @property
    def taken_to(self) -> int | None: ...


class Metrics:
    """The numbers of one installation."""

    def __init__(self, store: Store, loops: Sequence[Loop], chain: Chain, now: Callable[[], datetime]) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self._requests = Histogram(
            "chainfin_request_seconds",
            "HTTP requests by method, route and status",
            ("method", "route", "status"),
            registry=self.registry,
            buckets=(0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
        )
        self._received = Counter(
            "chainfin_money_received_minor",
            "Money of the bank's payments that were taken in, in minor units, since the process began",
            ("currency",),
            registry=self.registry,
        )
        self._paid = Counter(
            "chainfin_money_paid_minor",
            "Money that the bank confirmed to have paid out, in minor units, since the process began",
            ("currency",),
            registry=self.registry,
        )
        store.on_counted(self.counted)
        self.registry.register(_Now(store, loops, chain, now))

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """An HTTP request was answered. ``route``: its template, never its path."""
        self._requests.labels(method, route, str(status)).observe(seconds)

    def counted(self, what: str, currency: str, minor: int) -> None:
        """A transaction that counts something has committed."""
        if what == RECEIVED:
            self._received.labels(currency).inc(minor)

    def command_done(self, session: Session, topic: str, payload: Mapping[str, object]) -> None:
        """A partner carried a command out; a payout is counted when the transaction that books it has committed."""
        if topic not in PAID_TOPICS:
            return
        try:
            amount = Money.parse(str(payload["amount"]), str(payload["currency"]))
        except (BadInput, KeyError):
            return  # what the books make of it is theirs; a count must not stop them

        def count(committed: SqlSession) -> None:
            if not committed.in_nested_transaction():  # the end of a savepoint is told as a commit too
                self._paid.labels(amount.currency).inc(amount.minor)

        event.listen(session, "after_commit", count)

    def text(self) -> bytes:
        """Everything, in Prometheus' text format."""
        return generate_latest(self.registry)


class _Now(Collector):
    """Asked at each scrape."""

    def __init__(self, store: Store, loops: Sequence[Loop], chain: Chain, now: Callable[[], datetime]) -> None:
        self._store = store
        self._loops = loops
        self._chain = chain
        self._now = now

    def collect(self) -> Iterator[Metric]:
        yield from self._of_loops()
        yield from self._of_chain()
        yield from self._of_pool()
        with self._store.read() as session:
            yield from self._of_outbox(session)
            yield from _of_parked(session)
            yield from _of_decisions(session)
            yield from _of_end_of_day(session)

    def _of_loops(self) -> Iterator[Metric]:
        turns = _gauge("loop_turns", "Turns that ended well, since the process began", "loop")
        failures = _gauge("loop_failures", "Turns that did not end well, since the process began", "loop")
        states = _gauge("loop_state", "1 for the state that the loop is in", "loop", "state")
        for loop in self._loops:
            view = loop.view
            turns.add_metric([view.name], view.turns)
            failures.add_metric([view.name], view.failures)
            for state in State:
                states.add_metric([view.name, state.value], int(view.state is state))
        yield from (turns, failures, states)

    def _of_chain(self) -> Iterator[Metric]:
        head, taken = self._chain.head, self._chain.taken_to
        if head is not None:
            yield _single("chain_head", "The newest final block that the node has shown", head)
            if taken is not None:
                yield _single("chain_lag", "Final blocks that are not taken in yet", max(0, head - taken))

    def _of_pool(self) -> Iterator[Metric]:
        pool = self._store.engine.pool
        if isinstance(pool, QueuePool):
            yield _single("pool_in_use", "Database connections in use", pool.checkedout())
            yield _single("pool_size", "Database connections that are kept", pool.size())

    def _of_outbox(self, session: Session) -> Iterator[Metric]:
        depth = _gauge("outbox_depth", "Commands that are not ended", "topic")
        age = _gauge("outbox_oldest_seconds", "Age of the oldest command that is not ended", "topic")
        query = (
            select(OutboxRow.topic, func.count(), func.min(col(OutboxRow.created_at)))
            .where(col(OutboxRow.status).in_(command_state.OPEN))
            .group_by(OutboxRow.topic)
        )
        for topic, count, oldest in session.exec(query):
            depth.add_metric([topic], count)
            age.add_metric([topic], max(0.0, (self._now() - oldest).total_seconds()))
        yield from (depth, age)


def _of_parked(session: Session) -> Iterator[Metric]:
    parked = _gauge("parked_items", "Items that wait for a person", "source")
    query = (
        select(ParkedItemRow.source, func.count())
        .where(ParkedItemRow.status == ParkedState.OPEN.value)
        .group_by(ParkedItemRow.source)
    )
    for source, count in session.exec(query):
        parked.add_metric([source], count)
    yield parked


def _of_decisions(session: Session) -> Iterator[Metric]:
    decisions = _gauge("decisions", "Applications that came to this outcome", "outcome")
    query = (
        select(ApplicationNodeRow.name, func.count())
        .where(col(ApplicationNodeRow.name).in_(DECIDING))
        .group_by(ApplicationNodeRow.name)
    )
    for outcome, count in session.exec(query):
        decisions.add_metric([outcome], count)
    yield decisions


def _of_end_of_day(session: Session) -> Iterator[Metric]:
    last = session.exec(select(EndOfDayRow).order_by(col(EndOfDayRow.business_date).desc()).limit(1)).first()
    if last is None:
        return
    yield _single(
        "end_of_day_last", "Business date of the last end of day, as Unix time", _midnight(last.business_date)
    )
    if last.started_at is not None:
        lasted = (last.finished_at - last.started_at).total_seconds()
        yield _single("end_of_day_seconds", "How long the last end of day took", lasted)


def _midnight(day: date) -> float:
    return datetime.combine(day, time(), UTC).timestamp()


def _gauge(name: str, help_: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"chainfin_{name}", help_, labels=labels)


def _single(name: str, help_: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"chainfin_{name}", help_, value=value)
