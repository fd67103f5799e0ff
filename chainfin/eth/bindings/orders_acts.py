"""Acts of parties on the contract Orders.

Written by contracts/bindings.py (`make contracts`): change the contracts, not this file.
"""

from __future__ import annotations

from dataclasses import dataclass

from chainfin.eth.bindings.base import Act, Bytes3, Bytes32, Uint32, Uint64, Uint256


@dataclass(frozen=True, slots=True)
class Acknowledge(Act):
    """The seller accepts the order, which it names with all its changes.

    `acknowledge(AcknowledgeParams p)`
    """

    CONTRACT = "Orders"
    FUNCTION = "acknowledge"
    RELAYED = "acknowledgeBySig"
    PRIMARY_TYPE = "Acknowledge"

    order_id: Bytes32
    """The order."""
    document_root: Bytes32
    """Root of the order response."""
    trail: Bytes32
    """The order that is accepted, with all its changes: its trail (`trailOf`) as the seller knows it."""


@dataclass(frozen=True, slots=True)
class Amend(Act):
    """The buyer changes what isn't despatched; the seller has to acknowledge again.

    `amend(AmendParams p)`
    """

    CONTRACT = "Orders"
    FUNCTION = "amend"
    RELAYED = "amendBySig"
    PRIMARY_TYPE = "Amend"

    order_id: Bytes32
    """The order."""
    document_root: Bytes32
    """Root of the changed order."""
    amount: Uint64
    """The whole new amount, minor units; not below what was despatched."""


@dataclass(frozen=True, slots=True)
class Cancel(Act):
    """The buyer cancels an order of which nothing was despatched.

    `cancel(CancelParams p)`
    """

    CONTRACT = "Orders"
    FUNCTION = "cancel"
    RELAYED = "cancelBySig"
    PRIMARY_TYPE = "Cancel"

    order_id: Bytes32
    """The order; nothing of it despatched yet."""


@dataclass(frozen=True, slots=True)
class Despatch(Act):
    """The seller despatches goods.

    `despatch(DespatchParams p)`
    """

    CONTRACT = "Orders"
    FUNCTION = "despatch"
    RELAYED = "despatchBySig"
    PRIMARY_TYPE = "Despatch"

    order_id: Bytes32
    """The order."""
    document_root: Bytes32
    """Root of the despatch advice."""
    amount: Uint64
    """Value despatched now, minor units; adds to what was despatched before. 0 where goods replace what was sent
    back, or cost nothing.
    """


@dataclass(frozen=True, slots=True)
class Post(Act):
    """The buyer posts an order.

    `post(PostParams p)`
    """

    CONTRACT = "Orders"
    FUNCTION = "post"
    RELAYED = "postBySig"
    PRIMARY_TYPE = "Post"

    order_id: Bytes32
    """Hash that names the order; chosen by the buyer's client, once."""
    seller: Uint32
    """Party that is to deliver."""
    document_root: Bytes32
    """Salted Merkle root over the order's fields."""
    amount: Uint64
    """Ordered, in minor units of `currency`."""
    currency: Bytes3
    """ISO 4217 code in ASCII."""


@dataclass(frozen=True, slots=True)
class ReceiveGoods(Act):
    """The buyer receives goods.

    `receiveGoods(ReceiveGoodsParams p)`
    """

    CONTRACT = "Orders"
    FUNCTION = "receiveGoods"
    RELAYED = "receiveGoodsBySig"
    PRIMARY_TYPE = "ReceiveGoods"

    order_id: Bytes32
    """The order."""
    document_root: Bytes32
    """Root of the receipt advice."""
    amount: Uint64
    """Value received now, minor units; adds to what was received before. 0 for goods that are sent back, of which
    the document tells: amounts only grow, and what is left of a line is between the documents and the registrar.
    """


@dataclass(frozen=True, slots=True)
class RevokeNonces(Act):
    """Withdraws the caller's own nonces before somebody uses what was signed with them.

    `revokeNonces(uint256 word, uint256 mask)`
    """

    CONTRACT = "Orders"
    FUNCTION = "revokeNonces"
    RELAYED = "revokeNoncesBySig"
    PRIMARY_TYPE = "RevokeNonces"

    word: Uint256
    """Which 256 nonces: nonce >> 8."""
    mask: Uint256
    """A bit for each nonce of that word: 1 << (nonce & 255)."""


ACTS = (
    Acknowledge,
    Amend,
    Cancel,
    Despatch,
    Post,
    ReceiveGoods,
    RevokeNonces,
)
RIDERS = ()
BATCHES = ()
