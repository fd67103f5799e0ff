"""What bank and statutory registry signed: detached JWS over the exact bytes of their answers (see `chainfin.jws`)."""

from __future__ import annotations

from typing import Any

from chainfin.audit.bundle import EvidencePart, parse_json
from chainfin.audit.report import Findings
from chainfin.errors import BadInput, Refused
from chainfin.jws import KeyUnknown, SignatureInvalid, TrustedKeys, key_named


def read_evidence(name: str, evidence: EvidencePart, keys: TrustedKeys, findings: Findings) -> dict[str, Any]:
    """What the partner said, its signature checked if there is a key to check it with.

    Raises Refused partner_answer_malformed.
    """
    findings.check(f"{name}: key id", key_named(evidence.signature) == evidence.key_id, evidence.key_id)
    if not keys:
        findings.not_compared(f"{name}: signature", "no partner key was given")
    else:
        with findings.attempt(f"{name}: signature"):
            signer = _signer(evidence, keys)
            findings.check(f"{name}: signature", True, f"by the key {signer}")
    try:
        detail = parse_json(evidence.body)
    except BadInput as error:
        raise Refused("partner_answer_malformed", error.message) from None
    if not isinstance(detail, dict):
        raise Refused("partner_answer_malformed", "the partner's text is not a JSON object")
    return detail


def _signer(evidence: EvidencePart, keys: TrustedKeys) -> str:
    """The id of the key that signed. Raises Refused partner_key_unknown, partner_signature_invalid."""
    try:
        return keys.check(evidence.body.encode(), evidence.signature)
    except KeyUnknown:
        raise Refused("partner_key_unknown", f"signed with the key {evidence.key_id}, which was not given") from None
    except SignatureInvalid as error:
        raise Refused("partner_signature_invalid", str(error)) from None
