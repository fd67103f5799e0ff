// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReceivables} from "../../src/interfaces/IReceivables.sol";
import {World} from "../World.sol";

/// @notice A receivable of which a part is pledged, to be paid.
abstract contract DueWorld is World {
    function setUp() public virtual override {
        super.setUp();
        pledged();
    }

    function _wrong(IReceivables.ReceivableState state) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IReceivables.ReceivableStateWrong.selector, CLAIM, state);
    }
}
