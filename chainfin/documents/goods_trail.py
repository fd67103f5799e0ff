"""The goods' trail of an order: a hash over every step that its goods took, in the order in which they took it.

An order on chain keeps ``trail' = keccak256(abi.encode(trail, uint8 kind, bytes32 documentRoot, uint64 amount))``. The
document roots commit to every line's quantity and unit, so the trail commits to what was ordered, despatched and
received line by line, though the chain knows amounts only. A registrar that attests an invoice names the trail with
which it matched the invoice's lines: once the goods move on, the attestation no longer counts (see Orders.sol).
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from chainfin.eth.bindings import orders_events
from chainfin.hashing import keccak

START: Final = bytes(32)
"""The trail of an order before its first step."""


class Step(IntEnum):
    """The ``kind`` of a step."""

    POST = 1
    AMEND = 2
    DESPATCH = 3
    RECEIVE = 4


EVENTS: Final = {
    orders_events.Posted.NAME: Step.POST,
    orders_events.Amended.NAME: Step.AMEND,
    orders_events.Despatched.NAME: Step.DESPATCH,
    orders_events.GoodsReceived.NAME: Step.RECEIVE,
}
"""The contract's events that tell of a step; each carries ``documentRoot`` and ``amount``."""


def extended(trail: bytes, step: Step, document_root: bytes, amount: int) -> bytes:
    """The trail after one more step. ``amount``: minor units, as the step's act states it."""
    return keccak(trail + step.to_bytes(32, "big") + document_root + amount.to_bytes(32, "big"))
