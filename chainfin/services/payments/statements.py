"""What a bank's statement says, kept and taken in: each credit once as an incoming payment, each debit as an order of
ours that was carried out; what is neither is parked, and its row says so. Whoever reads the file (`connectors`) hands
over plain values; nothing here knows its form.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, or_, select

from chainfin.errors import ChainfinError, Refused
from chainfin.rules import bank_order
from chainfin.rules.bank_order import FINAL, MEANT, EntryState, Standing
from chainfin.rules.parked_item import ParkedState
from chainfin.services.books import bank_statement, journals
from chainfin.services.kernel import parking
from chainfin.services.kernel.commands import PayHolder, PayLoan, Refund
from chainfin.services.kernel.context import CLOCKS_APART, Context
from chainfin.services.payments import booked_line, incoming, payout_day, returned, reversed, statement_series
from chainfin.services.payments.allocation import Arrival
from chainfin.storage.bank_tables import BankEntryRow, BankPaymentRow, BankStatementRow, VirtualAccountRow
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.oversight_tables import ParkedItemRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.types import new_id, storable
from chainfin.values.money import Money

STATEMENT = "camt.053.001.08"
"""Only statements have balances, and end a day; a notification tells of what a statement tells again."""
LINES = "bank_lines"
"""The source of parked credits of a statement, which can be tried again."""
STATEMENTS = "bank_statements"
"""The source of all else that is parked of a bank's file: entries, statements, statuses. A person asks the bank."""

ORDER = (col(BankStatementRow.sequence).nulls_first(), col(BankStatementRow.page), col(BankStatementRow.id))
"""Statements by the bank's own count."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A payment of a booked entry. ``amount`` is signed minor units (None: unreadable). ``arrival``: of a credit that
    can be taken in; else ``code`` says why it can't be understood, or, of a debit, None. ``instruction_ids``: the ids
    under which it may be an order of ours. ``booked_on``: the bank's day of a debit;
    ``taken_back_on``: its value date of one that takes a credit of before back."""

    place: str
    amount: int | None
    bank_ref: str
    raw: str
    arrival: Arrival | None = None
    instruction_ids: tuple[str, ...] = ()
    code: str | None = None
    detail: str = ""
    booked_on: date | None = None
    taken_back_on: date | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """Minor units, below zero: overdrawn; at the end of ``on`` (an opening one: at its beginning)."""

    minor: int
    on: date


@dataclass(frozen=True, slots=True)
class Statement:
    """See `BankStatementRow`. ``difference``: (code, sentence, minor units) of what doesn't follow or add up."""

    account: str
    iban: bool
    currency: str
    kind: str
    number: str
    sequence: int | None
    page: int
    last_page: bool
    digest: str
    opening: Balance | None
    closing: Balance | None
    source: str
    entries: tuple[Entry, ...]
    difference: tuple[str, str, int] | None


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a statement: how many of its entries are now incoming payments, orders carried out (or given
    back), parked."""

    number: str
    account: str
    taken: int
    paid: int
    odd: int
    difference: str | None


def known(session: Session, account: str, currency: str, kind: str, digest: str) -> bool:
    """Whether the very same was taken in before, in whatever layout."""
    query = select(BankStatementRow.id).where(BankStatementRow.account == account, BankStatementRow.digest == digest)
    query = query.where(BankStatementRow.currency == currency, BankStatementRow.kind == kind)
    return session.exec(query).first() is not None


def last(session: Session, account: str, currency: str, kind: str) -> BankStatementRow | None:
    """The newest one by the bank's own count; of those without a number the one that came last."""
    query = select(BankStatementRow).where(BankStatementRow.account == account, BankStatementRow.currency == currency)
    order = (col(BankStatementRow.sequence).desc().nulls_last(), col(BankStatementRow.page).desc())
    return session.exec(
        query.where(BankStatementRow.kind == kind).order_by(*order, col(BankStatementRow.id).desc()).limit(1)
    ).first()


