"""A debtor disputes a receivable, or withdraws its dispute. Both are exits: no pause or suspension stops them."""

from __future__ import annotations

from chainfin.errors import unless_refused
from chainfin.eth.bindings.receivables_acts import Dispute, ResolveDispute
from chainfin.hashing import keccak
from chainfin.rules import receivable as rules
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.trade import receivable_state, receivables
from chainfin.services.views.acts import ActView


def dispute(ctx: Context, actor: Actor, receivable_id: str, reason: str) -> ActView:
    """The debtor disputes the receivable. Its ``reason`` goes on chain as a hash.

    Raises NotFound receivable_unknown; Refused not_debtor, receivable_state_wrong.
    """
    with ctx.store.begin() as session:
        row, by = receivable_state.for_party(session, actor, receivable_id), actor.require()
        unless_refused(rules.dispute(receivable_state.value(session, row), by=by))
        hashed = "0x" + keccak(reason.encode()).hex()
        return ActView.of(receivables.act_of(session, ctx, row, by, Dispute(id=row.id, document_root=hashed)))


def resolve_dispute(ctx: Context, actor: Actor, receivable_id: str) -> ActView:
    """The debtor withdraws its dispute.

    Raises NotFound receivable_unknown; Refused not_debtor, receivable_state_wrong.
    """
    with ctx.store.begin() as session:
        row, by = receivable_state.for_party(session, actor, receivable_id), actor.require()
        unless_refused(rules.resolve_dispute(receivable_state.value(session, row), by=by))
        return ActView.of(receivables.act_of(session, ctx, row, by, ResolveDispute(id=row.id)))
