"""Which service takes in what the worker found out: the way back from the partners into the process."""

from __future__ import annotations

from collections.abc import Mapping

from sqlmodel import Session

from chainfin.connectors.handlers import Json
from chainfin.connectors.outcome import Done, Outcome, Refused
from chainfin.connectors.worker import OnResult
from chainfin.services import funding
from chainfin.services.context import Context
from chainfin.storage.ledger_tables import OutboxRow


def reports(ctx: Context, more: Mapping[str, OnResult] | None = None) -> OnResult:
    """The worker's ``on_result`` for funding; ``more`` adds (or replaces) topics. An unknown topic raises KeyError."""
    takers: dict[str, OnResult] = {
        funding.REGISTER: lambda session, row, outcome: _registered(session, ctx, row, outcome),
        funding.PAY: lambda session, row, outcome: _paid(session, ctx, row, outcome),
        # Striking an entry out changes nothing further; what it answered (or refused) stands in the outbox row.
        funding.UNREGISTER: lambda session, row, outcome: None,
        **(more or {}),
    }

    def take(session: Session, row: OutboxRow, outcome: Outcome[Json]) -> None:
        takers[row.topic](session, row, outcome)

    return take


def _registered(session: Session, ctx: Context, row: OutboxRow, outcome: Outcome[Json]) -> None:
    pledge_id = str(row.payload["pledge_ref"])
    match outcome:
        case Done(value):
            funding.registered(session, ctx, pledge_id, str(value["registry_no"]))
        case Refused(code, message):
            funding.registration_refused(session, ctx, pledge_id, code, message)


def _paid(session: Session, ctx: Context, row: OutboxRow, outcome: Outcome[Json]) -> None:
    loan_id = str(row.payload["instruction_id"])
    match outcome:
        case Done(value):
            funding.paid_out(session, ctx, loan_id, str(value["bank_reference"]))
        case Refused(code, message):
            funding.payout_refused(session, ctx, loan_id, code, message)
