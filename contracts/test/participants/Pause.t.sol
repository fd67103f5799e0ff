// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {Kinds} from "../../src/libraries/Kinds.sol";
import {World} from "../World.sol";

/// @notice A pause: stops one kind of act.
contract ParticipantsPauseTest is World {
    function test_pause__kind__stopsThatKindOnly() public {
        pause(Kinds.ISSUE);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.ActPaused.selector, Kinds.ISSUE));
        participants.enter(vm.addr(SELLER), Kinds.ISSUE);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.ActPaused.selector, Kinds.ISSUE));
        participants.enterBoth(vm.addr(SELLER), vm.addr(BUYER), Kinds.ISSUE);
        (uint32 party,) = participants.enter(vm.addr(SELLER), Kinds.CONFIRM);
        eq(party, partyOf[SELLER], "others go on");
    }
}
