"""Where an act's row stands: moved by the one table of `rules.act`."""

from __future__ import annotations

from sqlmodel import Session

from chainfin.errors import Refused
from chainfin.rules import act as rules
from chainfin.rules.act import ActEvent, ActState
from chainfin.services.kernel.context import Context
from chainfin.storage.trade_tables import ActRow


def move(session: Session, row: ActRow, event: ActEvent) -> None:
    """What happened to the act. Raises Conflict act_transition_refused."""
    row.status = rules.transition(ActState(row.status), event).value
    session.add(row)


def refuse(session: Session, ctx: Context, row: ActRow, reason: Refused) -> None:
    """A rule holds no more: the act, which nobody has signed, ends. Raises Conflict act_transition_refused."""
    move(session, row, ActEvent.REFUSE)
    row.error_code, row.error_message = reason.code, reason.message
    row.final_at = ctx.clock.now()
