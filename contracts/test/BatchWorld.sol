// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth} from "../src/interfaces/IActs.sol";
import {IReceivables} from "../src/interfaces/IReceivables.sol";
import {World} from "./World.sol";

/// @notice What batches are made of: invoices, confirmations, payments and pledges over one delivered order.
abstract contract BatchWorld is World {
    string internal constant ATTEST =
        "AttestBatch(AttestItem[] items,uint256 nonce,uint256 deadline)AttestItem(bytes32 id,bytes32 orderId,bytes32 documentRoot,bytes32 trail)";

    function setUp() public virtual override {
        super.setUp();
        deliver(ORDER, FACE);
    }

    function _invoices(uint256 n) internal pure returns (IReceivables.IssueParams[] memory items) {
        items = new IReceivables.IssueParams[](n);
        for (uint256 i = 0; i < n; ++i) {
            items[i] = invoice(bytes32(i + 1), FACE / 100);
        }
    }

    function _attested(IReceivables.IssueParams[] memory items) internal returns (Auth memory) {
        bytes32[] memory hashes = new bytes32[](items.length);
        bytes32 kind = keccak256("AttestItem(bytes32 id,bytes32 orderId,bytes32 documentRoot,bytes32 trail)");
        for (uint256 i = 0; i < items.length; ++i) {
            IReceivables.IssueParams memory p = items[i];
            hashes[i] = keccak256(abi.encode(kind, p.id, p.orderId, p.documentRoot, orders.trailOf(p.orderId)));
        }
        return sign(REGISTRAR, receivables, ATTEST, abi.encode(keccak256(abi.encodePacked(hashes))));
    }

    function _issueAll(uint256 n) internal returns (uint256) {
        IReceivables.IssueParams[] memory items = _invoices(n);
        Auth memory registrar = _attested(items);
        by(SELLER);
        return receivables.issueBatch(items, registrar);
    }

    function _confirmations(uint256 n) internal view returns (IReceivables.ConfirmParams[] memory items) {
        items = new IReceivables.ConfirmParams[](n);
        for (uint256 i = 0; i < n; ++i) {
            items[i] = confirmation(bytes32(i + 1), FACE / 100);
        }
    }
}
