// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActs} from "../../src/interfaces/IActs.sol";
import {StoredWorld} from "./StoredWorld.sol";

/// @notice Locking goods: only by the register of pledges.
contract ReceiptsLockTest is StoredWorld {
    function test_lock__notPledges__refused() public {
        store();
        vm.expectRevert(abi.encodeWithSelector(IActs.NotSister.selector, vm.addr(LENDER)));
        by(LENDER);
        receipts.lock(GOODS, 1, partyOf[DISTRIBUTOR], partyOf[LENDER]);
        vm.expectRevert(abi.encodeWithSelector(IActs.NotSister.selector, vm.addr(LENDER)));
        by(LENDER);
        receipts.unlock(GOODS, 1, false);
        vm.expectRevert(abi.encodeWithSelector(IActs.NotSister.selector, vm.addr(LENDER)));
        by(LENDER);
        receipts.take(GOODS, "child", 1, partyOf[LENDER], false);
    }
}
