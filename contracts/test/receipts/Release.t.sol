// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth, IActs} from "../../src/interfaces/IActs.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {IWarehouseReceipts} from "../../src/interfaces/IWarehouseReceipts.sol";
import {StoredWorld} from "./StoredWorld.sol";

/// @notice Goods handed out: by their keeper, never pledged ones.
contract ReceiptsReleaseTest is StoredWorld {
    function _refused(bytes memory reason, uint256 pk, uint64 quantity) private {
        Auth memory order = ordered(GOODS, quantity, DISTRIBUTOR);
        vm.expectRevert(reason);
        by(pk);
        receipts.release(IWarehouseReceipts.ReleaseParams(GOODS, quantity), order);
    }

    function test_release__notItsKeeper__refused() public {
        store();
        _refused(
            abi.encodeWithSelector(IWarehouseReceipts.NotKeeper.selector, GOODS, partyOf[DISTRIBUTOR]), DISTRIBUTOR, 1
        );
    }

    function test_release__nothing__refused() public {
        store();
        _refused(abi.encodeWithSelector(IActs.AmountZero.selector), KEEPER, 0);
    }

    function test_release__pledgedGoods__refused() public {
        goodsPledged();
        uint64 free = STOCK - LOCKED;
        bytes memory reason = abi.encodeWithSelector(IWarehouseReceipts.ExceedsFree.selector, GOODS, free + 1, free);
        _refused(reason, KEEPER, free + 1);
    }

    function test_release__withoutItsOwnersOrder__refused() public {
        store();
        Auth memory order = ordered(GOODS, 200, SELLER);
        vm.expectRevert(abi.encodeWithSelector(IWarehouseReceipts.NotOwner.selector, GOODS, partyOf[SELLER]));
        by(KEEPER);
        receipts.release(IWarehouseReceipts.ReleaseParams(GOODS, 200), order);
        order = ordered(GOODS, 200, DISTRIBUTOR);
        vm.expectRevert(abi.encodeWithSelector(IActs.ActSignatureInvalid.selector, vm.addr(DISTRIBUTOR)));
        by(KEEPER);
        receipts.release(IWarehouseReceipts.ReleaseParams(GOODS, 201), order);
        by(KEEPER);
        receipts.release(IWarehouseReceipts.ReleaseParams(GOODS, 200), order);
        vm.expectRevert(abi.encodeWithSelector(IActs.ActReplayed.selector, vm.addr(DISTRIBUTOR), order.nonce));
        by(KEEPER);
        receipts.release(IWarehouseReceipts.ReleaseParams(GOODS, 200), order);
        order = ordered(GOODS, 1, DISTRIBUTOR);
        vm.warp(order.deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(IActs.ActExpired.selector, order.deadline));
        by(KEEPER);
        receipts.release(IWarehouseReceipts.ReleaseParams(GOODS, 1), order);
    }

    function test_release__suspendedAndPaused__stillOpen() public {
        store();
        suspend(KEEPER);
        suspend(DISTRIBUTOR);
        participants.pause(IParticipants.PauseParams(type(uint256).max));
        Auth memory order = ordered(GOODS, 200, DISTRIBUTOR);
        vm.expectEmit(true, true, true, true, address(receipts));
        emit IWarehouseReceipts.GoodsReleased(GOODS, 200);
        by(KEEPER);
        receipts.release(IWarehouseReceipts.ReleaseParams(GOODS, 200), order);
        eq(_receipt().released, 200, "released");
        eq(_receipt().free, STOCK - 200, "free");
        eq(_receipt().missing, 0, "missing");
    }
}
