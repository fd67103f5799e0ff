// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth, IActs} from "../../src/interfaces/IActs.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {World} from "../World.sol";

/// @notice A party changes its own key, with the new key's word: the old one never speaks again.
contract ParticipantsRotateKeyTest is World {
    uint256 private constant NEW = 0x4e77;

    function test_rotateKey__stranger__refused() public {
        Auth memory proof = succession(NEW, 0, vm.addr(STRANGER), NEW);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.NotAdmitted.selector, vm.addr(STRANGER)));
        by(STRANGER);
        participants.rotateKey(IParticipants.RotateKeyParams(vm.addr(NEW)), proof);
    }

    function test_rotateKey__takenKey__refused() public {
        Auth memory proof = succession(BUYER, partyOf[SELLER], vm.addr(SELLER), BUYER);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.KeyTaken.selector, vm.addr(BUYER)));
        by(SELLER);
        participants.rotateKey(IParticipants.RotateKeyParams(vm.addr(BUYER)), proof);
    }

    /// @dev Else a party could take a newcomer's key for its own: the newcomer would stay out, its acts be the party's.
    function test_rotateKey__keyOfAnother__refused() public {
        Auth memory proof = succession(SELLER, partyOf[SELLER], vm.addr(SELLER), NEW);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.KeyNotProved.selector, vm.addr(NEW), vm.addr(SELLER)));
        by(SELLER);
        participants.rotateKey(IParticipants.RotateKeyParams(vm.addr(NEW)), proof);
    }

    function test_rotateKey__proofForAnotherParty__refused() public {
        Auth memory proof = succession(NEW, partyOf[BUYER], vm.addr(BUYER), NEW);
        vm.expectRevert(abi.encodeWithSelector(IActs.ActSignatureInvalid.selector, vm.addr(NEW)));
        by(SELLER);
        participants.rotateKey(IParticipants.RotateKeyParams(vm.addr(NEW)), proof);
    }

    function test_rotateKey__good__oldKeyNeverSpeaksAgain() public {
        suspend(SELLER);
        rotate(SELLER, NEW);
        eq(participants.partyOf(vm.addr(NEW)), partyOf[SELLER], "new key");
        eq(participants.partyOf(vm.addr(SELLER)), 0, "old key");
        isTrue(participants.party(partyOf[SELLER]).suspended, "suspension moves along");
        vm.expectRevert(abi.encodeWithSelector(IParticipants.NotAdmitted.selector, vm.addr(SELLER)));
        participants.actor(vm.addr(SELLER));
        Auth memory back = succession(SELLER, partyOf[SELLER], vm.addr(NEW), SELLER);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.KeyTaken.selector, vm.addr(SELLER)));
        by(NEW);
        participants.rotateKey(IParticipants.RotateKeyParams(vm.addr(SELLER)), back);
    }

    function test_rotateKey__suspendedAndPaused__stillOpen() public {
        suspend(SELLER);
        participants.pause(IParticipants.PauseParams(type(uint256).max));
        Auth memory proof = succession(NEW, partyOf[SELLER], vm.addr(SELLER), NEW);
        vm.expectEmit(true, true, true, true, address(participants));
        emit IParticipants.KeyRotated(partyOf[SELLER], vm.addr(SELLER), vm.addr(NEW));
        by(SELLER);
        participants.rotateKey(IParticipants.RotateKeyParams(vm.addr(NEW)), proof);
        isTrue(participants.party(partyOf[SELLER]).key == vm.addr(NEW), "key");
    }
}
