"""Persons of a party, and what takes two of them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from api.schemas.common import Address, Input, Line, Moment, Reason, states
from chainfin.connectors import bank_by_hand
from chainfin.services.reactions.approved import EFFECTS
from chainfin.services.views.acts import ProposalView
from chainfin.services.views.parties import PersonView
from chainfin.values.party import PersonState

ProposalStatus = Literal["open", "approved", "rejected", "expired"]


class PersonIn(Input):
    """``address``: the person's own wallet, to sign in with."""

    name: Line
    address: Address | None = None
    administrator: bool = False


class PersonOut(BaseModel):
    """A person, for its own party."""

    id: str
    party_id: str | None = Field(description="null: the operator's")
    name: str = Field(description="empty for the person that a party begins with")
    address: str | None
    administrator: bool
    status: str = states(PersonState)
    confirmed: bool
    proposal_id: str | None
    created_at: Moment

    @classmethod
    def of(cls, seen: PersonView) -> PersonOut:
        return cls.model_validate(seen, from_attributes=True)


class DecisionIn(Input):
    """Why; kept with the proposal."""

    reason: Reason


class ProposalOut(BaseModel):
    """What one person proposed and, once decided, who decided."""

    id: str
    kind: str = states(sorted({**EFFECTS, **bank_by_hand.EFFECTS}))
    subject: str = Field(description="the thing that it is about")
    payload: dict[str, Any]
    reason: str
    status: ProposalStatus
    proposed_by: str
    decided_by: str | None
    decision_reason: str | None
    decided_at: Moment | None
    evidence_hash: str | None = Field(description="SHA-256 of what both persons did, as canonical JSON")
    expires_at: Moment
    created_at: Moment

    @classmethod
    def of(cls, seen: ProposalView) -> ProposalOut:
        return cls.model_validate(seen, from_attributes=True)
