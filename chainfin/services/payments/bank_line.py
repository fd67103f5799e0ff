"""One line of the bank's, by whatever way it came: what was read from it, whether that can be a payment of ours, and
where it is put when it can't be taken in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import structlog
from sqlmodel import Session

from chainfin.errors import BadInput, ChainfinError, Refusal
from chainfin.services.kernel import parking
from chainfin.services.kernel.context import Context
from chainfin.services.payments import direct, instructions, remittance
from chainfin.services.payments.allocation import Arrival
from chainfin.services.payments.remittance import Purpose
from chainfin.storage.away import is_away
from chainfin.storage.oversight_tables import ParkedItemRow
from chainfin.storage.types import storable

_log = structlog.get_logger("chainfin.payments")

SOURCE = "incoming_payments"
"""The source of parked lines of the bank's feed."""
REFERENCE_REUSED = "bank_reference_reused"
REUSED_WORDS = "another payment on this account has this reference (amount, payer, text, day differ)"
FIRST_DAY = date(2000, 1, 1)
"""A value date before it is a mistake of the bank's, not a payment that is late."""
MAX_MINOR = 10**15
"""The most that one line may carry, in minor units (ten million million yuan in fen), by whatever way the bank tells of
it: sums of such amounts, and of thousands of them, fit the 64 bits of a column; what is above is a mistake of the
bank's."""


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One line of the bank's feed: ``raw`` as it came (see `parking.as_payload`), and what was read from it, or why
    nothing could be. ``reference``: the bank's, as far as it could be read."""

    raw: str
    reference: str
    content: Arrival | Refusal


def arrival_of(ctx: Context, line: StatementLine) -> Arrival:
    """The payment that the line tells of. Raises BadInput with the reason why it can be none."""
    arrival = line.content
    if isinstance(arrival, Refusal):
        raise BadInput(arrival.code, arrival.message)
    if not FIRST_DAY <= arrival.received_on <= ctx.clock.today() + timedelta(days=1):
        raise BadInput("value_date_implausible", f"the bank dates this payment {arrival.received_on}")
    if arrival.payer_account == arrival.payee_account:
        raise BadInput("payment_to_itself", "it comes from the account that it goes to: nobody paid anybody")
    if arrival.amount.minor > MAX_MINOR:
        raise BadInput("amount_implausible", "more than any single payment can be")
    return arrival


def paid_directly(session: Session, arrival: Arrival) -> str | None:
    """The receivable that the payment reached the holder of itself; None: it is on an account whose money is booked.

    Raises BadInput payee_account_foreign.
    """
    if instructions.is_a_lenders(session, arrival.payee_account):
        return None
    purpose = remittance.purpose(session, storable(arrival.remittance))
    claim = purpose.target if isinstance(purpose, Purpose) and purpose.kind == "receivable" else None
    if claim is not None and direct.is_holders(session, claim, arrival.payee_account):
        return claim
    raise BadInput("payee_account_foreign", "this account is no lender's here, nor the holder's of the claim it names")


def park(session: Session, ctx: Context, line: StatementLine, error: Exception, source: str) -> ParkedItemRow:
    """Put the line aside, whole: ``error`` is why it wasn't taken in."""
    if not isinstance(error, ChainfinError):
        _log.error("line_not_applied", exc_info=error)
    code, detail = parking.reason_of(error)
    return _park(session, ctx, line, source, code, detail)


def _park(session: Session, ctx: Context, line: StatementLine, source: str, code: str, detail: str) -> ParkedItemRow:
    claim = _claim_of(session, line)
    read = None if isinstance(line.content, Refusal) else parking.as_payload(as_json(line.content))
    item = parking.Item(source, "bank_line", line.reference, line.raw, code, detail, claim, read)
    return parking.park(session, item, now=ctx.clock.now())


def _claim_of(session: Session, line: StatementLine) -> str | None:
    """The receivable whose holder the line says that it reached; None: it says of nobody here that he was paid, or what
    it says no database takes."""
    if isinstance(line.content, Refusal):
        return None
    try:
        with session.begin_nested():
            return paid_directly(session, line.content)
    except Exception as error:
        if is_away(error):
            raise
        return None


def as_json(arrival: Arrival) -> dict[str, object]:
    """A payment as plain JSON, which `booked_line.again` reads back."""
    return {
        "bank_ref": arrival.bank_ref,
        "sequence": arrival.sequence,
        "payer_account": arrival.payer_account,
        "payee_account": arrival.payee_account,
        "minor": str(arrival.amount.minor),
        "currency": arrival.amount.currency,
        "remittance": arrival.remittance,
        "received_on": arrival.received_on.isoformat(),
        "evidence": dict(arrival.evidence),
    }