def keep(session: Session, ctx: Context, statement: Statement) -> Taken:
    """Keep it, and take in each of its entries, in the caller's transaction. One that is altered (`statement_altered`:
    a number that was read with other content) is only parked: nobody but the bank can say which of the two is true."""
    journals.lock(session)
    code = parked_id = None
    difference = statement.difference or _day_to_come(ctx, statement)
    if difference is not None:
        code, detail, _ = difference
        whole = {"account": statement.account, "number": statement.number, "digest": statement.digest, "code": code}
        parked_id = _park(session, ctx, "statement", statement.number, whole | {"file": statement.source}, code, detail)
    if code == "statement_altered":
        return Taken(statement.number, statement.account, 0, 0, 0, code)
    row = BankStatementRow(
        id=new_id("stm"),
        account=statement.account,
        iban=statement.iban,
        currency=statement.currency,
        kind=statement.kind,
        number=storable(statement.number),
        sequence=statement.sequence,
        page=statement.page,
        last_page=statement.last_page,
        digest=statement.digest,
        opening=None if statement.opening is None else statement.opening.minor,
        opening_on=None if statement.opening is None else statement.opening.on,
        closing=None if statement.closing is None else statement.closing.minor,
        closing_on=None if statement.closing is None else statement.closing.on,
        source=storable(statement.source),
        difference=code,
        difference_minor=0 if difference is None else difference[2],
        parked_id=parked_id,
        taken_at=ctx.clock.now(),
    )
    session.add(row)
    session.flush()
    kept = [_entry(session, ctx, row, entry) for entry in statement.entries]
    statement_series.mend(session, row)
    _note_days(session, ctx)
    count = Counter(kept)
    return Taken(
        statement.number,
        statement.account,
        count[EntryState.TAKEN],
        sum(count[state] for state in (EntryState.PAID, EntryState.RETURNED, EntryState.REVERSED)),
        count[EntryState.ODD],
        code,
    )


def _day_to_come(ctx: Context, statement: Statement) -> tuple[str, str, int] | None:
    """A statement can't end on a day that nobody has seen the end of: it says nothing about which days are told of."""
    closing = statement.closing
    if closing is None or closing.on <= ctx.clock.today() + CLOCKS_APART:
        return None
    code = "statement_day_implausible"
    return code, f"{statement.number} has a closing balance of {closing.on}", 0


def _note_days(session: Session, ctx: Context) -> None:
    """The bank's word on the last day of which every lender's account has been told, without a gap."""
    query = select(PartyRow.account).join(VirtualAccountRow, col(VirtualAccountRow.lender_id) == col(PartyRow.id))
    through = [_told_through(session, ctx, account) for account in session.exec(query.distinct()).all()]
    days = [day for day in through if day is not None]
    if days and len(days) == len(through):
        bank_statement.note_day(session, min(ctx.clock.today(), *days))


def _told_through(session: Session, ctx: Context, account: str) -> date | None:
    """Nothing that was booked on the account until then is missing. An open difference ends it: the days before it. A
    day to come is none, whatever a person made of the difference."""
    latest = ctx.clock.today() + CLOCKS_APART
    query = select(BankStatementRow, ParkedItemRow.status).where(BankStatementRow.account == account)
    query = query.where(BankStatementRow.kind == STATEMENT, col(BankStatementRow.last_page))
    query = query.join(ParkedItemRow, col(ParkedItemRow.id) == col(BankStatementRow.parked_id), isouter=True)
    last_day: dict[str, date | None] = {}
    broken: set[str] = set()
    for row, parked in session.exec(query.order_by(*ORDER)):
        if parked == ParkedState.OPEN:
            broken.add(row.currency)
        if row.currency not in broken and (row.closing_on is None or row.closing_on <= latest):
            last_day[row.currency] = row.closing_on or last_day.get(row.currency)
        last_day.setdefault(row.currency, None)
    days = [day for day in last_day.values() if day is not None]
    return min(days) if days and len(days) == len(last_day) else None


