// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPledges} from "../../src/interfaces/IPledges.sol";
import {World} from "../World.sol";

/// @notice A pledge over a part of a receivable, to be released or enforced.
abstract contract EndedWorld is World {
    function setUp() public virtual override {
        super.setUp();
        pledged();
    }

    function _release(uint256 pk, bytes32 assetId, uint64 amount) internal {
        _releaseKeeping(pk, assetId, amount, 0);
    }

    function _releaseKeeping(uint256 pk, bytes32 assetId, uint64 amount, uint64 keep) internal {
        by(pk);
        pledges.release(IPledges.ReleaseParams(PLEDGE, assetId, amount, keep, "valuation"));
    }
}
