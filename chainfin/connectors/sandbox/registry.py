"""The sandbox's pledge registry: files notices, gives out numbers, strikes them out, tells who ranks first."""

from __future__ import annotations

import hashlib
import sqlite3
from datetime import datetime

from fastapi import APIRouter, Response

from chainfin.connectors.sandbox.context import Context, SandboxError
from chainfin.connectors.wire import CancelRequest, Hash, Ref, RegisterRequest, RegistryAnswer, RegistrySearchAnswer
from chainfin.errors import BadInput
from chainfin.values.money import Money


def registry_router(context: Context) -> APIRouter:
    router = APIRouter(prefix="/registry", tags=["pledge registry"])

    @router.put("/registrations/{pledge_ref}")
    def register(pledge_ref: Ref, body: RegisterRequest) -> Response:
        if body.ends_on < body.starts_on:
            raise SandboxError(422, "registry_term_invalid", "the term ends before it starts")
        try:
            Money.positive(body.amount, body.currency)
        except BadInput as error:
            raise SandboxError(422, error.code, error.message) from error
        now = context.now()
        row = context.store.write(lambda db: _register(db, pledge_ref, body, now))
        if row["request"] != body.model_dump_json():
            raise SandboxError(409, "registry_entry_conflict", "this reference was filed with other content")
        if row["cancelled_at"] is not None:
            raise SandboxError(409, "registry_entry_cancelled", "this entry was filed and has been cancelled")
        return context.answer(_answer(row))

    @router.get("/registrations/{pledge_ref}")
    def query(pledge_ref: Ref) -> Response:
        row = context.store.read(lambda db: _row(db, pledge_ref))
        if row is None:
            return context.answer(RegistryAnswer(pledge_ref=pledge_ref, status="not_found"))
        return context.answer(_answer(row))

    @router.put("/registrations/{pledge_ref}/cancellation")
    def cancel(pledge_ref: Ref, body: CancelRequest) -> Response:
        now = context.now()
        return context.answer(_answer(context.store.write(lambda db: _cancel(db, pledge_ref, body, now))))

    @router.get("/search")
    def search(asset_hash: Hash) -> Response:
        rows = context.store.read(
            lambda db: db.execute(
                "SELECT * FROM registration WHERE asset_hash = ? AND cancelled_at IS NULL ORDER BY rowid",
                (asset_hash,),
            ).fetchall()
        )
        entries = tuple(_answer(row) for row in rows)
        return context.answer(RegistrySearchAnswer(asset_hash=asset_hash, entries=entries))

    return router


def registry_number(pledge_ref: str) -> str:
    """ "SB" and 18 digits: as long as a real number, and not to be taken for one."""
    digits = int.from_bytes(hashlib.sha256(pledge_ref.encode()).digest(), "big") % 10**18
    return f"SB{digits:018d}"


def _row(db: sqlite3.Connection, pledge_ref: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = db.execute("SELECT * FROM registration WHERE pledge_ref = ?", (pledge_ref,)).fetchone()
    return row


def _register(db: sqlite3.Connection, pledge_ref: str, body: RegisterRequest, now: datetime) -> sqlite3.Row:
    db.execute(
        "INSERT INTO registration (pledge_ref, request, asset_hash, registry_no, registered_at)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT (pledge_ref) DO NOTHING",
        (pledge_ref, body.model_dump_json(), body.asset_hash, registry_number(pledge_ref), now.isoformat()),
    )
    row = _row(db, pledge_ref)
    assert row is not None, "inserted above, or there before"
    return row


def _cancel(db: sqlite3.Connection, pledge_ref: str, body: CancelRequest, now: datetime) -> sqlite3.Row:
    db.execute(
        "UPDATE registration SET cancelled_at = ?, cancel_reason = ?"
        " WHERE pledge_ref = ? AND registry_no = ? AND cancelled_at IS NULL",
        (now.isoformat(), body.reason, pledge_ref, body.registry_no),
    )
    row = _row(db, pledge_ref)
    if row is None or row["registry_no"] != body.registry_no:
        raise SandboxError(404, "registry_entry_unknown", "no entry of this reference and number")
    return row


def _answer(row: sqlite3.Row) -> RegistryAnswer:
    cancelled = row["cancelled_at"]
    return RegistryAnswer(
        pledge_ref=row["pledge_ref"],
        status="cancelled" if cancelled else "registered",
        registry_no=row["registry_no"],
        filed=RegisterRequest.model_validate_json(row["request"]),
        registered_at=datetime.fromisoformat(row["registered_at"]),
        cancelled_at=datetime.fromisoformat(cancelled) if cancelled else None,
    )
