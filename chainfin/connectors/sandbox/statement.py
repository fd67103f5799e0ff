"""What the sandbox's bank books on one account outside: paid to it, paid from it, given back to it. Sandbox only."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from chainfin.connectors.sandbox.context import Context

_BOOKED = """
SELECT at, 'in' AS direction, json_extract(request, '$.amount') AS amount,
       json_extract(request, '$.currency') AS currency,
       bank_reference, '' AS other_account, json_extract(request, '$.purpose') AS text
  FROM payment WHERE status = 'done' AND json_extract(request, '$.payee_account') = :account
UNION ALL
SELECT at, CASE json_extract(request, '$.payer_account') WHEN :account THEN 'out' ELSE 'in' END,
       json_extract(request, '$.amount'), currency, bank_reference,
       json_extract(request, CASE json_extract(request, '$.payer_account') WHEN :account THEN '$.payee_account'
                             ELSE '$.payer_account' END),
       json_extract(request, '$.remittance')
  FROM incoming
 WHERE :account IN (json_extract(request, '$.payer_account'), json_extract(request, '$.payee_account'))
UNION ALL
SELECT refund.at, 'in', json_extract(refund.request, '$.amount'), incoming.currency, refund.refund_reference, '',
       json_extract(refund.request, '$.reason')
  FROM refund JOIN incoming ON incoming.bank_reference = refund.bank_reference
 WHERE json_extract(incoming.request, '$.payer_account') = :account
 ORDER BY at DESC LIMIT 200
"""


class Booked(BaseModel):
    """A line of an account's statement. ``other_account``: where the bank knows it."""

    at: datetime
    direction: Literal["in", "out"]
    amount: str
    currency: str
    bank_reference: str
    other_account: str
    text: str


class Statement(BaseModel):
    """The newest lines of an account, the oldest of them first."""

    account: str
    lines: list[Booked]


def statement_router(context: Context) -> APIRouter:
    router = APIRouter(prefix="/rail", tags=["payment rail"])

    @router.get("/statement")
    def statement(account: str = Query(min_length=1, max_length=256)) -> Response:
        rows = context.store.read(lambda db: _booked(db, account))
        lines = [Booked.model_validate(dict(row)) for row in reversed(rows)]
        return context.answer(Statement(account=account, lines=lines))

    return router


def _booked(db: sqlite3.Connection, account: str) -> list[sqlite3.Row]:
    return db.execute(_BOOKED, {"account": account}).fetchall()
