"""Where to pay: the lender's account for this payer where a claim is pledged or a loan is repaid, the holder's own
where it isn't. No account gathers what is several people's; the platform has none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, func, select

from chainfin.errors import Conflict, NotFound
from chainfin.rules import pledge as pledges
from chainfin.rules.loan import payoff
from chainfin.services.books import loan_book
from chainfin.services.kernel import in_flight
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.parties import bank_accounts
from chainfin.services.payments import allocation
from chainfin.services.trade import pending_credits, receivable_state
from chainfin.storage import locks
from chainfin.storage.bank_tables import VirtualAccountRow
from chainfin.storage.lending_tables import COLLECTION_ACCOUNT, IncomingRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.values.money import Money
from chainfin.values.reference import CreditorReference, printed

MAX_ACCOUNT = 34
"""Characters of an account's number in a bank's message (ISO 20022 Max34Text)."""


@dataclass(frozen=True, slots=True)
class PaymentInstruction:
    """What a payer has to write on its payment. ``payee``: in whose name the account stands."""

    account: str
    payee: str
    remittance: str
    amount: Money


@dataclass(frozen=True, slots=True)
class ReceivablePayment:
    """How the debtor pays a receivable: ``amount`` is all that is open of it, ``under_way`` what was paid and isn't on
    chain yet, ``credit_pending`` what a credit note takes off and isn't off yet, ``beyond`` what the holder was paid
    above what was owed: that is between the two of them."""

    receivable_id: str
    account: str
    payee: str
    reference: CreditorReference
    amount: Money
    under_way: Money
    credit_pending: Money
    beyond: Money
    due_date: date


def virtual(session: Session, ctx: Context, lender_id: str, payer_id: str) -> str:
    """The lender's account for this payer, opened at first need: a number of its own under the lender's."""
    query = select(VirtualAccountRow.account).where(
        VirtualAccountRow.lender_id == lender_id, VirtualAccountRow.payer_id == payer_id
    )
    found = session.exec(query).first()
    if found is not None:
        return found
    locks.named(session, f"virtual-accounts:{lender_id}")
    found = session.exec(query).first()
    if found is not None:
        return found
    opened = session.exec(
        select(func.count()).select_from(VirtualAccountRow).where(VirtualAccountRow.lender_id == lender_id)
    ).one()
    under = session.get_one(PartyRow, lender_id).account
    number = opened + 1
    while bank_accounts.is_a_partys(session, f"{under}-{number:04d}") or bank_accounts.is_for_deposits(
        session, f"{under}-{number:04d}"
    ):
        number += 1
    row = VirtualAccountRow(
        account=f"{under}-{number:04d}", lender_id=lender_id, payer_id=payer_id, created_at=ctx.clock.now()
    )
    session.add(row)
    session.flush()
    return row.account


def is_a_lenders(session: Session, account: str) -> bool:
    """Whether money on this account is a lender's, in the book: one opened for a payer, or the one of before."""
    return account == COLLECTION_ACCOUNT or session.get(VirtualAccountRow, account) is not None


def for_loan(ctx: Context, actor: Actor, loan_id: str, amount: Money | None) -> PaymentInstruction:
    """How the borrower repays ``amount`` (None: all that settles the loan today).

    Raises NotFound loan_unknown; Conflict loan_over: nothing is owed.
    """
    with ctx.store.begin() as session:
        row, loan = loan_book.load(session, ctx, loan_id)
        if not actor.sees_all and actor.party_id not in (row.borrower_id, row.lender_id):
            raise NotFound("loan_unknown", f"there is no loan {loan_id}")
        due = payoff(loan, max(ctx.clock.today(), loan.accrued_to))
        if amount is None and not due.minor:
            raise Conflict("loan_over", f"nothing is owed: the loan is {row.status}")
        account = virtual(session, ctx, row.lender_id, row.borrower_id)
        payee = session.get_one(PartyRow, row.lender_id).name
        return PaymentInstruction(account, payee, printed(CreditorReference(row.reference)), amount or due)


def for_buy_back(ctx: Context, pledge_id: str, buyer_id: str) -> tuple[str, str]:
    """Account and remittance by which who undertook it buys back what is pledged."""
    with ctx.store.begin() as session:
        pledge = session.get_one(PledgeRow, pledge_id)
        account = virtual(session, ctx, pledge.lender_id, buyer_id)
        return account, printed(CreditorReference(pledge.reference))


def for_sale(ctx: Context, pledge_id: str) -> tuple[str, str]:
    """Account (on which the pledgor repays) and remittance by which a buyer pays for goods that were taken."""
    with ctx.store.begin() as session:
        pledge = session.get_one(PledgeRow, pledge_id)
        account = virtual(session, ctx, pledge.lender_id, pledge.pledgor_id)
        return account, printed(CreditorReference(pledge.reference))


def for_receivable(ctx: Context, actor: Actor, receivable_id: str) -> ReceivablePayment:
    """How the debtor pays it, as things stand: asked again after a pledge or a transfer, the answer may be another.

    Raises NotFound receivable_unknown.
    """
    with ctx.store.begin() as session:
        row = session.get(ReceivableRow, receivable_id)
        if row is None or not (actor.sees_all or actor.party_id in receivable_state.parties(row)):
            raise NotFound("receivable_unknown", f"there is no receivable {receivable_id}")
        account, payee = _of_receivable(session, ctx, row)
        owed = receivable_state.outstanding(row)
        under_way = min(owed, sum(in_flight.attested(session, row.id).values()))
        credited = min(owed - under_way, pending_credits.on(session, row))
        return ReceivablePayment(
            receivable_id=row.id,
            account=account,
            payee=session.get_one(PartyRow, payee).name,
            reference=CreditorReference(row.reference),
            amount=Money(owed - under_way - credited, row.currency),
            under_way=Money(under_way, row.currency),
            credit_pending=Money(credited, row.currency),
            beyond=Money(_beyond(session, row.id), row.currency),
            due_date=row.due_date,
        )


def _beyond(session: Session, receivable_id: str) -> int:
    total = select(func.coalesce(func.sum(IncomingRow.beyond), 0)).where(IncomingRow.receivable_id == receivable_id)
    return int(session.exec(total).one())


def _of_receivable(session: Session, ctx: Context, row: ReceivableRow) -> tuple[str, str]:
    """The account and whose it is: the first pledgee's, who passes on what its loan doesn't need; else the holder's."""
    pledgee = session.exec(
        select(PledgeRow.lender_id)
        .where(PledgeRow.asset_id == row.id, col(PledgeRow.status).in_((pledges.State.PENDING.value, *pledges.LIVE)))
        .order_by(col(PledgeRow.status) == pledges.State.PENDING.value, col(PledgeRow.created_at), col(PledgeRow.id))
    ).first()
    if pledgee is None and allocation.taken_under(session, row) is not None:
        pledgee = row.holder_id  # it lent on it, and took it: what is paid still serves the loan
    if pledgee is not None:
        return virtual(session, ctx, pledgee, row.debtor_id), pledgee
    return session.get_one(PartyRow, row.holder_id).account, row.holder_id
