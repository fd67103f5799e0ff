// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IOrders} from "../../src/interfaces/IOrders.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {Kinds} from "../../src/libraries/Kinds.sol";
import {OrderedWorld} from "./OrderedWorld.sol";

/// @notice Receipt of goods: by the buyer, never more than despatched.
contract OrdersReceiveGoodsTest is OrderedWorld {
    function test_receiveGoods__notTheBuyer__refused() public {
        _acknowledged();
        _despatch(600);
        vm.expectRevert(abi.encodeWithSelector(IOrders.NotBuyer.selector, ORDER, partyOf[SELLER]));
        by(SELLER);
        orders.receiveGoods(IOrders.ReceiveGoodsParams(ORDER, ROOT, 1));
    }

    function test_receiveGoods__suspendedOrPaused__refused() public {
        _acknowledged();
        _despatch(600);
        suspend(BUYER);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.PartySuspended.selector, partyOf[BUYER]));
        _receive(1);
        pause(Kinds.ORDER);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.ActPaused.selector, Kinds.ORDER));
        _receive(1);
    }

    function test_receiveGoods__moreThanDespatched__refused() public {
        _acknowledged();
        _despatch(600);
        vm.expectRevert(abi.encodeWithSelector(IOrders.ReceiptExceedsDespatch.selector, ORDER, 601, 600));
        _receive(601);
    }

    /// @dev Goods that were sent back: the amounts stay, the document is in the trail.
    function test_receiveGoods__sentBack__inTheTrail() public {
        _acknowledged();
        _despatch(600);
        _receive(600);
        bytes32 before = orders.trailOf(ORDER);
        vm.expectEmit(true, true, true, true, address(orders));
        emit IOrders.GoodsReceived(ORDER, ROOT, 0, 600);
        _receive(0);
        eq(orders.order(ORDER).received, 600, "received");
        eq32(orders.trailOf(ORDER), keccak256(abi.encode(before, uint8(4), ROOT, uint64(0))), "trail");
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
}
