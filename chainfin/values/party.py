"""Who takes part: roles, legal identifiers and the commitment that stands for them on the chain."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, IntFlag, StrEnum
from typing import NewType

from stdnum import lei as _lei
from stdnum.cn import uscc as _uscc
from stdnum.exceptions import ValidationError

from chainfin.errors import BadInput
from chainfin.hashing import keccak

PartyId = NewType("PartyId", int)
"""The uint32 that the Participants contract gave to a party. 0 is nobody."""

SALT_BYTES = 32


OPERATOR_SUBJECT = "operator"
"""What tokens and proposals call the operator, who is no party."""


def first_person(party_id: str | None) -> str:
    """The id of the person that every party has from the beginning (None: the operator): whoever holds its key."""
    return f"per_{party_id or OPERATOR_SUBJECT}"


class PartyState(StrEnum):
    PENDING = "pending"
    """Admitted here, and not on chain yet."""
    ACTIVE = "active"
    SUSPENDED = "suspended"
    """It begins nothing new, and ends what is running."""


class PersonState(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"


class Role(IntFlag):
    """What a party may do on the chain. The bits are those of the Participants contract."""

    CORE = 1
    SUPPLIER = 2
    DISTRIBUTOR = 4
    LENDER = 8
    KEEPER = 16
    AUDITOR = 32
    BANK = 64
    REGISTRAR = 128
    LINED = 256
    """A mark rather than a role: what this debtor confirms draws on the lines that lenders set for it."""


ALL_ROLES = Role(511)


class Kind(IntEnum):
    """Kinds of acts that the operator can pause: bit numbers of the Participants contract (`Kinds.sol`).

    What ends an obligation has no kind and can't be paused (ADR 0106).
    """

    ADMIT = 0
    """Admission of new parties."""
    ORDER = 1
    """Orders posted, acknowledged, amended, despatched, received."""
    ISSUE = 2
    """Issue of receivables."""
    CONFIRM = 3
    """Confirmation of receivables."""
    TRANSFER = 4
    """Transfer and split of receivables, transfer of warehouse receipts."""
    RECEIPT = 5
    """Issue of warehouse receipts."""
    PLEDGE = 6
    """Pledges (so applications on an asset), undertakings over them, credit lines."""


def kinds_in(bits: int) -> frozenset[Kind]:
    """The kinds whose bits are set. Bits that stand for no kind known here are ignored."""
    return frozenset(kind for kind in Kind if bits >> kind & 1)


def kind_bits(kinds: Iterable[Kind]) -> int:
    """The bitmap of ``kinds``."""
    return sum(1 << kind for kind in set(kinds))


def roles_from_names(names: list[str]) -> Role:
    """`["core", "supplier"]` → roles. Raises BadInput: role_unknown, roles_empty."""
    roles = Role(0)
    for name in names:
        try:
            roles |= Role[name.upper()]
        except KeyError:
            raise BadInput("role_unknown", f"there is no role {name!r}", where="roles") from None
    if not roles:
        raise BadInput("roles_empty", "a party has at least one role", where="roles")
    return roles


def role_names(roles: Role) -> list[str]:
    """The lower-case names of the set bits, lowest bit first."""
    return [role.name.lower() for role in Role if role in roles and role.name]


class Scheme(StrEnum):
    """The kinds of legal-entity identifier that are accepted."""

    USCC = "USCC"
    """统一社会信用代码, GB 32100-2015: 18 characters, the last one a check digit."""
    LEI = "LEI"
    """ISO 17442: 20 characters, the last two check digits (ISO 7064 MOD 97-10)."""


_STRICT = {Scheme.USCC: re.compile(r"[0-9A-Z]{18}"), Scheme.LEI: re.compile(r"[0-9A-Z]{20}")}


@dataclass(frozen=True, slots=True)
class LegalId:
    """A validated legal identifier in its strict upper-case form. Build it with `legal_id`, `uscc` or `lei`."""

    scheme: Scheme
    value: str

    def __post_init__(self) -> None:
        check = _uscc.validate if self.scheme is Scheme.USCC else _lei.validate
        try:
            # stdnum forgives blanks, dashes and lower case; one company must have one spelling here
            valid = bool(_STRICT[self.scheme].fullmatch(self.value)) and check(self.value) == self.value
        except ValidationError:
            valid = False
        if not valid:
            code = "uscc_invalid" if self.scheme is Scheme.USCC else "lei_invalid"
            raise BadInput(code, f"{self.value[:40]!r} is not a valid {self.scheme} (form or check digit)")

    def __str__(self) -> str:
        return f"{self.scheme}:{self.value}"


def uscc(value: str) -> LegalId:
    """Raises BadInput: uscc_invalid."""
    return LegalId(Scheme.USCC, value)


def lei(value: str) -> LegalId:
    """Raises BadInput: lei_invalid."""
    return LegalId(Scheme.LEI, value)


def legal_id(scheme: str, value: str) -> LegalId:
    """From two strings of a request. Raises BadInput: legal_id_scheme_unknown, uscc_invalid, lei_invalid."""
    try:
        known = Scheme(scheme)
    except ValueError:
        raise BadInput("legal_id_scheme_unknown", f"{scheme[:20]!r} is neither USCC nor LEI", where="scheme") from None
    return LegalId(known, value)


def legal_commitment(identity: LegalId, salt: bytes) -> bytes:
    """The bytes32 that stands for a company on the chain: keccak256 of a tag, the scheme, the value and the salt.

    Raises BadInput: salt_too_short (under 16 bytes the registry of companies could be tried through).
    """
    if len(salt) < 16:
        raise BadInput("salt_too_short", "a salt has at least 16 bytes")
    parts = (b"chainfin legal id v1", identity.scheme.encode(), identity.value.encode(), salt)
    return keccak(b"".join(len(part).to_bytes(2, "big") + part for part in parts))
