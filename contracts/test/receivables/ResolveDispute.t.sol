// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {IReceivables} from "../../src/interfaces/IReceivables.sol";
import {IssuedWorld} from "./IssuedWorld.sol";

/// @notice The end of a dispute: by the debtor that began it.
contract ReceivablesResolveDisputeTest is IssuedWorld {
    function test_resolveDispute__notTheDebtor__refused() public {
        _dispute();
        vm.expectRevert(abi.encodeWithSelector(IReceivables.NotDebtor.selector, CLAIM, partyOf[SELLER]));
        by(SELLER);
        receivables.resolveDispute(IReceivables.ResolveDisputeParams(CLAIM));
    }

    function test_resolveDispute__noDispute__refused() public {
        vm.expectRevert(_wrong(IReceivables.ReceivableState.Issued));
        by(BUYER);
        receivables.resolveDispute(IReceivables.ResolveDisputeParams(CLAIM));
    }

    function test_resolveDispute__suspendedAndPaused__stillOpen() public {
        _dispute();
        suspend(BUYER);
        suspend(SELLER);
        participants.pause(IParticipants.PauseParams(type(uint256).max));
        vm.expectEmit(true, true, true, true, address(receivables));
        emit IReceivables.DisputeResolved(CLAIM, IReceivables.ReceivableState.Issued);
        by(BUYER);
        receivables.resolveDispute(IReceivables.ResolveDisputeParams(CLAIM));
        eq(uint256(claim(CLAIM).state), uint256(IReceivables.ReceivableState.Issued), "state");
    }
}
