"""The sandbox's data partner: consents, and figures of invented businesses that are the same on every run.

What was put in for a subject is given out; anybody else gets a year made from a hash of the subject's id: invoices from
``tax``, each day's takings from ``payments``, sales by month from ``marketplace`` (amounts in major units of CNY).
"""

from __future__ import annotations

import hashlib
import json
from datetime import date, timedelta

from fastapi import APIRouter, Header, Response
from pydantic import BaseModel, JsonValue

from chainfin.connectors.sandbox.context import Context, SandboxError, reference
from chainfin.connectors.wire import ConsentRequest, DataAnswer, DataQuery, Message, Ref

SOURCES = ("tax", "payments", "marketplace")


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
    """The year up to and including ``as_of`` as this source tells it; no real business stands behind it."""
    size = 40_000_00 + _draw(160_000_00, subject_id)
    tell = {"tax": _invoices, "payments": _takings, "marketplace": _months}[source]
    return {"currency": "CNY", **tell(subject_id, size, as_of)}


def _months(subject_id: str, size: int, as_of: date) -> dict[str, JsonValue]:
    """Twelve whole months before the one of ``as_of``; ``size`` is a usual month's sales in fen."""
    months: list[JsonValue] = []
    year, month = as_of.year, as_of.month
    for _ in range(12):
        year, month = (year - 1, 12) if month == 1 else (year, month - 1)
        fen = size * (85 + _draw(31, subject_id, f"{year}-{month}")) // 100
        months.append({"month": f"{year:04d}-{month:02d}", "amount": _major(fen)})
    return {"months": months[::-1]}


def _takings(subject_id: str, size: int, as_of: date) -> dict[str, JsonValue]:
    takings: list[JsonValue] = []
    for back in range(365, -1, -1):
        day = (as_of - timedelta(days=back)).isoformat()
        gross = size // 30 * (70 + _draw(61, subject_id, day)) // 100
        refunds = gross * _draw(4, subject_id, day, "refunds") // 100
        takings.append({"on": day, "gross": _major(gross), "refunds": _major(refunds)})
    return {"takings": takings}


def _invoices(subject_id: str, size: int, as_of: date) -> dict[str, JsonValue]:
    """Two sales a week among eight buyers, and a purchase of about half of it."""
    invoices: list[JsonValue] = []
    for back in range(364, -1, -7):
        day = as_of - timedelta(days=back)
        for part, direction, share in ((0, "out", 12), (1, "out", 12), (2, "in", 13)):
            total = size * share * (80 + _draw(41, subject_id, day.isoformat(), str(part))) // 10_000
            buyer = _draw(8, subject_id, day.isoformat(), str(part), "who")
            invoices.append(
                {
                    "on": day.isoformat(),
                    "counterparty": f"{'SELLER' if direction == 'in' else 'BUYER'}-{buyer}",
                    "total": _major(total),
                    "tax": _major(total * 13 // 113),
                    "direction": direction,
                }
            )
    return {"invoices": invoices}


def _major(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


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
