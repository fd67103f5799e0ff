// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPledges} from "../../src/interfaces/IPledges.sol";
import {BatchWorld} from "../BatchWorld.sol";

/// @notice Batches of releases: a refused item is named.
contract ReleaseBatchTest is BatchWorld {
    function test_releaseBatch__notTheLender__everyItemRefused() public {
        _issueAll(1);
        by(BUYER);
        receivables.confirmBatch(_confirmations(1));
        take(offer(PLEDGE, RECEIVABLE, bytes32(uint256(1)), 1_000), SELLER, LENDER);
        IPledges.ReleaseParams[] memory items = new IPledges.ReleaseParams[](1);
        items[0] = IPledges.ReleaseParams(PLEDGE, bytes32(uint256(1)), 1_000);
        vm.expectEmit(true, true, true, true, address(pledges));
        emit IPledges.ItemRefused(
            0, PLEDGE, abi.encodeWithSelector(IPledges.NotLender.selector, PLEDGE, partyOf[LENDER2])
        );
        by(LENDER2);
        eq(pledges.releaseBatch(items), 0, "none");
    }
}