def _entry(session: Session, ctx: Context, statement: BankStatementRow, entry: Entry) -> EntryState:
    state, code, parked_id, instruction_id = EntryState.TAKEN, entry.code, None, ""
    order = order_of(session, entry.instruction_ids)
    if order is not None:
        instruction_id = str(order.payload["instruction_id"])
    if code is not None:
        state = EntryState.ODD
        parked_id = _park_entry(session, ctx, statement, entry, code, entry.detail)
    elif entry.taken_back_on is not None:
        state, code, parked_id = _taken_back(session, ctx, statement, entry, entry.taken_back_on)
    elif order is None and entry.arrival is not None:
        parked_id = incoming.take_or_park(session, ctx, booked_line.line_of(entry.arrival), LINES)
        state, code = (EntryState.TAKEN, None) if parked_id is None else (EntryState.ODD, "line_parked")
    elif order is None:
        state, code = EntryState.ODD, "debit_unknown"
        parked_id = _park_entry(session, ctx, statement, entry, code, "no order of ours is of this number")
    elif entry.arrival is not None:
        state, code, parked_id = _given_back(session, ctx, statement, entry, order)
    elif _repeated(session, instruction_id, entry):
        state, code = EntryState.ODD, "debit_repeated"
        parked_id = _park_entry(session, ctx, statement, entry, code, f"{instruction_id} was booked out before")
    elif entry.amount != -minor_of(order):
        state, code = EntryState.ODD, "debit_differs"
        parked_id = _park_entry(session, ctx, statement, entry, code, f"{instruction_id} was for another amount")
    else:
        state = EntryState.PAID
        evidence = {"file": statement.source, "statement": statement.number, "place": entry.place, "booked": True}
        day = entry.booked_on
        if not _came_back(session, instruction_id):
            report(
                session,
                ctx,
                instruction_id,
                Standing.PAID,
                code="BOOK",
                bank_ref=entry.bank_ref,
                on=day,
                evidence=evidence,
            )
        payout_day.booked(session, ctx, order, day)
    session.add(
        BankEntryRow(
            statement_id=statement.id,
            place=entry.place,
            amount=entry.amount,
            bank_ref=storable(entry.bank_ref),
            instruction_id=instruction_id,
            status=state.value,
            code=code,
            parked_id=parked_id,
        )
    )
    session.flush()
    return state


def _given_back(
    session: Session, ctx: Context, statement: BankStatementRow, entry: Entry, order: OutboxRow
) -> tuple[EntryState, str | None, str | None]:
    """An order of ours came back. State, code and parked item of the entry."""
    assert entry.arrival is not None, "what comes back is a credit"
    known = select(BankEntryRow.bank_ref).where(BankEntryRow.status == EntryState.RETURNED.value)
    before = session.exec(known.where(BankEntryRow.instruction_id == str(order.payload["instruction_id"]))).all()
    if storable(entry.bank_ref) in before:
        return EntryState.RETURNED, None, None
    try:
        if before:
            raise Refused("payout_returned_again", f"it came back by {before[0]} before")
        with session.begin_nested():
            returned.undo(session, ctx, order, entry.amount or 0, entry.arrival.received_on)
        return EntryState.RETURNED, None, None
    except ChainfinError as error:
        return EntryState.ODD, error.code, _park_entry(session, ctx, statement, entry, error.code, error.message)


def _taken_back(
    session: Session, ctx: Context, statement: BankStatementRow, entry: Entry, on: date
) -> tuple[EntryState, str | None, str | None]:
    """A credit of before is booked out again. State, code and parked item of the entry; told again it is the same."""
    again = select(BankEntryRow.id).join(BankStatementRow, col(BankStatementRow.id) == col(BankEntryRow.statement_id))
    same = (BankEntryRow.status == EntryState.REVERSED.value, BankEntryRow.bank_ref == storable(entry.bank_ref))
    again = again.where(*same, BankStatementRow.account == statement.account, BankStatementRow.kind != statement.kind)
    if session.exec(again).first() is not None:
        return EntryState.REVERSED, None, None
    try:
        with session.begin_nested():
            amount = Money(-(entry.amount or 0), statement.currency)
            reversed.undo(session, ctx, statement.account, entry.bank_ref, amount, on)
        return EntryState.REVERSED, None, None
    except ChainfinError as error:
        return EntryState.ODD, error.code, _park_entry(session, ctx, statement, entry, error.code, error.message)


