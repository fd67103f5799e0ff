"""Acts of parties on the contract Participants.

Written by contracts/bindings.py (`make contracts`): change the contracts, not this file.
"""

from __future__ import annotations

from dataclasses import dataclass

from chainfin.eth.bindings.base import Act, Address, Bytes32, Rider, Uint32, Uint256


@dataclass(frozen=True, slots=True)
class Admit(Act):
    """The operator admits a party. `proof` is the party key's own `Join(bytes32 commitment,uint32 roles,address
    key,uint256 nonce,uint256 deadline)`.

    `admit(AdmitParams p, Auth proof)`
    """

    CONTRACT = "Participants"
    FUNCTION = "admit"
    RELAYED = "admitBySig"
    PRIMARY_TYPE = "Admit"

    commitment: Bytes32
    """Salted commitment to the legal id (USCC or LEI); never the id itself."""
    roles: Uint32
    """Bits of `Roles`."""
    key: Address
    """The party's signing address (an account or an EIP-1271 contract)."""


@dataclass(frozen=True, slots=True)
class Pause(Act):
    """The operator pauses kinds of acts. Exits have no kind.

    `pause(PauseParams p)`
    """

    CONTRACT = "Participants"
    FUNCTION = "pause"
    RELAYED = "pauseBySig"
    PRIMARY_TYPE = "Pause"

    kinds: Uint256
    """The whole bitmap of paused kinds (bit numbers of `Kinds`); 0 resumes everything."""


@dataclass(frozen=True, slots=True)
class RecoverKey(Act):
    """The operator gives a party that lost its key a new one, which proves itself like a rotated one. Put it under a
    delay in the AccessManager: a party that still has its key stops it by rotating, as it names the key that was
    lost.

    `recoverKey(RecoverKeyParams p, Auth proof)`
    """

    CONTRACT = "Participants"
    FUNCTION = "recoverKey"
    RELAYED = "recoverKeyBySig"
    PRIMARY_TYPE = "RecoverKey"

    party: Uint32
    """Party that lost its key."""
    old_key: Address
    """The key that was lost."""
    new_key: Address
    """The address that speaks for it from now on."""


@dataclass(frozen=True, slots=True)
class Resume(Act):
    """The operator lets a suspended party do business again.

    `resume(ResumeParams p)`
    """

    CONTRACT = "Participants"
    FUNCTION = "resume"
    RELAYED = "resumeBySig"
    PRIMARY_TYPE = "Resume"

    party: Uint32
    """Party that may do new business again."""


@dataclass(frozen=True, slots=True)
class RevokeNonces(Act):
    """Withdraws the caller's own nonces before somebody uses what was signed with them.

    `revokeNonces(uint256 word, uint256 mask)`
    """

    CONTRACT = "Participants"
    FUNCTION = "revokeNonces"
    RELAYED = "revokeNoncesBySig"
    PRIMARY_TYPE = "RevokeNonces"

    word: Uint256
    """Which 256 nonces: nonce >> 8."""
    mask: Uint256
    """A bit for each nonce of that word: 1 << (nonce & 255)."""


@dataclass(frozen=True, slots=True)
class RotateKey(Act):
    """The party itself changes its key. The old one never speaks again, for anybody. `proof` is the new key's own
    `Succeed(uint32 party,address oldKey,address newKey,uint256 nonce,uint256 deadline)`.

    `rotateKey(RotateKeyParams p, Auth proof)`
    """

    CONTRACT = "Participants"
    FUNCTION = "rotateKey"
    RELAYED = "rotateKeyBySig"
    PRIMARY_TYPE = "RotateKey"

    new_key: Address
    """The address that speaks for the party from now on."""


@dataclass(frozen=True, slots=True)
class SetRoles(Act):
    """The operator replaces a party's roles.

    `setRoles(SetRolesParams p)`
    """

    CONTRACT = "Participants"
    FUNCTION = "setRoles"
    RELAYED = "setRolesBySig"
    PRIMARY_TYPE = "SetRoles"

    party: Uint32
    """Party whose roles change."""
    roles: Uint32
    """The new bits of `Roles`, replacing the old ones."""


@dataclass(frozen=True, slots=True)
class Suspend(Act):
    """The operator stops a party's new business.

    `suspend(SuspendParams p)`
    """

    CONTRACT = "Participants"
    FUNCTION = "suspend"
    RELAYED = "suspendBySig"
    PRIMARY_TYPE = "Suspend"

    party: Uint32
    """Party to suspend from new business."""


@dataclass(frozen=True, slots=True)
class Join(Rider):
    """What a second party signs: its signature is ``proof`` in `admit`."""

    CONTRACT = "Participants"
    PRIMARY_TYPE = "Join"

    commitment: Bytes32
    """Salted commitment to the legal id (USCC or LEI); never the id itself."""
    roles: Uint32
    """Bits of `Roles`."""
    key: Address
    """The party's signing address (an account or an EIP-1271 contract)."""


@dataclass(frozen=True, slots=True)
class Succeed(Rider):
    """What a second party signs: its signature is ``proof`` in `recoverKey` and `rotateKey`."""

    CONTRACT = "Participants"
    PRIMARY_TYPE = "Succeed"

    party: Uint32
    """Party that lost its key."""
    old_key: Address
    """The key that was lost."""
    new_key: Address
    """The address that speaks for the party from now on."""


ACTS = (
    Admit,
    Pause,
    RecoverKey,
    Resume,
    RevokeNonces,
    RotateKey,
    SetRoles,
    Suspend,
)
RIDERS = (
    Join,
    Succeed,
)
BATCHES = ()
