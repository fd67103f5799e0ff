"""The pledge: a part of an asset that secures a debt, from the pledgor's grant to its end.

``amount = left + released + settled + lost + taken`` in every value that exists: the constructor holds it. Amounts are
in what the asset counts: minor units of a receivable's currency, or thousandths of a receipt's unit. What an act does
to the asset is said by `receivable` and `inventory`; here it is what becomes of the pledge. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from chainfin.errors import Refusal
from chainfin.rules.authority import CHAIN, By


class State(StrEnum):
    """Where a pledge stands. What took its place is another pledge (a substitution), and this one is released."""

    PENDING = "pending"
    """Granted; not on chain yet."""
    ACTIVE = "active"
    RELEASING = "releasing"
    """A release of all that is left is on its way; the chain still has it active."""
    RELEASED = "released"
    """Nothing is left: set free, paid, bought back, or lapsed."""
    ENFORCED = "enforced"
    """The lender holds what was pledged."""
    LOST = "lost"
    """The goods under it weren't found any more."""
    FAILED = "failed"
    """It never came to be."""


LIVE: Final = (State.ACTIVE, State.RELEASING)
"""The states in which something is locked under it."""

ALLOWED: Final[Mapping[str, frozenset[State]]] = {
    "lock": frozenset({State.PENDING}),
    "fail": frozenset({State.PENDING}),
    "draw": frozenset({State.ACTIVE}),
    "ask_release": frozenset({State.ACTIVE}),
    "keep": frozenset({State.RELEASING}),
    "release": frozenset({State.ACTIVE, State.RELEASING}),
    "expire": frozenset({State.ACTIVE, State.RELEASING}),
    "settle": frozenset({State.ACTIVE, State.RELEASING}),
    "buy_back": frozenset({State.ACTIVE}),
    "lose": frozenset({State.ACTIVE, State.RELEASING}),
    "enforce": frozenset({State.ACTIVE}),
    "pay_off": frozenset({State.ACTIVE, State.RELEASING}),
    "undertake": frozenset({State.ACTIVE}),
    "replace": frozenset({State.ACTIVE}),
}
"""The one transition table: the states that admit each act. Anything else is pledge_state_wrong."""

ON_CHAIN: Final[Mapping[State, State]] = {State.RELEASING: State.ACTIVE, State.FAILED: State.PENDING}
"""Two states are a service's own: the chain knows nothing of a release that is only asked for, and may yet take a
pledge that was given up here."""


@dataclass(frozen=True, slots=True)
class Pledge:
    """``amount`` and its parts in minor units or thousandths. ``drawn``: whether the lender has paid out on it, as the
    chain knows; until then it can expire, at ``expires_at`` (None: never)."""

    id: str
    pledgor: str
    lender: str
    amount: int
    state: State = State.PENDING
    drawn: bool = False
    released: int = 0
    settled: int = 0
    lost: int = 0
    taken: int = 0
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        parts = (self.left, self.released, self.settled, self.lost, self.taken)
        if self.amount <= 0 or min(parts) < 0:
            raise ValueError(f"pledge {self.id}: {parts} of {self.amount} are not its parts")
        began = self.state not in (State.PENDING, State.FAILED)
        if (not began and self.left != self.amount) or (began and bool(self.left) != (self.state in LIVE)):
            raise ValueError(f"pledge {self.id}: it is {self.state}, and {self.left} are left")

    @property
    def left(self) -> int:
        """What is locked under it, once it is on chain."""
        return self.amount - self.released - self.settled - self.lost - self.taken


def lock(pledge: Pledge, *, expires_at: datetime | None) -> Pledge | Refusal:
    """It is in a final block. ``expires_at`` None: it was drawn from the start. Refusals: pledge_state_wrong."""
    refusal = _admits(pledge, "lock", CHAIN)
    drawn = expires_at is None
    return refusal or replace(pledge, state=State.ACTIVE, drawn=drawn, expires_at=expires_at)


def fail(pledge: Pledge) -> Pledge | Refusal:
    """It doesn't come to be: registry or chain refused it. Refusals: pledge_state_wrong."""
    return _admits(pledge, "fail") or replace(pledge, state=State.FAILED)


