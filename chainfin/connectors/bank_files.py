"""A bank's files taken in: statements and notifications (camt.053/054) and statuses of orders (pain.002).

A file carries no signature that a partner's answer has: it comes by a folder that the bank's own client fills, or by
the word of two persons (`bank_by_hand`). What can't be understood of it is parked, and the rest is taken in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlmodel import Session

from chainfin.connectors.iso20022 import camt, continuity, model, status
from chainfin.connectors.iso20022.model import Kind
from chainfin.errors import BadInput
from chainfin.services.kernel.context import Context
from chainfin.services.payments import statements
from chainfin.services.payments.allocation import Arrival
from chainfin.services.payments.statements import Taken
from chainfin.storage import locks
from chainfin.storage.bank_tables import BankPaymentRow, BankStatementRow
from chainfin.values.money import Money
from chainfin.values.reference import find_all, printed


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a file. ``again``: statements that were taken in before; ``statuses``: orders that ended by it;
    ``parked``: parts that nobody could understand."""

    kind: str
    taken: tuple[Taken, ...] = ()
    again: int = 0
    statuses: int = 0
    parked: int = 0


def read(ctx: Context, data: bytes, source: str) -> model.Message | status.StatusReport:
    """What a bank's file says. Raises BadInput document_… (no safe XML), message_kind_unknown."""
    try:
        return camt.read(data, source=source)
    except BadInput as error:
        if error.code != "message_kind_unknown":
            raise
        return status.read(data, source=source, zone=ctx.clock.zone)


def take_in(ctx: Context, data: bytes, source: str) -> Report:
    """Take in a file that came by a trusted way, whole or not at all. Raises as `read`."""
    message = read(ctx, data, source)
    with ctx.store.begin() as session:
        return take(session, ctx, message, source)


def take(session: Session, ctx: Context, message: model.Message | status.StatusReport, source: str) -> Report:
    """All that the file says, in the caller's transaction."""
    if isinstance(message, status.StatusReport):
        return _statuses(session, ctx, message, source)
    taken: list[Taken] = []
    again = 0
    for part in message.parked:
        statements.park_part(session, ctx, source, part.raw_xml, part.code, f"{part.where}: {part.detail}")
    for one in message.statements:
        account = one.account.id
        locks.named(session, f"bank-statements:{account}")
        if statements.known(session, account, one.currency, one.kind.value, one.digest):
            again += 1
            continue
        before = statements.last(session, account, one.currency, one.kind.value)
        difference = continuity.follows(None if before is None else _earlier(before), one)
        found = None if difference is None else (difference.code, difference.message, difference.minor)
        taken.append(statements.keep(session, ctx, statement_of(one, source, found)))
    return Report(message.kind.value, tuple(taken), again, parked=len(message.parked))


def _earlier(row: BankStatementRow) -> model.Statement:
    """What continuity asks of the statement before."""
    return model.Statement(
        kind=Kind(row.kind),
        id=row.number,
        sequence=row.sequence,
        page=row.page,
        last_page=row.last_page,
        account=model.Account(row.account, row.iban),
        currency=row.currency,
        from_at=None,
        to_at=None,
        opening=_balance(row.opening, row),
        closing=_balance(row.closing, row),
        entries=(),
        unbooked=(),
        parked=(),
        digest=row.digest,
    )


def _balance(minor: int | None, row: BankStatementRow) -> model.Balance | None:
    day = row.closing_on or row.opening_on
    return None if minor is None or day is None else model.Balance(Money(minor, row.currency), day)


def statement_of(one: model.Statement, source: str, difference: tuple[str, str, int] | None) -> statements.Statement:
    """As `statements` takes it in."""
    unread = [
        statements.Entry(
            place=f"parked {number}",
            amount=None if each.booked is None else each.booked.minor,
            bank_ref="",
            raw=each.raw_xml,
            code=each.code,
            detail=f"{each.where}: {each.detail}",
        )
        for number, each in enumerate(one.parked, 1)
    ]
    return statements.Statement(
        account=one.account.id,
        iban=one.account.iban,
        currency=one.currency,
        kind=one.kind.value,
        number=one.id,
        sequence=one.sequence,
        page=one.page,
        last_page=one.last_page,
        digest=one.digest,
        opening=_plain(one.opening),
        closing=_plain(one.closing),
        source=source,
        entries=(*_entries(one, source), *unread),
        difference=difference,
    )


