"""How much may be lent: the borrowing base over eligible assets, credit limits with their holds, concentration.

Pure functions on values. Storage reads the positions under lock (in the order of their keys), calls these, and writes
back what they return; so two parallel requests can't both find the same headroom.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from chainfin.errors import BadInput, Conflict, Refusal
from chainfin.values.money import Money, Rounding

# Borrowing base ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asset:
    """Something to lend on. ``amount`` is its free value (after dilution and other pledges), ``advance_rate`` the share
    of it that may be lent (0 to 1); ``ineligible`` names the policy's reasons against it and must be empty to count.

    Raises BadInput advance_rate_invalid, amount_negative.
    """

    id: str
    debtor: str
    amount: Money
    advance_rate: Decimal
    ineligible: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.advance_rate.is_finite() or not 0 <= self.advance_rate <= 1:
            raise BadInput("advance_rate_invalid", f"an advance rate lies from 0 to 1, not {self.advance_rate}")
        if self.amount.minor < 0:
            raise BadInput("amount_negative", f"the asset {self.id} can't be worth {self.amount}")


@dataclass(frozen=True, slots=True)
class BaseLine:
    """An asset's part of the borrowing base; ``counted`` is its amount less what exceeds the debtor's share."""

    asset: Asset
    counted: Money
    available: Money


@dataclass(frozen=True, slots=True)
class BorrowingBase:
    """The lines add up to ``total`` to the fen: every part can be explained."""

    lines: tuple[BaseLine, ...]
    total: Money

    def headroom(self, outstanding: Money) -> Money:
        """What may still be lent; zero when the base has shrunk below what is outstanding."""
        return max(self.total - outstanding, Money.zero(self.total.currency))

    def shortfall(self, outstanding: Money) -> Money:
        """What has to be repaid or topped up (a margin call); zero while the base covers what is outstanding."""
        return max(outstanding - self.total, Money.zero(self.total.currency))


def borrowing_base(assets: Sequence[Asset], currency: str, *, debtor_share: Decimal = Decimal(1)) -> BorrowingBase:
    """Advance rate × counted amount over the eligible assets, each line rounded down (towards the lender).

    One debtor counts for at most ``debtor_share`` of all eligible amounts; of the excess, later assets lose first.
    Raises BadInput currency_mismatch, concentration_share_invalid.
    """
    _check_share(debtor_share)
    zero = Money.zero(currency)
    eligible = sum((asset.amount for asset in assets if not asset.ineligible), zero)
    room: dict[str, Money] = {}
    lines: list[BaseLine] = []
    for asset in assets:
        left = room.setdefault(asset.debtor, eligible.times(debtor_share, Rounding.FLOOR))
        counted = zero if asset.ineligible else min(asset.amount, left)
        room[asset.debtor] = left - counted
        lines.append(BaseLine(asset, counted, counted.times(asset.advance_rate, Rounding.FLOOR)))
    return BorrowingBase(tuple(lines), sum((line.available for line in lines), zero))


def check_concentration(
    exposures: Mapping[str, Money], core_enterprise: str, extra: Money, share: Decimal
) -> Refusal | None:
    """Whether ``extra`` more on a core enterprise keeps its part of all exposure (with ``extra``) at most ``share``.

    Refusal concentration_exceeded with the figures. Raises BadInput concentration_share_invalid, currency_mismatch.
    """
    _check_share(share)
    zero = Money.zero(extra.currency)
    total = sum(exposures.values(), extra)
    own = exposures.get(core_enterprise, zero) + extra
    allowed = total.times(share, Rounding.FLOOR)
    if own <= allowed:
        return None
    return Refusal(
        "concentration_exceeded",
        f"{core_enterprise} would stand for {own} of {total} {extra.currency}; at most {allowed} is allowed",
        {"core_enterprise": core_enterprise, "exposure": str(own), "allowed": str(allowed), "total": str(total)},
    )


def _check_share(share: Decimal) -> None:
    if not share.is_finite() or not 0 < share <= 1:
        raise BadInput("concentration_share_invalid", f"a share lies above 0 and up to 1, not {share}")


# Limits --------------------------------------------------------------------------------------------------------------


class LimitKind(StrEnum):
    DEBTOR = "debtor"
    BORROWER = "borrower"
    LENDER = "lender"
    INDUSTRY = "industry"
    MANDATE = "mandate"
    """Of one mandate of the lender: ``key`` is its id."""


@dataclass(frozen=True, slots=True)
class Limit:
    """How much may be outstanding or promised on one ``key`` (a party's id, an industry's code) of a kind."""

    kind: LimitKind
    key: str
    amount: Money

    def __post_init__(self) -> None:
        if self.amount.minor < 0:
            raise BadInput("amount_negative", f"the limit of {self.kind} {self.key} can't be {self.amount}")

    @property
    def name(self) -> str:
        """A unique name; positions are locked in the order of their names."""
        return f"{self.kind}:{self.key}"


@dataclass(frozen=True, slots=True)
class Position:
    """A limit with what is held (offered, not yet paid out) and used (paid out, not yet repaid) of it."""

    limit: Limit
    held: Money
    used: Money

    @classmethod
    def of(cls, limit: Limit) -> Position:
        zero = Money.zero(limit.amount.currency)
        return cls(limit, zero, zero)

    @property
    def headroom(self) -> Money:
        """What may still be held; zero where the limit was lowered below what is held and used."""
        return max(self.limit.amount - self.held - self.used, Money.zero(self.limit.amount.currency))


class HoldState(StrEnum):
    HELD = "held"
    USED = "used"
    FREED = "freed"


@dataclass(frozen=True, slots=True)
class Hold:
    """An amount taken from all its limits at once. ``amount`` is what it still takes: zero once freed."""

    id: str
    limits: tuple[str, ...]
    amount: Money
    state: HoldState


@dataclass(frozen=True, slots=True)
class Held:
    """A hold, and its positions after the change, ordered by the limits' names."""

    hold: Hold
    positions: tuple[Position, ...]


