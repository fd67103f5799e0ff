// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth} from "./IActs.sol";

/// @title Who takes part: numbers, roles and keys, without names.
/// @notice Acts of the operator are restricted by the authority, an AccessManager (`Governance`).
interface IParticipants {
    /// @param commitment Salted commitment to the legal id (USCC or LEI); never the id itself.
    /// @param roles Bits of `Roles`.
    /// @param key The party's signing address (an account or an EIP-1271 contract).
    struct AdmitParams {
        bytes32 commitment;
        uint32 roles;
        address key;
    }

    /// @param party Party to suspend from new business.
    struct SuspendParams {
        uint32 party;
    }

    /// @param party Party that may do new business again.
    struct ResumeParams {
        uint32 party;
    }

    /// @param party Party whose roles change.
    /// @param roles The new bits of `Roles`, replacing the old ones.
    struct SetRolesParams {
        uint32 party;
        uint32 roles;
    }

    /// @param newKey The address that speaks for the party from now on.
    struct RotateKeyParams {
        address newKey;
    }

    /// @param party Party that lost its key.
    /// @param oldKey The key that was lost.
    /// @param newKey The address that speaks for it from now on.
    struct RecoverKeyParams {
        uint32 party;
        address oldKey;
        address newKey;
    }

    /// @param kinds The whole bitmap of paused kinds (bit numbers of `Kinds`); 0 resumes everything.
    struct PauseParams {
        uint256 kinds;
    }

    /// @notice A party as stored.
    /// @param commitment Salted commitment to the legal id.
    /// @param key The address that speaks for it.
    /// @param roles Bits of `Roles`.
    /// @param suspended Whether new business is stopped.
    struct Party {
        bytes32 commitment;
        address key;
        uint32 roles;
        bool suspended;
    }

    event Admitted(uint32 indexed party, bytes32 indexed commitment, uint32 roles, address indexed key);
    event Suspended(uint32 indexed party);
    event Resumed(uint32 indexed party);
    event RolesSet(uint32 indexed party, uint32 roles);
    event KeyRotated(uint32 indexed party, address indexed oldKey, address indexed newKey);
    event KeyRecovered(uint32 indexed party, address indexed oldKey, address indexed newKey);
    event Paused(uint256 kinds);

    /// @notice No party speaks through this address.
    error NotAdmitted(address key);
    /// @notice There is no party of this number.
    error PartyUnknown(uint32 party);
    /// @notice The party may do no new business (its exits stay open).
    error PartySuspended(uint32 party);
    /// @notice A party that is an auditor and nothing else does no business.
    error ReadsOnly(uint32 party);
    /// @notice Acts of this kind (bit number of `Kinds`) are paused.
    error ActPaused(uint8 kind);
    /// @notice This address speaks, or spoke, for a party.
    error KeyTaken(address key);
    /// @notice The key is the zero address.
    error KeyZero();
    /// @notice The proof was signed by another key than the one it should prove.
    error KeyNotProved(address key, address signer);
    /// @notice A party with this commitment is admitted already.
    error CommitmentTaken(bytes32 commitment);
    /// @notice The commitment is zero.
    error CommitmentZero();
    /// @notice The key to be replaced isn't the party's any more: it speaks through `key`.
    error KeyNotLost(uint32 party, address key);
    /// @notice No role, or a bit that means nothing.
    error RolesInvalid(uint32 roles);
    /// @notice The party is suspended already.
    error AlreadySuspended(uint32 party);
    /// @notice The party isn't suspended.
    error NotSuspended(uint32 party);
    /// @notice The signer isn't the operator (under the AccessManager, at once).
    error NotOperator(address signer);

    /// @notice The operator admits a party. `proof` is the party key's own `Join(bytes32 commitment,uint32 roles,address key,uint256 nonce,uint256 deadline)`.
    function admit(AdmitParams calldata p, Auth calldata proof) external returns (uint32 party);
    function admitBySig(AdmitParams calldata p, Auth calldata proof, Auth calldata auth) external returns (uint32 party);
    /// @notice The operator stops a party's new business.
    function suspend(SuspendParams calldata p) external;
    function suspendBySig(SuspendParams calldata p, Auth calldata auth) external;
    /// @notice The operator lets a suspended party do business again.
    function resume(ResumeParams calldata p) external;
    function resumeBySig(ResumeParams calldata p, Auth calldata auth) external;
    /// @notice The operator replaces a party's roles.
    function setRoles(SetRolesParams calldata p) external;
    function setRolesBySig(SetRolesParams calldata p, Auth calldata auth) external;
    /// @notice The operator pauses kinds of acts. Exits have no kind.
    function pause(PauseParams calldata p) external;
    function pauseBySig(PauseParams calldata p, Auth calldata auth) external;
    /// @notice The party itself changes its key. The old one never speaks again, for anybody. `proof` is the new key's own
    /// `Succeed(uint32 party,address oldKey,address newKey,uint256 nonce,uint256 deadline)`.
    function rotateKey(RotateKeyParams calldata p, Auth calldata proof) external;
    function rotateKeyBySig(RotateKeyParams calldata p, Auth calldata proof, Auth calldata auth) external;
    /// @notice The operator gives a party that lost its key a new one, which proves itself like a rotated one. Put it under a
    /// delay in the AccessManager: a party that still has its key stops it by rotating, as it names the key that was lost.
    function recoverKey(RecoverKeyParams calldata p, Auth calldata proof) external;
    function recoverKeyBySig(RecoverKeyParams calldata p, Auth calldata proof, Auth calldata auth) external;

    /// @notice For new business: who speaks through `key`, refused if unknown, suspended, only an auditor, or `kind` is paused.
    function enter(address key, uint8 kind) external view returns (uint32 party, uint32 roles);
    /// @notice For new business of two parties: like `enter` for each of the keys.
    function enterBoth(address key, address other, uint8 kind)
        external
        view
        returns (uint32 party, uint32 roles, uint32 otherParty, uint32 otherRoles);
    /// @notice For exits: who speaks through `key`, refused only if unknown.
    function actor(address key) external view returns (uint32 party, uint32 roles);
    /// @notice Refused unless the party exists, isn't suspended and has the role.
    function requireRole(uint32 party, uint32 role) external view;

    function party(uint32 id) external view returns (Party memory);
    /// @notice The party that speaks through this address; 0 if none.
    function partyOf(address key) external view returns (uint32);
    function partyByCommitment(bytes32 commitment) external view returns (uint32);
    function partyCount() external view returns (uint32);
    function paused() external view returns (uint256 kinds);
}
