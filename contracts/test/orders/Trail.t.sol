// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IOrders} from "../../src/interfaces/IOrders.sol";
import {OrderedWorld} from "./OrderedWorld.sol";

/// @notice The goods' trail: every document that moves them, nothing that was refused.
contract OrdersTrailTest is OrderedWorld {
    function test_trail__refusedAct__asItWas() public {
        _acknowledged();
        bytes32 trail = orders.trailOf(ORDER);
        vm.expectRevert(abi.encodeWithSelector(IOrders.DespatchExceedsOrder.selector, ORDER, AMOUNT + 1, AMOUNT));
        _despatch(AMOUNT + 1);
        eq32(orders.trailOf(ORDER), trail, "trail");
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
}
