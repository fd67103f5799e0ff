"""Who is told of what by a call to an address of its own (webhooks), and what it is told."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Index
from sqlmodel import Field, SQLModel

from chainfin.storage.types import UtcDateTime


class WebhookEndpointRow(SQLModel, table=True):
    """An address of a party. ``events``: the kinds that it wants. ``secret``: signs what is sent to it, sealed under
    its id; ``previous_secret`` signs beside it until ``previous_until``. ``status``: a
    `rules.webhook.WebhookState`; ``reason`` says why it is disabled."""

    __tablename__ = "webhook_endpoint"

    id: str = Field(primary_key=True)
    cell: str
    party_id: str = Field(foreign_key="party.id", index=True)
    url: str
    events: list[str] = Field(sa_type=JSON)
    secret: str
    previous_secret: str | None = None
    previous_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    status: str = Field(default="active", index=True)
    reason: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)


class WebhookEventRow(SQLModel, table=True):
    """Something that a party is told of. ``body``: the bytes that are sent, as text. Kept so that it can be told
    again."""

    __tablename__ = "webhook_event"
    __table_args__ = (Index("ix_webhook_event_party", "party_id", "id"),)

    id: str = Field(primary_key=True)
    cell: str
    party_id: str = Field(foreign_key="party.id")
    kind: str
    subject: str
    body: str
    occurred_at: datetime = Field(sa_type=UtcDateTime)
