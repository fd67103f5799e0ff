// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {Auth} from "../../src/interfaces/IActs.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {World} from "../World.sol";

/// @notice The operator gives a party that lost its key a new one, which proves itself.
contract ParticipantsRecoverKeyTest is World {
    uint256 private constant NEW = 0x4e77;
    uint256 private constant OWN = 0x0f7;

    function _succession(uint256 pk) private returns (IParticipants.RecoverKeyParams memory p, Auth memory proof) {
        p = IParticipants.RecoverKeyParams(partyOf[SELLER], vm.addr(SELLER), vm.addr(NEW));
        proof = succession(pk, p.party, p.oldKey, NEW);
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

    /// @dev The operator can't speak for a party that is there: it rotates, and what was scheduled is void.
    function test_recoverKey__scheduledAndRotatedMeanwhile__refused() public {
        uint64 role = 7;
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = IParticipants.recoverKey.selector;
        manager.setTargetFunctionRole(address(participants), selectors, role);
        manager.grantRole(role, address(this), 2 days);
        IParticipants.RecoverKeyParams memory p =
            IParticipants.RecoverKeyParams(partyOf[SELLER], vm.addr(SELLER), vm.addr(NEW));
        bytes memory members = abi.encode(p);
        Auth memory proof = signWith(NEW, participants, SUCCEED_TYPE, members, fresh(), block.timestamp + 3 days);
        bytes memory act = abi.encodeCall(IParticipants.recoverKey, (p, proof));
        manager.schedule(address(participants), act, 0);
        rotate(SELLER, OWN);
        vm.warp(block.timestamp + 2 days);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.KeyNotLost.selector, p.party, vm.addr(OWN)));
        manager.execute(address(participants), act);
        eq(participants.partyOf(vm.addr(OWN)), p.party, "still its own");
    }

    function test_recoverKey__good__newKeySpeaks() public {
        (IParticipants.RecoverKeyParams memory p, Auth memory proof) = _succession(NEW);
        vm.expectEmit(true, true, true, true, address(participants));
        emit IParticipants.KeyRecovered(partyOf[SELLER], vm.addr(SELLER), vm.addr(NEW));
        participants.recoverKey(p, proof);
        isTrue(participants.party(partyOf[SELLER]).key == vm.addr(NEW), "key");
        eq(participants.partyOf(vm.addr(NEW)), partyOf[SELLER], "new key");
        eq(participants.partyOf(vm.addr(SELLER)), 0, "old key");
    }
}
