"""The receivable's acts: who may do what when, and each refusal by its code."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from chainfin.errors import BadInput, Refusal
from chainfin.rules import receivable as rules
from chainfin.rules.authority import CHAIN
from chainfin.rules.receivable import Receivable, State
from chainfin.values.money import Money

TODAY = date(2026, 11, 21)
DUE = date(2027, 2, 19)


def cny(minor: int) -> Money:
    return Money(minor, "CNY")


def done(result: object) -> Receivable:
    assert isinstance(result, Receivable), result
    return result


def pair(result: object) -> tuple[Receivable, Receivable]:
    assert isinstance(result, tuple), result
    return result[0], result[1] if isinstance(result[1], Receivable) else result[1][0]


def issue(due: date = DUE, face: int = 1000, **changes: int) -> Receivable | Refusal:
    return rules.issue(id="r", order_id="o", seller="s", debtor="c", face=cny(face), due=due, today=TODAY, **changes)


ISSUED = done(issue())
CONFIRMED = done(rules.confirm(ISSUED, by="c", face=cny(1000), due=DUE))
PLEDGED = done(rules.pledge(CONFIRMED, cny(600), pledge_id="p", lender="l", by="s"))
DISPUTED = done(rules.dispute(PLEDGED, by="c"))
SPLIT_UP = replace(CONFIRMED, free=0, split_away=1000, parts=2)


def bought(
    receivable: Receivable = PLEDGED, amount: int = 200, pledge_id: str = "p", buyer: str = "b", today: date = date.max
) -> object:
    return rules.buy_back(receivable, cny(amount), pledge_id=pledge_id, child_id="e", buyer=buyer, today=today)


def test_buy_back__a_part_of_the_pledge__the_buyer_s_own_claim() -> None:
    parent, child = pair(bought())
    assert (parent.free, parent.pledged, parent.split_away) == (400, 400, 200)
    assert (child.holder, child.face, child.free, child.parent, child.state) == ("b", 200, 200, "r", State.CONFIRMED)


def test_receivable__pledged_settled_released__parts_add_up() -> None:
    paid = done(rules.settle(PLEDGED, cny(600), payee="l", pledge_id="p"))
    assert (paid.free, paid.pledged, paid.settled, paid.state) == (400, 0, 600, State.CONFIRMED)
    assert done(rules.settle(paid, cny(400), payee="s")).state is State.SETTLED
    freed = done(rules.release(PLEDGED, cny(100), pledge_id="p", by="l"))
    assert (freed.free, freed.pledged) == (500, 500)


def test_split__two_parts__confirmed_like_the_parent() -> None:
    result = rules.split(PLEDGED, [cny(100), cny(300)], ["a", "b"], by="s")
    assert isinstance(result, tuple)
    parent, children = result
    assert (parent.free, parent.split_away, parent.pledged, parent.parts) == (0, 400, 600, 2)
    assert [(child.face, child.holder, child.state, child.parent) for child in children] == [
        (100, "s", State.CONFIRMED, "r"),
        (300, "s", State.CONFIRMED, "r"),
    ]


def test_transfer__child__paid_to_the_new_holder_only() -> None:
    _, child = pair(rules.split(CONFIRMED, [cny(100), cny(300)], ["a", "b"], by="s"))
    passed = done(rules.transfer(child, "t2", by="s"))
    assert code(rules.settle(passed, cny(100), payee="s")) == "payee_wrong"
    assert done(rules.settle(passed, cny(100), payee="t2")).state is State.SETTLED


def test_enforce__after_the_due_day__the_lender_holds_a_receivable_of_its_own() -> None:
    parent, child = pair(rules.enforce(PLEDGED, pledge_id="p", child_id="e", by="l", today=DUE + timedelta(1)))
    assert (parent.pledged, parent.split_away, parent.free) == (0, 600, 400)
    assert (child.holder, child.face, child.debtor) == ("l", 600, "c")


def test_cancel__disputed_before_confirmation__nothing_is_owed() -> None:
    cancelled = done(rules.cancel(done(rules.dispute(ISSUED, by="c")), by="s"))
    assert (cancelled.state, cancelled.outstanding) == (State.CANCELLED, 0)


def test_resolve_dispute__back_to_what_it_was() -> None:
    assert done(rules.resolve_dispute(DISPUTED, by="c")).state is State.CONFIRMED
    assert done(rules.resolve_dispute(done(rules.dispute(ISSUED, by="c")), by="c")).state is State.ISSUED


def test_credit__all_of_it__nothing_is_owed() -> None:
    assert done(rules.credit(CONFIRMED, cny(1000), by="s")).state is State.SETTLED
    part = done(rules.credit(CONFIRMED, cny(1), by="s"))
    assert (part.free, part.diluted, part.state) == (999, 1, State.CONFIRMED)


def test_eligibility__confirmed_and_pledged__facts_of_the_day() -> None:
    facts = rules.eligibility(PLEDGED, TODAY + timedelta(10))
    assert (facts.confirmed, facts.free, facts.face, facts.tenor_days, facts.days_to_due) == (True, 400, 1000, 90, 80)
    assert rules.eligibility(DISPUTED, TODAY).confirmed is True
    assert rules.eligibility(ISSUED, TODAY).confirmed is False
    assert rules.eligibility(DISPUTED, TODAY).disputed is True


@pytest.mark.parametrize(
    ("due", "max_days", "code"),
    [
        (TODAY, 184, "due_date_past"),
        (TODAY - timedelta(1), 184, "due_date_past"),
        (TODAY + timedelta(1), 184, None),
        (TODAY + timedelta(184), 184, None),
        (TODAY + timedelta(185), 184, "tenor_unlawful"),
        (TODAY + timedelta(366), 366, None),
        (TODAY + timedelta(367), 366, "tenor_unlawful"),
    ],
)
def test_tenor__at_its_bounds__lawful_or_refused(due: date, max_days: int, code: str | None) -> None:
    refusal = rules.tenor(due, TODAY, max_days=max_days)
    assert (refusal.code if refusal else None) == code


@pytest.mark.parametrize("days", [0, 367])
def test_tenor__limit_beyond_the_law__bad_input(days: int) -> None:
    with pytest.raises(BadInput) as caught:
        rules.tenor(DUE, TODAY, max_days=days)
    assert caught.value.code == "tenor_limit_invalid"


def code(result: object) -> str:
    assert isinstance(result, Refusal), result
    return result.code


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (lambda: issue(face=0), "amount_not_positive"),
        (lambda: issue(face=2**56), "amount_too_large"),
        (lambda: issue(due=TODAY), "due_date_past"),
        (lambda: issue(due=TODAY + timedelta(185)), "tenor_unlawful"),
        (lambda: rules.issue(id="r", order_id="o", seller="c", debtor="c", face=cny(1), due=DUE, today=TODAY),
         "debtor_is_seller"),
        (lambda: rules.confirm(ISSUED, by="s", face=cny(1000), due=DUE), "not_debtor"),
        (lambda: rules.confirm(ISSUED, by="c", face=cny(999), due=DUE), "confirmation_mismatch"),
        (lambda: rules.confirm(ISSUED, by="c", face=cny(1000), due=TODAY), "confirmation_mismatch"),
        (lambda: rules.confirm(CONFIRMED, by="c", face=cny(1000), due=DUE), "receivable_state_wrong"),
        (lambda: rules.cancel(ISSUED, by="c"), "not_seller"),
        (lambda: rules.cancel(CONFIRMED, by="s"), "receivable_state_wrong"),
        (lambda: rules.cancel(DISPUTED, by="s"), "receivable_state_wrong"),
        (lambda: rules.credit(ISSUED, cny(1), by="s"), "receivable_state_wrong"),
        (lambda: rules.credit(done(rules.dispute(ISSUED, by="c")), cny(1), by="s"), "receivable_state_wrong"),
        (lambda: rules.settle(done(rules.dispute(ISSUED, by="c")), cny(1), payee="s"), "receivable_state_wrong"),
        (lambda: rules.dispute(CONFIRMED, by="s"), "not_debtor"),
        (lambda: rules.resolve_dispute(DISPUTED, by="s"), "not_debtor"),
        (lambda: rules.credit(CONFIRMED, cny(1), by="c"), "not_holder"),
        (lambda: rules.credit(PLEDGED, cny(401), by="s"), "exceeds_free"),
        (lambda: rules.credit(CONFIRMED, Money(1, "USD"), by="s"), "currency_mismatch"),
        (lambda: rules.credit(CONFIRMED, cny(-1), by="s"), "amount_not_positive"),
        (lambda: rules.split(CONFIRMED, [cny(1)], ["a"], by="s"), "parts_invalid"),
        (lambda: rules.split(CONFIRMED, [cny(1)] * 9, list("abcdefghi"), by="s"), "parts_invalid"),
        (lambda: rules.split(CONFIRMED, [cny(1), cny(1)], ["a", "a"], by="s"), "parts_invalid"),
        (lambda: rules.split(PLEDGED, [cny(200), cny(201)], ["a", "b"], by="s"), "exceeds_free"),
        (lambda: rules.split(CONFIRMED, [cny(0), cny(1)], ["a", "b"], by="s"), "amount_not_positive"),
        (lambda: rules.split(CONFIRMED, [cny(1), cny(1)], ["a", "b"], by="x"), "not_holder"),
        (lambda: rules.split(ISSUED, [cny(1), cny(1)], ["a", "b"], by="s"), "receivable_state_wrong"),
        (lambda: rules.transfer(PLEDGED, "t", by="s"), "part_pledged"),
        (lambda: rules.transfer(CONFIRMED, "c", by="s"), "transfer_to_debtor"),
        (lambda: rules.transfer(CONFIRMED, "s", by="s"), "transfer_to_self"),
        (lambda: rules.transfer(CONFIRMED, "t", by="x"), "not_holder"),
        (lambda: rules.transfer(SPLIT_UP, "t", by="s"), "nothing_left"),
        (lambda: rules.split(SPLIT_UP, [cny(1), cny(1)], ["a", "b"], by="s"), "nothing_left"),
        (lambda: rules.dispute(SPLIT_UP, by="c"), "nothing_left"),
        # nobody can do what a holder may before the debtor has confirmed, so it isn't a question of who asks
        (lambda: rules.transfer(ISSUED, "t", by="x"), "receivable_state_wrong"),
        (lambda: rules.pledge(CONFIRMED, cny(1), pledge_id="q", lender="c", by="s"), "lender_is_debtor"),
        (lambda: rules.pledge(ISSUED, cny(1), pledge_id="q", lender="l", by="s"), "receivable_state_wrong"),
        (lambda: rules.pledge(CONFIRMED, cny(1), pledge_id="q", lender="l", by="x"), "not_holder"),
        (lambda: rules.pledge(CONFIRMED, cny(1), pledge_id="q", lender="s", by="s"), "lender_is_pledgor"),
        (lambda: rules.pledge(PLEDGED, cny(1), pledge_id="p", lender="l", by="s"), "pledge_exists"),
        (lambda: rules.pledge(PLEDGED, cny(600), pledge_id="q", lender="l", by="s"), "exceeds_free"),
        (lambda: rules.pledge(DISPUTED, cny(1), pledge_id="q", lender="l", by="s"), "receivable_state_wrong"),
        (lambda: rules.release(PLEDGED, cny(1), pledge_id="q", by="l"), "pledge_unknown"),
        (lambda: rules.release(PLEDGED, cny(1), pledge_id="p", by="s"), "not_lender"),
        (lambda: rules.release(PLEDGED, cny(601), pledge_id="p", by="l"), "exceeds_pledged"),
        (lambda: rules.settle(PLEDGED, cny(1), payee="s", pledge_id="p"), "payee_wrong"),
        (lambda: rules.settle(PLEDGED, cny(1), payee="l"), "payee_wrong"),
        (lambda: rules.settle(PLEDGED, cny(401), payee="s"), "exceeds_free"),
        (lambda: rules.settle(PLEDGED, cny(601), payee="l", pledge_id="p"), "exceeds_pledged"),
        (lambda: rules.settle(PLEDGED, cny(1), payee="l", pledge_id="q"), "pledge_unknown"),
        (lambda: rules.settle(ISSUED, cny(1), payee="s"), "receivable_state_wrong"),
        (lambda: rules.enforce(PLEDGED, pledge_id="p", child_id="e", by="l", today=DUE), "not_yet_due"),
        (lambda: rules.enforce(PLEDGED, pledge_id="p", child_id="e", by="s", today=date.max), "not_lender"),
        (lambda: rules.enforce(PLEDGED, pledge_id="q", child_id="e", by="l", today=date.max), "pledge_unknown"),
        (lambda: bought(amount=601), "exceeds_pledged"),
        (lambda: bought(amount=0), "amount_not_positive"),
        (lambda: bought(pledge_id="q"), "pledge_unknown"),
        (lambda: bought(today=DUE), "not_yet_due"),
        (lambda: bought(buyer="c"), "transfer_to_debtor"),
        (lambda: rules.default(CONFIRMED, by="s", today=DUE), "not_yet_due"),
        (lambda: rules.default(CONFIRMED, by="l", today=date.max), "not_holder"),
    ],
)  # fmt: skip
def test_receivable__act_against_the_rules__refused(act: Callable[[], object], expected: str) -> None:
    assert code(act()) == expected


ACTS: dict[str, Callable[[Receivable], object]] = {
    "confirm": lambda r: rules.confirm(r, by="c", face=cny(1000), due=DUE),
    "cancel": lambda r: rules.cancel(r, by="s"),
    "dispute": lambda r: rules.dispute(r, by="c"),
    "resolve_dispute": lambda r: rules.resolve_dispute(r, by="c"),
    "credit": lambda r: rules.credit(r, cny(1), by="s"),
    "split": lambda r: rules.split(r, [cny(1), cny(1)], ["a", "b"], by="s"),
    "transfer": lambda r: rules.transfer(replace(r, free=1000, pledges=()), "t", by="s"),
    "pledge": lambda r: rules.pledge(r, cny(1), pledge_id="q", lender="l", by="s"),
    "release": lambda r: rules.release(r, cny(1), pledge_id="p", by="l"),
    "settle": lambda r: rules.settle(r, cny(1), payee="s"),
    "enforce": lambda r: rules.enforce(r, pledge_id="p", child_id="e", by="l", today=date.max),
    "buy_back": bought,
    "default": lambda r: rules.default(r, by="s", today=date.max),
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("state", State)
def test_allowed__state_that_does_not_admit_the_act__receivable_state_wrong(state: State, act: str) -> None:
    confirmed = act not in rules.UNCONFIRMED_ONLY
    result = ACTS[act](replace(PLEDGED, state=state, confirmed=confirmed))
    refused = isinstance(result, Refusal) and result.code == "receivable_state_wrong"
    assert refused is (state not in rules.ALLOWED[act])


def test_receivable__parts_that_do_not_add_up__not_constructed() -> None:
    with pytest.raises(ValueError, match="add up"):
        replace(ISSUED, free=999)
    with pytest.raises(ValueError, match="negative"):
        replace(ISSUED, free=1001, settled=-1)


@pytest.mark.parametrize(
    ("by_party", "by_chain"),
    [
        (
            rules.confirm(ISSUED, by="c", face=cny(1000), due=DUE),
            rules.confirm(ISSUED, by=CHAIN, face=cny(1000), due=DUE),
        ),
        (rules.cancel(ISSUED, by="s"), rules.cancel(ISSUED, by=CHAIN)),
        (rules.dispute(PLEDGED, by="c"), rules.dispute(PLEDGED, by=CHAIN)),
        (rules.resolve_dispute(DISPUTED, by="c"), rules.resolve_dispute(DISPUTED, by=CHAIN)),
        (rules.credit(PLEDGED, cny(400), by="s"), rules.credit(PLEDGED, cny(400), by=CHAIN)),
        (rules.transfer(CONFIRMED, "t", by="s"), rules.transfer(CONFIRMED, "t", by=CHAIN)),
        (
            rules.release(PLEDGED, cny(1), pledge_id="p", by="l"),
            rules.release(PLEDGED, cny(1), pledge_id="p", by=CHAIN),
        ),
        (rules.settle(PLEDGED, cny(1), payee="s"), rules.settle(PLEDGED, cny(1), payee=CHAIN)),
        (rules.default(PLEDGED, by="s", today=date.max), rules.default(PLEDGED, by=CHAIN, today=CHAIN)),
        (
            rules.enforce(PLEDGED, pledge_id="p", child_id="e", by="l", today=date.max),
            rules.enforce(PLEDGED, pledge_id="p", child_id="e", by=CHAIN, today=CHAIN),
        ),
    ],
)
def test_chain__an_act_that_a_party_may_do__the_same_transition(by_party: object, by_chain: object) -> None:
    assert not isinstance(by_party, Refusal)
    assert by_chain == by_party


@pytest.mark.parametrize(
    ("result", "refusal"),
    [
        (lambda: rules.credit(PLEDGED, cny(401), by=CHAIN), "exceeds_free"),
        (lambda: rules.settle(PLEDGED, cny(401), payee=CHAIN), "exceeds_free"),
        (lambda: rules.release(PLEDGED, cny(601), pledge_id="p", by=CHAIN), "exceeds_pledged"),
        (lambda: rules.split(PLEDGED, [cny(401)], ["a"], by=CHAIN), "exceeds_free"),
        (lambda: rules.cancel(CONFIRMED, by=CHAIN), "receivable_state_wrong"),
        (lambda: rules.enforce(CONFIRMED, pledge_id="p", child_id="e", by=CHAIN, today=CHAIN), "pledge_unknown"),
    ],
)
def test_chain__what_would_lose_or_make_money__refused_all_the_same(result: Callable[[], object], refusal: str) -> None:
    assert code(result()) == refusal


def test_split__one_part__only_on_the_chain_s_word() -> None:
    """The chain tells of each part by an event of its own."""
    assert code(rules.split(CONFIRMED, [cny(1)], ["a"], by="s")) == "parts_invalid"
    parent, child = pair(rules.split(CONFIRMED, [cny(1)], ["a"], by=CHAIN))
    assert (parent.split_away, child.face) == (1, 1)
