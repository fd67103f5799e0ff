"""Signed transactions of the oldest kind (EIP-155), which every node takes, also one without a fee market."""

from __future__ import annotations

from dataclasses import dataclass

import rlp

from chainfin.eth.abi import address_bytes
from chainfin.eth.signer import Signer
from chainfin.hashing import keccak


@dataclass(frozen=True, slots=True)
class Transaction:
    """What is to be sent. ``to`` None makes a contract. Gas in units, price in wei; no money is sent with it."""

    nonce: int
    gas_price: int
    gas: int
    to: str | None
    data: bytes
    chain_id: int

    def signed(self, signer: Signer) -> tuple[bytes, bytes]:
        """(hash, bytes to send). Raises what the signer raises."""
        to = b"" if self.to is None else address_bytes(self.to)
        fields = [self.nonce, self.gas_price, self.gas, to, 0, self.data]
        signature = signer.sign(rlp.encode([*fields, self.chain_id, 0, 0]))
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")
        v = signature[64] - 27 + 35 + 2 * self.chain_id
        raw: bytes = rlp.encode([*fields, v, r, s])
        return keccak(raw), raw
