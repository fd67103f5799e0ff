// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPledges} from "../../src/interfaces/IPledges.sol";
import {IReceivables} from "../../src/interfaces/IReceivables.sol";
import {World} from "../World.sol";

/// @notice A pledged receivable that its debtor doesn't pay: who gave recourse pays the lender and takes the claim over.
contract PledgesRecourseTest is World {
    uint64 private constant LOCKED = 600;

    function setUp() public override {
        super.setUp();
        confirmed();
        take(offer(PLEDGE, RECEIVABLE, CLAIM, LOCKED), SELLER, LENDER);
    }

    function _undertake(uint256 pk) private {
        by(pk);
        pledges.undertake(IPledges.UndertakeParams(PLEDGE, CLAIM, LOCKED, dueDay() + 90, "recourse"));
    }

    function _buyBack(uint256 pk, uint64 amount, bytes32 bankRef) private {
        IPledges.BuyBackParams memory p = IPledges.BuyBackParams(PLEDGE, CLAIM, partyOf[pk], amount, bankRef, 0);
        by(BANK);
        pledges.buyBack(p);
    }

    function test_recourse__notUndertaken__refused() public {
        pastDue();
        vm.expectRevert(abi.encodeWithSelector(IPledges.UndertakingMissing.selector, PLEDGE, partyOf[TIER2]));
        _buyBack(TIER2, LOCKED, "ref");
    }

    function test_recourse__notOverdue__refused() public {
        _undertake(TIER2);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.NotYetDue.selector, dueDay(), today()));
        _buyBack(TIER2, LOCKED, "ref");
    }

    function test_recourse__byTheDebtor__refused() public {
        _undertake(BUYER);
        pastDue();
        vm.expectRevert(abi.encodeWithSelector(IReceivables.TransferToDebtor.selector, partyOf[BUYER]));
        _buyBack(BUYER, LOCKED, "ref");
    }

    function test_recourse__paid__claimGoesOver() public {
        _undertake(TIER2);
        pastDue();
        _buyBack(TIER2, LOCKED - 100, "ref 1");
        _buyBack(TIER2, 100, "ref 2");
        IReceivables.Receivable memory bought = claim(pledges.boughtBackId(PLEDGE, partyOf[TIER2], 0));
        eq(bought.holder, partyOf[TIER2], "it holds what it paid for");
        eq(bought.debtor, partyOf[BUYER], "and the debtor owes it");
        eq(bought.free, LOCKED - 100, "to the amount that it paid");
        IReceivables.Receivable memory r = claim(CLAIM);
        eq(r.pledged, 0, "nothing is pledged any more");
        eq(r.splitAway, LOCKED, "what went over is no longer in the first");
        eq(r.free + r.pledged + r.splitAway + r.settled + r.diluted, r.face, "conserved");
        isTrue(pledges.pledgeOf(PLEDGE).state == IPledges.PledgeState.Released, "the lender has no pledge any more");
    }
}
