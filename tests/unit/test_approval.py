"""The rule of two pairs of eyes: every pair of state and event, and every reason of a refusal."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chainfin.errors import Refusal
from chainfin.rules import approval
from chainfin.rules.approval import Person, Proposal, ProposalEvent, ProposalState
from chainfin.rules.price import beyond_band

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
FIRST, SECOND = Person("per_1", "pty_1"), Person("per_2", "pty_1")
OPEN = Proposal("pty_1", FIRST, NOW + timedelta(days=7))


def outcome(event: ProposalEvent, proposal: Proposal, by: Person = SECOND, now: datetime = NOW) -> str:
    """The state afterwards, or the refusal's code."""
    if event is ProposalEvent.EXPIRE:
        after = approval.expire(proposal, now)
    else:
        after = approval.approve(proposal, by, now) if event is ProposalEvent.APPROVE else approval.reject(proposal, by)
    return after.code if isinstance(after, Refusal) else after.state.value


@pytest.mark.parametrize("state", [state for state in ProposalState if state is not ProposalState.OPEN])
@pytest.mark.parametrize("event", list(ProposalEvent))
def test_event__after_the_end__refused(state: ProposalState, event: ProposalEvent) -> None:
    late = NOW + timedelta(days=8) if event is ProposalEvent.EXPIRE else NOW
    assert outcome(event, replace(OPEN, state=state), now=late) == "proposal_not_open"


@pytest.mark.parametrize(
    ("event", "by", "days", "end"),
    [
        (ProposalEvent.APPROVE, SECOND, 6, "approved"),
        (ProposalEvent.APPROVE, FIRST, 6, "approval_same_person"),
        (ProposalEvent.APPROVE, SECOND, 7, "proposal_expired"),
        (ProposalEvent.APPROVE, Person("per_3", "pty_2"), 6, "approval_foreign"),
        (ProposalEvent.APPROVE, replace(SECOND, active=False), 6, "person_not_active"),
        (ProposalEvent.REJECT, FIRST, 6, "rejected"),
        (ProposalEvent.REJECT, SECOND, 6, "rejected"),
        (ProposalEvent.REJECT, Person("per_3", "pty_2"), 6, "approval_foreign"),
        (ProposalEvent.REJECT, replace(FIRST, active=False), 6, "person_not_active"),
        (ProposalEvent.EXPIRE, SECOND, 6, "proposal_not_due"),
        (ProposalEvent.EXPIRE, SECOND, 7, "expired"),
    ],
)
def test_event__on_an_open_proposal__ends_it_or_is_refused(
    event: ProposalEvent, by: Person, days: int, end: str
) -> None:
    assert outcome(event, OPEN, by, NOW + timedelta(days=days)) == end


def test_approve__proposer_suspended_since__refused() -> None:
    assert outcome(ProposalEvent.APPROVE, replace(OPEN, proposer=replace(FIRST, active=False))) == "person_not_active"


@pytest.mark.parametrize(
    ("price", "before", "beyond"),
    [
        (120, [100], False),
        (121, [100], True),
        (80, [100], False),
        (79, [100], True),
        (1, [], False),
        (110, [100, 90], True),
    ],
)
def test_band__a_fifth_either_way__of_any_price_before(price: int, before: list[int], beyond: bool) -> None:
    assert beyond_band(price, before) is beyond
