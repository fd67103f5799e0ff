// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth} from "../../src/interfaces/IActs.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {World} from "../World.sol";

/// @notice Relayed acts of the operator: signed by one who has the right.
contract ParticipantsOperatorBySigTest is World {
    function test_operatorBySig__signerWithoutTheRight__refused() public {
        IParticipants.SuspendParams memory p = IParticipants.SuspendParams(partyOf[SELLER]);
        Auth memory auth =
            sign(BUYER, participants, "Suspend(uint32 party,uint256 nonce,uint256 deadline)", abi.encode(p));
        vm.expectRevert(abi.encodeWithSelector(IParticipants.NotOperator.selector, vm.addr(BUYER)));
        participants.suspendBySig(p, auth);
    }
}
