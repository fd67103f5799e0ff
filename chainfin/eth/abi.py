"""Contract ABIs read once: selectors, topics, and encoding and decoding without a web3 object.

Values: integers are `int`, bytesN and bytes are `bytes`, addresses are EIP-55 `str`, structs are dicts by
member name, arrays are lists. `coerce` also takes what JSON can carry (0x-hex, decimal strings).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from chainfin.errors import BadInput
from chainfin.hashing import keccak
from chainfin.resources import artifact

_ARRAY = re.compile(r"^(.*)\[(\d*)\]$")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


@lru_cache(maxsize=65536)
def checksum(address: bytes) -> str:
    """20 bytes → the EIP-55 spelling."""
    plain = address.hex()
    digest = keccak(plain.encode()).hex()
    return "0x" + "".join(c.upper() if int(d, 16) >= 8 else c for c, d in zip(plain, digest, strict=False))


def parse_address(text: str, *, where: str | None = None) -> str:
    """Any spelling → EIP-55. Mixed case must carry the right checksum. Raises BadInput: address_invalid."""
    if isinstance(text, str) and _ADDRESS.fullmatch(text):
        spelled = checksum(bytes.fromhex(text[2:]))
        if text == spelled or text[2:] == text[2:].lower() or text[2:] == text[2:].upper():
            return spelled
    raise BadInput("address_invalid", f"{str(text)[:60]!r} is not an address (20 bytes, EIP-55)", where=where)


def address_bytes(address: str) -> bytes:
    return bytes.fromhex(address[2:])


def from_hex(text: str, *, where: str | None = None) -> bytes:
    """0x-hex → bytes. Raises BadInput: hex_invalid."""
    try:
        if not text.startswith("0x"):
            raise ValueError
        return bytes.fromhex(text[2:])
    except (ValueError, AttributeError):
        raise BadInput("hex_invalid", f"{str(text)[:60]!r} is not 0x-hex", where=where) from None


@dataclass(frozen=True, slots=True)
class Field:
    """One input, struct member or event argument. ``type`` is the Solidity type ("tuple" for a struct)."""

    name: str
    type: str
    struct: str = ""
    members: tuple[Field, ...] = ()
    indexed: bool = False

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Field:
        struct = str(raw.get("internalType", "")).rsplit(".", 1)[-1].removeprefix("struct ")
        members = tuple(cls.read(m) for m in raw.get("components", ()))
        return cls(str(raw["name"]), str(raw["type"]), struct if members else "", members, bool(raw.get("indexed")))

    @property
    def canonical(self) -> str:
        if not self.members:
            return self.type
        return "(" + ",".join(m.canonical for m in self.members) + ")" + self.type.removeprefix("tuple")

    def coerce(self, value: Any, where: str) -> Any:
        """The form that eth_abi encodes. Raises BadInput: act_param_missing, act_param_invalid."""
        array = _ARRAY.match(self.type)
        if array:
            return self._coerce_array(value, array.group(1), array.group(2), where)
        if self.members:
            if not isinstance(value, Mapping):
                raise BadInput("act_param_invalid", f"{self.name} is a struct", where=where)
            return tuple(m.coerce(_member(value, m.name, where), f"{where}.{m.name}") for m in self.members)
        return coerce(self.type, value, where)

    def _coerce_array(self, value: Any, inner: str, length: str, where: str) -> list[Any]:
        if isinstance(value, str | bytes) or not isinstance(value, Sequence):
            raise BadInput("act_param_invalid", "an array is expected", where=where)
        if length and len(value) != int(length):
            raise BadInput("act_param_invalid", f"{length} items are expected", where=where)
        item = Field(self.name, inner, self.struct, self.members)
        return [item.coerce(v, f"{where}[{i}]") for i, v in enumerate(value)]

    def plain(self, value: Any) -> Any:
        """What eth_abi decoded → this module's values."""
        array = _ARRAY.match(self.type)
        if array:
            item = Field(self.name, array.group(1), self.struct, self.members)
            return [item.plain(v) for v in value]
        if self.members:
            return {m.name: m.plain(v) for m, v in zip(self.members, value, strict=True)}
        return checksum(bytes.fromhex(value[2:])) if self.type == "address" else value


def _member(value: Mapping[str, Any], name: str, where: str) -> Any:
    if name not in value:
        raise BadInput("act_param_missing", f"{name} is missing", where=where)
    return value[name]


def coerce(kind: str, value: Any, where: str) -> Any:
    """One atomic value as eth_abi and EIP-712 take it; ranges are checked. Raises BadInput: act_param_invalid."""
    try:
        if kind == "address":
            return parse_address(value, where=where)
        if kind == "bool" and isinstance(value, bool):
            return value
        if kind == "string" and isinstance(value, str):
            return value
        if kind.startswith("bytes"):
            raw = from_hex(value, where=where) if isinstance(value, str) else bytes(value)
            if kind == "bytes" or len(raw) == int(kind[5:]):
                return raw
        if kind.startswith(("uint", "int")) and not isinstance(value, bool | float):
            number = int(value, 0) if isinstance(value, str) else int(value)
            bits = int(kind.lstrip("uint") or 256)
            low, high = (0, 2**bits) if kind[0] == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1))
            if low <= number < high:
                return number
    except (ValueError, TypeError):
        pass  # falls through to the one refusal below
    raise BadInput("act_param_invalid", f"{str(value)[:60]!r} is not a {kind}", where=where)


