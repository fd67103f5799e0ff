"""Server-sent events: read on after each commit, resume by ``Last-Event-ID``, a heartbeat while nothing happens."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass

import orjson
import structlog
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

POLL_S = 1.0
"""Other processes' commits don't wake us; so we look at least this often."""
HEARTBEAT_S = 15.0
END = "end"

_log = structlog.get_logger("api")


@dataclass(frozen=True, slots=True)
class Event:
    """One event; ``id`` is what a client sends back to go on from here."""

    id: str
    name: str
    data: Mapping[str, object]

    def encode(self) -> bytes:
        return b"id: %b\nevent: %b\ndata: %b\n\n" % (self.id.encode(), self.name.encode(), orjson.dumps(self.data))


@dataclass(frozen=True, slots=True)
class Batch:
    """What is new since an id, and whether anything more can come."""

    events: Sequence[Event]
    ended: bool


Source = Callable[[str | None], Batch]
Ticket = tuple[asyncio.AbstractEventLoop, asyncio.Event, str | None]


class Commits:
    """Wakes waiting streams after each write commit of this process."""

    def __init__(self, on_news: Callable[[Callable[[frozenset[str]], None]], None]) -> None:
        """``on_news`` takes what is to be called with the subjects of each commit (`Store.on_news`)."""
        self._lock = threading.Lock()
        self._waiting: set[Ticket] = set()
        self.count = 0
        """Commits so far: another count means that there may be news since."""
        on_news(self._wake)

    def subscribe(self, about: str | None = None) -> Ticket:
        """``about``: wake only for commits that tell of this subject."""
        ticket = (asyncio.get_running_loop(), asyncio.Event(), about)
        with self._lock:
            self._waiting.add(ticket)
        return ticket

    def unsubscribe(self, ticket: Ticket) -> None:
        with self._lock:
            self._waiting.discard(ticket)

    def _wake(self, news: frozenset[str]) -> None:
        with self._lock:
            self.count += 1
            waiting = tuple(self._waiting)
        for loop, happened, about in waiting:
            if (about is None or about in news) and not loop.is_closed():
                loop.call_soon_threadsafe(happened.set)


async def respond(
    commits: Commits,
    source: Source,
    last_id: str | None,
    *,
    about: str | None = None,
    heartbeat_s: float = HEARTBEAT_S,
) -> Response:
    """The stream of ``source`` from after ``last_id``; its first read is done here, so that its errors are answers.
    ``about``: the subject whose commits bring something new (see `storage.store.tell`); None: any may.

    A client that comes back after the last event is told to stay away (204, as the standard has it).
    """
    if last_id == END:
        return Response(status_code=204)
    seen = commits.count
    first = await run_in_threadpool(source, last_id)
    return StreamingResponse(
        _stream(commits, source, last_id, first, seen, about, heartbeat_s),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _stream(
    commits: Commits,
    source: Source,
    last_id: str | None,
    batch: Batch,
    seen: int,
    about: str | None,
    heartbeat_s: float,
) -> AsyncIterator[bytes]:
    ticket = commits.subscribe(about)
    happened = ticket[1]
    if commits.count != seen:
        happened.set()  # nobody woke us between the first read and the subscription
    quiet_s = 0.0
    try:
        yield b"retry: 1000\n\n"
        while True:
            for event in batch.events:
                yield event.encode()
                last_id, quiet_s = event.id, 0.0
            if batch.ended:
                return
            try:
                await asyncio.wait_for(happened.wait(), POLL_S)
            except TimeoutError:
                quiet_s += POLL_S
            happened.clear()
            if quiet_s >= heartbeat_s:
                yield b": still here\n\n"
                quiet_s = 0.0
            batch = await run_in_threadpool(source, last_id)
    except Exception as error:
        # The answer has begun; all that can be said is nothing. The client resumes where it was.
        _log.error("event_stream_broken", last_id=last_id, exc_info=error)
    finally:
        commits.unsubscribe(ticket)
