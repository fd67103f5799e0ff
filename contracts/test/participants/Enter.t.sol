// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {Kinds} from "../../src/libraries/Kinds.sol";
import {World} from "../World.sol";

/// @notice Who may do new business.
contract ParticipantsEnterTest is World {
    function test_enter__stranger__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IParticipants.NotAdmitted.selector, vm.addr(STRANGER)));
        participants.enter(vm.addr(STRANGER), Kinds.ORDER);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.NotAdmitted.selector, vm.addr(STRANGER)));
        participants.actor(vm.addr(STRANGER));
    }
}
