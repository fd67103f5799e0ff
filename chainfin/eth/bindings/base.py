"""What the generated bindings have in common. Written by hand; the modules beside it are written by
``contracts/bindings.py`` from the contracts' artifacts (`make contracts`).

A binding is a dataclass with one field for each member, in the contract's order. A field's annotation names its
Solidity type and is, to the type checker, the Python type that carries it: `int`, `bool`, or `str` for 0x-hex.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, ClassVar, Self, TypeAlias, get_args, get_origin, get_type_hints

from chainfin.errors import BadInput

Bool: TypeAlias = Annotated[bool, "bool"]
Uint8: TypeAlias = Annotated[int, "uint8"]
Uint32: TypeAlias = Annotated[int, "uint32"]
Uint64: TypeAlias = Annotated[int, "uint64"]
Uint256: TypeAlias = Annotated[int, "uint256"]
Address: TypeAlias = Annotated[str, "address"]
"""EIP-55."""
Bytes: TypeAlias = Annotated[str, "bytes"]
"""0x-hex of any length, as all that follow are 0x-hex of their length."""
Bytes3: TypeAlias = Annotated[str, "bytes3"]
Bytes32: TypeAlias = Annotated[str, "bytes32"]


@dataclass(frozen=True, slots=True)
class Member:
    """One field of a binding: its name here, its name in the contract, and what it holds.

    ``kind``: the Solidity type, of the items where ``many`` (an array); empty where the items are the struct ``item``.
    """

    field: str
    name: str
    kind: str
    many: bool
    item: type[Struct] | None

    @property
    def solidity(self) -> str:
        return self.kind + ("[]" if self.many else "")


def contract_name(field: str) -> str:
    """A field's name in the contract: ``pledge_id`` → ``pledgeId``, ``from_`` → ``from``."""
    first, *others = field.rstrip("_").split("_")
    return first + "".join(word.capitalize() for word in others)


class Struct:
    """A value with named members that goes to a contract or comes from it."""

    __slots__ = ()

    @classmethod
    def members(cls) -> tuple[Member, ...]:
        """In the contract's order."""
        hashable: Any = cls  # a class is; the type checker asks its instances
        return _members(hashable)

    def params(self) -> dict[str, Any]:
        """The members by their names in the contract, as ABI, typed data and stored acts take them."""
        return {member.name: _plain(getattr(self, member.field)) for member in self.members()}

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Self:
        """The value whose `params` these are; more names than it has members are ignored.

        Raises BadInput: binding_member_missing, binding_member_invalid.
        """
        return cls(*(_read(cls, member, params) for member in cls.members()))


class Signed(Struct):
    """What a party signs as EIP-712 typed data in the domain of a contract."""

    __slots__ = ()
    CONTRACT: ClassVar[str]
    PRIMARY_TYPE: ClassVar[str]


class Act(Signed):
    """An act of a party: ``FUNCTION`` when it sends it itself, ``RELAYED`` when anyone brings it with its signature.

    The members are those of the signed type (without nonce and deadline) and, with the signatures, of the call.
    """

    __slots__ = ()
    FUNCTION: ClassVar[str]
    RELAYED: ClassVar[str]


class Rider(Signed):
    """What a second party signs: its signature rides in another party's act."""

    __slots__ = ()


class Batch(Struct):
    """Up to a hundred acts of a party under one signature. The members are those of the call."""

    __slots__ = ()
    CONTRACT: ClassVar[str]
    PRIMARY_TYPE: ClassVar[str]
    FUNCTION: ClassVar[str]
    RELAYED: ClassVar[str]


class Event(Struct):
    """What a contract tells."""

    __slots__ = ()
    CONTRACT: ClassVar[str]
    NAME: ClassVar[str]

    @classmethod
    def from_args(cls, args: Mapping[str, Any]) -> Self:
        """A decoded event's arguments by name as a value. Raises as `from_params`."""
        return cls.from_params(args)


@cache
def _members(cls: Any) -> tuple[Member, ...]:
    hints = get_type_hints(cls, include_extras=True)
    return tuple(_member(field, hints[field]) for field in getattr(cls, "__match_args__", ()))


def _member(field: str, hint: Any) -> Member:
    many = get_origin(hint) is tuple
    inner = get_args(hint)[0] if many else hint
    name = contract_name(field)
    if isinstance(inner, type) and issubclass(inner, Struct):
        return Member(field, name, "", many, inner)
    return Member(field, name, str(get_args(inner)[1]), many, None)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value.params() if isinstance(value, Struct) else value


def _read(cls: type[Struct], member: Member, params: Mapping[str, Any]) -> Any:
    where = f"{cls.__name__}.{member.name}"
    if member.name not in params:
        raise BadInput("binding_member_missing", f"{member.name} is missing", where=where)
    value = params[member.name]
    if not member.many:
        return _one(member, value, where)
    if not isinstance(value, list | tuple):
        raise BadInput("binding_member_invalid", "an array is expected", where=where)
    return tuple(_one(member, item, where) for item in value)


def _one(member: Member, value: Any, where: str) -> Any:
    if member.item is not None and isinstance(value, Mapping):
        return member.item.from_params(value)
    if member.kind == "bool" and isinstance(value, bool):
        return value
    if member.kind.startswith("uint") and not isinstance(value, bool):
        if isinstance(value, int):
            return value
        if isinstance(value, str) and value.isascii() and value.isdecimal():  # stored so from 2^53 on
            return int(value)
    if member.kind.startswith(("bytes", "address")) and isinstance(value, str):
        return value
    raise BadInput("binding_member_invalid", f"{str(value)[:60]!r} is not a {member.kind or 'struct'}", where=where)
