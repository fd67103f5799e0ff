"""What a receivable is: the value, its transition table, the checks that its acts share (see `receivable`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from chainfin.errors import Refusal
from chainfin.rules.authority import CHAIN, By, On
from chainfin.values.money import Money


class State(StrEnum):
    """Where a receivable stands; how much of it is free, pledged, paid … is in the amounts."""

    ISSUED = "issued"
    CONFIRMED = "confirmed"
    DISPUTED = "disputed"
    SETTLED = "settled"
    DEFAULTED = "defaulted"
    CANCELLED = "cancelled"


ALLOWED: Final[Mapping[str, frozenset[State]]] = {
    "confirm": frozenset({State.ISSUED}),
    "cancel": frozenset({State.ISSUED, State.DISPUTED}),
    "dispute": frozenset({State.ISSUED, State.CONFIRMED}),
    "resolve_dispute": frozenset({State.DISPUTED}),
    "credit": frozenset({State.CONFIRMED, State.DISPUTED, State.DEFAULTED}),
    "split": frozenset({State.CONFIRMED}),
    "transfer": frozenset({State.CONFIRMED, State.DEFAULTED}),
    "pledge": frozenset({State.CONFIRMED}),
    "release": frozenset({State.CONFIRMED, State.DISPUTED, State.DEFAULTED}),
    "settle": frozenset({State.CONFIRMED, State.DISPUTED, State.DEFAULTED}),
    "enforce": frozenset({State.CONFIRMED, State.DISPUTED, State.DEFAULTED}),
    "buy_back": frozenset({State.CONFIRMED, State.DISPUTED, State.DEFAULTED}),
    "default": frozenset({State.CONFIRMED, State.DISPUTED}),
}
"""The one transition table: the states that admit each act. Anything else is receivable_state_wrong.

A disputed one may have been confirmed or not: `UNCONFIRMED_ONLY` and `CONFIRMED_ONLY` say which acts ask for that."""

UNCONFIRMED_ONLY: Final = frozenset({"confirm", "cancel"})
CONFIRMED_ONLY: Final = frozenset(ALLOWED) - UNCONFIRMED_ONLY - {"dispute", "resolve_dispute"}

MAX_AMOUNT: Final = 2**56 - 1
"""The contracts pack an amount into 56 bits."""


def free_part(*, face: int, pledged: int, split_away: int, settled: int, diluted: int) -> int:
    """What of a receivable nobody else has a right to: may be pledged, split off, credited, or paid to its holder."""
    return face - pledged - split_away - settled - diluted


@dataclass(frozen=True, slots=True)
class PledgedPart:
    """A part that ``lender`` holds in pledge, in whole minor units."""

    pledge_id: str
    lender: str
    amount: int


@dataclass(frozen=True, slots=True)
class Receivable:
    """A receivable. Amounts in whole minor units of ``currency``; parties and ids as the caller names them.

    ``confirmed`` stays true once the debtor has confirmed (a disputed or defaulted one may be either).
    """

    id: str
    order_id: str
    seller: str
    holder: str
    debtor: str
    currency: str
    face: int
    free: int
    issued_on: date
    due_date: date
    state: State = State.ISSUED
    confirmed: bool = False
    split_away: int = 0
    settled: int = 0
    diluted: int = 0
    pledges: tuple[PledgedPart, ...] = ()
    parent: str | None = None
    parts: int = 0

    def __post_init__(self) -> None:
        amounts = (self.free, self.pledged, self.split_away, self.settled, self.diluted)
        if self.face <= 0 or min(amounts) < 0 or any(part.amount <= 0 for part in self.pledges):
            raise ValueError(f"receivable {self.id}: an amount is negative")
        gone = {"split_away": self.split_away, "settled": self.settled, "diluted": self.diluted}
        if self.free != free_part(face=self.face, pledged=self.pledged, **gone):
            raise ValueError(f"receivable {self.id}: {amounts} don't add up to the face {self.face}")

    @property
    def pledged(self) -> int:
        return sum(part.amount for part in self.pledges)

    def pledged_by(self, pledge_id: str) -> int:
        """What is locked under this pledge; 0 under one that it doesn't have."""
        return sum(part.amount for part in self.pledges if part.pledge_id == pledge_id)

    @property
    def outstanding(self) -> int:
        """What the debtor still owes on this receivable (not on parts split away)."""
        return 0 if self.state is State.CANCELLED else self.free + self.pledged


@dataclass(frozen=True, slots=True)
class Eligibility:
    """The facts that a policy decides on; JSON-able by `dataclasses.asdict` but for the amounts in minor units."""

    confirmed: bool
    disputed: bool
    defaulted: bool
    free: int
    face: int
    diluted: int
    tenor_days: int
    days_to_due: int
    is_part: bool


def eligibility(receivable: Receivable, today: date) -> Eligibility:
    """The facts about a receivable that the policy asks for, as of ``today``."""
    return Eligibility(
        confirmed=receivable.confirmed,  # a dispute doesn't undo it: that is a fact of its own
        disputed=receivable.state is State.DISPUTED,
        defaulted=receivable.state is State.DEFAULTED,
        free=receivable.free,
        face=receivable.face,
        diluted=receivable.diluted,
        tenor_days=(receivable.due_date - receivable.issued_on).days,
        days_to_due=(receivable.due_date - today).days,
        is_part=receivable.parent is not None,
    )


