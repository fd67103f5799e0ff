"""The sandbox's data partner: consents, and figures of invented businesses that are the same on every run.

What was put in for a subject is given out; anybody else gets twelve months made from a hash of the subject's id.
"""

from __future__ import annotations

import calendar
import hashlib
import json
from datetime import date, timedelta

from fastapi import APIRouter, Header, Response
from pydantic import BaseModel, JsonValue

from chainfin.connectors.sandbox.context import Context, SandboxError, reference
from chainfin.connectors.wire import ConsentRequest, DataAnswer, DataQuery, Message, Ref

SOURCES = ("sales", "bank_turnover", "tax_invoices")


class Consent(Message):
    """The token that stands for the subject's consent."""

    kind: str = "consent"
    token: str


class Dataset(BaseModel):
    """What a source shall say of a subject (sandbox only)."""

    as_of: date
    payload: JsonValue


def data_router(context: Context) -> APIRouter:
    router = APIRouter(prefix="/data", tags=["data partner"])

    @router.post("/consents")
    def consent(body: ConsentRequest) -> Response:
        sources = ",".join(sorted(set(body.sources)))
        token = reference("C", body.subject_id, sources, body.valid_until.isoformat())
        row = (token, body.subject_id, sources, body.valid_until.isoformat())
        context.store.write(lambda db: db.execute("INSERT OR IGNORE INTO consent VALUES (?, ?, ?, ?)", row))
        return context.answer(Consent(token=token))

    @router.put("/subjects/{subject_id}/{source}")
    def put(subject_id: Ref, source: Ref, body: Dataset) -> Response:
        _source(source)
        row = (subject_id, source, body.as_of.isoformat(), json.dumps(body.payload))
        context.store.write(lambda db: db.execute("INSERT OR REPLACE INTO dataset VALUES (?, ?, ?, ?)", row))
        return context.answer(body)

    @router.post("/sources/{source}")
    def fetch(source: Ref, body: DataQuery, authorization: str = Header("")) -> Response:
        _source(source)
        today = context.now().date()
        token = authorization.removeprefix("Bearer ").strip()
        _check_consent(context, token, body.subject_id, source, today)
        stored = context.store.read(
            lambda db: db.execute(
                "SELECT as_of, payload FROM dataset WHERE subject_id = ? AND source = ?", (body.subject_id, source)
            ).fetchone()
        )
        as_of = date.fromisoformat(stored["as_of"]) if stored else today - timedelta(days=1)
        return context.answer(
            DataAnswer(
                source=source,
                subject_id=body.subject_id,
                request_id=body.request_id,
                as_of=as_of,
                payload=json.loads(stored["payload"]) if stored else invented(body.subject_id, source, as_of),
            )
        )

    return router


def invented(subject_id: str, source: str, as_of: date) -> JsonValue:
    """Twelve whole months up to ``as_of``: amounts in major units (CNY), counts; no real business behind them."""
    size = 40_000_00 + _draw(160_000_00, subject_id)
    months: list[JsonValue] = []
    year, month = as_of.year, as_of.month
    for _ in range(12):
        year, month = (year - 1, 12) if month == 1 else (year, month - 1)
        fen = size * (85 + _draw(31, subject_id, source, f"{year}-{month}")) // 100
        months.append(
            {
                "month": f"{year:04d}-{month:02d}",
                "days": calendar.monthrange(year, month)[1],
                "amount": f"{fen // 100}.{fen % 100:02d}",
                "count": 50 + fen // 50_00,
            }
        )
    return {"currency": "CNY", "months": months[::-1]}


def _draw(bound: int, *parts: str) -> int:
    digest = hashlib.sha256("\x00".join(parts).encode()).digest()
    return int.from_bytes(digest, "big") % bound


def _source(source: str) -> None:
    if source not in SOURCES:
        raise SandboxError(404, "data_source_unknown", f"there is no source {source}")


def _check_consent(context: Context, token: str, subject_id: str, source: str, today: date) -> None:
    row = context.store.read(lambda db: db.execute("SELECT * FROM consent WHERE token = ?", (token,)).fetchone())
    covers = (
        row is not None
        and row["subject_id"] == subject_id
        and source in row["sources"].split(",")
        and date.fromisoformat(row["valid_until"]) >= today
    )
    if not covers:
        raise SandboxError(403, "data_consent_missing", f"no consent of the subject covers {source} today")
