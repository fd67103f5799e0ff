// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAsset} from "../../src/interfaces/IAsset.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {IReceivables} from "../../src/interfaces/IReceivables.sol";
import {Kinds} from "../../src/libraries/Kinds.sol";
import {MovedWorld} from "./MovedWorld.sol";

/// @notice Transfer to a further tier: of what is free in full, by its holder.
contract ReceivablesTransferTest is MovedWorld {
    function test_transfer__notTheHolder__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IReceivables.NotHolder.selector, CLAIM, partyOf[TIER2]));
        _transfer(TIER2, CLAIM, TIER2);
    }

    function test_transfer__paused__refused() public {
        pause(Kinds.TRANSFER);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.ActPaused.selector, Kinds.TRANSFER));
        _transfer(SELLER, CLAIM, TIER2);
    }

    function test_transfer__toItself__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IReceivables.TransferToSelf.selector, partyOf[SELLER]));
        _transfer(SELLER, CLAIM, SELLER);
    }

    function test_transfer__toTheDebtor__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IReceivables.TransferToDebtor.selector, partyOf[BUYER]));
        _transfer(SELLER, CLAIM, BUYER);
    }

    function test_transfer__nothingLeft__refused() public {
        _split(SELLER, _two(FACE - 1, 1));
        vm.expectRevert(abi.encodeWithSelector(IAsset.NothingLeft.selector, CLAIM));
        _transfer(SELLER, CLAIM, TIER2);
    }

    function test_transfer__unconfirmed__refusedToWhoeverTries() public {
        issueOn("order 2", "claim 2", 100);
        vm.expectRevert(_wrong("claim 2", IReceivables.ReceivableState.Issued));
        _transfer(SELLER, "claim 2", TIER2);
        vm.expectRevert(_wrong("claim 2", IReceivables.ReceivableState.Issued));
        _transfer(TIER2, "claim 2", SELLER);
    }

    function test_transfer__toNobody__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IParticipants.PartyUnknown.selector, 0));
        _transfer(SELLER, CLAIM, STRANGER);
    }

    function test_transfer__toASuspendedParty__refused() public {
        suspend(TIER2);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.PartySuspended.selector, partyOf[TIER2]));
        _transfer(SELLER, CLAIM, TIER2);
    }

    function test_transfer__partPledged__refused() public {
        take(offer(PLEDGE, RECEIVABLE, CLAIM, 1), SELLER, LENDER);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.PledgedPart.selector, CLAIM, 1));
        _transfer(SELLER, CLAIM, TIER2);
    }

    function test_transfer__settled__refused() public {
        settle(0, FACE, 1, SELLER);
        vm.expectRevert(_wrong(CLAIM, IReceivables.ReceivableState.Settled));
        _transfer(SELLER, CLAIM, TIER2);
    }

    function test_transfer__good__newHolderAndNotice() public {
        vm.expectEmit(true, true, true, true, address(receivables));
        emit IReceivables.Transferred(CLAIM, partyOf[SELLER], partyOf[TIER2], partyOf[BUYER]);
        _transfer(SELLER, CLAIM, TIER2);
        eq(claim(CLAIM).holder, partyOf[TIER2], "holder");
        vm.expectRevert(abi.encodeWithSelector(IReceivables.PayeeWrong.selector, partyOf[SELLER], partyOf[TIER2]));
        settle(0, 1, 1, SELLER);
        settle(0, 1, 1, TIER2);
    }

    function test_transfer__defaulted__backToWhoOwesRecourse() public {
        _transfer(SELLER, CLAIM, TIER2);
        pastDue();
        by(TIER2);
        receivables.declareDefault(IReceivables.DeclareDefaultParams(CLAIM));
        _transfer(TIER2, CLAIM, SELLER);
        eq(claim(CLAIM).holder, partyOf[SELLER], "holder");
    }
}
