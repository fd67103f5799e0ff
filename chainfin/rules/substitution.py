"""Pledged goods are sold and the receivable of the sale takes their place, in one step: one of the two is pledged.

The conditions of each half are those of `inventory.unpledge` and `receivable.pledge`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from chainfin.errors import Conflict, Refusal
from chainfin.rules import inventory, receivable
from chainfin.rules.inventory import UnitPrice, WarehouseReceipt
from chainfin.rules.receivable import Receivable
from chainfin.values.money import BasisPoints, Money, Rounding


class SubstitutionState(StrEnum):
    OFFERED = "offered"
    """By the lender; nothing is reserved yet."""
    REGISTERING = "registering"
    """The pledgor has granted it; the statutory registry is asked."""
    PLEDGING = "pledging"
    """It has its number, and is on its way to the chain."""
    DONE = "done"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"
    """The registry, the chain or the lender said no: the goods stay pledged."""


class SubstitutionEvent(StrEnum):
    GRANT = "grant"
    REGISTER = "register"
    FINISH = "finish"
    EXPIRE = "expire"
    WITHDRAW = "withdraw"
    FAIL = "fail"


TRANSITIONS: Final[Mapping[tuple[SubstitutionState, SubstitutionEvent], SubstitutionState]] = MappingProxyType(
    {
        (SubstitutionState.OFFERED, SubstitutionEvent.GRANT): SubstitutionState.REGISTERING,
        (SubstitutionState.OFFERED, SubstitutionEvent.EXPIRE): SubstitutionState.EXPIRED,
        (SubstitutionState.OFFERED, SubstitutionEvent.WITHDRAW): SubstitutionState.WITHDRAWN,
        (SubstitutionState.REGISTERING, SubstitutionEvent.REGISTER): SubstitutionState.PLEDGING,
        (SubstitutionState.REGISTERING, SubstitutionEvent.FAIL): SubstitutionState.FAILED,
        (SubstitutionState.PLEDGING, SubstitutionEvent.FAIL): SubstitutionState.FAILED,
        # What is final on chain is done, whatever was thought of it here: both signatures can be sent past the service.
        **{
            (state, SubstitutionEvent.FINISH): SubstitutionState.DONE
            for state in SubstitutionState
            if state is not SubstitutionState.DONE
        },
    }
)
"""The one transition table of a substitution."""

GRANTED: Final = (SubstitutionState.REGISTERING, SubstitutionState.PLEDGING, SubstitutionState.DONE)
"""States in which its pledgor has signed."""


def transition(state: SubstitutionState, event: SubstitutionEvent) -> SubstitutionState:
    """The state after ``event``. Raises Conflict substitution_transition_refused for what isn't in the table."""
    if (state, event) not in TRANSITIONS:
        raise Conflict("substitution_transition_refused", f"a substitution that is {state} can't {event}")
    return TRANSITIONS[state, event]


def substitute(
    goods: WarehouseReceipt,
    debt: Receivable,
    *,
    quantity: int,
    amount: Money,
    sold_id: str,
    pledge_id: str,
    lender: str,
) -> tuple[WarehouseReceipt, Receivable] | Refusal:
    """The lender sets ``quantity`` thousandths of ``goods`` (pledge ``sold_id``) free and takes ``amount`` of ``debt``
    (pledge ``pledge_id``) instead, both or neither.

    Refusals: substitute_foreign (the debt isn't held by the owner of the goods), those of `inventory.unpledge` and of
    `receivable.pledge`.
    """
    if debt.holder != goods.owner:
        proof = {"goods": goods.id, "receivable": debt.id}
        return Refusal("substitute_foreign", "the receivable isn't held by the owner of the goods", proof)
    freed = inventory.unpledge(goods, quantity, pledge_id=sold_id, by=lender)
    if isinstance(freed, Refusal):
        return freed
    pledged = receivable.pledge(debt, amount, pledge_id=pledge_id, lender=lender, by=goods.owner)
    return pledged if isinstance(pledged, Refusal) else (freed, pledged)


def unless_worse(
    there: int, quantity: int, price: UnitPrice, amount: Money, *, others: Money, owed: Money, rate: Decimal
) -> Refusal | None:
    """Whether what secures a loan after the exchange carries what is ``owed``, or at least as much as it did before.

    ``there``: thousandths of goods under the sold pledge, of which ``quantity`` goes for ``amount`` of a receivable;
    ``others``: what may be lent on the loan's other pledges; ``rate``: the share at which it was lent, from 0 to 1.
    Refusal substitution_undervalued.
    """
    ltv = BasisPoints(int(rate * inventory.FULL))
    before = inventory.loan_limit(there, price, ltv) + others
    after = inventory.loan_limit(there - quantity, price, ltv) + amount.times(rate, Rounding.FLOOR) + others
    if after >= min(owed, before):
        return None
    proof = {"before": str(before), "after": str(after), "owed": str(owed)}
    return Refusal("substitution_undervalued", f"{after} would cover {owed}; before it is {before}", proof)
