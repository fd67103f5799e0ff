"""Webhooks: addresses of a party, and what was sent to them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from api.schemas.common import Input, Moment, ZonedMoment, states
from chainfin.rules.webhook import WebhookState
from chainfin.services.views.webhooks import DeliveryView, WebhookView
from chainfin.values.command_state import CommandState
from chainfin.values.event_kind import EventKind


class WebhookIn(Input):
    """An address that is called when something of the party moves."""

    url: Annotated[str, Field(min_length=8, max_length=2000)] = Field(
        description="https, without user or fragment; it has to answer 2xx within ten seconds",
        examples=["https://hooks.example/chainfin"],
    )
    events: Annotated[list[EventKind], Field(min_length=1, max_length=len(EventKind))] = Field(
        description="the kinds of events that are sent to it", examples=[["act.due", "loan.changed"]]
    )


class WebhookOut(BaseModel):
    """An address. ``disabled``: nothing is sent to it; ``reason`` says why."""

    id: str = Field(description="whk_…")
    url: str = Field(description="what is called")
    events: list[EventKind] = Field(description="the kinds of events that are sent to it")
    status: str = states(WebhookState)
    reason: str | None = Field(description="why it is disabled; null while it is active")
    previous_until: Moment | None = Field(description="until when what is sent is signed with the old secret too")
    created_at: Moment = Field(description="when it was made")

    @classmethod
    def of(cls, seen: WebhookView) -> WebhookOut:
        return cls.model_validate(seen, from_attributes=True)


class WebhookWithSecret(WebhookOut):
    """With the secret that signs what is sent to it: shown this once, and kept sealed."""

    secret: str = Field(description="whsec_ and 32 bytes in base64, as Standard Webhooks writes it")


class TellAgainIn(Input):
    """Since when."""

    since: ZonedMoment = Field(description="by the service's business time", examples=["2026-03-02T09:00:00Z"])


class ToldAgain(BaseModel):
    """How many events are sent again."""

    events: int = Field(description="the oldest first; at most 1,000 at once")


class DeliveryOut(BaseModel):
    """An event as it was sent to an address."""

    number: int = Field(description="counts deliveries; later ones have higher numbers")
    event_id: str = Field(description="webhook-id of what is sent, and the id of the CloudEvent")
    kind: EventKind = Field(description="what it tells of")
    subject: str = Field(description="the id of what moved")
    status: str = states(CommandState)
    attempts: int = Field(description="how often it was tried")
    error: str | None = Field(description="why it wasn't taken at the last try")
    occurred_at: Moment = Field(description="when it happened, by the service's business time")

    @classmethod
    def of(cls, seen: DeliveryView) -> DeliveryOut:
        return cls.model_validate(seen, from_attributes=True)
