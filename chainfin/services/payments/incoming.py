"""Money that comes in: each payment taken once by the bank's reference, spread by the waterfall, attested on chain.

A line of the bank that can't be understood or applied is parked whole (`bank_line`); the others of its page are taken
in. What a payer wrote is read in `remittance`, where it belongs is in `allocation`. What names no claim waits for a
person (`unmatched`); while it isn't known who is to be paid, a debtor's payment waits in suspense; what is above due
goes back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import structlog
from sqlmodel import Session, col, select

from chainfin.errors import BadInput, ChainfinError, Refusal, Refused, unless_refused
from chainfin.rules import ledger
from chainfin.rules.act import ActState
from chainfin.rules.payment import Event, State
from chainfin.services.books import bank_statement, journals
from chainfin.services.kernel import parking
from chainfin.services.kernel.context import Context
from chainfin.services.payments import (
    allocation,
    bank_entry,
    bank_line,
    buy_back,
    deposits,
    direct,
    payment_state,
    payouts,
    realised,
    remittance,
    whose,
)
from chainfin.services.payments.allocation import Arrival, Payment
from chainfin.services.payments.bank_line import StatementLine
from chainfin.services.payments.remittance import Purpose
from chainfin.services.trade import claim_family
from chainfin.storage.away import is_away
from chainfin.storage.lending_tables import IncomingRow
from chainfin.storage.oversight_tables import ParkedItemRow
from chainfin.storage.party_tables import FactRow
from chainfin.storage.store import count
from chainfin.storage.types import new_id, storable
from chainfin.values.money import Money
from chainfin.values.payment_reference import Kind

_log = structlog.get_logger("chainfin.payments")

RECEIVED = "received"
"""What is counted when a payment is taken in, by whatever way the bank told of it."""
WAITING = "waiting_payments"
"""The source of parked payments that waited and then could not be placed."""
UNMATCHED = "unmatched_payments"
"""The source of parked payments that name no claim, several, or one of another lender than whose account they came on,
or that have the reference of another payment; their money is in suspense (`payments.unmatched`)."""


def cursor(ctx: Context) -> int:
    """The bank's sequence number up to which payments were taken in."""
    with ctx.store.read() as session:
        row = session.get(FactRow, "rail_cursor")
        return 0 if row is None else int(str(row.value["sequence"]))


def take_in(
    ctx: Context, lines: Sequence[StatementLine], next_cursor: int, *, through: datetime | None = None
) -> list[Money]:
    """A page of the bank's lines and the cursor after it, in one transaction; a payment that is known is skipped.

    ``through``: the bank's word that all it had booked before that moment is told of with this page; one that can't be
    true counts for nothing (`bank_statement.believed`). Returns the amounts that are new. Raises only what the database
    raises: any other trouble is one line's own and parks that line.
    """
    taken: list[Money] = []
    through = bank_statement.believed(ctx, through)
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
                bank_line.park(session, ctx, line, error, bank_line.SOURCE)
        session.merge(FactRow(name="rail_cursor", value={"sequence": next_cursor}))
        if through is not None:
            bank_statement.note(session, ctx, through)
    return taken


def take_line(session: Session, ctx: Context, line: StatementLine) -> Money | None:
    """One line, in the caller's transaction, which holds the journals' lock. None if it was known.

    Raises BadInput with the reason why the line isn't taken in.
    """
    arrival = bank_line.arrival_of(ctx, line)
    if bank_entry.told_another_way(session, arrival):
        return None
    row = _take(session, ctx, arrival, bank_line.paid_directly(session, arrival))
    if row is None:
        return None
    count(session, row, RECEIVED, row.currency, row.amount)
    return arrival.amount


def take_or_park(session: Session, ctx: Context, line: StatementLine, source: str) -> str | None:
    """One line, in the caller's transaction, which holds the journals' lock: taken in (None), or else parked under
    ``source`` (the item's id). Raises only what the database raises."""
    try:
        with session.begin_nested():
            take_line(session, ctx, line)
        return None
    except Exception as error:
        if is_away(error):
            raise
        return bank_line.park(session, ctx, line, error, source).id


def take_again(session: Session, ctx: Context, line: StatementLine) -> None:
    """A parked line once more. Raises as `take_line`."""
    journals.lock(session)
    take_line(session, ctx, line)


