// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActs} from "../src/interfaces/IActs.sol";
import {OfferedWorld} from "./pledges/OfferedWorld.sol";

/// @notice What only a sister contract may call.
contract SistersTest is OfferedWorld {
    function test_lock__notPledges__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IActs.NotSister.selector, vm.addr(LENDER)));
        by(LENDER);
        receivables.lock(CLAIM, 1, partyOf[SELLER], partyOf[LENDER]);
        vm.expectRevert(abi.encodeWithSelector(IActs.NotSister.selector, vm.addr(LENDER)));
        by(LENDER);
        receivables.unlock(CLAIM, 1, false);
        vm.expectRevert(abi.encodeWithSelector(IActs.NotSister.selector, vm.addr(LENDER)));
        by(LENDER);
        receivables.take(CLAIM, "child", 1, partyOf[LENDER], false);
        vm.expectRevert(abi.encodeWithSelector(IActs.NotSister.selector, vm.addr(LENDER)));
        by(LENDER);
        pledges.discharge(PLEDGE, CLAIM, 1, partyOf[LENDER]);
        vm.expectRevert(abi.encodeWithSelector(IActs.NotSister.selector, vm.addr(BANK)));
        by(BANK);
        receivables.useBankRef(partyOf[BANK], "ref");
        vm.expectRevert(abi.encodeWithSelector(IActs.NotSister.selector, vm.addr(KEEPER)));
        by(KEEPER);
        pledges.shrink(GOODS, named(PLEDGE), 1, 1);
    }
}
