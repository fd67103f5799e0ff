"""What a payer wrote on its payment, looked up as the claim that it pays. It is a stranger's text: it is only ever
compared with references that we gave, and what names none of them, or several claims, is for a person."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, select

from chainfin.errors import Refusal
from chainfin.storage.lending_tables import LoanRow
from chainfin.storage.party_tables import PartyRow
from chainfin.storage.pledge_tables import PledgeRow
from chainfin.storage.trade_tables import ReceivableRow
from chainfin.values import payment_reference
from chainfin.values.party import Role
from chainfin.values.payment_reference import Kind


@dataclass(frozen=True, slots=True)
class Purpose:
    """``target``: the loan, receivable, pledge or (of money placed for lending) lender that is paid."""

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
    if references:
        lenders = session.exec(select(PartyRow.id).where(_LENDS).order_by(col(PartyRow.id))).all()
        found += [Purpose("funding", each) for each in lenders if payment_reference.of("funding", each) in references]
    if len(found) == 1:
        return found[0]
    if not found:
        return Refusal("remittance_unknown", "the text names no claim that there is")
    return Refusal("remittance_ambiguous", f"the text names {len(found)} claims, and not how much is for which")


def exists(session: Session, claim: Purpose) -> bool:
    """Whether there is such a claim (or lender)."""
    if claim.kind == "funding":
        return session.exec(select(PartyRow.id).where(_LENDS, PartyRow.id == claim.target)).first() is not None
    return session.get(dict(_TABLES)[claim.kind], claim.target) is not None


_LENDS = col(PartyRow.roles).op("&")(int(Role.LENDER)) != 0
"""Few lend, and their references follow from their ids: nothing has to be kept of them."""


_TABLES: tuple[tuple[Kind, type[LoanRow] | type[ReceivableRow] | type[PledgeRow]], ...] = (
    ("loan", LoanRow),
    ("receivable", ReceivableRow),
    ("buy_back", PledgeRow),
)
