"""Money that leaves again: the holder's share of a debtor's payment, and refunds of what had no place.

What the bank won't carry out stays owed in the book, and its incoming payment says so until a person has dealt with it.
"""

from __future__ import annotations

from sqlmodel import Session

from chainfin import ledger
from chainfin.money import Money
from chainfin.services import booking, funding
from chainfin.services.context import Context
from chainfin.storage import outbox
from chainfin.storage.lending_tables import IncomingRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import ReceivableRow

REFUND = "payment.refund"


def refund(session: Session, ctx: Context, row: IncomingRow, left: Money, reason: str) -> None:
    """Money that has no place stays visible in the book and goes back to who sent it."""
    row.status, row.unapplied, row.reason = "refunding", left.minor, reason
    session.add(row)
    entries = (ledger.debit(ledger.CASH, left, row.bank_ref), ledger.credit(ledger.SUSPENSE, left, row.bank_ref))
    booking.post(
        session,
        ledger.Journal(f"suspense:{row.bank_ref}", row.received_on, "suspense", row.bank_ref, entries),
        now=ctx.clock.now(),
    )
    outbox.put(
        session,
        REFUND,
        f"refund:{row.bank_ref}",
        {
            "refund_id": f"refund-{row.bank_ref}",
            "bank_reference": row.bank_ref,
            "amount": str(left),
            "currency": left.currency,
            "reason": reason,
        },
        now=ctx.clock.now(),
        cell=ctx.cell,
    )


def refunded(session: Session, ctx: Context, bank_ref: str) -> None:
    """The bank gave back what was nobody's."""
    booking.lock(session)
    row = session.get_one(IncomingRow, bank_ref, with_for_update=True)
    if row.status == "refunding":
        row.status = "refunded"
        session.add(row)
    back = Money(row.unapplied, row.currency)
    entries = (ledger.debit(ledger.SUSPENSE, back, bank_ref), ledger.credit(ledger.CASH, back, bank_ref))
    today = ctx.clock.today()
    booking.post(session, ledger.Journal(f"refund:{bank_ref}", today, "refund", bank_ref, entries), now=ctx.clock.now())


def refund_refused(session: Session, bank_ref: str, code: str) -> None:
    """The bank can't give it back: it stays in suspense, in the book and here."""
    row = session.get_one(IncomingRow, bank_ref, with_for_update=True)
    if row.status == "refunding":
        row.status, row.reason = "suspense", code
        session.add(row)


def to_holder(session: Session, ctx: Context, asset: ReceivableRow, amount: Money, bank_ref: str) -> None:
    """What of a debtor's payment is the holder's leaves to it."""
    holder = session.get_one(PartyRow, asset.holder_id)
    outbox.put(
        session,
        funding.PAY,
        f"holder:{bank_ref}:{asset.id}",
        {
            "instruction_id": f"holder-{bank_ref}-{asset.id[2:18]}",
            "payee_account": holder.account,
            "payee_name": holder.name,
            "amount": str(amount),
            "currency": amount.currency,
            "purpose": f"receivable {asset.number}",
        },
        now=ctx.clock.now(),
        cell=ctx.cell,
    )


def holder_paid(session: Session, ctx: Context, key: str, amount: Money) -> None:
    """The rest of a debtor's payment has left to the holder. ``key`` is the payout's outbox key."""
    _, bank_ref, asset_id = key.split(":", 2)
    asset = session.get_one(ReceivableRow, asset_id)
    journal = ledger.Journal(
        f"holder-payout:{bank_ref}:{asset_id}",
        ctx.clock.today(),
        "holder_payout",
        asset_id,
        (
            ledger.debit(ledger.HOLDER_PAYABLE, amount, asset_id, asset.holder_id),
            ledger.credit(ledger.CASH, amount, asset_id, asset.holder_id),
        ),
    )
    booking.post(session, journal, now=ctx.clock.now())


def holder_refused(session: Session, key: str, code: str) -> None:
    """The holder can't be paid (its account is closed): it is owed on, and the payment that it is owed from says so."""
    _, bank_ref, _ = key.split(":", 2)
    row = session.get_one(IncomingRow, bank_ref, with_for_update=True)
    row.status, row.reason = "payout_refused", code
    session.add(row)
