"""The states of an application and the one table of what moves it from one to the next.

The nodes that it passes on its way (`fraud_score`, `credit_score` …) are told to who watches and steer nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from chainfin.errors import Conflict


class State(StrEnum):
    """Where an application stands. The values are the ``status`` that the API shows."""

    RECEIVED = "received"
    DECIDING = "data_check"
    """Its data is awaited, or the decision is being made."""
    REVIEW = "review"
    """A person at the lender's decides."""
    OFFERED = "offered"
    ACCEPTED = "accepted"
    REGISTERING = "registration"
    """The statutory registry is asked to enter the pledge."""
    PLEDGING = "pledging"
    DISBURSING = "disbursing"
    FUNDED = "funded"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"


class Event(StrEnum):
    CHECK = "check"
    REFER = "refer"
    OFFER = "offer"
    DECLINE = "decline"
    ACCEPT = "accept"
    REGISTER = "register"
    PLEDGE = "pledge"
    DISBURSE = "disburse"
    FUND = "fund"
    FAIL = "fail"
    EXPIRE = "expire"
    WITHDRAW = "withdraw"


_S, _E = State, Event

TRANSITIONS: Final[Mapping[tuple[State, Event], State]] = {
    (_S.RECEIVED, _E.CHECK): _S.DECIDING,
    (_S.DECIDING, _E.REFER): _S.REVIEW,
    (_S.DECIDING, _E.OFFER): _S.OFFERED,
    (_S.DECIDING, _E.DECLINE): _S.DECLINED,
    (_S.DECIDING, _E.WITHDRAW): _S.WITHDRAWN,
    (_S.REVIEW, _E.OFFER): _S.OFFERED,
    (_S.REVIEW, _E.DECLINE): _S.DECLINED,
    (_S.REVIEW, _E.EXPIRE): _S.EXPIRED,
    (_S.REVIEW, _E.WITHDRAW): _S.WITHDRAWN,
    (_S.OFFERED, _E.ACCEPT): _S.ACCEPTED,
    (_S.OFFERED, _E.EXPIRE): _S.EXPIRED,
    (_S.OFFERED, _E.WITHDRAW): _S.WITHDRAWN,
    (_S.ACCEPTED, _E.REGISTER): _S.REGISTERING,
    (_S.ACCEPTED, _E.DISBURSE): _S.DISBURSING,  # nothing is pledged
    (_S.REGISTERING, _E.PLEDGE): _S.PLEDGING,
    (_S.REGISTERING, _E.FAIL): _S.FAILED,
    (_S.PLEDGING, _E.DISBURSE): _S.DISBURSING,
    (_S.PLEDGING, _E.FAIL): _S.FAILED,
    (_S.DISBURSING, _E.FUND): _S.FUNDED,
    (_S.DISBURSING, _E.FAIL): _S.FAILED,
}

OVER: Final = frozenset({State.FUNDED, State.DECLINED, State.EXPIRED, State.WITHDRAWN, State.FAILED})
"""States in which an application stays."""

APPEALABLE: Final = (OVER - {State.FUNDED}) | {State.REVIEW}
"""States in which the applicant may ask again on other data."""


def allows(state: State, event: Event) -> bool:
    """Whether the table has a way on from ``state`` by ``event``."""
    return (state, event) in TRANSITIONS


def transition(state: State, event: Event) -> State:
    """The state after ``event``. Raises Conflict application_transition_refused for what isn't in the table."""
    if not allows(state, event):
        raise Conflict("application_transition_refused", f"an application that is {state} can't {event}")
    return TRANSITIONS[state, event]
