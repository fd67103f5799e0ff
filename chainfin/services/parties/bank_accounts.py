"""A bank account belongs to one party, however it is spelled: in capitals or not, with blanks and dashes or without."""

from __future__ import annotations

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from chainfin.errors import Conflict
from chainfin.storage import locks
from chainfin.storage.bank_tables import VirtualAccountRow
from chainfin.storage.lending_tables import COLLECTION_ACCOUNT
from chainfin.storage.party_tables import PartyRow


def unless_taken(session: Session, account: str, *, but: str = "") -> None:
    """Raises Conflict account_taken: another participant (than ``but``) is paid to it, or it is one on which lenders'
    money comes in."""
    locks.named(session, "bank-accounts")
    other = select(PartyRow.id).where(_same(col(PartyRow.account), account), col(PartyRow.id) != but)
    if session.exec(other).first() is not None:
        raise Conflict("account_taken", "another participant is paid to this account", where="account")
    if is_for_deposits(session, account):
        raise Conflict("account_taken", "on this account lenders' money comes in", where="account")


def is_for_deposits(session: Session, account: str) -> bool:
    """Whether it is opened under a lender's, or the one of before."""
    under = select(VirtualAccountRow.account).where(_same(col(VirtualAccountRow.account), account))
    return _plain(account) == _plain(COLLECTION_ACCOUNT) or session.exec(under).first() is not None


def is_a_partys(session: Session, account: str) -> bool:
    """Whether a participant is paid to it."""
    return session.exec(select(PartyRow.id).where(_same(col(PartyRow.account), account))).first() is not None


def _same(stored: ColumnElement[str] | object, account: str) -> ColumnElement[bool]:
    plain: ColumnElement[bool] = func.lower(func.replace(func.replace(stored, "-", ""), " ", "")) == _plain(account)
    return plain


def _plain(account: str) -> str:
    return account.replace("-", "").replace(" ", "").lower()
