"""Money that a lender places for lending: paid from its own account, under its own reference."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from chainfin.rules import postings
from chainfin.services.books import funding_accounts, journals
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.payments import instructions
from chainfin.services.payments.allocation import Payment
from chainfin.storage.party_tables import PartyRow
from chainfin.values import payment_reference
from chainfin.values.money import Money
from chainfin.values.party import PartyState, Role
from chainfin.values.reference import printed


def for_funding(session: Session, ctx: Context, payment: Payment, lender_id: str) -> tuple[Money, str]:
    """What is left over of a lender's payment, and why: all of it, where it names no lender or comes from another
    account than the lender's – the money of somebody else is not lent in its name."""
    lender = session.get(PartyRow, lender_id)
    if lender is None or lender.status == PartyState.PENDING or not lender.roles & Role.LENDER:
        return payment.amount, "lender_unknown"
    if payment.payer_account != lender.account:
        return payment.amount, "funding_payer_foreign"
    placed = postings.placed(lender.id, payment.row.book_ref, payment.amount, payment.received_on)
    journals.post(session, placed, now=ctx.clock.now(), payment=payment.row.id)
    funding_accounts.place(session, ctx, lender.id, payment.amount)
    return Money.zero(payment.amount.currency), ""


@dataclass(frozen=True, slots=True)
class DepositInstruction:
    """What a lender writes on money that it places, to ``account``, which stands in its name; paid from
    ``payer_account``."""

    account: str
    payer_account: str
    payer_name: str
    remittance: str


def instruction(ctx: Context, actor: Actor) -> DepositInstruction:
    """How the asking lender places money for lending. Raises Forbidden role_missing."""
    lender_id = actor.require(Role.LENDER)
    with ctx.store.begin() as session:
        lender = session.get_one(PartyRow, lender_id)
        account = instructions.virtual(session, ctx, lender_id, lender_id)
        words = printed(payment_reference.of("funding", lender_id))
        return DepositInstruction(account, lender.account, lender.name, words)
