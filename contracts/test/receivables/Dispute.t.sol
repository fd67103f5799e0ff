// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAsset} from "../../src/interfaces/IAsset.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {IReceivables} from "../../src/interfaces/IReceivables.sol";
import {IssuedWorld} from "./IssuedWorld.sol";

/// @notice Dispute by the debtor: nothing new is built on it, payments go on.
contract ReceivablesDisputeTest is IssuedWorld {
    function test_dispute__nothingLeft__refused() public {
        confirm(CLAIM, FACE);
        uint64[] memory amounts = new uint64[](2);
        (amounts[0], amounts[1]) = (FACE - 1, 1);
        by(SELLER);
        receivables.split(IReceivables.SplitParams(CLAIM, amounts));
        vm.expectRevert(abi.encodeWithSelector(IAsset.NothingLeft.selector, CLAIM));
        _dispute();
    }

    function test_dispute__notTheDebtor__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IReceivables.NotDebtor.selector, CLAIM, partyOf[SELLER]));
        by(SELLER);
        receivables.dispute(IReceivables.DisputeParams(CLAIM, "notice"));
    }

    function test_dispute__twice__refused() public {
        _dispute();
        vm.expectRevert(_wrong(IReceivables.ReceivableState.Disputed));
        _dispute();
    }

    function test_dispute__suspendedAndPaused__stillOpen() public {
        suspend(BUYER);
        suspend(SELLER);
        participants.pause(IParticipants.PauseParams(type(uint256).max));
        vm.expectEmit(true, true, true, true, address(receivables));
        emit IReceivables.Disputed(CLAIM, "notice");
        _dispute();
        eq(uint256(claim(CLAIM).state), uint256(IReceivables.ReceivableState.Disputed), "state");
    }

    function test_dispute__unconfirmed__keepsWhatItIsBoundTo() public {
        bytes32 tag = claim(CLAIM).originTag;
        _dispute();
        IReceivables.Receivable memory r = claim(CLAIM);
        eq32(r.originTag, tag, "tag");
        eq(r.free, FACE, "free");
        eq(r.settled, 0, "settled");
        eq(r.holder, 0, "nobody's yet");
    }

    function test_dispute__beforeConfirmation__blocksConfirmationUntilWithdrawn() public {
        _dispute();
        vm.expectRevert(_wrong(IReceivables.ReceivableState.Disputed));
        confirm(CLAIM, FACE);
        vm.expectEmit(true, true, true, true, address(receivables));
        emit IReceivables.DisputeResolved(CLAIM, IReceivables.ReceivableState.Issued);
        by(BUYER);
        receivables.resolveDispute(IReceivables.ResolveDisputeParams(CLAIM));
        confirm(CLAIM, FACE);
    }

    function test_dispute__unconfirmed__canBeCancelled() public {
        _dispute();
        withdraw(SELLER);
        eq(uint256(claim(CLAIM).state), uint256(IReceivables.ReceivableState.Cancelled), "state");
    }

    function test_dispute__confirmed__nothingNewButPaymentGoesOn() public {
        confirm(CLAIM, FACE);
        vm.expectEmit(true, true, true, true, address(receivables));
        emit IReceivables.Disputed(CLAIM, "notice");
        _dispute();
        vm.expectRevert(_wrong(IReceivables.ReceivableState.Disputed));
        by(SELLER);
        receivables.transfer(IReceivables.TransferParams(CLAIM, partyOf[TIER2]));
        settle(0, 100, 1, SELLER);
        eq(claim(CLAIM).settled, 100, "paid in spite of the dispute");
        by(BUYER);
        receivables.resolveDispute(IReceivables.ResolveDisputeParams(CLAIM));
        eq(uint256(claim(CLAIM).state), uint256(IReceivables.ReceivableState.Confirmed), "back");
    }
}
