"""Orders that went to the bank as files: written once, and again only by a person's explicit word.

A bank that doesn't know a message by its id pays a file that comes twice two times: whoever has one written again has
asked the bank first.
"""

from __future__ import annotations

from chainfin.errors import BadInput, Conflict, NotFound
from chainfin.rules.bank_order import Standing
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.views.books import BankOrderView
from chainfin.storage.bank_tables import BankPaymentRow


def write_again(ctx: Context, actor: Actor, number: str, reason: str) -> BankOrderView:
    """The bank never had the file: the very same is written once more.

    Raises Forbidden operator_only, person_missing; BadInput reason_missing; NotFound bank_order_unknown; Conflict
    bank_order_answered (the bank has said what became of it, or something that nobody understands),
    bank_order_unwritten (it is about to be written anyway).
    """
    actor.require_operator()
    person_id = actor.require_person()
    if not reason.strip():
        raise BadInput("reason_missing", "say how you know that the bank never had it", where="/reason")
    with ctx.store.begin() as session:
        row = session.get(BankPaymentRow, number, with_for_update=True)
        if row is None or row.amount is None:  # of an order that went another way the bank has only said something
            raise NotFound("bank_order_unknown", f"no order {number} went to the bank as a file")
        if row.standing != Standing.IN_FLIGHT:
            raise Conflict("bank_order_answered", f"the bank has answered: {number} is {row.standing}")
        if row.written_at is None:
            raise Conflict("bank_order_unwritten", f"{number} is to be written anyway")
        note = {"by": person_id, "at": ctx.clock.now().isoformat(), "reason": reason.strip()}
        row.written_again = [*row.written_again, note]
        row.written_at = None
        session.add(row)
        return BankOrderView.of(row)
