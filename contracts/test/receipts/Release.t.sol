// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActs} from "../../src/interfaces/IActs.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {IWarehouseReceipts} from "../../src/interfaces/IWarehouseReceipts.sol";
import {StoredWorld} from "./StoredWorld.sol";

/// @notice Goods handed out: by their keeper, never pledged ones.
contract ReceiptsReleaseTest is StoredWorld {
    function test_release__notItsKeeper__refused() public {
        store();
        vm.expectRevert(abi.encodeWithSelector(IWarehouseReceipts.NotKeeper.selector, GOODS, partyOf[DISTRIBUTOR]));
        _release(DISTRIBUTOR, 1);
    }

    function test_release__nothing__refused() public {
        store();
        vm.expectRevert(abi.encodeWithSelector(IActs.AmountZero.selector));
        _release(KEEPER, 0);
    }

    function test_release__pledgedGoods__refused() public {
        goodsPledged();
        vm.expectRevert(
            abi.encodeWithSelector(IWarehouseReceipts.ExceedsFree.selector, GOODS, STOCK - LOCKED + 1, STOCK - LOCKED)
        );
        _release(KEEPER, STOCK - LOCKED + 1);
    }

    function test_release__suspendedAndPaused__stillOpen() public {
        store();
        suspend(KEEPER);
        suspend(DISTRIBUTOR);
        participants.pause(IParticipants.PauseParams(type(uint256).max));
        vm.expectEmit(true, true, true, true, address(receipts));
        emit IWarehouseReceipts.GoodsReleased(GOODS, 200);
        _release(KEEPER, 200);
        eq(_receipt().released, 200, "released");
        eq(_receipt().free, STOCK - 200, "free");
        eq(_receipt().missing, 0, "missing");
    }
}
