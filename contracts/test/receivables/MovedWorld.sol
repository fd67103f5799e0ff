// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReceivables} from "../../src/interfaces/IReceivables.sol";
import {World} from "../World.sol";

/// @notice A confirmed receivable, and what its holder does with it.
abstract contract MovedWorld is World {
    function setUp() public virtual override {
        super.setUp();
        confirmed();
    }

    function _split(uint256 pk, uint64[] memory amounts) internal {
        by(pk);
        receivables.split(IReceivables.SplitParams(CLAIM, amounts));
    }

    function _two(uint64 a, uint64 b) internal pure returns (uint64[] memory amounts) {
        amounts = new uint64[](2);
        (amounts[0], amounts[1]) = (a, b);
    }

    function _transfer(uint256 pk, bytes32 id, uint256 to) internal {
        by(pk);
        receivables.transfer(IReceivables.TransferParams(id, partyOf[to]));
    }

    function _wrong(bytes32 id, IReceivables.ReceivableState state) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IReceivables.ReceivableStateWrong.selector, id, state);
    }
}
