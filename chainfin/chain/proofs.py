"""Build what `chainfin.audit.proofs` verifies: header, receipt-trie nodes, and the headers up to a trusted block."""

from __future__ import annotations

from dataclasses import dataclass

import rlp
from eth_bloom.bloom import BloomFilter
from trie.hexary import HexaryTrie

from chainfin.audit.proofs import read_header
from chainfin.chain.node import Block, Node, Receipt
from chainfin.errors import NotFound, Unavailable
from chainfin.eth.abi import address_bytes


@dataclass(frozen=True, slots=True)
class ReceiptProof:
    """That a transaction's receipt is in a block. ``nodes``: RLP of the trie nodes, root first."""

    block: Block
    header_rlp: bytes
    receipt_index: int
    nodes: tuple[bytes, ...]

    def as_json(self) -> dict[str, object]:
        return {
            "block_number": self.block.number,
            "block_hash": "0x" + self.block.hash.hex(),
            "header_rlp": "0x" + self.header_rlp.hex(),
            "receipt_index": self.receipt_index,
            "nodes": ["0x" + node.hex() for node in self.nodes],
        }


def encode_receipt(receipt: Receipt) -> bytes:
    """The consensus encoding. The bloom is computed anew: not every node gives it, and the trie commits to it."""
    bloom = BloomFilter()
    logs = []
    for log in receipt.logs:
        address = address_bytes(log.address)
        bloom.add(address)
        for topic in log.topics:
            bloom.add(topic)
        logs.append([address, list(log.topics), log.data])
    status = b"\x01" if receipt.succeeded else b""
    gas = receipt.cumulative_gas_used
    body = [status, gas.to_bytes((gas.bit_length() + 7) // 8, "big"), int(bloom).to_bytes(256, "big"), logs]
    kind = bytes([receipt.tx_type]) if receipt.tx_type else b""
    return kind + bytes(rlp.encode(body))


def receipt_trie(receipts: list[Receipt]) -> HexaryTrie:
    """The trie of a block's receipts, keyed by RLP of their index."""
    trie = HexaryTrie({})
    for index, receipt in enumerate(receipts):
        trie[rlp.encode(index)] = encode_receipt(receipt)
    return trie


def proven_receipts(node: Node, block: Block) -> list[Receipt]:
    """The receipts of a block, all of them and as they are: they make the root that the block's header names.

    Raises Unavailable: chain_receipts_foreign (something is left out, added or changed), chain_header_foreign,
    chain_behind, chain_unreachable.
    """
    receipts = node.block_receipts(block)
    if receipt_trie(receipts).root_hash != read_header(node.header_rlp(block)).receipts_root:
        raise Unavailable("chain_receipts_foreign", f"the node's receipts are not those of block {block.number}")
    return receipts


def prove_receipt(node: Node, tx_hash: bytes) -> ReceiptProof:
    """Prove that the transaction is in its block.

    Raises NotFound: chain_tx_unknown; Unavailable: chain_receipts_foreign (the node's receipts don't make the root
    that its header names), chain_header_foreign, chain_behind, chain_unreachable.
    """
    receipt = node.receipt(tx_hash)
    block = node.block_by_hash(receipt.block_hash) if receipt else None
    if receipt is None or block is None:
        raise NotFound("chain_tx_unknown", f"no block holds transaction 0x{tx_hash.hex()}")
    header_rlp = node.header_rlp(block)
    trie = receipt_trie(proven_receipts(node, block))
    nodes = trie.get_proof(rlp.encode(receipt.tx_index))  # type: ignore[no-untyped-call]  # trie is not annotated
    return ReceiptProof(block, header_rlp, receipt.tx_index, tuple(bytes(rlp.encode(n)) for n in nodes))


def prove_ancestry(node: Node, oldest: int, newest: Block) -> list[bytes]:
    """Header RLPs of the blocks ``oldest`` … ``newest``, oldest first. Raises Unavailable: chain_behind."""
    found: list[bytes] = []
    block: Block | None = newest
    while block is not None and block.number >= oldest:
        header = node.header_rlp(block)
        found.append(header)
        block = node.block_by_hash(block.parent_hash) if block.number > oldest else None
    if len(found) != newest.number - oldest + 1:
        raise Unavailable("chain_behind", f"the node lacks ancestors of block {newest.number}")
    return found[::-1]
