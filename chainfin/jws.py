"""Detached JSON Web Signatures (RFC 7515, appendix F) by which partners vouch for the exact bytes of what they answer.

A token reads ``<header>..<signature>``; its header is ``{"alg": "EdDSA", "kid": "<key id>"}`` and the payload, left out
between the dots, is the body as it came. Any JOSE library verifies (body, token) with the partner's Ed25519 key, years
later and without the request: the body names its own kind and subject.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import OKPKey

from chainfin.errors import BadInput

ALGORITHM = "EdDSA"
"""What we sign with: every library knows it. RFC 9864 has since named it Ed25519, which is read as well."""
MAX_BODY_BYTES = 8 * 1024 * 1024
"""The longest answer of a partner that is read at all."""


class _Registry(jws.JWSRegistry):
    """Edwards signatures under either name and no others (joserfc would warn of the older name at each use)."""

    max_payload_length = 2 * MAX_BODY_BYTES  # as base64url

    def get_alg(self, name: str) -> Any:
        if name not in (ALGORITHM, "Ed25519"):
            raise UnsupportedAlgorithmError("partners sign with EdDSA (Ed25519)")
        return self.algorithms[name]


_REGISTRY = _Registry()


class SignatureInvalid(Exception):
    """The body isn't signed by a key that is trusted; the message says how."""


class KeyUnknown(SignatureInvalid):
    """It is signed by a key that is not among those trusted."""


def key_id(public_key: bytes) -> str:
    """The first 8 bytes (hex) of the key's SHA-256: names a key, proves nothing."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def key_named(token: str) -> str | None:
    """The id of the key that ``token`` says it is signed with; None where it says none."""
    try:
        named = jws.extract_compact(token.encode(), b"{}", _REGISTRY).headers().get("kid")
    except (JoseError, ValueError, TypeError):
        return None
    return named if isinstance(named, str) else None


def sign(key: Ed25519PrivateKey, body: bytes) -> str:
    """The token that vouches for ``body``."""
    public = key.public_key().public_bytes_raw()
    header = {"alg": ALGORITHM, "kid": key_id(public)}
    secret = OKPKey.import_key({**_public_jwk(public), "d": _base64url(key.private_bytes_raw())})
    return jws.detach_content(jws.serialize_compact(header, body, secret, registry=_REGISTRY))


class TrustedKeys:
    """The public keys believed to be a partner's (several while one is being rotated)."""

    def __init__(self, public_keys: Iterable[bytes | str]) -> None:
        """Takes raw 32-byte keys or their hex. Raises BadInput partner_key_malformed."""
        self._keys: dict[str, OKPKey] = {}
        for given in public_keys:
            try:
                raw = bytes.fromhex(given.removeprefix("0x")) if isinstance(given, str) else given
                Ed25519PublicKey.from_public_bytes(raw)
            except ValueError:
                raise BadInput("partner_key_malformed", "a partner's key is 32 bytes of Ed25519, in hex") from None
            self._keys[key_id(raw)] = OKPKey.import_key(_public_jwk(raw))

    def __bool__(self) -> bool:
        return bool(self._keys)

    def check(self, body: bytes, token: str | None) -> str:
        """The id of the key that vouches for ``body``. Raises SignatureInvalid, KeyUnknown."""
        if not token:
            raise SignatureInvalid("there is no signature")
        if not token.partition(".")[2].startswith("."):
            raise SignatureInvalid("the signature is no detached JWS")
        try:
            given = jws.extract_compact(token.encode(), body, _REGISTRY)
            identity = given.headers().get("kid")
            key = self._keys.get(identity) if isinstance(identity, str) else None
            if key is None:
                raise KeyUnknown("it is signed by a key that is not trusted")
            if not jws.validate_compact(given, key, registry=_REGISTRY):
                raise SignatureInvalid("the signature doesn't fit the text")
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise SignatureInvalid(f"the signature can't be read: {type(error).__name__}") from None
        return str(identity)


def _public_jwk(public: bytes) -> dict[str, str | list[str]]:
    return {"kty": "OKP", "crv": "Ed25519", "x": _base64url(public)}


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
