"""Which entry of the bank's a payment is, by whatever way it is told of: the account (with all under it), the bank's
own reference, the value date and the amount. A feed, a notification and a statement may name its payer and write its
text each in their own way; told by another way, it is the same entry still.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlmodel import Session, col, select

from chainfin.services.payments.allocation import Arrival
from chainfin.storage.bank_tables import VirtualAccountRow
from chainfin.storage.lending_tables import IncomingRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.types import storable

FEED = "feed"


def bank_account(session: Session, account: str) -> str:
    """The account within which a bank reference is unique. A lender's account and the virtual accounts under it count
    as one, named by the lender's id (its account number may change); any other account is named by its own number."""
    under = session.get(VirtualAccountRow, account)
    if under is not None:
        return under.lender_id
    own = select(VirtualAccountRow.lender_id).join(PartyRow, col(PartyRow.id) == col(VirtualAccountRow.lender_id))
    return session.exec(own.where(PartyRow.account == account).limit(1)).first() or account


def same(one: IncomingRow, other: IncomingRow) -> bool:
    """Whether two lines that came by one way, under one reference of one account, tell of one payment: told twice by
    the same way it has the same words. Others are another content."""
    return _identity(one) == _identity(other) and _words(one) == _words(other)


def told_another_way(session: Session, arrival: Arrival) -> bool:
    """Whether the same bank entry was taken in before, by another channel (feed, notification or statement). Where it
    was known from a file only and now comes by the feed, the feed's evidence replaces the file's: the bank has signed
    it."""
    for row in _earlier(session, arrival):
        if _way(row.sequence, row.evidence) != _way(arrival.sequence, arrival.evidence):
            if _way(arrival.sequence, arrival.evidence) == FEED:
                row.evidence, row.sequence = dict(arrival.evidence), arrival.sequence
                session.add(row)
            return True
    return False


def known(session: Session, arrival: Arrival) -> bool:
    """Whether the entry was taken in before, by whatever way."""
    return bool(_earlier(session, arrival))


def _earlier(session: Session, arrival: Arrival) -> list[IncomingRow]:
    """Payments that are this entry."""
    named = session.exec(select(IncomingRow).where(IncomingRow.bank_ref == storable(arrival.bank_ref))).all()
    said = (arrival.amount.minor, arrival.amount.currency, arrival.received_on)
    at = bank_account(session, storable(arrival.payee_account))
    return [row for row in named if _identity(row) == said and bank_account(session, row.account) == at]


def _identity(row: IncomingRow) -> tuple[object, ...]:
    return row.amount, row.currency, row.received_on


def _words(row: IncomingRow) -> tuple[object, ...]:
    return row.payer_account, row.remittance


def _way(sequence: int, evidence: Mapping[str, object]) -> object:
    """A bank's file says which message it was; a feed counts its lines."""
    return FEED if sequence else evidence.get("kind")
