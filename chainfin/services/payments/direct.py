"""A claim that nobody has in pledge, paid to its holder's own account: the bank attests it, and no money of it is ever
in the book."""

from __future__ import annotations

from sqlmodel import Session

from chainfin.errors import Refused, unless_refused
from chainfin.rules import receivable as rules
from chainfin.rules.payment import Event
from chainfin.services.kernel.context import Context
from chainfin.services.payments import allocation, payment_state
from chainfin.services.payments.allocation import Payment
from chainfin.storage.lending_tables import IncomingRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.values.money import Money


def is_holders(session: Session, receivable_id: str, account: str) -> bool:
    """Whether a payment to ``account`` reaches the holder of the receivable itself (a lender that took it is paid
    through its own account for the debtor, since the rest is the former pledgor's)."""
    asset = session.get_one(ReceivableRow, receivable_id)
    holder = session.get_one(PartyRow, asset.holder_id)
    return holder.account == account and allocation.taken_under(session, asset) is None


def take(session: Session, ctx: Context, row: IncomingRow, receivable_id: str) -> None:
    """A payment that is new: settles what it can, or waits until it is known whom it discharges.

    Raises as `settle`, and Refused currency_mismatch.
    """
    asset = session.get_one(ReceivableRow, receivable_id, with_for_update=True)
    if asset.currency != row.currency:
        raise Refused("currency_mismatch", f"the receivable is in {asset.currency}")
    waits_for = hold_reason(session, asset.id)
    if waits_for is not None:
        payment_state.move(session, row, Event.WAIT, waits_for)
        return
    settle(session, ctx, row, asset)


def hold_reason(session: Session, receivable_id: str) -> str | None:
    """Why it isn't known yet whom a payment to the holder discharges. Parts of the receivable are owed by themselves: a
    pledge on one of them doesn't matter."""
    return allocation.hold_reason(session, receivable_id, parts=False)


def place_again(session: Session, ctx: Context, row: IncomingRow) -> None:
    """A payment that waited settles what it can now. Raises as `settle`, and Refused payee_account_foreign: the holder
    whom it reached is the holder no more."""
    asset = session.get_one(ReceivableRow, row.receivable_id, with_for_update=True)
    if hold_reason(session, asset.id) is not None:
        return
    if not is_holders(session, asset.id, row.account):
        raise Refused("payee_account_foreign", "whom this payment reached isn't the holder of the claim any more")
    payment_state.move(session, row, Event.PLACE, None)
    settle(session, ctx, row, asset)


def settle(session: Session, ctx: Context, row: IncomingRow, asset: ReceivableRow, *, beside: bool = False) -> None:
    """What is owed of the claim (locked) is settled by it; what is above is between debtor and holder, and noted. A
    pledged part isn't the holder's to be paid: only paid to its pledgee it is paid. ``beside``: two persons said that
    the payment is for this claim, so what reached the holder beside its pledgee is between debtor and holder too.

    Raises Refused receivable_not_payable, paid_beside_the_pledgee: then the payment is parked, and a
    person asks those who dealt with each other.
    """
    payment = Payment.of(row)
    if not allocation.payable(session, asset):
        raise Refused("receivable_not_payable", f"the receivable is {asset.status}")
    value = allocation.unclaimed(session, asset)
    part = min(payment.amount, Money(value.free, asset.currency))
    if part < payment.amount and value.pledged and not (beside and part.minor):
        raise Refused(
            "paid_beside_the_pledgee",
            f"{payment.amount} reached the holder, and {part} of the claim is the holder's to be paid",
            free=str(part),
        )
    if not part.minor:
        raise Refused("receivable_not_payable", "all of the receivable is paid")
    row.beyond = (payment.amount - part).minor
    session.add(row)
    unless_refused(rules.settle(value, part, payee=asset.holder_id))
    allocation.attest(session, ctx, asset, "", part, asset.holder_id, payment)
