"""Attested payoff: a repaid loan's pledge ends by the settlement bank's word, where its lender doesn't sign.

The lender is asked first (`release`), and may sign until the pledge has ended. Once the loan is repaid for as long as
the setting says, the bank is asked for its word as well: it saw the payments. Whichever is carried out first counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from chainfin.errors import Refusal
from chainfin.eth.bindings.pledges_acts import PayOff
from chainfin.rules import pledge as rules
from chainfin.rules.act import ActState
from chainfin.rules.loan import LoanState
from chainfin.services.books import loan_book
from chainfin.services.kernel import in_flight, pledge_rows
from chainfin.services.kernel.context import Context
from chainfin.services.payments import attesting
from chainfin.services.payments.allocation import Payment
from chainfin.services.pledges import assets, release
from chainfin.storage.lending_tables import IncomingRow, LoanRow, RepaymentRow
from chainfin.storage.trade_tables import ActRow, PledgeRow


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
    """Pledges of repaid loans that haven't ended."""
    query = (
        select(PledgeRow)
        .join(LoanRow, col(LoanRow.id) == col(PledgeRow.loan_id))
        .where(col(PledgeRow.status).in_(pledge_rows.LIVE_STATUS), LoanRow.status == LoanState.REPAID.value)
    )
    return session.exec(query.order_by(col(PledgeRow.id)).limit(limit)).all()


def _due(session: Session, ctx: Context, pledge: PledgeRow) -> bool:
    last = _last_payment(session, str(pledge.loan_id))
    if last is None or ctx.clock.now() - last.created_at < ctx.release_patience:
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
    return session.exec(word.where(ActRow.status == "refused").order_by(col(ActRow.id).desc()).limit(1)).first()


def _attest(session: Session, ctx: Context, pledge: PledgeRow) -> bool:
    # neither lender nor pledgor: both have something of it
    bank = attesting.bank(session, but=(pledge.lender_id, pledge.pledgor_id))
    last = _last_payment(session, str(pledge.loan_id))
    if bank is None or last is None or isinstance(rules.pay_off(pledge_rows.value(pledge), by=bank.id), Refusal):
        return False
    payment = Payment.of(session.get_one(IncomingRow, last.incoming_id))
    act = PayOff(
        pledge_id=pledge.id,
        asset_id=pledge.asset_id,
        loan_ref=loan_book.loan_ref(str(pledge.loan_id)),
        bank_ref=payment.settlement_reference(pledge.asset_id, pledge.id),
    )
    attesting.attest(session, ctx, bank, act, subject=pledge.id, incoming_id=last.incoming_id)
    return True
