"""Acts of parties as EIP-712 messages, derived from the contract ABIs.

Convention of the contracts: an act ``foo`` is ``foo(FooParams p, …)`` sent by the party itself and
``fooBySig(FooParams p, …, Auth auth)`` relayed by anyone. The signed struct is
``Foo(<members of FooParams>, <further plain arguments>, uint256 nonce, uint256 deadline)`` in the domain
{name: "chainfin <Contract>", version: "1", chainId, verifyingContract}. ``Auth`` arguments are never part of it.
What a *second* party signs rides inside another's act and has a name of its own. `bindings` holds a dataclass for
each act and rider.

Sources: EIP-712; EIP-55; EIP-2 (low s). Deadlines are POSIX seconds, nonces any uint256 (each once).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from chainfin.errors import BadInput, Forbidden
from chainfin.eth.abi import Field, address_bytes, coerce, contract_abi, from_hex, parse_address
from chainfin.eth.bindings import pledges_acts, warehouse_receipts_acts
from chainfin.eth.bindings.base import Bytes32, Signed, Uint32, Uint64
from chainfin.eth.keys import recover_digest
from chainfin.eth.signer import KeySigner, Signer
from chainfin.hashing import keccak

VERSION = "1"
_DOMAIN_FIELDS = (
    ("string", "name"),
    ("string", "version"),
    ("uint256", "chainId"),
    ("address", "verifyingContract"),
)
_TAIL = (("uint256", "nonce"), ("uint256", "deadline"))


@dataclass(frozen=True, slots=True)
class Domain:
    """Where an act is valid: one contract at one address on one chain."""

    contract: str
    chain_id: int
    address: str

    def as_json(self) -> dict[str, Any]:
        return {
            "name": f"chainfin {self.contract}",
            "version": VERSION,
            "chainId": self.chain_id,
            "verifyingContract": self.address,
        }


@dataclass(frozen=True, slots=True)
class ActType:
    """The EIP-712 primary type of an act: its name and (Solidity type, member name) pairs, nonce and deadline last."""

    contract: str
    name: str
    fields: tuple[tuple[str, str], ...]

    @property
    def signature(self) -> str:
        return f"{self.name}({','.join(f'{kind} {name}' for kind, name in self.fields)})"


@dataclass(frozen=True, slots=True)
class Auth:
    """The contracts' ``Auth`` struct: who signed, its nonce and deadline (POSIX seconds), 65 bytes of signature."""

    signer: str
    nonce: int
    deadline: int
    signature: bytes

    def as_json(self) -> dict[str, str]:
        return {
            "signer": self.signer,
            "nonce": str(self.nonce),
            "deadline": str(self.deadline),
            "signature": "0x" + self.signature.hex(),
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Auth:
        """Raises BadInput: act_param_missing, act_param_invalid, address_invalid, hex_invalid."""
        for name in ("signer", "nonce", "deadline", "signature"):
            if name not in raw:
                raise BadInput("act_param_missing", f"{name} is missing", where="auth")
        return cls(
            parse_address(raw["signer"], where="auth.signer"),
            coerce("uint256", raw["nonce"], "auth.nonce"),
            coerce("uint256", raw["deadline"], "auth.deadline"),
            from_hex(raw["signature"], where="auth.signature"),
        )


def _is_auth(field: Field) -> bool:
    return field.struct == "Auth"


def type_of(signed: type[Signed]) -> ActType:
    """The type that is signed for an act, or for what rides in another's act."""
    fields = tuple((member.solidity, member.name) for member in signed.members())
    return ActType(signed.CONTRACT, signed.PRIMARY_TYPE, (*fields, *_TAIL))


def act_type(contract: str, function: str) -> ActType:
    """The type that the acting party signs for a function of a contract. Raises BadInput: act_unknown."""
    from chainfin.eth.bindings.registry import ACTS  # all of them: who only signs what it is handed needs none

    act = ACTS.get((contract, function))
    if act is None:
        raise BadInput("act_unknown", f"{contract} has no act {function!r}")
    return type_of(act)


@dataclass(frozen=True, slots=True)
class AcceptOffer(Signed):
    """What a borrower signs to accept an offer on which nothing is pledged: not sent to the chain, kept as evidence."""

    CONTRACT = pledges_acts.Pledge.CONTRACT
    PRIMARY_TYPE = "AcceptOffer"

    loan_ref: Bytes32
    decision_hash: Bytes32
    amount: Uint64
    lender: Uint32


@dataclass(frozen=True, slots=True)
class AgreeBuyBack(Signed):
    """What a pledgor signs to let an undertaker buy its goods by the terms of its undertaking (``document_root``), also
    before the loan is late: not sent to the chain, kept as evidence."""

    CONTRACT = pledges_acts.Pledge.CONTRACT
    PRIMARY_TYPE = "AgreeBuyBack"

    pledge_id: Bytes32
    asset_id: Bytes32
    buyer: Uint32
    document_root: Bytes32


@dataclass(frozen=True, slots=True)
class AgreeSale(Signed):
    """What a pledgor signs where goods that were taken from it bring less than they would have to (``document_root``:
    of the sale's terms): not sent to the chain, kept as evidence."""

    CONTRACT = pledges_acts.Pledge.CONTRACT
    PRIMARY_TYPE = "AgreeSale"

    pledge_id: Bytes32
    asset_id: Bytes32
    document_root: Bytes32


def word_name(kind: type[Signed]) -> str:
    """The name of a word that isn't sent by itself, as an act has its function's: HandOut → handOut."""
    return kind.PRIMARY_TYPE[0].lower() + kind.PRIMARY_TYPE[1:]


OFFERED = tuple(word_name(kind) for kind in (pledges_acts.Grant, pledges_acts.Exchange, AcceptOffer))
"""Names of words that accept an offer: signed where it was made, each by a decision of its own."""
RIDING = tuple(word_name(kind) for kind in (warehouse_receipts_acts.HandOut, warehouse_receipts_acts.Correction))
"""Names of words of an owner that ride in a keeper's act: signed by themselves, and the keeper may take its time."""
KEPT = tuple(word_name(kind) for kind in (AgreeBuyBack, AgreeSale))
"""Names of words that are kept as evidence: signed by themselves, and never sent."""


def pledge_id(asset_id: str, own: str) -> str:
    """The id of a pledge over an asset, 0x-hex: bytes 14 to 29 of keccak(asset id), then 16 bytes of keccak(``own``).

    ``own`` is any text that is new for the asset; the same one gives the same id. The contracts refuse an id that
    begins otherwise: together with the 14 bytes that they store, its start ties the pledge to its asset.
    Raises BadInput: hex_invalid.
    """
    return "0x" + (keccak(from_hex(asset_id, where="assetId"))[14:30] + keccak(own.encode())[:16]).hex()


def random_nonce() -> int:
    """A nonce that nobody used: the contracts take nonces in any order, each once."""
    return secrets.randbits(256)


def signable(value: Signed, nonce: int, deadline: int | datetime, domain: Domain) -> dict[str, Any]:
    """The typed data of an act or rider. Raises as `typed_data`."""
    return typed_data(type_of(type(value)), value.params(), nonce, deadline, domain)


def typed_data(
    act: ActType, params: Mapping[str, Any], nonce: int, deadline: int | datetime, domain: Domain
) -> dict[str, Any]:
    """The full EIP-712 JSON, as eth_signTypedData_v4 of any wallet takes it.

    ``params`` holds the members by name; more members than the type has are ignored, so that the parameters of
    an act also serve for the act that rides in it. bytes become 0x-hex, wide integers decimal strings.
    Raises BadInput: act_param_missing, act_param_invalid, address_invalid, act_domain_foreign.
    """
    if domain.contract != act.contract:
        raise BadInput("act_domain_foreign", f"{act.name} belongs to {act.contract}, not {domain.contract}")
    until = int(deadline.timestamp()) if isinstance(deadline, datetime) else deadline
    values: Mapping[str, Any] = {**params, "nonce": nonce, "deadline": until}
    message = {}
    for kind, name in act.fields:
        if name not in values:
            raise BadInput("act_param_missing", f"{name} is missing", where=act.name)
        message[name] = _to_json(Field(name, kind).coerce(values[name], f"{act.name}.{name}"))
    return {
        "types": {
            "EIP712Domain": [{"name": name, "type": kind} for kind, name in _DOMAIN_FIELDS],
            act.name: [{"name": name, "type": kind} for kind, name in act.fields],
        },
        "primaryType": act.name,
        "domain": domain.as_json(),
        "message": message,
    }


def _to_json(value: Any) -> Any:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, list | tuple):
        return [_to_json(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool):
        # JavaScript wallets lose digits above 2^53; decimal strings are taken by all of them
        return str(value)
    return value


@lru_cache(maxsize=1024)
def _keccak_text(text: str) -> bytes:
    return keccak(text.encode())


@lru_cache(maxsize=256)
def _domain_separator(name: str, version: str, chain_id: int, address: str) -> bytes:
    kind = "EIP712Domain(" + ",".join(f"{k} {n}" for k, n in _DOMAIN_FIELDS) + ")"
    words = (_keccak_text(kind), _keccak_text(name), _keccak_text(version), _word("uint256", chain_id))
    return keccak(b"".join(words) + _word("address", address))


def _word(kind: str, value: Any) -> bytes:
    """One member as its 32 bytes of EIP-712 ``encodeData``."""
    if kind.endswith("]"):
        inner = kind[: kind.rindex("[")]
        return keccak(b"".join(_word(inner, item) for item in value))
    if kind == "address":
        return address_bytes(value).rjust(32, b"\0")
    if kind == "string":
        return keccak(value.encode())
    if kind == "bytes":
        return keccak(value)
    if kind.startswith("bytes"):
        return bytes(value).ljust(32, b"\0")
    return int(value).to_bytes(32, "big", signed=int(value) < 0)


def digest(data: Mapping[str, Any]) -> bytes:
    """The 32 bytes that are signed: the hash of `message`. Raises what that raises."""
    return keccak(message(data))


def message(data: Mapping[str, Any]) -> bytes:
    """What a signer hashes and signs: 0x1901 ‖ domain separator ‖ hash of the message.

    Raises BadInput: typed_data_malformed, act_param_invalid, address_invalid.
    """
    try:
        domain, primary, said = data["domain"], data["primaryType"], data["message"]
        fields = [(str(f["type"]), str(f["name"])) for f in data["types"][primary]]
        kind = ActType("", primary, tuple(fields)).signature
        address = parse_address(domain["verifyingContract"], where="domain.verifyingContract")
        separator = _domain_separator(domain["name"], domain["version"], int(domain["chainId"]), address)
        words = [_keccak_text(kind)]
        words.extend(_word(k, Field(n, k).coerce(said[n], f"{primary}.{n}")) for k, n in fields)
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput("typed_data_malformed", f"this is no typed data of an act: {error!r}"[:200]) from None
    return b"\x19\x01" + separator + keccak(b"".join(words))


def sign(data: Mapping[str, Any], key: Signer | bytes) -> bytes:
    """65 bytes r ‖ s ‖ v over `digest`, by a signer or a bare private key."""
    return _signer(key).sign(message(data))


def authorise(data: Mapping[str, Any], key: Signer | bytes) -> Auth:
    """Sign and wrap as the contracts' Auth."""
    signer, said = _signer(key), data["message"]
    return Auth(signer.address, int(said["nonce"]), int(said["deadline"]), sign(data, signer))


def _signer(key: Signer | bytes) -> Signer:
    return KeySigner(key) if isinstance(key, bytes) else key


def recover(data: Mapping[str, Any], signature: bytes) -> str:
    """The EIP-55 address that signed. Raises BadInput: signature_malformed (and what `digest` raises)."""
    return recover_digest(digest(data), signature)


def verify(data: Mapping[str, Any], signature: bytes, signer: str, now: datetime) -> None:
    """That ``signer`` signed this act and that it still runs at ``now`` (aware).

    Keys of contract wallets (EIP-1271) can only be asked on the chain; the contracts do.
    Raises BadInput: signature_malformed, signature_expired; Forbidden: signature_foreign.
    """
    if int(data["message"]["deadline"]) < int(now.timestamp()):
        raise BadInput("signature_expired", "the deadline of the signature has passed", where="deadline")
    found = recover(data, signature)
    if found != parse_address(signer, where="signer"):
        raise Forbidden("signature_foreign", f"signed by {found}, not by {signer}", where="signature")


def call_data(contract: str, function: str, params: Mapping[str, Any], auths: Sequence[Auth] = ()) -> bytes:
    """Call data of an act. ``auths`` in the order of the function's Auth arguments (the acting party's own is last).

    Raises BadInput: act_unknown, act_auths_missing, act_param_missing, act_param_invalid.
    """
    target = contract_abi(contract).function(function)
    waiting = list(auths)
    arguments: list[Any] = []
    for field in target.inputs:
        if _is_auth(field):
            if not waiting:
                raise BadInput("act_auths_missing", f"{function} wants more signatures", where="auths")
            auth = waiting.pop(0)
            arguments.append(
                {
                    "signer": auth.signer,
                    "nonce": auth.nonce,
                    "deadline": auth.deadline,
                    "signature": auth.signature,
                }
            )
        elif field.type == "tuple":
            arguments.append(params)
        elif field.name in params:
            arguments.append(params[field.name])
        else:
            raise BadInput("act_param_missing", f"{field.name} is missing", where=function)
    if waiting:
        raise BadInput("act_auths_missing", f"{function} wants fewer signatures", where="auths")
    return target.encode(arguments)
