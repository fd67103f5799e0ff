// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {AuthorityUtils} from "@openzeppelin/contracts/access/manager/AuthorityUtils.sol";

import {Acts} from "./Acts.sol";
import {Auth} from "./interfaces/IActs.sol";
import {IParticipants} from "./interfaces/IParticipants.sol";
import {Kinds} from "./libraries/Kinds.sol";
import {Roles} from "./libraries/Roles.sol";

/// @title Who takes part. See IParticipants for meaning and units.
contract Participants is Acts, AccessManaged, IParticipants {
    bytes32 private constant ADMIT =
        keccak256("Admit(bytes32 commitment,uint32 roles,address key,uint256 nonce,uint256 deadline)");
    bytes32 private constant JOIN =
        keccak256("Join(bytes32 commitment,uint32 roles,address key,uint256 nonce,uint256 deadline)");
    bytes32 private constant SUSPEND = keccak256("Suspend(uint32 party,uint256 nonce,uint256 deadline)");
    bytes32 private constant RESUME = keccak256("Resume(uint32 party,uint256 nonce,uint256 deadline)");
    bytes32 private constant SET_ROLES =
        keccak256("SetRoles(uint32 party,uint32 roles,uint256 nonce,uint256 deadline)");
    bytes32 private constant PAUSE = keccak256("Pause(uint256 kinds,uint256 nonce,uint256 deadline)");
    bytes32 private constant ROTATE_KEY = keccak256("RotateKey(address newKey,uint256 nonce,uint256 deadline)");
    bytes32 private constant RECOVER_KEY =
        keccak256("RecoverKey(uint32 party,address oldKey,address newKey,uint256 nonce,uint256 deadline)");
    bytes32 private constant SUCCEED =
        keccak256("Succeed(uint32 party,address oldKey,address newKey,uint256 nonce,uint256 deadline)");

    /// @dev One word, so that a contract learns all it needs of an actor by one read: party 32 bits, roles 32, suspended 1,
    /// live 1. A key that was rotated away keeps its entry without `live`: it never speaks again, for anybody.
    uint256 private constant SUSPENDED = 1 << 64;
    uint256 private constant LIVE = 1 << 65;

    mapping(address key => uint256 word) private _actors;
    mapping(uint32 party => address key) private _keys;
    mapping(uint32 party => bytes32 commitment) private _commitments;
    /// @inheritdoc IParticipants
    mapping(bytes32 commitment => uint32 party) public partyByCommitment;
    /// @inheritdoc IParticipants
    uint32 public partyCount;
    /// @inheritdoc IParticipants
    uint256 public paused;

    constructor(address authority) Acts("chainfin Participants") AccessManaged(authority) {}

    /// @inheritdoc IParticipants
    function admit(AdmitParams calldata p, Auth calldata proof) external restricted returns (uint32) {
        return _admit(p, proof);
    }

    /// @inheritdoc IParticipants
    function admitBySig(AdmitParams calldata p, Auth calldata proof, Auth calldata auth) external returns (uint32) {
        _operator(auth, keccak256(abi.encode(ADMIT, p, auth.nonce, auth.deadline)), this.admit.selector);
        return _admit(p, proof);
    }

    /// @inheritdoc IParticipants
    function suspend(SuspendParams calldata p) external restricted {
        _suspend(p);
    }

    /// @inheritdoc IParticipants
    function suspendBySig(SuspendParams calldata p, Auth calldata auth) external {
        _operator(auth, keccak256(abi.encode(SUSPEND, p, auth.nonce, auth.deadline)), this.suspend.selector);
        _suspend(p);
    }

    /// @inheritdoc IParticipants
    function resume(ResumeParams calldata p) external restricted {
        _resume(p);
    }

    /// @inheritdoc IParticipants
    function resumeBySig(ResumeParams calldata p, Auth calldata auth) external {
        _operator(auth, keccak256(abi.encode(RESUME, p, auth.nonce, auth.deadline)), this.resume.selector);
        _resume(p);
    }

    /// @inheritdoc IParticipants
    function setRoles(SetRolesParams calldata p) external restricted {
        _setRoles(p);
    }

    /// @inheritdoc IParticipants
    function setRolesBySig(SetRolesParams calldata p, Auth calldata auth) external {
        _operator(auth, keccak256(abi.encode(SET_ROLES, p, auth.nonce, auth.deadline)), this.setRoles.selector);
        _setRoles(p);
    }

    /// @inheritdoc IParticipants
    function pause(PauseParams calldata p) external restricted {
        _pause(p);
    }

    /// @inheritdoc IParticipants
    function pauseBySig(PauseParams calldata p, Auth calldata auth) external {
        _operator(auth, keccak256(abi.encode(PAUSE, p, auth.nonce, auth.deadline)), this.pause.selector);
        _pause(p);
    }

    /// @inheritdoc IParticipants
    function rotateKey(RotateKeyParams calldata p, Auth calldata proof) external {
        _rotateKey(p, proof, msg.sender);
    }

    /// @inheritdoc IParticipants
    function rotateKeyBySig(RotateKeyParams calldata p, Auth calldata proof, Auth calldata auth) external {
        _rotateKey(p, proof, _authorize(auth, keccak256(abi.encode(ROTATE_KEY, p, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IParticipants
    function recoverKey(RecoverKeyParams calldata p, Auth calldata proof) external restricted {
        _recoverKey(p, proof);
    }

    /// @inheritdoc IParticipants
    function recoverKeyBySig(RecoverKeyParams calldata p, Auth calldata proof, Auth calldata auth) external {
        _operator(auth, keccak256(abi.encode(RECOVER_KEY, p, auth.nonce, auth.deadline)), this.recoverKey.selector);
        _recoverKey(p, proof);
    }

    /// @inheritdoc IParticipants
    function enter(address key, uint8 kind) external view returns (uint32, uint32) {
        _requireOpen(kind);
        uint256 a = _unsuspended(key);
        return (uint32(a), uint32(a >> 32));
    }

    /// @inheritdoc IParticipants
    function enterBoth(address key, address other, uint8 kind) external view returns (uint32, uint32, uint32, uint32) {
        _requireOpen(kind);
        uint256 a = _unsuspended(key);
        uint256 b = _unsuspended(other);
        return (uint32(a), uint32(a >> 32), uint32(b), uint32(b >> 32));
    }

    /// @inheritdoc IParticipants
    function actor(address key) external view returns (uint32, uint32) {
        uint256 a = _live(key);
        return (uint32(a), uint32(a >> 32));
    }

    /// @inheritdoc IParticipants
    function requireRole(uint32 id, uint32 role) external view {
        uint256 a = _actors[_keyOf(id)];
        if (a & SUSPENDED != 0) revert PartySuspended(id);
        _requireRole(id, uint32(a >> 32), role);
    }

    /// @inheritdoc IParticipants
    function party(uint32 id) external view returns (Party memory) {
        address key = _keyOf(id);
        uint256 a = _actors[key];
        return Party(_commitments[id], key, uint32(a >> 32), a & SUSPENDED != 0);
    }

    /// @inheritdoc IParticipants
    function partyOf(address key) external view returns (uint32) {
        uint256 a = _actors[key];
        return a & LIVE != 0 ? uint32(a) : 0;
    }

    function _admit(AdmitParams calldata p, Auth calldata proof) private returns (uint32 id) {
        _requireOpen(Kinds.ADMIT);
        if (p.commitment == 0) revert CommitmentZero();
        if (partyByCommitment[p.commitment] != 0) revert CommitmentTaken(p.commitment);
        _requireRoles(p.roles);
        _requireProof(p.key, proof, keccak256(abi.encode(JOIN, p, proof.nonce, proof.deadline)));
        id = ++partyCount;
        _actors[p.key] = LIVE | (uint256(p.roles) << 32) | id;
        _keys[id] = p.key;
        _commitments[id] = p.commitment;
        partyByCommitment[p.commitment] = id;
        emit Admitted(id, p.commitment, p.roles, p.key);
    }

    function _suspend(SuspendParams calldata p) private {
        address key = _keyOf(p.party);
        uint256 a = _actors[key];
        if (a & SUSPENDED != 0) revert AlreadySuspended(p.party);
        _actors[key] = a | SUSPENDED;
        emit Suspended(p.party);
    }

    function _resume(ResumeParams calldata p) private {
        address key = _keyOf(p.party);
        uint256 a = _actors[key];
        if (a & SUSPENDED == 0) revert NotSuspended(p.party);
        _actors[key] = a & ~SUSPENDED;
        emit Resumed(p.party);
    }

    function _setRoles(SetRolesParams calldata p) private {
        _requireRoles(p.roles);
        address key = _keyOf(p.party);
        uint256 others = _actors[key] & ~(uint256(type(uint32).max) << 32);
        _actors[key] = others | (uint256(p.roles) << 32);
        emit RolesSet(p.party, p.roles);
    }

    function _pause(PauseParams calldata p) private {
        paused = p.kinds;
        emit Paused(p.kinds);
    }

    function _rotateKey(RotateKeyParams calldata p, Auth calldata proof, address who) private {
        uint32 id = uint32(_live(who));
        _succeed(id, who, p.newKey, proof);
        emit KeyRotated(id, who, p.newKey);
    }

    function _recoverKey(RecoverKeyParams calldata p, Auth calldata proof) private {
        address key = _keyOf(p.party);
        if (key != p.oldKey) revert KeyNotLost(p.party, key);
        _succeed(p.party, p.oldKey, p.newKey, proof);
        emit KeyRecovered(p.party, p.oldKey, p.newKey);
    }

    /// @dev The new key signs too: nobody becomes the voice of a party that it doesn't know, and what a newcomer has signed
    /// isn't carried out for somebody that took the newcomer's key for its own.
    function _succeed(uint32 id, address oldKey, address newKey, Auth calldata proof) private {
        _requireProof(newKey, proof, keccak256(abi.encode(SUCCEED, id, oldKey, newKey, proof.nonce, proof.deadline)));
        _actors[newKey] = _actors[oldKey];
        _actors[oldKey] &= ~LIVE;
        _keys[id] = newKey;
    }

    /// @dev A relayed act of the operator: its signature, and its right under the AccessManager to act at once.
    function _operator(Auth calldata auth, bytes32 structHash, bytes4 selector) private {
        address who = _authorize(auth, structHash);
        (bool immediate,) = AuthorityUtils.canCallWithDelay(authority(), who, address(this), selector);
        if (!immediate) revert NotOperator(who);
    }

    /// @dev `key` is free and signed the statement itself.
    function _requireProof(address key, Auth calldata proof, bytes32 structHash) private {
        _requireFree(key);
        if (proof.signer != key) revert KeyNotProved(key, proof.signer);
        _authorize(proof, structHash);
    }

    function _requireFree(address key) private view {
        if (key == address(0)) revert KeyZero();
        if (_actors[key] != 0) revert KeyTaken(key);
    }

    function _requireOpen(uint8 kind) private view {
        if (paused & (1 << kind) != 0) revert ActPaused(kind);
    }

    function _requireRoles(uint32 roles) private pure {
        if (roles == 0 || roles & ~Roles.ALL != 0) revert RolesInvalid(roles);
    }

    function _live(address key) private view returns (uint256 a) {
        a = _actors[key];
        if (a & LIVE == 0) revert NotAdmitted(key);
    }

    function _unsuspended(address key) private view returns (uint256 a) {
        a = _live(key);
        if (a & SUSPENDED != 0) revert PartySuspended(uint32(a));
        if (uint32(a >> 32) == Roles.AUDITOR) revert ReadsOnly(uint32(a));
    }

    function _keyOf(uint32 id) private view returns (address key) {
        key = _keys[id];
        if (key == address(0)) revert PartyUnknown(id);
    }
}
