"""What a registrar's attestation of an invoice stands on: the goods' trail with which its lines were matched.

The attestation is over the trail and worth nothing once goods have moved on: such an act is not sent (see
`signing.sign`), and the contract, which hashes with the order's own trail, would refuse it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from sqlmodel import Session, col, select

from chainfin.documents.goods_trail import EVENTS, START, Step, extended
from chainfin.errors import Refused
from chainfin.eth.abi import from_hex
from chainfin.eth.bindings import receivables_acts
from chainfin.eth.bindings.orders_acts import Amend, Despatch, Post, ReceiveGoods
from chainfin.eth.bindings.orders_events import Amended, Despatched, GoodsReceived, Posted
from chainfin.rules.act import COUNTED
from chainfin.services.kernel import act_state
from chainfin.services.kernel.context import Context
from chainfin.storage.chain_tables import ChainEventRow
from chainfin.storage.trade_tables import ActRow, ReceivableRow
from chainfin.values.before_chain import BeforeChain

_Movement: TypeAlias = Post | Amend | Despatch | ReceiveGoods
_STEPS: Final[Mapping[str, tuple[type[_Movement], Step]]] = {
    Post.FUNCTION: (Post, Step.POST),
    Amend.FUNCTION: (Amend, Step.AMEND),
    Despatch.FUNCTION: (Despatch, Step.DESPATCH),
    ReceiveGoods.FUNCTION: (ReceiveGoods, Step.RECEIVE),
}
"""Function → the act that moves an order's goods, and the step that it is."""
_TOLD: Final[Mapping[str, type[Posted] | type[Amended] | type[Despatched] | type[GoodsReceived]]] = {
    event.NAME: event for event in (Posted, Amended, Despatched, GoodsReceived)
}
"""The events of these acts, by name."""
TRAIL = "trail"
"""Where an act of issuing keeps the attested trail, beside its order's id among the parameters."""


def trail(session: Session, order_id: str) -> str:
    """The trail (0x-hex) of the goods as far as it is final, with the steps that are signed and on their way.

    These are the steps whose documents the match reads. Raises Refused goods_unseen: a step is on chain of which there
    is no document here (made past this service), so that nobody here can say which lines it moved.
    """
    found, reply = final_trail(session, order_id)
    acts = session.exec(
        select(ActRow)
        .where(
            ActRow.subject == order_id,
            ActRow.contract == Post.CONTRACT,
            col(ActRow.function).in_(list(_STEPS)),
            col(ActRow.status).in_(COUNTED),
        )
        .order_by(col(ActRow.id))
    ).all()
    steps = [_moved(act) for act in acts]
    if reply - {moved.document_root for _, moved in steps}:
        raise Refused("goods_unseen", "a step of these goods is on chain without its document here", order=order_id)
    for step, moved in steps:
        if moved.document_root not in reply:
            found = extended(found, step, from_hex(moved.document_root), moved.amount)
    return "0x" + found.hex()


def _moved(act: ActRow) -> tuple[Step, _Movement]:
    kind, step = _STEPS[act.function]
    return step, kind.from_params(act.params)


def final_trail(session: Session, order_id: str) -> tuple[bytes, set[str]]:
    """The trail as the final events tell it, and the document roots of its steps."""
    events = session.exec(
        select(ChainEventRow)
        .where(
            ChainEventRow.subject == order_id,
            ChainEventRow.contract == Post.CONTRACT,
            col(ChainEventRow.name).in_(list(_TOLD)),
        )
        .order_by(col(ChainEventRow.block_number), col(ChainEventRow.log_index))
    )
    found, roots = START, set[str]()
    for event in events:
        detail = _TOLD[event.name].from_args(event.args)
        found = extended(found, EVENTS[event.name], from_hex(detail.document_root), detail.amount)
        roots.add(detail.document_root)
    return found, roots


def outdated(session: Session, act: ActRow) -> bool:
    """Whether the act carries an attestation over goods that have moved on since."""
    if TRAIL not in act.extra:
        return False
    try:
        return trail(session, receivables_acts.Issue.from_params(act.params).order_id) != act.extra[TRAIL]
    except Refused:  # moved on by a step that wasn't seen here
        return True


def drop(session: Session, ctx: Context, act: ActRow) -> Refused:
    """The act ends unsent, and the invoice may be issued again with a new attestation. Returns the reason."""
    reason = Refused(
        "attestation_outdated", "the order's goods moved on after the invoice was matched with them: issue it again"
    )
    act_state.refuse(session, ctx, act, reason)
    row = session.get(ReceivableRow, act.subject)
    if row is not None and row.status == BeforeChain.ISSUING:
        row.status = BeforeChain.REFUSED.value
        session.add(row)
    return reason
