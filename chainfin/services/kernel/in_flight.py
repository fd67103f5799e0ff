"""What is on its way to the chain and decides who is to be paid: acts that pass a receivable on, and payments on it;
and payments of it that came in and have no place yet."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, or_, select

from chainfin.errors import Conflict, Refusal
from chainfin.eth.bindings import pledges_acts, receivables_acts
from chainfin.rules.act import UNDER_WAY, ActState
from chainfin.rules.parked_item import ParkedState
from chainfin.rules.payment import State
from chainfin.rules.substitution import SubstitutionState
from chainfin.services.kernel import parking
from chainfin.storage.lending_tables import IncomingRow
from chainfin.storage.oversight_tables import ParkedItemRow
from chainfin.storage.pledge_tables import PledgeRow, SubstitutionRow
from chainfin.storage.trade_tables import ActRow, ReceivableRow

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
        session.exec(
            select(ActRow.id).where(ActRow.status == ActState.SIGNED.value, or_(moves, takes)).limit(1)
        ).first()
        is not None
    )


def attested(session: Session, asset_id: str) -> dict[str, int]:
    """Settlements and buy-backs on their way to the chain (signed by the bank or not yet): pledge id ("" is the free
    part) → amount not yet in the projection."""
    sums: dict[str, int] = {}
    pledges = select(PledgeRow.id).where(PledgeRow.asset_id == asset_id)
    settled = (col(ActRow.function) == receivables_acts.Settle.FUNCTION) & (col(ActRow.subject) == asset_id)
    bought = (col(ActRow.function) == pledges_acts.BuyBack.FUNCTION) & (col(ActRow.subject).in_(pledges))
    waiting = session.exec(select(ActRow).where(or_(settled, bought), col(ActRow.status).in_(UNDER_WAY)))
    for act in waiting:
        paid = _payment(act)
        key = paid.pledge_id if int(paid.pledge_id, 16) else ""
        sums[key] = sums.get(key, 0) + paid.amount
    return sums


def _payment(act: ActRow) -> receivables_acts.Settle | pledges_acts.BuyBack:
    if act.function == receivables_acts.Settle.FUNCTION:
        return receivables_acts.Settle.from_params(act.params)
    return pledges_acts.BuyBack.from_params(act.params)


def leaving(
    session: Session, pledge: PledgeRow, *, but: Sequence[str] = (), unsigned: bool = True, bought: bool = True
) -> int:
    """What of a pledge is on its way out and not yet gone in the projection: paid, bought back (unless ``bought`` is
    False: the money for it waits, and covers it), replaced, or given up by its lender (without the acts ``but``, and
    those that it only is asked for where ``unsigned`` is False)."""
    if paid_off(session, pledge.id):
        return pledge.left
    paid = attested(session, pledge.asset_id).get(pledge.id, 0) if bought else 0
    return paid + replaced(session, pledge.id) + _released(session, pledge.id, but, unsigned)


def paid_off(session: Session, pledge_id: str, *statuses: str) -> bool:
    """Whether a bank's word that the debt behind a pledge is paid is on its way (``statuses``; none: signed)."""
    word = select(ActRow.id).where(ActRow.subject == pledge_id, ActRow.function == pledges_acts.PayOff.FUNCTION)
    return (
        session.exec(word.where(col(ActRow.status).in_(statuses or (ActState.SIGNED.value,))).limit(1)).first()
        is not None
    )


def _released(session: Session, pledge_id: str, but: Sequence[str], unsigned: bool) -> int:
    waiting = select(ActRow).where(
        ActRow.subject == pledge_id,
        ActRow.function == pledges_acts.Release.FUNCTION,
        ActRow.contract == pledges_acts.Release.CONTRACT,
        col(ActRow.status).in_(UNDER_WAY if unsigned else (ActState.SIGNED.value,)),
        col(ActRow.id).not_in(but),
    )
    return sum(pledges_acts.Release.from_params(act.params).amount for act in session.exec(waiting))


