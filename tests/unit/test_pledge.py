"""The pledge's acts: its transition table, its amounts, and each refusal by its code."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainfin.errors import Refusal
from chainfin.rules import pledge as rules
from chainfin.rules.authority import CHAIN
from chainfin.rules.pledge import ALLOWED, LIVE, Pledge, State

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
UNTIL = NOW + timedelta(days=7)


def done(result: object) -> Pledge:
    assert isinstance(result, Pledge), result
    return result


def code(result: object) -> str:
    assert isinstance(result, Refusal), result
    return result.code


PENDING = Pledge("p", "s", "l", 1000)
UNDRAWN = done(rules.lock(PENDING, expires_at=UNTIL))
ACTIVE = done(rules.draw(UNDRAWN, by="l"))
RELEASING = done(rules.ask_release(ACTIVE, 1000, by="l"))
FAILED = done(rules.fail(PENDING))
RELEASED = done(rules.release(ACTIVE, 1000, by="l"))
ENFORCED = done(rules.enforce(ACTIVE, by="l"))
LOST = done(rules.lose(ACTIVE, 1000))
EACH = {each.state: each for each in (PENDING, ACTIVE, RELEASING, FAILED, RELEASED, ENFORCED, LOST)}

ACTS: dict[str, Callable[[Pledge], Pledge | Refusal]] = {
    "lock": lambda p: rules.lock(p, expires_at=None),
    "fail": rules.fail,
    "draw": lambda p: rules.draw(p, by="l"),
    "ask_release": lambda p: rules.ask_release(p, 1, by="l"),
    "keep": rules.keep,
    "release": lambda p: rules.release(p, 1, by="l"),
    "expire": lambda p: rules.expire(p, by="s", now=NOW),
    "settle": lambda p: rules.settle(p, 1, by="l"),
    "buy_back": lambda p: rules.buy_back(p, 1, by="l"),
    "lose": lambda p: rules.lose(p, 1),
    "enforce": lambda p: rules.enforce(p, by="l"),
    "pay_off": lambda p: rules.pay_off(p, by="b"),
    "undertake": lambda p: rules.may_undertake(p, by="c"),
    "replace": lambda p: rules.may_replace(p, by="l"),
}
BY_CHAIN_ALONE = {"lock": {State.FAILED}, "lose": set[State]()}
"""States that a service doesn't know to admit the act, and the chain does."""


@pytest.mark.parametrize("act", sorted(ALLOWED))
@pytest.mark.parametrize("state", list(State))
def test_act__in_a_state__only_as_the_table_says(act: str, state: State) -> None:
    result = ACTS[act](EACH[state])
    wrong = isinstance(result, Refusal) and result.code == "pledge_state_wrong"
    assert wrong != (state in ALLOWED[act] or state in BY_CHAIN_ALONE.get(act, set()))


def test_table__and_acts__the_same_names() -> None:
    assert set(ACTS) == set(ALLOWED)


def test_amounts__some_released_paid_and_lost__the_rest_is_left() -> None:
    some = done(rules.release(ACTIVE, 100, by="l"))
    some = done(rules.settle(some, 200, by="l"))
    some = done(rules.buy_back(some, 50, by="l"))
    some = done(rules.lose(some, 300))
    assert (some.left, some.released, some.settled, some.lost, some.state) == (350, 100, 250, 300, State.ACTIVE)
    taken = done(rules.enforce(some, by="l"))
    assert (taken.left, taken.taken, taken.state) == (0, 350, State.ENFORCED)


@pytest.mark.parametrize(
    ("act", "state"),
    [
        (lambda p: rules.release(p, p.left, by="l"), State.RELEASED),
        (lambda p: rules.settle(p, p.left, by="l"), State.RELEASED),
        (lambda p: rules.pay_off(p, by="b"), State.RELEASED),
        (lambda p: rules.buy_back(p, p.left, by="l"), State.RELEASED),
        (lambda p: rules.lose(p, p.left), State.LOST),
        (lambda p: rules.ask_release(p, p.left, by="l"), State.RELEASING),
        (lambda p: rules.ask_release(p, 600, by="l", promised=400), State.RELEASING),
        (lambda p: rules.ask_release(p, 599, by="l", promised=400), State.ACTIVE),
    ],
)
def test_all_of_it__gone_or_going__ended_or_releasing(act: Callable[[Pledge], Pledge], state: State) -> None:
    assert done(act(ACTIVE)).state is state


def test_stays__as_much_as_has_to__nothing_against_it() -> None:
    assert rules.stays(1000, 400, 600) is None


def test_keep__a_release_came_to_nothing__active_with_what_is_left() -> None:
    less = done(rules.settle(RELEASING, 400, by="l"))
    assert (less.state, less.left) == (State.RELEASING, 600)
    assert done(rules.keep(less)).state is State.ACTIVE


