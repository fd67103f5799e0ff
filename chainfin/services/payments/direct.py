"""A claim that nobody has in pledge, paid to its holder's own account: the bank attests it, and no money of it is ever
in the book."""

from __future__ import annotations

from sqlmodel import Session

from chainfin.errors import Refused, unless_refused
from chainfin.rules import receivable as rules
from chainfin.services.kernel.context import Context
from chainfin.services.payments import allocation
from chainfin.services.payments.allocation import Payment
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.values.money import Money


def is_holders(session: Session, receivable_id: str, account: str) -> bool:
    """Whether a payment to ``account`` reaches the holder of the receivable itself (a lender that took it is paid
    through its own account for the debtor, since the rest is the former pledgor's)."""
    asset = session.get_one(ReceivableRow, receivable_id)
    holder = session.get_one(PartyRow, asset.holder_id)
    return holder.account == account and allocation.taken_under(session, asset) is None


def settle(session: Session, ctx: Context, payment: Payment, receivable_id: str) -> None:
    """What is nobody's but the holder's is settled by it. A pledged part isn't: only paid to its pledgee it is paid.

    Raises Refused payment_on_hold, currency_mismatch, receivable_not_payable, paid_beside_the_pledgee: then the line is
    parked, and a person asks those who dealt with each other.
    """
    asset = session.get_one(ReceivableRow, receivable_id, with_for_update=True)
    waiting = allocation.hold_reason(session, receivable_id)
    if waiting is not None:
        raise Refused("payment_on_hold", f"it isn't known yet whom this discharges: {waiting}", reason=waiting)
    if asset.currency != payment.amount.currency:
        raise Refused("currency_mismatch", f"the receivable is in {asset.currency}")
    if not allocation.payable(session, asset):
        raise Refused("receivable_not_payable", f"the receivable is {asset.status}")
    value = allocation.unclaimed(session, asset)
    part = min(payment.amount, Money(value.free, asset.currency))
    if part < payment.amount:
        raise Refused(
            "paid_beside_the_pledgee",
            f"{payment.amount} reached the holder, and {part} of the claim is the holder's to be paid",
            free=str(part),
        )
    unless_refused(rules.settle(value, part, payee=asset.holder_id))
    allocation.attest(session, ctx, asset, "", part, asset.holder_id, payment)
