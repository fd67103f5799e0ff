"""What the contract WarehouseReceipts tells.

Written by contracts/bindings.py (`make contracts`): change the contracts, not this file.
"""

from __future__ import annotations

from dataclasses import dataclass

from chainfin.eth.bindings.base import Address, Bytes32, Event, Uint32, Uint64, Uint256


@dataclass(frozen=True, slots=True)
class Corrected(Event):
    """`found` of what counts had missed is there after all, and free. Pledges that a count shrank don't grow again."""

    CONTRACT = "WarehouseReceipts"
    NAME = "Corrected"

    id: Bytes32
    document_root: Bytes32
    found: Uint64


@dataclass(frozen=True, slots=True)
class EIP712DomainChanged(Event):
    """`EIP712DomainChanged()`."""

    CONTRACT = "WarehouseReceipts"
    NAME = "EIP712DomainChanged"


@dataclass(frozen=True, slots=True)
class GoodsReleased(Event):
    """`GoodsReleased(bytes32 id, uint64 quantity)`."""

    CONTRACT = "WarehouseReceipts"
    NAME = "GoodsReleased"

    id: Bytes32
    quantity: Uint64


@dataclass(frozen=True, slots=True)
class Issued(Event):
    """`Issued(bytes32 id, uint32 owner, uint32 keeper, bytes32 documentRoot, uint64 quantity)`."""

    CONTRACT = "WarehouseReceipts"
    NAME = "Issued"

    id: Bytes32
    owner: Uint32
    keeper: Uint32
    document_root: Bytes32
    quantity: Uint64


@dataclass(frozen=True, slots=True)
class NoncesRevoked(Event):
    """Nonces of `signer` in `word` (nonce >> 8) were used up or withdrawn; `mask` has a bit for each (nonce & 255)."""

    CONTRACT = "WarehouseReceipts"
    NAME = "NoncesRevoked"

    signer: Address
    word: Uint256
    mask: Uint256


@dataclass(frozen=True, slots=True)
class Recounted(Event):
    """A count found less: first the free part shrinks by `fromFree`, then the pledged one by `fromPledged`; which
    pledges bear it, is in the `Shrunk` events of Pledges.
    """

    CONTRACT = "WarehouseReceipts"
    NAME = "Recounted"

    id: Bytes32
    document_root: Bytes32
    from_free: Uint64
    from_pledged: Uint64


@dataclass(frozen=True, slots=True)
class Taken(Event):
    """Enforcement: `lender` owns `quantity` as the receipt `childId` now."""

    CONTRACT = "WarehouseReceipts"
    NAME = "Taken"

    id: Bytes32
    child_id: Bytes32
    lender: Uint32
    quantity: Uint64


@dataclass(frozen=True, slots=True)
class Transferred(Event):
    """`Transferred(bytes32 id, uint32 from, uint32 to)`."""

    CONTRACT = "WarehouseReceipts"
    NAME = "Transferred"

    id: Bytes32
    from_: Uint32
    to: Uint32


EVENTS = (
    Corrected,
    EIP712DomainChanged,
    GoodsReleased,
    Issued,
    NoncesRevoked,
    Recounted,
    Taken,
    Transferred,
)
