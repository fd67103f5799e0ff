// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPledges} from "../../src/interfaces/IPledges.sol";
import {World} from "../World.sol";

/// @notice Goods under two pledges of two lenders, the second one younger.
abstract contract CountedWorld is World {
    uint64 internal constant LOCKED = STOCK * 3 / 5;
    uint64 internal constant YOUNGER = 50_000;
    uint64 internal constant FREE = STOCK - LOCKED - YOUNGER;
    bytes32 internal constant SECOND = "second";

    function setUp() public virtual override {
        super.setUp();
        goodsPledged();
        _take(SECOND, YOUNGER);
    }

    function _take(bytes32 pledgeId, uint64 quantity) internal {
        IPledges.PledgeParams memory p = offer(pledgeId, WAREHOUSE, GOODS, quantity);
        p.lender = partyOf[LENDER2];
        take(p, DISTRIBUTOR, LENDER2);
    }

    /// @dev A hundred live ones over GOODS, oldest first.
    function _hundred() internal returns (bytes32[] memory ids) {
        ids = new bytes32[](100);
        (ids[0], ids[1]) = (PLEDGE, SECOND);
        for (uint256 i = 2; i < 100; ++i) {
            ids[i] = bytes32(i);
            _take(ids[i], 1);
        }
    }
}
