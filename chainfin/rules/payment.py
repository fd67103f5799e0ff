"""The states of a payment that came in, the one table of what moves it from one to the next, and what it can pay."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from enum import StrEnum
from typing import Final

from chainfin.errors import Conflict, Refusal
from chainfin.values.money import Money


class State(StrEnum):
    """Where the money of a payment is."""

    APPLIED = "applied"
    """All of it went where it belongs."""
    WAITING = "waiting"
    """In suspense until it is known who is to be paid."""
    UNMATCHED = "unmatched"
    """In suspense: it names no claim, or several, or has the reference of another payment on its account, and a person
    has to say where it belongs, or send it back."""
    REFUNDING = "refunding"
    """What had no place is on its way back to the payer."""
    REFUNDED = "refunded"
    SUSPENSE = "suspense"
    """What had no place and couldn't be given back: a person orders it again."""
    PAYOUT_REFUSED = "payout_refused"
    """Applied, but a party's share of it couldn't be paid out and is still owed."""
    REVERSED = "reversed"
    """The bank took it back: what had been done with it is a claim on who paid."""


class Event(StrEnum):
    WAIT = "wait"
    NOT_MATCHED = "not_matched"
    PLACE = "place"
    REFUND = "refund"
    REFUND_DONE = "refund_done"
    REFUND_REFUSED = "refund_refused"
    PAYOUT_REFUSED = "payout_refused"
    PAYOUTS_DONE = "payouts_done"
    REVERSED = "reversed"


_S, _E = State, Event

TRANSITIONS: Final[Mapping[tuple[State, Event], State]] = {
    (_S.APPLIED, _E.WAIT): _S.WAITING,
    (_S.APPLIED, _E.NOT_MATCHED): _S.UNMATCHED,
    (_S.UNMATCHED, _E.PLACE): _S.APPLIED,
    (_S.UNMATCHED, _E.REFUND): _S.REFUNDING,
    (_S.APPLIED, _E.REFUND): _S.REFUNDING,
    (_S.APPLIED, _E.PAYOUT_REFUSED): _S.PAYOUT_REFUSED,
    (_S.WAITING, _E.PLACE): _S.APPLIED,
    (_S.REFUNDING, _E.REFUND_DONE): _S.REFUNDED,
    (_S.REFUNDING, _E.REFUND_REFUSED): _S.SUSPENSE,
    (_S.SUSPENSE, _E.REFUND): _S.REFUNDING,
    (_S.PAYOUT_REFUSED, _E.REFUND): _S.PAYOUT_REFUSED,
    # A part of a payment may go back while the rest of it is a party's that can't be paid.
    (_S.REFUNDING, _E.PAYOUT_REFUSED): _S.PAYOUT_REFUSED,
    (_S.REFUNDED, _E.PAYOUT_REFUSED): _S.PAYOUT_REFUSED,
    (_S.SUSPENSE, _E.PAYOUT_REFUSED): _S.PAYOUT_REFUSED,
    # The bank may give back what it had given back.
    (_S.REFUNDED, _E.REFUND_REFUSED): _S.SUSPENSE,
    (_S.PAYOUT_REFUSED, _E.PAYOUT_REFUSED): _S.PAYOUT_REFUSED,
    (_S.PAYOUT_REFUSED, _E.REFUND_DONE): _S.PAYOUT_REFUSED,
    (_S.PAYOUT_REFUSED, _E.REFUND_REFUSED): _S.PAYOUT_REFUSED,
    (_S.PAYOUT_REFUSED, _E.PAYOUTS_DONE): _S.APPLIED,
    (_S.APPLIED, _E.REVERSED): _S.REVERSED,
    (_S.WAITING, _E.REVERSED): _S.REVERSED,
    (_S.UNMATCHED, _E.REVERSED): _S.REVERSED,
    (_S.REFUNDED, _E.REVERSED): _S.REVERSED,
    (_S.SUSPENSE, _E.REVERSED): _S.REVERSED,
    # The party's share was paid in the end, while the rest was on its way back.
    (_S.APPLIED, _E.REFUND_DONE): _S.REFUNDED,
    (_S.APPLIED, _E.REFUND_REFUSED): _S.SUSPENSE,
}


def allows(state: State, event: Event) -> bool:
    """Whether the table has a way on from ``state`` by ``event``."""
    return (state, event) in TRANSITIONS


def transition(state: State, event: Event) -> State:
    """The state after ``event``. Raises Conflict payment_transition_refused for what isn't in the table."""
    if not allows(state, event):
        raise Conflict("payment_transition_refused", f"a payment that is {state} can't {event}")
    return TRANSITIONS[state, event]


def may_pay(amount: Money, currency: str, *, payer_account: str, accounts_of_debtor: Collection[str]) -> Refusal | None:
    """Whether a payment whose payer named nothing that could be followed can be one of this debtor's, on a claim in
    ``currency``. Refuses amount_not_positive, currency_mismatch, payer_not_debtor."""
    if amount.minor <= 0:
        return Refusal("amount_not_positive", "nothing was paid")
    if amount.currency != currency:
        return Refusal("currency_mismatch", f"the claim is in {currency}")
    if not payer_account or payer_account not in accounts_of_debtor:
        return Refusal("payer_not_debtor", "it didn't come from an account of who owes on the claim")
    return None


def unless_before_payout(received_on: date, paid_out_on: date | None) -> Refusal | None:
    """Nobody pays back what it hasn't got: a payment that the bank dates before the loan's payout is for a person.
    Refuses payment_before_payout."""
    if paid_out_on is None or received_on >= paid_out_on:
        return None
    return Refusal(
        "payment_before_payout", f"the bank dates it {received_on}, and the loan was paid out on {paid_out_on}"
    )
