// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActs} from "../../src/interfaces/IActs.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {Roles} from "../../src/libraries/Roles.sol";
import {World} from "../World.sol";

/// @notice Roles: replaced by the operator, under a delay if the AccessManager says so.
contract ParticipantsSetRolesTest is World {
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
}
