"""What bank and statutory registry signed: Ed25519 over the exact bytes of their answers (RFC 8032).

The header reads ``keyid=<16 hex>;ed25519=<base64>``; a key's id is the first 8 bytes of its SHA-256.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from chainfin.audit.bundle import EvidencePart, parse_json
from chainfin.audit.report import Findings
from chainfin.errors import BadInput, Refused


class PartnerKeys:
    """The public keys that the auditor believes to be the partners'."""

    def __init__(self, keys: Iterable[str]) -> None:
        """Hex of 32 bytes each. Raises BadInput partner_key_malformed."""
        self._known: dict[str, Ed25519PublicKey] = {}
        for text in keys:
            try:
                raw = bytes.fromhex(text.removeprefix("0x"))
                self._known[hashlib.sha256(raw).hexdigest()[:16]] = Ed25519PublicKey.from_public_bytes(raw)
            except ValueError:
                raise BadInput("partner_key_malformed", "a partner's key is 32 bytes of Ed25519, in hex") from None

    def __bool__(self) -> bool:
        return bool(self._known)

    def verify(self, evidence: EvidencePart) -> None:
        """Raises Refused partner_key_unknown, partner_signature_invalid."""
        fields = dict(part.partition("=")[::2] for part in evidence.signature.split(";"))
        key = self._known.get(fields.get("keyid", ""))
        if key is None:
            raise Refused("partner_key_unknown", f"signed with the key {evidence.key_id}, which was not given")
        try:
            key.verify(base64.b64decode(fields.get("ed25519", ""), validate=True), evidence.body.encode())
        except (InvalidSignature, ValueError):
            raise Refused("partner_signature_invalid", "the signature doesn't fit the text") from None


def read_evidence(name: str, evidence: EvidencePart, keys: PartnerKeys, findings: Findings) -> dict[str, Any]:
    """The partner's answer, its signature checked if its key was given.

    Raises Refused partner_answer_malformed.
    """
    findings.check(f"{name}: key id", f"keyid={evidence.key_id};" in evidence.signature, evidence.key_id)
    if not keys:
        findings.not_compared(f"{name}: signature", "no partner key was given")
    else:
        with findings.attempt(f"{name}: signature"):
            keys.verify(evidence)
            findings.check(f"{name}: signature", True, f"by the key {evidence.key_id}")
    try:
        detail = parse_json(evidence.body)
    except BadInput as error:
        raise Refused("partner_answer_malformed", error.message) from None
    if not isinstance(detail, dict):
        raise Refused("partner_answer_malformed", "the partner's text is not a JSON object")
    return detail
