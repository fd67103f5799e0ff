// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth} from "../src/interfaces/IActs.sol";
import {IPledges} from "../src/interfaces/IPledges.sol";
import {IReceivables} from "../src/interfaces/IReceivables.sol";
import {BatchWorld} from "./BatchWorld.sol";

/// @notice The largest batch of each kind fits in a block of 30 million gas, also where no two items have an order or an
/// asset in common. What comes before it is done in setUp, so that the batch finds nothing read or written yet.
contract HundredTest is BatchWorld {
    /// @dev A million less than the block has: a transaction costs 21,000, and 16 a byte of at most 31,000 that come along.
    uint256 private constant GAS = 29_000_000;
    uint256 private constant MOST = 100;
    // The first receivable of each hundred, by what was done with them.
    uint256 private constant DELIVERED = 1_000;
    uint256 private constant ISSUED = 2_000;
    uint256 private constant CONFIRMED = 3_000;
    uint256 private constant PLEDGED = 4_000;

    function setUp() public override {
        super.setUp();
        for (uint256 i = 0; i < MOST; ++i) {
            deliver(bytes32(DELIVERED + i), FACE);
            deliver(bytes32(ISSUED + i), FACE);
            deliver(bytes32(CONFIRMED + i), FACE);
            deliver(bytes32(PLEDGED + i), FACE);
        }
        _issueThese(_invoicesFrom(ISSUED));
        _issueThese(_invoicesFrom(CONFIRMED));
        _issueThese(_invoicesFrom(PLEDGED));
        _confirmFrom(CONFIRMED);
        _confirmFrom(PLEDGED);
        _pledgeFrom(PLEDGED);
    }

    function test_issueBatch__hundred__fitsInABlock() public {
        IReceivables.IssueParams[] memory items = _invoicesFrom(DELIVERED);
        uint256 before = gasleft();
        // With what the test itself needs to sign it.
        _fits(_issueThese(items), before);
        eq(claim(bytes32(DELIVERED + 99)).face, FACE, "the last");
    }

    function test_confirmBatch__hundred__fitsInABlock() public {
        uint256 before = gasleft();
        _fits(_confirmFrom(ISSUED), before);
        isTrue(claim(bytes32(ISSUED + 99)).confirmed, "the last");
    }

    function test_pledgeBatch__hundred__fitsInABlock() public {
        uint256 before = gasleft();
        _fits(_pledgeFrom(CONFIRMED), before);
        eq(claim(bytes32(CONFIRMED + 99)).pledged, PART, "the last");
    }

    function test_settleBatch__hundred__fitsInABlock() public {
        IReceivables.SettleParams[] memory items = new IReceivables.SettleParams[](MOST);
        for (uint256 i = 0; i < MOST; ++i) {
            bytes32 ref = keccak256(abi.encode(i));
            items[i] = IReceivables.SettleParams(bytes32(PLEDGED + i), _over(PLEDGED + i), PART, ref, partyOf[LENDER]);
        }
        uint256 before = gasleft();
        by(BANK);
        _fits(receivables.settleBatch(items), before);
        eq(claim(bytes32(PLEDGED + 99)).settled, PART, "the last");
    }

    function test_releaseBatch__hundred__fitsInABlock() public {
        IPledges.ReleaseParams[] memory items = new IPledges.ReleaseParams[](MOST);
        for (uint256 i = 0; i < MOST; ++i) {
            items[i] = IPledges.ReleaseParams(_over(PLEDGED + i), bytes32(PLEDGED + i), PART, 0, 0);
        }
        uint256 before = gasleft();
        by(LENDER);
        _fits(pledges.releaseBatch(items), before);
        eq(claim(bytes32(PLEDGED + 99)).pledged, 0, "the last");
    }

    function _fits(uint256 done, uint256 before) private view {
        uint256 used = before - gasleft();
        eq(done, MOST, "done");
        if (used > GAS) revert NotEqual("gas", used, GAS);
    }

    function _over(uint256 id) private pure returns (bytes32) {
        return over(bytes32(id), "pledge");
    }

    function _invoicesFrom(uint256 first) private pure returns (IReceivables.IssueParams[] memory items) {
        items = new IReceivables.IssueParams[](MOST);
        for (uint256 i = 0; i < MOST; ++i) {
            items[i] = invoice(bytes32(first + i), FACE);
            items[i].orderId = items[i].id;
        }
    }

    function _confirmFrom(uint256 first) private returns (uint256) {
        IReceivables.ConfirmParams[] memory items = new IReceivables.ConfirmParams[](MOST);
        for (uint256 i = 0; i < MOST; ++i) {
            items[i] = confirmation(bytes32(first + i), FACE);
            items[i].orderId = items[i].id;
        }
        by(BUYER);
        return receivables.confirmBatch(items);
    }

    function _pledgeFrom(uint256 first) private returns (uint256) {
        IPledges.PledgeParams[] memory items = new IPledges.PledgeParams[](MOST);
        for (uint256 i = 0; i < MOST; ++i) {
            items[i] = offer(_over(first + i), RECEIVABLE, bytes32(first + i), PART);
        }
        Auth memory granted = grantAll(items, SELLER);
        by(LENDER);
        return pledges.pledgeBatch(items, granted, _registryNos(MOST));
    }
}
