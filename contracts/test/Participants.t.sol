// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {Auth, IActs} from "../src/interfaces/IActs.sol";
import {IParticipants} from "../src/interfaces/IParticipants.sol";
import {Kinds} from "../src/libraries/Kinds.sol";
import {Roles} from "../src/libraries/Roles.sol";
import {World} from "./World.sol";

contract ParticipantsTest is World {
    uint256 private constant NEW = 0x4e77;

    function _refused(IParticipants.AdmitParams memory p, bytes memory reason) private {
        Auth memory proof = joinProof(p, NEW);
        vm.expectRevert(reason);
        participants.admit(p, proof);
    }

    function test_admit__notTheOperator__refused() public {
        IParticipants.AdmitParams memory p = admission(NEW, Roles.SUPPLIER);
        Auth memory proof = joinProof(p, NEW);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, vm.addr(STRANGER)));
        by(STRANGER);
        participants.admit(p, proof);
    }

    function test_admit__paused__refused() public {
        pause(Kinds.ADMIT);
        _refused(admission(NEW, Roles.SUPPLIER), abi.encodeWithSelector(IParticipants.ActPaused.selector, Kinds.ADMIT));
    }

    function test_admit__noCommitment__refused() public {
        IParticipants.AdmitParams memory p = admission(NEW, Roles.SUPPLIER);
        p.commitment = 0;
        _refused(p, abi.encodeWithSelector(IParticipants.CommitmentZero.selector));
    }

    function test_admit__sameCommitmentAgain__refused() public {
        IParticipants.AdmitParams memory p = admission(NEW, Roles.SUPPLIER);
        p.commitment = admission(BUYER, 0).commitment;
        _refused(p, abi.encodeWithSelector(IParticipants.CommitmentTaken.selector, p.commitment));
    }

    function test_admit__noRole__refused() public {
        _refused(admission(NEW, 0), abi.encodeWithSelector(IParticipants.RolesInvalid.selector, 0));
    }

    function test_admit__undefinedRole__refused() public {
        _refused(admission(NEW, 512), abi.encodeWithSelector(IParticipants.RolesInvalid.selector, 512));
    }

    function test_admit__zeroKey__refused() public {
        IParticipants.AdmitParams memory p = admission(NEW, Roles.SUPPLIER);
        p.key = address(0);
        _refused(p, abi.encodeWithSelector(IParticipants.KeyZero.selector));
    }

    function test_admit__keyOfAnotherParty__refused() public {
        IParticipants.AdmitParams memory p = admission(NEW, Roles.SUPPLIER);
        p.key = vm.addr(BUYER);
        _refused(p, abi.encodeWithSelector(IParticipants.KeyTaken.selector, p.key));
    }

    function test_admit__proofByAnotherKey__refused() public {
        IParticipants.AdmitParams memory p = admission(NEW, Roles.SUPPLIER);
        p.key = vm.addr(STRANGER);
        _refused(p, abi.encodeWithSelector(IParticipants.KeyNotProved.selector, p.key, vm.addr(NEW)));
    }

    function test_admit__proofOfOtherRoles__refused() public {
        IParticipants.AdmitParams memory p = admission(NEW, Roles.SUPPLIER);
        Auth memory proof = joinProof(p, NEW);
        p.roles = Roles.BANK;
        vm.expectRevert(abi.encodeWithSelector(IActs.ActSignatureInvalid.selector, vm.addr(NEW)));
        participants.admit(p, proof);
    }

    function test_admit__good__storedAndTold() public {
        IParticipants.AdmitParams memory p = admission(NEW, Roles.SUPPLIER | Roles.DISTRIBUTOR);
        Auth memory proof = joinProof(p, NEW);
        uint32 next = participants.partyCount() + 1;
        vm.expectEmit(true, true, true, true, address(participants));
        emit IParticipants.Admitted(next, p.commitment, p.roles, p.key);
        eq(participants.admit(p, proof), next, "id");
        IParticipants.Party memory stored = participants.party(next);
        eq32(stored.commitment, p.commitment, "commitment");
        eq(stored.roles, p.roles, "roles");
        isTrue(stored.key == p.key && !stored.suspended, "key, suspended");
        eq(participants.partyOf(p.key), next, "partyOf");
        eq(participants.partyByCommitment(p.commitment), next, "partyByCommitment");
    }

    function test_party__unknown__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IParticipants.PartyUnknown.selector, 99));
        participants.party(99);
    }

    function test_suspend__notTheOperator__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, vm.addr(BUYER)));
        by(BUYER);
        participants.suspend(IParticipants.SuspendParams(partyOf[SELLER]));
    }

    function test_suspend__twice__refused() public {
        suspend(SELLER);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.AlreadySuspended.selector, partyOf[SELLER]));
        suspend(SELLER);
    }

    function test_resume__notSuspended__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IParticipants.NotSuspended.selector, partyOf[SELLER]));
        participants.resume(IParticipants.ResumeParams(partyOf[SELLER]));
    }

    function test_suspend__newBusiness__refusedUntilResumed() public {
        suspend(SELLER);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.PartySuspended.selector, partyOf[SELLER]));
        participants.enter(vm.addr(SELLER), Kinds.ORDER);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.PartySuspended.selector, partyOf[SELLER]));
        participants.enterBoth(vm.addr(BUYER), vm.addr(SELLER), Kinds.ORDER);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.PartySuspended.selector, partyOf[SELLER]));
        participants.requireRole(partyOf[SELLER], Roles.SUPPLIER);
        (uint32 party,) = participants.actor(vm.addr(SELLER));
        eq(party, partyOf[SELLER], "exits stay open");
        participants.resume(IParticipants.ResumeParams(partyOf[SELLER]));
        (party,) = participants.enter(vm.addr(SELLER), Kinds.ORDER);
        eq(party, partyOf[SELLER], "resumed");
    }

    function test_setRoles__undefined__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IParticipants.RolesInvalid.selector, 1 << 20));
        participants.setRoles(IParticipants.SetRolesParams(partyOf[SELLER], 1 << 20));
    }

    function test_setRoles__unknownParty__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IParticipants.PartyUnknown.selector, 77));
        participants.setRoles(IParticipants.SetRolesParams(77, Roles.BANK));
    }

    function test_setRoles__good__replaced() public {
        participants.setRoles(IParticipants.SetRolesParams(partyOf[SELLER], Roles.BANK));
        (, uint32 roles) = participants.actor(vm.addr(SELLER));
        eq(roles, Roles.BANK, "roles");
        vm.expectRevert(abi.encodeWithSelector(IActs.RoleMissing.selector, partyOf[SELLER], Roles.SUPPLIER));
        participants.requireRole(partyOf[SELLER], Roles.SUPPLIER);
    }

    function test_setRoles__underADelay__waitsForIt() public {
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = participants.setRoles.selector;
        manager.setTargetFunctionRole(address(participants), selectors, 7);
        manager.grantRole(7, vm.addr(STRANGER), 2 days);
        bytes memory call =
            abi.encodeCall(IParticipants.setRoles, (IParticipants.SetRolesParams(partyOf[SELLER], Roles.BANK)));
        by(STRANGER);
        (bool atOnce,) = address(participants).call(call);
        isTrue(!atOnce, "not at once");
        by(STRANGER);
        manager.schedule(address(participants), call, uint48(block.timestamp + 2 days));
        vm.warp(block.timestamp + 2 days);
        by(STRANGER);
        manager.execute(address(participants), call);
        (, uint32 roles) = participants.actor(vm.addr(SELLER));
        eq(roles, Roles.BANK, "after the delay");
    }

    function test_pause__kind__stopsThatKindOnly() public {
        pause(Kinds.ISSUE);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.ActPaused.selector, Kinds.ISSUE));
        participants.enter(vm.addr(SELLER), Kinds.ISSUE);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.ActPaused.selector, Kinds.ISSUE));
        participants.enterBoth(vm.addr(SELLER), vm.addr(BUYER), Kinds.ISSUE);
        (uint32 party,) = participants.enter(vm.addr(SELLER), Kinds.CONFIRM);
        eq(party, partyOf[SELLER], "others go on");
    }

    function test_enter__stranger__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IParticipants.NotAdmitted.selector, vm.addr(STRANGER)));
        participants.enter(vm.addr(STRANGER), Kinds.ORDER);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.NotAdmitted.selector, vm.addr(STRANGER)));
        participants.actor(vm.addr(STRANGER));
    }

    function test_rotateKey__stranger__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IParticipants.NotAdmitted.selector, vm.addr(STRANGER)));
        by(STRANGER);
        participants.rotateKey(IParticipants.RotateKeyParams(vm.addr(NEW)));
    }

    function test_rotateKey__takenKey__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IParticipants.KeyTaken.selector, vm.addr(BUYER)));
        by(SELLER);
        participants.rotateKey(IParticipants.RotateKeyParams(vm.addr(BUYER)));
    }

    function test_rotateKey__good__oldKeyNeverSpeaksAgain() public {
        suspend(SELLER);
        by(SELLER);
        participants.rotateKey(IParticipants.RotateKeyParams(vm.addr(NEW)));
        eq(participants.partyOf(vm.addr(NEW)), partyOf[SELLER], "new key");
        eq(participants.partyOf(vm.addr(SELLER)), 0, "old key");
        isTrue(participants.party(partyOf[SELLER]).suspended, "suspension moves along");
        vm.expectRevert(abi.encodeWithSelector(IParticipants.NotAdmitted.selector, vm.addr(SELLER)));
        participants.actor(vm.addr(SELLER));
        vm.expectRevert(abi.encodeWithSelector(IParticipants.KeyTaken.selector, vm.addr(SELLER)));
        by(NEW);
        participants.rotateKey(IParticipants.RotateKeyParams(vm.addr(SELLER)));
    }

    function _succession(uint256 pk) private returns (IParticipants.RecoverKeyParams memory p, Auth memory proof) {
        p = IParticipants.RecoverKeyParams(partyOf[SELLER], vm.addr(NEW));
        proof = sign(
            pk, participants, "Succeed(uint32 party,address newKey,uint256 nonce,uint256 deadline)", abi.encode(p)
        );
    }

    function test_recoverKey__notTheOperator__refused() public {
        (IParticipants.RecoverKeyParams memory p, Auth memory proof) = _succession(NEW);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, vm.addr(BUYER)));
        by(BUYER);
        participants.recoverKey(p, proof);
    }

    function test_recoverKey__unproved__refused() public {
        (IParticipants.RecoverKeyParams memory p, Auth memory proof) = _succession(STRANGER);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.KeyNotProved.selector, vm.addr(NEW), vm.addr(STRANGER)));
        participants.recoverKey(p, proof);
    }

    function test_recoverKey__good__newKeySpeaks() public {
        (IParticipants.RecoverKeyParams memory p, Auth memory proof) = _succession(NEW);
        participants.recoverKey(p, proof);
        eq(participants.partyOf(vm.addr(NEW)), partyOf[SELLER], "new key");
        eq(participants.partyOf(vm.addr(SELLER)), 0, "old key");
    }

    function test_operatorBySig__signerWithoutTheRight__refused() public {
        IParticipants.SuspendParams memory p = IParticipants.SuspendParams(partyOf[SELLER]);
        Auth memory auth =
            sign(BUYER, participants, "Suspend(uint32 party,uint256 nonce,uint256 deadline)", abi.encode(p));
        vm.expectRevert(abi.encodeWithSelector(IParticipants.NotOperator.selector, vm.addr(BUYER)));
        participants.suspendBySig(p, auth);
    }
}
