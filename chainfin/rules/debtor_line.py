"""The credit line (授信额度) of a debtor with the role ``lined``: how much it may confirm. In minor units."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from chainfin.errors import Refusal
from chainfin.rules.receivable_value import MAX_AMOUNT

MAX_SHARE: Final = MAX_AMOUNT
"""The most that one lender can allow: the contracts' 56 bits."""


@dataclass(frozen=True, slots=True)
class Line:
    """What all lenders together allow ``debtor``, and how much of it its confirmed debt uses.

    ``used`` may be above ``limit``: lowering a line stops new confirmations only.
    """

    debtor: str
    limit: int = 0
    used: int = 0


def set_share(line: Line, *, old: int, new: int) -> Line | Refusal:
    """A lender changes its share of the line from ``old`` to ``new``. Refusal amount_too_large."""
    if new > MAX_SHARE:
        return Refusal("amount_too_large", "the limit does not fit the register's 56 bits", {"limit": new})
    return replace(line, limit=line.limit - old + new)


def draw(line: Line, face: int) -> Line | Refusal:
    """The debtor confirms ``face``. Refusal line_exceeded: its confirmed debt would be more than its lenders allow."""
    wanted = line.used + face
    if wanted > line.limit:
        proof = {"debtor": line.debtor, "wanted": wanted, "limit": line.limit, "used": line.used}
        return Refusal("line_exceeded", "the debtor's confirmed debt would exceed what its lenders allow", proof)
    return replace(line, used=wanted)


def give_back(line: Line, amount: int) -> Line:
    """``amount`` of debt that used the line was paid or credited: that much can be confirmed again."""
    return replace(line, used=line.used - amount)
