"""A lender's mandate, and its revocation, as EIP-712 messages, which any wallet shows and signs.

Their domain is the chain id and the platform, not a contract: a mandate outlives a new deployment of the contracts.
``EIP712Domain(string name,string version,uint256 chainId,bytes32 salt)`` with name "chainfin mandate", version "2" and
salt = keccak256(the platform's name). Mandates of version "1" named no product documents; what was lent under them can
still be checked. Sources: EIP-712; EIP-2 (low s).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from eth_abi.exceptions import EncodingError
from eth_account.messages import encode_typed_data
from eth_hash.auto import keccak

from chainfin.errors import BadInput
from chainfin.eth.keys import recover_digest
from chainfin.eth.signer import Signer
from chainfin.values.money import Money
from chainfin.values.product import Product

NAME = "chainfin mandate"
VERSION = "2"
_DOMAIN = [
    {"name": "name", "type": "string"},
    {"name": "version", "type": "string"},
    {"name": "chainId", "type": "uint256"},
    {"name": "salt", "type": "bytes32"},
]
_MANDATE = [
    {"name": "lender", "type": "string"},
    {"name": "currency", "type": "string"},
    {"name": "amount", "type": "uint256"},
    {"name": "products", "type": "string[]"},
    {"name": "policies", "type": "bytes32[]"},
    {"name": "documents", "type": "bytes32[]"},
    {"name": "grades", "type": "string[]"},
    {"name": "rateFloor", "type": "uint256"},
    {"name": "notBefore", "type": "uint256"},
    {"name": "expiresAt", "type": "uint256"},
    {"name": "nonce", "type": "uint256"},
]
_REVOCATION = [
    {"name": "lender", "type": "string"},
    {"name": "mandate", "type": "bytes32"},
    {"name": "revokedAt", "type": "uint256"},
    {"name": "onTheirWay", "type": "string[]"},
]
MANDATE = "Mandate"
REVOCATION = "Revocation"
_MEMBERS = {
    VERSION: {MANDATE: _MANDATE, REVOCATION: _REVOCATION},
    "1": {MANDATE: [each for each in _MANDATE if each["name"] != "documents"], REVOCATION: _REVOCATION},
}
"""Version → message → its members."""


def typed_data(
    *,
    lender: str,
    amount: Money,
    policies: Mapping[Product, str],
    documents: Mapping[Product, str],
    grades: tuple[str, ...],
    rate_floor: Decimal,
    not_before: datetime,
    expires_at: datetime,
    nonce: int,
    chain_id: int,
    platform: str,
) -> dict[str, Any]:
    """The JSON that eth_signTypedData_v4 takes. ``lender``: its legal id ("USCC:…"). Of each product its policy's and
    its document's hash. In the message amounts are minor
    units, rates millionths a year, times POSIX seconds; wide integers are decimal strings, as wallets want them."""
    products = sorted(policies)
    return {
        "types": {"EIP712Domain": _DOMAIN, MANDATE: _MANDATE},
        "primaryType": MANDATE,
        "domain": domain(chain_id, platform),
        "message": {
            "lender": lender,
            "currency": amount.currency,
            "amount": str(amount.minor),
            "products": [product.value for product in products],
            "policies": _hashes(policies, products),
            "documents": _hashes(documents, products),
            "grades": list(grades),
            "rateFloor": str(int(rate_floor * 10**6)),
            "notBefore": str(int(not_before.timestamp())),
            "expiresAt": str(int(expires_at.timestamp())),
            "nonce": str(nonce),
        },
    }


def _hashes(of: Mapping[Product, str], products: Sequence[Product]) -> list[str]:
    return ["0x" + of[product].removeprefix("0x") for product in products]


def revocation(mandate: Mapping[str, Any], *, revoked_at: datetime, on_their_way: Sequence[str]) -> dict[str, Any]:
    """The typed data by which a lender takes a mandate (its typed data) back. ``on_their_way``: loans of which the bank
    had the order to pay by then, without an answer: their money may still go. A part of a second counts as a whole
    one, so that what was paid in it wasn't paid after it."""
    return {
        "types": {"EIP712Domain": _DOMAIN, REVOCATION: _REVOCATION},
        "primaryType": REVOCATION,
        "domain": mandate["domain"],
        "message": {
            "lender": mandate["message"]["lender"],
            "mandate": digest(mandate),
            "revokedAt": str(math.ceil(revoked_at.timestamp())),
            "onTheirWay": list(on_their_way),
        },
    }


