// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth, IActs} from "../../src/interfaces/IActs.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {IPledges} from "../../src/interfaces/IPledges.sol";
import {IWarehouseReceipts} from "../../src/interfaces/IWarehouseReceipts.sol";
import {Roles} from "../../src/libraries/Roles.sol";
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

    function test_lock__toItsKeeper__refused() public {
        store();
        participants.setRoles(IParticipants.SetRolesParams(partyOf[KEEPER], Roles.KEEPER | Roles.LENDER));
        IPledges.PledgeParams memory p = offer(ON_GOODS, WAREHOUSE, GOODS, LOCKED);
        p.lender = partyOf[KEEPER];
        Auth memory granted = grant(p, DISTRIBUTOR);
        vm.expectRevert(abi.encodeWithSelector(IActs.SelfAttested.selector, partyOf[KEEPER]));
        by(KEEPER);
        pledges.pledge(p, granted, "number");
    }

    /// @dev A core enterprise that keeps goods itself can't come to own them: nor can it undertake to.
    function test_undertake__byTheKeeperOfTheGoods__refused() public {
        goodsPledged();
        participants.setRoles(IParticipants.SetRolesParams(partyOf[KEEPER], Roles.KEEPER | Roles.CORE));
        vm.expectRevert(abi.encodeWithSelector(IActs.SelfAttested.selector, partyOf[KEEPER]));
        by(KEEPER);
        pledges.undertake(IPledges.UndertakeParams(ON_GOODS, GOODS, 500, today() + 10, ROOT));
    }

    /// @dev Pledges never asks for that; the receipt doesn't rely on it.
    function test_take__byItsKeeper__refused() public {
        goodsPledged();
        vm.expectRevert(abi.encodeWithSelector(IActs.SelfAttested.selector, partyOf[KEEPER]));
        vm.prank(address(pledges));
        receipts.take(GOODS, "child", 1, partyOf[KEEPER], false);
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
