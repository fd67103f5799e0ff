"""The purchase order as a value: its states, its lines, and how far each step went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from chainfin.documents.matching import order_gross
from chainfin.documents.model import Document


class State(StrEnum):
    """Where an order stands; how far each step went is in the amounts."""

    POSTED = "posted"
    ACKNOWLEDGED = "acknowledged"
    DESPATCHED = "despatched"
    RECEIVED = "received"
    INVOICED = "invoiced"
    CANCELLED = "cancelled"


P, A, D, R, B, X = State  # B: billed
# (state, act) → next state; anything else is refused as order_state_wrong. An amended order awaits the seller again
# (POSTED), and what was on its way before the change can still be received and invoiced: in every state after it too.
TRANSITIONS: Final[Mapping[tuple[State, str], State]] = {
    (P, "acknowledge"): A, (P, "amend"): P, (P, "cancel"): X, (P, "receive"): P, (P, "invoice"): P, (P, "confirm"): P,
    (A, "amend"): P, (A, "cancel"): X, (A, "despatch"): D, (A, "receive"): R, (A, "invoice"): B, (A, "confirm"): B,
    (D, "amend"): P, (D, "cancel"): X, (D, "despatch"): D, (D, "receive"): R,
    (R, "amend"): P, (R, "cancel"): X, (R, "despatch"): R, (R, "receive"): R, (R, "invoice"): B,
    (B, "amend"): P, (B, "cancel"): X, (B, "despatch"): B, (B, "receive"): B, (B, "invoice"): B, (B, "confirm"): B,
    (D, "invoice"): B, (D, "confirm"): D, (R, "confirm"): R,
    (P, "uninvoice"): P, (A, "uninvoice"): A, (D, "uninvoice"): D, (R, "uninvoice"): R, (B, "uninvoice"): B,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A line. Quantities in ``unit`` (UN/ECE Rec 20); ``value`` and ``…_value`` are gross, in whole minor units.

    ``received`` is what the buyer has: what came and stayed. ``returned`` went back, on arrival or later; so much more
    may be despatched, in its place. ``returned_value``: what is received now is worth so much less than the most that
    ever was, which is what the chain knows (amounts there only grow).
    """

    id: str
    unit: str
    ordered: Decimal
    value: int
    despatched: Decimal = Decimal(0)
    received: Decimal = Decimal(0)
    invoiced: Decimal = Decimal(0)
    despatched_value: int = 0
    received_value: int = 0
    returned: Decimal = Decimal(0)
    returned_value: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """``document`` is the order as it stands now. All amounts gross, whole minor units of its currency."""

    document: Document
    state: State
    lines: tuple[OrderLine, ...]
    invoiced: int = 0
    confirmed: int = 0

    @property
    def currency(self) -> str:
        return order_gross(self.document).currency

    @property
    def ordered(self) -> int:
        return sum(line.value for line in self.lines)

    @property
    def despatched(self) -> int:
        return sum(line.despatched_value for line in self.lines)

    @property
    def received(self) -> int:
        """What the buyer has."""
        return sum(line.received_value for line in self.lines)

    @property
    def most_received(self) -> int:
        """What the chain knows as received: the most that was received of each line at any time."""
        return sum(line.received_value + line.returned_value for line in self.lines)
