"""The embedded chain seen as an `EthereumTester`, so that whatever speaks to one (web3.py's `EthereumTesterProvider`)
can read it. It reads: what is sent goes through `EmbeddedNode`, which keeps it (ADR 0126)."""

from __future__ import annotations

from typing import Any

from eth_tester import EthereumTester, PyEVMBackend
from web3 import EthereumTesterProvider, Web3

from chainfin.chain.embedded import EmbeddedNode
from chainfin.errors import Refused


class _Backend(PyEVMBackend):  # type: ignore[misc]  # eth-tester comes without types
    """eth-tester's own backend over a chain that exists, with no keys of its own."""

    def __init__(self, node: EmbeddedNode) -> None:
        self.account_keys: tuple[Any, ...] = ()
        self.chain = node.chain

    def reset_to_genesis(self, *_: Any, **__: Any) -> None:
        raise Refused("chain_tx_refused", "an embedded chain has one beginning")

    def revert_to_snapshot(self, _snapshot: Any) -> None:
        raise Refused("chain_tx_refused", "an embedded chain doesn't go back")

    def send_raw_transaction(self, _raw: bytes) -> bytes:
        raise Refused("chain_tx_refused", "send through the node: only it stores what it mines")

    def mine_blocks(self, *_: Any, **__: Any) -> Any:
        raise Refused("chain_tx_refused", "the embedded chain mines when it is sent something")


def face(node: EmbeddedNode) -> EthereumTester:
    """``node`` as an EthereumTester. Not for use while another thread sends."""
    return EthereumTester(backend=_Backend(node), auto_mine_transactions=False)


def web3_of(node: EmbeddedNode) -> Web3:
    """web3.py on the embedded chain, to read."""
    return Web3(EthereumTesterProvider(face(node)))
