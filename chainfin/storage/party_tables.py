"""Parties, their custody keys and how they sign in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field, SQLModel

from chainfin.storage.types import UtcDateTime


class PartyRow(SQLModel, table=True):
    """A participant. ``status``: pending (not yet admitted on chain), active, suspended."""

    __tablename__ = "party"
    __table_args__ = (UniqueConstraint("legal_scheme", "legal_value"),)

    id: str = Field(primary_key=True)
    cell: str = Field(index=True)
    name: str
    legal_scheme: str
    legal_value: str
    commitment: str = Field(unique=True)
    commitment_salt: str
    roles: int
    address: str = Field(unique=True)
    chain_party: int | None = Field(default=None, unique=True)
    account: str
    """Bank account to which the payment rail pays."""
    profile: dict[str, object] = Field(default_factory=dict, sa_type=JSON)
    """Facts for policy (grade, founded on …); what was given, by whom, when."""
    status: str = "pending"
    created_at: datetime = Field(sa_type=UtcDateTime)


class PartyAliasRow(SQLModel, table=True):
    """Another identifier by which trade documents name a party (a tax number, an account with a trading partner)."""

    __tablename__ = "party_alias"

    value: str = Field(primary_key=True)
    party_id: str = Field(foreign_key="party.id", index=True)


class CustodyKeyRow(SQLModel, table=True):
    """A private key held for a party that asked for it, sealed with the process's master key (AES-GCM)."""

    __tablename__ = "custody_key"

    address: str = Field(primary_key=True)
    party_id: str | None = Field(default=None, foreign_key="party.id", index=True)
    purpose: str
    """party | operator | registrar | relayer"""
    sealed: str
    created_at: datetime = Field(sa_type=UtcDateTime)


class PersonRow(SQLModel, table=True):
    """A person who speaks for a party, or for the operator. ``status``: active, suspended (for good). Until it is
    ``confirmed`` by another person than its maker (``proposal_id``) it has no say in what takes two."""

    __tablename__ = "person"

    id: str = Field(primary_key=True)
    party_id: str | None = Field(default=None, foreign_key="party.id", index=True)
    """None: one of the operator's own."""
    name: str
    """Sealed with the process's master key, so that it stands in no log, dump or message; empty for a party's first."""
    address: str | None = Field(default=None, unique=True)
    """The key of the person's own wallet, if it signs in with one; it signs nothing for the party."""
    administrator: bool = False
    """May make further persons and their clients, and suspend them."""
    status: str = "active"
    made_by: str | None = None
    """The administrator; None for a party's first person, which comes with the party."""
    confirmed: bool = False
    proposal_id: str | None = None
    """No foreign key: proposals name persons already."""
    created_at: datetime = Field(sa_type=UtcDateTime)


class ClientRow(SQLModel, table=True):
    """Client credentials of one person, or of the ERP system it answers for (never the party's chain key). Those that
    another person made are ``confirmed`` by a second one (``proposal_id``), as persons are."""

    __tablename__ = "api_client"

    client_id: str = Field(primary_key=True)
    party_id: str | None = Field(default=None, foreign_key="party.id", index=True)
    """None: the operator's own client."""
    person_id: str = Field(foreign_key="person.id", index=True)
    secret_hash: str
    made_by: str | None = None
    """The person; None: whoever holds the machine, or one from before this was kept."""
    confirmed: bool = False
    proposal_id: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SignInNonceRow(SQLModel, table=True):
    """A nonce handed out for a wallet sign-in; used at most once."""

    __tablename__ = "signin_nonce"

    nonce: str = Field(primary_key=True)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class IdempotencyRow(SQLModel, table=True):
    """The answer given to an ``Idempotency-Key``; ``status_code`` is None while the request is in flight."""

    __tablename__ = "idempotency"

    actor: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    request: str
    """Method and path."""
    body_hash: str
    status_code: int | None = None
    response: str | None = None
    headers: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    claimed_by: str
    created_at: datetime = Field(sa_type=UtcDateTime)


class FactRow(SQLModel, table=True):
    """A named fact of this installation: deployed contracts, business clock offset, chain id."""

    __tablename__ = "fact"

    name: str = Field(primary_key=True)
    value: dict[str, object] = Field(sa_type=JSON)