def facts(receivable: Receivable) -> dict[str, object]:
    """What a refusal shows of the receivable."""
    return {
        "id": receivable.id,
        "state": receivable.state.value,
        "free": receivable.free,
        "pledged": receivable.pledged,
        "currency": receivable.currency,
    }


def admits(receivable: Receivable, act: str) -> Refusal | None:
    """Refusal receivable_state_wrong unless the state admits ``act``."""
    fitting = act not in (UNCONFIRMED_ONLY if receivable.confirmed else CONFIRMED_ONLY)
    return None if receivable.state in ALLOWED[act] and fitting else _state_wrong(receivable, act)


def owed(receivable: Receivable, act: str) -> Refusal | None:
    """Refusal receivable_state_wrong unless something is still owed on it (not on parts split away)."""
    return None if receivable.outstanding else _state_wrong(receivable, act)


def something_left(receivable: Receivable) -> Refusal | None:
    """Refusal nothing_left if all of it was split away or taken by those to whom it was pledged."""
    if receivable.outstanding:
        return None
    return Refusal("nothing_left", "nothing is left of it", facts(receivable))


def _state_wrong(receivable: Receivable, act: str) -> Refusal:
    return Refusal(
        "receivable_state_wrong",
        f"it is {receivable.state}: {act} is not possible",
        {**facts(receivable), "act": act, "confirmed": receivable.confirmed},
    )


_WHO: Final = {
    "not_debtor": "the debtor",
    "not_seller": "the seller",
    "not_holder": "the holder",
    "not_lender": "the lender",
    "payee_wrong": "the one to whom this part is due",
}


def only(receivable: Receivable, by: By, owner: str, code: str) -> Refusal | None:
    """Refusal ``code`` unless ``by`` is ``owner``, or the chain has found that out."""
    if by is CHAIN or by == owner:
        return None
    return Refusal(code, f"{by} is not {_WHO[code]} of this receivable", {"id": receivable.id, "by": by})


def held(receivable: Receivable, by: By, act: str) -> Refusal | None:
    """Refusals receivable_state_wrong, not_holder: for acts that only the holder of a confirmed receivable may do.

    The state is checked first: while it isn't confirmed, nobody could do it.
    """
    if not receivable.confirmed:
        return _state_wrong(receivable, act)
    return only(receivable, by, receivable.holder, "not_holder") or admits(receivable, act)


def third_party(receivable: Receivable, to: str) -> Refusal | None:
    """Refusal transfer_to_debtor: nobody is its own creditor."""
    if to != receivable.debtor:
        return None
    return Refusal("transfer_to_debtor", "a receivable passes to a third party", {**facts(receivable), "to": to})


def positive(receivable: Receivable, amount: Money) -> Refusal | None:
    """Refusals currency_mismatch, amount_not_positive, amount_too_large: those of an amount."""
    if amount.currency != receivable.currency:
        return Refusal("currency_mismatch", f"{amount.currency}, but owed in {receivable.currency}", facts(receivable))
    if amount.minor <= 0:
        return Refusal("amount_not_positive", "the amount must be greater than zero", {"amount": str(amount)})
    if amount.minor > MAX_AMOUNT:
        return Refusal("amount_too_large", "the amount does not fit the register's 56 bits", {"amount": str(amount)})
    return None


def within_free(receivable: Receivable, amount: Money) -> Refusal | None:
    """Refusals of `positive`, and exceeds_free."""
    refusal = positive(receivable, amount)
    return above_free(receivable, amount) if refusal is None and amount.minor > receivable.free else refusal


def above_free(receivable: Receivable, amount: Money) -> Refusal:
    """Refusal exceeds_free."""
    free = Money(receivable.free, receivable.currency)
    return Refusal("exceeds_free", f"{amount} is more than the free part, {free}", facts(receivable))


def within_pledge(receivable: Receivable, part: PledgedPart, amount: Money) -> Refusal | None:
    """Refusals of `positive`, and exceeds_pledged."""
    refusal = positive(receivable, amount)
    if refusal is None and amount.minor > part.amount:
        return above_pledged(receivable, amount, part)
    return refusal


def above_pledged(receivable: Receivable, amount: Money, part: PledgedPart | None = None) -> Refusal:
    """Refusal exceeds_pledged: more than the pledge, or than all of them together."""
    pledged = Money(part.amount if part else receivable.pledged, receivable.currency)
    return Refusal("exceeds_pledged", f"{amount} is more than the part pledged, {pledged}", facts(receivable))


def pledged_part(receivable: Receivable, pledge_id: str) -> PledgedPart | Refusal:
    """The pledge by its id, or Refusal pledge_unknown."""
    found = next((part for part in receivable.pledges if part.pledge_id == pledge_id), None)
    return found or Refusal("pledge_unknown", f"there is no pledge {pledge_id} on it", facts(receivable))


def overdue(receivable: Receivable, today: On) -> Refusal | None:
    """Refusal not_yet_due unless the due day has passed, or the chain says so."""
    if not isinstance(today, date) or today > receivable.due_date:
        return None
    return Refusal(
        "not_yet_due", f"it is due on {receivable.due_date}", {**facts(receivable), "today": today.isoformat()}
    )
