"""Sign-in with a wallet: EIP-4361 messages, written, read and verified. Pure: the clock and the nonce are given."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from chainfin.errors import BadInput, Unauthenticated
from chainfin.eth.abi import checksum
from chainfin.eth.keys import recover_digest
from chainfin.eth.signer import personal_message
from chainfin.hashing import keccak

_HEAD = " wants you to sign in with your Ethereum account:"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")
MAX_CHARS = 4000


@dataclass(frozen=True, slots=True)
class SiweMessage:
    """The members of an EIP-4361 message that are used here; the others are refused, never ignored."""

    domain: str
    address: str
    uri: str
    chain_id: int
    nonce: str
    issued_at: datetime
    expires_at: datetime | None = None
    not_before: datetime | None = None
    statement: str | None = None

    def text(self) -> str:
        """The message as the wallet shows and signs it."""
        lines = [self.domain + _HEAD, self.address, ""]
        if self.statement is not None:
            lines.append(self.statement)
        lines += [
            "",
            f"URI: {self.uri}",
            "Version: 1",
            f"Chain ID: {self.chain_id}",
            f"Nonce: {self.nonce}",
            f"Issued At: {_rfc3339(self.issued_at)}",
        ]
        if self.expires_at is not None:
            lines.append(f"Expiration Time: {_rfc3339(self.expires_at)}")
        if self.not_before is not None:
            lines.append(f"Not Before: {_rfc3339(self.not_before)}")
        return "\n".join(lines)


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def siwe_message(
    *,
    domain: str,
    address: str,
    uri: str,
    chain_id: int,
    nonce: str,
    issued_at: datetime,
    expires_at: datetime | None = None,
    statement: str | None = None,
) -> str:
    """The text to sign. Raises BadInput: siwe_malformed (it is read back, so that what goes out can come in)."""
    text = SiweMessage(domain, address, uri, chain_id, nonce, issued_at, expires_at, None, statement).text()
    parse_siwe(text)
    return text


def _malformed(what: str) -> BadInput:
    return BadInput("siwe_malformed", f"this is no EIP-4361 message: {what}", where="message")


def _take(lines: list[str], label: str) -> str | None:
    if lines and lines[0].startswith(label + ": "):
        return lines.pop(0).removeprefix(label + ": ")
    return None


def _need(lines: list[str], label: str) -> str:
    found = _take(lines, label)
    if not found:
        raise _malformed(f"the line {label!r} is missing or out of order")
    return found


def _moment(text: str | None, label: str) -> datetime | None:
    if text is None:
        return None
    if not _TIME.fullmatch(text):
        raise _malformed(f"{label} is not an RFC 3339 time")
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise _malformed(f"{label} is not an RFC 3339 time") from None


def parse_siwe(text: str) -> SiweMessage:
    """Read a message strictly (EIP-4361, version 1). Raises BadInput: siwe_malformed."""
    if len(text) > MAX_CHARS:
        raise _malformed(f"longer than {MAX_CHARS} characters")
    lines = text.split("\n")
    if len(lines) < 8 or not lines[0].endswith(_HEAD) or lines[2] != "":
        raise _malformed("the head is not as the standard says")
    domain, address, rest = lines[0].removesuffix(_HEAD), lines[1], lines[3:]
    if not re.fullmatch(r"0x[0-9a-fA-F]{40}", address) or checksum(bytes.fromhex(address[2:])) != address:
        raise _malformed("the address does not carry its EIP-55 checksum")
    if not domain or re.search(r"[\s/?#]", domain):
        raise _malformed("the domain is not an authority")
    statement = rest.pop(0) if rest[0] != "" else None
    if not rest or rest.pop(0) != "":
        raise _malformed("an empty line is missing before the URI")
    uri, version = _need(rest, "URI"), _need(rest, "Version")
    chain_id, nonce = _need(rest, "Chain ID"), _need(rest, "Nonce")
    issued_at = _moment(_need(rest, "Issued At"), "Issued At")
    expires_at = _moment(_take(rest, "Expiration Time"), "Expiration Time")
    not_before = _moment(_take(rest, "Not Before"), "Not Before")
    if rest:
        raise _malformed(f"unexpected line {rest[0][:40]!r}")
    if version != "1" or not re.fullmatch(r"[1-9]\d{0,18}", chain_id):
        raise _malformed("version is 1 and the chain id a number")
    if not re.fullmatch(r"[A-Za-z0-9]{8,128}", nonce):
        raise _malformed("the nonce has at least 8 letters and digits")
    assert issued_at is not None  # _need gave a text
    return SiweMessage(domain, address, uri, int(chain_id), nonce, issued_at, expires_at, not_before, statement)


def personal_digest(text: str) -> bytes:
    """What personal_sign signs (EIP-191, version 0x45)."""
    return keccak(personal_message(text))


def verify_siwe(
    text: str, signature: bytes, *, domain: str, nonce: str, chain_id: int, now: datetime, max_age_s: int = 600
) -> SiweMessage:
    """That the account in the message signed it, for this service, this nonce, this chain, and now.

    ``max_age_s``: seconds that a message without an expiration time stays good after it was issued.
    Raises BadInput: siwe_malformed, signature_malformed; Unauthenticated: siwe_domain_foreign, siwe_nonce_foreign,
    siwe_chain_foreign, siwe_not_yet_valid, siwe_expired, siwe_signature_foreign.
    """
    message = parse_siwe(text)
    if message.domain != domain:
        raise Unauthenticated("siwe_domain_foreign", f"the message is for {message.domain[:80]}, this is {domain}")
    if message.nonce != nonce:
        raise Unauthenticated("siwe_nonce_foreign", "the nonce is not the one that was given out")
    if message.chain_id != chain_id:
        raise Unauthenticated("siwe_chain_foreign", f"the message is for chain {message.chain_id}, this is {chain_id}")
    begins = max(message.issued_at, message.not_before or message.issued_at)
    # a wallet's clock may run a little ahead of ours
    if (begins - now).total_seconds() > 60:
        raise Unauthenticated("siwe_not_yet_valid", "the message is not valid yet")
    age_s = (now - message.issued_at).total_seconds()
    if age_s > max_age_s if message.expires_at is None else now >= message.expires_at:
        raise Unauthenticated("siwe_expired", "the message has expired; ask for a new nonce")
    if recover_digest(personal_digest(text), signature) != message.address:
        raise Unauthenticated("siwe_signature_foreign", f"it was not {message.address} that signed")
    return message
