// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth, IActs} from "../src/interfaces/IActs.sol";
import {IOrders} from "../src/interfaces/IOrders.sol";
import {IParticipants} from "../src/interfaces/IParticipants.sol";
import {IPledges} from "../src/interfaces/IPledges.sol";
import {IReceivables} from "../src/interfaces/IReceivables.sol";
import {Kinds} from "../src/libraries/Kinds.sol";
import {Roles} from "../src/libraries/Roles.sol";
import {World} from "./World.sol";

/// @notice Batches: what is refused as a whole, what as an item, and that the rest is done.
contract BatchesTest is World {
    string private constant ATTEST =
        "AttestBatch(AttestItem[] items,uint256 nonce,uint256 deadline)AttestItem(bytes32 id,bytes32 orderId,bytes32 documentRoot,bytes32 trail)";
    string private constant ISSUE =
        "IssueBatch(IssueItem[] items,uint256 nonce,uint256 deadline)IssueItem(bytes32 id,bytes32 orderId,bytes32 documentRoot,uint64 face,uint32 dueDay)";
    string private constant ISSUE_ITEM =
        "IssueItem(bytes32 id,bytes32 orderId,bytes32 documentRoot,uint64 face,uint32 dueDay)";
    string private constant CONFIRM =
        "ConfirmBatch(ConfirmItem[] items,uint256 nonce,uint256 deadline)ConfirmItem(bytes32 id,bytes32 orderId,uint32 seller,bytes32 documentRoot,uint64 face,uint32 dueDay)";
    string private constant SETTLE =
        "SettleBatch(SettleItem[] items,uint256 nonce,uint256 deadline)SettleItem(bytes32 id,bytes32 pledgeId,uint64 amount,bytes32 bankRef,uint32 payee)";
    string private constant PLEDGE_MEMBERS =
        "Item(bytes32 pledgeId,uint8 assetKind,bytes32 assetId,uint64 amount,uint32 lender,bytes32 loanRef,bytes32 decisionHash,uint64 expiresAt)";
    string private constant RELEASE =
        "ReleaseBatch(ReleaseItem[] items,uint256 nonce,uint256 deadline)ReleaseItem(bytes32 pledgeId,bytes32 assetId,uint64 amount)";

    function setUp() public override {
        super.setUp();
        deliver(ORDER, FACE);
    }

    function _invoices(uint256 n) private pure returns (IReceivables.IssueParams[] memory items) {
        items = new IReceivables.IssueParams[](n);
        for (uint256 i = 0; i < n; ++i) {
            items[i] = invoice(bytes32(i + 1), FACE / 100);
        }
    }

    function _attested(IReceivables.IssueParams[] memory items) private returns (Auth memory) {
        bytes32[] memory hashes = new bytes32[](items.length);
        bytes32 kind = keccak256("AttestItem(bytes32 id,bytes32 orderId,bytes32 documentRoot,bytes32 trail)");
        for (uint256 i = 0; i < items.length; ++i) {
            IReceivables.IssueParams memory p = items[i];
            hashes[i] = keccak256(abi.encode(kind, p.id, p.orderId, p.documentRoot, orders.trailOf(p.orderId)));
        }
        return sign(REGISTRAR, receivables, ATTEST, abi.encode(keccak256(abi.encodePacked(hashes))));
    }

    function _issueAll(uint256 n) private returns (uint256) {
        IReceivables.IssueParams[] memory items = _invoices(n);
        Auth memory registrar = _attested(items);
        by(SELLER);
        return receivables.issueBatch(items, registrar);
    }

    function _confirmations(uint256 n) private view returns (IReceivables.ConfirmParams[] memory items) {
        items = new IReceivables.ConfirmParams[](n);
        for (uint256 i = 0; i < n; ++i) {
            items[i] = confirmation(bytes32(i + 1), FACE / 100);
        }
    }

    function _offers(uint256 n) private view returns (IPledges.PledgeParams[] memory items, bytes32[] memory numbers) {
        items = new IPledges.PledgeParams[](n);
        numbers = new bytes32[](n);
        for (uint256 i = 0; i < n; ++i) {
            items[i] = offer(bytes32(0x1000 + i), RECEIVABLE, bytes32(i + 1), 1_000);
            numbers[i] = bytes32(0x2000 + i);
        }
    }

    function _hash(string memory itemType, IPledges.PledgeParams[] memory items) private pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            hashes[i] = keccak256(abi.encode(keccak256(bytes(itemType)), items[i]));
        }
        return keccak256(abi.encodePacked(hashes));
    }

    function _granted(IPledges.PledgeParams[] memory items) private returns (Auth memory) {
        string memory item = string.concat("Grant", PLEDGE_MEMBERS);
        string memory kind = string.concat("GrantBatch(GrantItem[] items,uint256 nonce,uint256 deadline)", item);
        return sign(SELLER, pledges, kind, abi.encode(_hash(item, items)));
    }

    function test_issueBatch__noneOrAboveHundred__refused() public {
        IReceivables.IssueParams[] memory none = _invoices(0);
        Auth memory registrar = _attested(none);
        vm.expectRevert(abi.encodeWithSelector(IActs.BatchInvalid.selector, 0));
        by(SELLER);
        receivables.issueBatch(none, registrar);
        IReceivables.IssueParams[] memory many = _invoices(101);
        registrar = _attested(many);
        vm.expectRevert(abi.encodeWithSelector(IActs.BatchInvalid.selector, 101));
        by(SELLER);
        receivables.issueBatch(many, registrar);
    }

    function test_issueBatch__attestedInAnotherOrder__refused() public {
        IReceivables.IssueParams[] memory items = _invoices(2);
        Auth memory registrar = _attested(items);
        (items[0], items[1]) = (items[1], items[0]);
        vm.expectRevert(abi.encodeWithSelector(IActs.ActSignatureInvalid.selector, vm.addr(REGISTRAR)));
        by(SELLER);
        receivables.issueBatch(items, registrar);
    }

    function test_issueBatch__goodsMovedOnSince__refusedAsAWhole() public {
        deliver("order 2", FACE);
        IReceivables.IssueParams[] memory items = _invoices(2);
        items[1].orderId = "order 2";
        Auth memory registrar = _attested(items);
        by(BUYER);
        orders.amend(IOrders.AmendParams("order 2", "root 2", FACE + 1));
        vm.expectRevert(abi.encodeWithSelector(IActs.ActSignatureInvalid.selector, vm.addr(REGISTRAR)));
        by(SELLER);
        receivables.issueBatch(items, registrar);
        eq(orders.order(ORDER).invoiced, 0, "nothing was issued");
    }

    function test_issueBatch__refusedItemOfAnotherOrder__itsTrailIsAttestedToo() public {
        deliver("order 2", FACE);
        IReceivables.IssueParams[] memory items = _invoices(3);
        (items[1].orderId, items[1].face) = ("order 2", FACE + 1);
        items[2].orderId = "no order";
        Auth memory registrar = _attested(items);
        vm.expectEmit(true, true, true, true, address(receivables));
        emit IReceivables.ItemRefused(
            1,
            items[1].id,
            abi.encodeWithSelector(IOrders.InvoiceExceedsReceived.selector, bytes32("order 2"), FACE + 1, FACE)
        );
        by(SELLER);
        eq(receivables.issueBatch(items, registrar), 1, "done");
    }

    function test_issueBatch__paused__refused() public {
        pause(Kinds.ISSUE);
        IReceivables.IssueParams[] memory items = _invoices(2);
        Auth memory registrar = _attested(items);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.ActPaused.selector, Kinds.ISSUE));
        by(SELLER);
        receivables.issueBatch(items, registrar);
    }

    function test_issueBatch__oneTwice__thatOneIsNamedTheRestDone() public {
        IReceivables.IssueParams[] memory items = _invoices(3);
        items[2].id = items[0].id;
        Auth memory registrar = _attested(items);
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
        Auth memory registrar = _attested(items);
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

    function test_issueBatchBySig__good__done() public {
        IReceivables.IssueParams[] memory items = _invoices(3);
        Auth memory registrar = _attested(items);
        bytes32[] memory hashes = new bytes32[](3);
        for (uint256 i = 0; i < 3; ++i) {
            hashes[i] = keccak256(abi.encode(keccak256(bytes(ISSUE_ITEM)), items[i]));
        }
        Auth memory auth = sign(SELLER, receivables, ISSUE, abi.encode(keccak256(abi.encodePacked(hashes))));
        eq(receivables.issueBatchBySig(items, registrar, auth), 3, "done");
        vm.expectRevert(abi.encodeWithSelector(IActs.ActReplayed.selector, auth.signer, auth.nonce));
        receivables.issueBatchBySig(items, registrar, auth);
    }

    function test_items__calledByAnybody__refused() public {
        bytes memory reason = abi.encodeWithSelector(IActs.NotSelf.selector, address(this));
        vm.expectRevert(reason);
        receivables.issueItem(invoice(CLAIM, 1), partyOf[SELLER], partyOf[REGISTRAR]);
        vm.expectRevert(reason);
        receivables.confirmItem(confirmation(CLAIM, 1), partyOf[BUYER], 1);
        vm.expectRevert(reason);
        receivables.settleItem(IReceivables.SettleParams(CLAIM, 0, 1, 0, 1), partyOf[BANK]);
        vm.expectRevert(reason);
        pledges.pledgeItem(offer(PLEDGE, 1, CLAIM, 1), partyOf[LENDER], partyOf[SELLER], "no");
        vm.expectRevert(reason);
        pledges.releaseItem(IPledges.ReleaseParams(PLEDGE, CLAIM, 1), partyOf[LENDER]);
    }

    function test_confirmBatch__oneMismatch__thatOneIsNamed() public {
        _issueAll(3);
        IReceivables.ConfirmParams[] memory items = _confirmations(3);
        items[1].face += 1;
        vm.expectEmit(true, true, true, true, address(receivables));
        emit IReceivables.ItemRefused(
            1, items[1].id, abi.encodeWithSelector(IReceivables.ConfirmationMismatch.selector, items[1].id)
        );
        by(BUYER);
        eq(receivables.confirmBatch(items), 2, "done");
    }

    function test_confirmBatch__notTheDebtor__everyItemRefused() public {
        _issueAll(3);
        IReceivables.ConfirmParams[] memory items = _confirmations(3);
        by(SELLER);
        eq(receivables.confirmBatch(items), 0, "none done");
        isTrue(!claim(bytes32(uint256(1))).confirmed, "not confirmed");
    }

    function test_confirmBatchBySig__good__done() public {
        _issueAll(3);
        IReceivables.ConfirmParams[] memory items = _confirmations(3);
        bytes32 kind = keccak256(
            "ConfirmItem(bytes32 id,bytes32 orderId,uint32 seller,bytes32 documentRoot,uint64 face,uint32 dueDay)"
        );
        bytes32[] memory hashes = new bytes32[](3);
        for (uint256 i = 0; i < 3; ++i) {
            hashes[i] = keccak256(abi.encode(kind, items[i]));
        }
        Auth memory auth = sign(BUYER, receivables, CONFIRM, abi.encode(keccak256(abi.encodePacked(hashes))));
        eq(receivables.confirmBatchBySig(items, auth), 3, "done");
    }

    function _payments() private view returns (IReceivables.SettleParams[] memory items) {
        items = new IReceivables.SettleParams[](3);
        for (uint256 i = 0; i < 3; ++i) {
            items[i] = IReceivables.SettleParams(bytes32(i + 1), 0, FACE / 100, bytes32(i), partyOf[SELLER]);
        }
    }

    function test_settleBatch__sameReferenceTwice__thatOneIsNamed() public {
        _issueAll(3);
        by(BUYER);
        receivables.confirmBatch(_confirmations(3));
        IReceivables.SettleParams[] memory items = _payments();
        items[2].bankRef = items[1].bankRef;
        vm.expectEmit(true, true, true, true, address(receivables));
        emit IReceivables.ItemRefused(
            2, items[2].id, abi.encodeWithSelector(IReceivables.BankRefUsed.selector, partyOf[BANK], items[1].bankRef)
        );
        by(BANK);
        eq(receivables.settleBatch(items), 2, "done");
    }

    function test_settleBatch__notABank__refused() public {
        IReceivables.SettleParams[] memory items = _payments();
        vm.expectRevert(abi.encodeWithSelector(IActs.RoleMissing.selector, partyOf[BUYER], Roles.BANK));
        by(BUYER);
        receivables.settleBatch(items);
    }

    function test_settleBatchBySig__good__done() public {
        _issueAll(3);
        by(BUYER);
        receivables.confirmBatch(_confirmations(3));
        IReceivables.SettleParams[] memory items = _payments();
        bytes32 kind = keccak256("SettleItem(bytes32 id,bytes32 pledgeId,uint64 amount,bytes32 bankRef,uint32 payee)");
        bytes32[] memory hashes = new bytes32[](3);
        for (uint256 i = 0; i < 3; ++i) {
            hashes[i] = keccak256(abi.encode(kind, items[i]));
        }
        Auth memory auth = sign(BANK, receivables, SETTLE, abi.encode(keccak256(abi.encodePacked(hashes))));
        eq(receivables.settleBatchBySig(items, auth), 3, "done");
    }

    function test_pledgeBatch__numbersMissing__refused() public {
        (IPledges.PledgeParams[] memory items,) = _offers(3);
        Auth memory granted = _granted(items);
        vm.expectRevert(abi.encodeWithSelector(IPledges.RegistryNosMismatch.selector, 3, 2));
        by(LENDER);
        pledges.pledgeBatch(items, granted, new bytes32[](2));
    }

    function test_pledgeBatch__oneUnconfirmed__thatOneIsNamed() public {
        _issueAll(3);
        IReceivables.ConfirmParams[] memory two = _confirmations(2);
        by(BUYER);
        receivables.confirmBatch(two);
        (IPledges.PledgeParams[] memory items, bytes32[] memory numbers) = _offers(3);
        Auth memory granted = _granted(items);
        vm.expectEmit(true, true, true, true, address(pledges));
        emit IPledges.ItemRefused(
            2,
            items[2].pledgeId,
            abi.encodeWithSelector(
                IReceivables.ReceivableStateWrong.selector, items[2].assetId, IReceivables.ReceivableState.Issued
            )
        );
        by(LENDER);
        eq(pledges.pledgeBatch(items, granted, numbers), 2, "done");
        eq(uint256(pledges.pledgeOf(items[2].pledgeId).state), 0, "the refused one left nothing behind");
    }

    function test_pledgeBatchBySig__good__doneAndReleased() public {
        _issueAll(3);
        by(BUYER);
        receivables.confirmBatch(_confirmations(3));
        (IPledges.PledgeParams[] memory items, bytes32[] memory numbers) = _offers(3);
        Auth memory granted = _granted(items);
        string memory item = string.concat("Pledge", PLEDGE_MEMBERS);
        string memory kind =
            string.concat("PledgeBatch(PledgeItem[] items,bytes32[] registryNos,uint256 nonce,uint256 deadline)", item);
        bytes memory members = abi.encode(_hash(item, items), keccak256(abi.encodePacked(numbers)));
        Auth memory auth = sign(LENDER, pledges, kind, members);
        eq(pledges.pledgeBatchBySig(items, granted, numbers, auth), 3, "pledged");
        _releaseBySig();
        eq(claim(bytes32(uint256(1))).pledged, 0, "released");
    }

    function _releaseBySig() private {
        IPledges.ReleaseParams[] memory items = new IPledges.ReleaseParams[](3);
        bytes32[] memory hashes = new bytes32[](3);
        bytes32 kind = keccak256("ReleaseItem(bytes32 pledgeId,bytes32 assetId,uint64 amount)");
        for (uint256 i = 0; i < 3; ++i) {
            items[i] = IPledges.ReleaseParams(bytes32(0x1000 + i), bytes32(i + 1), 1_000);
            hashes[i] = keccak256(abi.encode(kind, items[i]));
        }
        Auth memory auth = sign(LENDER, pledges, RELEASE, abi.encode(keccak256(abi.encodePacked(hashes))));
        eq(pledges.releaseBatchBySig(items, auth), 3, "released");
    }

    function test_releaseBatch__notTheLender__everyItemRefused() public {
        _issueAll(1);
        by(BUYER);
        receivables.confirmBatch(_confirmations(1));
        take(offer(PLEDGE, RECEIVABLE, bytes32(uint256(1)), 1_000), SELLER, LENDER);
        IPledges.ReleaseParams[] memory items = new IPledges.ReleaseParams[](1);
        items[0] = IPledges.ReleaseParams(PLEDGE, bytes32(uint256(1)), 1_000);
        vm.expectEmit(true, true, true, true, address(pledges));
        emit IPledges.ItemRefused(
            0, PLEDGE, abi.encodeWithSelector(IPledges.NotLender.selector, PLEDGE, partyOf[LENDER2])
        );
        by(LENDER2);
        eq(pledges.releaseBatch(items), 0, "none");
    }
}
