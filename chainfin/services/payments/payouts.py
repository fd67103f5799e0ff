"""Money that leaves again: the holder's share of a debtor's payment, and refunds of what had no place.

What the bank won't carry out stays owed in the book, and its incoming payment says so until a person has dealt with it.
"""

from __future__ import annotations

from sqlmodel import Session, col, select

from chainfin.rules import ledger
from chainfin.services.books import journals
from chainfin.services.kernel.context import Context
from chainfin.services.lending import funding
from chainfin.storage import outbox
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.lending_tables import IncomingRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.trade_tables import PledgeRow, ReceivableRow
from chainfin.values.money import Money

REFUND = "payment.refund"


def refund(session: Session, ctx: Context, row: IncomingRow, left: Money, reason: str) -> None:
    """Money that has no place stays visible in the book and goes back to who sent it."""
    row.status, row.unapplied, row.reason = "refunding", left.minor, reason
    session.add(row)
    entries = (ledger.debit(ledger.CASH, left, row.bank_ref), ledger.credit(ledger.SUSPENSE, left, row.bank_ref))
    journals.post(
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
    journals.lock(session)
    row = session.get_one(IncomingRow, bank_ref, with_for_update=True)
    if row.status == "refunding":
        row.status = "refunded"
        session.add(row)
    back = Money(row.unapplied, row.currency)
    entries = (ledger.debit(ledger.SUSPENSE, back, bank_ref), ledger.credit(ledger.CASH, back, bank_ref))
    today = ctx.clock.today()
    journals.post(
        session, ledger.Journal(f"refund:{bank_ref}", today, "refund", bank_ref, entries), now=ctx.clock.now()
    )


def refund_refused(session: Session, bank_ref: str, code: str) -> None:
    """The bank can't give it back: it stays in suspense, in the book and here."""
    row = session.get_one(IncomingRow, bank_ref, with_for_update=True)
    if row.status == "refunding":
        row.status, row.reason = "suspense", code
        session.add(row)


def to_holder(
    session: Session, ctx: Context, asset: ReceivableRow, party_id: str, amount: Money, bank_ref: str
) -> None:
    """What of a debtor's payment is a party's (the holder's, or a former pledgor's) leaves to it."""
    payee = session.get_one(PartyRow, party_id)
    _order(session, ctx, payee, f"{bank_ref}:{asset.id}", amount, f"receivable {asset.number}")


def to_party(session: Session, ctx: Context, party_id: str, source: str, amount: Money) -> None:
    """What a loan had of a payment, and doesn't need since an earlier one was heard of late, leaves to whose it is.
    ``source``: the payment and the loan."""
    _order(session, ctx, session.get_one(PartyRow, party_id), source, amount, "paid too much on a loan")


def to_pledgor(session: Session, ctx: Context, pledge: PledgeRow, amount: Money, bank_ref: str) -> None:
    """What was paid for pledged goods beyond what their loan owed leaves to whose goods they were."""
    payee = session.get_one(PartyRow, pledge.pledgor_id)
    _order(session, ctx, payee, f"{bank_ref}:{pledge.id}", amount, "goods bought back")


def _order(session: Session, ctx: Context, payee: PartyRow, source: str, amount: Money, purpose: str) -> None:
    """``source``: the payment and the receivable that it was for. The bank knows each order by a number of its own."""
    bank_ref, asset_id = source.split(":")
    earlier = session.exec(select(OutboxRow.id).where(col(OutboxRow.key).startswith(f"holder:{source}:"))).all()
    again = f"-{len(earlier) + 1}" if earlier else ""
    outbox.put(
        session,
        funding.PAY,
        f"holder:{source}:{payee.id}{again}",
        {
            "instruction_id": f"holder-{bank_ref}-{asset_id[2:18]}{again}",
            "payee_account": payee.account,
            "payee_name": payee.name,
            "amount": str(amount),
            "currency": amount.currency,
            "purpose": purpose,
        },
        now=ctx.clock.now(),
        cell=ctx.cell,
    )


def _payee(key: str) -> tuple[str, str, str]:
    """A payout's outbox key → the bank's reference of the payment, the receivable, the party."""
    _, bank_ref, asset_id, payee = key.split(":")
    return bank_ref, asset_id, payee.partition("-")[0]


def holder_paid(session: Session, ctx: Context, key: str, amount: Money) -> None:
    """The rest of a debtor's payment has left to its owner. ``key`` is the payout's outbox key."""
    bank_ref, asset_id, party_id = _payee(key)
    journal = ledger.Journal(
        f"holder-payout:{bank_ref}:{asset_id}:{party_id}",
        ctx.clock.today(),
        "holder_payout",
        asset_id,
        (
            ledger.debit(ledger.HOLDER_PAYABLE, amount, asset_id, party_id),
            ledger.credit(ledger.CASH, amount, asset_id, party_id),
        ),
    )
    journals.post(session, journal, now=ctx.clock.now())
    row = session.get_one(IncomingRow, bank_ref, with_for_update=True)
    others = (col(OutboxRow.key).startswith(f"holder:{bank_ref}:"), OutboxRow.status == "refused")
    if row.status == "payout_refused" and session.exec(select(OutboxRow.id).where(*others)).first() is None:
        row.status, row.reason = "applied", None
        session.add(row)


def holder_refused(session: Session, key: str, code: str) -> None:
    """The party can't be paid (its account is closed): it is owed on, and the payment that it is owed from says so."""
    row = session.get_one(IncomingRow, _payee(key)[0], with_for_update=True)
    row.status, row.reason = "payout_refused", code
    session.add(row)


def retry(session: Session, ctx: Context, payee: PartyRow) -> int:
    """Order again what the bank refused to pay out to ``payee``, now to the account that it has. Returns how many."""
    refused = session.exec(
        select(OutboxRow)
        .where(col(OutboxRow.key).startswith("holder:"), OutboxRow.status == "refused")
        .order_by(col(OutboxRow.id))
        .with_for_update()
    ).all()
    mine = [row for row in refused if _payee(row.key)[2] == payee.id]
    for row in mine:
        bank_ref, asset_id, _ = _payee(row.key)
        amount = Money.parse(str(row.payload["amount"]), str(row.payload["currency"]))
        _order(session, ctx, payee, f"{bank_ref}:{asset_id}", amount, str(row.payload["purpose"]))
        outbox.replaced(session, row)
    return len(mine)