_TRANSITIONS = frozenset(
    {
        (HoldState.HELD, HoldState.USED),
        (HoldState.HELD, HoldState.FREED),
        (HoldState.USED, HoldState.FREED),
    }
)


def hold(positions: Sequence[Position], hold_id: str, amount: Money) -> Held | Refusal:
    """Hold ``amount`` under every limit, or under none. Refusal limit_exceeded names the tightest limit.

    Raises BadInput amount_not_positive, currency_mismatch, limits_missing, limit_twice.
    """
    if amount.minor <= 0:
        raise BadInput("amount_not_positive", f"a hold must be greater than zero, not {amount}")
    if not positions:
        raise BadInput("limits_missing", "a hold needs at least one limit to be taken from")
    ordered = _ordered(positions)
    tightest = min(ordered, key=lambda position: position.headroom.minor)
    if any(amount > position.headroom for position in ordered):
        return _exceeded(tightest, amount)
    taken = tuple(replace(position, held=position.held + amount) for position in ordered)
    names = tuple(position.limit.name for position in ordered)
    return Held(Hold(hold_id, names, amount, HoldState.HELD), taken)


def still_within(positions: Sequence[Position]) -> Refusal | None:
    """Whether what is held and used fits each limit as it stands now. Refusal limit_lowered names the first that was
    lowered below it."""
    for position in _ordered(positions):
        taken = position.held + position.used
        if taken > position.limit.amount:
            proof = {"limit": position.limit.name, "limit_amount": str(position.limit.amount), "taken": str(taken)}
            return Refusal("limit_lowered", f"the limit {position.limit.name} is below what is held and used", proof)
    return None


def _exceeded(position: Position, amount: Money) -> Refusal:
    limit = position.limit
    return Refusal(
        "limit_exceeded",
        f"the {limit.kind} limit of {limit.key} leaves {position.headroom} {amount.currency}, not {amount}",
        {
            "limit": limit.name,
            "kind": limit.kind.value,
            "key": limit.key,
            "limit_amount": str(limit.amount),
            "held": str(position.held),
            "used": str(position.used),
            "headroom": str(position.headroom),
            "asked": str(amount),
            "currency": amount.currency,
        },
    )


def use(held: Hold, positions: Sequence[Position]) -> Held:
    """The money was paid out: what was held is used.

    Raises Conflict hold_transition_refused, BadInput limits_mismatch.
    """
    _move(held, HoldState.USED)
    ordered = _of(held, positions)
    moved = tuple(replace(p, held=p.held - held.amount, used=p.used + held.amount) for p in ordered)
    return Held(replace(held, state=HoldState.USED), moved)


def free(held: Hold, positions: Sequence[Position], amount: Money | None = None) -> Held:
    """Give back: all of a hold (expired, refused, failed), or ``amount`` of what is used (principal repaid).

    Raises Conflict hold_transition_refused (freed already), BadInput free_amount_invalid (not above zero, more than it
    takes, or part of a hold that isn't used yet), limits_mismatch.
    """
    _move(held, HoldState.FREED)
    back = held.amount if amount is None else amount
    partial = back != held.amount
    if back.minor <= 0 or back > held.amount or (partial and held.state is HoldState.HELD):
        raise BadInput("free_amount_invalid", f"{back} can't be freed of the {held.amount} {held.state} by {held.id}")
    ordered = _of(held, positions)
    if held.state is HoldState.HELD:
        moved = tuple(replace(position, held=position.held - back) for position in ordered)
    else:
        moved = tuple(replace(position, used=position.used - back) for position in ordered)
    state = held.state if partial else HoldState.FREED
    return Held(replace(held, amount=held.amount - back, state=state), moved)


def _move(held: Hold, to: HoldState) -> None:
    if (held.state, to) not in _TRANSITIONS:
        raise Conflict("hold_transition_refused", f"the hold {held.id} is {held.state} and can't become {to}")


def _ordered(positions: Sequence[Position]) -> tuple[Position, ...]:
    ordered = tuple(sorted(positions, key=lambda position: position.limit.name))
    if len({position.limit.name for position in ordered}) != len(ordered):
        raise BadInput("limit_twice", "a hold names each limit once")
    return ordered


def _of(held: Hold, positions: Sequence[Position]) -> tuple[Position, ...]:
    ordered = _ordered(positions)
    if tuple(position.limit.name for position in ordered) != held.limits:
        raise BadInput("limits_mismatch", f"the hold {held.id} was taken from {', '.join(held.limits)}")
    return ordered
