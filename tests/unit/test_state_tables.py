"""Every step of an application's, a payment's and a loan's way is in one table; anything else is refused by name."""

from __future__ import annotations

import pytest

from chainfin.errors import Conflict
from chainfin.rules import application, payment
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
        (set(loan.LoanState) - {loan.LoanState.APPROVED}, set(loan.TRANSITIONS.values())),
    ],
    ids=["application", "payment", "loan"],
)
def test_tables__each_state_but_the_first__is_reached(states: set[object], reached: set[object]) -> None:
    assert states == reached
