// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActs} from "../../src/interfaces/IActs.sol";
import {IAsset} from "../../src/interfaces/IAsset.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {IWarehouseReceipts} from "../../src/interfaces/IWarehouseReceipts.sol";
import {Kinds} from "../../src/libraries/Kinds.sol";
import {StoredWorld} from "./StoredWorld.sol";

/// @notice Transfer of goods: by their owner, free of pledges.
contract ReceiptsTransferTest is StoredWorld {
    function _transfer(uint256 pk, uint256 to) private {
        by(pk);
        receipts.transfer(IWarehouseReceipts.TransferParams(GOODS, partyOf[to]));
    }

    function test_transfer__notTheOwner__refused() public {
        store();
        vm.expectRevert(abi.encodeWithSelector(IWarehouseReceipts.NotOwner.selector, GOODS, partyOf[KEEPER]));
        _transfer(KEEPER, SELLER);
    }

    function test_transfer__unknown__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IWarehouseReceipts.ReceiptUnknown.selector, GOODS));
        _transfer(DISTRIBUTOR, SELLER);
    }

    function test_transfer__paused__refused() public {
        store();
        pause(Kinds.TRANSFER);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.ActPaused.selector, Kinds.TRANSFER));
        _transfer(DISTRIBUTOR, SELLER);
    }

    function test_transfer__suspendedRecipientOrOwner__refused() public {
        store();
        suspend(SELLER);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.PartySuspended.selector, partyOf[SELLER]));
        _transfer(DISTRIBUTOR, SELLER);
        suspend(DISTRIBUTOR);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.PartySuspended.selector, partyOf[DISTRIBUTOR]));
        _transfer(DISTRIBUTOR, SELLER);
    }

    function test_transfer__toItself__refused() public {
        store();
        vm.expectRevert(abi.encodeWithSelector(IWarehouseReceipts.TransferToSelf.selector, partyOf[DISTRIBUTOR]));
        _transfer(DISTRIBUTOR, DISTRIBUTOR);
    }

    function test_transfer__toNobody__refused() public {
        store();
        vm.expectRevert(abi.encodeWithSelector(IParticipants.PartyUnknown.selector, 0));
        _transfer(DISTRIBUTOR, STRANGER);
    }

    function test_transfer__toItsKeeper__refused() public {
        store();
        vm.expectRevert(abi.encodeWithSelector(IActs.SelfAttested.selector, partyOf[KEEPER]));
        _transfer(DISTRIBUTOR, KEEPER);
    }

    function test_transfer__nothingLeft__refused() public {
        store();
        _release(KEEPER, STOCK);
        vm.expectRevert(abi.encodeWithSelector(IAsset.NothingLeft.selector, GOODS));
        _transfer(DISTRIBUTOR, SELLER);
    }

    function test_transfer__partPledged__refused() public {
        goodsPledged();
        vm.expectRevert(abi.encodeWithSelector(IWarehouseReceipts.PledgedPart.selector, GOODS, LOCKED));
        _transfer(DISTRIBUTOR, SELLER);
    }

    function test_transfer__good__newOwner() public {
        store();
        vm.expectEmit(true, true, true, true, address(receipts));
        emit IWarehouseReceipts.Transferred(GOODS, partyOf[DISTRIBUTOR], partyOf[SELLER]);
        _transfer(DISTRIBUTOR, SELLER);
        eq(_receipt().owner, partyOf[SELLER], "owner");
    }
}