def _take(session: Session, ctx: Context, arrival: Arrival, directly: str | None) -> IncomingRow | None:
    """The payment, taken in; None if it is known. ``directly``: the receivable whose holder it reached itself."""
    incoming_id = new_id("inc")
    row = IncomingRow(
        id=incoming_id,
        bank_ref=storable(arrival.bank_ref),
        book_ref=incoming_id,
        sequence=arrival.sequence,
        account=storable(arrival.payee_account),
        direct=directly is not None,
        receivable_id=directly or _receivable_of(session, arrival),
        payer_account=storable(arrival.payer_account),
        currency=arrival.amount.currency,
        amount=arrival.amount.minor,
        remittance=storable(arrival.remittance),
        received_on=arrival.received_on,
        status=State.APPLIED.value,
        evidence=dict(arrival.evidence),
        created_at=ctx.clock.now(),
    )
    named = session.exec(select(IncomingRow).where(IncomingRow.bank_ref == row.bank_ref)).all()
    at = bank_entry.bank_account(session, row.account)
    earlier = [other for other in named if bank_entry.bank_account(session, other.account) == at]
    if any(bank_entry.same(row, other) for other in earlier):
        return None
    row.repeat = len(named)
    session.add(row)
    session.flush()
    if directly is not None:
        if earlier:
            raise BadInput(bank_line.REFERENCE_REUSED, bank_line.REUSED_WORDS)
        direct.take(session, ctx, row, directly)
    elif earlier:
        # Nobody but the bank can say whether this is more money.
        _hold_unmatched(session, ctx, row, Refusal(bank_line.REFERENCE_REUSED, bank_line.REUSED_WORDS))
    else:
        _place(session, ctx, row)
    return row


def _receivable_of(session: Session, arrival: Arrival) -> str | None:
    """The receivable that the payer's text names, if it names one."""
    purpose = remittance.purpose(session, storable(arrival.remittance))
    return purpose.target if isinstance(purpose, Purpose) and purpose.kind == "receivable" else None


def _place(session: Session, ctx: Context, row: IncomingRow) -> None:
    purpose = remittance.purpose(session, row.remittance)
    if isinstance(purpose, Refusal):
        _hold_unmatched(session, ctx, row, purpose)
        return
    lock_claim(session, purpose)
    waits_for = hold_reason(session, ctx, purpose)
    if waits_for is not None:
        wait(session, ctx, row, waits_for)
        return
    if _buys_back(session, purpose):
        refusal = buy_back.attest(session, ctx, Payment.of(row), purpose.target)
        if refusal is None:
            wait(session, ctx, row, buy_back.BUY_UNDER_WAY)
        else:
            _back(session, ctx, row, refusal.code)
        return
    anothers = whose.unless_anothers(session, ctx, row, purpose)
    if anothers is not None:
        _hold_unmatched(session, ctx, row, anothers)
        return
    early = whose.unless_before_payout(session, row, purpose)
    if early is not None:
        _hold_unmatched(session, ctx, row, early)
        return
    left, reason = PLACES[purpose.kind](session, ctx, Payment.of(row), purpose.target)
    if left.minor:
        payouts.refund(session, ctx, row, left, reason)


def lock_claim(session: Session, purpose: Purpose) -> None:
    """Whoever places a payment and whoever lends on its claim wait for one another here, before either looks at it."""
    if purpose.kind == "receivable":
        claim_family.lock(session, purpose.target)


def _buys_back(session: Session, purpose: Purpose) -> bool:
    """Whether a payment is for what is still pledged; else it pays, under the same reference, for what was taken."""
    return purpose.kind == "buy_back" and not realised.is_taken(session, purpose.target)


PLACES: Mapping[Kind, Callable[[Session, Context, Payment, str], tuple[Money, str]]] = {
    "loan": allocation.for_loan,
    "receivable": allocation.for_receivable,
    "funding": deposits.for_funding,
    "buy_back": realised.for_sale,
}
"""What a payment is for → who places it, and says what is left of it and why. Money under a pledge's reference pays for
goods that were taken; what is bought back has to be the buyer's before its money is placed (`buy_back`)."""


def hold_reason(session: Session, ctx: Context, purpose: Purpose) -> str | None:
    """Why the payment can't be placed now; a lender's always can."""
    match purpose.kind:
        case "buy_back":
            taken = realised.is_taken(session, purpose.target)
            return None if taken else buy_back.hold_reason(session, ctx, purpose.target)
        case "receivable":
            return allocation.hold_reason(session, purpose.target)
        case "loan":
            return "payout_under_way" if allocation.payout_under_way(session, purpose.target) else None
        case "funding":
            return None


def _hold_unmatched(session: Session, ctx: Context, row: IncomingRow, why: Refusal) -> None:
    """The money is in the book, in suspense, and a person is asked."""
    amount = Money(row.amount, row.currency)
    row.unapplied = row.amount
    payment_state.move(session, row, Event.NOT_MATCHED, why.code)
    payouts.suspend(session, ctx, row, amount, "unmatched")
    detail = f"{amount} {row.currency} on {row.received_on}: {row.remittance}"
    payload = parking.as_payload(row.id)
    item = parking.Item(UNMATCHED, "incoming_payment", row.bank_ref, payload, why.code, detail, row.receivable_id)
    parking.park(session, item, now=ctx.clock.now())


def place_unmatched(session: Session, ctx: Context, row: IncomingRow) -> None:
    """Place a payment (locked, unmatched) whose claim is known by now. Raises Refused if it still isn't, or is another
    lender's, or lent after it was paid, or has another payment's reference: that takes two persons."""
    if row.reason == bank_line.REFERENCE_REUSED:
        raise Refused(bank_line.REFERENCE_REUSED, bank_line.REUSED_WORDS)
    purpose = unless_refused(remittance.purpose(session, row.remittance))
    unless_refused(whose.unless_anothers(session, ctx, row, purpose))
    unless_refused(whose.unless_before_payout(session, row, purpose))
    out_of_suspense(session, ctx, row, "matched")
    _place(session, ctx, row)


