// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActs} from "../../src/interfaces/IActs.sol";
import {IOrders} from "../../src/interfaces/IOrders.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {Kinds} from "../../src/libraries/Kinds.sol";
import {OrderedWorld} from "./OrderedWorld.sol";

/// @notice Posting an order: by a core enterprise, to another party, once.
contract OrdersPostTest is OrderedWorld {
    function test_post__stranger__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IParticipants.NotAdmitted.selector, vm.addr(STRANGER)));
        by(STRANGER);
        orders.post(IOrders.PostParams(ORDER, 1, ROOT, AMOUNT, "CNY"));
    }

    function test_post__paused__refused() public {
        pause(Kinds.ORDER);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.ActPaused.selector, Kinds.ORDER));
        _posted();
    }

    function test_post__suspendedBuyer__refused() public {
        suspend(BUYER);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.PartySuspended.selector, partyOf[BUYER]));
        _posted();
    }

    function test_post__suspendedSeller__refused() public {
        suspend(SELLER);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.PartySuspended.selector, partyOf[SELLER]));
        _posted();
    }

    function test_post__sameIdAgain__refused() public {
        _posted();
        vm.expectRevert(abi.encodeWithSelector(IOrders.OrderExists.selector, ORDER));
        by(TIER2);
        orders.post(IOrders.PostParams(ORDER, partyOf[SELLER], ROOT, AMOUNT, "CNY"));
    }

    function test_post__toItself__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IOrders.SellerIsBuyer.selector, partyOf[SELLER]));
        by(SELLER);
        orders.post(IOrders.PostParams(ORDER, partyOf[SELLER], ROOT, AMOUNT, "CNY"));
    }

    function test_post__unknownSeller__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IParticipants.PartyUnknown.selector, 99));
        by(BUYER);
        orders.post(IOrders.PostParams(ORDER, 99, ROOT, AMOUNT, "CNY"));
    }

    function test_post__nothing__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IActs.AmountZero.selector));
        postOrder(ORDER, 0);
    }

    function test_post__tooMuch__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IActs.AmountTooLarge.selector, uint256(1) << 56));
        postOrder(ORDER, uint64(1) << 56);
    }

    function test_post__currencyNotThreeCapitals__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IOrders.CurrencyInvalid.selector, bytes3("CN")));
        by(BUYER);
        orders.post(IOrders.PostParams(ORDER, partyOf[SELLER], ROOT, AMOUNT, "CN"));
        vm.expectRevert(abi.encodeWithSelector(IOrders.CurrencyInvalid.selector, bytes3("CNy")));
        by(BUYER);
        orders.post(IOrders.PostParams(ORDER, partyOf[SELLER], ROOT, AMOUNT, "CNy"));
    }

    function test_post__good__storedAndTold() public {
        vm.expectEmit(true, true, true, true, address(orders));
        emit IOrders.Posted(ORDER, partyOf[BUYER], partyOf[SELLER], ROOT, AMOUNT, "CNY");
        _posted();
        IOrders.Order memory o = orders.order(ORDER);
        eq(o.buyer, partyOf[BUYER], "buyer");
        eq(o.seller, partyOf[SELLER], "seller");
        eq(o.ordered, AMOUNT, "ordered");
        eq(uint256(o.state), uint256(IOrders.OrderState.Posted), "state");
        isTrue(o.currency == "CNY", "currency");
        eq32(o.trail, keccak256(abi.encode(bytes32(0), uint8(1), ROOT, AMOUNT)), "trail");
    }
}
