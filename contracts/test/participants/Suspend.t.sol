// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {Kinds} from "../../src/libraries/Kinds.sol";
import {Roles} from "../../src/libraries/Roles.sol";
import {World} from "../World.sol";

/// @notice Suspension: stops new business until resumed.
contract ParticipantsSuspendTest is World {
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
}
