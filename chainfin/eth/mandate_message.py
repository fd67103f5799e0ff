"""A lender's mandate as an EIP-712 message, which any wallet shows and signs.

Its domain is the chain id and the platform, not a contract: a mandate outlives a new deployment of the contracts.
``EIP712Domain(string name,string version,uint256 chainId,bytes32 salt)`` with name "chainfin mandate", version "1" and
salt = keccak256(the platform's name). Sources: EIP-712; EIP-2 (low s).
"""

from __future__ import annotations

from collections.abc import Mapping
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
VERSION = "1"
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
    {"name": "grades", "type": "string[]"},
    {"name": "rateFloor", "type": "uint256"},
    {"name": "notBefore", "type": "uint256"},
    {"name": "expiresAt", "type": "uint256"},
    {"name": "nonce", "type": "uint256"},
]


def typed_data(
    *,
    lender: str,
    amount: Money,
    policies: Mapping[Product, str],
    grades: tuple[str, ...],
    rate_floor: Decimal,
    not_before: datetime,
    expires_at: datetime,
    nonce: int,
    chain_id: int,
    platform: str,
) -> dict[str, Any]:
    """The JSON that eth_signTypedData_v4 takes. ``lender``: its legal id ("USCC:…"). In the message amounts are minor
    units, rates millionths a year, times POSIX seconds; wide integers are decimal strings, as wallets want them."""
    products = sorted(policies)
    return {
        "types": {"EIP712Domain": _DOMAIN, "Mandate": _MANDATE},
        "primaryType": "Mandate",
        "domain": domain(chain_id, platform),
        "message": {
            "lender": lender,
            "currency": amount.currency,
            "amount": str(amount.minor),
            "products": [product.value for product in products],
            "policies": ["0x" + policies[product].removeprefix("0x") for product in products],
            "grades": list(grades),
            "rateFloor": str(int(rate_floor * 10**6)),
            "notBefore": str(int(not_before.timestamp())),
            "expiresAt": str(int(expires_at.timestamp())),
            "nonce": str(nonce),
        },
    }


def domain(chain_id: int, platform: str) -> dict[str, Any]:
    """The EIP-712 domain of mandates on a platform, beside a chain."""
    return {"name": NAME, "version": VERSION, "chainId": chain_id, "salt": salt(platform)}


def salt(platform: str) -> str:
    """The domain's salt: keccak256 of the platform's name, 0x-hex."""
    return "0x" + keccak(platform.encode()).hex()


def moment(data: Mapping[str, Any], name: str) -> datetime:
    """A time of the message (``notBefore``, ``expiresAt``), aware."""
    return datetime.fromtimestamp(int(data["message"][name]), UTC)


_NUMBERS = frozenset(member["name"] for member in _MANDATE if member["type"] == "uint256")


def signed_bytes(data: Mapping[str, Any]) -> bytes:
    """What is hashed and signed: 0x1901 ‖ domain separator ‖ hash of the message.

    Raises BadInput typed_data_malformed: also where types, name or version are not
    those of a mandate, so that no other message passes for one."""
    place = data.get("domain")
    own = {"EIP712Domain": _DOMAIN, "Mandate": _MANDATE}
    if data.get("types") != own or data.get("primaryType") != "Mandate" or not isinstance(place, Mapping):
        raise BadInput("typed_data_malformed", "this is no typed data of a mandate")
    if (place.get("name"), place.get("version")) != (NAME, VERSION):
        raise BadInput("typed_data_malformed", "this is not the domain of a mandate")
    message = data.get("message")
    if not isinstance(message, Mapping):
        raise BadInput("typed_data_malformed", "a mandate has a message")
    try:
        whole = {name: int(value) if name in _NUMBERS else value for name, value in message.items()}
        signable = encode_typed_data(full_message={**data, "message": whole})
    except (ValueError, TypeError, KeyError, EncodingError) as error:
        raise BadInput("typed_data_malformed", f"this is no typed data of a mandate: {error!r}"[:200]) from None
    return b"\x19" + signable.version + signable.header + signable.body


def sign(data: Mapping[str, Any], signer: Signer) -> bytes:
    """65 bytes r ‖ s ‖ v over the hash of `signed_bytes`."""
    return signer.sign(signed_bytes(data))


def recover(data: Mapping[str, Any], signature: bytes) -> str:
    """The EIP-55 address that signed. Raises BadInput signature_malformed, typed_data_malformed."""
    return recover_digest(keccak(signed_bytes(data)), signature)
