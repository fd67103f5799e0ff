// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IOrders} from "../../src/interfaces/IOrders.sol";
import {World} from "../World.sol";

/// @notice An order in its first states.
abstract contract OrderedWorld is World {
    uint64 internal constant AMOUNT = 1_000;

    function _posted() internal {
        postOrder(ORDER, AMOUNT);
    }

    function _acknowledged() internal {
        _posted();
        acknowledge(SELLER, ORDER);
    }

    function _despatch(uint64 amount) internal {
        by(SELLER);
        orders.despatch(IOrders.DespatchParams(ORDER, ROOT, amount));
    }

    function _receive(uint64 amount) internal {
        by(BUYER);
        orders.receiveGoods(IOrders.ReceiveGoodsParams(ORDER, ROOT, amount));
    }

    function _amend(uint64 amount) internal {
        by(BUYER);
        orders.amend(IOrders.AmendParams(ORDER, "root 2", amount));
    }
}
