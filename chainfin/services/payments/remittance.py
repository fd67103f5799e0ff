"""What a payer wrote on its payment, looked up as the claim that it pays. It is a stranger's text: it is only ever
compared with references that we gave, and what names none of them, or several claims, is for a person."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, select

from chainfin.errors import Refusal
from chainfin.storage.lending_tables import LoanRow
from chainfin.storage.trade_tables import PledgeRow, ReceivableRow
from chainfin.values import payment_reference
from chainfin.values.payment_reference import Kind


@dataclass(frozen=True, slots=True)
class Purpose:
    """``target``: the loan, receivable or pledge that is paid."""

    kind: Kind
    target: str


def purpose(session: Session, text: str) -> Purpose | Refusal:
    """The one claim that the text names. Refusals: remittance_unknown, remittance_ambiguous."""
    references = payment_reference.named(text)
    found = [
        Purpose(kind, target)
        for kind, table in _TABLES
        for target in session.exec(select(table.id).where(col(table.reference).in_(references))).all()
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        return Refusal("remittance_unknown", "the text names no claim that there is")
    return Refusal("remittance_ambiguous", f"the text names {len(found)} claims, and not how much is for which")


def exists(session: Session, claim: Purpose) -> bool:
    """Whether there is such a claim."""
    return session.get(dict(_TABLES)[claim.kind], claim.target) is not None


_TABLES: tuple[tuple[Kind, type[LoanRow] | type[ReceivableRow] | type[PledgeRow]], ...] = (
    ("loan", LoanRow),
    ("receivable", ReceivableRow),
    ("buy_back", PledgeRow),
)