@dataclass(frozen=True, slots=True)
class Function:
    """A function or a custom error: name, inputs and 4-byte selector."""

    name: str
    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...]
    selector: bytes

    def encode(self, args: Sequence[Any]) -> bytes:
        """Call data. Arguments in the order of `inputs`. Raises BadInput: act_param_missing, act_param_invalid."""
        if len(args) != len(self.inputs):
            raise BadInput("act_param_missing", f"{self.name} takes {len(self.inputs)} arguments, not {len(args)}")
        values = [f.coerce(a, f"{self.name}.{f.name}") for f, a in zip(self.inputs, args, strict=True)]
        encoded: bytes = _coding().encode([f.canonical for f in self.inputs], values)
        return self.selector + encoded

    def decode_output(self, data: bytes) -> tuple[Any, ...]:
        return _decode(self.outputs, data)

    def decode_input(self, data: bytes) -> dict[str, Any]:
        """The arguments after the selector, by name."""
        return {f.name: v for f, v in zip(self.inputs, _decode(self.inputs, data), strict=True)}


@dataclass(frozen=True, slots=True)
class Event:
    """An event: topic 0, indexed and plain arguments."""

    name: str
    inputs: tuple[Field, ...]
    topic: bytes

    def decode(self, topics: Sequence[bytes], data: bytes) -> dict[str, Any]:
        """Arguments by name, in the order of declaration. Raises BadInput: event_malformed."""
        indexed = [f for f in self.inputs if f.indexed]
        plain = [f for f in self.inputs if not f.indexed]
        if len(topics) != len(indexed) + 1 or topics[0] != self.topic:
            raise BadInput("event_malformed", f"the topics are not those of {self.name}")
        found: dict[str, Any] = {}
        for field, topic in zip(indexed, topics[1:], strict=True):
            # an indexed dynamic value is only its hash: keep the 32 bytes
            found[field.name] = topic if _hashed(field) else _decode((field,), topic)[0]
        found.update(zip((f.name for f in plain), _decode(tuple(plain), data), strict=True))
        return {f.name: found[f.name] for f in self.inputs}


def _hashed(field: Field) -> bool:
    return field.type in ("string", "bytes") or bool(field.members) or field.type.endswith("]")


@cache
def _coding() -> Any:
    """eth_abi, loaded at its first use: it takes a third of a second, and who only signs doesn't need it."""
    from types import SimpleNamespace

    from eth_abi.abi import decode, encode
    from eth_abi.exceptions import DecodingError

    return SimpleNamespace(encode=encode, decode=decode, DecodingError=DecodingError)


def _decode(fields: tuple[Field, ...], data: bytes) -> tuple[Any, ...]:
    coding = _coding()
    try:
        values = coding.decode([f.canonical for f in fields], data)
    except (coding.DecodingError, OverflowError) as error:
        raise BadInput("event_malformed", f"the data is not what the ABI says: {str(error)[:120]}") from None
    return tuple(f.plain(v) for f, v in zip(fields, values, strict=True))


@dataclass(frozen=True, slots=True)
class ContractAbi:
    """One contract's ABI by name, selector and topic."""

    name: str
    functions: Mapping[str, Function]
    errors: Mapping[bytes, Function]
    events: Mapping[bytes, Event]
    constructor: tuple[Field, ...]

    @classmethod
    def read(cls, name: str, abi: Sequence[Mapping[str, Any]]) -> ContractAbi:
        functions: dict[str, Function] = {}
        errors: dict[bytes, Function] = {}
        events: dict[bytes, Event] = {}
        constructor: tuple[Field, ...] = ()
        for entry in abi:
            inputs = tuple(Field.read(i) for i in entry.get("inputs", ()))
            outputs = tuple(Field.read(o) for o in entry.get("outputs", ()))
            signature = f"{entry.get('name', '')}({','.join(f.canonical for f in inputs)})"
            topic = keccak(signature.encode())
            match entry["type"]:
                case "function":
                    functions[entry["name"]] = Function(entry["name"], inputs, outputs, topic[:4])
                case "error":
                    errors[topic[:4]] = Function(entry["name"], inputs, (), topic[:4])
                case "event":
                    events[topic] = Event(entry["name"], inputs, topic)
                case "constructor":
                    constructor = inputs
        return cls(name, functions, errors, events, constructor)

    def function(self, name: str) -> Function:
        """Raises BadInput: act_unknown."""
        if name not in self.functions:
            raise BadInput("act_unknown", f"{self.name} has no function {name!r}")
        return self.functions[name]

    def decode_revert(self, data: bytes) -> tuple[str, dict[str, Any]]:
        """Revert data → (custom error name, arguments); "Error" is a reason string, "Revert" unknown data or none."""
        if data[:4] == keccak(b"Error(string)")[:4]:
            return "Error", {"message": _decode((Field("message", "string"),), data[4:])[0]}
        if data[:4] == keccak(b"Panic(uint256)")[:4]:
            return "Panic", {"panic": _decode((Field("panic", "uint256"),), data[4:])[0]}
        known = self.errors.get(data[:4])
        if known is None:
            return "Revert", {"data": "0x" + data.hex()} if data else {}
        return known.name, known.decode_input(data[4:])


@cache
def contract_abi(name: str) -> ContractAbi:
    """The ABI of one of the five contracts. Raises Unavailable: artifact_missing."""
    return ContractAbi.read(name, artifact(name)["abi"])
