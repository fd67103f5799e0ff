"""What the connectors report, handed to the process that waits for it, in the worker's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from chainfin.services.kernel.context import Context
from chainfin.services.lending import applications, funding
from chainfin.services.payments import payouts
from chainfin.services.pledges import substitution
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.values.money import Money


def done(session: Session, ctx: Context, row: OutboxRow, value: Mapping[str, object]) -> None:
    """A partner did what was asked."""
    kind, _, target = row.key.partition(":")
    match kind:
        case "register":
            given = substitution.registered if substitution.knows(session, target) else funding.registered
            given(session, ctx, target, str(value["registry_no"]))
        case "pay":
            paid_at = datetime.fromisoformat(str(value["paid_at"]))
            funding.paid_out(session, ctx, target, str(value["bank_reference"]), paid_at)
        case "holder":
            payouts.holder_paid(session, ctx, row.key, Money.parse(str(value["amount"]), str(value["currency"])))
        case "refund":
            payouts.refunded(session, ctx, target)
        case "fetch":
            sources = value["sources"]
            assert isinstance(sources, dict), "the worker reports a mapping of sources"
            applications.fetched(session, ctx, target, sources)
        case "unregister":
            pass
        case _:
            raise AssertionError(f"nobody waits for {row.key}")


def refused(session: Session, ctx: Context, row: OutboxRow, code: str, message: str) -> None:
    """A partner said no, for good."""
    kind, _, target = row.key.partition(":")
    match kind:
        case "register":
            undo = substitution.refused if substitution.knows(session, target) else funding.registration_refused
            undo(session, ctx, target, code, message)
        case "pay":
            funding.payout_refused(session, ctx, target, code, message)
        case "fetch":
            applications.fetched(session, ctx, target, {})
        case "holder":
            payouts.holder_refused(session, row.key, code)
        case "refund":
            payouts.refund_refused(session, target, code)
        case "unregister":
            # The row itself, refused, is the finding: chain, registry and book are compared by the reconciliation.
            pass
        case _:
            raise AssertionError(f"nobody waits for {row.key}")
