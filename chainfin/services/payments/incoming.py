"""Money that comes in: each payment taken once by the bank's reference, spread by the waterfall, attested on chain.

What a payer wrote is read in `remittance`, where it belongs is in `allocation`. What nobody can place goes back; while
it isn't known who is to be paid, a debtor's payment waits in suspense.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from chainfin.errors import NotFound
from chainfin.rules import ledger
from chainfin.rules.loan import payoff
from chainfin.services.books import journals, loan_book
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.payments import allocation, buy_back, payouts, remittance
from chainfin.services.payments.allocation import Arrival, Payment
from chainfin.services.payments.remittance import Purpose
from chainfin.storage.lending_tables import IncomingRow
from chainfin.storage.party_tables import FactRow
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.storage.types import new_id, storable
from chainfin.values.money import Money

COLLECTION_ACCOUNT = "chainfin-collection"
"""The account at the settlement bank into which debtors and borrowers pay."""


@dataclass(frozen=True, slots=True)
class PaymentInstruction:
    """What a payer has to write on its payment."""

    account: str
    remittance: str
    amount: Money


def instructions(ctx: Context, actor: Actor, loan_id: str, amount: Money | None) -> PaymentInstruction:
    """How the borrower repays ``amount`` (None: all that settles the loan today). Raises NotFound loan_unknown."""
    with ctx.store.read() as session:
        row, loan = loan_book.load(session, loan_id)
        if not actor.sees_all and actor.party_id not in (row.borrower_id, row.lender_id):
            raise NotFound("loan_unknown", f"there is no loan {loan_id}")
        due = payoff(loan, max(ctx.clock.today(), loan.accrued_to))
    return PaymentInstruction(COLLECTION_ACCOUNT, remittance.for_loan(loan_id), amount or due)


def cursor(ctx: Context) -> int:
    """The bank's sequence number up to which payments were taken in."""
    with ctx.store.read() as session:
        row = session.get(FactRow, "rail_cursor")
        return 0 if row is None else int(str(row.value["sequence"]))


def take_in(ctx: Context, arrivals: Sequence[Arrival], next_cursor: int) -> None:
    """A page of payments and the cursor after it, in one transaction; a payment that is known is skipped."""
    with ctx.store.begin() as session:
        journals.lock(session)
        for arrival in arrivals:
            _take(session, ctx, arrival)
        session.merge(FactRow(name="rail_cursor", value={"sequence": next_cursor}))


def _take(session: Session, ctx: Context, arrival: Arrival) -> None:
    incoming_id = new_id("inc")
    row = IncomingRow(
        id=incoming_id,
        bank_ref=storable(arrival.bank_ref),
        book_ref=incoming_id,
        sequence=arrival.sequence,
        payer_account=storable(arrival.payer_account),
        currency=arrival.amount.currency,
        amount=arrival.amount.minor,
        remittance=storable(arrival.remittance),
        received_on=arrival.received_on,
        status="applied",
        evidence=dict(arrival.evidence),
        created_at=ctx.clock.now(),
    )
    earlier = session.exec(select(IncomingRow).where(IncomingRow.bank_ref == row.bank_ref)).all()
    if any(_same(row, other) for other in earlier):
        return
    row.repeat = len(earlier)
    session.add(row)
    session.flush()
    if earlier:
        # Nobody but the bank can say whether this is more money, and it gives back by this reference alone.
        row.status, row.unapplied, row.reason = "suspense", row.amount, "bank_reference_reused"
        session.add(row)
        payouts.suspend(session, ctx, row, arrival.amount, f"suspense:{row.book_ref}")
        return
    _place(session, ctx, row)


def _same(one: IncomingRow, other: IncomingRow) -> bool:
    """Whether two lines under one reference tell of one payment."""
    return _said(one) == _said(other)


def _said(row: IncomingRow) -> tuple[object, ...]:
    return row.amount, row.currency, row.payer_account, row.remittance, row.received_on


def _place(session: Session, ctx: Context, row: IncomingRow) -> None:
    payment, purpose = Payment.of(row), remittance.parse(row.remittance)
    left, reason = payment.amount, "remittance_unknown"
    if purpose is not None:
        if purpose.kind == "receivable":
            session.get(ReceivableRow, purpose.target, with_for_update=True)
        hold_reason = _hold_reason(session, purpose)
        if hold_reason is not None:
            _wait(session, ctx, row, hold_reason)
            return
        left, reason = _PLACES[purpose.kind](session, ctx, payment, purpose.target)
    if left.minor:
        payouts.refund(session, ctx, row, left, reason)


_PLACES: Mapping[str, Callable[[Session, Context, Payment, str], tuple[Money, str]]] = {
    "loan": allocation.for_loan,
    "receivable": allocation.for_receivable,
    "buy_back": buy_back.for_buy_back,
}
"""What a payment is for → who places it, and says what is left of it and why."""


def _hold_reason(session: Session, purpose: Purpose) -> str | None:
    """Why the payment can't be placed now; a borrower's always can."""
    match purpose.kind:
        case "buy_back":
            return buy_back.hold_reason(session, purpose.target)
        case "receivable":
            return allocation.hold_reason(session, purpose.target)
        case "loan":
            return None


def _wait(session: Session, ctx: Context, row: IncomingRow, reason: str) -> None:
    """The money is in the book, in suspense, until it can be placed."""
    row.status, row.unapplied, row.reason = "waiting", row.amount, reason
    session.add(row)
    payouts.suspend(session, ctx, row, Money(row.amount, row.currency), f"waiting:{row.book_ref}")


def place_waiting(ctx: Context) -> int:
    """Place the payments that waited for a pledge and needn't any more, in the order in which they came. How many."""
    with ctx.store.read() as session:
        waiting = session.exec(
            select(IncomingRow.id, IncomingRow.remittance)
            .where(IncomingRow.status == "waiting")
            .order_by(col(IncomingRow.sequence))
        ).all()
        ready = [incoming_id for incoming_id, text in waiting if _waits_no_more(session, text)]
    for incoming_id in ready:
        with ctx.store.begin() as session:
            journals.lock(session)
            row = session.get_one(IncomingRow, incoming_id, with_for_update=True)
            if row.status == "waiting":
                _end_wait(session, ctx, row)
    return len(ready)


def _waits_no_more(session: Session, text: str) -> bool:
    purpose = remittance.parse(text)
    return purpose is None or _hold_reason(session, purpose) is None


def _end_wait(session: Session, ctx: Context, row: IncomingRow) -> None:
    """Out of suspense, and placed as if it came now (for interest: on the day on which it did come)."""
    amount, name = Money(row.amount, row.currency), row.book_ref
    entries = (ledger.debit(ledger.SUSPENSE, amount, name), ledger.credit(ledger.CASH, amount, name))
    journal = ledger.Journal(f"placed:{name}", row.received_on, "suspense", name, entries)
    journals.post(session, journal, now=ctx.clock.now(), payment=row.id)
    row.status, row.unapplied, row.reason = "applied", 0, None
    session.add(row)
    _place(session, ctx, row)
