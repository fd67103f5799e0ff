// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth, IActs} from "../../src/interfaces/IActs.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {IPledges} from "../../src/interfaces/IPledges.sol";
import {IReceivables} from "../../src/interfaces/IReceivables.sol";
import {Roles} from "../../src/libraries/Roles.sol";
import {BUY_BACK_TYPE} from "../RelayedTypes.sol";
import {SoldWorld} from "./SoldWorld.sol";

/// @notice Goods bought back: paid to the lender, within the promise, once.
contract PledgesBuyBackTest is SoldWorld {
    function _buyBack(uint256 pk, uint64 amount, bytes32 bankRef) private {
        by(pk);
        pledges.buyBack(IPledges.BuyBackParams(ON_GOODS, GOODS, partyOf[BUYER], amount, bankRef, 0));
    }

    function test_buyBack__notABank__refused() public {
        _undertake(500);
        vm.expectRevert(abi.encodeWithSelector(IActs.RoleMissing.selector, partyOf[BUYER], Roles.BANK));
        _buyBack(BUYER, 500, "ref");
    }

    function test_buyBack__withoutUndertaking__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IPledges.UndertakingMissing.selector, ON_GOODS, partyOf[BUYER]));
        _buyBack(BANK, 500, "ref");
    }

    function test_buyBack__tooMuchOrTooLate__refused() public {
        _undertake(500);
        vm.expectRevert(abi.encodeWithSelector(IPledges.UndertakingMissing.selector, ON_GOODS, partyOf[BUYER]));
        _buyBack(BANK, 501, "ref");
        vm.warp(block.timestamp + 11 days);
        vm.expectRevert(abi.encodeWithSelector(IPledges.UndertakingMissing.selector, ON_GOODS, partyOf[BUYER]));
        _buyBack(BANK, 500, "ref");
    }

    function test_buyBack__sameReferenceAgain__refused() public {
        _undertake(500);
        _buyBack(BANK, 200, "ref");
        vm.expectRevert(abi.encodeWithSelector(IReceivables.BankRefUsed.selector, partyOf[BANK], bytes32("ref")));
        _buyBack(BANK, 200, "ref");
    }

    function test_buyBack__referenceOfASettlement__refused() public {
        _undertake(500);
        settle(0, 100, 7, SELLER);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.BankRefUsed.selector, partyOf[BANK], bytes32(uint256(7))));
        _buyBack(BANK, 500, bytes32(uint256(7)));
        _buyBack(BANK, 500, bytes32(uint256(8)));
        isTrue(receivables.bankRefUsed(partyOf[BANK], bytes32(uint256(8))), "and the other way round");
        vm.expectRevert(abi.encodeWithSelector(IReceivables.BankRefUsed.selector, partyOf[BANK], bytes32(uint256(8))));
        settle(0, 100, 8, SELLER);
    }

    function test_buyBack__attestedByTheBuyer__refused() public {
        _undertake(500);
        participants.setRoles(IParticipants.SetRolesParams(partyOf[BUYER], Roles.CORE | Roles.BANK));
        vm.expectRevert(abi.encodeWithSelector(IActs.SelfAttested.selector, partyOf[BUYER]));
        _buyBack(BUYER, 500, "ref");
    }

    function test_buyBack__neverDrawn__refused() public {
        IPledges.PledgeParams memory p = offer(over(GOODS, "undrawn"), WAREHOUSE, GOODS, 10);
        p.expiresAt = uint64(START + 1 days);
        take(p, SELLER, LENDER);
        IPledges.UndertakeParams memory u = _undertaking(5);
        u.pledgeId = p.pledgeId;
        by(BUYER);
        pledges.undertake(u);
        vm.expectRevert(abi.encodeWithSelector(IPledges.NotDrawn.selector, u.pledgeId));
        by(BANK);
        pledges.buyBack(IPledges.BuyBackParams(p.pledgeId, GOODS, partyOf[BUYER], 5, "ref", 0));
    }

    function test_buyBack__suspendedAndPaused__stillOpen() public {
        _undertake(500);
        suspend(BUYER);
        suspend(SELLER);
        suspend(LENDER);
        suspend(BANK);
        participants.pause(IParticipants.PauseParams(type(uint256).max));
        _buyBack(BANK, 500, "ref");
        eq(receipts.receipt(pledges.boughtBackId(ON_GOODS, partyOf[BUYER], 0)).free, 500, "bought");
    }

    function test_buyBack__inParts__coreEnterpriseOwnsTheGoods() public {
        _undertake(500);
        _buyBack(BANK, 200, "ref 1");
        bytes32 second = pledges.boughtBackId(ON_GOODS, partyOf[BUYER], 1);
        vm.expectEmit(true, true, true, true, address(pledges));
        emit IPledges.BoughtBack(ON_GOODS, GOODS, partyOf[BUYER], second, 300, LOCKED - 500, "ref 2", partyOf[BANK]);
        _buyBack(BANK, 300, "ref 2");
        eq(receipts.receipt(pledges.boughtBackId(ON_GOODS, partyOf[BUYER], 0)).free, 200, "first");
        eq(receipts.receipt(second).owner, partyOf[BUYER], "owner");
        eq(receipts.receipt(GOODS).liquidated, 500, "gone from the old receipt");
        eq(pledges.undertakingOf(ON_GOODS, partyOf[BUYER]).amount, 0, "kept");
    }

    function test_buyBackBySig__good__done() public {
        Auth memory promised = sign(
            BUYER,
            pledges,
            "Undertake(bytes32 pledgeId,bytes32 assetId,uint64 amount,uint32 untilDay,bytes32 documentRoot,uint256 nonce,uint256 deadline)",
            abi.encode(_undertaking(500))
        );
        pledges.undertakeBySig(_undertaking(500), promised);
        IPledges.BuyBackParams memory p = IPledges.BuyBackParams(ON_GOODS, GOODS, partyOf[BUYER], 500, "ref", 0);
        Auth memory paid = sign(BANK, pledges, BUY_BACK_TYPE, abi.encode(p));
        pledges.buyBackBySig(p, paid);
        eq(receipts.receipt(pledges.boughtBackId(ON_GOODS, partyOf[BUYER], 0)).owner, partyOf[BUYER], "owner");
    }

    function testFuzz_buyBack__anyAmounts__withinThePromiseAndConserved(uint64 promised, uint64[5] calldata amounts)
        public
    {
        uint64 word = uint64(bound(promised, 1, LOCKED));
        _undertake(word);
        uint64 bought;
        uint64 parts;
        for (uint256 i = 0; i < 5; ++i) {
            uint64 amount = uint64(bound(amounts[i], 1, LOCKED));
            if (amount > word - bought) {
                vm.expectRevert(abi.encodeWithSelector(IPledges.UndertakingMissing.selector, ON_GOODS, partyOf[BUYER]));
                _buyBack(BANK, amount, bytes32(i));
                continue;
            }
            _buyBack(BANK, amount, bytes32(i));
            eq(
                receipts.receipt(pledges.boughtBackId(ON_GOODS, partyOf[BUYER], parts++)).free,
                amount,
                "the buyer's part"
            );
            bought += amount;
            eq(pledges.undertakingOf(ON_GOODS, partyOf[BUYER]).amount, word - bought, "left of the promise");
            eq(pledges.pledgeOf(ON_GOODS).amount, LOCKED - bought, "locked");
            eq(receipts.receipt(GOODS).pledged, LOCKED - bought, "pledged");
            eq(receipts.receipt(GOODS).liquidated, bought, "gone from the receipt");
            eq(receipts.receipt(GOODS).free, STOCK - LOCKED, "what is free stays");
        }
    }
}
