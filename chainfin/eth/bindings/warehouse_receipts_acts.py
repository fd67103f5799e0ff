"""Acts of parties on the contract WarehouseReceipts.

Written by contracts/bindings.py (`make contracts`): change the contracts, not this file.
"""

from __future__ import annotations

from dataclasses import dataclass

from chainfin.eth.bindings.base import Act, Bytes32, Rider, Uint32, Uint64, Uint256


@dataclass(frozen=True, slots=True)
class Correct(Act):
    """The keeper has found again what a count of its own missed. `owner` is the owner's
    `Correction(<CorrectParams>,uint256 nonce,uint256 deadline)`: two parties say that it is there; it serves
    once.

    `correct(CorrectParams p, Auth owner)`
    """

    CONTRACT = "WarehouseReceipts"
    FUNCTION = "correct"
    RELAYED = "correctBySig"
    PRIMARY_TYPE = "Correct"

    id: Bytes32
    """The receipt."""
    document_root: Bytes32
    """Root of the record of what was found."""
    found: Uint64
    """Quantity that a count missed and that is there after all, thousandths; free from now on."""


@dataclass(frozen=True, slots=True)
class Issue(Act):
    """The keeper issues a receipt for goods that it holds.

    `issue(IssueParams p)`
    """

    CONTRACT = "WarehouseReceipts"
    FUNCTION = "issue"
    RELAYED = "issueBySig"
    PRIMARY_TYPE = "Issue"

    id: Bytes32
    """Hash that names the receipt."""
    owner: Uint32
    """Party that has title to the goods."""
    document_root: Bytes32
    """Salted Merkle root over the receipt's fields (goods, grade, unit, place)."""
    quantity: Uint64
    """Thousandths of the declared unit."""


@dataclass(frozen=True, slots=True)
class Recount(Act):
    """The keeper's count finds less than the receipt says. The free part bears the loss first, then the youngest
    pledge, and so on to the oldest.

    `recount(RecountParams p)`
    """

    CONTRACT = "WarehouseReceipts"
    FUNCTION = "recount"
    RELAYED = "recountBySig"
    PRIMARY_TYPE = "Recount"

    id: Bytes32
    """The receipt."""
    document_root: Bytes32
    """Root of the record of the count."""
    missing: Uint64
    """Quantity that the count didn't find, thousandths."""
    pledge_ids: tuple[Bytes32, ...]
    """If that is more than the free part: all live pledges over the receipt, oldest first; else none."""


@dataclass(frozen=True, slots=True)
class Release(Act):
    """The keeper hands goods out to the owner (赎货): free quantity only, and by the owner's order. `owner` is its own
    `HandOut(<ReleaseParams>,uint256 nonce,uint256 deadline)`, which serves once.

    `release(ReleaseParams p, Auth owner)`
    """

    CONTRACT = "WarehouseReceipts"
    FUNCTION = "release"
    RELAYED = "releaseBySig"
    PRIMARY_TYPE = "Release"

    id: Bytes32
    """The receipt."""
    quantity: Uint64
    """Goods that leave to the owner, thousandths; out of the free part."""


@dataclass(frozen=True, slots=True)
class RevokeNonces(Act):
    """Withdraws the caller's own nonces before somebody uses what was signed with them.

    `revokeNonces(uint256 word, uint256 mask)`
    """

    CONTRACT = "WarehouseReceipts"
    FUNCTION = "revokeNonces"
    RELAYED = "revokeNoncesBySig"
    PRIMARY_TYPE = "RevokeNonces"

    word: Uint256
    """Which 256 nonces: nonce >> 8."""
    mask: Uint256
    """A bit for each nonce of that word: 1 << (nonce & 255)."""


@dataclass(frozen=True, slots=True)
class Transfer(Act):
    """The owner passes title on.

    `transfer(TransferParams p)`
    """

    CONTRACT = "WarehouseReceipts"
    FUNCTION = "transfer"
    RELAYED = "transferBySig"
    PRIMARY_TYPE = "Transfer"

    id: Bytes32
    """The receipt, something of it left and no part of it pledged."""
    to: Uint32
    """Party that owns it from now on."""


@dataclass(frozen=True, slots=True)
class Correction(Rider):
    """What a second party signs: its signature is ``owner`` in `correct`."""

    CONTRACT = "WarehouseReceipts"
    PRIMARY_TYPE = "Correction"

    id: Bytes32
    """The receipt."""
    document_root: Bytes32
    """Root of the record of what was found."""
    found: Uint64
    """Quantity that a count missed and that is there after all, thousandths; free from now on."""


@dataclass(frozen=True, slots=True)
class HandOut(Rider):
    """What a second party signs: its signature is ``owner`` in `release`."""

    CONTRACT = "WarehouseReceipts"
    PRIMARY_TYPE = "HandOut"

    id: Bytes32
    """The receipt."""
    quantity: Uint64
    """Goods that leave to the owner, thousandths; out of the free part."""


ACTS = (
    Correct,
    Issue,
    Recount,
    Release,
    RevokeNonces,
    Transfer,
)
RIDERS = (
    Correction,
    HandOut,
)
BATCHES = ()
