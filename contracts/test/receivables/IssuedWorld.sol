// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReceivables} from "../../src/interfaces/IReceivables.sol";
import {World} from "../World.sol";

/// @notice A receivable that waits for its debtor's word.
abstract contract IssuedWorld is World {
    function setUp() public virtual override {
        super.setUp();
        deliver(ORDER, FACE);
        issue(CLAIM, FACE);
    }

    function _wrong(IReceivables.ReceivableState state) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IReceivables.ReceivableStateWrong.selector, CLAIM, state);
    }

    function _dispute() internal {
        by(BUYER);
        receivables.dispute(IReceivables.DisputeParams(CLAIM, "notice"));
    }
}
