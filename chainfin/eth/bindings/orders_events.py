"""What the contract Orders tells.

Written by contracts/bindings.py (`make contracts`): change the contracts, not this file.
"""

from __future__ import annotations

from dataclasses import dataclass

from chainfin.eth.bindings.base import Address, Bytes3, Bytes32, Event, Uint32, Uint64, Uint256


@dataclass(frozen=True, slots=True)
class Acknowledged(Event):
    """`Acknowledged(bytes32 orderId, bytes32 documentRoot)`."""

    CONTRACT = "Orders"
    NAME = "Acknowledged"

    order_id: Bytes32
    document_root: Bytes32


@dataclass(frozen=True, slots=True)
class Amended(Event):
    """`Amended(bytes32 orderId, bytes32 documentRoot, uint64 amount)`."""

    CONTRACT = "Orders"
    NAME = "Amended"

    order_id: Bytes32
    document_root: Bytes32
    amount: Uint64


@dataclass(frozen=True, slots=True)
class Despatched(Event):
    """`Despatched(bytes32 orderId, bytes32 documentRoot, uint64 amount, uint64 despatched)`."""

    CONTRACT = "Orders"
    NAME = "Despatched"

    order_id: Bytes32
    document_root: Bytes32
    amount: Uint64
    despatched: Uint64


@dataclass(frozen=True, slots=True)
class EIP712DomainChanged(Event):
    """`EIP712DomainChanged()`."""

    CONTRACT = "Orders"
    NAME = "EIP712DomainChanged"


@dataclass(frozen=True, slots=True)
class GoodsReceived(Event):
    """`GoodsReceived(bytes32 orderId, bytes32 documentRoot, uint64 amount, uint64 received)`."""

    CONTRACT = "Orders"
    NAME = "GoodsReceived"

    order_id: Bytes32
    document_root: Bytes32
    amount: Uint64
    received: Uint64


@dataclass(frozen=True, slots=True)
class NoncesRevoked(Event):
    """Nonces of `signer` in `word` (nonce >> 8) were used up or withdrawn; `mask` has a bit for each (nonce & 255)."""

    CONTRACT = "Orders"
    NAME = "NoncesRevoked"

    signer: Address
    word: Uint256
    mask: Uint256


@dataclass(frozen=True, slots=True)
class OrderCancelled(Event):
    """`OrderCancelled(bytes32 orderId)`."""

    CONTRACT = "Orders"
    NAME = "OrderCancelled"

    order_id: Bytes32


@dataclass(frozen=True, slots=True)
class Posted(Event):
    """`Posted(bytes32 orderId, uint32 buyer, uint32 seller, bytes32 documentRoot, uint64 amount, bytes3 currency)`."""

    CONTRACT = "Orders"
    NAME = "Posted"

    order_id: Bytes32
    buyer: Uint32
    seller: Uint32
    document_root: Bytes32
    amount: Uint64
    currency: Bytes3


EVENTS = (
    Acknowledged,
    Amended,
    Despatched,
    EIP712DomainChanged,
    GoodsReceived,
    NoncesRevoked,
    OrderCancelled,
    Posted,
)
