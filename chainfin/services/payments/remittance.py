"""What a payer wrote on its payment, read as what the payment is for. It is a stranger's text: any of it can be read,
what says nothing known is for nobody, and none of it is ever an error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["loan", "receivable", "buy_back", "funding"]

WORDS: Final[Mapping[str, Kind]] = {
    "LOAN": "loan",
    "RECEIVABLE": "receivable",
    "BUYBACK": "buy_back",
    "FUNDING": "funding",
}


@dataclass(frozen=True, slots=True)
class Purpose:
    """``target``: the loan, receivable, pledge or lender that the payer names; whether there is one isn't known yet."""

    kind: Kind
    target: str


def parse(text: str) -> Purpose | None:
    """``LOAN <loan>``, ``RECEIVABLE <receivable>``, ``BUYBACK <pledge>`` or ``FUNDING <lender>``, with any blanks
    around; None: unknown."""
    match text.split():
        case [word, target] if word in WORDS:
            return Purpose(WORDS[word], target)
    return None


def for_loan(loan_id: str) -> str:
    """What a borrower writes on a repayment."""
    return f"LOAN {loan_id}"


def for_funding(lender_id: str) -> str:
    """What a lender writes on money that it places for lending."""
    return f"FUNDING {lender_id}"
