"""The chain as a driver: nodes, deployment, sender, indexer, proofs. Services never import it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

from chainfin.chain.embedded import EmbeddedNode
from chainfin.chain.node import Node
from chainfin.chain.rpc import RpcNode
from chainfin.errors import Unavailable


def open_node(
    url: str | None,
    *,
    home: Path,
    clock: Callable[[], datetime],
    expected_chain_id: int | None = None,
    funded: Iterable[str] = (),
    timeout_s: float = 10.0,
) -> Node:
    """The JSON-RPC node at ``url``, or (None) the embedded chain of ``home``.

    ``clock`` stamps the embedded chain's blocks; ``funded`` addresses get gas money when it begins.
    Raises Unavailable: chain_unreachable, chain_wrong_id, chain_in_use, chain_store_broken.
    """
    if url is not None:
        return RpcNode(url, expected_chain_id=expected_chain_id, timeout_s=timeout_s)
    node = EmbeddedNode(home, clock, funded=funded)
    if expected_chain_id not in (None, node.chain_id()):
        node.close()
        raise Unavailable("chain_wrong_id", f"the embedded chain is {node.chain_id()}, expected {expected_chain_id}")
    return node
