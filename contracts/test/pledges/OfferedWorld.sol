// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPledges} from "../../src/interfaces/IPledges.sol";
import {World} from "../World.sol";

/// @notice A confirmed receivable, and offers of a pledge over it.
abstract contract OfferedWorld is World {
    uint64 internal constant EXPIRES = uint64(START + 1 days);

    function setUp() public virtual override {
        super.setUp();
        confirmed();
    }

    function _offer() internal view returns (IPledges.PledgeParams memory) {
        return offer(PLEDGE, RECEIVABLE, CLAIM, PART);
    }

    function _expiring() internal {
        IPledges.PledgeParams memory p = _offer();
        p.expiresAt = EXPIRES;
        take(p, SELLER, LENDER);
    }

    function _draw(uint256 pk) internal {
        by(pk);
        pledges.draw(IPledges.DrawParams(PLEDGE));
    }
}
