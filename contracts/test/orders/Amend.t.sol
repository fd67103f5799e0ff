// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActs} from "../../src/interfaces/IActs.sol";
import {IOrders} from "../../src/interfaces/IOrders.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {Kinds} from "../../src/libraries/Kinds.sol";
import {OrderedWorld} from "./OrderedWorld.sol";

/// @notice Amendment: by the buyer, not below what is despatched; the seller has to agree again.
contract OrdersAmendTest is OrderedWorld {
    function test_amend__notTheBuyer__refused() public {
        _posted();
        vm.expectRevert(abi.encodeWithSelector(IOrders.NotBuyer.selector, ORDER, partyOf[SELLER]));
        by(SELLER);
        orders.amend(IOrders.AmendParams(ORDER, ROOT, 1));
    }

    function test_amend__suspendedOrPaused__refused() public {
        _posted();
        suspend(BUYER);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.PartySuspended.selector, partyOf[BUYER]));
        _amend(5);
        pause(Kinds.ORDER);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.ActPaused.selector, Kinds.ORDER));
        _amend(5);
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
        acknowledge(SELLER, ORDER);
        _despatch(100);
        eq(orders.order(ORDER).despatched, 700, "despatched");
    }
}
