"""What is on its way to the chain and decides who is to be paid: acts that pass a receivable on, and payments on it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, or_, select

from chainfin.errors import Conflict
from chainfin.eth.bindings import pledges_acts, receivables_acts
from chainfin.storage.trade_tables import ActRow, PledgeRow, SubstitutionRow

MOVES = (receivables_acts.Split.FUNCTION, receivables_acts.Transfer.FUNCTION)
"""Acts on a receivable after which another may be its holder, or another receivable owed."""
TAKES = (pledges_acts.Enforce.FUNCTION,)
"""Acts on a pledge after which its lender holds what was pledged."""


def under_way(session: Session, receivable_ids: Sequence[str]) -> bool:
    """Whether one of these is being passed on, split or taken: signed, not final yet."""
    pledges = select(PledgeRow.id).where(col(PledgeRow.asset_id).in_(receivable_ids))
    moves = (col(ActRow.function).in_(MOVES)) & (col(ActRow.subject).in_(receivable_ids))
    takes = (col(ActRow.function).in_(TAKES)) & (col(ActRow.subject).in_(pledges))
    return (
        session.exec(select(ActRow.id).where(ActRow.status == "signed", or_(moves, takes)).limit(1)).first() is not None
    )


def attested(session: Session, asset_id: str) -> dict[str, int]:
    """Settlements and buy-backs on their way to the chain (signed by the bank or not yet): pledge id ("" is the free
    part) → amount not yet in the projection."""
    sums: dict[str, int] = {}
    pledges = select(PledgeRow.id).where(PledgeRow.asset_id == asset_id)
    settled = (col(ActRow.function) == receivables_acts.Settle.FUNCTION) & (col(ActRow.subject) == asset_id)
    bought = (col(ActRow.function) == pledges_acts.BuyBack.FUNCTION) & (col(ActRow.subject).in_(pledges))
    waiting = session.exec(
        select(ActRow).where(or_(settled, bought), col(ActRow.status).in_(("awaiting_signature", "signed")))
    )
    for act in waiting:
        paid = _payment(act)
        key = paid.pledge_id if int(paid.pledge_id, 16) else ""
        sums[key] = sums.get(key, 0) + paid.amount
    return sums


def _payment(act: ActRow) -> receivables_acts.Settle | pledges_acts.BuyBack:
    if act.function == receivables_acts.Settle.FUNCTION:
        return receivables_acts.Settle.from_params(act.params)
    return pledges_acts.BuyBack.from_params(act.params)


def leaving(session: Session, pledge: PledgeRow, *, but: Sequence[str] = (), unsigned: bool = True) -> int:
    """What of a pledge is on its way out and not yet gone in the projection: paid, bought back, replaced, or given up
    by its lender (without the acts ``but``, and those that it only is asked for where ``unsigned`` is False)."""
    if paid_off(session, pledge.id):
        return pledge.left
    paid = attested(session, pledge.asset_id).get(pledge.id, 0)
    return paid + replaced(session, pledge.id) + _released(session, pledge.id, but, unsigned)


def paid_off(session: Session, pledge_id: str, *statuses: str) -> bool:
    """Whether a bank's word that the debt behind a pledge is paid is on its way (``statuses``; none: signed)."""
    word = select(ActRow.id).where(ActRow.subject == pledge_id, ActRow.function == pledges_acts.PayOff.FUNCTION)
    return session.exec(word.where(col(ActRow.status).in_(statuses or ("signed",))).limit(1)).first() is not None


def _released(session: Session, pledge_id: str, but: Sequence[str], unsigned: bool) -> int:
    waiting = select(ActRow).where(
        ActRow.subject == pledge_id,
        ActRow.function == pledges_acts.Release.FUNCTION,
        ActRow.contract == pledges_acts.Release.CONTRACT,
        col(ActRow.status).in_(("awaiting_signature", "signed") if unsigned else ("signed",)),
        col(ActRow.id).not_in(but),
    )
    return sum(pledges_acts.Release.from_params(act.params).amount for act in session.exec(waiting))


def replaced(session: Session, pledge_id: str) -> int:
    """Thousandths of pledged goods for which a receivable is about to take their place (granted, not final yet)."""
    waiting = select(SubstitutionRow.quantity).where(
        SubstitutionRow.sold_id == pledge_id, col(SubstitutionRow.status).in_(("registering", "pledging"))
    )
    return sum(session.exec(waiting).all())


def unless_paid(session: Session, act: ActRow) -> None:
    """An act that passes a receivable on must not overtake a payment that was placed for its holder of today.

    Raises Conflict payment_under_way.
    """
    asset_id = _passed_on(act)
    if asset_id is not None and attested(session, asset_id):
        raise Conflict("payment_under_way", "a payment on it is on its way to the chain: try again once it is final")


def _passed_on(act: ActRow) -> str | None:
    """The asset whose holder the act may change; None for an act that changes no holder."""
    if act.contract == receivables_acts.Split.CONTRACT and act.function in MOVES:
        return act.subject
    if act.contract == pledges_acts.Enforce.CONTRACT and act.function in TAKES:
        return pledges_acts.Enforce.from_params(act.params).asset_id
    return None
