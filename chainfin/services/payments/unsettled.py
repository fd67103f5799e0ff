"""Payments that the bank attested and the chain refused: the debtor has paid, and the claim on chain still says that it
owes. A person finds out why; until then nobody lends on the claim."""

from __future__ import annotations

import json

from sqlmodel import Session

from chainfin.services.kernel import acts, parking
from chainfin.services.kernel.context import Context
from chainfin.storage.trade_tables import ActRow

SOURCE = "refused_settlements"
"""The source of parked settlements; the payload is the act's id."""


def refused(session: Session, ctx: Context, act: ActRow, code: str, message: str) -> None:
    """The chain has refused the settlement for good."""
    payload = parking.as_payload(act.id)
    item = parking.Item(SOURCE, "settlement", act.subject, payload, code, message, act.subject)
    parking.park(session, item, now=ctx.clock.now())


def again(session: Session, ctx: Context, payload: str) -> None:
    """The bank is asked for the same word once more."""
    acts.repeat(session, ctx, session.get_one(ActRow, json.loads(payload)))
