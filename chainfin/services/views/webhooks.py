"""Webhooks as they are handed out: never with a secret."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chainfin.services.views.of_row import shown
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.webhook_tables import WebhookEndpointRow, WebhookEventRow


@dataclass(frozen=True, slots=True)
class WebhookView:
    """An address of a party."""

    id: str
    url: str
    events: list[str]
    status: str
    reason: str | None
    previous_until: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, row: WebhookEndpointRow) -> WebhookView:
        return shown(cls, row)


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """An event as it was sent to an address, and what became of it. ``number`` counts deliveries of all addresses."""

    number: int
    event_id: str
    kind: str
    subject: str
    status: str
    attempts: int
    error: str | None
    occurred_at: datetime

    @classmethod
    def of_rows(cls, sent: OutboxRow, event: WebhookEventRow) -> DeliveryView:
        assert sent.id is not None, "it is stored"
        return cls(
            number=sent.id,
            event_id=event.id,
            kind=event.kind,
            subject=event.subject,
            status=sent.status,
            attempts=sent.attempts,
            error=sent.error,
            occurred_at=event.occurred_at,
        )