def draw(pledge: Pledge, *, by: By) -> Pledge | Refusal:
    """The lender has paid out: it stands until it is given up. Refusals: not_lender, pledge_state_wrong,
    already_drawn."""
    refusal = _lender(pledge, by) or _admits(pledge, "draw", by)
    if refusal is None and pledge.drawn:
        refusal = _refused("already_drawn", pledge, "it is drawn already")
    return refusal or replace(pledge, drawn=True)


def ask_release(pledge: Pledge, amount: int, *, by: By, promised: int = 0) -> Pledge | Refusal:
    """The lender gives up ``amount`` (解押); until that is final it stays locked, but counts as gone. ``promised``:
    what is on its way out already. With the last of it the pledge is RELEASING.

    Refusals: not_lender, pledge_state_wrong, amount_not_positive, exceeds_pledged.
    """
    refusal = _lender(pledge, by) or _admits(pledge, "ask_release", by) or _within(pledge, amount, promised)
    if refusal is not None:
        return refusal
    return replace(pledge, state=State.RELEASING) if amount + promised == pledge.left else pledge


def stays(there: int, amount: int, keep: int) -> Refusal | None:
    """Why ``amount`` may not go of what is ``there``: ``keep`` has to stay. Refusals: leaves_too_little."""
    if there - amount >= keep:
        return None
    left = max(0, there - amount)
    return Refusal("leaves_too_little", f"{left} would stay, and {keep} has to", {"left": left, "keep": keep})


def keep(pledge: Pledge) -> Pledge | Refusal:
    """A release of all that was left came to nothing, or there is less by now. Refusals: pledge_state_wrong."""
    return _admits(pledge, "keep") or replace(pledge, state=State.ACTIVE)


def release(pledge: Pledge, amount: int, *, by: By) -> Pledge | Refusal:
    """``amount`` is free again; nothing left ends it.

    Refusals: not_lender, pledge_state_wrong, amount_not_positive, exceeds_pledged.
    """
    refusal = _lender(pledge, by) or _admits(pledge, "release", by) or _within(pledge, amount)
    return refusal or _less(pledge, amount, State.RELEASED, released=amount)


def expire(pledge: Pledge, *, by: By, now: datetime | None = None) -> Pledge | Refusal:
    """The pledgor ends a pledge on which nothing was paid out in time. ``now``: the service's clock; the chain has one
    of its own. Refusals: not_pledgor, pledge_state_wrong, not_expired."""
    if by is not CHAIN and by != pledge.pledgor:
        return _refused("not_pledgor", pledge, "this is the pledgor's act")
    refusal = _admits(pledge, "expire", by)
    if refusal is not None:
        return refusal
    if pledge.drawn or pledge.expires_at is None:
        return _refused("not_expired", pledge, "it is drawn")
    if by is not CHAIN and (now is None or now <= pledge.expires_at):
        return _refused("not_expired", pledge, f"it stands until {pledge.expires_at:%Y-%m-%d}")
    return _less(pledge, pledge.left, State.RELEASED, released=pledge.left)


def settle(pledge: Pledge, amount: int, *, by: By) -> Pledge | Refusal:
    """The debtor paid its part; ``by``: the payee. Nothing left ends it.

    Refusals: payee_wrong, pledge_state_wrong, amount_not_positive, exceeds_pledged.
    """
    if by is not CHAIN and by != pledge.lender:
        return _refused("payee_wrong", pledge, "what is pledged is the lender's to be paid")
    refusal = _admits(pledge, "settle", by) or _within(pledge, amount)
    return refusal or _less(pledge, amount, State.RELEASED, settled=amount)


def buy_back(pledge: Pledge, amount: int, *, by: By) -> Pledge | Refusal:
    """Whoever undertook it paid the lender, and has ``amount`` of what was pledged; ``by``: the lender that is paid.

    Refusals: payee_wrong, pledge_state_wrong, pledge_not_drawn, amount_not_positive, exceeds_pledged.
    """
    if by is not CHAIN and by != pledge.lender:
        return _refused("payee_wrong", pledge, "the lender is to be paid")
    refusal = _admits(pledge, "buy_back", by) or _drawn(pledge) or _within(pledge, amount)
    return refusal or _less(pledge, amount, State.RELEASED, settled=amount)


