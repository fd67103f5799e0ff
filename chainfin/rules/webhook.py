"""Whether anything is sent to a party's address (a webhook)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class WebhookState(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"
    """Switched off by its party, or given up because it didn't answer."""


class WebhookEvent(StrEnum):
    SWITCH_ON = "switch_on"
    SWITCH_OFF = "switch_off"
    GIVE_UP = "give_up"


TRANSITIONS: Final[Mapping[tuple[WebhookState, WebhookEvent], WebhookState]] = MappingProxyType(
    {
        (WebhookState.ACTIVE, WebhookEvent.SWITCH_ON): WebhookState.ACTIVE,
        (WebhookState.ACTIVE, WebhookEvent.SWITCH_OFF): WebhookState.DISABLED,
        (WebhookState.ACTIVE, WebhookEvent.GIVE_UP): WebhookState.DISABLED,
        (WebhookState.DISABLED, WebhookEvent.SWITCH_ON): WebhookState.ACTIVE,
        (WebhookState.DISABLED, WebhookEvent.SWITCH_OFF): WebhookState.DISABLED,
        # Deliveries that were under way when it was switched off may still be in vain.
        (WebhookState.DISABLED, WebhookEvent.GIVE_UP): WebhookState.DISABLED,
    }
)
"""The one transition table of an address: every event is possible in both states."""


def transition(state: WebhookState, event: WebhookEvent) -> WebhookState:
    """The state after ``event``."""
    return TRANSITIONS[state, event]
