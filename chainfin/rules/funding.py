"""What a lender has placed for lending, in one currency: no cash, no payout.

Money for a loan is committed when its borrower accepts, spent when the bank has paid, and free again when the loan
fails. While the bank's answer isn't known, it stays committed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from chainfin.errors import BadInput, Refusal
from chainfin.values.money import Money


@dataclass(frozen=True, slots=True)
class Funds:
    """``balance``: the lender's cash in the book. ``committed``: of it, for loans that are accepted and not yet paid
    out."""

    balance: Money
    committed: Money

    @property
    def available(self) -> Money:
        """What may be committed yet; zero where more is committed than there is (lent before accounts were kept)."""
        return max(self.balance - self.committed, Money.zero(self.balance.currency))


def credit(funds: Funds, amount: Money) -> Funds:
    """Money of the lender came in: placed, or repaid. Raises BadInput amount_not_positive."""
    _positive(amount)
    return replace(funds, balance=funds.balance + amount)


def commit(funds: Funds, amount: Money) -> Funds | Refusal:
    """Take ``amount`` for a loan, all of it or nothing. Refusal funding_short, without the lender's figures: the
    borrower reads it. Raises BadInput amount_not_positive."""
    _positive(amount)
    if amount > funds.available:
        return Refusal(
            "funding_short",
            "the lender has too little money placed to pay this loan out now",
            {"currency": amount.currency},
        )
    return replace(funds, committed=funds.committed + amount)


def spend(funds: Funds, amount: Money) -> Funds:
    """The bank paid what was committed. Raises BadInput amount_not_positive, funding_not_committed."""
    return replace(free(funds, amount), balance=funds.balance - amount)


def take_back(funds: Funds, amount: Money) -> Funds:
    """Late news from the bank says that ``amount`` of what was credited isn't the lender's. It may be lent already:
    the balance then lies below what is committed, and nothing is available until that is made good.
    Raises BadInput amount_not_positive."""
    _positive(amount)
    return replace(funds, balance=funds.balance - amount)


def free(funds: Funds, amount: Money) -> Funds:
    """The loan failed: what was committed may be lent again. Raises BadInput amount_not_positive,
    funding_not_committed."""
    _positive(amount)
    if amount > funds.committed:
        raise BadInput("funding_not_committed", f"of {funds.committed} committed {amount} can't be taken")
    return replace(funds, committed=funds.committed - amount)


def _positive(amount: Money) -> None:
    if amount.minor <= 0:
        raise BadInput("amount_not_positive", "the amount must be greater than zero")
