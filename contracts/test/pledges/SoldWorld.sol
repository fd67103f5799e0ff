// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPledges} from "../../src/interfaces/IPledges.sol";
import {World} from "../World.sol";

/// @notice Goods under a pledge, and a receivable of the same owner.
abstract contract SoldWorld is World {
    uint64 internal constant LOCKED = STOCK * 3 / 5;

    function setUp() public virtual override {
        super.setUp();
        // The seller of the receivable owns goods too: it stores them until they are sold.
        confirmed();
        partyOf[DISTRIBUTOR] = partyOf[SELLER];
        store();
        take(offer(ON_GOODS, WAREHOUSE, GOODS, LOCKED), SELLER, LENDER);
    }

    function _undertaking(uint64 amount) internal view returns (IPledges.UndertakeParams memory) {
        return IPledges.UndertakeParams(ON_GOODS, GOODS, amount, today() + 10, "undertaking");
    }

    function _undertake(uint64 amount) internal {
        IPledges.UndertakeParams memory p = _undertaking(amount);
        by(BUYER);
        pledges.undertake(p);
    }
}