def lose(pledge: Pledge, amount: int) -> Pledge | Refusal:
    """The keeper's count found less: so much of the goods under it is gone (see `inventory.recount`).

    Refusals: pledge_state_wrong, amount_not_positive, exceeds_pledged.
    """
    refusal = _admits(pledge, "lose", CHAIN) or _within(pledge, amount)
    return refusal or _less(pledge, amount, State.LOST, lost=amount)


def enforce(pledge: Pledge, *, by: By) -> Pledge | Refusal:
    """The lender takes what is pledged (处置). Refusals: not_lender, pledge_state_wrong, pledge_not_drawn."""
    refusal = _lender(pledge, by) or _admits(pledge, "enforce", by) or _drawn(pledge)
    return refusal or _less(pledge, pledge.left, State.ENFORCED, taken=pledge.left)


def pay_off(pledge: Pledge, *, by: By) -> Pledge | Refusal:
    """The debt is paid by the word of the bank ``by``, and the pledge ends with it (民法典 §393).

    Refusals: self_attested (the bank is lender or pledgor of it), pledge_state_wrong, pledge_not_drawn.
    """
    refusal = _admits(pledge, "pay_off", by) or _drawn(pledge)
    if refusal is None and by in (pledge.lender, pledge.pledgor):
        refusal = _refused("self_attested", pledge, "a bank attests payments between others")
    return refusal or _less(pledge, pledge.left, State.RELEASED, released=pledge.left)


def may_undertake(pledge: Pledge, *, by: By) -> Pledge | Refusal:
    """The pledge itself if an undertaking may be given over it, ``by`` anybody. Refusals: pledge_state_wrong."""
    return _admits(pledge, "undertake", by) or pledge


def may_replace(pledge: Pledge, *, by: By) -> Pledge | Refusal:
    """The pledge itself if another may take the place of what is pledged.

    Refusals: not_lender, pledge_state_wrong, pledge_not_drawn.
    """
    return _lender(pledge, by) or _admits(pledge, "replace", by) or _drawn(pledge) or pledge


def _less(
    pledge: Pledge, amount: int, at_zero: State, *, released: int = 0, settled: int = 0, lost: int = 0, taken: int = 0
) -> Pledge:
    """Reduced by ``amount``, which is counted under exactly one of the other arguments. ``at_zero``: the state if
    nothing is left."""
    return replace(
        pledge,
        state=at_zero if amount == pledge.left else pledge.state,
        released=pledge.released + released,
        settled=pledge.settled + settled,
        lost=pledge.lost + lost,
        taken=pledge.taken + taken,
    )


def _admits(pledge: Pledge, act: str, by: By = "") -> Refusal | None:
    state = ON_CHAIN.get(pledge.state, pledge.state) if by is CHAIN else pledge.state
    if state in ALLOWED[act]:
        return None
    return _refused("pledge_state_wrong", pledge, f"the pledge is {pledge.state}: {act} is not possible")


def _lender(pledge: Pledge, by: By) -> Refusal | None:
    return None if by is CHAIN or by == pledge.lender else _refused("not_lender", pledge, "this is the lender's act")


def _drawn(pledge: Pledge) -> Refusal | None:
    return (
        None
        if pledge.drawn
        else _refused("pledge_not_drawn", pledge, "the chain was never told that money was paid out on it (draw)")
    )


def _within(pledge: Pledge, amount: int, promised: int = 0) -> Refusal | None:
    if amount <= 0:
        return _refused("amount_not_positive", pledge, "the amount must be greater than zero")
    if amount > pledge.left - promised:
        return _refused("exceeds_pledged", pledge, f"{amount} is more than is still locked")
    return None


def _refused(code: str, pledge: Pledge, message: str) -> Refusal:
    return Refusal(code, message, {"id": pledge.id, "status": pledge.state.value, "left": pledge.left})
