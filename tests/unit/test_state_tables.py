"""Every step of an application's, a payment's and a loan's way is in one table; anything else is refused by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from itertools import product
from typing import Any, get_args

import pytest

from api.schemas.parties import ActStatus
from chainfin.errors import Conflict
from chainfin.rules import act, application, offer, payment, realisation, substitution
from chainfin.rules.loan import state as loan

APPLICATION = [(s, e) for s in application.State for e in application.Event]
PAYMENT = [(s, e) for s in payment.State for e in payment.Event]


@pytest.mark.parametrize(("state", "event"), APPLICATION)
def test_application__step_not_in_the_table__refused_by_name(
    state: application.State, event: application.Event
) -> None:
    if (state, event) in application.TRANSITIONS:
        assert application.transition(state, event) is application.TRANSITIONS[state, event]
        return
    with pytest.raises(Conflict) as refused:
        application.transition(state, event)
    assert refused.value.code == "application_transition_refused"
    assert state in refused.value.message
    assert event in refused.value.message


@pytest.mark.parametrize(("state", "event"), PAYMENT)
def test_payment__step_not_in_the_table__refused_by_name(state: payment.State, event: payment.Event) -> None:
    if (state, event) in payment.TRANSITIONS:
        assert payment.transition(state, event) is payment.TRANSITIONS[state, event]
        return
    with pytest.raises(Conflict) as refused:
        payment.transition(state, event)
    assert refused.value.code == "payment_transition_refused"


@pytest.mark.parametrize(
    ("table", "states", "events", "move", "code"),
    [
        (act.TRANSITIONS, act.ActState, act.ActEvent, act.transition, "act_transition_refused"),
        (offer.TRANSITIONS, offer.OfferState, offer.OfferEvent, offer.transition, "offer_transition_refused"),
        (
            substitution.TRANSITIONS,
            substitution.SubstitutionState,
            substitution.SubstitutionEvent,
            substitution.transition,
            "substitution_transition_refused",
        ),
        (realisation.TRANSITIONS, realisation.SaleState, realisation.SaleEvent, realisation.transition, "sale_ended"),
    ],
    ids=["act", "offer", "substitution", "sale"],
)
def test_step__not_in_the_table__refused_by_name(
    table: Mapping[Any, StrEnum], states: Iterable[Any], events: Iterable[Any], move: Callable[..., StrEnum], code: str
) -> None:
    for state, event in product(states, events):
        if (state, event) in table:
            assert move(state, event) is table[state, event]
            continue
        with pytest.raises(Conflict) as refused:
            move(state, event)
        assert refused.value.code == code
        assert state in refused.value.message


def test_act__that_ended__stays() -> None:
    leaving = {state for state, _ in act.TRANSITIONS}
    assert leaving == set(act.UNDER_WAY)
    assert set(act.ActState) - leaving == {act.ActState.FINAL, *act.CAME_TO_NOTHING}


def test_act__states_of_the_api__are_those_of_the_table() -> None:
    assert get_args(ActStatus) == tuple(act.ActState)


def test_application__once_over__nothing_moves_it() -> None:
    leaving = {state for state, _ in application.TRANSITIONS}
    assert set(application.State) - leaving == application.OVER


def test_application__money__only_after_the_offer_was_accepted() -> None:
    """Every way to `funded` leads over `accepted`, and with a pledge over `pledging`."""
    before: dict[application.State, set[application.State]] = {}
    for (state, _), after in application.TRANSITIONS.items():
        before.setdefault(after, set()).add(state)
    assert before[application.State.FUNDED] == {application.State.DISBURSING}
    assert before[application.State.DISBURSING] == {application.State.ACCEPTED, application.State.PLEDGING}
    assert before[application.State.PLEDGING] == {application.State.REGISTERING}
    assert before[application.State.ACCEPTED] == {application.State.OFFERED}


@pytest.mark.parametrize(
    ("states", "reached"),
    [
        (set(application.State) - {application.State.RECEIVED}, set(application.TRANSITIONS.values())),
        (set(payment.State), set(payment.TRANSITIONS.values())),
        (set(act.ActState) - {act.ActState.AWAITING_SIGNATURE}, set(act.TRANSITIONS.values())),
        (set(offer.OfferState) - {offer.OfferState.OPEN}, set(offer.TRANSITIONS.values())),
        (
            set(substitution.SubstitutionState) - {substitution.SubstitutionState.OFFERED},
            set(substitution.TRANSITIONS.values()),
        ),
        (set(loan.LoanState) - {loan.LoanState.APPROVED}, set(loan.TRANSITIONS.values())),
    ],
    ids=["application", "payment", "act", "offer", "substitution", "loan"],
)
def test_tables__each_state_but_the_first__is_reached(states: set[object], reached: set[object]) -> None:
    assert states == reached
