// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth, IActs} from "../../src/interfaces/IActs.sol";
import {IOrders} from "../../src/interfaces/IOrders.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {IReceivables} from "../../src/interfaces/IReceivables.sol";
import {Kinds} from "../../src/libraries/Kinds.sol";
import {BatchWorld} from "../BatchWorld.sol";

/// @notice Batches of issues: what is refused as a whole, what as an item, and that the rest is done.
contract ReceivablesIssueBatchTest is BatchWorld {
    string private constant ISSUE =
        "IssueBatch(IssueItem[] items,uint256 nonce,uint256 deadline)IssueItem(bytes32 id,bytes32 orderId,bytes32 documentRoot,uint64 face,uint32 dueDay)";
    string private constant ISSUE_ITEM =
        "IssueItem(bytes32 id,bytes32 orderId,bytes32 documentRoot,uint64 face,uint32 dueDay)";

    function test_issueBatch__noneOrAboveHundred__refused() public {
        IReceivables.IssueParams[] memory none = _invoices(0);
        Auth memory registrar = attestAll(none);
        bytes32[] memory trails = trailsOf(none);
        vm.expectRevert(abi.encodeWithSelector(IActs.BatchInvalid.selector, 0));
        by(SELLER);
        receivables.issueBatch(none, trails, registrar);
        IReceivables.IssueParams[] memory many = _invoices(101);
        registrar = attestAll(many);
        trails = trailsOf(many);
        vm.expectRevert(abi.encodeWithSelector(IActs.BatchInvalid.selector, 101));
        by(SELLER);
        receivables.issueBatch(many, trails, registrar);
    }

    function test_issueBatch__attestedInAnotherOrder__refused() public {
        IReceivables.IssueParams[] memory items = _invoices(2);
        Auth memory registrar = attestAll(items);
        bytes32[] memory trails = trailsOf(items);
        (items[0], items[1]) = (items[1], items[0]);
        vm.expectRevert(abi.encodeWithSelector(IActs.ActSignatureInvalid.selector, vm.addr(REGISTRAR)));
        by(SELLER);
        receivables.issueBatch(items, trails, registrar);
    }

    function test_issueBatch__otherTrailsThanAttested__refused() public {
        IReceivables.IssueParams[] memory items = _invoices(2);
        Auth memory registrar = attestAll(items);
        bytes32[] memory trails = trailsOf(items);
        trails[1] = "another";
        vm.expectRevert(abi.encodeWithSelector(IActs.ActSignatureInvalid.selector, vm.addr(REGISTRAR)));
        by(SELLER);
        receivables.issueBatch(items, trails, registrar);
        vm.expectRevert(abi.encodeWithSelector(IActs.BatchInvalid.selector, 1));
        by(SELLER);
        receivables.issueBatch(items, new bytes32[](1), registrar);
    }

    function test_issueBatch__otherFaceOrDayThanAttested__refused() public {
        IReceivables.IssueParams[] memory items = _invoices(2);
        Auth memory registrar = attestAll(items);
        bytes32[] memory trails = trailsOf(items);
        items[1].face += 1;
        vm.expectRevert(abi.encodeWithSelector(IActs.ActSignatureInvalid.selector, vm.addr(REGISTRAR)));
        by(SELLER);
        receivables.issueBatch(items, trails, registrar);
        items[1].face -= 1;
        items[1].dueDay -= 1;
        vm.expectRevert(abi.encodeWithSelector(IActs.ActSignatureInvalid.selector, vm.addr(REGISTRAR)));
        by(SELLER);
        receivables.issueBatch(items, trails, registrar);
    }

    function test_issueBatch__goodsMovedOnSince__thatOneIsNamedTheRestDone() public {
        deliver("order 2", FACE);
        IReceivables.IssueParams[] memory items = _invoices(2);
        items[0].orderId = "order 2";
        Auth memory registrar = attestAll(items);
        bytes32[] memory trails = trailsOf(items);
        by(BUYER);
        orders.amend(IOrders.AmendParams("order 2", "root 2", FACE + 1));
        bytes32 now_ = orders.trailOf("order 2");
        vm.expectEmit(true, true, true, true, address(receivables));
        emit IReceivables.ItemRefused(
            0, items[0].id, abi.encodeWithSelector(IOrders.OrderChanged.selector, bytes32("order 2"), now_)
        );
        by(SELLER);
        eq(receivables.issueBatch(items, trails, registrar), 1, "done");
        eq(orders.order("order 2").invoiced, 0, "nothing of the moved one is left behind");
        eq(orders.order(ORDER).invoiced, items[1].face, "the other one is issued");
    }

    function test_issueBatch__paused__refused() public {
        pause(Kinds.ISSUE);
        IReceivables.IssueParams[] memory items = _invoices(2);
        Auth memory registrar = attestAll(items);
        bytes32[] memory trails = trailsOf(items);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.ActPaused.selector, Kinds.ISSUE));
        by(SELLER);
        receivables.issueBatch(items, trails, registrar);
    }

    function test_issueBatch__oneTwice__thatOneIsNamedTheRestDone() public {
        IReceivables.IssueParams[] memory items = _invoices(3);
        items[2].id = items[0].id;
        Auth memory registrar = attestAll(items);
        bytes32[] memory trails = trailsOf(items);
        vm.expectEmit(true, true, true, true, address(receivables));
        emit IReceivables.ItemRefused(
            2, items[0].id, abi.encodeWithSelector(IReceivables.ReceivableExists.selector, items[0].id)
        );
        by(SELLER);
        eq(receivables.issueBatch(items, trails, registrar), 2, "done");
        eq(orders.order(ORDER).invoiced, FACE / 100 * 2, "the refused one left nothing behind");
    }

    function test_issueBatch__tooLittleGas__refusedAsAWhole() public {
        IReceivables.IssueParams[] memory items = _invoices(3);
        Auth memory registrar = attestAll(items);
        bytes32[] memory trails = trailsOf(items);
        bytes memory call = abi.encodeCall(IReceivables.issueBatch, (items, trails, registrar));
        bool seen;
        for (uint256 gasLimit = 60_000; gasLimit < 400_000; gasLimit += 5_000) {
            by(SELLER);
            (bool ok, bytes memory result) = address(receivables).call{gas: gasLimit}(call);
            if (ok) {
                eq(abi.decode(result, (uint256)), 3, "all or nothing, never some for want of gas");
                isTrue(seen, "BatchOutOfGas was seen");
                return;
            }
            if (result.length > 4 && bytes4(result) == IActs.BatchOutOfGas.selector) seen = true;
        }
        isTrue(false, "never enough gas");
    }

    function test_issueBatch__refusedItemOfAnotherOrder__itsTrailIsAttestedToo() public {
        deliver("order 2", FACE);
        IReceivables.IssueParams[] memory items = _invoices(3);
        (items[1].orderId, items[1].face) = ("order 2", FACE + 1);
        items[2].orderId = "no order";
        Auth memory registrar = attestAll(items);
        bytes32[] memory trails = trailsOf(items);
        vm.expectEmit(true, true, true, true, address(receivables));
        emit IReceivables.ItemRefused(
            1,
            items[1].id,
            abi.encodeWithSelector(IOrders.InvoiceExceedsReceived.selector, bytes32("order 2"), FACE + 1, FACE)
        );
        by(SELLER);
        eq(receivables.issueBatch(items, trails, registrar), 1, "done");
    }

    function test_issueBatchBySig__good__done() public {
        IReceivables.IssueParams[] memory items = _invoices(3);
        Auth memory registrar = attestAll(items);
        bytes32[] memory trails = trailsOf(items);
        bytes32[] memory hashes = new bytes32[](3);
        for (uint256 i = 0; i < 3; ++i) {
            hashes[i] = keccak256(abi.encode(keccak256(bytes(ISSUE_ITEM)), items[i]));
        }
        Auth memory auth = sign(SELLER, receivables, ISSUE, abi.encode(keccak256(abi.encodePacked(hashes))));
        eq(receivables.issueBatchBySig(items, trails, registrar, auth), 3, "done");
        vm.expectRevert(abi.encodeWithSelector(IActs.ActReplayed.selector, auth.signer, auth.nonce));
        receivables.issueBatchBySig(items, trails, registrar, auth);
    }
}
