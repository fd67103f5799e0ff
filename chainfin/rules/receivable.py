"""The receivable (应收账款): the debt that an invoice makes, in parts that always add up.

``free + pledged + split away + settled + diluted = face`` in every value that exists: the constructor holds it. The
rules mirror the Receivables and Pledges contracts; here they say no as a `Refusal` before a transaction is sent.
Pure: ``by`` is the party that acts, ``today`` the business date.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from chainfin.errors import BadInput, Refusal
from chainfin.rules import receivable_value as checks
from chainfin.rules.receivable_value import ALLOWED, MAX_AMOUNT, UNCONFIRMED_ONLY, PledgedPart, Receivable, State
from chainfin.values.money import Money

__all__ = [
    "ALLOWED",
    "DEFAULT_TENOR_DAYS",
    "MAX_TENOR_DAYS",
    "UNCONFIRMED_ONLY",
    "Eligibility",
    "PledgedPart",
    "Receivable",
    "State",
    "buy_back",
    "cancel",
    "confirm",
    "credit",
    "default",
    "dispute",
    "eligibility",
    "enforce",
    "issue",
    "pledge",
    "release",
    "resolve_dispute",
    "settle",
    "split",
    "tenor",
    "transfer",
]

DEFAULT_TENOR_DAYS: Final = 184
"""Six months at their longest: the usual limit for e-receivable vouchers in China (PBC notice of 2025)."""
MAX_TENOR_DAYS: Final = 366
"""One year: no contract may go beyond."""
MIN_PARTS: Final = 2
MAX_PARTS: Final = 8


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


def tenor(due: date, today: date, *, max_days: int = DEFAULT_TENOR_DAYS) -> Refusal | None:
    """Whether a debt due on ``due`` may be issued today. Refusals: due_date_past, tenor_unlawful.

    ``max_days`` is the parameter of the platform, at most `MAX_TENOR_DAYS` (BadInput tenor_limit_invalid).
    """
    if not 0 < max_days <= MAX_TENOR_DAYS:
        raise BadInput("tenor_limit_invalid", f"the longest tenor is 1 to {MAX_TENOR_DAYS} days, not {max_days}")
    proof = {"due_date": due.isoformat(), "today": today.isoformat(), "max_days": max_days}
    if due <= today:
        return Refusal("due_date_past", f"the due date {due} is not after today ({today})", proof)
    if due > today + timedelta(days=max_days):
        return Refusal("tenor_unlawful", f"the due date {due} is more than {max_days} days away", proof)
    return None


def issue(
    *,
    id: str,
    order_id: str,
    seller: str,
    debtor: str,
    face: Money,
    due: date,
    today: date,
    max_days: int = DEFAULT_TENOR_DAYS,
) -> Receivable | Refusal:
    """A new receivable, held by the seller.

    Refusals: amount_not_positive, amount_too_large, those of `tenor`, debtor_is_seller.
    """
    if face.minor <= 0:
        return Refusal("amount_not_positive", "the face must be greater than zero", {"face": str(face)})
    if face.minor > MAX_AMOUNT:
        return Refusal("amount_too_large", "the face does not fit the register's 56 bits", {"face": str(face)})
    refusal = tenor(due, today, max_days=max_days)
    if refusal is not None:
        return refusal
    if seller == debtor:
        return Refusal("debtor_is_seller", "nobody owes a debt to itself", {"seller": seller})
    return Receivable(id, order_id, seller, seller, debtor, face.currency, face.minor, face.minor, today, due)


def confirm(receivable: Receivable, *, by: str, face: Money, due: date) -> Receivable | Refusal:
    """The debtor's unconditional undertaking (确权) to pay this face on this day.

    Refusals: not_debtor, receivable_state_wrong, confirmation_mismatch.
    """
    refusal = checks.only(receivable, by, receivable.debtor, "not_debtor") or checks.admits(receivable, "confirm")
    if refusal is not None:
        return refusal
    if (face.minor, face.currency, due) != (receivable.face, receivable.currency, receivable.due_date):
        return Refusal(
            "confirmation_mismatch",
            "the debtor confirms another amount or day than was issued",
            {"id": receivable.id, "face": str(face), "due_date": due.isoformat()},
        )
    return replace(receivable, state=State.CONFIRMED, confirmed=True)


def cancel(receivable: Receivable, *, by: str) -> Receivable | Refusal:
    """The seller withdraws it before confirmation. Refusals: receivable_state_wrong, not_seller."""
    # the state first: a confirmed one may have another holder, and the seller's name would explain nothing
    refusal = checks.admits(receivable, "cancel") or checks.only(receivable, by, receivable.seller, "not_seller")
    if refusal is not None:
        return refusal
    return replace(receivable, state=State.CANCELLED)


def dispute(receivable: Receivable, *, by: str) -> Receivable | Refusal:
    """The debtor disputes it: nothing new can be built on it.

    Refusals: not_debtor, receivable_state_wrong, nothing_left.
    """
    refusal = (
        checks.only(receivable, by, receivable.debtor, "not_debtor")
        or checks.admits(receivable, "dispute")
        or checks.something_left(receivable)
    )
    return refusal if refusal is not None else replace(receivable, state=State.DISPUTED)


def resolve_dispute(receivable: Receivable, *, by: str) -> Receivable | Refusal:
    """The debtor withdraws its dispute. Refusals: not_debtor, receivable_state_wrong."""
    refusal = checks.only(receivable, by, receivable.debtor, "not_debtor") or checks.admits(
        receivable, "resolve_dispute"
    )
    if refusal is not None:
        return refusal
    return replace(receivable, state=State.CONFIRMED if receivable.confirmed else State.ISSUED)


def credit(receivable: Receivable, amount: Money, *, by: str) -> Receivable | Refusal:
    """The holder's credit note: dilution (贸易折减), out of the free part.

    Refusals: not_holder, receivable_state_wrong, those of an amount (currency_mismatch, amount_not_positive,
    amount_too_large), exceeds_free.
    """
    may = may_credit(receivable, by=by)
    if isinstance(may, Refusal):
        return may
    refusal = checks.within_free(receivable, amount)
    if refusal is not None:
        return refusal
    return _closed(replace(receivable, free=receivable.free - amount.minor, diluted=receivable.diluted + amount.minor))


def may_credit(receivable: Receivable, *, by: str) -> Receivable | Refusal:
    """The receivable itself if ``by`` may issue a credit note on it at all, even if nothing of it is free.

    Refusals: not_holder, receivable_state_wrong.
    """
    refusal = checks.held(receivable, by, "credit")
    return receivable if refusal is None else refusal


def split(
    receivable: Receivable, amounts: Sequence[Money], child_ids: Sequence[str], *, by: str
) -> tuple[Receivable, tuple[Receivable, ...]] | Refusal:
    """The holder splits parts off its free part; what remains stays. The children are confirmed like the parent.

    Refusals: not_holder, receivable_state_wrong, nothing_left, parts_invalid, those of an amount, exceeds_free.
    """
    refusal = checks.held(receivable, by, "split") or checks.something_left(receivable)
    if refusal is not None:
        return refusal
    if not MIN_PARTS <= len(amounts) <= MAX_PARTS or len(set(child_ids)) != len(amounts):
        return Refusal("parts_invalid", f"a split makes {MIN_PARTS} to {MAX_PARTS} parts", {"parts": len(amounts)})
    for amount in amounts:
        refusal = checks.positive(receivable, amount)
        if refusal is not None:
            return refusal
    total = Money(sum(amount.minor for amount in amounts), receivable.currency)
    if total.minor > receivable.free:
        return checks.above_free(receivable, total)
    children = tuple(
        _child(receivable, child, receivable.holder, amount.minor)
        for child, amount in zip(child_ids, amounts, strict=True)
    )
    parent = replace(
        receivable,
        free=receivable.free - total.minor,
        split_away=receivable.split_away + total.minor,
        parts=receivable.parts + len(children),
    )
    return parent, children


def transfer(receivable: Receivable, to: str, *, by: str) -> Receivable | Refusal:
    """The holder passes it on (流转).

    Refusals: not_holder, receivable_state_wrong, nothing_left, part_pledged, transfer_to_self, transfer_to_debtor.
    """
    refusal = checks.held(receivable, by, "transfer") or checks.something_left(receivable)
    if refusal is not None:
        return refusal
    if receivable.pledged:
        return Refusal(
            "part_pledged", "a part of it is pledged: split the free part off first", checks.facts(receivable)
        )
    if to == receivable.holder:
        return Refusal("transfer_to_self", "it is its holder already", {**checks.facts(receivable), "to": to})
    refusal = checks.third_party(receivable, to)
    return refusal if refusal is not None else replace(receivable, holder=to)


def pledge(receivable: Receivable, amount: Money, *, pledge_id: str, lender: str, by: str) -> Receivable | Refusal:
    """The holder pledges a part to a lender.

    Refusals: lender_is_pledgor, those of an amount, pledge_exists, not_holder, receivable_state_wrong,
    lender_is_debtor, exceeds_free.
    """
    if lender == by:
        return Refusal("lender_is_pledgor", "a lender can't take a pledge from itself", checks.facts(receivable))
    refusal = checks.positive(receivable, amount)
    if refusal is not None:
        return refusal
    if any(part.pledge_id == pledge_id for part in receivable.pledges):
        return Refusal("pledge_exists", f"pledge {pledge_id} exists", checks.facts(receivable))
    refusal = checks.held(receivable, by, "pledge")
    if refusal is None and lender == receivable.debtor:
        refusal = Refusal("lender_is_debtor", "nobody lends on its own promise to pay", checks.facts(receivable))
    refusal = refusal or checks.within_free(receivable, amount)
    if refusal is not None:
        return refusal
    part = PledgedPart(pledge_id, lender, amount.minor)
    return replace(receivable, free=receivable.free - amount.minor, pledges=(*receivable.pledges, part))


def release(receivable: Receivable, amount: Money, *, pledge_id: str, by: str) -> Receivable | Refusal:
    """The lender releases its pledge, or a part of it (解押).

    Refusals: pledge_unknown, not_lender, receivable_state_wrong, those of an amount, exceeds_pledged.
    """
    part = checks.pledged_part(receivable, pledge_id)
    if isinstance(part, Refusal):
        return part
    refusal = (
        checks.only(receivable, by, part.lender, "not_lender")
        or checks.admits(receivable, "release")
        or checks.within_pledge(receivable, part, amount)
    )
    if refusal is not None:
        return refusal
    return replace(
        receivable, free=receivable.free + amount.minor, pledges=_less(receivable.pledges, part, amount.minor)
    )


def settle(receivable: Receivable, amount: Money, *, payee: str, pledge_id: str | None = None) -> Receivable | Refusal:
    """A bank attests that the debtor paid ``payee``: the pledgee for a pledged part, the holder for the free one.

    Refusals: receivable_state_wrong, those of an amount, payee_wrong, pledge_unknown, exceeds_free, exceeds_pledged.
    Once nothing is owed the receivable is settled.
    """
    refusal = checks.admits(receivable, "settle") or checks.positive(receivable, amount)
    if refusal is not None:
        return refusal
    if pledge_id is None:
        refusal = checks.only(receivable, payee, receivable.holder, "payee_wrong") or checks.within_free(
            receivable, amount
        )
        if refusal is not None:
            return refusal
        paid = replace(receivable, free=receivable.free - amount.minor, settled=receivable.settled + amount.minor)
        return _closed(paid)
    if amount.minor > receivable.pledged:  # of all pledges together: more than that can't be any one's
        return checks.above_pledged(receivable, amount)
    part = checks.pledged_part(receivable, pledge_id)
    if isinstance(part, Refusal):
        return part
    refusal = checks.only(receivable, payee, part.lender, "payee_wrong") or checks.within_pledge(
        receivable, part, amount
    )
    if refusal is not None:
        return refusal
    pledges = _less(receivable.pledges, part, amount.minor)
    return _closed(replace(receivable, pledges=pledges, settled=receivable.settled + amount.minor))


def enforce(
    receivable: Receivable, *, pledge_id: str, child_id: str, by: str, today: date
) -> tuple[Receivable, Receivable] | Refusal:
    """The lender takes its pledged part after the due day (处置) and holds it as a new receivable.

    Refusals: pledge_unknown, not_lender, receivable_state_wrong, not_yet_due.
    """
    part = checks.pledged_part(receivable, pledge_id)
    if isinstance(part, Refusal):
        return part
    refusal = (
        checks.only(receivable, by, part.lender, "not_lender")
        or checks.admits(receivable, "enforce")
        or checks.overdue(receivable, today)
    )
    if refusal is not None:
        return refusal
    return _taken(receivable, part, part.amount, child_id, part.lender)


def buy_back(
    receivable: Receivable, amount: Money, *, pledge_id: str, child_id: str, buyer: str, today: date
) -> tuple[Receivable, Receivable] | Refusal:
    """Whoever gave recourse (有追索权) has paid the lender after the due day, and holds that much of the claim.

    Refusals: pledge_unknown, receivable_state_wrong, those of an amount, exceeds_pledged, not_yet_due,
    transfer_to_debtor.
    """
    part = checks.pledged_part(receivable, pledge_id)
    if isinstance(part, Refusal):
        return part
    refusal = (
        checks.admits(receivable, "buy_back")
        or checks.within_pledge(receivable, part, amount)
        or checks.overdue(receivable, today)
        or checks.third_party(receivable, buyer)
    )
    return refusal if refusal is not None else _taken(receivable, part, amount.minor, child_id, buyer)


def default(receivable: Receivable, *, by: str, today: date) -> Receivable | Refusal:
    """The holder declares it in default after its due day.

    Refusals: not_holder, receivable_state_wrong (also where nothing is owed on it: all was split away or taken),
    not_yet_due.
    """
    refusal = (
        checks.held(receivable, by, "default")
        or checks.owed(receivable, "default")
        or checks.overdue(receivable, today)
    )
    return refusal if refusal is not None else replace(receivable, state=State.DEFAULTED)


def eligibility(receivable: Receivable, today: date) -> Eligibility:
    """The facts about a receivable that the policy asks for, as of ``today``."""
    return Eligibility(
        confirmed=receivable.confirmed and receivable.state is State.CONFIRMED,
        disputed=receivable.state is State.DISPUTED,
        defaulted=receivable.state is State.DEFAULTED,
        free=receivable.free,
        face=receivable.face,
        diluted=receivable.diluted,
        tenor_days=(receivable.due_date - receivable.issued_on).days,
        days_to_due=(receivable.due_date - today).days,
        is_part=receivable.parent is not None,
    )


def _taken(
    receivable: Receivable, part: PledgedPart, amount: int, child_id: str, holder: str
) -> tuple[Receivable, Receivable]:
    left = _less(receivable.pledges, part, amount)
    parent = replace(receivable, pledges=left, split_away=receivable.split_away + amount)
    return parent, _child(receivable, child_id, holder, amount)


def _child(parent: Receivable, child_id: str, holder: str, amount: int) -> Receivable:
    return replace(
        parent, id=child_id, holder=holder, face=amount, free=amount, split_away=0, settled=0, diluted=0, pledges=(),
        parent=parent.id, parts=0,
    )  # fmt: skip


def _closed(receivable: Receivable) -> Receivable:
    return replace(receivable, state=State.SETTLED) if receivable.outstanding == 0 else receivable


def _less(pledges: tuple[PledgedPart, ...], part: PledgedPart, amount: int) -> tuple[PledgedPart, ...]:
    left = [replace(p, amount=p.amount - amount) if p is part and p.amount > amount else p for p in pledges]
    return tuple(p for p in left if p is not part)
