// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {World} from "../World.sol";

/// @notice Reading a party.
contract ParticipantsPartyTest is World {
    function test_party__unknown__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IParticipants.PartyUnknown.selector, 99));
        participants.party(99);
    }
}
