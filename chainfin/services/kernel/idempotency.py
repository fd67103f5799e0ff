"""One effect for an ``Idempotency-Key``, whatever retries, races and crashes do (ADR 0170).

A key is claimed in a transaction of its own before the request runs. Every transaction that the request commits also
touches the claim, so that (a) a claim that was taken over can't commit any more, and (b) after a crash it is known
whether anything was committed: if nothing was, the retry runs; if something was, it is told so and never run again.
Answers are sealed: some carry a secret that is shown once.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import bindparam, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session as SqlSession
from sqlmodel import Session, SQLModel, col, delete

from chainfin.errors import BadInput, Conflict
from chainfin.services.kernel.context import wall_clock
from chainfin.storage.party_tables import IdempotencyRow
from chainfin.storage.store import Store
from chainfin.storage.vault import Vault

LEASE = timedelta(minutes=5)
"""Longer than any request lives: a claim of another process that is older belongs to a dead one (PostgreSQL)."""
RETENTION = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it is kept."""

    status_code: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Claim:
    """A key in flight, which witnesses the transactions of its request.

    ``made`` are the ids of the rows that they brought about; ``has_committed``: whether any did commit.
    """

    actor: str
    key: str
    holder: str
    made: list[str] = field(default_factory=list)
    has_committed: bool = False

    def flushed(self, session: SqlSession) -> None:
        ids = (getattr(row, "id", None) for row in session.new)
        self.made.extend(made for made in ids if isinstance(made, str))

    def before_commit(self, session: SqlSession) -> None:
        """Raises Conflict idempotency_in_flight: another process has taken the key over."""
        session.flush()
        note = {**_of(self), "headers": {"committed": " ".join(self.made[:50])}}
        if session.connection().execute(_NOTE, note).rowcount != 1:
            raise Conflict("idempotency_in_flight", "the key was taken over by another process: nothing was done here")

    def committed(self) -> None:
        self.has_committed = True


class Idempotency:
    """The claims of one process, told apart from those of others by a boot id."""

    def __init__(self, store: Store, vault: Vault, *, wall: Callable[[], datetime] = wall_clock) -> None:
        self._store = store
        self._vault = vault
        self._wall = wall
        self.boot_id = secrets.token_hex(8)
        self._unreleased: set[tuple[str, str]] = set()
        """Claims of this process that ended while the database was away: they are no longer in flight."""

    def begin(self, actor: str, key: str, request: str, digest: str) -> Claim | Answer:
        """Claim ``key`` for this request, or the answer that was given before.

        Raises BadInput idempotency_key_reused; Conflict idempotency_in_flight, idempotency_outcome_unknown.
        """
        try:
            with self._store.begin() as session:
                row = session.get(IdempotencyRow, (actor, key), with_for_update=True)
                if row is not None:
                    return self._again(session, row, request, digest)
                session.add(
                    IdempotencyRow(
                        actor=actor,
                        key=key,
                        request=request,
                        body_hash=digest,
                        claimed_by=self.boot_id,
                        created_at=self._wall(),
                    )
                )
        except IntegrityError:
            # another process inserted the same key between our look and our insert
            raise _in_flight() from None
        return Claim(actor, key, self.boot_id)

    def _again(self, session: Session, row: IdempotencyRow, request: str, digest: str) -> Claim | Answer:
        if (row.request, row.body_hash) != (request, digest):
            detail = f"this key was used for another request ({row.request})"
            raise BadInput("idempotency_key_reused", detail, where="header:Idempotency-Key")
        if row.status_code is not None:
            body = self._vault.unseal(row.response or "", context=_context(row.actor, row.key))
            return Answer(row.status_code, row.headers, body)
        if not self._is_dead(row):
            raise _in_flight()
        if "committed" in row.headers:
            raise Conflict(
                "idempotency_outcome_unknown",
                "the service stopped after it had acted on this and before it could answer: look at what it made",
                request=row.request,
                made=row.headers["committed"].split(),
            )
        self._unreleased.discard((row.actor, row.key))
        row.claimed_by = self.boot_id
        row.created_at = self._wall()
        session.add(row)
        return Claim(row.actor, row.key, self.boot_id)

    def _is_dead(self, row: IdempotencyRow) -> bool:
        if row.claimed_by == self.boot_id:
            return (row.actor, row.key) in self._unreleased
        # SQLite belongs to one serving process: whoever else claimed is gone
        return row.claimed_by == "" or self._store.is_sqlite or self._wall() - row.created_at > LEASE

    def finish(self, claim: Claim, answer: Answer) -> None:
        """Keep the answer for retries."""
        with self._store.begin() as session:
            answered = {
                "status_code": answer.status_code,
                "response": self._vault.seal(answer.body, context=_context(claim.actor, claim.key)),
                "headers": dict(answer.headers),
            }
            session.connection().execute(_ANSWER, {**_of(claim), **answered})

    def release(self, claim: Claim, *, sure: bool = True) -> None:
        """It broke. If nothing was committed the key is free again; else a retry is told what was made.

        ``sure`` False: the database went away, so what ``claim`` says of commits may be wrong; its row knows.
        """
        try:
            with self._store.begin() as session:
                if claim.has_committed or not sure:
                    session.connection().execute(_CLAIMED.values(claimed_by=""), _of(claim))
                else:
                    session.connection().execute(delete(_KEYS).where(*_MINE), _of(claim))
        except DBAPIError:
            self._unreleased.add((claim.actor, claim.key))
            raise

    def prune(self) -> None:
        """Forget answers older than `RETENTION`."""
        with self._store.begin() as session:
            session.exec(delete(IdempotencyRow).where(col(IdempotencyRow.created_at) < self._wall() - RETENTION))


def _in_flight() -> Conflict:
    return Conflict("idempotency_in_flight", "the first request with this key has not been answered yet")


def _context(actor: str, key: str) -> str:
    return f"idempotency:{actor}:{key}"


_KEYS = SQLModel.metadata.tables["idempotency"]
_MINE = (
    _KEYS.c.actor == bindparam("of_actor"),
    _KEYS.c.key == bindparam("of_key"),
    _KEYS.c.claimed_by == bindparam("of_holder"),
)
_CLAIMED = update(_KEYS).where(*_MINE)
_ANSWER = _CLAIMED.values({name: bindparam(name) for name in ("status_code", "response", "headers")})
_NOTE = _CLAIMED.values(headers=bindparam("headers"))
"""Made once: every request and every commit of one asks these, and making a statement costs more than running it."""


def _of(claim: Claim) -> dict[str, object]:
    return {"of_actor": claim.actor, "of_key": claim.key, "of_holder": claim.holder}