def _plain(balance: model.Balance | None) -> statements.Balance | None:
    return None if balance is None else statements.Balance(balance.amount.minor, balance.on)


def _entries(one: model.Statement, source: str) -> Iterator[statements.Entry]:
    for entry in one.entries:
        references = [payment.bank_reference for payment in entry.payments]
        for payment in entry.payments:
            place = f"{entry.position}/{payment.position}"
            minor = payment.amount.minor if payment.credit else -payment.amount.minor
            reference = payment.bank_reference or ""
            if references.count(payment.bank_reference) > 1:
                reference = f"{reference}/{payment.position}"  # of a batch the bank has only one
            own = tuple(each for each in (payment.end_to_end_id, payment.instruction_id) if each)
            raw = f"{payment.amount} {payment.amount.currency} {'in' if payment.credit else 'out'}, {reference}"
            booked = statements.Entry(place, minor, reference, raw)
            back = payment.returned is not None or entry.reversal
            if not payment.bank_reference:
                yield _odd(booked, "bank_reference_missing", "the bank gives it no reference of its own")
            elif not payment.credit:
                if entry.reversal:
                    yield statements.Entry(place, minor, reference, raw, taken_back_on=entry.value_on)
                else:
                    yield statements.Entry(place, minor, reference, raw, instruction_ids=own, booked_on=entry.booked_on)
            elif back and not own:
                yield _odd(booked, "entry_reversed", "the bank gives back what it had booked out, and doesn't say what")
            else:
                arrival = _arrival(one, entry, payment, reference, source, place)
                yield statements.Entry(place, minor, reference, raw, arrival, own if back else ())


def _odd(entry: statements.Entry, code: str, detail: str) -> statements.Entry:
    return statements.Entry(entry.place, entry.amount, entry.bank_ref, entry.raw, code=code, detail=detail)


def _arrival(
    one: model.Statement, entry: model.Entry, payment: model.Payment, reference: str, source: str, place: str
) -> Arrival:
    named = payment.creditor.account
    return Arrival(
        bank_ref=reference,
        sequence=0,
        payer_account="" if payment.debtor.account is None else payment.debtor.account.id,
        # a virtual account stands in the statement of the one that it is under
        payee_account=one.account.id if named is None else named.id,
        amount=payment.amount,
        remittance=_remittance(payment),
        received_on=entry.value_on,
        evidence={
            "kind": one.kind.value,
            "file": source,
            "statement": one.id,
            "digest": one.digest,
            "place": place,
            "payer_name": payment.debtor.name or "",
        },
    )


def _remittance(payment: model.Payment) -> str:
    """What the payer wrote, as a rail would tell it: a reference that its text has isn't said twice."""
    text = " ".join(payment.remittance)
    written = find_all(text)
    return " ".join((*(printed(each) for each in payment.references if each not in written), *payment.remittance))


def _statuses(session: Session, ctx: Context, report: status.StatusReport, source: str) -> Report:
    """The bank's words on orders that are in flight; each order of ours went in a message of its own name."""
    ended = 0
    for part in report.parked:
        statements.park_part(session, ctx, source, part.raw_xml, part.code, f"{part.where}: {part.detail}")
    number = report.original_message_id
    row = None if number is None else session.get(BankPaymentRow, number)
    if number is not None and row is None:
        detail = f"{number} is no order that went out as a file"
        statements.park_part(session, ctx, source, number, "original_message_unknown", detail)
    elif number is not None:
        ended += _status(session, ctx, number, report, source)
    return Report(status.MESSAGE, statuses=ended, parked=len(report.parked))


def _status(session: Session, ctx: Context, number: str, report: status.StatusReport, source: str) -> bool:
    reply = report.of(number, number, number, number)
    evidence = {"file": source, "kind": status.MESSAGE, "message": report.id or "", "code": reply.code or ""}
    why = reply.text or " ".join(reply.reasons) or None
    code = reply.reasons[0] if reply.reasons else reply.code
    at = reply.at or report.made_at
    on = None if at is None else ctx.clock.day_of(at)
    return statements.report(session, ctx, number, reply.standing, code=code, text=why, on=on, evidence=evidence)
