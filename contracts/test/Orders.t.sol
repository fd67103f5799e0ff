// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActs} from "../src/interfaces/IActs.sol";
import {IOrders} from "../src/interfaces/IOrders.sol";
import {IParticipants} from "../src/interfaces/IParticipants.sol";
import {Kinds} from "../src/libraries/Kinds.sol";
import {World} from "./World.sol";

contract OrdersTest is World {
    uint64 private constant AMOUNT = 1_000;

    function _posted() private {
        postOrder(ORDER, AMOUNT);
    }

    function _acknowledged() private {
        _posted();
        by(SELLER);
        orders.acknowledge(IOrders.AcknowledgeParams(ORDER, ROOT));
    }

    function _despatch(uint64 amount) private {
        by(SELLER);
        orders.despatch(IOrders.DespatchParams(ORDER, ROOT, amount));
    }

    function _receive(uint64 amount) private {
        by(BUYER);
        orders.receiveGoods(IOrders.ReceiveGoodsParams(ORDER, ROOT, amount));
    }

    function _amend(uint64 amount) private {
        by(BUYER);
        orders.amend(IOrders.AmendParams(ORDER, "root 2", amount));
    }

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

    function test_acknowledge__unknown__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IOrders.OrderUnknown.selector, ORDER));
        by(SELLER);
        orders.acknowledge(IOrders.AcknowledgeParams(ORDER, ROOT));
    }

    function test_acknowledge__anotherSupplier__refused() public {
        _posted();
        vm.expectRevert(abi.encodeWithSelector(IOrders.NotSeller.selector, ORDER, partyOf[TIER2]));
        by(TIER2);
        orders.acknowledge(IOrders.AcknowledgeParams(ORDER, ROOT));
    }

    function test_acknowledge__twice__refused() public {
        _acknowledged();
        vm.expectRevert(
            abi.encodeWithSelector(IOrders.OrderStateWrong.selector, ORDER, IOrders.OrderState.Acknowledged)
        );
        by(SELLER);
        orders.acknowledge(IOrders.AcknowledgeParams(ORDER, ROOT));
    }

    function test_amend__notTheBuyer__refused() public {
        _posted();
        vm.expectRevert(abi.encodeWithSelector(IOrders.NotBuyer.selector, ORDER, partyOf[SELLER]));
        by(SELLER);
        orders.amend(IOrders.AmendParams(ORDER, ROOT, 1));
    }

    function test_amend__nothing__refused() public {
        _posted();
        vm.expectRevert(abi.encodeWithSelector(IActs.AmountZero.selector));
        _amend(0);
    }

    function test_amend__belowDespatched__refused() public {
        _acknowledged();
        _despatch(600);
        vm.expectRevert(abi.encodeWithSelector(IOrders.AlreadyDespatched.selector, ORDER, 600));
        _amend(599);
    }

    function test_amend__cancelled__refused() public {
        _posted();
        by(BUYER);
        orders.cancel(IOrders.CancelParams(ORDER));
        vm.expectRevert(abi.encodeWithSelector(IOrders.OrderStateWrong.selector, ORDER, IOrders.OrderState.Cancelled));
        _amend(5);
    }

    function test_amend__good__sellerHasToAgreeAgain() public {
        _acknowledged();
        _despatch(600);
        vm.expectEmit(true, true, true, true, address(orders));
        emit IOrders.Amended(ORDER, "root 2", 700);
        _amend(700);
        vm.expectRevert(abi.encodeWithSelector(IOrders.OrderStateWrong.selector, ORDER, IOrders.OrderState.Posted));
        _despatch(100);
        _receive(600);
        by(SELLER);
        orders.acknowledge(IOrders.AcknowledgeParams(ORDER, "root 2"));
        _despatch(100);
        eq(orders.order(ORDER).despatched, 700, "despatched");
    }

    function test_cancel__notTheBuyer__refused() public {
        _posted();
        vm.expectRevert(abi.encodeWithSelector(IOrders.NotBuyer.selector, ORDER, partyOf[SELLER]));
        by(SELLER);
        orders.cancel(IOrders.CancelParams(ORDER));
    }

    function test_cancel__despatched__refused() public {
        _acknowledged();
        _despatch(1);
        vm.expectRevert(abi.encodeWithSelector(IOrders.AlreadyDespatched.selector, ORDER, 1));
        by(BUYER);
        orders.cancel(IOrders.CancelParams(ORDER));
    }

    function test_cancel__twice__refused() public {
        _posted();
        by(BUYER);
        orders.cancel(IOrders.CancelParams(ORDER));
        vm.expectRevert(abi.encodeWithSelector(IOrders.OrderStateWrong.selector, ORDER, IOrders.OrderState.Cancelled));
        by(BUYER);
        orders.cancel(IOrders.CancelParams(ORDER));
    }

    function test_cancel__pausedAndSuspended__stillOpen() public {
        _posted();
        pause(Kinds.ORDER);
        suspend(BUYER);
        vm.expectEmit(true, true, true, true, address(orders));
        emit IOrders.OrderCancelled(ORDER);
        by(BUYER);
        orders.cancel(IOrders.CancelParams(ORDER));
    }

    function test_despatch__beforeAcknowledgement__refused() public {
        _posted();
        vm.expectRevert(abi.encodeWithSelector(IOrders.OrderStateWrong.selector, ORDER, IOrders.OrderState.Posted));
        _despatch(1);
    }

    function test_despatch__notTheSeller__refused() public {
        _acknowledged();
        vm.expectRevert(abi.encodeWithSelector(IOrders.NotSeller.selector, ORDER, partyOf[BUYER]));
        by(BUYER);
        orders.despatch(IOrders.DespatchParams(ORDER, ROOT, 1));
    }

    function test_despatch__moreThanOrdered__refused() public {
        _acknowledged();
        _despatch(600);
        vm.expectRevert(abi.encodeWithSelector(IOrders.DespatchExceedsOrder.selector, ORDER, 1_001, AMOUNT));
        _despatch(401);
    }

    function test_despatch__nothing__refused() public {
        _acknowledged();
        vm.expectRevert(abi.encodeWithSelector(IActs.AmountZero.selector));
        _despatch(0);
    }

    function test_receiveGoods__notTheBuyer__refused() public {
        _acknowledged();
        _despatch(600);
        vm.expectRevert(abi.encodeWithSelector(IOrders.NotBuyer.selector, ORDER, partyOf[SELLER]));
        by(SELLER);
        orders.receiveGoods(IOrders.ReceiveGoodsParams(ORDER, ROOT, 1));
    }

    function test_receiveGoods__moreThanDespatched__refused() public {
        _acknowledged();
        _despatch(600);
        vm.expectRevert(abi.encodeWithSelector(IOrders.ReceiptExceedsDespatch.selector, ORDER, 601, 600));
        _receive(601);
    }

    function test_receiveGoods__nothing__refused() public {
        _acknowledged();
        _despatch(600);
        vm.expectRevert(abi.encodeWithSelector(IActs.AmountZero.selector));
        _receive(0);
    }

    function test_receiveGoods__inParts__addsUp() public {
        _acknowledged();
        _despatch(600);
        _receive(200);
        vm.expectEmit(true, true, true, true, address(orders));
        emit IOrders.GoodsReceived(ORDER, ROOT, 300, 500);
        _receive(300);
        eq(orders.order(ORDER).received, 500, "received");
    }

    function test_trail__everyDocumentThatMovesGoods__addsToIt() public {
        _acknowledged();
        bytes32 trail = keccak256(abi.encode(bytes32(0), uint8(1), ROOT, AMOUNT));
        eq32(orders.trailOf(ORDER), trail, "ordered; the acknowledgement moves nothing");
        _despatch(600);
        trail = keccak256(abi.encode(trail, uint8(3), ROOT, uint64(600)));
        eq32(orders.trailOf(ORDER), trail, "despatched");
        _amend(700);
        trail = keccak256(abi.encode(trail, uint8(2), bytes32("root 2"), uint64(700)));
        eq32(orders.trailOf(ORDER), trail, "amended");
        _receive(500);
        trail = keccak256(abi.encode(trail, uint8(4), ROOT, uint64(500)));
        eq32(orders.trailOf(ORDER), trail, "received");
        eq32(orders.order(ORDER).trail, trail, "in the view");
        eq32(orders.trailOf("no order"), 0, "of nothing");
    }

    function test_trail__refusedAct__asItWas() public {
        _acknowledged();
        bytes32 trail = orders.trailOf(ORDER);
        vm.expectRevert(abi.encodeWithSelector(IOrders.DespatchExceedsOrder.selector, ORDER, AMOUNT + 1, AMOUNT));
        _despatch(AMOUNT + 1);
        eq32(orders.trailOf(ORDER), trail, "trail");
    }

    function test_invoice__notReceivables__refused() public {
        deliver(ORDER, AMOUNT);
        vm.expectRevert(abi.encodeWithSelector(IActs.NotSister.selector, vm.addr(SELLER)));
        by(SELLER);
        orders.invoice(ORDER, 2, 1);
        vm.expectRevert(abi.encodeWithSelector(IActs.NotSister.selector, vm.addr(SELLER)));
        by(SELLER);
        orders.uninvoice(ORDER, 1);
    }

    function testFuzz_match__anyAmounts__orderedDownToReceived(uint64 ordered, uint64[6] calldata steps) public {
        ordered = uint64(bound(ordered, 1, type(uint56).max));
        postOrder(ORDER, ordered);
        by(SELLER);
        orders.acknowledge(IOrders.AcknowledgeParams(ORDER, ROOT));
        for (uint256 i = 0; i < 6; ++i) {
            // Either may be refused; what must hold, holds after both.
            try this.tryDespatch(steps[i]) {} catch {}
            try this.tryReceive(steps[5 - i]) {} catch {}
            IOrders.Order memory o = orders.order(ORDER);
            isTrue(o.ordered >= o.despatched && o.despatched >= o.received, "ordered >= despatched >= received");
        }
    }

    function tryDespatch(uint64 amount) external {
        _despatch(amount);
    }

    function tryReceive(uint64 amount) external {
        _receive(amount);
    }
}
