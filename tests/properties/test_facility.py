"""Laws of limits: no sequence of holds, uses and frees exceeds one, and what is freed is all there again."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chainfin.errors import Refusal
from chainfin.rules.facility import (
    Asset,
    Held,
    Hold,
    HoldState,
    Limit,
    LimitKind,
    Position,
    borrowing_base,
    free,
    hold,
    use,
)
from chainfin.values.money import Money


def cny(minor: int) -> Money:
    return Money(minor, "CNY")


LIMITS = (
    Limit(LimitKind.DEBTOR, "core", cny(1000)),
    Limit(LimitKind.BORROWER, "sup-1", cny(400)),
    Limit(LimitKind.BORROWER, "sup-2", cny(700)),
    Limit(LimitKind.LENDER, "bank", cny(900)),
)


class Limits(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.positions = {limit.name: Position.of(limit) for limit in LIMITS}
        self.holds: dict[str, Hold] = {}

    def take(self, outcome: Held) -> None:
        self.holds[outcome.hold.id] = outcome.hold
        self.positions |= {position.limit.name: position for position in outcome.positions}

    def some(self, state: HoldState) -> list[Hold]:
        return [held for held in self.holds.values() if held.state is state]

    def of(self, held: Hold) -> list[Position]:
        return [self.positions[name] for name in held.limits]

    @rule(borrower=st.sampled_from(["sup-1", "sup-2"]), minor=st.integers(1, 600))
    def ask(self, borrower: str, minor: int) -> None:
        names = ["debtor:core", f"borrower:{borrower}", "lender:bank"]
        positions = [self.positions[name] for name in names]
        fits = all(minor <= position.headroom.minor for position in positions)
        outcome = hold(positions, f"H{len(self.holds)}", cny(minor))
        assert isinstance(outcome, Held) is fits
        if isinstance(outcome, Refusal):
            tight = self.positions[str(outcome.proof["limit"])]
            assert tight.headroom.minor < minor
        else:
            self.take(outcome)

    @precondition(lambda self: self.some(HoldState.HELD))
    @rule(data=st.data())
    def pay_out(self, data: st.DataObject) -> None:
        held = data.draw(st.sampled_from(self.some(HoldState.HELD)))
        self.take(use(held, self.of(held)))

    @precondition(lambda self: self.some(HoldState.HELD))
    @rule(data=st.data())
    def expire(self, data: st.DataObject) -> None:
        held = data.draw(st.sampled_from(self.some(HoldState.HELD)))
        self.take(free(held, self.of(held)))

    @precondition(lambda self: self.some(HoldState.USED))
    @rule(data=st.data())
    def repay(self, data: st.DataObject) -> None:
        held = data.draw(st.sampled_from(self.some(HoldState.USED)))
        self.take(free(held, self.of(held), cny(data.draw(st.integers(1, held.amount.minor)))))

    @invariant()
    def no_limit_is_exceeded(self) -> None:
        for position in self.positions.values():
            assert position.held.minor >= 0
            assert position.used.minor >= 0
            assert position.held + position.used <= position.limit.amount

    @invariant()
    def positions_are_the_sums_of_their_holds(self) -> None:
        for name, position in self.positions.items():
            for state, amount in ((HoldState.HELD, position.held), (HoldState.USED, position.used)):
                assert amount.minor == sum(h.amount.minor for h in self.some(state) if name in h.limits)


TestLimits = Limits.TestCase

assets = st.lists(
    st.builds(
        Asset,
        st.just("a"),
        st.sampled_from(["core-1", "core-2", "core-3"]),
        st.builds(cny, st.integers(0, 10**12)),
        st.integers(0, 100).map(lambda percent: Decimal(percent) / 100),
        st.sampled_from([(), (), ("disputed",)]),
    ),
    max_size=8,
)


@given(assets, st.integers(1, 100).map(lambda percent: Decimal(percent) / 100))
def test_borrowing_base__any_assets__lines_add_up_and_no_debtor_counts_beyond_its_share(
    pool: list[Asset], share: Decimal
) -> None:
    base = borrowing_base(pool, "CNY", debtor_share=share)
    assert base.total.minor == sum(line.available.minor for line in base.lines)
    eligible = sum(asset.amount.minor for asset in pool if not asset.ineligible)
    for debtor in {asset.debtor for asset in pool}:
        assert sum(line.counted.minor for line in base.lines if line.asset.debtor == debtor) <= share * eligible
    for line in base.lines:
        assert line.available.minor <= line.asset.amount.minor * line.asset.advance_rate
        assert not (line.asset.ineligible and line.available.minor)


@given(assets, st.integers(0, 10**12))
def test_borrowing_base__an_asset_shrinks__the_base_never_grows(pool: list[Asset], cut: int) -> None:
    if not pool:
        return
    first = pool[0]
    shrunk = Asset(first.id, first.debtor, cny(max(0, first.amount.minor - cut)), first.advance_rate, first.ineligible)
    assert borrowing_base([shrunk, *pool[1:]], "CNY").total <= borrowing_base(pool, "CNY").total
