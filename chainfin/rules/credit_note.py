"""Where a credit note (红字发票) is taken off: what is free of a claim and its parts bears it at once, the rest of it
waits until what is pledged or promised comes free.

Pure. Amounts in whole minor units of one currency.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Note:
    """A credit note by its document, of which ``left`` isn't off on chain yet: given by ``holder`` on ``claim``."""

    id: str
    claim: str
    holder: str
    left: int


@dataclass(frozen=True, slots=True)
class Bearer:
    """A claim of the credited invoice, whole or part. ``free``: neither pledged nor promised to a lender, nor paid;
    ``bound``: what else its debtor still owes on it."""

    id: str
    holder: str
    free: int
    bound: int


@dataclass(frozen=True, slots=True)
class Share:
    """What one claim bears of one note: ``asked`` by acts on their way, ``now`` out of what is free, ``later`` once it
    comes free."""

    note: str
    claim: str
    asked: int = 0
    now: int = 0
    later: int = 0

    @property
    def total(self) -> int:
        return self.asked + self.now + self.later


def spread(notes: Sequence[Note], bearers: Sequence[Bearer], asked: Mapping[tuple[str, str], int]) -> list[Share]:
    """How the notes (the oldest first) lie on the claims of their holders. ``asked``: by note and claim, what acts on
    their way take off.

    Whatever is free bears first, whichever claim's it is, so that nothing is lent on or passed on that a note takes
    off. Within that the note's own claim comes first, then the others as they are given. What no claim can bear (all
    of it was paid or taken) is left out: it is between holder and debtor."""
    left = {note.id: note.left for note in notes}
    free = {each.id: each.free for each in bearers}
    bound = {each.id: each.bound for each in bearers}
    shares = {(note.id, claim.id): Share(note.id, claim.id) for note in notes for claim in _own_first(note, bearers)}
    for key, amount in asked.items():
        if key in shares:
            part = min(amount, left[key[0]], free[key[1]])
            left[key[0]] -= part
            free[key[1]] -= part
            shares[key] = replace(shares[key], asked=part)
    for there in (free, bound):
        for key, share in shares.items():
            part = min(left[key[0]], there[key[1]])
            left[key[0]] -= part
            there[key[1]] -= part
            shares[key] = replace(share, now=part) if there is free else replace(share, later=part)
    return [share for share in shares.values() if share.total]


def _own_first(note: Note, bearers: Sequence[Bearer]) -> list[Bearer]:
    mine = [each for each in bearers if each.holder == note.holder]
    return sorted(mine, key=lambda each: each.id != note.claim)
