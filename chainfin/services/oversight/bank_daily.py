"""The bank's closing balance of each day held against the book without being asked: a difference waits for a person."""

from __future__ import annotations

import json

from sqlmodel import Session, col, select

from chainfin.rules import bank_order
from chainfin.rules.parked_item import ParkedState
from chainfin.services.kernel import parking
from chainfin.services.kernel.commands import PayHolder, PayLoan, Refund
from chainfin.services.kernel.context import Context
from chainfin.services.oversight import reconcile_bank
from chainfin.services.oversight.findings import Findings
from chainfin.services.payments.statement_series import OUT_OF_ORDER
from chainfin.services.payments.statements import STATEMENT, STATEMENTS
from chainfin.storage import locks
from chainfin.storage.bank_tables import BankPaymentRow, BankStatementRow
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.oversight_tables import ParkedItemRow
from chainfin.values import command_state
from chainfin.values.money import Money


def run_due(ctx: Context) -> int:
    """Compare every account whose newest closing balance wasn't compared yet. Returns how many. What differs by entries
    that are parked waits with these; what nobody has named is parked here, and so is, once, what differed already when
    the account's first statement opened."""
    with ctx.store.read() as session:
        due = [each for each in _due(session) if not _incomplete(session, *each)]
        if not due or _under_way(session):
            return 0
    with ctx.store.begin() as session:
        return sum(_compare(session, ctx, account, currency) for account, currency in due)


def _due(session: Session) -> list[tuple[str, str]]:
    query = select(BankStatementRow.account, BankStatementRow.currency).where(
        BankStatementRow.kind == STATEMENT,
        col(BankStatementRow.closing).is_not(None),
        col(BankStatementRow.cash_difference).is_(None),
    )
    return [(account, currency) for account, currency in session.exec(query.distinct())]


def _incomplete(session: Session, account: str, currency: str) -> bool:
    """Whether a statement of the account is missing, which is named already: until it has come, or a person has said
    that there is none, the balance says nothing."""
    query = select(BankStatementRow.id).join(ParkedItemRow, col(ParkedItemRow.id) == col(BankStatementRow.parked_id))
    query = query.where(
        BankStatementRow.account == account,
        BankStatementRow.currency == currency,
        col(BankStatementRow.difference).in_(OUT_OF_ORDER),
        ParkedItemRow.status == ParkedState.OPEN.value,
    )
    return session.exec(query.limit(1)).first() is not None


def _under_way(session: Session) -> bool:
    """Whether the bank has ended an order and the book doesn't have it yet."""
    orders = select(OutboxRow.id).where(
        col(OutboxRow.topic).in_((PayLoan.TOPIC, PayHolder.TOPIC, Refund.TOPIC)),
        col(OutboxRow.status).in_(command_state.UNDER_WAY),
    )
    number = col(OutboxRow.payload)["instruction_id"].as_string()
    ended = select(BankPaymentRow.instruction_id).where(col(BankPaymentRow.standing).in_(bank_order.FINAL))
    return session.exec(orders.where(number.in_(ended)).limit(1)).first() is not None


def _compare(session: Session, ctx: Context, account: str, currency: str) -> int:
    locks.named(session, f"bank-statements:{account}")
    _compare_opening(session, ctx, account, currency)
    compared = reconcile_bank.compare(session, account, currency, Findings())
    difference = 0 if compared is None else compared.bank - compared.book
    unnamed = 0 if compared is None else difference - compared.parked
    query = select(BankStatementRow).where(
        BankStatementRow.account == account,
        BankStatementRow.currency == currency,
        BankStatementRow.kind == STATEMENT,
        col(BankStatementRow.cash_difference).is_(None),
    )
    for row in session.exec(query):
        row.cash_difference = difference
        session.add(row)
    if compared is not None and not unnamed:
        _agree(session, account, currency, compared.statement.number)
    if compared is not None and unnamed:
        of = compared.statement
        body = {"account": account, "statement": of.number, "currency": currency, "difference": str(unnamed)}
        detail = f"{account}, {of.closing_on}: the bank has {Money(unnamed, currency)} {currency} more than the book"
        code = "bank_cash_differs"
        item = parking.Item(
            STATEMENTS, "bank_balance", f"{account}, {of.number}", parking.as_payload(body), code, detail
        )
        parking.park(session, item, now=ctx.clock.now())
    return 1


def _agree(session: Session, account: str, currency: str, number: str) -> None:
    """What differed by an earlier statement, and was parked, was explained by a later one."""
    query = select(ParkedItemRow).where(ParkedItemRow.source == STATEMENTS, ParkedItemRow.reason == "bank_cash_differs")
    for item in session.exec(query.where(ParkedItemRow.status == ParkedState.OPEN.value).with_for_update()):
        of = json.loads(item.payload)
        if (of["account"], of["currency"]) == (account, currency):
            parking.resolve(session, item, "system", f"the balances agree by {number}")


def _compare_opening(session: Session, ctx: Context, account: str, currency: str) -> None:
    opening = reconcile_bank.first_opening(session, account, currency)
    if opening is None or opening.opening_difference is not None:
        return
    difference = opening.opening_difference = reconcile_bank.opening_difference(session, opening)
    if difference:
        body = {"account": account, "statement": opening.number, "currency": currency, "difference": str(difference)}
        detail = (
            f"{account}: its first statement opens on {opening.opening_on} with {Money(difference, currency)} "
            f"{currency} more than the book had by then"
        )
        code = "bank_opening_differs"
        subject = f"{account}, {opening.number}"
        item = parking.Item(STATEMENTS, "bank_balance", subject, parking.as_payload(body), code, detail)
        opening.opening_parked_id = parking.park(session, item, now=ctx.clock.now()).id
    session.add(opening)
    session.flush()
