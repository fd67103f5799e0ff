"""What one person proposes and another one of the same party decides."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from chainfin.storage.types import UtcDateTime


class ProposalRow(SQLModel, table=True):
    """An act that takes two persons. ``status``: open → approved, rejected or expired (`rules.approval`).

    Once decided it never changes: ``evidence`` is what both persons did, as canonical JSON, and ``evidence_hash`` its
    SHA-256.
    """

    __tablename__ = "proposal"

    id: str = Field(primary_key=True)
    cell: str
    party_id: str | None = Field(default=None, foreign_key="party.id", index=True)
    """Whose persons decide; None: the operator's."""
    kind: str
    """What is done on approval: a key of the table of effects."""
    subject: str = Field(index=True)
    """Id of the thing that it is about."""
    payload: dict[str, object] = Field(default_factory=dict, sa_type=JSON)
    reason: str
    proposed_by: str = Field(foreign_key="person.id")
    status: str = Field(default="open", index=True)
    decided_by: str | None = Field(default=None, foreign_key="person.id")
    decision_reason: str | None = None
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    evidence: str | None = None
    evidence_hash: str | None = None
    expires_at: datetime = Field(sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
