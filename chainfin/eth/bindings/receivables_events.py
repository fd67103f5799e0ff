"""What the contract Receivables tells.

Written by contracts/bindings.py (`make contracts`): change the contracts, not this file.
"""

from __future__ import annotations

from dataclasses import dataclass

from chainfin.eth.bindings.base import Address, Bool, Bytes, Bytes32, Event, Uint8, Uint32, Uint64, Uint256


@dataclass(frozen=True, slots=True)
class Cancelled(Event):
    """`Cancelled(bytes32 id)`."""

    CONTRACT = "Receivables"
    NAME = "Cancelled"

    id: Bytes32


@dataclass(frozen=True, slots=True)
class Confirmed(Event):
    """`Confirmed(bytes32 id, uint32 debtor, bytes32 documentRoot)`."""

    CONTRACT = "Receivables"
    NAME = "Confirmed"

    id: Bytes32
    debtor: Uint32
    document_root: Bytes32


@dataclass(frozen=True, slots=True)
class Credited(Event):
    """`Credited(bytes32 id, bytes32 documentRoot, uint64 amount)`."""

    CONTRACT = "Receivables"
    NAME = "Credited"

    id: Bytes32
    document_root: Bytes32
    amount: Uint64


@dataclass(frozen=True, slots=True)
class Defaulted(Event):
    """`Defaulted(bytes32 id)`."""

    CONTRACT = "Receivables"
    NAME = "Defaulted"

    id: Bytes32


@dataclass(frozen=True, slots=True)
class DisputeResolved(Event):
    """`DisputeResolved(bytes32 id, uint8 state)`."""

    CONTRACT = "Receivables"
    NAME = "DisputeResolved"

    id: Bytes32
    state: Uint8


@dataclass(frozen=True, slots=True)
class Disputed(Event):
    """`Disputed(bytes32 id, bytes32 documentRoot)`."""

    CONTRACT = "Receivables"
    NAME = "Disputed"

    id: Bytes32
    document_root: Bytes32


@dataclass(frozen=True, slots=True)
class EIP712DomainChanged(Event):
    """`EIP712DomainChanged()`."""

    CONTRACT = "Receivables"
    NAME = "EIP712DomainChanged"


@dataclass(frozen=True, slots=True)
class Issued(Event):
    """`Issued(bytes32 id, bytes32 orderId, uint32 debtor, uint32 seller, bytes32 documentRoot, uint64 face, uint32
    dueDay, uint32 registrar)`.
    """

    CONTRACT = "Receivables"
    NAME = "Issued"

    id: Bytes32
    order_id: Bytes32
    debtor: Uint32
    seller: Uint32
    document_root: Bytes32
    face: Uint64
    due_day: Uint32
    registrar: Uint32


@dataclass(frozen=True, slots=True)
class ItemRefused(Event):
    """An item of a batch was refused; `reason` is the error, as the same act alone would have given it."""

    CONTRACT = "Receivables"
    NAME = "ItemRefused"

    index: Uint256
    id: Bytes32
    reason: Bytes


@dataclass(frozen=True, slots=True)
class LineSet(Event):
    """`lender` set its share of the debtor's line; `total` is what all lenders allow together."""

    CONTRACT = "Receivables"
    NAME = "LineSet"

    lender: Uint32
    debtor: Uint32
    limit: Uint64
    total: Uint64


@dataclass(frozen=True, slots=True)
class NoncesRevoked(Event):
    """Nonces of `signer` in `word` (nonce >> 8) were used up or withdrawn; `mask` has a bit for each (nonce & 255)."""

    CONTRACT = "Receivables"
    NAME = "NoncesRevoked"

    signer: Address
    word: Uint256
    mask: Uint256


@dataclass(frozen=True, slots=True)
class Settled(Event):
    """`bank` attests a payment; `pledgeId` is 0 for the free part; `paidUp` says that nothing is due any more."""

    CONTRACT = "Receivables"
    NAME = "Settled"

    id: Bytes32
    pledge_id: Bytes32
    payee: Uint32
    amount: Uint64
    bank_ref: Bytes32
    bank: Uint32
    paid_up: Bool


@dataclass(frozen=True, slots=True)
class Split(Event):
    """A part came to be, with state and due day of its parent."""

    CONTRACT = "Receivables"
    NAME = "Split"

    id: Bytes32
    child_id: Bytes32
    amount: Uint64


@dataclass(frozen=True, slots=True)
class Taken(Event):
    """Enforcement: `lender` holds `amount` as the receivable `childId` now."""

    CONTRACT = "Receivables"
    NAME = "Taken"

    id: Bytes32
    child_id: Bytes32
    lender: Uint32
    amount: Uint64


@dataclass(frozen=True, slots=True)
class Transferred(Event):
    """Also the notice to the debtor that it has another creditor now."""

    CONTRACT = "Receivables"
    NAME = "Transferred"

    id: Bytes32
    from_: Uint32
    to: Uint32
    debtor: Uint32


EVENTS = (
    Cancelled,
    Confirmed,
    Credited,
    Defaulted,
    DisputeResolved,
    Disputed,
    EIP712DomainChanged,
    Issued,
    ItemRefused,
    LineSet,
    NoncesRevoked,
    Settled,
    Split,
    Taken,
    Transferred,
)
