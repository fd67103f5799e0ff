"""Partners' signatures over the exact bytes of an answer (Ed25519, RFC 8032), kept as evidence.

The header reads ``keyid=<16 hex digits>;ed25519=<base64>``. The body alone is signed and names its own kind and
subject, so that (body, signature, key id) can be stored and verified by an auditor years later, without the
request. What binds an answer to *our* question is in the body and is compared by each adapter.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from chainfin.errors import BadInput

HEADER = "x-chainfin-signature"


class SignatureInvalid(Exception):
    """The answer isn't signed by a key that we trust; the message says how."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A partner's signed answer: the exact bytes, the header over them, the key's id."""

    body: bytes
    signature: str
    key_id: str

    def as_json(self) -> dict[str, str]:
        return {"body": self.body.decode(), "signature": self.signature, "key_id": self.key_id}


def key_id(public_key: bytes) -> str:
    """The first 8 bytes (hex) of the key's SHA-256: names a key, proves nothing."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def sign(key: Ed25519PrivateKey, body: bytes) -> str:
    """The header value that vouches for ``body``."""
    identity = key_id(key.public_key().public_bytes_raw())
    return f"keyid={identity};ed25519={base64.b64encode(key.sign(body)).decode()}"


class Verifier:
    """The keys trusted for one partner (several while a key is being rotated)."""

    def __init__(self, public_keys: Iterable[bytes | str]) -> None:
        """Takes raw 32-byte keys or their hex. Raises BadInput partner_key_malformed, partner_key_missing."""
        self._keys: dict[str, Ed25519PublicKey] = {}
        for given in public_keys:
            try:
                raw = bytes.fromhex(given) if isinstance(given, str) else given
                self._keys[key_id(raw)] = Ed25519PublicKey.from_public_bytes(raw)
            except ValueError:
                raise BadInput("partner_key_malformed", "a partner's key is 32 bytes of Ed25519, in hex") from None
        if not self._keys:
            raise BadInput("partner_key_missing", "a partner without a key can't be believed")

    def check(self, body: bytes, header: str | None) -> Evidence:
        """The evidence, if the header vouches for the body. Raises SignatureInvalid."""
        if not header:
            raise SignatureInvalid("the answer carries no signature")
        fields = dict(part.partition("=")[::2] for part in header.split(";"))
        identity = fields.get("keyid", "")
        key = self._keys.get(identity)
        if key is None:
            raise SignatureInvalid("the answer is signed by a key that is not trusted")
        try:
            key.verify(base64.b64decode(fields.get("ed25519", ""), validate=True), body)
        except (InvalidSignature, binascii.Error):
            raise SignatureInvalid("the signature doesn't fit the answer") from None
        return Evidence(body, header, identity)
