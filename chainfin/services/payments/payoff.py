"""Attested payoff: the pledge of a loan that is over ends by the settlement bank's word, where its lender doesn't sign.

The lender is asked first (`release`), and may sign until the pledge has ended. Once nothing is owed for as long as the
setting says, the bank is asked for its word as well: it saw the payments, or gave the payout back itself. Whichever is
carried out first counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from chainfin.errors import Refusal
from chainfin.eth.bindings.pledges_acts import PayOff
from chainfin.hashing import keccak
from chainfin.rules import pledge as rules
from chainfin.rules.act import ActState
from chainfin.rules.loan import LoanState
from chainfin.rules.loan.state import OVER
from chainfin.services.books import loan_book
from chainfin.services.kernel import in_flight, pledge_rows
from chainfin.services.kernel.context import Context
from chainfin.services.payments import attesting
from chainfin.services.payments.allocation import Payment
from chainfin.services.pledges import assets, release
from chainfin.storage.lending_tables import IncomingRow, LoanEventRow, LoanRow, RepaymentRow
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.trade_tables import ActRow
from chainfin.values import instruction


def attest_due(ctx: Context, *, limit: int = 100) -> int:
    """Ask for the bank's word on every pledge whose lender has had its time. Returns how many acts were made."""
    with ctx.store.read() as session:
        due = [pledge.id for pledge in _live(session, limit) if _due(session, ctx, pledge)]
    made = 0
    for pledge_id in due:
        with ctx.store.begin() as session:
            pledge = assets.locked_pledge(session, pledge_id)
            made += _due(session, ctx, pledge) and _attest(session, ctx, pledge)
    return made


def _live(session: Session, limit: int) -> Sequence[PledgeRow]:
    """Drawn pledges, not ended, of loans on which nothing is owed."""
    query = (
        select(PledgeRow)
        .join(LoanRow, col(LoanRow.id) == col(PledgeRow.loan_id))
        .where(col(PledgeRow.status).in_(pledge_rows.LIVE_STATUS), col(PledgeRow.drawn).is_(True))
        .where(col(LoanRow.status).in_([state.value for state in OVER]))
    )
    return session.exec(query.order_by(col(PledgeRow.id)).limit(limit)).all()


@dataclass(frozen=True, slots=True)
class _Over:
    """Since when nothing is owed, and what of the bank's own tells so. ``incoming_id``: of the last payment; None where
    the payout was given back."""

    since: datetime
    bank_ref: str
    incoming_id: str | None


def _over(session: Session, pledge: PledgeRow) -> _Over | None:
    loan = session.get_one(LoanRow, pledge.loan_id)
    if loan.status == LoanState.CANCELLED:
        happened = select(func.max(LoanEventRow.id)).where(LoanEventRow.loan_id == loan.id)
        last = session.exec(happened).one()
        # no event: it was never paid out, and drawn past this service
        since = loan.created_at if last is None else session.get_one(LoanEventRow, last).created_at
        name = f"{instruction.for_loan(loan.id)}:{pledge.asset_id}:{pledge.id}"
        return _Over(since, "0x" + keccak(name.encode()).hex(), None)
    paid = _last_payment(session, loan.id)
    if paid is None:
        return None
    payment = Payment.of(session.get_one(IncomingRow, paid.incoming_id))
    return _Over(paid.created_at, payment.settlement_reference(pledge.asset_id, pledge.id), paid.incoming_id)


def _due(session: Session, ctx: Context, pledge: PledgeRow) -> bool:
    over = _over(session, pledge)
    if over is None or ctx.clock.now() - over.since < ctx.release_patience:
        return False
    if in_flight.leaving(session, pledge, unsigned=False) >= pledge.left:
        return False  # the lender has signed, or the bank
    if in_flight.paid_off(session, pledge.id, ActState.AWAITING_SIGNATURE.value):
        return False
    refused = _refused_at(session, pledge)
    return refused is None or ctx.clock.now() - refused >= release.PATIENCE


def _last_payment(session: Session, loan_id: str) -> RepaymentRow | None:
    paid = select(RepaymentRow).where(RepaymentRow.loan_id == loan_id)
    newest = paid.order_by(col(RepaymentRow.created_at).desc(), col(RepaymentRow.id).desc())
    return session.exec(newest.limit(1)).first()


def _refused_at(session: Session, pledge: PledgeRow) -> datetime | None:
    word = select(ActRow.final_at).where(ActRow.subject == pledge.id, ActRow.function == PayOff.FUNCTION)
    return session.exec(
        word.where(ActRow.status == ActState.REFUSED.value).order_by(col(ActRow.id).desc()).limit(1)
    ).first()


def _attest(session: Session, ctx: Context, pledge: PledgeRow) -> bool:
    # neither lender nor pledgor: both have something of it
    bank = attesting.bank(session, but=(pledge.lender_id, pledge.pledgor_id))
    over = _over(session, pledge)
    if bank is None or over is None or isinstance(rules.pay_off(pledge_rows.value(pledge), by=bank.id), Refusal):
        return False
    act = PayOff(
        pledge_id=pledge.id,
        asset_id=pledge.asset_id,
        loan_ref=loan_book.loan_ref(str(pledge.loan_id)),
        bank_ref=over.bank_ref,
    )
    attesting.attest(session, ctx, bank, act, subject=pledge.id, incoming_id=over.incoming_id)
    return True
