// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActs} from "../../src/interfaces/IActs.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {IPledges} from "../../src/interfaces/IPledges.sol";
import {Kinds} from "../../src/libraries/Kinds.sol";
import {Roles} from "../../src/libraries/Roles.sol";
import {SoldWorld} from "./SoldWorld.sol";

/// @notice The promise of a core enterprise to buy goods back, or of anybody to buy a receivable back.
contract PledgesUndertakeTest is SoldWorld {
    function test_undertake__notACoreEnterprise__refused() public {
        IPledges.UndertakeParams memory p = _undertaking(1);
        vm.expectRevert(abi.encodeWithSelector(IActs.RoleMissing.selector, partyOf[TIER2], Roles.CORE));
        by(TIER2);
        pledges.undertake(p);
    }

    function test_undertake__byLenderOrPledgor__refused() public {
        take(offer(PLEDGE, RECEIVABLE, CLAIM, 10), SELLER, LENDER);
        IPledges.UndertakeParams memory p = IPledges.UndertakeParams(PLEDGE, CLAIM, 7, today() + 10, "undertaking");
        uint256[2] memory parties = [LENDER, SELLER];
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IPledges.UndertakerIsParty.selector, PLEDGE, partyOf[parties[i]]));
            by(parties[i]);
            pledges.undertake(p);
        }
        p.assetId = GOODS;
        vm.expectRevert(abi.encodeWithSelector(IPledges.AssetMismatch.selector, PLEDGE, GOODS));
        by(TIER2);
        pledges.undertake(p);
    }

    function test_undertake__suspendedOrPaused__refused() public {
        suspend(BUYER);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.PartySuspended.selector, partyOf[BUYER]));
        _undertake(500);
        pause(Kinds.PLEDGE);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.ActPaused.selector, Kinds.PLEDGE));
        _undertake(500);
    }

    function test_undertake__nothingOrTooMuch__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IActs.AmountZero.selector));
        _undertake(0);
        vm.expectRevert(abi.encodeWithSelector(IPledges.ExceedsPledge.selector, ON_GOODS, LOCKED + 1, LOCKED));
        _undertake(LOCKED + 1);
    }

    function test_undertake__twice__refused() public {
        _undertake(500);
        vm.expectRevert(abi.encodeWithSelector(IPledges.UndertakingExists.selector, ON_GOODS, partyOf[BUYER]));
        _undertake(500);
    }

    function test_undertake__untilADayThatIsOver__refused() public {
        IPledges.UndertakeParams memory p = _undertaking(1);
        p.untilDay = today() - 1;
        vm.expectRevert(abi.encodeWithSelector(IPledges.UndertakingPast.selector, p.untilDay, today()));
        by(BUYER);
        pledges.undertake(p);
    }

    function test_undertake__lapsed__mayBeRenewed() public {
        _undertake(500);
        uint256 last = uint256(today() + 10) * 1 days;
        vm.warp(last);
        vm.expectRevert(abi.encodeWithSelector(IPledges.UndertakingExists.selector, ON_GOODS, partyOf[BUYER]));
        _undertake(400);
        vm.warp(last + 1 days);
        _undertake(400);
        IPledges.Undertaking memory u = pledges.undertakingOf(ON_GOODS, partyOf[BUYER]);
        eq(u.amount, 400, "amount");
        eq(u.untilDay, today() + 10, "until");
    }

    function test_undertake__carriedOutInFull__anotherTakesOtherParts() public {
        for (uint256 i = 0; i < 2; ++i) {
            _undertake(500);
            by(BANK);
            pledges.buyBack(IPledges.BuyBackParams(ON_GOODS, GOODS, partyOf[BUYER], 500, bytes32(i), 0));
            eq(receipts.receipt(pledges.boughtBackId(ON_GOODS, partyOf[BUYER], i)).free, 500, "a receipt of its own");
        }
    }

    function test_undertake__overAReceivable__byAnyParty() public {
        take(offer(PLEDGE, RECEIVABLE, CLAIM, 10), SELLER, LENDER);
        IPledges.UndertakeParams memory p = _undertaking(7);
        (p.pledgeId, p.assetId) = (PLEDGE, CLAIM);
        by(TIER2);
        pledges.undertake(p);
        eq(pledges.undertakingOf(PLEDGE, partyOf[TIER2]).amount, 7, "undertaken");
    }

    function test_undertake__good__storedAndTold() public {
        vm.expectEmit(true, true, true, true, address(pledges));
        emit IPledges.Undertaken(ON_GOODS, partyOf[BUYER], 500, today() + 10, "undertaking");
        _undertake(500);
        IPledges.Undertaking memory u = pledges.undertakingOf(ON_GOODS, partyOf[BUYER]);
        eq(u.amount, 500, "amount");
        eq(u.untilDay, today() + 10, "last day");
    }
}
