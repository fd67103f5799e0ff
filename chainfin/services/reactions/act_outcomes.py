"""What the sender reports of an act that it relayed, and what is undone when the chain refuses it."""

from __future__ import annotations

import re

from sqlalchemy import bindparam, update
from sqlmodel import Session, SQLModel, col, or_, select

from chainfin.errors import Refusal
from chainfin.eth import eip712
from chainfin.eth.bindings import orders_acts, pledges_acts, receivables_acts, warehouse_receipts_acts
from chainfin.eth.bindings.registry import ACTS
from chainfin.rules import pledge as pledges
from chainfin.rules.act import UNDER_WAY, ActEvent, ActState
from chainfin.rules.loan import LoanState
from chainfin.services.goods import receipts, two_words
from chainfin.services.kernel import act_state, acts, pledge_rows
from chainfin.services.kernel.context import Context
from chainfin.services.lending import disbursement
from chainfin.services.payments import unsettled
from chainfin.services.pledges import release, substitution, top_ups
from chainfin.services.trade import pending_credits
from chainfin.storage.chain_tables import ChainEvent
from chainfin.storage.lending_tables import LoanRow
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.trade_tables import ActRow, OrderRow, ReceivableRow
from chainfin.values.before_chain import BeforeChain


def chain_code(error_name: str) -> str:
    """A contract's custom error as a stable code: ExceedsFree → chain_exceeds_free."""
    return "chain_" + re.sub(r"(?<!^)(?=[A-Z])", "_", error_name).lower()


def sent(session: Session, ctx: Context, act_id: str, tx_hash: str) -> None:
    """The act's transaction is stored and about to be sent."""
    session.connection().execute(_SENT, {"act": act_id, "hash": tx_hash})


_ACTS = SQLModel.metadata.tables["act"]
_SENT = update(_ACTS).where(_ACTS.c.id == bindparam("act")).values(tx_hash=bindparam("hash"))
_FINAL = (
    update(_ACTS)
    .where(_ACTS.c.tx_hash == bindparam("hash"), _ACTS.c.status == ActState.SIGNED.value)
    .values(status=ActState.FINAL.value, block_number=bindparam("block"), final_at=bindparam("at"))
)
"""Past the rows: an act is large (its typed data), and nothing else of it is needed here."""


def refused(
    session: Session, ctx: Context, act_id: str, code: str, message: str, event: ActEvent = ActEvent.REFUSE
) -> None:
    """The chain refuses the act for good (a revert, an expired deadline): undo what waited for it, or ask for it again
    where it is owed."""
    release.lock(session, act_id)
    more = top_ups.granting(session, act_id)
    row = session.get_one(ActRow, act_id)
    if row.status not in UNDER_WAY:
        return
    act_state.move(session, row, event)
    row.error_code = code
    row.error_message = message
    row.final_at = ctx.clock.now()
    session.add(row)
    if more or (row.function == pledges_acts.Pledge.FUNCTION and top_ups.knows(session, row.subject)):
        top_ups.refused(session, ctx, row.subject)
        return
    match ACTS.get((row.contract, row.function)):
        case orders_acts.Post:
            _mark(session.get(OrderRow, row.subject), session, BeforeChain.POSTING)
        case receivables_acts.Issue:
            _mark(session.get(ReceivableRow, row.subject), session, BeforeChain.ISSUING)
        case warehouse_receipts_acts.Issue:
            receipts.refused(session, row.subject)
        case pledges_acts.Pledge:
            disbursement.pledge_refused(session, ctx, row.subject, code, message)
        case pledges_acts.Substitute:
            substitution.refused(session, ctx, row.subject, code, message)
        case pledges_acts.Release:
            release.failed(session, ctx, row)
        case warehouse_receipts_acts.Release | warehouse_receipts_acts.Correct:
            two_words.ended(session, ctx, row)
        case pledges_acts.Undertake:
            disbursement.not_undertaken(session, ctx, row.subject, code, message)
        case receivables_acts.Credit:
            pending_credits.came_to_nothing(session, row)
        case receivables_acts.Settle | pledges_acts.BuyBack | pledges_acts.Draw:
            _still_owed(session, ctx, row, code, message)


def _still_owed(session: Session, ctx: Context, row: ActRow, code: str, message: str) -> None:
    """A word that is owed was given too late, and is asked for again; or the chain refuses what it says."""
    if row.status == ActState.EXPIRED or code == chain_code("ActExpired"):
        _ask_again(session, ctx, row)
    elif row.function == receivables_acts.Settle.FUNCTION:
        unsettled.refused(session, ctx, row, code, message)


def _ask_again(session: Session, ctx: Context, row: ActRow) -> None:
    """A bank's word on a payment, or a lender's that it has paid out, is owed until it is given: the same act with a
    new deadline."""
    if ACTS[row.contract, row.function] is pledges_acts.Draw and not _drawable(session, ctx, row.subject):
        return
    acts.repeat(session, ctx, row)


def _drawable(session: Session, ctx: Context, pledge_id: str) -> bool:
    """Whether it is still owed, and the contract would still take it: a pledge that has lapsed can't be drawn any more,
    and one of a loan whose payout came back isn't."""
    row = session.get_one(PledgeRow, pledge_id)
    if row.loan_id is not None and session.get_one(LoanRow, row.loan_id).status == LoanState.CANCELLED:
        return False
    if row.expires_at is not None and row.expires_at < ctx.clock.now():
        return False
    return not isinstance(pledges.draw(pledge_rows.value(row), by=row.lender_id), Refusal)


def expire(ctx: Context, *, limit: int = 100) -> int:
    """Close acts that nobody signed in time; what waited for them may be begun again, what is owed is asked for again.
    Returns how many.

    An offer's act ends with the offer; a grant that adds a pledge to a loan was no offer.
    """
    now = int(ctx.clock.now().timestamp())
    with ctx.store.read() as session:
        late = session.exec(
            select(ActRow.id)
            .where(
                ActRow.status == ActState.AWAITING_SIGNATURE.value,
                ActRow.deadline < now,
                or_(col(ActRow.function).not_in(eip712.OFFERED), col(ActRow.subject).in_(select(PledgeRow.id))),
            )
            .limit(limit)
        ).all()
    for act_id in late:
        with ctx.store.begin() as session:
            release.lock(session, act_id)
            top_ups.granting(session, act_id)
            row = session.get_one(ActRow, act_id, with_for_update=True)
            if row.status == ActState.AWAITING_SIGNATURE:
                refused(session, ctx, act_id, "act_expired", "nobody signed it in time", ActEvent.EXPIRE)
    return len(late)


def _mark(row: OrderRow | ReceivableRow | None, session: Session, waiting: BeforeChain) -> None:
    """Only what was still waiting for this act: a refused repeat must not touch what stands."""
    if row is not None and row.status == waiting:
        row.status = BeforeChain.REFUSED.value
        session.add(row)


def final(session: Session, ctx: Context, event: ChainEvent) -> None:
    """An event of the act's transaction is final: so is the act."""
    session.connection().execute(_FINAL, {"hash": event.tx_hash, "block": event.block_number, "at": ctx.clock.now()})
