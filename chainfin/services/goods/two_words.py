"""Acts at a warehouse that two parties have to sign: the owner orders goods out and the keeper hands them over; both
correct a mistaken count.

The owner signs its word first; then the keeper's act is made, in which it rides, and the keeper signs that. An order
that is given counts as gone: what is free can't be ordered twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from sqlalchemy import func
from sqlmodel import Session, col, select

from chainfin.errors import NotFound, Refused, unless_refused
from chainfin.eth import eip712
from chainfin.eth.abi import from_hex
from chainfin.eth.bindings.warehouse_receipts_acts import Correct, Correction, HandOut, Release
from chainfin.hashing import keccak
from chainfin.rules import inventory as rules
from chainfin.rules.act import UNDER_WAY, ActEvent, ActState
from chainfin.rules.loan.state import OVER
from chainfin.services.goods import receipts
from chainfin.services.kernel import act_state, acts, pledge_rows
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.views.acts import ActView
from chainfin.storage.chain_tables import ChainEvent
from chainfin.storage.lending_tables import LoanRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.pledge_tables import PledgeRow, TakenReturnRow
from chainfin.storage.trade_tables import ActRow, WarehouseReceiptRow
from chainfin.values.party import Role

WORD: Final = "word"
"""Where a keeper's act keeps which word of the owner rides in it."""


def order(ctx: Context, actor: Actor, receipt_id: str, quantity: Decimal) -> ActView:
    """The owner orders free goods out. Returns its order, for it to sign; then the keeper is asked to hand them out.

    Raises NotFound warehouse_receipt_unknown; BadInput quantity_…; Conflict receipt_not_final; Refused not_owner,
    quantity_too_large, exceeds_free, taken_not_sold.
    """
    with ctx.store.begin() as session:
        row = _locked(session, actor, receipt_id)
        amount = receipts.thousandths(quantity, smallest=receipts.smallest(row))
        unless_refused(rules.release(receipts.value(session, row), amount, by=row.keeper_id, ordered=actor.require()))
        open_ = receipts.unpromised(row) - _ordered(session, row.id)
        if amount > open_ and row.reserved and pledge_rows.taken_as(session, row.id) is not None:
            raise receipts.promised(session, row, "exceeds_free", row.reserved)
        if amount > open_:
            shown = Decimal(max(0, open_)).scaleb(-3)
            raise Refused("exceeds_free", f"{shown} {row.unit} are free and not promised", free=str(shown))
        return ActView.of(ask(session, ctx, row, HandOut(id=row.id, quantity=amount)))


def find(ctx: Context, actor: Actor, receipt_id: str, found: Decimal, report: str) -> ActView:
    """The keeper has found again what a count of its own missed; ``report`` goes on chain as a hash. Returns the
    owner's agreement, to be signed by it; then the keeper is asked for its own word.

    Raises NotFound warehouse_receipt_unknown; BadInput quantity_…; Conflict receipt_not_final; Refused not_keeper,
    quantity_too_large, exceeds_missing; pledged_goods_missing: what a lender lost by the count stays where it is until
    the loan is over, for found again it would be free goods of their owner.
    """
    keeper_id = actor.require(Role.KEEPER)
    with ctx.store.begin() as session:
        row = _locked(session, actor, receipt_id)
        amount = receipts.thousandths(found, smallest=receipts.smallest(row), where="found")
        unless_refused(rules.correct(receipts.value(session, row), amount, by=keeper_id, agreed=row.owner_id))
        _unless_lenders_loss(session, row, amount)
        root = "0x" + keccak(report.encode()).hex()
        return ActView.of(ask(session, ctx, row, Correction(id=row.id, document_root=root, found=amount)))


def _unless_lenders_loss(session: Session, row: WarehouseReceiptRow, found: int) -> None:
    """Raises Refused pledged_goods_missing."""
    running = select(LoanRow.id).where(col(LoanRow.status).not_in([state.value for state in OVER]))
    lost = session.exec(
        select(func.coalesce(func.sum(PledgeRow.lost), 0)).where(
            PledgeRow.asset_id == row.id, col(PledgeRow.loan_id).is_(None) | col(PledgeRow.loan_id).in_(running)
        )
    ).one()
    # what was lost last is restored first, and that was the pledges'
    own = 0 if lost else row.missing - _found(session, row.id)
    if found > own:
        shown = Decimal(max(0, own)).scaleb(-3)
        message = f"{shown} {row.unit} may come back now: a lender whose loan runs lost by the count as well"
        raise Refused("pledged_goods_missing", message, free=str(shown))


