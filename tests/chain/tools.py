"""A tiny contract, a funded key and a movable clock for tests of the chain driver."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from eth_account import Account

from chainfin.chain.embedded import EmbeddedNode
from chainfin.chain.node import Node
from chainfin.eth.keys import address_of

KEY = b"\x42" * 32
SENDER = address_of(KEY)
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

# Runtime of the tiny contract: stores the first word of call data in slot 0, logs it (topic 0 = word, data = word);
# a word of zero reverts with the 4 bytes 0xdeadbeef.
#   CALLDATALOAD(0) DUP1 ISZERO PUSH revert JUMPI | DUP1 PUSH0 SSTORE | DUP1 PUSH0 MSTORE | PUSH1 20 PUSH0 LOG1 STOP
_RUNTIME = bytes.fromhex("5f35801560135780" + "5f55805f5260205fa100" + "00" + "5b63deadbeef5f526004601cfd")
TINY_INIT = bytes.fromhex(f"60{len(_RUNTIME):02x}80600b5f395ff3").ljust(11, b"\0") + _RUNTIME


@dataclass
class Clock:
    now: datetime = field(default=START)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **amount: float) -> None:
        self.now += timedelta(**amount)


def open_embedded(home: Path, clock: Clock | None = None) -> EmbeddedNode:
    return EmbeddedNode(home, clock or Clock(), funded=[SENDER])


def signed(
    node: Node, nonce: int, to: str | None, data: bytes, *, gas: int = 200_000, price: int | None = None
) -> bytes:
    transaction = {
        "value": 0,
        "gas": gas,
        "gasPrice": node.gas_price() if price is None else price,
        "nonce": nonce,
        "chainId": node.chain_id(),
        "data": data,
    }
    if to is not None:
        transaction["to"] = to
    return bytes(Account.sign_transaction(transaction, KEY).raw_transaction)


def deploy_tiny(node: Node, nonce: int = 0) -> str:
    receipt = node.receipt(node.send_raw(signed(node, nonce, None, TINY_INIT)))
    assert receipt is not None
    assert receipt.succeeded
    assert receipt.contract_address is not None
    return receipt.contract_address


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")
