// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth} from "../src/interfaces/IActs.sol";
import {IPledges} from "../src/interfaces/IPledges.sol";
import {IReceivables} from "../src/interfaces/IReceivables.sol";
import {World} from "./World.sol";

/// @notice What others sign for a batch: the registrar over its invoices, the pledgor over its pledges.
abstract contract Batching is World {
    string internal constant ATTEST_ITEM =
        "AttestItem(bytes32 id,bytes32 orderId,bytes32 documentRoot,uint64 face,uint32 dueDay,bytes32 trail)";
    string internal constant PLEDGE_MEMBERS =
        "Item(bytes32 pledgeId,uint8 assetKind,bytes32 assetId,uint64 amount,uint32 lender,bytes32 loanRef,bytes32 decisionHash,uint64 expiresAt)";

    /// @dev As the orders' goods stand now.
    function trailsOf(IReceivables.IssueParams[] memory items) internal view returns (bytes32[] memory trails) {
        trails = new bytes32[](items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            trails[i] = orders.trailOf(items[i].orderId);
        }
    }

    function attestAll(IReceivables.IssueParams[] memory items) internal returns (Auth memory) {
        bytes32[] memory trails = trailsOf(items);
        bytes32[] memory hashes = new bytes32[](items.length);
        bytes32 kind = keccak256(bytes(ATTEST_ITEM));
        for (uint256 i = 0; i < items.length; ++i) {
            hashes[i] = keccak256(abi.encode(kind, items[i], trails[i]));
        }
        string memory batch =
            string.concat("AttestBatch(AttestItem[] items,uint256 nonce,uint256 deadline)", ATTEST_ITEM);
        return sign(REGISTRAR, receivables, batch, abi.encode(keccak256(abi.encodePacked(hashes))));
    }

    /// @param item Type of an item: the lender's or the pledgor's, who sign the same members under different names.
    function hashAll(string memory item, IPledges.PledgeParams[] memory items) internal pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            hashes[i] = keccak256(abi.encode(keccak256(bytes(item)), items[i]));
        }
        return keccak256(abi.encodePacked(hashes));
    }

    function grantAll(IPledges.PledgeParams[] memory items, uint256 pk) internal returns (Auth memory) {
        string memory item = string.concat("Grant", PLEDGE_MEMBERS);
        string memory batch = string.concat("GrantBatch(GrantItem[] items,uint256 nonce,uint256 deadline)", item);
        return sign(pk, pledges, batch, abi.encode(hashAll(item, items)));
    }
}