def wait(session: Session, ctx: Context, row: IncomingRow, reason: str) -> None:
    """The money is in the book, in suspense, until it can be placed."""
    row.unapplied = row.amount
    payment_state.move(session, row, Event.WAIT, reason)
    payouts.suspend(session, ctx, row, Money(row.amount, row.currency), "waiting")


def place_waiting(ctx: Context) -> int:
    """Place the payments that waited for a pledge and needn't any more, in the order in which they came. How many.

    One that can't be placed is parked: it stays in suspense, and the others go on.
    """
    with ctx.store.read() as session:
        waiting = session.exec(
            select(IncomingRow).where(IncomingRow.status == State.WAITING.value).order_by(col(IncomingRow.sequence))
        ).all()
        parked = set(session.exec(select(ParkedItemRow.payload).where(ParkedItemRow.source == WAITING)).all())
        ready = [
            row.id for row in waiting if parking.as_payload(row.id) not in parked and _waits_no_more(session, ctx, row)
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
        with ctx.store.begin() as session:
            claim = session.get_one(IncomingRow, incoming_id).receivable_id
            item = parking.Item(WAITING, "incoming_payment", incoming_id, payload, code, detail, claim)
            parking.park(session, item, now=ctx.clock.now())
        return False


def place_again(session: Session, ctx: Context, incoming_id: str) -> None:
    """Place a payment that waits, if it still does."""
    journals.lock(session)
    row = session.get_one(IncomingRow, incoming_id, with_for_update=True)
    if payment_state.of(row) is State.WAITING:
        _end_wait(session, ctx, row)


def retry(session: Session, ctx: Context, incoming_id: str) -> None:
    """A person asks for it. Raises as `place_again`, and Refused payment_on_hold: it waits still."""
    place_again(session, ctx, incoming_id)
    row = session.get_one(IncomingRow, incoming_id)
    if payment_state.of(row) is State.WAITING:
        raise Refused("payment_on_hold", f"it isn't known yet who is to be paid: {row.reason}")


def _waits_no_more(session: Session, ctx: Context, row: IncomingRow) -> bool:
    if row.direct:
        return direct.hold_reason(session, str(row.receivable_id)) is None
    bought = buy_back.act_of(session, row.id)
    if bought is not None:
        return not buy_back.is_open(bought)
    purpose = remittance.purpose(session, row.remittance)
    return isinstance(purpose, Refusal) or hold_reason(session, ctx, purpose) is None


def _end_wait(session: Session, ctx: Context, row: IncomingRow) -> None:
    """Out of suspense, and placed as if it came now (for interest: on the day on which it did come)."""
    if row.direct:
        direct.place_again(session, ctx, row)
        return
    bought = buy_back.act_of(session, row.id)
    if bought is None:
        purpose = remittance.purpose(session, row.remittance)
        if isinstance(purpose, Purpose) and _buys_back(session, purpose):
            _buy(session, ctx, row, purpose.target)
            return
        out_of_suspense(session, ctx, row, "placed")
        _place(session, ctx, row)
    elif not buy_back.is_open(bought):
        out_of_suspense(session, ctx, row, "placed")
        if bought.status != ActState.FINAL:
            _back(session, ctx, row, "buy_back_refused")
            return
        left, reason = buy_back.settle(session, ctx, Payment.of(row), bought)
        if left.minor:
            payouts.refund(session, ctx, row, left, reason)


def _buy(session: Session, ctx: Context, row: IncomingRow, pledge_id: str) -> None:
    """A payment in suspense stays there until what it buys is the buyer's; if it can't buy anything, it goes back."""
    if hold_reason(session, ctx, Purpose("buy_back", pledge_id)) is not None:
        return
    refusal = buy_back.attest(session, ctx, Payment.of(row), pledge_id)
    if refusal is None:
        row.reason = buy_back.BUY_UNDER_WAY
        session.add(row)
        return
    out_of_suspense(session, ctx, row, "placed")
    _back(session, ctx, row, refusal.code)


def _back(session: Session, ctx: Context, row: IncomingRow, reason: str) -> None:
    payouts.refund(session, ctx, row, Money(row.amount, row.currency), reason)


def out_of_suspense(session: Session, ctx: Context, row: IncomingRow, name: str) -> None:
    """The whole payment leaves suspense, to be placed in the same transaction. ``name``: of the journal; a payment may
    be matched, then wait, then be placed."""
    amount, ref = Money(row.amount, row.currency), row.book_ref
    entries = (ledger.debit(ledger.SUSPENSE, amount, ref), ledger.credit(ledger.CASH, amount, ref))
    journal = ledger.Journal(payouts.suspense_key(session, row, name), row.received_on, "suspense", ref, entries)
    journals.post(session, journal, now=ctx.clock.now(), payment=row.id)
    row.unapplied = 0
    payment_state.move(session, row, Event.PLACE, None)
