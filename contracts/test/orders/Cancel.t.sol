// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IOrders} from "../../src/interfaces/IOrders.sol";
import {Kinds} from "../../src/libraries/Kinds.sol";
import {OrderedWorld} from "./OrderedWorld.sol";

/// @notice Cancellation: by the buyer, before anything is despatched.
contract OrdersCancelTest is OrderedWorld {
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
}
