"""Receipt and ancestry proofs, verified offline, and every way of tampering with them."""

from __future__ import annotations

from pathlib import Path

import pytest
import rlp

from chainfin.audit.proofs import read_header, verify_ancestry, verify_receipt
from chainfin.chain.node import Node
from chainfin.chain.proofs import ReceiptProof, prove_ancestry, prove_receipt
from chainfin.errors import ChainfinError, NotFound
from chainfin.hashing import keccak
from tests.chain.tools import deploy_tiny, open_embedded, signed, word


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Node, str, list[bytes]]:
    node = open_embedded(Path(tmp_path_factory.mktemp("chain")))
    tiny = deploy_tiny(node)
    hashes = node.send_raw_many([signed(node, 1 + n, tiny, word(100 + n)) for n in range(20)])
    for n in range(3):
        node.send_raw(signed(node, 21 + n, tiny, word(n)))
    return node, tiny, [h for h in hashes if isinstance(h, bytes)]


def proof_of(chain: tuple[Node, str, list[bytes]], place: int = 17) -> ReceiptProof:
    return prove_receipt(chain[0], chain[2][place])


@pytest.mark.parametrize("place", [0, 1, 17, 19])
def test_receipt__honest_proof__gives_its_logs(chain: tuple[Node, str, list[bytes]], place: int) -> None:
    proof = proof_of(chain, place)
    receipt = verify_receipt(proof.header_rlp, proof.block.hash, proof.receipt_index, proof.nodes)
    assert receipt.succeeded
    assert [(log.address, log.topics, log.data) for log in receipt.logs] == [
        (chain[1], (word(100 + place),), word(100 + place))
    ]


def test_receipt__alone_in_its_block__proven(chain: tuple[Node, str, list[bytes]]) -> None:
    node = chain[0]
    block = node.block(1)
    assert block is not None
    proof = prove_receipt(node, node.block_receipts(block)[0].tx_hash)
    assert verify_receipt(proof.header_rlp, block.hash, 0, proof.nodes).succeeded


def refusal(proof: ReceiptProof, *, header: bytes | None = None, block: bytes | None = None, **changes: object) -> str:
    with pytest.raises(ChainfinError) as caught:
        verify_receipt(
            proof.header_rlp if header is None else header,
            proof.block.hash if block is None else block,
            changes.get("index", proof.receipt_index),  # type: ignore[arg-type]  # an int by the caller
            changes.get("nodes", proof.nodes),  # type: ignore[arg-type]  # byte strings by the caller
        )
    return caught.value.code


def flipped(raw: bytes, at: int) -> bytes:
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


def test_receipt__any_byte_of_a_node_changed__refused(chain: tuple[Node, str, list[bytes]]) -> None:
    proof = proof_of(chain)
    for which, node in enumerate(proof.nodes):
        for at in range(0, len(node), 13):
            nodes = [*proof.nodes[:which], flipped(node, at), *proof.nodes[which + 1 :]]
            assert refusal(proof, nodes=nodes) == "proof_receipt_invalid"


def test_receipt__any_byte_of_the_header_changed__refused(chain: tuple[Node, str, list[bytes]]) -> None:
    proof = proof_of(chain)
    codes = {refusal(proof, header=flipped(proof.header_rlp, at)) for at in range(0, len(proof.header_rlp), 17)}
    assert codes <= {"proof_header_foreign", "proof_header_malformed"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"block": b"\1" * 32}, "proof_header_foreign"),
        ({"header": b"\xc0"}, "proof_header_malformed"),
        ({"header": b"\xff" * 40}, "proof_header_malformed"),
        ({"nodes": []}, "proof_receipt_invalid"),
        ({"nodes": [b"\xff"]}, "proof_receipt_invalid"),
        ({"index": 16}, "proof_receipt_invalid"),
        ({"index": 20}, "proof_receipt_invalid"),
    ],
)
def test_receipt__something_else__refused(
    chain: tuple[Node, str, list[bytes]], changes: dict[str, object], code: str
) -> None:
    assert refusal(proof_of(chain), **changes) == code  # type: ignore[arg-type]  # see the table


QBFT = [b"v" * 32, [b"\1" * 20, b"\2" * 20], [], b"\5", [b"\3" * 65, b"\4" * 65]]
IBFT = [b"v" * 32, [b"\1" * 20, b"\2" * 20], b"", b"\0\0\0\5", [b"\3" * 65]]


def sealed(header: bytes, parts: object) -> bytes:
    """A header with the extra data of a network whose validators seal blocks."""
    fields = rlp.decode(header)
    return bytes(rlp.encode([*fields[:12], rlp.encode(parts), *fields[13:]]))


@pytest.mark.parametrize(
    ("parts", "hashed"), [(QBFT, [*QBFT[:3], b"", []]), (IBFT, IBFT[:3])], ids=["QBFT", "IBFT 2.0"]
)
def test_header__sealed_by_validators__named_without_seals_and_round(
    chain: tuple[Node, str, list[bytes]], parts: list[object], hashed: list[object]
) -> None:
    plain = proof_of(chain).header_rlp
    header = sealed(plain, parts)
    assert read_header(header).hash == keccak(sealed(plain, hashed))
    # who agreed on a block is settled after it, who may agree is part of it
    assert read_header(sealed(plain, [*parts[:3], parts[3], []])).hash == read_header(header).hash
    assert read_header(sealed(plain, [parts[0], [b"\1" * 20], *parts[2:]])).hash != read_header(header).hash


def test_prove__unknown_transaction__not_found(chain: tuple[Node, str, list[bytes]]) -> None:
    with pytest.raises(NotFound) as caught:
        prove_receipt(chain[0], b"\7" * 32)
    assert caught.value.code == "chain_tx_unknown"


def test_ancestry__honest_headers__reach_the_trusted_block(chain: tuple[Node, str, list[bytes]]) -> None:
    node = chain[0]
    headers = prove_ancestry(node, 1, node.head())
    found = verify_ancestry(headers, node.head().hash)
    assert [header.number for header in found] == [1, 2, 3, 4, 5]
    assert found[-1] == read_header(headers[-1])


def test_ancestry__a_header_missing_swapped_or_changed__refused(chain: tuple[Node, str, list[bytes]]) -> None:
    node = chain[0]
    trusted = node.head().hash
    headers = prove_ancestry(node, 1, node.head())
    changed = [*headers[:2], flipped(headers[2], len(headers[2]) - 5), *headers[3:]]
    cases = [
        (headers[:1] + headers[2:], trusted, "proof_ancestry_broken"),
        (headers[::-1], trusted, "proof_ancestry_broken"),
        (changed, trusted, "proof_ancestry_broken"),
        (headers[:-1], trusted, "proof_header_untrusted"),
        (headers, b"\1" * 32, "proof_header_untrusted"),
        ([], trusted, "proof_ancestry_empty"),
    ]
    for given, root, code in cases:
        with pytest.raises(ChainfinError) as caught:
            verify_ancestry(given, root)
        assert caught.value.code == code
