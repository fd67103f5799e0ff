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
        vm.expectRevert(abi.encodeWithSelector(IActs.BatchInvalid.selector, 0));
        by(SELLER);
        receivables.issueBatch(none, registrar);
        IReceivables.IssueParams[] memory many = _invoices(101);
        registrar = attestAll(many);
        vm.expectRevert(abi.encodeWithSelector(IActs.BatchInvalid.selector, 101));
        by(SELLER);
        receivables.issueBatch(many, registrar);
    }

    function test_issueBatch__attestedInAnotherOrder__refused() public {
        IReceivables.IssueParams[] memory items = _invoices(2);
        Auth memory registrar = attestAll(items);
        (items[0], items[1]) = (items[1], items[0]);
        vm.expectRevert(abi.encodeWithSelector(IActs.ActSignatureInvalid.selector, vm.addr(REGISTRAR)));
        by(SELLER);
        receivables.issueBatch(items, registrar);
    }

    function test_issueBatch__goodsMovedOnSince__refusedAsAWhole() public {
        deliver("order 2", FACE);
        IReceivables.IssueParams[] memory items = _invoices(2);
        items[1].orderId = "order 2";
        Auth memory registrar = attestAll(items);
        by(BUYER);
        orders.amend(IOrders.AmendParams("order 2", "root 2", FACE + 1));
        vm.expectRevert(abi.encodeWithSelector(IActs.ActSignatureInvalid.selector, vm.addr(REGISTRAR)));
        by(SELLER);
        receivables.issueBatch(items, registrar);
        eq(orders.order(ORDER).invoiced, 0, "nothing was issued");
    }

    function test_issueBatch__paused__refused() public {
        pause(Kinds.ISSUE);
        IReceivables.IssueParams[] memory items = _invoices(2);
        Auth memory registrar = attestAll(items);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.ActPaused.selector, Kinds.ISSUE));
        by(SELLER);
        receivables.issueBatch(items, registrar);
    }

    function test_issueBatch__oneTwice__thatOneIsNamedTheRestDone() public {
        IReceivables.IssueParams[] memory items = _invoices(3);
        items[2].id = items[0].id;
        Auth memory registrar = attestAll(items);
        vm.expectEmit(true, true, true, true, address(receivables));
        emit IReceivables.ItemRefused(
            2, items[0].id, abi.encodeWithSelector(IReceivables.ReceivableExists.selector, items[0].id)
        );
        by(SELLER);
        eq(receivables.issueBatch(items, registrar), 2, "done");
        eq(orders.order(ORDER).invoiced, FACE / 100 * 2, "the refused one left nothing behind");
    }

    function test_issueBatch__tooLittleGas__refusedAsAWhole() public {
        IReceivables.IssueParams[] memory items = _invoices(3);
        Auth memory registrar = attestAll(items);
        bytes memory call = abi.encodeCall(IReceivables.issueBatch, (items, registrar));
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
        vm.expectEmit(true, true, true, true, address(receivables));
        emit IReceivables.ItemRefused(
            1,
            items[1].id,
            abi.encodeWithSelector(IOrders.InvoiceExceedsReceived.selector, bytes32("order 2"), FACE + 1, FACE)
        );
        by(SELLER);
        eq(receivables.issueBatch(items, registrar), 1, "done");
    }

    function test_issueBatchBySig__good__done() public {
        IReceivables.IssueParams[] memory items = _invoices(3);
        Auth memory registrar = attestAll(items);
        bytes32[] memory hashes = new bytes32[](3);
        for (uint256 i = 0; i < 3; ++i) {
            hashes[i] = keccak256(abi.encode(keccak256(bytes(ISSUE_ITEM)), items[i]));
        }
        Auth memory auth = sign(SELLER, receivables, ISSUE, abi.encode(keccak256(abi.encodePacked(hashes))));
        eq(receivables.issueBatchBySig(items, registrar, auth), 3, "done");
        vm.expectRevert(abi.encodeWithSelector(IActs.ActReplayed.selector, auth.signer, auth.nonce));
        receivables.issueBatchBySig(items, registrar, auth);
    }
}
