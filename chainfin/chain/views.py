"""Views of the contracts at a block, for the reconciliation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chainfin.chain.decode import plain
from chainfin.chain.node import Node, Reverted
from chainfin.errors import Unavailable
from chainfin.eth.abi import contract_abi


class ContractViews:
    """Implements `chainfin.services.oversight.reconcile_chain.ChainView`."""

    def __init__(self, node: Node, contracts: Mapping[str, str]) -> None:
        self._node = node
        self._contracts = contracts

    def view(
        self, contract: str, function: str, key: str | int | tuple[str | int, ...], block: int
    ) -> Mapping[str, Any]:
        """Raises Unavailable chain_behind, chain_unreachable."""
        where = self._node.block(block)
        if where is None:
            raise Unavailable("chain_behind", f"the node has no block {block}")
        called = contract_abi(contract).function(function)
        try:
            answer = self._node.call(
                self._contracts[contract], called.encode(list(key) if isinstance(key, tuple) else [key]), where
            )
        except Reverted:
            return {}
        values = called.decode_output(answer)
        struct = (
            values[0] if called.outputs[0].members else {f.name: v for f, v in zip(called.outputs, values, strict=True)}
        )
        found: Mapping[str, Any] = plain(struct)
        return found