def replaced(session: Session, pledge_id: str) -> int:
    """Thousandths of pledged goods for which a receivable is about to take their place (granted, not final yet)."""
    granted = (SubstitutionState.REGISTERING.value, SubstitutionState.PLEDGING.value)
    waiting = select(SubstitutionRow.quantity).where(
        SubstitutionRow.sold_id == pledge_id,
        col(SubstitutionRow.status).in_(granted),
    )
    return sum(session.exec(waiting).all())


def unless_placed(session: Session, asset_id: str, *, beside: int | None = None) -> Refusal | None:
    """Why nobody may lend on a receivable, or pass it on: a payment of it came in, and it isn't known yet what that
    discharges. It waits, or it is parked and no person has dealt with it.

    ``beside``: what of it is free beside a pledge that is there already (None: none is). Then a payment that waits for
    that pledge harms nobody: on a lender's account it serves the loan, and the holder may have what is free. Refusal
    payment_under_way.
    """
    item = select(ParkedItemRow.id).where(
        ParkedItemRow.receivable_id == asset_id, ParkedItemRow.status == ParkedState.OPEN.value
    )
    parked = session.exec(item.order_by(col(ParkedItemRow.id)).limit(1)).first()
    if parked is not None:
        return _under_way(f"a payment of it is parked ({parked}): a person has to say what it discharges", parked)
    waiting = _waiting(session, asset_id)
    if beside is not None:
        waiting = [row for row in waiting if row.direct]
        if sum(row.amount for row in waiting) <= beside:
            return None
    if waiting:
        return _under_way(f"a payment of it waits to be placed ({waiting[0].id})", waiting[0].id)
    return None


def _under_way(message: str, payment: str) -> Refusal:
    return Refusal("payment_under_way", message, {"payment": payment})


def _waiting(session: Session, asset_id: str) -> list[IncomingRow]:
    """Payments that wait for the receivable, or for what it was split off (they may be for all its parts, but one that
    reached that one's holder). What a person has resolved elsewhere waits no more."""
    above, at = [], session.get(ReceivableRow, asset_id)
    while at is not None and at.parent_id is not None:
        above.append(at.parent_id)
        at = session.get(ReceivableRow, at.parent_id)
    of_family = (col(IncomingRow.receivable_id).in_(above)) & (col(IncomingRow.direct).is_(False))
    found = session.exec(
        select(IncomingRow)
        .where(IncomingRow.status == State.WAITING.value, or_(IncomingRow.receivable_id == asset_id, of_family))
        .order_by(col(IncomingRow.sequence))
    ).all()
    if not found:
        return []
    ended = select(ParkedItemRow.payload).where(
        ParkedItemRow.status == ParkedState.RESOLVED.value,
        col(ParkedItemRow.payload).in_([parking.as_payload(row.id) for row in found]),
    )
    resolved = set(session.exec(ended).all())
    return [row for row in found if parking.as_payload(row.id) not in resolved]


def unless_paid(session: Session, act: ActRow) -> None:
    """An act that passes a receivable on must not overtake a payment that was placed for its holder of today, or that
    waits to be. Locks the receivable, as whoever takes a payment in does.

    Raises Conflict payment_under_way.
    """
    asset_id = _passed_on(act)
    if asset_id is None:
        return
    session.get(ReceivableRow, asset_id, with_for_update=True)
    if attested(session, asset_id):
        raise Conflict("payment_under_way", "a payment on it is on its way to the chain: try again once it is final")
    waiting = unless_placed(session, asset_id) if act.function in MOVES else None
    if waiting is not None:
        raise Conflict(waiting.code, waiting.message)


def _passed_on(act: ActRow) -> str | None:
    """The asset whose holder the act may change; None for an act that changes no holder."""
    if act.contract == receivables_acts.Split.CONTRACT and act.function in MOVES:
        return act.subject
    if act.contract == pledges_acts.Enforce.CONTRACT and act.function in TAKES:
        return pledges_acts.Enforce.from_params(act.params).asset_id
    return None
