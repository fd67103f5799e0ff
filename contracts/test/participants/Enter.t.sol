// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {Kinds} from "../../src/libraries/Kinds.sol";
import {Roles} from "../../src/libraries/Roles.sol";
import {World} from "../World.sol";

/// @notice Who may do new business.
contract ParticipantsEnterTest is World {
    function test_enter__stranger__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IParticipants.NotAdmitted.selector, vm.addr(STRANGER)));
        participants.enter(vm.addr(STRANGER), Kinds.ORDER);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.NotAdmitted.selector, vm.addr(STRANGER)));
        participants.actor(vm.addr(STRANGER));
    }

    /// @dev Alone, the role takes new business away; beside another it says nothing. Exits stay open.
    function test_enter__onlyAnAuditor__refused() public {
        participants.setRoles(IParticipants.SetRolesParams(partyOf[SELLER], Roles.AUDITOR));
        vm.expectRevert(abi.encodeWithSelector(IParticipants.ReadsOnly.selector, partyOf[SELLER]));
        participants.enter(vm.addr(SELLER), Kinds.ORDER);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.ReadsOnly.selector, partyOf[SELLER]));
        participants.enterBoth(vm.addr(LENDER), vm.addr(SELLER), Kinds.PLEDGE);
        (uint32 party,) = participants.actor(vm.addr(SELLER));
        eq(party, partyOf[SELLER], "exits");
        participants.setRoles(IParticipants.SetRolesParams(partyOf[SELLER], Roles.AUDITOR | Roles.SUPPLIER));
        (party,) = participants.enter(vm.addr(SELLER), Kinds.ORDER);
        eq(party, partyOf[SELLER], "also a supplier");
    }
}
