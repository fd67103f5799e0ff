"""The payment rail as a folder that the bank's own client reads and fills: `outbox` has the orders (pain.001, one file
each), `inbox` the bank's files, which go to `done`, or to `refused` where they are no file of a bank.

An order is written once, ever, under the number by which the bank knows it, wherever its file has gone since: that it
was written is kept in the database, and only a person has it written again (`bank_orders`). After a crash between the
two the very same file may be written once more.
It is paid when the bank has booked it, or says that it is settled (ACSC); until then it is in flight.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import structlog
from sqlmodel import Session, col, select
from stdnum import iban

from chainfin.connectors import bank_files
from chainfin.connectors.handlers import Handler, Json, Task
from chainfin.connectors.iso20022 import payout
from chainfin.connectors.iso20022.model import Account
from chainfin.connectors.iso20022.payout import Agent, PaymentOrder, Payout
from chainfin.connectors.outcome import Done, Outcome, Refused, Unknown
from chainfin.errors import BadInput
from chainfin.rules.bank_order import Standing
from chainfin.services.kernel.commands import PayHolder, PayLoan, Refund, parse
from chainfin.services.kernel.context import Context
from chainfin.storage.bank_tables import BankPaymentRow, VirtualAccountRow
from chainfin.storage.lending_tables import IncomingRow, LoanRow
from chainfin.storage.party_tables import PartyRow
from chainfin.values.money import Money

_log = structlog.get_logger("chainfin.bank")

Order = PayLoan | PayHolder | Refund


def agent(number: str) -> Agent:
    """A bank by its BIC, or by its CNAPS number (12 digits)."""
    return Agent(cnaps=number) if number.isdigit() else Agent(bic=number)


class BankFolder:
    """Orders out and files in, for the worker (`handlers`) and a `Loop` (or stepped by hand, `run_once`)."""

    def __init__(self, ctx: Context, folder: Path, bank: Agent, *, rest_s: float = 2.0) -> None:
        self._ctx = ctx
        self._bank = bank
        self.inbox, self.outbox, self.done, self.refused = (
            folder / name for name in ("inbox", "outbox", "done", "refused")
        )
        for place in (self.inbox, self.outbox, self.done, self.refused):
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.rest_s = rest_s

    # in

    def begin(self, wake: Callable[[], None]) -> None:
        """Nobody but the clock wakes this loop: a folder doesn't call."""

    def turn(self) -> bool:
        """Take in all that lies there, then rest."""
        self.run_once()
        return False

    def end(self) -> None:
        """Nothing is in hand between two files."""

    def run_once(self) -> int:
        """Take in each file of the inbox, in the order of their names; how many. A file that is being written still
        has a name that begins with a dot or ends otherwise than in .xml, and waits."""
        files = sorted(each for each in self.inbox.glob("[!.]*.xml") if each.is_file())
        for file in files:
            data = file.read_bytes()
            digest = hashlib.sha256(data).hexdigest()[:8]  # which one it was: its name may be an account
            try:
                report = bank_files.take_in(self._ctx, data, file.name)
            except BadInput as error:
                _log.error("bank_file_refused", digest=digest, code=error.code)
                _put_aside(file, self.refused)
                continue
            _log.info("bank_file_taken", digest=digest, kind=report.kind, parked=report.parked)
            _put_aside(file, self.done)
        return len(files)

    # out

    def handlers(self) -> Mapping[str, Handler]:
        """What the worker does for each kind of order."""
        return {
            PayLoan.TOPIC: lambda task: self._see_through(parse(PayLoan, task.payload), task),
            PayHolder.TOPIC: lambda task: self._see_through(parse(PayHolder, task.payload), task),
            Refund.TOPIC: lambda task: self._see_through(parse(Refund, task.payload), task),
        }

    def _see_through(self, order: Order, task: Task) -> Outcome[Json]:
        """Write the order if it isn't yet, and say what the bank has said of it.

        Refused payee_unknown, and what `payout.write` refuses: then nothing was written.
        """
        number = order.instruction_id
        with self._ctx.store.begin() as session:
            row = session.get(BankPaymentRow, number, with_for_update=True)
            if row is None:
                message = self._message(session, order)
                row = BankPaymentRow(
                    instruction_id=number,
                    standing=Standing.IN_FLIGHT.value,
                    amount=order.amount.minor,
                    currency=order.amount.currency,
                    evidence={"kind": payout.MESSAGE, "xml": message.decode()},
                    said_at=self._ctx.clock.now(),
                )
                session.add(row)
                session.flush()
            standing, code, text = row.standing, row.code, row.text
            unwritten = row.evidence.get("xml") if row.written_at is None else None
            reference, evidence = row.bank_ref, dict(row.evidence)
            at = row.said_at if row.paid_on is None else self._ctx.clock.noon_of(row.paid_on)
        # Committed before it is written: a crash between the two writes the same bytes in the next life.
        if standing == Standing.IN_FLIGHT and isinstance(unwritten, str):
            _write(self.outbox / f"{number}.xml", unwritten.encode())
            with self._ctx.store.begin() as session:
                session.get_one(BankPaymentRow, number, with_for_update=True).written_at = self._ctx.clock.now()
        if standing == Standing.REFUSED:
            return Refused(code or "payment_refused", text or "the bank refused", evidence)
        if standing != Standing.PAID:
            what = "payment_pending" if standing == Standing.IN_FLIGHT else "payment_unconfirmed"
            return Unknown(what, f"the bank has it: {code or 'nothing said yet'}")
        return Done(_done(order, reference or number, evidence, at))

    def _message(self, session: Session, order: Order) -> bytes:
        account, name = _payer(session, order)
        payee_account, payee_name, words = _payee(session, order)
        number = order.instruction_id
        return payout.write(
            PaymentOrder(
                message_id=number,
                payment_info_id=number,
                created_at=self._ctx.clock.now(),
                execute_on=self._ctx.clock.today(),
                debtor_name=name,
                debtor_account=_account(account),
                debtor_agent=self._bank,
                currency=order.amount.currency,
                payouts=(
                    Payout(
                        instruction_id=number,
                        end_to_end_id=number,
                        amount=order.amount,
                        creditor_name=payee_name,
                        creditor_account=_account(payee_account),
                        text=words,
                    ),
                ),
            )
        )


