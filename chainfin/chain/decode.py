"""Logs of the contracts as events, and reverts as stable codes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from chainfin.chain.node import Block, Log
from chainfin.errors import Unavailable
from chainfin.eth.abi import ContractAbi, contract_abi
from chainfin.resources import CONTRACTS
from chainfin.storage.chain_tables import ChainEvent


def plain(value: Any) -> Any:
    """What JSON can carry: bytes as 0x-hex; integers of any size stay integers."""
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return value


class Decoder:
    """Decodes logs by the address of the contract that wrote them."""

    def __init__(self, contracts: Mapping[str, str]) -> None:
        """``contracts``: name → EIP-55 address."""
        self.addresses = tuple(contracts.values())
        self._by_address: dict[str, ContractAbi] = {a: contract_abi(name) for name, a in contracts.items()}

    def event(self, log: Log, block: Block) -> ChainEvent:
        """Raises Unavailable: chain_event_unknown (the contract there is not the one that this program knows)."""
        abi = self._by_address[log.address]
        event = abi.events.get(log.topics[0]) if log.topics else None
        if event is None:
            where = f"block {block.number}, log {log.log_index}"
            raise Unavailable("chain_event_unknown", f"{abi.name} wrote a log that is not in its ABI", where=where)
        return ChainEvent(
            contract=abi.name,
            name=event.name,
            args={name: plain(value) for name, value in event.decode(log.topics, log.data).items()},
            block_number=block.number,
            block_hash="0x" + block.hash.hex(),
            log_index=log.log_index,
            tx_hash="0x" + log.tx_hash.hex(),
            block_time=datetime.fromtimestamp(block.timestamp, UTC),
        )


def describe_revert(contract: str, data: bytes) -> tuple[str, str]:
    """Revert data → (name of the custom error, one line with its arguments).

    The error may come from a sister contract that was called on the way: then its ABI is asked.
    """
    name, args = contract_abi(contract).decode_revert(data)
    for candidate in CONTRACTS:
        if name != "Revert":
            break
        name, args = contract_abi(candidate).decode_revert(data)
    text = ", ".join(f"{key} {plain(value)}" for key, value in args.items())
    return name, f"{contract} refuses: {name}({text})"[:400]