def digest(mandate: Mapping[str, Any]) -> str:
    """The hash that was signed, 0x-hex: what a revocation calls its mandate. Raises BadInput typed_data_malformed."""
    return "0x" + keccak(signed_bytes(mandate)).hex()


def domain(chain_id: int, platform: str, version: str = VERSION) -> dict[str, Any]:
    """The EIP-712 domain of mandates on a platform, beside a chain."""
    return {"name": NAME, "version": version, "chainId": chain_id, "salt": salt(platform)}


def salt(platform: str) -> str:
    """The domain's salt: keccak256 of the platform's name, 0x-hex."""
    return "0x" + keccak(platform.encode()).hex()


def hashes(data: Mapping[str, Any], name: str) -> dict[Product, str]:
    """Product → hash, of the message's ``policies`` or ``documents``; {} where its version knows none. Raises
    ValueError where products and hashes aren't as many."""
    message = data["message"]
    found = zip(message["products"], message[name], strict=True) if name in message else ()
    return {Product(product): hash_ for product, hash_ in found}


def moment(data: Mapping[str, Any], name: str) -> datetime:
    """A time of the message (``notBefore``, ``expiresAt``, ``revokedAt``), aware."""
    return datetime.fromtimestamp(int(data["message"][name]), UTC)


_NUMBERS = frozenset(
    member["name"] for members in _MEMBERS[VERSION].values() for member in members if member["type"] == "uint256"
)


def signed_bytes(data: Mapping[str, Any], primary: str = MANDATE) -> bytes:
    """What is hashed and signed: 0x1901 ‖ domain separator ‖ hash of the message.

    Raises BadInput typed_data_malformed: also where types, name or version are not
    those of a mandate (or of a `REVOCATION`), so that no other message passes for one."""
    place = data.get("domain")
    if not isinstance(place, Mapping) or place.get("name") != NAME or str(place.get("version")) not in _MEMBERS:
        raise BadInput("typed_data_malformed", "this is not the domain of a mandate")
    own = {"EIP712Domain": _DOMAIN, primary: _MEMBERS[str(place["version"])][primary]}
    if data.get("types") != own or data.get("primaryType") != primary:
        raise BadInput("typed_data_malformed", "this is no typed data of a mandate")
    message = data.get("message")
    if not isinstance(message, Mapping):
        raise BadInput("typed_data_malformed", "a mandate has a message")
    try:
        whole = {name: int(value) if name in _NUMBERS else value for name, value in message.items()}
        signable = encode_typed_data(full_message={**data, "message": whole})
    except (ValueError, TypeError, KeyError, EncodingError) as error:
        raise BadInput("typed_data_malformed", f"this is no typed data of a mandate: {error!r}"[:200]) from None
    return b"\x19" + signable.version + signable.header + signable.body


def sign(data: Mapping[str, Any], signer: Signer, primary: str = MANDATE) -> bytes:
    """65 bytes r ‖ s ‖ v over the hash of `signed_bytes`."""
    return signer.sign(signed_bytes(data, primary))


def recover(data: Mapping[str, Any], signature: bytes, primary: str = MANDATE) -> str:
    """The EIP-55 address that signed. Raises BadInput signature_malformed, typed_data_malformed."""
    return recover_digest(keccak(signed_bytes(data, primary)), signature)