def _payer(session: Session, order: Order) -> tuple[str, str]:
    """Out of which account: the lender's own, or the one on which the money came in; and in whose name it stands."""
    if isinstance(order, PayLoan):
        lender = session.get_one(PartyRow, session.get_one(LoanRow, order.loan_id).lender_id)
        return lender.account, lender.name
    account = session.get_one(IncomingRow, order.incoming_id).account
    query = select(PartyRow).join(VirtualAccountRow, col(VirtualAccountRow.lender_id) == col(PartyRow.id))
    lender_of = session.exec(query.where(VirtualAccountRow.account == account)).first()
    if lender_of is None:
        raise BadInput("payer_account_unknown", f"{account} is no lender's account, so no file can pay out of it")
    return account, lender_of.name


def _payee(session: Session, order: Order) -> tuple[str, str, str]:
    if not isinstance(order, Refund):
        return order.payee_account, order.payee_name, order.purpose
    row = session.get_one(IncomingRow, order.incoming_id)
    if order.payee_account:
        return order.payee_account, order.payee_name, f"return of {row.bank_ref}"
    name = str(row.evidence.get("payer_name", ""))
    if not row.payer_account or not name:
        raise BadInput("payee_unknown", "the bank didn't say from whom it came, so nobody can be paid back")
    return row.payer_account, name, f"return of {row.bank_ref}"


def _account(number: str) -> Account:
    return Account(number, iban.is_valid(number, check_country=False) and number == iban.compact(number))


def _done(order: Order, reference: str, evidence: Json, at: datetime) -> Json:
    amount: Money = order.amount
    told: Json = {"bank_reference": reference, "amount": str(amount), "currency": amount.currency, "evidence": evidence}
    if isinstance(order, Refund):
        return told | {"refund_id": order.instruction_id, "refund_reference": reference, "refunded_at": at.isoformat()}
    return told | {
        "instruction_id": order.instruction_id,
        "payee_account": order.payee_account,
        "paid_at": at.isoformat(),
    }


def _write(file: Path, data: bytes) -> None:
    """Whole or not at all; what is there already is left alone."""
    if file.exists():
        return
    part = file.with_name(f".{file.name}.part")
    with part.open("wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    part.rename(file)


def _put_aside(file: Path, folder: Path) -> None:
    target = folder / file.name
    number = 1
    while target.exists():
        number += 1
        target = folder / f"{file.stem}-{number}{file.suffix}"
    file.rename(target)
