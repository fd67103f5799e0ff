// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActs} from "../src/interfaces/IActs.sol";
import {IAsset} from "../src/interfaces/IAsset.sol";
import {IParticipants} from "../src/interfaces/IParticipants.sol";
import {IPledges} from "../src/interfaces/IPledges.sol";
import {IWarehouseReceipts} from "../src/interfaces/IWarehouseReceipts.sol";
import {Kinds} from "../src/libraries/Kinds.sol";
import {Roles} from "../src/libraries/Roles.sol";
import {World} from "./World.sol";

contract WarehouseReceiptsTest is World {
    uint64 private constant LOCKED = STOCK * 3 / 5;

    function _release(uint256 pk, uint64 quantity) private {
        by(pk);
        receipts.release(IWarehouseReceipts.ReleaseParams(GOODS, quantity));
    }

    function _transfer(uint256 pk, uint256 to) private {
        by(pk);
        receipts.transfer(IWarehouseReceipts.TransferParams(GOODS, partyOf[to]));
    }

    function _receipt() private view returns (IWarehouseReceipts.Receipt memory) {
        return receipts.receipt(GOODS);
    }

    function test_issue__notAKeeper__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IActs.RoleMissing.selector, partyOf[SELLER], Roles.KEEPER));
        by(SELLER);
        receipts.issue(IWarehouseReceipts.IssueParams(GOODS, partyOf[DISTRIBUTOR], ROOT, STOCK));
    }

    function test_issue__paused__refused() public {
        pause(Kinds.RECEIPT);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.ActPaused.selector, Kinds.RECEIPT));
        store();
    }

    function test_issue__sameIdAgain__refused() public {
        store();
        vm.expectRevert(abi.encodeWithSelector(IWarehouseReceipts.ReceiptExists.selector, GOODS));
        store();
    }

    function test_issue__nothing__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IActs.AmountZero.selector));
        by(KEEPER);
        receipts.issue(IWarehouseReceipts.IssueParams(GOODS, partyOf[DISTRIBUTOR], ROOT, 0));
    }

    function test_issue__unknownOwner__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IParticipants.PartyUnknown.selector, 99));
        by(KEEPER);
        receipts.issue(IWarehouseReceipts.IssueParams(GOODS, 99, ROOT, STOCK));
    }

    function test_issue__good__storedAndTold() public {
        vm.expectEmit(true, true, true, true, address(receipts));
        emit IWarehouseReceipts.Issued(GOODS, partyOf[DISTRIBUTOR], partyOf[KEEPER], ROOT, STOCK);
        store();
        IWarehouseReceipts.Receipt memory r = _receipt();
        eq(r.owner, partyOf[DISTRIBUTOR], "owner");
        eq(r.keeper, partyOf[KEEPER], "keeper");
        eq(r.issued, STOCK, "issued");
        eq(r.free, STOCK, "free");
        eq32(r.documentTag, bytes24(keccak256(abi.encode(ROOT))), "tag");
        isTrue(!r.part, "no part");
        eq(receipts.holderOf(GOODS), partyOf[DISTRIBUTOR], "holderOf");
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

    function testFuzz_goods__anyActs__conserved(uint64[6] calldata amounts) public {
        goodsPledged();
        for (uint256 i = 0; i < 6; ++i) {
            uint64 amount = uint64(bound(amounts[i], 1, STOCK));
            bytes32[] memory ids = amount > _receipt().free ? named(PLEDGE) : new bytes32[](0);
            by(i % 3 == 1 ? LENDER : KEEPER);
            if (i % 3 == 0) try receipts.release(IWarehouseReceipts.ReleaseParams(GOODS, amount)) {} catch {}
            if (i % 3 == 1) try pledges.release(IPledges.ReleaseParams(PLEDGE, GOODS, amount)) {} catch {}
            if (i % 3 == 2) {
                try receipts.recount(IWarehouseReceipts.RecountParams(GOODS, ROOT, amount, ids)) {} catch {}
            }
            IWarehouseReceipts.Receipt memory r = _receipt();
            eq(uint256(r.free) + r.pledged + r.released + r.liquidated + r.missing, STOCK, "conserved");
            eq(pledges.pledgeOf(PLEDGE).amount, r.pledged, "the pledge is what is pledged");
        }
    }
}
