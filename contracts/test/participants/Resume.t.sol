// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {World} from "../World.sol";

/// @notice The end of a suspension.
contract ParticipantsResumeTest is World {
    function test_resume__notSuspended__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IParticipants.NotSuspended.selector, partyOf[SELLER]));
        participants.resume(IParticipants.ResumeParams(partyOf[SELLER]));
    }
}
