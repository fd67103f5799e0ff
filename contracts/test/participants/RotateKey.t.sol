// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {World} from "../World.sol";

/// @notice A party changes its own key: the old one never speaks again.
contract ParticipantsRotateKeyTest is World {
    uint256 private constant NEW = 0x4e77;

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
}
