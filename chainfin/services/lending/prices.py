"""Prices of goods: set from a named source, and each looked at for what it does to the loans on such goods."""

from __future__ import annotations

from datetime import date

from chainfin.errors import BadInput, Forbidden
from chainfin.services.books import journals
from chainfin.services.goods import receipts
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.lending import margin_calls
from chainfin.services.parties import gate
from chainfin.storage.trade_tables import PriceRow
from chainfin.values.money import Money
from chainfin.values.party import Role


def set_price(ctx: Context, actor: Actor, *, good: str, unit: str, price: Money, source: str, as_of: date) -> PriceRow:
    """A price that counts from now on, set by a lender or the operator, from a named source. Loans on such goods that
    it leaves short of cover are called at once.

    Raises Forbidden role_missing, party_not_active; BadInput unit_unknown, amount_not_positive, price_date_future.
    """
    if not actor.is_operator and not actor.roles & Role.LENDER:
        raise Forbidden("role_missing", "prices are set by a lender or the operator")
    receipts.known_unit(unit)
    if price.minor <= 0:
        raise BadInput("amount_not_positive", "a price must be greater than zero", where="price")
    if as_of > ctx.clock.today():
        raise BadInput("price_date_future", f"{as_of} is not yet", where="as_of")
    with ctx.store.begin() as session:
        journals.lock(session)  # no payment comes between what is owed and the call for it
        if actor.party_id is not None:
            gate.active_party(session, actor.party_id)
        row = PriceRow(
            good=good,
            unit=unit,
            currency=price.currency,
            minor_per_unit=price.minor,
            source=source,
            as_of=as_of,
            created_at=ctx.clock.now(),
        )
        session.add(row)
        session.flush()
        margin_calls.price_set(session, ctx, row)
        return row
