"""Proofs and views of the chain for the auditor's services, from a node and a deployment."""

from __future__ import annotations

from collections.abc import Mapping

from chainfin.chain.deploy import Deployment
from chainfin.chain.node import Node
from chainfin.chain.proofs import prove_ancestry, prove_receipt
from chainfin.errors import NotFound, Unavailable
from chainfin.eth.abi import from_hex
from chainfin.services.oversight.evidence import Proof


class ChainProver:
    """Implements `chainfin.services.oversight.evidence.Prover`."""

    def __init__(self, node: Node, deployment: Deployment) -> None:
        self._node = node
        self._deployment = deployment

    def code_hashes(self) -> Mapping[str, str]:
        return {name: self._deployment.code_hashes[name] for name in self._deployment.contracts}

    def receipt(self, tx_hash: str) -> Proof:
        """Raises NotFound chain_tx_unknown; Unavailable chain_receipts_foreign, chain_behind, …"""
        raw = from_hex(tx_hash)
        proof = prove_receipt(self._node, raw)
        receipt = self._node.receipt(raw)
        if receipt is None or not receipt.logs:
            raise NotFound("chain_tx_unknown", f"no event stands in transaction {tx_hash}")
        first = receipt.logs[0].log_index
        return Proof(proof.block.number, proof.receipt_index, proof.nodes, first)

    def headers(self, oldest: int, newest: int) -> list[bytes]:
        """Raises Unavailable chain_behind."""
        block = self._node.block(newest)
        if block is None:
            raise Unavailable("chain_behind", f"the node has no block {newest}")
        return prove_ancestry(self._node, oldest, block)
