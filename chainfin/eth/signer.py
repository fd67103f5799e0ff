"""Whoever can sign with a key, wherever it lies: sealed in the database, in a keystore file, or in another process.

A signer is given the *message*, not its hash, because a remote one hashes for itself. The hash is Keccak-256; the
message of a transaction is its unsigned RLP, of an act `eip712.message`, of a text `personal_message`.
"""

from __future__ import annotations

from typing import Protocol

from chainfin.eth.keys import address_of, new_private_key, sign_digest
from chainfin.hashing import keccak


class Signer(Protocol):
    """One key that can be used and, where it lies elsewhere, not read."""

    @property
    def address(self) -> str:
        """Its EIP-55 address."""
        ...

    def sign(self, message: bytes) -> bytes:
        """65 bytes r ‖ s ‖ v (27 or 28) over keccak(message). Raises Unavailable signer_… where it is remote."""
        ...


class KeySigner:
    """A private key in this process (libsecp256k1), which lives as long as this object does."""

    def __init__(self, secret: bytes) -> None:
        """``secret``: 32 bytes."""
        self._secret = secret
        self._address = address_of(secret)

    @classmethod
    def new(cls) -> KeySigner:
        """A fresh key from the system's randomness."""
        return cls(new_private_key())

    @property
    def address(self) -> str:
        return self._address

    @property
    def secret(self) -> bytes:
        """The key itself: for whoever writes it to a file of its owner."""
        return self._secret

    def sign(self, message: bytes) -> bytes:
        """Deterministic (RFC 6979), s in the lower half."""
        return sign_digest(keccak(message), self._secret)


def personal_message(text: str) -> bytes:
    """What is signed when a wallet signs a text (EIP-191, version 0x45)."""
    body = text.encode()
    return b"\x19Ethereum Signed Message:\n" + str(len(body)).encode() + body
