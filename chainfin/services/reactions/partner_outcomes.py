"""What the connectors report, handed to the process that waits for it, in the worker's transaction.

One table: the command that was carried out → what follows when it was done, and when it was refused for good.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, TypeAlias

from sqlmodel import Session, select

from chainfin.errors import BadInput
from chainfin.services.kernel import commands
from chainfin.services.kernel.commands import (
    REGISTRATIONS,
    Command,
    DeliverEvent,
    FetchData,
    PayHolder,
    PayLoan,
    Refund,
    RegisterPledge,
    RegisterSubstitute,
    RegisterTopUp,
    StrikeOutPledge,
)
from chainfin.services.kernel.context import Context
from chainfin.services.lending import applications, disbursement
from chainfin.services.parties import webhooks
from chainfin.services.payments import payout_day, payouts
from chainfin.services.pledges import substitution, top_ups
from chainfin.storage.ledger_tables import OutboxRow

Result: TypeAlias = Mapping[str, object]
# each handler takes the command of its own row of the table
OnDone: TypeAlias = Callable[[Session, Context, Any, Result], None]
OnRefused: TypeAlias = Callable[[Session, Context, Any, str, str], None]


def done(session: Session, ctx: Context, row: OutboxRow, value: Result) -> None:
    """A partner did what was asked. Raises BadInput partner_time_implausible, and what its handler refuses."""
    command = commands.of(row)
    unless_time_implausible(ctx, row, value.get(TIMES.get(type(command), "")))
    on_done, _ = HANDLERS[type(command)]
    on_done(session, ctx, command, value)


def refused(session: Session, ctx: Context, row: OutboxRow, code: str, message: str) -> None:
    """A partner said no, for good."""
    command = commands.of(row)
    _, on_refused = HANDLERS[type(command)]
    on_refused(session, ctx, command, code, message)


def unless_time_implausible(ctx: Context, row: OutboxRow, dated: object) -> None:
    """Else money would be booked, and interest run, from a day on which it can't have happened. Raises BadInput
    partner_time_implausible."""
    if dated is None:
        return
    if not ctx.clock.plausible(datetime.fromisoformat(str(dated)), since=row.created_at):
        raise BadInput("partner_time_implausible", f"dated {dated}, and asked for at {row.created_at.isoformat()}")


TIMES: Final[Mapping[type[Command], str]] = {
    PayLoan: "paid_at",
    PayHolder: "paid_at",
    Refund: "refunded_at",
    **dict.fromkeys(REGISTRATIONS, "registered_at"),
    StrikeOutPledge: "cancelled_at",
}
"""When the partner says that it did it; a registry need not say."""


def _loan_paid(session: Session, ctx: Context, order: PayLoan, value: Result) -> None:
    paid_at = datetime.fromisoformat(str(value["paid_at"]))
    disbursement.paid_out(session, ctx, order.loan_id, str(value["bank_reference"]), paid_at)
    # a statement may have said another day since the driver asked
    row = session.exec(select(OutboxRow).where(OutboxRow.key == order.key)).one()
    payout_day.follow(session, ctx, row, order)


def _loan_refused(session: Session, ctx: Context, order: PayLoan, code: str, message: str) -> None:
    disbursement.payout_refused(session, ctx, order.loan_id, code, message)


def _holder_paid(session: Session, ctx: Context, order: PayHolder, _value: Result) -> None:
    payouts.holder_paid(session, ctx, order)


def _holder_refused(session: Session, ctx: Context, order: PayHolder, code: str, message: str) -> None:
    payouts.holder_refused(session, ctx, order, code, message)


def _refunded(session: Session, ctx: Context, order: Refund, _value: Result) -> None:
    payouts.refunded(session, ctx, order.incoming_id)


def _refund_refused(session: Session, ctx: Context, order: Refund, code: str, message: str) -> None:
    payouts.refund_refused(session, ctx, order, code, message)


def _registered(session: Session, ctx: Context, order: RegisterPledge, value: Result) -> None:
    disbursement.registered(session, ctx, order.pledge_id, str(value["registry_no"]))


def _registration_refused(session: Session, ctx: Context, order: RegisterPledge, code: str, message: str) -> None:
    disbursement.registration_refused(session, ctx, order.pledge_id, code, message)


def _substitute_registered(session: Session, ctx: Context, order: RegisterSubstitute, value: Result) -> None:
    substitution.registered(session, ctx, order.pledge_id, str(value["registry_no"]))


def _substitute_refused(session: Session, ctx: Context, order: RegisterSubstitute, code: str, message: str) -> None:
    substitution.refused(session, ctx, order.pledge_id, code, message)


def _top_up_registered(session: Session, ctx: Context, order: RegisterTopUp, value: Result) -> None:
    top_ups.registered(session, ctx, order.pledge_id, str(value["registry_no"]))


def _top_up_refused(session: Session, ctx: Context, order: RegisterTopUp, _code: str, _message: str) -> None:
    top_ups.refused(session, ctx, order.pledge_id)


def _struck_out(_session: Session, _ctx: Context, _order: StrikeOutPledge, _value: Result) -> None:
    """Nobody waits for it."""


def _strike_refused(_session: Session, _ctx: Context, _order: StrikeOutPledge, _code: str, _message: str) -> None:
    """The row itself, refused, is the finding: chain, registry and book are compared by the reconciliation."""


def _fetched(session: Session, ctx: Context, asked: FetchData, value: Result) -> None:
    sources = value["sources"]
    assert isinstance(sources, dict), "the worker reports a mapping of sources"
    applications.fetched(session, ctx, asked.application_id, sources)


def _fetch_refused(session: Session, ctx: Context, asked: FetchData, _code: str, _message: str) -> None:
    applications.fetched(session, ctx, asked.application_id, {})


def _delivered(_session: Session, _ctx: Context, _told: DeliverEvent, _value: Result) -> None:
    """Nobody waits for it."""


def _not_delivered(session: Session, _ctx: Context, delivery: DeliverEvent, _code: str, message: str) -> None:
    webhooks.given_up(session, delivery.endpoint_id, message)


HANDLERS: Final[Mapping[type[Command], tuple[OnDone, OnRefused]]] = {
    PayLoan: (_loan_paid, _loan_refused),
    PayHolder: (_holder_paid, _holder_refused),
    Refund: (_refunded, _refund_refused),
    RegisterPledge: (_registered, _registration_refused),
    RegisterSubstitute: (_substitute_registered, _substitute_refused),
    RegisterTopUp: (_top_up_registered, _top_up_refused),
    StrikeOutPledge: (_struck_out, _strike_refused),
    FetchData: (_fetched, _fetch_refused),
    DeliverEvent: (_delivered, _not_delivered),
}
"""Every command that a partner carries out. (An act is the chain's: what becomes of it is in `act_outcomes`.)"""
