// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth} from "../../src/interfaces/IActs.sol";
import {IOrders} from "../../src/interfaces/IOrders.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {Kinds} from "../../src/libraries/Kinds.sol";
import {OrderedWorld} from "./OrderedWorld.sol";

/// @notice Acknowledgement: by the seller, once, of the order that it has seen.
contract OrdersAcknowledgeTest is OrderedWorld {
    function test_acknowledge__unknown__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IOrders.OrderUnknown.selector, ORDER));
        by(SELLER);
        orders.acknowledge(IOrders.AcknowledgeParams(ORDER, ROOT, 0));
    }

    function test_acknowledge__anotherSupplier__refused() public {
        _posted();
        IOrders.AcknowledgeParams memory p = IOrders.AcknowledgeParams(ORDER, ROOT, orders.trailOf(ORDER));
        vm.expectRevert(abi.encodeWithSelector(IOrders.NotSeller.selector, ORDER, partyOf[TIER2]));
        by(TIER2);
        orders.acknowledge(p);
    }

    function test_acknowledge__suspendedOrPaused__refused() public {
        _posted();
        IOrders.AcknowledgeParams memory p = IOrders.AcknowledgeParams(ORDER, ROOT, orders.trailOf(ORDER));
        suspend(SELLER);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.PartySuspended.selector, partyOf[SELLER]));
        by(SELLER);
        orders.acknowledge(p);
        pause(Kinds.ORDER);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.ActPaused.selector, Kinds.ORDER));
        by(SELLER);
        orders.acknowledge(p);
    }

    function test_acknowledge__twice__refused() public {
        _acknowledged();
        IOrders.AcknowledgeParams memory p = IOrders.AcknowledgeParams(ORDER, ROOT, orders.trailOf(ORDER));
        vm.expectRevert(
            abi.encodeWithSelector(IOrders.OrderStateWrong.selector, ORDER, IOrders.OrderState.Acknowledged)
        );
        by(SELLER);
        orders.acknowledge(p);
    }

    function test_acknowledge__amendedBeforeItArrives__refused() public {
        _posted();
        IOrders.AcknowledgeParams memory p = IOrders.AcknowledgeParams(ORDER, ROOT, orders.trailOf(ORDER));
        Auth memory auth = sign(
            SELLER,
            orders,
            "Acknowledge(bytes32 orderId,bytes32 documentRoot,bytes32 trail,uint256 nonce,uint256 deadline)",
            abi.encode(p)
        );
        // The same amount: other lines are another order too.
        by(BUYER);
        orders.amend(IOrders.AmendParams(ORDER, "other lines", AMOUNT));
        vm.expectRevert(abi.encodeWithSelector(IOrders.OrderChanged.selector, ORDER, orders.trailOf(ORDER)));
        orders.acknowledgeBySig(p, auth);
        acknowledge(SELLER, ORDER);
        isTrue(orders.order(ORDER).state == IOrders.OrderState.Acknowledged, "of the changed one");
    }

    function test_acknowledge__good__agreedAndTold() public {
        _posted();
        IOrders.AcknowledgeParams memory p = IOrders.AcknowledgeParams(ORDER, "response", orders.trailOf(ORDER));
        vm.expectEmit(true, true, true, true, address(orders));
        emit IOrders.Acknowledged(ORDER, "response");
        by(SELLER);
        orders.acknowledge(p);
        isTrue(orders.order(ORDER).state == IOrders.OrderState.Acknowledged, "state");
    }
}
