"""What is kept of a receivable: its row as the value that rules see, what of it is free, who may see it."""

from __future__ import annotations

from sqlmodel import Session

from chainfin.errors import Conflict, NotFound, Refused
from chainfin.rules import receivable as rules
from chainfin.rules.receivable_value import PledgedPart, Receivable, State
from chainfin.services.kernel import in_flight, pledge_rows
from chainfin.services.kernel.context import Actor
from chainfin.services.trade import goods_sent_back, pending_credits
from chainfin.services.views.trade import ReceivableView
from chainfin.storage.store import moves
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.values.money import Money


def parties(row: ReceivableRow) -> tuple[str, ...]:
    """Ids of the parties that may see it. A part that was split off is the seller's business only while it holds it."""
    own = (row.holder_id, row.debtor_id)
    return own if row.parent_id is not None else (row.seller_id, *own)


def for_party(session: Session, actor: Actor, receivable_id: str) -> ReceivableRow:
    """The row, locked, if the actor is a party to it. Raises NotFound receivable_unknown."""
    party_id = actor.require()
    row = session.get(ReceivableRow, receivable_id, with_for_update=True)
    if row is None or party_id not in parties(row):
        raise NotFound("receivable_unknown", f"there is no receivable {receivable_id}")
    return row


def value(session: Session, row: ReceivableRow) -> Receivable:
    """The row as the rules see it, with its live pledges. Raises Conflict receivable_not_final while its issue is not
    in a final block."""
    if row.status not in set(State):
        raise Conflict("receivable_not_final", f"the receivable is {row.status}")
    rows = pledge_rows.live(session, row.id) if row.pledged else ()
    pledges = [PledgedPart(each.id, each.lender_id, each.left) for each in rows]
    unnamed = row.pledged - sum(each.amount for each in pledges)
    if unnamed:
        pledges.append(PledgedPart(pledge_rows.UNNAMED, "", unnamed))
    return Receivable(
        id=row.id,
        order_id=row.order_id,
        seller=row.seller_id,
        holder=row.holder_id,
        debtor=row.debtor_id,
        currency=row.currency,
        face=row.face,
        free=free(row),
        issued_on=row.created_at.date(),
        due_date=row.due_date,
        state=State(row.status),
        confirmed=row.confirmed_at is not None,
        split_away=row.split_away,
        settled=row.settled,
        diluted=row.diluted,
        pledges=tuple(pledges),
        parent=row.parent_id,
    )


def put(session: Session, row: ReceivableRow, after: Receivable) -> None:
    """Write the value back to its row. If less is free now than was promised to an application, the promise is cut
    down: the chain will refuse the pledge that it was for."""
    moves(session, row, row.status)
    row.status = after.state.value
    row.holder_id = after.holder
    row.pledged, row.split_away = after.pledged, after.split_away
    row.settled, row.diluted = after.settled, after.diluted
    row.reserved = min(row.reserved, after.free)
    session.add(row)


_OWN = {
    "id",
    "parent_id",
    "holder_id",
    "face",
    "pledged",
    "split_away",
    "settled",
    "diluted",
    "reserved",
    "status",
    "reference",
}
"""What a part doesn't have from its parent's row."""


def part_row(parent: ReceivableRow, part: Receivable) -> ReceivableRow:
    """The row of a new part of ``parent``."""
    inherited = parent.model_dump(exclude=_OWN)
    return ReceivableRow(
        **inherited, id=part.id, parent_id=parent.id, holder_id=part.holder, face=part.face, status=part.state.value
    )


def free(row: ReceivableRow) -> int:
    """The part that is not pledged, split away, settled or diluted on chain; minor units."""
    return rules.free_part(
        face=row.face, pledged=row.pledged, split_away=row.split_away, settled=row.settled, diluted=row.diluted
    )


def view(row: ReceivableRow, *, document_root: str | None = None) -> ReceivableView:
    """What its parties see of it in a list. ``document_root``: only for those whom the invoice names."""
    return ReceivableView.of(row, free=free(row), document_root=document_root)


def whole_view(session: Session, row: ReceivableRow, *, document_root: str | None) -> ReceivableView:
    """What its parties see of it alone: with what goods sent back and credit notes hold of it."""
    held = {
        "uncarried": goods_sent_back.uncarried(session, row),
        "credit_pending": pending_credits.on(session, row),
    }
    return ReceivableView.of(row, free=free(row), document_root=document_root, **held)


def outstanding(row: ReceivableRow) -> int:
    """What its debtor still owes on it (not on parts split away)."""
    return free(row) + row.pledged


def unpromised(session: Session, row: ReceivableRow) -> int:
    """What is free, not promised to an application that isn't on chain yet, not paid (what the bank is asked to attest
    is gone from then on), not for goods that were sent back, and not credited. The row is locked by whoever promises or
    pays, so that one comes first."""
    held = goods_sent_back.uncarried(session, row) + pending_credits.held(session, row)
    return free(row) - row.reserved - paid(session, row) - held


def held_by(session: Session, row: ReceivableRow) -> dict[str, str]:
    """What takes how much of it from being free to lend on: a pledge, a promise to a lender, a part that was split
    off, a payment, goods sent back, a credit note. Decimal amounts; what takes nothing is left out."""
    takes = {
        "pledged": row.pledged,
        "reserved": row.reserved,
        "split_away": row.split_away,
        "settled": row.settled,
        "diluted": row.diluted,
        "paid": paid(session, row),
        "goods_sent_back": goods_sent_back.uncarried(session, row),
        "credit_pending": pending_credits.on(session, row),
    }
    return {name: str(Money(amount, row.currency)) for name, amount in takes.items() if amount}


def paid(session: Session, row: ReceivableRow) -> int:
    """What of the free part is paid and on its way to the chain; minor units."""
    return min(free(row), in_flight.attested(session, row.id).get("", 0))


def unless_promised(session: Session, row: ReceivableRow, amount: int) -> None:
    """``amount`` may be taken from the free part without touching what is promised to a lender, or paid. Raises Refused
    exceeds_free."""
    left = unpromised(session, row)
    if amount > left:
        shown = Money(left, row.currency)
        raise Refused("exceeds_free", f"{shown} is free and not promised to a lender", free=str(shown))