def _came_back(session: Session, instruction_id: str) -> bool:
    """Whether the bank told of the order's return before it told that it had gone: the two are nothing."""
    said_before = session.get(BankPaymentRow, instruction_id)
    if said_before is None or (said_before.standing, said_before.code) != (Standing.REFUSED, returned.CODE):
        return False
    back = select(BankEntryRow.id).where(
        BankEntryRow.instruction_id == instruction_id, BankEntryRow.status == EntryState.RETURNED.value
    )
    return session.exec(back).first() is not None


def _repeated(session: Session, instruction_id: str, entry: Entry) -> bool:
    """Whether the order was booked out before, by another entry (the same told again has the same reference)."""
    query = select(BankEntryRow.id).where(
        BankEntryRow.instruction_id == instruction_id, BankEntryRow.status == EntryState.PAID.value
    )
    return session.exec(query.where(BankEntryRow.bank_ref != storable(entry.bank_ref))).first() is not None


def report(
    session: Session,
    ctx: Context,
    instruction_id: str,
    standing: Standing,
    *,
    code: str | None,
    text: str | None = None,
    bank_ref: str = "",
    on: date | None = None,
    evidence: Mapping[str, object],
) -> bool:
    """The bank's word on an order of ours, ``on`` its day. What is final stays: a word that contradicts it is parked.
    True: it is known now, and wasn't before."""
    row = session.get(BankPaymentRow, instruction_id, with_for_update=True)
    if row is None:
        row = BankPaymentRow(
            instruction_id=instruction_id, standing=Standing.IN_FLIGHT.value, evidence={}, said_at=ctx.clock.now()
        )
    if row.standing in FINAL:
        if standing in FINAL and standing != row.standing:
            detail = f"{instruction_id} was {row.standing}, and is said to be {standing} now"
            _park(session, ctx, "payment_status", instruction_id, dict(evidence), "payment_status_contradicts", detail)
        elif standing is Standing.PAID and not row.bank_ref:
            row.bank_ref = storable(bank_ref)
            session.add(row)
        return False
    row.standing = bank_order.transition(Standing(row.standing), MEANT[standing]).value
    row.code, row.text = code, None if text is None else storable(text)
    row.bank_ref, row.evidence, row.said_at = storable(bank_ref), dict(evidence), ctx.clock.now()
    row.paid_on = on if standing is Standing.PAID else None
    session.add(row)
    session.flush()
    return standing in FINAL


def park_part(session: Session, ctx: Context, source: str, raw: str, code: str, detail: str) -> None:
    """A part of a file that can't be understood (a whole statement, a status)."""
    _park(session, ctx, "bank_file_part", source, {"file": source, "xml": raw}, code, detail)


def order_of(session: Session, instruction_ids: tuple[str, ...]) -> OutboxRow | None:
    """The order of ours that goes by one of these ids."""
    if not instruction_ids:
        return None
    number = col(OutboxRow.payload)["instruction_id"].as_string()
    topics = (PayLoan.TOPIC, PayHolder.TOPIC, Refund.TOPIC)
    query = select(OutboxRow).where(
        col(OutboxRow.topic).in_(topics), or_(*(number == each for each in instruction_ids))
    )
    return session.exec(query.order_by(col(OutboxRow.id)).limit(1)).first()


def minor_of(order: OutboxRow) -> int:
    """For how much it is, minor units."""
    return Money.parse(str(order.payload["amount"]), str(order.payload["currency"])).minor


def _park_entry(
    session: Session, ctx: Context, statement: BankStatementRow, entry: Entry, code: str, detail: str
) -> str:
    body = {
        "account": statement.account,
        "statement": statement.number,
        "digest": statement.digest,
        "place": entry.place,
        "entry": entry.raw,
    }
    return _park(session, ctx, "bank_entry", entry.bank_ref or statement.number, body, code, detail)


def _park(
    session: Session, ctx: Context, kind: str, subject: str, body: Mapping[str, object], code: str, detail: str
) -> str:
    item = parking.Item(STATEMENTS, kind, subject, parking.as_payload(body), code, detail)
    return parking.park(session, item, now=ctx.clock.now()).id
