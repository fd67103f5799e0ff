"""What parties are told of by calls to their own addresses (webhooks): written with what it tells of, or not at all.

Whoever moves a state says so (`storage.store.moves`); at the end of the transaction `write` looks who wants to know,
as things stand then. Events tell that something moved and name it; they carry no names, accounts or documents.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias
from urllib.parse import quote

from sqlmodel import Session, col, select

from chainfin.rules.act import ActState
from chainfin.rules.loan import LoanState
from chainfin.rules.webhook import WebhookState
from chainfin.services.kernel import commands, pledge_rows
from chainfin.services.kernel.context import Context
from chainfin.storage.lending_tables import ApplicationRow, LoanRow
from chainfin.storage.pledge_tables import PledgeRow, UndertakingRow
from chainfin.storage.store import all_moved
from chainfin.storage.trade_tables import ActRow, ReceivableRow, WarehouseReceiptRow
from chainfin.storage.types import new_id
from chainfin.storage.webhook_tables import WebhookEndpointRow, WebhookEventRow
from chainfin.values.event_kind import EventKind

Notice: TypeAlias = tuple[EventKind, Sequence[str | None], Mapping[str, object]]
"""Kind, who is concerned, and the detail."""


def write(session: Session, ctx: Context) -> None:
    """Events of all that this transaction moves, for the parties that listen."""
    for row in all_moved(session):
        notice = _NOTICES[type(row)](row)
        if notice is not None:
            kind, parties, detail = notice
            say(session, ctx, kind, row.id, parties, detail)
        if isinstance(row, LoanRow) and row.status == LoanState.OVERDUE:
            late(session, ctx, row.id)


def late(session: Session, ctx: Context, loan_id: str) -> None:
    """The loan fell overdue, or a margin call on it wasn't met: who undertook to buy its goods is told until when it
    can be called, and their keeper that they may be bought or taken."""
    goods = (
        select(PledgeRow, WarehouseReceiptRow.keeper_id)
        .join(WarehouseReceiptRow, col(WarehouseReceiptRow.id) == col(PledgeRow.asset_id))
        .where(PledgeRow.loan_id == loan_id, col(PledgeRow.status).in_(pledge_rows.LIVE_STATUS))
    )
    for pledge, keeper_id in session.exec(goods.order_by(col(PledgeRow.id))).all():
        detail: dict[str, object] = {"pledge_id": pledge.id, "asset_id": pledge.asset_id}
        promised = select(UndertakingRow).where(UndertakingRow.pledge_id == pledge.id, UndertakingRow.left > 0)
        for each in session.exec(promised.order_by(col(UndertakingRow.buyer_id))).all():
            say(session, ctx, EventKind.LATE, pledge.id, [each.buyer_id], {**detail, "until": each.until.isoformat()})
        say(session, ctx, EventKind.LATE, pledge.id, [keeper_id], {**detail, "until": None})


def say(
    session: Session,
    ctx: Context,
    kind: EventKind,
    subject: str,
    parties: Sequence[str | None],
    detail: Mapping[str, object],
) -> None:
    """One event for each party that subscribed to this kind, and one delivery for each of its subscribed addresses."""
    wanting = [each for each in _endpoints(session) if kind.value in each.events]
    for party_id in dict.fromkeys(parties):
        endpoints = [each for each in wanting if each.party_id == party_id]
        if party_id is None or not endpoints:
            continue
        event = _event(ctx, kind, subject, party_id, detail)
        session.add(event)
        session.flush()
        for endpoint in endpoints:
            commands.give(session, ctx, commands.DeliverEvent(event.id, endpoint.id, attempt=1))


_KNOWN = "webhook_endpoints"


def _endpoints(session: Session) -> list[WebhookEndpointRow]:
    """The active ones of all parties, asked for once in a transaction."""
    found: list[WebhookEndpointRow] | None = session.info.get(_KNOWN)
    if found is None:
        query = select(WebhookEndpointRow).where(WebhookEndpointRow.status == WebhookState.ACTIVE.value)
        found = session.info[_KNOWN] = list(session.exec(query.order_by(WebhookEndpointRow.id)).all())
    return found


def _event(ctx: Context, kind: EventKind, subject: str, party_id: str, detail: Mapping[str, object]) -> WebhookEventRow:
    """CloudEvents 1.0, JSON."""
    id_, now = new_id("evt"), ctx.clock.now()
    body = {
        "specversion": "1.0",
        "id": id_,
        "source": f"urn:chainfin:{quote(ctx.platform, safe='')}",
        "type": f"chainfin.{kind.value}",
        "subject": subject,
        "time": now.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": detail,
    }
    return WebhookEventRow(
        id=id_,
        cell=ctx.cell,
        party_id=party_id,
        kind=kind.value,
        subject=subject,
        body=json.dumps(body, separators=(",", ":")),
        occurred_at=now,
    )


def _act(row: ActRow) -> Notice | None:
    if row.status != ActState.AWAITING_SIGNATURE:
        return None  # signed at once, by a key in custody
    until = datetime.fromtimestamp(row.deadline, UTC).isoformat().replace("+00:00", "Z")
    detail = {"act_id": row.id, "contract": row.contract, "function": row.function, "subject": row.subject}
    return EventKind.ACT, [row.party_id], {**detail, "deadline": until}


def _application(row: ApplicationRow) -> Notice:
    detail = {"application_id": row.id, "product": row.product, "status": row.status, "loan_id": row.loan_id}
    return EventKind.APPLICATION, [row.borrower_id, row.lender_id], detail


def _loan(row: LoanRow) -> Notice:
    detail = {"loan_id": row.id, "application_id": row.application_id, "status": row.status}
    return EventKind.LOAN, [row.borrower_id, row.lender_id], detail


def _receivable(row: ReceivableRow) -> Notice:
    detail = {"receivable_id": row.id, "status": row.status}
    return EventKind.RECEIVABLE, [row.seller_id, row.holder_id, row.debtor_id], detail


def _pledge(row: PledgeRow) -> Notice:
    detail = {"pledge_id": row.id, "loan_id": row.loan_id, "asset_kind": row.asset_kind, "asset_id": row.asset_id}
    return EventKind.PLEDGE, [row.pledgor_id, row.lender_id], {**detail, "status": row.status}


_NOTICES: Final[Mapping[type[Any], Callable[[Any], Notice | None]]] = {
    ActRow: _act,
    ApplicationRow: _application,
    LoanRow: _loan,
    ReceivableRow: _receivable,
    PledgeRow: _pledge,
}
