"""A partner's signed answers, kept as evidence (see `chainfin.jws`).

The token stands in the header `HEADER`. The body alone is signed and names its own kind and subject, so that (body,
signature, key id) can be stored and verified by an auditor years later, without the request. What binds an answer to
*our* question is in the body and is compared by each adapter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from chainfin.errors import BadInput
from chainfin.jws import TrustedKeys

HEADER = "x-jws-signature"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A partner's signed answer: the exact bytes, the detached JWS over them, the key's id."""

    body: bytes
    signature: str
    key_id: str

    def as_json(self) -> dict[str, str]:
        return {"body": self.body.decode(), "signature": self.signature, "key_id": self.key_id}


class Verifier:
    """The keys trusted for one partner (several while a key is being rotated)."""

    def __init__(self, public_keys: Iterable[bytes | str]) -> None:
        """Takes raw 32-byte keys or their hex. Raises BadInput partner_key_malformed, partner_key_missing."""
        self._keys = TrustedKeys(public_keys)
        if not self._keys:
            raise BadInput("partner_key_missing", "a partner without a key can't be believed")

    def check(self, body: bytes, token: str | None) -> Evidence:
        """The evidence, if the token vouches for the body. Raises SignatureInvalid."""
        identity = self._keys.check(body, token)
        return Evidence(body, token or "", identity)
