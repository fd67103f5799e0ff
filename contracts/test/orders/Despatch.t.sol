// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IOrders} from "../../src/interfaces/IOrders.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {Kinds} from "../../src/libraries/Kinds.sol";
import {OrderedWorld} from "./OrderedWorld.sol";

/// @notice Despatch: by the seller, never more than ordered.
contract OrdersDespatchTest is OrderedWorld {
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

    function test_despatch__suspendedOrPaused__refused() public {
        _acknowledged();
        suspend(SELLER);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.PartySuspended.selector, partyOf[SELLER]));
        _despatch(1);
        pause(Kinds.ORDER);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.ActPaused.selector, Kinds.ORDER));
        _despatch(1);
    }

    function test_despatch__moreThanOrdered__refused() public {
        _acknowledged();
        _despatch(600);
        vm.expectRevert(abi.encodeWithSelector(IOrders.DespatchExceedsOrder.selector, ORDER, 1_001, AMOUNT));
        _despatch(401);
    }

    /// @dev What replaces goods that were sent back counts once, and is in the trail all the same.
    function test_despatch__worthNothingMore__inTheTrail() public {
        _acknowledged();
        _despatch(1_000);
        bytes32 before = orders.trailOf(ORDER);
        vm.expectEmit(true, true, true, true, address(orders));
        emit IOrders.Despatched(ORDER, ROOT, 0, 1_000);
        _despatch(0);
        eq(orders.order(ORDER).despatched, 1_000, "despatched");
        eq32(orders.trailOf(ORDER), keccak256(abi.encode(before, uint8(3), ROOT, uint64(0))), "trail");
    }
}
