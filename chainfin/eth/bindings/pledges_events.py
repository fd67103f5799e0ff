"""What the contract Pledges tells.

Written by contracts/bindings.py (`make contracts`): change the contracts, not this file.
"""

from __future__ import annotations

from dataclasses import dataclass

from chainfin.eth.bindings.base import Address, Bytes, Bytes32, Event, Uint8, Uint32, Uint64, Uint256


@dataclass(frozen=True, slots=True)
class BoughtBack(Event):
    """`buyer` paid the lender and owns the goods as the receipt `childId` now; `remaining` of the pledge is locked."""

    CONTRACT = "Pledges"
    NAME = "BoughtBack"

    pledge_id: Bytes32
    asset_id: Bytes32
    buyer: Uint32
    child_id: Bytes32
    amount: Uint64
    remaining: Uint64
    bank_ref: Bytes32
    bank: Uint32


@dataclass(frozen=True, slots=True)
class Discharged(Event):
    """The last of it was paid by the debtor: the pledge is released by itself. Each payment, this one too, is in the
    `Settled` event of Receivables, which names the pledge: it isn't logged a second time here.
    """

    CONTRACT = "Pledges"
    NAME = "Discharged"

    pledge_id: Bytes32
    asset_id: Bytes32


@dataclass(frozen=True, slots=True)
class Drawn(Event):
    """`Drawn(bytes32 pledgeId)`."""

    CONTRACT = "Pledges"
    NAME = "Drawn"

    pledge_id: Bytes32


@dataclass(frozen=True, slots=True)
class EIP712DomainChanged(Event):
    """`EIP712DomainChanged()`."""

    CONTRACT = "Pledges"
    NAME = "EIP712DomainChanged"


@dataclass(frozen=True, slots=True)
class Enforced(Event):
    """The lender took the part: it holds it as `childId` now."""

    CONTRACT = "Pledges"
    NAME = "Enforced"

    pledge_id: Bytes32
    asset_id: Bytes32
    child_id: Bytes32
    amount: Uint64


@dataclass(frozen=True, slots=True)
class Expired(Event):
    """`Expired(bytes32 pledgeId, bytes32 assetId, uint64 amount)`."""

    CONTRACT = "Pledges"
    NAME = "Expired"

    pledge_id: Bytes32
    asset_id: Bytes32
    amount: Uint64


@dataclass(frozen=True, slots=True)
class ItemRefused(Event):
    """An item of a batch was refused; `reason` is the error, as the same act alone would have given it."""

    CONTRACT = "Pledges"
    NAME = "ItemRefused"

    index: Uint256
    id: Bytes32
    reason: Bytes


@dataclass(frozen=True, slots=True)
class NoncesRevoked(Event):
    """Nonces of `signer` in `word` (nonce >> 8) were used up or withdrawn; `mask` has a bit for each (nonce & 255)."""

    CONTRACT = "Pledges"
    NAME = "NoncesRevoked"

    signer: Address
    word: Uint256
    mask: Uint256


@dataclass(frozen=True, slots=True)
class PaidOff(Event):
    """The debt is paid, by the word of `bank`: the pledge has ended and all of it is free."""

    CONTRACT = "Pledges"
    NAME = "PaidOff"

    pledge_id: Bytes32
    asset_id: Bytes32
    loan_ref: Bytes32
    amount: Uint64
    bank_ref: Bytes32
    bank: Uint32


@dataclass(frozen=True, slots=True)
class Pledged(Event):
    """`Pledged(bytes32 pledgeId, bytes32 assetId, bytes32 loanRef, uint8 assetKind, uint64 amount, uint32 pledgor,
    uint32 lender, bytes32 decisionHash, bytes32 registryNo, uint64 expiresAt)`.
    """

    CONTRACT = "Pledges"
    NAME = "Pledged"

    pledge_id: Bytes32
    asset_id: Bytes32
    loan_ref: Bytes32
    asset_kind: Uint8
    amount: Uint64
    pledgor: Uint32
    lender: Uint32
    decision_hash: Bytes32
    registry_no: Bytes32
    expires_at: Uint64


@dataclass(frozen=True, slots=True)
class Released(Event):
    """A part was set free by the lender; `remaining` 0 ends the pledge."""

    CONTRACT = "Pledges"
    NAME = "Released"

    pledge_id: Bytes32
    asset_id: Bytes32
    amount: Uint64
    remaining: Uint64


@dataclass(frozen=True, slots=True)
class Shrunk(Event):
    """A recount of the goods took `by` from the pledge; `left` 0 ends it (Lost)."""

    CONTRACT = "Pledges"
    NAME = "Shrunk"

    pledge_id: Bytes32
    asset_id: Bytes32
    by: Uint64
    left: Uint64


@dataclass(frozen=True, slots=True)
class Substituted(Event):
    """The lender put receivable `receivableId` (pledge `pledgeId`) in the place of sold goods, in one step."""

    CONTRACT = "Pledges"
    NAME = "Substituted"

    sold_pledge_id: Bytes32
    pledge_id: Bytes32
    goods_id: Bytes32
    receivable_id: Bytes32


@dataclass(frozen=True, slots=True)
class Undertaken(Event):
    """`Undertaken(bytes32 pledgeId, uint32 buyer, uint64 amount, uint32 untilDay, bytes32 documentRoot)`."""

    CONTRACT = "Pledges"
    NAME = "Undertaken"

    pledge_id: Bytes32
    buyer: Uint32
    amount: Uint64
    until_day: Uint32
    document_root: Bytes32


EVENTS = (
    BoughtBack,
    Discharged,
    Drawn,
    EIP712DomainChanged,
    Enforced,
    Expired,
    ItemRefused,
    NoncesRevoked,
    PaidOff,
    Pledged,
    Released,
    Shrunk,
    Substituted,
    Undertaken,
)
