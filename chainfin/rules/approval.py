"""Two pairs of eyes: what one person proposes takes effect when another person of the same party approves it.

A person is told by its id, never by the token or client that it came with. A no takes one person, whoever it is; a yes
takes a second one. Who isn't confirmed yet proposes and decides nothing: a person whom another one made, and
credentials that another one made for it, might be that other one's own (ADR 0305).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from chainfin.errors import Refusal


class ProposalState(StrEnum):
    """Where a proposal stands."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"


class ProposalEvent(StrEnum):
    """What may happen to it."""

    APPROVE = "approve"
    REJECT = "reject"
    EXPIRE = "expire"


TRANSITIONS: Mapping[tuple[ProposalState, ProposalEvent], ProposalState] = MappingProxyType(
    {
        (ProposalState.OPEN, ProposalEvent.APPROVE): ProposalState.APPROVED,
        (ProposalState.OPEN, ProposalEvent.REJECT): ProposalState.REJECTED,
        (ProposalState.OPEN, ProposalEvent.EXPIRE): ProposalState.EXPIRED,
    }
)
"""All that can happen; every other pair is refused as proposal_not_open."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who decides: ``party`` is a party's id or "operator"; ``confirmed``: it is, and so are the credentials that it
    came with."""

    id: str
    party: str
    active: bool = True
    confirmed: bool = True


@dataclass(frozen=True, slots=True)
class Proposal:
    """``decided_by``: None while it is open, and for one that expired."""

    party: str
    proposer: Person
    expires_at: datetime
    state: ProposalState = ProposalState.OPEN
    decided_by: str | None = None


def may_propose(by: Person) -> Refusal | None:
    """Refuses person_not_active, person_not_confirmed."""
    if not by.active:
        return Refusal("person_not_active", "a suspended person proposes nothing")
    return _unconfirmed(by)


def approve(proposal: Proposal, by: Person, now: datetime) -> Proposal | Refusal:
    """Refuses proposal_not_open, proposal_expired, approval_foreign, approval_same_person, person_not_confirmed,
    person_not_active (also when whoever proposed it has been suspended since: what it wanted is asked for anew)."""
    if refusal := _foreign(proposal, by):
        return refusal
    moved = _moved(proposal, ProposalEvent.APPROVE)
    if isinstance(moved, Refusal):
        return moved
    if now >= proposal.expires_at:
        return Refusal("proposal_expired", "nobody decided in time: it has to be proposed anew")
    if by.id == proposal.proposer.id:
        return Refusal("approval_same_person", "a second person approves, whatever token the first one comes with")
    if not proposal.proposer.active:
        return Refusal("person_not_active", "who proposed this has been suspended")
    return replace(moved, decided_by=by.id)


def reject(proposal: Proposal, by: Person) -> Proposal | Refusal:
    """A no, also by who proposed it. Refuses proposal_not_open, approval_foreign, person_not_active,
    person_not_confirmed."""
    if refusal := _foreign(proposal, by):
        return refusal
    moved = _moved(proposal, ProposalEvent.REJECT)
    return moved if isinstance(moved, Refusal) else replace(moved, decided_by=by.id)


def expire(proposal: Proposal, now: datetime) -> Proposal | Refusal:
    """Nobody decided in time. Refuses proposal_not_open, proposal_not_due."""
    if now < proposal.expires_at:
        return Refusal("proposal_not_due", "it may still be decided")
    return _moved(proposal, ProposalEvent.EXPIRE)


def _foreign(proposal: Proposal, by: Person) -> Refusal | None:
    if by.party != proposal.party:
        return Refusal("approval_foreign", "only persons of the same party decide")
    if not by.active:
        return Refusal("person_not_active", "a suspended person decides nothing")
    return _unconfirmed(by)


def _unconfirmed(by: Person) -> Refusal | None:
    if by.confirmed:
        return None
    return Refusal(
        "person_not_confirmed", "this person, or these credentials, were made by another and wait for a second"
    )


def _moved(proposal: Proposal, event: ProposalEvent) -> Proposal | Refusal:
    target = TRANSITIONS.get((proposal.state, event))
    if target is None:
        return Refusal("proposal_not_open", f"it is {proposal.state} already", {"status": str(proposal.state)})
    return replace(proposal, state=target)
