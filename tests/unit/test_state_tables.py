"""Every step of an application's, a payment's and a loan's way is in one table; anything else is refused by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from itertools import product
from typing import Any, get_args

import pytest

from api.schemas.parked import ParkedStatus
from api.schemas.parties import ActStatus
from chainfin.errors import Conflict
from chainfin.rules import act, application, bank_order, offer, parked_item, payment, realisation, substitution, webhook
from chainfin.rules.loan import state as loan
from chainfin.values import command_state, transaction_state

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
        (
            parked_item.TRANSITIONS,
            parked_item.ParkedState,
            parked_item.ParkedEvent,
            parked_item.transition,
            "parked_item_not_open",
        ),
        (
            bank_order.TRANSITIONS,
            bank_order.Standing,
            bank_order.Word,
            bank_order.transition,
            "bank_order_transition_refused",
        ),
        (
            command_state.TRANSITIONS,
            command_state.CommandState,
            command_state.CommandEvent,
            command_state.transition,
            "command_transition_refused",
        ),
        (
            transaction_state.TRANSITIONS,
            transaction_state.TransactionState,
            transaction_state.TransactionEvent,
            transaction_state.transition,
            "transaction_transition_refused",
        ),
    ],
    ids=["act", "offer", "substitution", "sale", "parked item", "order at a bank", "command", "transaction"],
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


def test_parked_item__states_of_the_api__are_those_of_the_table() -> None:
    assert get_args(ParkedStatus) == tuple(parked_item.ParkedState)


def test_webhook__every_event__possible_in_both_states() -> None:
    assert set(webhook.TRANSITIONS) == set(product(webhook.WebhookState, webhook.WebhookEvent))
    assert {event for (_, event), after in webhook.TRANSITIONS.items() if after is webhook.WebhookState.ACTIVE} == {
        webhook.WebhookEvent.SWITCH_ON
    }


def test_command__that_was_carried_out__is_never_sent_again() -> None:
    """From done no driver takes it again; a payment that came back is replaced by another."""
    after = {to for (state, _), to in command_state.TRANSITIONS.items() if state is command_state.CommandState.DONE}
    assert after == {command_state.CommandState.REFUSED}
    ended = {command_state.CommandState.REFUSED, command_state.CommandState.REPLACED}
    later = {to for (state, _), to in command_state.TRANSITIONS.items() if state in ended}
    assert later == {command_state.CommandState.REPLACED}


def test_order_at_a_bank__that_ended__only_money_that_comes_back_moves_it() -> None:
    words = {word for state, word in bank_order.TRANSITIONS if state.value in bank_order.FINAL}
    assert words == {bank_order.Word.GAVE_BACK}
    assert {bank_order.MEANT[each] for each in bank_order.Standing} == set(bank_order.Word) - words


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
        (set(command_state.CommandState), set(command_state.TRANSITIONS.values())),
        (set(bank_order.Standing), set(bank_order.TRANSITIONS.values())),
    ],
    ids=["application", "payment", "act", "offer", "substitution", "loan", "command", "order at a bank"],
)
def test_tables__each_state_but_the_first__is_reached(states: set[object], reached: set[object]) -> None:
    assert states == reached
