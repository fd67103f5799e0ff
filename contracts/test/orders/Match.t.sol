// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IOrders} from "../../src/interfaces/IOrders.sol";
import {OrderedWorld} from "./OrderedWorld.sol";

/// @notice Ordered down to received, whatever is tried.
contract OrdersMatchTest is OrderedWorld {
    function tryDespatch(uint64 amount) external {
        _despatch(amount);
    }

    function tryReceive(uint64 amount) external {
        _receive(amount);
    }

    function testFuzz_match__anyAmounts__orderedDownToReceived(uint64 ordered, uint64[6] calldata steps) public {
        ordered = uint64(bound(ordered, 1, type(uint56).max));
        postOrder(ORDER, ordered);
        acknowledge(SELLER, ORDER);
        for (uint256 i = 0; i < 6; ++i) {
            // Either may be refused; what must hold, holds after both.
            try this.tryDespatch(steps[i]) {} catch {}
            try this.tryReceive(steps[5 - i]) {} catch {}
            IOrders.Order memory o = orders.order(ORDER);
            isTrue(o.ordered >= o.despatched && o.despatched >= o.received, "ordered >= despatched >= received");
        }
    }
}
