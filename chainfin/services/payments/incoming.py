"""Money that comes in: each payment taken once by the bank's reference, spread by the waterfall, attested on chain.

A line of the bank that can't be understood or applied is parked whole; the others of its page are taken in. What a
payer wrote is read in `remittance`, where it belongs is in `allocation`. What nobody can place goes back; while it
isn't known who is to be paid, a debtor's payment waits in suspense.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog
from sqlmodel import Session, col, select

from chainfin.errors import BadInput, ChainfinError, NotFound, Refusal
from chainfin.rules import ledger
from chainfin.rules.loan import payoff
from chainfin.rules.payment import Event, State
from chainfin.services.books import bank_statement, journals, loan_book
from chainfin.services.kernel import parking
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.payments import allocation, buy_back, deposits, payment_state, payouts, remittance
from chainfin.services.payments.allocation import Arrival, Payment
from chainfin.services.payments.remittance import Purpose
from chainfin.storage.away import is_away
from chainfin.storage.lending_tables import IncomingRow
from chainfin.storage.oversight_tables import ParkedItemRow
from chainfin.storage.party_tables import FactRow
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.storage.types import new_id, storable
from chainfin.values.money import Money

_log = structlog.get_logger("chainfin.payments")

COLLECTION_ACCOUNT = "chainfin-collection"
"""The account at the settlement bank into which debtors and borrowers pay."""


SOURCE = "incoming_payments"
"""The source of parked lines of the bank's feed."""
WAITING = "waiting_payments"
"""The source of parked payments that waited and then could not be placed."""
REUSED = "reused_references"
"""The source of parked lines whose money is in the book, in suspense: a person has to ask the bank; no retry."""
REFERENCE_REUSED = "bank_reference_reused"
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
    return PaymentInstruction(COLLECTION_ACCOUNT, remittance.for_loan(loan_id), amount or due)


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

    Money under a reference that the bank used before is taken into the book too, and parked for a person to see.
    Raises BadInput with the reason why the line isn't taken in.
    """
    arrival = line.content
    if isinstance(arrival, Refusal):
        raise BadInput(arrival.code, arrival.message)
    if arrival.payee_account != COLLECTION_ACCOUNT:
        raise BadInput("payee_account_foreign", "this line is of another account than the one that collects")
    if not FIRST_DAY <= arrival.received_on <= ctx.clock.today() + timedelta(days=1):
        raise BadInput("value_date_implausible", f"the bank dates this payment {arrival.received_on}")
    row = _take(session, ctx, arrival)
    if row is None:
        return None
    if row.repeat:
        detail = f"another payment has this reference (amount, payer, text, day differ): {row.id} is held in suspense"
        item = parking.Item(REUSED, "bank_line", line.reference, line.raw, REFERENCE_REUSED, detail)
        parking.park(session, item, now=ctx.clock.now())
    return arrival.amount


def take_again(session: Session, ctx: Context, line: StatementLine) -> None:
    """A parked line once more. Raises as `take_line`."""
    journals.lock(session)
    take_line(session, ctx, line)


def _park(session: Session, ctx: Context, line: StatementLine, error: Exception) -> None:
    if not isinstance(error, ChainfinError):
        _log.error("line_not_applied", exc_info=error)
    code, detail = parking.reason_of(error)
    item = parking.Item(SOURCE, "bank_line", line.reference, line.raw, code, detail)
    parking.park(session, item, now=ctx.clock.now())


def _take(session: Session, ctx: Context, arrival: Arrival) -> IncomingRow | None:
    """The payment, taken into the book; None if it is known."""
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
        status=State.APPLIED.value,
        evidence=dict(arrival.evidence),
        created_at=ctx.clock.now(),
    )
    earlier = session.exec(select(IncomingRow).where(IncomingRow.bank_ref == row.bank_ref)).all()
    if any(_same(row, other) for other in earlier):
        return None
    row.repeat = len(earlier)
    session.add(row)
    session.flush()
    if earlier:
        # Nobody but the bank can say whether this is more money, and it gives back by this reference alone.
        row.unapplied = row.amount
        payment_state.move(session, row, Event.HOLD, REFERENCE_REUSED)
        payouts.suspend(session, ctx, row, arrival.amount, f"suspense:{row.book_ref}")
    else:
        _place(session, ctx, row)
    return row


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
        hold_reason = _hold_reason(session, ctx, purpose)
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
    "funding": deposits.for_funding,
}
"""What a payment is for → who places it, and says what is left of it and why."""


def _hold_reason(session: Session, ctx: Context, purpose: Purpose) -> str | None:
    """Why the payment can't be placed now; a lender's always can."""
    match purpose.kind:
        case "buy_back":
            return buy_back.hold_reason(session, ctx, purpose.target)
        case "receivable":
            return allocation.hold_reason(session, purpose.target)
        case "loan":
            return "payout_under_way" if allocation.payout_under_way(session, purpose.target) else None
        case "funding":
            return None


def _wait(session: Session, ctx: Context, row: IncomingRow, reason: str) -> None:
    """The money is in the book, in suspense, until it can be placed."""
    row.unapplied = row.amount
    payment_state.move(session, row, Event.WAIT, reason)
    payouts.suspend(session, ctx, row, Money(row.amount, row.currency), f"waiting:{row.book_ref}")


def place_waiting(ctx: Context) -> int:
    """Place the payments that waited for a pledge and needn't any more, in the order in which they came. How many.

    One that can't be placed is parked: it stays in suspense, and the others go on.
    """
    with ctx.store.read() as session:
        waiting = session.exec(
            select(IncomingRow.id, IncomingRow.remittance)
            .where(IncomingRow.status == State.WAITING.value)
            .order_by(col(IncomingRow.sequence))
        ).all()
        parked = set(session.exec(select(ParkedItemRow.payload).where(ParkedItemRow.source == WAITING)).all())
        ready = [
            incoming_id
            for incoming_id, text in waiting
            if parking.as_payload(incoming_id) not in parked and _waits_no_more(session, ctx, text)
        ]
    return sum(_try_place(ctx, incoming_id) for incoming_id in ready)


def _try_place(ctx: Context, incoming_id: str) -> bool:
    try:
        with ctx.store.begin() as session:
            place_again(session, ctx, incoming_id)
        return True
    except Exception as error:
        if is_away(error):
            raise
        if not isinstance(error, ChainfinError):
            _log.error("payment_not_placed", exc_info=error)
        code, detail = parking.reason_of(error)
        payload = parking.as_payload(incoming_id)
        item = parking.Item(WAITING, "incoming_payment", incoming_id, payload, code, detail)
        with ctx.store.begin() as session:
            parking.park(session, item, now=ctx.clock.now())
        return False


def place_again(session: Session, ctx: Context, incoming_id: str) -> None:
    """Place a payment that waits, if it still does."""
    journals.lock(session)
    row = session.get_one(IncomingRow, incoming_id, with_for_update=True)
    if payment_state.allows(row, Event.PLACE):
        _end_wait(session, ctx, row)


def _waits_no_more(session: Session, ctx: Context, text: str) -> bool:
    purpose = remittance.parse(text)
    return purpose is None or _hold_reason(session, ctx, purpose) is None


def _end_wait(session: Session, ctx: Context, row: IncomingRow) -> None:
    """Out of suspense, and placed as if it came now (for interest: on the day on which it did come)."""
    amount, name = Money(row.amount, row.currency), row.book_ref
    entries = (ledger.debit(ledger.SUSPENSE, amount, name), ledger.credit(ledger.CASH, amount, name))
    journal = ledger.Journal(f"placed:{name}", row.received_on, "suspense", name, entries)
    journals.post(session, journal, now=ctx.clock.now(), payment=row.id)
    row.unapplied = 0
    payment_state.move(session, row, Event.PLACE, None)
    _place(session, ctx, row)
