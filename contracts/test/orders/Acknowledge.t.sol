// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IOrders} from "../../src/interfaces/IOrders.sol";
import {OrderedWorld} from "./OrderedWorld.sol";

/// @notice Acknowledgement: by the seller, once.
contract OrdersAcknowledgeTest is OrderedWorld {
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
}
