// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth, IActs} from "../src/interfaces/IActs.sol";
import {IPledges} from "../src/interfaces/IPledges.sol";
import {IReceivables} from "../src/interfaces/IReceivables.sol";
import {BatchWorld} from "./BatchWorld.sol";

/// @notice A signed batch that is relayed before its time is refused as a whole, and good when its time has come. Sent by the
/// party itself, it names each refusal.
contract NothingDoneTest is BatchWorld {
    string private constant TAIL = "uint256 nonce,uint256 deadline)";

    function _refused() private {
        vm.expectRevert(abi.encodeWithSelector(IActs.NothingDone.selector));
    }

    function _batch(uint256 pk, IActs where, string memory name, string memory members, bytes[] memory items)
        private
        returns (Auth memory)
    {
        string memory item = string.concat(name, "Item(", members, ")");
        bytes32[] memory hashes = new bytes32[](items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            hashes[i] = keccak256(abi.encodePacked(keccak256(bytes(item)), items[i]));
        }
        string memory kind = string.concat(name, "Batch(", name, "Item[] items,", TAIL, item);
        return sign(pk, where, kind, abi.encode(keccak256(abi.encodePacked(hashes))));
    }

    function _one(bytes memory item) private pure returns (bytes[] memory items) {
        items = new bytes[](1);
        items[0] = item;
    }

    function test_issueBatchBySig__nothingOfIt__refused() public {
        IReceivables.IssueParams[] memory items = _invoices(1);
        items[0].orderId = "no order";
        Auth memory registrar = attestAll(items);
        string memory members = "bytes32 id,bytes32 orderId,bytes32 documentRoot,uint64 face,uint32 dueDay";
        Auth memory auth = _batch(SELLER, receivables, "Issue", members, _one(abi.encode(items[0])));
        bytes32[] memory trails = trailsOf(items);
        _refused();
        receivables.issueBatchBySig(items, trails, registrar, auth);
        isTrue(!receivables.nonceUsed(auth.signer, auth.nonce), "the nonce is left");
    }

    function test_confirmBatchBySig__beforeTheIssue__refusedAndGoodLater() public {
        IReceivables.ConfirmParams[] memory items = _confirmations(1);
        string memory members =
            "bytes32 id,bytes32 orderId,uint32 seller,bytes32 documentRoot,uint64 face,uint32 dueDay";
        Auth memory auth = _batch(BUYER, receivables, "Confirm", members, _one(abi.encode(items[0])));
        _refused();
        receivables.confirmBatchBySig(items, auth);
        _issueAll(1);
        eq(receivables.confirmBatchBySig(items, auth), 1, "its time has come");
    }

    function test_settleBatchBySig__beforeTheConfirmation__refusedAndGoodLater() public {
        _issueAll(1);
        IReceivables.SettleParams[] memory items = new IReceivables.SettleParams[](1);
        items[0] = IReceivables.SettleParams(bytes32(uint256(1)), 0, FACE / 100, "ref", partyOf[SELLER]);
        string memory members = "bytes32 id,bytes32 pledgeId,uint64 amount,bytes32 bankRef,uint32 payee";
        Auth memory auth = _batch(BANK, receivables, "Settle", members, _one(abi.encode(items[0])));
        _refused();
        receivables.settleBatchBySig(items, auth);
        by(BUYER);
        receivables.confirmBatch(_confirmations(1));
        eq(receivables.settleBatchBySig(items, auth), 1, "its time has come");
    }

    function test_pledgeAndReleaseBatchBySig__beforeTheirTime__refusedAndGoodLater() public {
        bytes32 asset = bytes32(uint256(1));
        _issueAll(1);
        IPledges.PledgeParams[] memory items = new IPledges.PledgeParams[](1);
        items[0] = offer(over(asset, "pledge"), RECEIVABLE, asset, 1_000);
        bytes32[] memory numbers = new bytes32[](1);
        numbers[0] = "number";
        Auth memory granted = grantAll(items, SELLER);
        string memory item = string.concat("Pledge", PLEDGE_MEMBERS);
        string memory kind = string.concat("PledgeBatch(PledgeItem[] items,bytes32[] registryNos,", TAIL, item);
        bytes memory members = abi.encode(hashAll(item, items), keccak256(abi.encodePacked(numbers)));
        Auth memory auth = sign(LENDER, pledges, kind, members);
        IPledges.ReleaseParams[] memory releases = new IPledges.ReleaseParams[](1);
        releases[0] = IPledges.ReleaseParams(items[0].pledgeId, asset, 1_000, 0, 0);
        string memory ends = "bytes32 pledgeId,bytes32 assetId,uint64 amount,uint64 keep,bytes32 valuation";
        Auth memory released = _batch(LENDER, pledges, "Release", ends, _one(abi.encode(releases[0])));
        _refused();
        pledges.releaseBatchBySig(releases, released);
        _refused();
        pledges.pledgeBatchBySig(items, granted, numbers, auth);
        by(BUYER);
        receivables.confirmBatch(_confirmations(1));
        eq(pledges.pledgeBatchBySig(items, granted, numbers, auth), 1, "its time has come");
        eq(pledges.releaseBatchBySig(releases, released), 1, "and to end");
    }
}
