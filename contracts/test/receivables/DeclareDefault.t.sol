// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {IReceivables} from "../../src/interfaces/IReceivables.sol";
import {DueWorld} from "./DueWorld.sol";

/// @notice Default: declared by the holder of what is overdue and unpaid.
contract ReceivablesDeclareDefaultTest is DueWorld {
    function _declare(uint256 pk) private {
        by(pk);
        receivables.declareDefault(IReceivables.DeclareDefaultParams(CLAIM));
    }

    function test_declareDefault__notTheHolder__refused() public {
        pastDue();
        vm.expectRevert(abi.encodeWithSelector(IReceivables.NotHolder.selector, CLAIM, partyOf[BUYER]));
        _declare(BUYER);
    }

    function test_declareDefault__onTheDueDay__refused() public {
        vm.warp(uint256(dueDay()) * 1 days + 1 days - 1);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.NotYetDue.selector, dueDay(), dueDay()));
        _declare(SELLER);
    }

    function test_declareDefault__twice__refused() public {
        pastDue();
        _declare(SELLER);
        vm.expectRevert(_wrong(IReceivables.ReceivableState.Defaulted));
        _declare(SELLER);
    }

    function test_declareDefault__paid__refused() public {
        settle(PLEDGE, PART, 1, LENDER);
        settle(0, FACE - PART, 2, SELLER);
        pastDue();
        vm.expectRevert(_wrong(IReceivables.ReceivableState.Settled));
        _declare(SELLER);
    }

    function test_declareDefault__splitAwayInFull__refused() public {
        settle(PLEDGE, PART, 1, LENDER);
        uint64[] memory amounts = new uint64[](2);
        (amounts[0], amounts[1]) = (FACE - PART - 1, 1);
        by(SELLER);
        receivables.split(IReceivables.SplitParams(CLAIM, amounts));
        pastDue();
        vm.expectRevert(_wrong(IReceivables.ReceivableState.Confirmed));
        _declare(SELLER);
    }

    function test_declareDefault__suspendedAndPaused__stillOpen() public {
        pastDue();
        suspend(SELLER);
        suspend(BUYER);
        participants.pause(IParticipants.PauseParams(type(uint256).max));
        vm.expectEmit(true, true, true, true, address(receivables));
        emit IReceivables.Defaulted(CLAIM);
        _declare(SELLER);
        eq(uint256(claim(CLAIM).state), uint256(IReceivables.ReceivableState.Defaulted), "state");
    }

    function test_declareDefault__good__canStillBePaid() public {
        pastDue();
        vm.expectEmit(true, true, true, true, address(receivables));
        emit IReceivables.Defaulted(CLAIM);
        _declare(SELLER);
        settle(PLEDGE, PART, 1, LENDER);
        settle(0, FACE - PART, 2, SELLER);
        eq(uint256(claim(CLAIM).state), uint256(IReceivables.ReceivableState.Settled), "state");
    }
}
