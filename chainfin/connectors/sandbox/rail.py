"""The sandbox's bank: pays an instruction once, books incoming payments, refunds no more than came in."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from chainfin.connectors.sandbox.context import Context, SandboxError, reference
from chainfin.connectors.wire import (
    IncomingAnswer,
    IncomingDocument,
    IncomingRequest,
    PaymentAnswer,
    PayRequest,
    Ref,
    RefundAnswer,
    RefundRequest,
    SignedDocument,
)
from chainfin.errors import BadInput
from chainfin.jws import sign
from chainfin.values.money import Money

CLOSED_PREFIX = "CLOSED"
"""A payee account that begins so is closed: its payments are refused, deterministically."""


class Resolution(BaseModel):
    """Settle a pending payment the one way or the other (sandbox only)."""

    status: Literal["done", "refused"]


def rail_router(context: Context) -> APIRouter:
    router = APIRouter(prefix="/rail", tags=["payment rail"])

    @router.put("/payments/{instruction_id}")
    def pay(instruction_id: Ref, body: PayRequest, request: Request) -> Response:
        _amount(body.amount, body.currency)
        pending = getattr(request.state, "pending", False)
        now = context.now()
        row = context.store.write(lambda db: _pay(db, instruction_id, body, pending, now))
        if row["request"] != body.model_dump_json():
            raise SandboxError(409, "payment_instruction_conflict", "this instruction id was used for another payment")
        return context.answer(_payment(row))

    @router.get("/payments/{instruction_id}")
    def query(instruction_id: Ref) -> Response:
        row = context.store.read(lambda db: _row(db, instruction_id))
        if row is None:
            return context.answer(PaymentAnswer(instruction_id=instruction_id, status="not_found"))
        return context.answer(_payment(row))

    @router.post("/payments/{instruction_id}/resolve")
    def resolve(instruction_id: Ref, body: Resolution) -> Response:
        row = context.store.write(lambda db: _resolve(db, instruction_id, body.status))
        return context.answer(_payment(row))

    @router.post("/incoming")
    def receive(body: IncomingRequest) -> Response:
        money = _amount(body.amount, body.currency)
        # the time is taken by the one writer: nothing is ever booked before a moment that a page has told of
        return context.answer(_incoming(context.store.write(lambda db: _receive(db, body, money, context.now()))))

    @router.get("/incoming")
    def incoming(after: int = Query(0, ge=0), limit: int = Query(200, ge=1, le=1000)) -> Response:
        # The one writer hands out sequence numbers in the order of commits: a cursor never skips a late one.
        now, found = context.store.write(lambda db: (context.now(), _after(db, after, limit)))
        items = []
        for row in found:
            body = _incoming(row).model_dump_json()
            items.append(SignedDocument(body=body, signature=sign(context.key, body.encode())))
        last = found[-1]["sequence"] if found else after
        through = now if len(found) < limit else None
        return context.answer(IncomingAnswer(after=after, next=last, through=through, items=tuple(items)))

    @router.put("/refunds/{refund_id}")
    def refund(refund_id: Ref, body: RefundRequest) -> Response:
        money = _amount(body.amount, body.currency)
        now = context.now()
        return context.answer(context.store.write(lambda db: _refund(db, refund_id, body, money, now)))

    return router


def _amount(amount: str, currency: str) -> Money:
    try:
        return Money.positive(amount, currency)
    except BadInput as error:
        raise SandboxError(422, error.code, error.message) from error


def _row(db: sqlite3.Connection, instruction_id: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = db.execute("SELECT * FROM payment WHERE instruction_id = ?", (instruction_id,)).fetchone()
    return row


def _known(db: sqlite3.Connection, instruction_id: str) -> sqlite3.Row:
    row = _row(db, instruction_id)
    if row is None:
        raise SandboxError(404, "payment_unknown", "no such instruction")
    return row


def _pay(db: sqlite3.Connection, instruction_id: str, body: PayRequest, pending: bool, now: datetime) -> sqlite3.Row:
    """The first to come with an id makes the payment; whoever comes later gets that row, whatever they bring."""
    closed = body.payee_account.startswith(CLOSED_PREFIX)
    status = "refused" if closed else "pending" if pending else "done"
    db.execute(
        "INSERT INTO payment (instruction_id, request, status, bank_reference, code, message, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (instruction_id) DO NOTHING",
        (
            instruction_id,
            body.model_dump_json(),
            status,
            reference("P", instruction_id) if status == "done" else None,
            "payee_account_closed" if closed else None,
            "the payee's account is closed" if closed else None,
            now.isoformat(),
        ),
    )
    return _known(db, instruction_id)


def _resolve(db: sqlite3.Connection, instruction_id: str, status: str) -> sqlite3.Row:
    db.execute(
        "UPDATE payment SET status = ?, bank_reference = ?, code = ?, message = ?"
        " WHERE instruction_id = ? AND status = 'pending'",
        (
            status,
            reference("P", instruction_id) if status == "done" else None,
            None if status == "done" else "payment_refused",
            None if status == "done" else "the payee's bank sent it back",
            instruction_id,
        ),
    )
    return _known(db, instruction_id)


def _payment(row: sqlite3.Row) -> PaymentAnswer:
    request = PayRequest.model_validate_json(row["request"])
    return PaymentAnswer(
        instruction_id=row["instruction_id"],
        status=row["status"],
        bank_reference=row["bank_reference"],
        payee_account=request.payee_account,
        amount=request.amount,
        currency=request.currency,
        at=datetime.fromisoformat(row["at"]),
        code=row["code"],
        message=row["message"],
    )


def _receive(db: sqlite3.Connection, body: IncomingRequest, money: Money, now: datetime) -> sqlite3.Row:
    row: sqlite3.Row | None = db.execute("SELECT * FROM incoming WHERE payment_id = ?", (body.payment_id,)).fetchone()
    if row is None:
        db.execute(
            "INSERT INTO incoming (payment_id, request, bank_reference, minor, currency, at) VALUES (?, ?, ?, ?, ?, ?)",
            (
                body.payment_id,
                body.model_dump_json(),
                reference("I", body.payment_id) if body.bank_reference is None else body.bank_reference,
                money.minor,
                money.currency,
                now.isoformat(),
            ),
        )
        return _receive(db, body, money, now)
    if row["request"] != body.model_dump_json():
        raise SandboxError(409, "incoming_conflict", "this payment id was booked for another payment")
    return row


def _after(db: sqlite3.Connection, sequence: int, limit: int) -> list[sqlite3.Row]:
    query = "SELECT * FROM incoming WHERE sequence > ? ORDER BY sequence LIMIT ?"
    return db.execute(query, (sequence, limit)).fetchall()


def _incoming(row: sqlite3.Row) -> IncomingDocument:
    request = IncomingRequest.model_validate_json(row["request"])
    # what was booked is told as it is, also where a careful reader can't take it
    return IncomingDocument.model_construct(
        sequence=row["sequence"],
        bank_reference=row["bank_reference"],
        at=datetime.fromisoformat(row["at"]),
        **request.model_dump(exclude={"payment_id", "bank_reference"}),
    )


def _refund(db: sqlite3.Connection, refund_id: str, body: RefundRequest, money: Money, now: datetime) -> RefundAnswer:
    row = db.execute("SELECT * FROM refund WHERE refund_id = ?", (refund_id,)).fetchone()
    if row is None:
        received = db.execute(
            "SELECT minor, currency FROM incoming WHERE bank_reference = ? ORDER BY sequence", (body.bank_reference,)
        ).fetchone()
        if received is None or received["currency"] != money.currency:
            raise SandboxError(404, "incoming_unknown", "no such incoming payment in this currency")
        (given,) = db.execute(
            "SELECT COALESCE(SUM(minor), 0) FROM refund WHERE bank_reference = ?", (body.bank_reference,)
        ).fetchone()
        if given + money.minor > received["minor"]:
            raise SandboxError(422, "refund_too_large", "more would go back than came in")
        db.execute(
            "INSERT INTO refund VALUES (?, ?, ?, ?, ?, ?)",
            (
                refund_id,
                body.model_dump_json(),
                body.bank_reference,
                money.minor,
                reference("R", refund_id),
                now.isoformat(),
            ),
        )
        return _refund(db, refund_id, body, money, now)
    if row["request"] != body.model_dump_json():
        raise SandboxError(409, "refund_conflict", "this refund id was used for another refund")
    return RefundAnswer(
        refund_id=refund_id,
        bank_reference=body.bank_reference,
        refund_reference=row["refund_reference"],
        amount=body.amount,
        currency=body.currency,
        at=datetime.fromisoformat(row["at"]),
    )
