// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActs} from "../../src/interfaces/IActs.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {IWarehouseReceipts} from "../../src/interfaces/IWarehouseReceipts.sol";
import {Kinds} from "../../src/libraries/Kinds.sol";
import {Roles} from "../../src/libraries/Roles.sol";
import {StoredWorld} from "./StoredWorld.sol";

/// @notice Issue of a receipt: by a keeper, to an admitted owner, once.
contract ReceiptsIssueTest is StoredWorld {
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

    function test_issue__suspendedKeeperOrOwner__refused() public {
        suspend(DISTRIBUTOR);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.PartySuspended.selector, partyOf[DISTRIBUTOR]));
        store();
        suspend(KEEPER);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.PartySuspended.selector, partyOf[KEEPER]));
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

    function test_issue__keepersOwnGoods__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IActs.SelfAttested.selector, partyOf[KEEPER]));
        by(KEEPER);
        receipts.issue(IWarehouseReceipts.IssueParams(GOODS, partyOf[KEEPER], ROOT, STOCK));
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
}
