// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPledges} from "../../src/interfaces/IPledges.sol";
import {BatchWorld} from "../BatchWorld.sol";

/// @notice Batches of releases: a refused item is named.
contract ReleaseBatchTest is BatchWorld {
    function test_releaseBatch__notTheLender__everyItemRefused() public {
        bytes32 id = over(bytes32(uint256(1)), "pledge");
        _issueAll(1);
        by(BUYER);
        receivables.confirmBatch(_confirmations(1));
        take(offer(id, RECEIVABLE, bytes32(uint256(1)), 1_000), SELLER, LENDER);
        IPledges.ReleaseParams[] memory items = new IPledges.ReleaseParams[](1);
        items[0] = IPledges.ReleaseParams(id, bytes32(uint256(1)), 1_000);
        vm.expectEmit(true, true, true, true, address(pledges));
        emit IPledges.ItemRefused(0, id, abi.encodeWithSelector(IPledges.NotLender.selector, id, partyOf[LENDER2]));
        by(LENDER2);
        eq(pledges.releaseBatch(items), 0, "none");
    }
}
