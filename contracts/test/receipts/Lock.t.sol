// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActs} from "../../src/interfaces/IActs.sol";
import {IWarehouseReceipts} from "../../src/interfaces/IWarehouseReceipts.sol";
import {StoredWorld} from "./StoredWorld.sol";

/// @notice Locking and unlocking goods: only by the register of pledges, and only what is pledged.
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

    /// @dev Pledges never asks for that; the receipt doesn't rely on it.
    function test_unlock__moreThanPledged__refused() public {
        goodsPledged();
        bytes memory reason =
            abi.encodeWithSelector(IWarehouseReceipts.ExceedsPledged.selector, GOODS, LOCKED + 1, LOCKED);
        vm.expectRevert(reason);
        vm.prank(address(pledges));
        receipts.unlock(GOODS, LOCKED + 1, false);
        vm.expectRevert(reason);
        vm.prank(address(pledges));
        receipts.take(GOODS, "child", LOCKED + 1, partyOf[LENDER], true);
    }
}
