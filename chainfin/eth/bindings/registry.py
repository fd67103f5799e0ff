"""Every signed act, rider, batch and event of the contracts as a dataclass of its own.

Written by contracts/bindings.py (`make contracts`): change the contracts, not this file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from chainfin.eth.bindings import (
    orders_acts,
    orders_events,
    participants_acts,
    participants_events,
    pledges_acts,
    pledges_events,
    receivables_acts,
    receivables_events,
    warehouse_receipts_acts,
    warehouse_receipts_events,
)
from chainfin.eth.bindings.base import Act, Batch, Event, Rider

_ACTS: tuple[type[Act], ...] = (
    *participants_acts.ACTS,
    *orders_acts.ACTS,
    *receivables_acts.ACTS,
    *warehouse_receipts_acts.ACTS,
    *pledges_acts.ACTS,
)
_RIDERS: tuple[type[Rider], ...] = (
    *participants_acts.RIDERS,
    *orders_acts.RIDERS,
    *receivables_acts.RIDERS,
    *warehouse_receipts_acts.RIDERS,
    *pledges_acts.RIDERS,
)
_BATCHES: tuple[type[Batch], ...] = (
    *participants_acts.BATCHES,
    *orders_acts.BATCHES,
    *receivables_acts.BATCHES,
    *warehouse_receipts_acts.BATCHES,
    *pledges_acts.BATCHES,
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
