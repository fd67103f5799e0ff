// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActs} from "../src/interfaces/IActs.sol";
import {IPledges} from "../src/interfaces/IPledges.sol";
import {IReceivables} from "../src/interfaces/IReceivables.sol";
import {BatchWorld} from "./BatchWorld.sol";

/// @notice Items of batches: only the contract itself calls them.
contract ItemsTest is BatchWorld {
    function test_items__calledByAnybody__refused() public {
        bytes memory reason = abi.encodeWithSelector(IActs.NotSelf.selector, address(this));
        vm.expectRevert(reason);
        receivables.issueItem(invoice(CLAIM, 1), 0, partyOf[SELLER], partyOf[REGISTRAR]);
        vm.expectRevert(reason);
        receivables.confirmItem(confirmation(CLAIM, 1), partyOf[BUYER], 1);
        vm.expectRevert(reason);
        receivables.settleItem(IReceivables.SettleParams(CLAIM, 0, 1, 0, 1), partyOf[BANK]);
        vm.expectRevert(reason);
        pledges.pledgeItem(offer(PLEDGE, 1, CLAIM, 1), partyOf[LENDER], partyOf[SELLER], "no");
        vm.expectRevert(reason);
        pledges.releaseItem(IPledges.ReleaseParams(PLEDGE, CLAIM, 1, 0, 0), partyOf[LENDER]);
    }
}
