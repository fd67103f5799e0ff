"""Borrowing base, concentration, and limits that are held, used and freed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from chainfin.errors import ChainfinError, Refusal
from chainfin.rules.facility import (
    Asset,
    Held,
    HoldState,
    Limit,
    LimitKind,
    Position,
    borrowing_base,
    check_concentration,
    free,
    hold,
    use,
)
from chainfin.values.money import Money


def cny(minor: int) -> Money:
    return Money(minor, "CNY")


DEBTOR = Position.of(Limit(LimitKind.DEBTOR, "core-1", cny(1000)))
BORROWER = Position.of(Limit(LimitKind.BORROWER, "sup-1", cny(600)))


def asset(
    name: str, minor: int, *, debtor: str = "core-1", rate: str = "0.8", ineligible: tuple[str, ...] = ()
) -> Asset:
    return Asset(name, debtor, cny(minor), Decimal(rate), ineligible)


def held_of(minor: int, *positions: Position) -> Held:
    outcome = hold(positions or (DEBTOR, BORROWER), "H1", cny(minor))
    assert isinstance(outcome, Held)
    return outcome


def test_borrowing_base__several_assets__lines_round_down_and_add_up() -> None:
    base = borrowing_base(
        [asset("a", 101), asset("b", 99, rate="0.75"), asset("c", 500, ineligible=("disputed",))], "CNY"
    )
    assert [line.available.minor for line in base.lines] == [80, 74, 0]
    assert base.total == cny(154)


def test_borrowing_base__one_debtor_above_its_share__later_assets_lose_first() -> None:
    assets = [asset("a", 300), asset("b", 300), asset("c", 400, debtor="core-2")]
    base = borrowing_base(assets, "CNY", debtor_share=Decimal("0.5"))
    assert [line.counted.minor for line in base.lines] == [300, 200, 400]


def test_borrowing_base__shrunk_below_the_loan__no_headroom_and_a_shortfall() -> None:
    base = borrowing_base([asset("a", 100)], "CNY")
    assert (base.headroom(cny(50)), base.shortfall(cny(50))) == (cny(30), cny(0))
    assert (base.headroom(cny(95)), base.shortfall(cny(95))) == (cny(0), cny(15))


def test_borrowing_base__nothing__is_zero() -> None:
    assert borrowing_base([], "CNY").total == cny(0)


def test_check_concentration__at_the_share__passes_and_one_fen_more_is_refused() -> None:
    exposures = {"core-1": cny(200), "core-2": cny(600)}
    assert check_concentration(exposures, "core-1", cny(200), Decimal("0.4")) is None
    refusal = check_concentration(exposures, "core-1", cny(202), Decimal("0.4"))
    assert isinstance(refusal, Refusal)
    assert refusal.code == "concentration_exceeded"
    assert refusal.proof == {"core_enterprise": "core-1", "exposure": "4.02", "allowed": "4.00", "total": "10.02"}


def test_check_concentration__first_core_enterprise__stands_for_all() -> None:
    assert check_concentration({}, "core-1", cny(5), Decimal(1)) is None
    assert check_concentration({}, "core-1", cny(5), Decimal("0.9")) is not None


def test_hold__within_all_limits__is_taken_from_each() -> None:
    taken = held_of(600)
    assert taken.hold.state is HoldState.HELD
    assert [(p.limit.name, p.held, p.headroom) for p in taken.positions] == [
        ("borrower:sup-1", cny(600), cny(0)),
        ("debtor:core-1", cny(600), cny(400)),
    ]


def test_hold__one_limit_too_small__limit_exceeded_names_it_with_its_figures() -> None:
    refusal = hold([DEBTOR, BORROWER], "H1", cny(601))
    assert isinstance(refusal, Refusal)
    assert refusal.code == "limit_exceeded"
    assert refusal.proof["limit"] == "borrower:sup-1"
    assert refusal.proof["headroom"] == "6.00"
    assert refusal.proof["asked"] == "6.01"


def test_hold__used_amounts__count_against_the_limit() -> None:
    used = use(held_of(600).hold, held_of(600).positions)
    assert [(p.held.minor, p.used.minor) for p in used.positions] == [(0, 600), (0, 600)]
    refusal = hold([used.positions[1]], "H2", cny(401))
    assert isinstance(refusal, Refusal)
    assert refusal.proof["limit"] == "debtor:core-1"


def test_hold__limit_lowered_below_what_stands__has_no_headroom() -> None:
    position = replace(held_of(600, DEBTOR).positions[0], limit=Limit(LimitKind.DEBTOR, "core-1", cny(500)))
    assert position.headroom == cny(0)
    assert isinstance(hold([position], "H2", cny(1)), Refusal)


def test_free__a_hold__gives_all_back() -> None:
    taken = held_of(600)
    freed = free(taken.hold, taken.positions)
    assert (freed.hold.state, freed.hold.amount) == (HoldState.FREED, cny(0))
    assert all(position.held.minor == 0 for position in freed.positions)


def test_free__part_of_a_use_then_the_rest__ends_freed() -> None:
    taken = held_of(600)
    used = use(taken.hold, taken.positions)
    part = free(used.hold, used.positions, cny(250))
    assert (part.hold.state, part.hold.amount) == (HoldState.USED, cny(350))
    assert [position.used.minor for position in part.positions] == [350, 350]
    rest = free(part.hold, part.positions)
    assert rest.hold.state is HoldState.FREED
    assert [position.used.minor for position in rest.positions] == [0, 0]


def _freed() -> Held:
    taken = held_of(600)
    return free(taken.hold, taken.positions)


def _used() -> Held:
    taken = held_of(600)
    return use(taken.hold, taken.positions)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: asset("a", 1, rate="1.01"), "advance_rate_invalid"),
        (lambda: asset("a", 1, rate="-0.1"), "advance_rate_invalid"),
        (lambda: asset("a", -1), "amount_negative"),
        (lambda: Limit(LimitKind.LENDER, "bank", cny(-1)), "amount_negative"),
        (lambda: borrowing_base([], "CNY", debtor_share=Decimal(0)), "concentration_share_invalid"),
        (lambda: check_concentration({}, "c", cny(1), Decimal("1.1")), "concentration_share_invalid"),
        (lambda: hold([DEBTOR], "H", cny(0)), "amount_not_positive"),
        (lambda: hold([DEBTOR], "H", Money(1, "USD")), "currency_mismatch"),
        (lambda: hold([], "H", cny(1)), "limits_missing"),
        (lambda: hold([DEBTOR, DEBTOR], "H", cny(1)), "limit_twice"),
        (lambda: use(_freed().hold, _freed().positions), "hold_transition_refused"),
        (lambda: use(_used().hold, _used().positions), "hold_transition_refused"),
        (lambda: free(_freed().hold, _freed().positions), "hold_transition_refused"),
        (lambda: free(held_of(600).hold, held_of(600).positions, cny(1)), "free_amount_invalid"),
        (lambda: free(_used().hold, _used().positions, cny(601)), "free_amount_invalid"),
        (lambda: free(_used().hold, _used().positions, cny(0)), "free_amount_invalid"),
        (lambda: use(held_of(600).hold, [DEBTOR]), "limits_mismatch"),
    ],
)
def test_facility__what_may_not_be__is_refused_by_code(call: Callable[[], object], code: str) -> None:
    with pytest.raises(ChainfinError) as caught:
        call()
    assert caught.value.code == code
