"""What this package needs of an EVM node, and the values in which nodes answer.

Two implementations: `chainfin.chain.embedded` (an EVM in this process, durable) and `chainfin.chain.rpc` (any
Ethereum JSON-RPC node). Every read names its block: nothing is computed on "latest".
Addresses are EIP-55 strings, hashes 32 bytes, times POSIX seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from chainfin.errors import ChainfinError, Refused


@dataclass(frozen=True, slots=True)
class Block:
    """A block's name and place: enough to check the chain of hashes. ``timestamp``: POSIX seconds."""

    number: int
    hash: bytes
    parent_hash: bytes
    timestamp: int


@dataclass(frozen=True, slots=True)
class Log:
    """One log entry. ``log_index`` counts through the block, not the transaction."""

    address: str
    topics: tuple[bytes, ...]
    data: bytes
    tx_hash: bytes
    tx_index: int
    log_index: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a transaction that is in a block."""

    tx_hash: bytes
    tx_index: int
    tx_type: int
    block_number: int
    block_hash: bytes
    succeeded: bool
    gas_used: int
    cumulative_gas_used: int
    contract_address: str | None
    logs: tuple[Log, ...]


class Reverted(Refused):
    """A call that the contract refused. ``data`` is the revert data (a custom error of the ABI)."""

    def __init__(self, data: bytes) -> None:
        super().__init__("chain_reverted", "the contract refused the call", data="0x" + data.hex())
        self.data = data


class Node(Protocol):
    """An EVM node. Every method may raise Unavailable: chain_unreachable (RPC only)."""

    def chain_id(self) -> int:
        """The EIP-155 chain id."""

    def head(self) -> Block:
        """The newest block."""

    def finalized(self) -> Block:
        """The newest block that the node itself calls final."""

    def block(self, number: int) -> Block | None:
        """The canonical block of that number, or None above the head."""

    def block_by_hash(self, block_hash: bytes) -> Block | None:
        """A block by its hash, or None when the node doesn't know it."""

    def logs(self, block: Block, addresses: Sequence[str]) -> list[Log]:
        """Logs of these contracts in exactly this block: all of them, as the block's header binds them.

        Raises Unavailable: chain_behind (the node lost the block), chain_receipts_foreign, chain_header_foreign.
        """

    def call(self, to: str, data: bytes, block: Block, sender: str | None = None) -> bytes:
        """Run without a trace on the state after ``block``. Raises Reverted; Unavailable: chain_behind."""

    def send_raw(self, raw: bytes) -> bytes:
        """Hand over a signed transaction; returns its hash. Sending the same bytes again is safe.

        Raises Refused: chain_tx_refused (the node will not take it); Unknown: chain_send_unknown (no answer).
        """

    def send_raw_many(self, raws: Sequence[bytes]) -> list[bytes | ChainfinError]:
        """The same for many at once, in order: per item the hash, or the error that `send_raw` would raise."""

    def receipt(self, tx_hash: bytes) -> Receipt | None:
        """The receipt, or None while the transaction is in no block that the node knows."""

    def block_receipts(self, block: Block) -> list[Receipt]:
        """All receipts of a block in order. Raises Unavailable: chain_behind."""

    def header_rlp(self, block: Block) -> bytes:
        """The header's RLP, from which the block's hash follows. Unavailable: chain_header_foreign, chain_behind."""

    def nonce_of(self, address: str, block: Block) -> int:
        """Transactions sent by ``address`` up to and with ``block``."""

    def balance_of(self, address: str, block: Block) -> int:
        """Wei that ``address`` has after ``block``."""

    def code(self, address: str, block: Block) -> bytes:
        """Deployed byte code, empty where there is no contract."""

    def gas_price(self) -> int:
        """Wei per gas that gets a transaction into the next blocks."""

    def close(self) -> None:
        """Free what the node holds."""
