"""Event streams: woken by commits, resumed by id, alive while quiet, ended at the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import cast

import pytest
from starlette.responses import StreamingResponse

from api import sse
from api.sse import END, Batch, Commits, Event
from chainfin.storage.party_tables import FactRow
from chainfin.storage.store import tell
from tests.api.conftest import Site


class Log:
    """A growing list of events, read as a stream's source."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.ended = False
        self.reads = 0

    def add(self, seq: int) -> None:
        self.events.append(Event(str(seq), "node", {"seq": seq}))

    def read(self, last_id: str | None) -> Batch:
        self.reads += 1
        ended = self.ended
        fresh = [event for event in self.events if int(event.id) > int(last_id or 0)]
        return Batch([*fresh, Event(END, END, {})] if ended else fresh, ended)


def _commit(site: Site, name: str) -> None:
    with site.ctx.store.begin() as session:
        session.merge(FactRow(name=name, value={}))


async def _open(site: Site, log: Log, last_id: str | None = None, heartbeat_s: float = 15) -> AsyncIterator[bytes]:
    answer = await sse.respond(Commits(site.ctx.store), log.read, last_id, heartbeat_s=heartbeat_s)
    assert isinstance(answer, StreamingResponse)
    assert answer.media_type == "text/event-stream"
    return cast(AsyncIterator[bytes], answer.body_iterator)


def _run(test: Callable[[], object]) -> None:
    asyncio.run(asyncio.wait_for(test(), 20))  # type: ignore[arg-type]  # the tests below are coroutine functions


def test_stream__what_was_before__then_what_commits_bring__then_the_end(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    # only the commit wakes it: a poll would come too late
    monkeypatch.setattr(sse, "POLL_S", 3600.0)
    log = Log()
    log.add(1)

    async def run() -> None:
        stream = await _open(site, log)
        assert await anext(stream) == b"retry: 1000\n\n"
        assert await anext(stream) == b'id: 1\nevent: node\ndata: {"seq":1}\n\n'
        following = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0.05)
        assert not following.done()
        log.add(2)
        log.ended = True
        await asyncio.to_thread(_commit, site, "wake")
        assert b"id: 2" in await following
        assert await anext(stream) == b"id: end\nevent: end\ndata: {}\n\n"
        with pytest.raises(StopAsyncIteration):
            await anext(stream)

    _run(run)


def test_stream__resumed__begins_after_the_id(site: Site) -> None:
    log = Log()
    for seq in (1, 2, 3):
        log.add(seq)
    log.ended = True

    async def run() -> None:
        chunks = [chunk async for chunk in await _open(site, log, last_id="2")]
        assert [chunk.split(b"\n")[0] for chunk in chunks] == [b"retry: 1000", b"id: 3", b"id: end"]

    _run(run)


def test_stream__resumed_after_the_end__no_content(site: Site) -> None:
    async def run() -> None:
        answer = await sse.respond(Commits(site.ctx.store), Log().read, END)
        assert answer.status_code == 204

    _run(run)


def test_stream__quiet__heartbeats(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "POLL_S", 0.01)
    log = Log()

    async def run() -> None:
        stream = await _open(site, log, heartbeat_s=0.02)
        await anext(stream)
        assert await anext(stream) == b": still here\n\n"
        assert log.reads > 1

    _run(run)


def test_stream__source_breaks_midway__ends_without_leaking(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "POLL_S", 0.01)
    log = Log()
    log.add(1)

    def read(last_id: str | None) -> Batch:
        if last_id is not None:
            raise RuntimeError("secret")
        return log.read(last_id)

    async def run() -> None:
        answer = await sse.respond(Commits(site.ctx.store), read, None)
        assert isinstance(answer, StreamingResponse)
        text = b"".join([cast(bytes, chunk) async for chunk in answer.body_iterator])
        assert b"id: 1" in text
        assert b"secret" not in text

    _run(run)


def test_stream__commit_between_first_read_and_subscription__is_not_missed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "POLL_S", 3600.0)
    log = Log()

    def read(last_id: str | None) -> Batch:
        found = log.read(last_id)
        if log.reads == 1:
            _commit(site, "meanwhile")
            log.ended = True
        return found

    async def run() -> None:
        answer = await sse.respond(Commits(site.ctx.store), read, None)
        assert isinstance(answer, StreamingResponse)
        assert b"id: end" in b"".join([cast(bytes, chunk) async for chunk in answer.body_iterator])

    _run(run)


def test_stream__commits_about_others__are_slept_through(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "POLL_S", 3600.0)
    log = Log()

    def commit(subject: str) -> None:
        with site.ctx.store.begin() as session:
            tell(session, subject)

    async def run() -> None:
        answer = await sse.respond(Commits(site.ctx.store), log.read, None, about="app_1")
        assert isinstance(answer, StreamingResponse)
        stream = cast(AsyncIterator[bytes], answer.body_iterator)
        await anext(stream)
        following = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0.05)
        await asyncio.to_thread(commit, "app_2")
        await asyncio.sleep(0.05)
        assert log.reads == 1
        log.ended = True
        await asyncio.to_thread(commit, "app_1")
        assert b"id: end" in await following
        assert log.reads == 2

    _run(run)


def test_stream__abandoned__is_not_woken_any_more(site: Site) -> None:
    commits = Commits(site.ctx.store)

    async def run() -> None:
        log = Log()
        answer = await sse.respond(commits, log.read, None)
        assert isinstance(answer, StreamingResponse)
        stream = cast("AsyncGenerator[bytes, None]", answer.body_iterator)
        await anext(stream)
        assert len(commits._waiting) == 1
        await stream.aclose()
        assert not commits._waiting

    _run(run)
