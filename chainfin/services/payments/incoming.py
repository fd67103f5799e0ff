"""Money that comes in: each payment taken once by the bank's reference, spread by the waterfall, attested on chain.

A line of the bank that can't be understood or applied is parked whole; the others of its page are taken in. What a
payment is for is in `allocation`. What nobody can place goes back; while it isn't known who is to be paid, a debtor's
payment waits in suspense.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog
from sqlmodel import Session, col, select

from chainfin.errors import BadInput, ChainfinError, Conflict, NotFound, Refusal
from chainfin.rules import ledger
from chainfin.rules.loan import payoff
from chainfin.services.books import bank_statement, journals, loan_book
from chainfin.services.kernel import parking
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.payments import allocation, buy_back, payouts
from chainfin.services.payments.allocation import Arrival
from chainfin.storage.away import is_away
from chainfin.storage.lending_tables import IncomingRow
from chainfin.storage.oversight_tables import ParkedItemRow
from chainfin.storage.party_tables import FactRow
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.values.money import Money

_log = structlog.get_logger("chainfin.payments")

COLLECTION_ACCOUNT = "chainfin-collection"
"""The account at the settlement bank into which debtors and borrowers pay."""


SOURCE = "incoming_payments"
"""The source of parked lines of the bank's feed."""
WAITING = "waiting_payments"
"""The source of parked payments that waited and then could not be placed."""
FIRST_DAY = date(2000, 1, 1)
"""A value date before it is a mistake of the bank's, not a payment that is late."""


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One line of the bank's feed: ``raw`` as it came (see `parking.as_payload`), and what was read from it, or why
    nothing could be. ``reference``: the bank's, as far as it could be read."""

    raw: str
    reference: str
    content: Arrival | Refusal


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


def take_in(
    ctx: Context, lines: Sequence[StatementLine], next_cursor: int, *, through: datetime | None = None
) -> list[Money]:
    """A page of the bank's lines and the cursor after it, in one transaction; a payment that is known is skipped.

    ``through``: the bank's word that all it had booked before that moment is told of with this page. Returns the
    amounts that are new. Raises only what the database raises: any other trouble is one line's own and parks that line.
    """
    taken: list[Money] = []
    if not lines and not (through is not None and bank_statement.news(ctx, through)):
        return taken
    with ctx.store.begin() as session:
        journals.lock(session)
        for line in lines:
            try:
                with session.begin_nested():
                    new = take_line(session, ctx, line)
                taken += [] if new is None else [new]
            except Exception as error:
                if is_away(error):
                    raise
                _park(session, ctx, line, error)
        session.merge(FactRow(name="rail_cursor", value={"sequence": next_cursor}))
        if through is not None:
            bank_statement.note(session, ctx, through)
    return taken


def take_line(session: Session, ctx: Context, line: StatementLine) -> Money | None:
    """One line, in the caller's transaction, which holds the journals' lock. None if it was known.

    Raises BadInput, Conflict with the reason why it isn't taken in.
    """
    arrival = line.content
    if isinstance(arrival, Refusal):
        raise BadInput(arrival.code, arrival.message)
    if arrival.payee_account != COLLECTION_ACCOUNT:
        raise BadInput("payee_account_foreign", "this line is of another account than the one that collects")
    if not FIRST_DAY <= arrival.received_on <= ctx.clock.today() + timedelta(days=1):
        raise BadInput("value_date_implausible", f"the bank dates this payment {arrival.received_on}")
    known = session.get(IncomingRow, arrival.bank_ref)
    if known is None:
        _take(session, ctx, arrival)
        return arrival.amount
    if not _same(known, arrival):
        raise Conflict(
            "bank_reference_reused", "the bank gave this reference to another payment before (amount, payer, text, day)"
        )
    return None


def take_again(session: Session, ctx: Context, line: StatementLine) -> None:
    """A parked line once more. Raises as `take_line`."""
    journals.lock(session)
    take_line(session, ctx, line)


def _same(row: IncomingRow, arrival: Arrival) -> bool:
    stood = (row.amount, row.currency, row.payer_account, row.remittance, row.received_on)
    amount = arrival.amount
    return stood == (amount.minor, amount.currency, arrival.payer_account, arrival.remittance, arrival.received_on)


def _park(session: Session, ctx: Context, line: StatementLine, error: Exception) -> None:
    if not isinstance(error, ChainfinError):
        _log.error("line_not_applied", exc_info=error)
    code, detail = parking.reason_of(error)
    item = parking.Item(SOURCE, "bank_line", line.reference, line.raw, code, detail)
    parking.park(session, item, now=ctx.clock.now())


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
    """Place the payments that waited for a pledge and needn't any more, in the order in which they came. How many.

    One that can't be placed is parked: it stays in suspense, and the others go on.
    """
    with ctx.store.read() as session:
        waiting = session.exec(
            select(IncomingRow.bank_ref, IncomingRow.remittance)
            .where(IncomingRow.status == "waiting")
            .order_by(col(IncomingRow.sequence))
        ).all()
        parked = set(session.exec(select(ParkedItemRow.payload).where(ParkedItemRow.source == WAITING)).all())
        ready = [
            ref
            for ref, remittance in waiting
            if parking.as_payload(ref) not in parked and _hold_reason(session, ctx, remittance) is None
        ]
    return sum(_try_place(ctx, bank_ref) for bank_ref in ready)


def _try_place(ctx: Context, bank_ref: str) -> bool:
    try:
        with ctx.store.begin() as session:
            place_again(session, ctx, bank_ref)
        return True
    except Exception as error:
        if is_away(error):
            raise
        if not isinstance(error, ChainfinError):
            _log.error("payment_not_placed", exc_info=error)
        code, detail = parking.reason_of(error)
        item = parking.Item(WAITING, "incoming_payment", bank_ref, parking.as_payload(bank_ref), code, detail)
        with ctx.store.begin() as session:
            parking.park(session, item, now=ctx.clock.now())
        return False


def place_again(session: Session, ctx: Context, bank_ref: str) -> None:
    """Place a payment that waits, if it still does."""
    journals.lock(session)
    row = session.get_one(IncomingRow, bank_ref, with_for_update=True)
    if row.status == "waiting":
        _end_wait(session, ctx, row)


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
        payee_account=COLLECTION_ACCOUNT,
        amount=amount,
        remittance=row.remittance,
        received_on=row.received_on,
        evidence=row.evidence,
    )
    _place(session, ctx, row, arrival)
