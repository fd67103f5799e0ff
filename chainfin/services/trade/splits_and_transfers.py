"""A confirmed receivable split and passed on to a further tier (拆分、流转)."""

from __future__ import annotations

from collections.abc import Sequence

from chainfin.errors import Refused, unless_refused
from chainfin.eth.bindings.receivables_acts import Split, Transfer
from chainfin.rules import receivable as rules
from chainfin.services.kernel import acts
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.parties import gate
from chainfin.services.trade import goods_sent_back, pending_credits, receivable_state, receivables
from chainfin.services.views.acts import ActView
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.values.money import Money
from chainfin.values.party import Kind


def split(ctx: Context, actor: Actor, receivable_id: str, amounts: Sequence[Money]) -> ActView:
    """The holder splits two to eight parts off what is free; what remains stays. Each part is a receivable of its own.

    Raises NotFound receivable_unknown; Conflict payment_under_way; Refused not_holder, receivable_state_wrong,
    nothing_left, parts_invalid, currency_mismatch, amount_too_large, exceeds_free.
    """
    with ctx.store.begin() as session:
        row = receivable_state.for_party(session, actor, receivable_id)
        value = receivable_state.value(session, row)
        names = [str(place) for place in range(len(amounts))]  # the contract names the parts
        unless_refused(rules.split(value, amounts, names, by=actor.require()))
        receivable_state.unless_promised(session, row, sum(amount.minor for amount in amounts))
        gate.enter(session, row.holder_id, Kind.TRANSFER)
        parts = tuple(amount.minor for amount in amounts)
        return ActView.of(receivables.act_of(session, ctx, row, row.holder_id, Split(id=row.id, amounts=parts)))


def transfer(ctx: Context, actor: Actor, receivable_id: str, to: str) -> ActView:
    """The holder passes it on whole; the debtor owes it to ``to`` from then on.

    Raises NotFound receivable_unknown, party_unknown; Forbidden party_not_active; Conflict payment_under_way; Refused
    not_holder, receivable_state_wrong, nothing_left, part_pledged, part_promised, goods_sent_back, credit_pending,
    transfer_to_self, transfer_to_debtor.
    """
    with ctx.store.begin() as session:
        row = receivable_state.for_party(session, actor, receivable_id)
        unless_refused(rules.transfer(receivable_state.value(session, row), to, by=actor.require()))
        _unless_promised(row)
        goods_sent_back.unless_carried(session, row)
        pending = pending_credits.refusal(row, pending_credits.on(session, row))
        if pending is not None:
            raise pending.error()
        transferee = gate.active_party(session, to)
        gate.enter(session, row.holder_id, Kind.TRANSFER)
        return ActView.of(
            receivables.act_of(session, ctx, row, row.holder_id, Transfer(id=row.id, to=acts.chain_number(transferee)))
        )


def _unless_promised(row: ReceivableRow) -> None:
    """Raises Refused part_promised."""
    if row.reserved:
        promised = Money(row.reserved, row.currency)
        raise Refused("part_promised", f"{promised} of it is promised to a lender", promised=str(promised))
