// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth} from "../src/interfaces/IActs.sol";
import {IReceivables} from "../src/interfaces/IReceivables.sol";
import {Batching} from "./Batching.sol";

/// @notice What batches are made of: invoices, confirmations, payments and pledges over one delivered order.
abstract contract BatchWorld is Batching {
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

    function _issueAll(uint256 n) internal returns (uint256) {
        IReceivables.IssueParams[] memory items = _invoices(n);
        Auth memory registrar = attestAll(items);
        bytes32[] memory trails = trailsOf(items);
        by(SELLER);
        return receivables.issueBatch(items, trails, registrar);
    }

    function _confirmations(uint256 n) internal view returns (IReceivables.ConfirmParams[] memory items) {
        items = new IReceivables.ConfirmParams[](n);
        for (uint256 i = 0; i < n; ++i) {
            items[i] = confirmation(bytes32(i + 1), FACE / 100);
        }
    }
}
