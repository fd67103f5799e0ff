"""Keccak-256 by the fastest library, named outright: eth-hash would choose among what happens to be installed, and
takes longer to load than a participant's call should."""

from __future__ import annotations

from sha3 import keccak_256


def keccak(data: bytes) -> bytes:
    """32 bytes: Ethereum's hash, which is SHA-3 as it was before it became a standard."""
    digest: bytes = keccak_256(data).digest()
    return digest