@pytest.mark.parametrize(
    ("result", "refusal"),
    [
        (lambda: rules.draw(UNDRAWN, by="s"), "not_lender"),
        (lambda: rules.draw(ACTIVE, by="l"), "already_drawn"),
        (lambda: rules.ask_release(ACTIVE, 1, by="s"), "not_lender"),
        (lambda: rules.ask_release(ACTIVE, 1001, by="l"), "exceeds_pledged"),
        (lambda: rules.ask_release(ACTIVE, 601, by="l", promised=400), "exceeds_pledged"),
        (lambda: rules.stays(1000, 400, 601), "leaves_too_little"),
        (lambda: rules.stays(300, 400, 0), "leaves_too_little"),
        (lambda: rules.release(ACTIVE, 0, by="l"), "amount_not_positive"),
        (lambda: rules.release(ACTIVE, 1001, by="l"), "exceeds_pledged"),
        (lambda: rules.settle(ACTIVE, 1, by="s"), "payee_wrong"),
        (lambda: rules.settle(ACTIVE, 1001, by="l"), "exceeds_pledged"),
        (lambda: rules.buy_back(ACTIVE, 1, by="s"), "payee_wrong"),
        (lambda: rules.buy_back(UNDRAWN, 1, by="l"), "pledge_not_drawn"),
        (lambda: rules.lose(ACTIVE, 1001), "exceeds_pledged"),
        (lambda: rules.enforce(ACTIVE, by="s"), "not_lender"),
        (lambda: rules.enforce(UNDRAWN, by="l"), "pledge_not_drawn"),
        (lambda: rules.expire(UNDRAWN, by="l", now=UNTIL), "not_pledgor"),
        (lambda: rules.expire(UNDRAWN, by="s", now=UNTIL), "not_expired"),
        (lambda: rules.expire(UNDRAWN, by="s"), "not_expired"),
        (lambda: rules.expire(ACTIVE, by="s", now=UNTIL + timedelta(days=9)), "not_expired"),
        (lambda: rules.pay_off(ACTIVE, by="s"), "self_attested"),
        (lambda: rules.pay_off(ACTIVE, by="l"), "self_attested"),
        (lambda: rules.pay_off(UNDRAWN, by="b"), "pledge_not_drawn"),
        (lambda: rules.may_replace(ACTIVE, by="s"), "not_lender"),
        (lambda: rules.may_replace(UNDRAWN, by="l"), "pledge_not_drawn"),
    ],
)
def test_act__not_by_this_one_or_not_so_much__refused(result: Callable[[], object], refusal: str) -> None:
    assert code(result()) == refusal


def test_expire__after_its_day__all_of_it_is_free() -> None:
    over = done(rules.expire(UNDRAWN, by="s", now=UNTIL + timedelta(seconds=1)))
    assert (over.state, over.released) == (State.RELEASED, 1000)


def test_chain__acts_on_what_a_service_gave_up_or_asked_to_release__taken() -> None:
    assert done(rules.lock(FAILED, expires_at=None)).state is State.ACTIVE
    assert done(rules.enforce(RELEASING, by=CHAIN)).state is State.ENFORCED
    assert done(rules.expire(UNDRAWN, by=CHAIN)).state is State.RELEASED


@pytest.mark.parametrize("state", [State.RELEASED, State.ENFORCED, State.LOST])
def test_chain__acts_on_an_ended_one__refused_all_the_same(state: State) -> None:
    assert code(rules.release(EACH[state], 1, by=CHAIN)) == "pledge_state_wrong"


@given(
    st.lists(st.tuples(st.sampled_from(["release", "settle", "buy_back", "lose"]), st.integers(-5, 400)), max_size=9)
)
def test_pledge__any_acts__nothing_is_lost_or_made(steps: list[tuple[str, int]]) -> None:
    pledge = ACTIVE
    for act, amount in steps:
        before = pledge.left
        result = rules.lose(pledge, amount) if act == "lose" else getattr(rules, act)(pledge, amount, by="l")
        if isinstance(result, Pledge):
            assert result.left == before - amount >= 0
            assert (result.state in LIVE) == bool(result.left)
            pledge = result
        else:
            assert amount <= 0 or amount > before or pledge.state not in LIVE
    assert pledge.amount == pledge.left + pledge.released + pledge.settled + pledge.lost + pledge.taken


@pytest.mark.parametrize(
    "broken",
    [
        {"released": 1001},
        {"released": -1},
        {"state": State.PENDING, "released": 1},
        {"state": State.RELEASED},
        {"released": 1000},
    ],
)
def test_value__that_does_not_add_up__cannot_be_made(broken: dict[str, object]) -> None:
    made: dict[str, object] = {
        "id": "p",
        "pledgor": "s",
        "lender": "l",
        "amount": 1000,
        "state": State.ACTIVE,
        **broken,
    }
    with pytest.raises(ValueError, match="pledge p"):
        Pledge(**{**made, **broken})  # type: ignore[arg-type]  # a dict of changes, each of its member's type
