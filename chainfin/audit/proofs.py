"""Proofs that something is in a chain, verified offline: a trusted header's hash is all that is believed.

A receipt lies in the receipt trie whose root is in its block's header; the header's hash is the block's name; and
each header names its parent. So from one trusted hash everything below it can be shown.
Sources: Ethereum yellow paper (appendix D, modified Merkle-Patricia trie), EIP-2718 (typed receipts); of networks whose
validators seal blocks in the header's extra data: Besu's QBFT and IBFT 2.0.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import rlp
from rlp.exceptions import RLPException
from trie.exceptions import BadTrieProof, TraversedPartialPath, ValidationError
from trie.hexary import HexaryTrie

from chainfin.errors import BadInput, Refused
from chainfin.eth.abi import checksum
from chainfin.hashing import keccak

MAX_HEADERS = 100_000
_PARENT, _STATE, _RECEIPTS, _BLOOM, _NUMBER, _TIME, _EXTRA = 0, 3, 5, 6, 8, 11, 12


@dataclass(frozen=True, slots=True)
class Header:
    """What a proof needs of a block header. ``logs_bloom``: 256 bytes, in which address and topics of each log are
    marked. ``timestamp``: POSIX seconds."""

    number: int
    hash: bytes
    parent_hash: bytes
    state_root: bytes
    receipts_root: bytes
    logs_bloom: bytes
    timestamp: int


@dataclass(frozen=True, slots=True)
class ProvenLog:
    """A log entry of a proven receipt; ``index`` counts inside the receipt."""

    index: int
    address: str
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class ProvenReceipt:
    """A receipt that is in the block."""

    succeeded: bool
    cumulative_gas_used: int
    logs: tuple[ProvenLog, ...]


def read_header(header_rlp: bytes) -> Header:
    """Raises BadInput: proof_header_malformed."""
    try:
        fields = rlp.decode(header_rlp)
        if not isinstance(fields, list) or len(fields) < 15 or any(not isinstance(f, bytes) for f in fields):
            raise BadInput("proof_header_malformed", "a header is a list of at least 15 byte strings")
    except RLPException as error:
        raise BadInput("proof_header_malformed", f"the header is not RLP: {str(error)[:120]}") from None
    return Header(
        number=int.from_bytes(fields[_NUMBER], "big"),
        hash=_hash(fields, header_rlp),
        parent_hash=fields[_PARENT],
        state_root=fields[_STATE],
        receipts_root=fields[_RECEIPTS],
        logs_bloom=fields[_BLOOM],
        timestamp=int.from_bytes(fields[_TIME], "big"),
    )


def _hash(fields: list[bytes], header_rlp: bytes) -> bytes:
    """A block's name: keccak256 of its header; of one that validators sealed, of the header without their seals and
    without the round in which they agreed, since these come after the block."""
    sealed = _sealed(fields[_EXTRA])
    if sealed is None:
        return keccak(header_rlp)
    vanity, validators, vote, round_, _ = sealed
    # IBFT 2.0 writes the round as four bytes and leaves out what isn't hashed; QBFT writes a zero and an empty list
    kept = [vanity, validators, vote] if len(round_) == 4 else [vanity, validators, vote, b"", []]
    return keccak(bytes(rlp.encode([*fields[:_EXTRA], rlp.encode(kept), *fields[_EXTRA + 1 :]])))


def _sealed(extra: bytes) -> list[Any] | None:
    """Vanity, validators, vote, round and seals, if this is the extra data of QBFT or IBFT 2.0."""
    try:
        parts = rlp.decode(extra)
    except RLPException:
        return None
    if not isinstance(parts, list) or len(parts) != 5 or not isinstance(parts[0], bytes) or len(parts[0]) != 32:
        return None
    lists, round_ = isinstance(parts[1], list) and isinstance(parts[4], list), parts[3]
    return parts if lists and isinstance(round_, bytes) and len(round_) <= 4 else None


def verify_receipt(
    header_rlp: bytes, expected_block_hash: bytes, receipt_index: int, proof_nodes: Sequence[bytes]
) -> ProvenReceipt:
    """The receipt with that index of that block, shown by the trie nodes on the way from the root.

    Raises Refused: proof_header_foreign (the header is not that block's), proof_receipt_invalid (the nodes don't lead
    from the header's root to a receipt); BadInput: proof_header_malformed, proof_receipt_malformed.
    """
    header = read_header(header_rlp)
    if header.hash != expected_block_hash:
        raise Refused("proof_header_foreign", "the header does not hash to the block", block="0x" + header.hash.hex())
    try:
        nodes, key = [rlp.decode(node) for node in proof_nodes], rlp.encode(receipt_index)
        found = HexaryTrie.get_from_proof(header.receipts_root, key, nodes)  # type: ignore[no-untyped-call]  # unannotated
    except (BadTrieProof, TraversedPartialPath, ValidationError, RLPException, ValueError, TypeError) as error:
        why = f"the nodes do not lead from the receipts root to receipt {receipt_index}"
        raise Refused("proof_receipt_invalid", why, reason=str(error)[:160]) from None
    if not found:
        raise Refused("proof_receipt_invalid", f"there is no receipt {receipt_index} in the block")
    return read_receipt(found)


def read_receipt(encoded: bytes) -> ProvenReceipt:
    """An EIP-2718 or legacy receipt. Raises BadInput: proof_receipt_malformed."""
    try:
        # a typed receipt begins with its type, a legacy one with the head of an RLP list (0xc0 and above)
        body = rlp.decode(encoded[1:] if encoded[0] < 0x80 else encoded)
        status, gas, _bloom, logs = body
        read = tuple(
            ProvenLog(place, checksum(address), tuple(topics), data)
            for place, (address, topics, data) in enumerate(logs)
        )
        return ProvenReceipt(status == b"\x01", int.from_bytes(gas, "big"), read)
    except (RLPException, ValueError, TypeError, IndexError) as error:
        raise BadInput("proof_receipt_malformed", f"this is no receipt: {str(error)[:120]}") from None


def verify_ancestry(headers_rlp: Sequence[bytes], trusted_hash: bytes) -> list[Header]:
    """Headers, oldest first, each the parent of the next, the last one the trusted block. Returns them read.

    Raises Refused: proof_ancestry_broken (with the number of the block whose link fails), proof_header_untrusted;
    BadInput: proof_header_malformed, proof_ancestry_empty, proof_ancestry_too_long.
    """
    if not headers_rlp:
        raise BadInput("proof_ancestry_empty", "there is no header in the chain of headers")
    if len(headers_rlp) > MAX_HEADERS:
        raise BadInput("proof_ancestry_too_long", f"more than {MAX_HEADERS} headers; trust a nearer one")
    headers = [read_header(raw) for raw in headers_rlp]
    for parent, child in itertools.pairwise(headers):
        if child.parent_hash != parent.hash or child.number != parent.number + 1:
            raise Refused("proof_ancestry_broken", f"block {child.number} does not name its parent", block=child.number)
    if headers[-1].hash != trusted_hash:
        why = "the last header is not the trusted block"
        raise Refused("proof_header_untrusted", why, found="0x" + headers[-1].hash.hex())
    return headers
