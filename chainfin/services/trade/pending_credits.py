"""What credit notes have still to take off a claim: it is neither lent on nor passed on nor to be paid.

A note cuts the free part at once. What it can't cut, because a lender has it in pledge or is promised it, stays owed
to be taken off: out of whatever comes free, of the claim or of the parts of it that the note's giver still has
(`rules.credit_note`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from sqlmodel import Session, col, select

from chainfin.errors import Refusal
from chainfin.eth.bindings.receivables_acts import Credit
from chainfin.rules import credit_note as rules
from chainfin.rules.act import UNDER_WAY, ActState
from chainfin.rules.receivable import free_part
from chainfin.services.kernel import in_flight, pledge_rows
from chainfin.services.kernel.context import Context
from chainfin.services.trade import claim_family
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.trade_tables import ActRow, CreditNoteRow, DocumentRow, ReceivableRow
from chainfin.values.money import Money

PATIENCE: Final = timedelta(hours=1)
"""How long what the chain refused rests before the same is asked for again: nothing here has changed since."""


def shares(session: Session, row: ReceivableRow) -> list[rules.Share]:
    """What lies on the row's claim and its parts of the notes that aren't off yet. Locks nothing."""
    notes = _open(session, row)
    family = claim_family.members(session, row) if notes else ()
    of_it = {each.id for each in family}
    notes = [note for note in notes if note.receivable_id in of_it]
    if not notes:
        return []
    asked: dict[tuple[str, str], int] = {}
    for note in notes:
        root = session.get_one(DocumentRow, note.document_id).root
        for act in acts_of(session, [each.id for each in family], root, *UNDER_WAY):
            key = (note.document_id, act.subject)
            asked[key] = asked.get(key, 0) + Credit.from_params(act.params).amount
    given = [rules.Note(each.document_id, each.receivable_id, each.holder_id, each.left) for each in notes]
    return rules.spread(given, [_bearer(session, each) for each in family], asked)


def on(session: Session, row: ReceivableRow) -> int:
    """What of the row the notes have still to take off; minor units."""
    return sum(share.total for share in shares(session, row) if share.claim == row.id)


def held(session: Session, row: ReceivableRow) -> int:
    """What of that comes out of its free part, or is on its way to; minor units."""
    return sum(share.asked + share.now for share in shares(session, row) if share.claim == row.id)


def bound(session: Session, row: ReceivableRow) -> int:
    """What of that lies on its pledged or promised part; minor units."""
    return sum(share.later for share in shares(session, row) if share.claim == row.id)


def on_pledge(session: Session, pledge: PledgeRow) -> int:
    """What of it lies on one pledge: the newest bear first, so that nobody's cover shrinks by what came later."""
    rest = bound(session, session.get_one(ReceivableRow, pledge.asset_id))
    for each in reversed(pledge_rows.live(session, pledge.asset_id)) if rest else ():
        part = min(rest, each.left)
        if each.id == pledge.id:
            return part
        rest -= part
    return 0


def refusal(row: ReceivableRow, pending: int) -> Refusal | None:
    """Why the claim isn't passed on (where anything lies ``on`` it), nor money paid out on what is pledged of it (where
    anything is ``bound``). Refusal credit_pending."""
    if not pending:
        return None
    shown = Money(pending, row.currency)
    return Refusal(
        "credit_pending", f"{shown} of it is credited, and not taken off yet", {"credit_pending": str(shown)}
    )


def acts_of(session: Session, claims: Sequence[str], root: str, *statuses: str) -> list[ActRow]:
    """The acts that take the note of this root off these claims."""
    made = select(ActRow).where(
        col(ActRow.subject).in_(claims),
        ActRow.contract == Credit.CONTRACT,
        ActRow.function == Credit.FUNCTION,
        col(ActRow.status).in_(statuses),
    )
    found = session.exec(made.order_by(col(ActRow.id)))
    return [act for act in found if Credit.from_params(act.params).document_root == root]


def credited(session: Session, root: str, amount: int) -> None:
    """So much of a note is off on chain, finally."""
    note = _by_root(session, root)
    if note is not None:
        note.left -= min(amount, note.left)
        session.add(note)


def came_to_nothing(session: Session, act: ActRow) -> None:
    """An act that takes a note off was not signed in time, or refused. A note that could be taken off at once by it
    is as if it had never come: its giver may bring it again. Of any other the rest stays to be taken off, and is
    asked for again."""
    said = Credit.from_params(act.params)
    note = _by_root(session, said.document_root)
    if note is not None and not note.waited and said.amount == note.amount == note.left:
        session.delete(note)


def due(session: Session, ctx: Context, *, limit: int) -> Sequence[CreditNoteRow]:
    """Notes of which something may be taken off now, and of which nothing was refused a while ago: what is free of the
    claims is more than what is promised."""
    claim = ReceivableRow
    gone = claim.pledged + claim.split_away + claim.settled + claim.diluted + claim.reserved
    with_room = (
        select(CreditNoteRow)
        .join(
            claim,
            (col(claim.order_id) == col(CreditNoteRow.order_id))
            & (col(claim.document_id) == col(CreditNoteRow.invoice_id))
            & (col(claim.holder_id) == col(CreditNoteRow.holder_id)),
        )
        .where(col(CreditNoteRow.left) > 0, col(claim.face) > gone)
        .order_by(col(CreditNoteRow.document_id))
        .distinct()
        .limit(limit)
    )
    return [note for note in session.exec(with_room) if _rested(session, ctx, note)]


def _rested(session: Session, ctx: Context, note: CreditNoteRow) -> bool:
    row = session.get_one(ReceivableRow, note.receivable_id)
    root = session.get_one(DocumentRow, note.document_id).root
    refused = acts_of(session, [each.id for each in claim_family.members(session, row)], root, ActState.REFUSED.value)
    since = ctx.clock.now() - PATIENCE
    return all(act.final_at is None or act.final_at <= since for act in refused)


def _open(session: Session, row: ReceivableRow) -> Sequence[CreditNoteRow]:
    notes = select(CreditNoteRow).where(
        CreditNoteRow.order_id == row.order_id,
        CreditNoteRow.invoice_id == row.document_id,
        col(CreditNoteRow.left) > 0,
    )
    return session.exec(notes.order_by(col(CreditNoteRow.created_at), col(CreditNoteRow.document_id))).all()


def _by_root(session: Session, root: str) -> CreditNoteRow | None:
    document = select(DocumentRow.id).where(DocumentRow.root == root)
    query = select(CreditNoteRow).where(col(CreditNoteRow.document_id).in_(document))
    return session.exec(query.with_for_update()).one_or_none()


def _bearer(session: Session, row: ReceivableRow) -> rules.Bearer:
    free = free_part(
        face=row.face, pledged=row.pledged, split_away=row.split_away, settled=row.settled, diluted=row.diluted
    )
    leaving = in_flight.attested(session, row.id)
    paid = min(free, leaving.pop("", 0))
    pledged = max(0, row.pledged - sum(leaving.values()))
    open_ = max(0, free - row.reserved - paid)
    return rules.Bearer(row.id, row.holder_id, open_, free - paid - open_ + pledged)
