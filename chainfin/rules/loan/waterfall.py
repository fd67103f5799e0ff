"""What is owed, part by part, and how a payment is spread over it. The order is data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from chainfin.errors import BadInput
from chainfin.rules import ledger
from chainfin.values.money import Money


class Due(StrEnum):
    """A part of what is owed. Overdue interest: accrued up to a due date that has passed; interest: since then."""

    FEE = "fee"
    PENALTY = "penalty"
    OVERDUE_INTEREST = "overdue_interest"
    INTEREST = "interest"
    PRINCIPAL = "principal"


DEFAULT_WATERFALL = (Due.FEE, Due.PENALTY, Due.OVERDUE_INTEREST, Due.INTEREST, Due.PRINCIPAL)

RECEIVABLE_OF: Mapping[Due, ledger.Account] = {
    Due.FEE: ledger.FEE_RECEIVABLE,
    Due.PENALTY: ledger.PENALTY_RECEIVABLE,
    Due.OVERDUE_INTEREST: ledger.INTEREST_RECEIVABLE,
    Due.INTEREST: ledger.INTEREST_RECEIVABLE,
    Due.PRINCIPAL: ledger.LOANS,
}


def checked_waterfall(order: Sequence[Due]) -> tuple[Due, ...]:
    """``order`` if it names every part once. Raises BadInput waterfall_invalid."""
    if sorted(order) != sorted(Due):
        raise BadInput("waterfall_invalid", "a waterfall names every part of what is owed exactly once")
    return tuple(order)


@dataclass(frozen=True, slots=True)
class Dues:
    """What is owed on a day if the loan were paid off on it; every part is at least zero."""

    fee: Money
    penalty: Money
    overdue_interest: Money
    interest: Money
    principal: Money

    def __getitem__(self, due: Due) -> Money:
        part: Money = getattr(self, due.value)
        return part

    @property
    def total(self) -> Money:
        return self.fee + self.penalty + self.overdue_interest + self.interest + self.principal


@dataclass(frozen=True, slots=True)
class Allocation:
    """A payment spread: the parts in the order they were served, and the rest. They add up to the payment."""

    parts: tuple[tuple[Due, Money], ...]
    remainder: Money

    def __getitem__(self, due: Due) -> Money:
        return dict(self.parts)[due]

    @property
    def allocated(self) -> Money:
        return sum((part for _, part in self.parts), Money.zero(self.remainder.currency))

    def ledger_parts(self) -> tuple[tuple[ledger.Account, Money], ...]:
        """The accounts that the parts settle, both kinds of interest in one line."""
        sums: dict[str, Money] = {}
        for due, part in self.parts:
            code = RECEIVABLE_OF[due].code
            sums[code] = sums[code] + part if code in sums else part
        return tuple((ledger.account(code), part) for code, part in sums.items())


def allocate(payment: Money, dues: Dues, order: Sequence[Due] = DEFAULT_WATERFALL) -> Allocation:
    """Serve the parts in ``order`` until the payment is used up.

    Raises BadInput amount_not_positive, currency_mismatch, waterfall_invalid.
    """
    if payment.minor <= 0:
        raise BadInput("amount_not_positive", f"a payment must be greater than zero, not {payment}")
    parts: list[tuple[Due, Money]] = []
    left = payment
    for due in checked_waterfall(order):
        part = min(left, dues[due])
        parts.append((due, part))
        left -= part
    return Allocation(tuple(parts), left)
