"""secp256k1 signatures over 32-byte digests, the form that Ethereum uses. Fast (libsecp256k1), pure."""

from __future__ import annotations

from coincurve import PrivateKey, PublicKey

from chainfin.errors import BadInput
from chainfin.eth.abi import checksum
from chainfin.hashing import keccak

HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
"""Half the order of the curve: a larger ``s`` is the malleable twin of a signature and refused (EIP-2)."""


def new_private_key() -> bytes:
    """32 bytes from the system's randomness."""
    return PrivateKey().secret


def address_of(private_key: bytes) -> str:
    """The EIP-55 address of a private key."""
    return checksum(keccak(PrivateKey(private_key).public_key.format(compressed=False)[1:])[-20:])


def sign_digest(digest: bytes, private_key: bytes) -> bytes:
    """65 bytes r ‖ s ‖ v with v 27 or 28; deterministic (RFC 6979), s in the lower half."""
    raw = PrivateKey(private_key).sign_recoverable(digest, hasher=None)
    return raw[:64] + bytes([raw[64] + 27])


def recover_digest(digest: bytes, signature: bytes) -> str:
    """The address that signed ``digest``. Raises BadInput: signature_malformed."""
    if len(signature) != 65 or signature[64] not in (27, 28):
        raise BadInput("signature_malformed", "a signature is 65 bytes r, s, v with v 27 or 28", where="signature")
    if int.from_bytes(signature[32:64], "big") > HALF_ORDER:
        raise BadInput("signature_malformed", "s is in the upper half of the curve's order", where="signature")
    try:
        found = PublicKey.from_signature_and_message(signature[:64] + bytes([signature[64] - 27]), digest, hasher=None)
    except ValueError:
        raise BadInput("signature_malformed", "no key could have made this signature", where="signature") from None
    return checksum(keccak(found.format(compressed=False)[1:])[-20:])