def _locked(session: Session, actor: Actor, receipt_id: str) -> WarehouseReceiptRow:
    row = session.get(WarehouseReceiptRow, receipt_id, with_for_update=True)
    if row is None or actor.require() not in (row.keeper_id, row.owner_id):
        raise NotFound("warehouse_receipt_unknown", f"there is no receipt {receipt_id}")
    return row


def _ordered(session: Session, receipt_id: str) -> int:
    """What leaves by orders and acts that aren't final: a signed order lives on in the keeper's act. Taken goods on
    their way back to the pledgor are still promised, and counted there."""
    back = select(TakenReturnRow.act_id).where(TakenReturnRow.receipt_id == receipt_id)
    promised = set(session.exec(back).all())
    waiting = (
        act for act in _waiting(session, receipt_id, HandOut, Release) if not {act.id, act.extra.get(WORD)} & promised
    )
    return sum(HandOut.from_params(act.params).quantity for act in waiting)  # a release says the same


def _found(session: Session, receipt_id: str) -> int:
    """What comes back by corrections that aren't final."""
    waiting = _waiting(session, receipt_id, Correction, Correct)
    return sum(Correction.from_params(act.params).found for act in waiting)  # a keeper's act says the same


def _waiting(
    session: Session, receipt_id: str, word: type[HandOut | Correction], act: type[Release | Correct]
) -> Sequence[ActRow]:
    asked = (col(ActRow.function) == eip712.word_name(word)) & (col(ActRow.status) == ActState.AWAITING_SIGNATURE.value)
    carried_out = (col(ActRow.function) == act.FUNCTION) & col(ActRow.status).in_(UNDER_WAY)
    mine = (ActRow.subject == receipt_id, ActRow.contract == act.CONTRACT, asked | carried_out)
    return session.exec(select(ActRow).where(*mine)).all()


def ask(session: Session, ctx: Context, row: WarehouseReceiptRow, word: HandOut | Correction) -> ActRow:
    """Ask the owner for its word; the keeper is asked for its act once that is signed."""
    asked = acts.ride(session, ctx, party=session.get_one(PartyRow, row.owner_id), rider=word, subject=row.id)
    if asked.status == ActState.SIGNED:
        carry_out(session, ctx, asked)
    return asked


def carry_out(session: Session, ctx: Context, word: ActRow) -> ActRow:
    """The owner has signed: the act of the keeper, in which it rides."""
    assert word.signature is not None, "it is signed"
    row = session.get_one(WarehouseReceiptRow, word.subject)
    auth = eip712.Auth(word.signer, word.nonce, word.deadline, from_hex(word.signature))
    act: Release | Correct
    if word.function == eip712.word_name(HandOut):
        act = Release.from_params(word.params)
    else:
        act = Correct.from_params(word.params)
    keeper = session.get_one(PartyRow, row.keeper_id)
    return acts.prepare(session, ctx, party=keeper, act=act, subject=row.id, auths=[auth], extra={WORD: word.id})


def ended(session: Session, ctx: Context, act: ActRow) -> None:
    """The keeper's act has come to nothing: so has the owner's word that rides in it."""
    word = _word(session, act)
    if word is not None:
        act_state.move(session, word, ActEvent.EXPIRE if act.status == ActState.EXPIRED else ActEvent.REFUSE)
        word.error_code, word.error_message = act.error_code, act.error_message
        word.final_at = ctx.clock.now()
        session.add(word)


def carried(session: Session, ctx: Context, receipt_id: str, event: ChainEvent) -> None:
    """The keeper's act is in a final block, and the owner's word with it."""
    sent = select(ActRow).where(ActRow.subject == receipt_id, ActRow.tx_hash == event.tx_hash)
    for act in session.exec(sent).all():
        word = _word(session, act)
        if word is not None:
            act_state.move(session, word, ActEvent.FINISH)
            word.tx_hash, word.block_number = event.tx_hash, event.block_number
            word.final_at = ctx.clock.now()
            session.add(word)


def _word(session: Session, act: ActRow) -> ActRow | None:
    name = act.extra.get(WORD)
    word = None if name is None else session.get(ActRow, str(name))
    return word if word is not None and word.status == ActState.SIGNED else None
