"""Money that comes in: each payment taken once by the bank's reference, spread by the waterfall, attested on chain.

What it is for is in `placing`. What nobody can place goes back; while it isn't known who is to be paid, a debtor's
payment waits in suspense.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from chainfin.errors import NotFound
from chainfin.rules import ledger
from chainfin.rules.loan import payoff
from chainfin.services.books import bank_statement, journals, loan_book
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.payments import allocation, buy_back, payouts
from chainfin.services.payments.allocation import Arrival
from chainfin.storage.lending_tables import IncomingRow
from chainfin.storage.party_tables import FactRow
from chainfin.storage.trade_tables import ReceivableRow
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
    return PaymentInstruction(COLLECTION_ACCOUNT, f"LOAN {loan_id}", amount or due)


def cursor(ctx: Context) -> int:
    """The bank's sequence number up to which payments were taken in."""
    with ctx.store.read() as session:
        row = session.get(FactRow, "rail_cursor")
        return 0 if row is None else int(str(row.value["sequence"]))


def take_in(ctx: Context, arrivals: Sequence[Arrival], next_cursor: int, *, through: datetime | None = None) -> None:
    """A page of payments and the cursor after it, in one transaction; a payment known by its reference is skipped.

    ``through``: the bank's word that all it had booked before that moment is told of with this page.
    """
    complete = through is not None and bank_statement.news(ctx, through)
    if not arrivals and not complete:
        return
    with ctx.store.begin() as session:
        journals.lock(session)
        for arrival in arrivals:
            if session.get(IncomingRow, arrival.bank_ref) is None:
                _take(session, ctx, arrival)
        session.merge(FactRow(name="rail_cursor", value={"sequence": next_cursor}))
        if through is not None:
            bank_statement.note(session, ctx, through)


def _take(session: Session, ctx: Context, arrival: Arrival) -> None:
    row = IncomingRow(
        bank_ref=arrival.bank_ref,
        sequence=arrival.sequence,
        payer_account=arrival.payer_account,
        currency=arrival.amount.currency,
        amount=arrival.amount.minor,
        remittance=arrival.remittance,
        received_on=arrival.received_on,
        status="applied",
        evidence=dict(arrival.evidence),
        created_at=ctx.clock.now(),
    )
    session.add(row)
    session.flush()
    _place(session, ctx, row, arrival)


def _place(session: Session, ctx: Context, row: IncomingRow, arrival: Arrival) -> None:
    word, _, target = arrival.remittance.partition(" ")
    left, reason = arrival.amount, "remittance_unknown"
    if word == "LOAN":
        if allocation.payout_under_way(session, target):
            _wait(session, ctx, row, "payout_under_way")
            return
        left, reason = allocation.for_loan(session, ctx, arrival, target)
    elif word == "BUYBACK":
        hold_reason = buy_back.hold_reason(session, ctx, target)
        if hold_reason is not None:
            _wait(session, ctx, row, hold_reason)
            return
        left, reason = buy_back.for_buy_back(session, ctx, arrival, target)
    elif word == "RECEIVABLE":
        session.get(ReceivableRow, target, with_for_update=True)
        hold_reason = allocation.hold_reason(session, target)
        if hold_reason is not None:
            _wait(session, ctx, row, hold_reason)
            return
        left, reason = allocation.for_receivable(session, ctx, arrival, target)
    if left.minor:
        payouts.refund(session, ctx, row, left, reason)


def _wait(session: Session, ctx: Context, row: IncomingRow, reason: str) -> None:
    """The money is in the book, in suspense, until it can be placed."""
    row.status, row.unapplied, row.reason = "waiting", row.amount, reason
    session.add(row)
    held = Money(row.amount, row.currency)
    entries = (ledger.debit(ledger.CASH, held, row.bank_ref), ledger.credit(ledger.SUSPENSE, held, row.bank_ref))
    journal = ledger.Journal(f"waiting:{row.bank_ref}", row.received_on, "suspense", row.bank_ref, entries)
    journals.post(session, journal, now=ctx.clock.now())


def place_waiting(ctx: Context) -> int:
    """Place the payments that waited for a pledge and needn't any more, in the order in which they came. How many."""
    with ctx.store.read() as session:
        waiting = session.exec(
            select(IncomingRow.bank_ref, IncomingRow.remittance)
            .where(IncomingRow.status == "waiting")
            .order_by(col(IncomingRow.sequence))
        ).all()
        ready = [bank_ref for bank_ref, detail in waiting if _hold_reason(session, ctx, detail) is None]
    for bank_ref in ready:
        with ctx.store.begin() as session:
            journals.lock(session)
            row = session.get_one(IncomingRow, bank_ref, with_for_update=True)
            if row.status == "waiting":
                _end_wait(session, ctx, row)
    return len(ready)


def _hold_reason(session: Session, ctx: Context, remittance: str) -> str | None:
    word, _, target = remittance.partition(" ")
    if word == "LOAN":
        return "payout_under_way" if allocation.payout_under_way(session, target) else None
    if word == "BUYBACK":
        return buy_back.hold_reason(session, ctx, target)
    return allocation.hold_reason(session, target)


def _end_wait(session: Session, ctx: Context, row: IncomingRow) -> None:
    """Out of suspense, and placed as if it came now (for interest: on the day on which it did come)."""
    amount = Money(row.amount, row.currency)
    entries = (ledger.debit(ledger.SUSPENSE, amount, row.bank_ref), ledger.credit(ledger.CASH, amount, row.bank_ref))
    journal = ledger.Journal(f"placed:{row.bank_ref}", row.received_on, "suspense", row.bank_ref, entries)
    journals.post(session, journal, now=ctx.clock.now())
    row.status, row.unapplied, row.reason = "applied", 0, None
    session.add(row)
    arrival = Arrival(
        bank_ref=row.bank_ref,
        sequence=row.sequence,
        payer_account=row.payer_account,
        amount=amount,
        remittance=row.remittance,
        received_on=row.received_on,
        evidence=row.evidence,
    )
    _place(session, ctx, row, arrival)
