"""What the contract Participants tells.

Written by contracts/bindings.py (`make contracts`): change the contracts, not this file.
"""

from __future__ import annotations

from dataclasses import dataclass

from chainfin.eth.bindings.base import Address, Bytes32, Event, Uint32, Uint256


@dataclass(frozen=True, slots=True)
class Admitted(Event):
    """`Admitted(uint32 party, bytes32 commitment, uint32 roles, address key)`."""

    CONTRACT = "Participants"
    NAME = "Admitted"

    party: Uint32
    commitment: Bytes32
    roles: Uint32
    key: Address


@dataclass(frozen=True, slots=True)
class AuthorityUpdated(Event):
    """`AuthorityUpdated(address authority)`."""

    CONTRACT = "Participants"
    NAME = "AuthorityUpdated"

    authority: Address


@dataclass(frozen=True, slots=True)
class EIP712DomainChanged(Event):
    """`EIP712DomainChanged()`."""

    CONTRACT = "Participants"
    NAME = "EIP712DomainChanged"


@dataclass(frozen=True, slots=True)
class KeyRecovered(Event):
    """`KeyRecovered(uint32 party, address oldKey, address newKey)`."""

    CONTRACT = "Participants"
    NAME = "KeyRecovered"

    party: Uint32
    old_key: Address
    new_key: Address


@dataclass(frozen=True, slots=True)
class KeyRotated(Event):
    """`KeyRotated(uint32 party, address oldKey, address newKey)`."""

    CONTRACT = "Participants"
    NAME = "KeyRotated"

    party: Uint32
    old_key: Address
    new_key: Address


@dataclass(frozen=True, slots=True)
class NoncesRevoked(Event):
    """Nonces of `signer` in `word` (nonce >> 8) were used up or withdrawn; `mask` has a bit for each (nonce & 255)."""

    CONTRACT = "Participants"
    NAME = "NoncesRevoked"

    signer: Address
    word: Uint256
    mask: Uint256


@dataclass(frozen=True, slots=True)
class Paused(Event):
    """`Paused(uint256 kinds)`."""

    CONTRACT = "Participants"
    NAME = "Paused"

    kinds: Uint256


@dataclass(frozen=True, slots=True)
class Resumed(Event):
    """`Resumed(uint32 party)`."""

    CONTRACT = "Participants"
    NAME = "Resumed"

    party: Uint32


@dataclass(frozen=True, slots=True)
class RolesSet(Event):
    """`RolesSet(uint32 party, uint32 roles)`."""

    CONTRACT = "Participants"
    NAME = "RolesSet"

    party: Uint32
    roles: Uint32


@dataclass(frozen=True, slots=True)
class Suspended(Event):
    """`Suspended(uint32 party)`."""

    CONTRACT = "Participants"
    NAME = "Suspended"

    party: Uint32


EVENTS = (
    Admitted,
    AuthorityUpdated,
    EIP712DomainChanged,
    KeyRecovered,
    KeyRotated,
    NoncesRevoked,
    Paused,
    Resumed,
    RolesSet,
    Suspended,
)
