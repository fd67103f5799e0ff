"""Every signed act, rider, batch and event of the contracts as a dataclass of its own.

Written by contracts/bindings.py (`make contracts`): change the contracts, not this file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from chainfin.eth.bindings import (
    orders,
    orders_events,
    participants,
    participants_events,
    pledges,
    pledges_events,
    receivables,
    receivables_events,
    warehouse_receipts,
    warehouse_receipts_events,
)
from chainfin.eth.bindings.base import Act, Batch, Event, Rider

_ACTS: tuple[type[Act], ...] = (
    *participants.ACTS,
    *orders.ACTS,
    *receivables.ACTS,
    *warehouse_receipts.ACTS,
    *pledges.ACTS,
)
_RIDERS: tuple[type[Rider], ...] = (
    *participants.RIDERS,
    *orders.RIDERS,
    *receivables.RIDERS,
    *warehouse_receipts.RIDERS,
    *pledges.RIDERS,
)
_BATCHES: tuple[type[Batch], ...] = (
    *participants.BATCHES,
    *orders.BATCHES,
    *receivables.BATCHES,
    *warehouse_receipts.BATCHES,
    *pledges.BATCHES,
)
_EVENTS: tuple[type[Event], ...] = (
    *participants_events.EVENTS,
    *orders_events.EVENTS,
    *receivables_events.EVENTS,
    *warehouse_receipts_events.EVENTS,
    *pledges_events.EVENTS,
)

ACTS: Final[Mapping[tuple[str, str], type[Act]]] = {(act.CONTRACT, act.FUNCTION): act for act in _ACTS}
"""(contract, function) to the act."""
RIDERS: Final[Mapping[str, type[Rider]]] = {rider.PRIMARY_TYPE: rider for rider in _RIDERS}
"""Primary type to the rider."""
BATCHES: Final[Mapping[tuple[str, str], type[Batch]]] = {(batch.CONTRACT, batch.FUNCTION): batch for batch in _BATCHES}
"""(contract, function) to the batch."""
EVENTS: Final[Mapping[tuple[str, str], type[Event]]] = {(event.CONTRACT, event.NAME): event for event in _EVENTS}
"""(contract, event) to the event."""
