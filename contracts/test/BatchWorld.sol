// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth, IActs} from "../src/interfaces/IActs.sol";
import {IPledges} from "../src/interfaces/IPledges.sol";
import {IReceivables} from "../src/interfaces/IReceivables.sol";
import {Batching} from "./Batching.sol";

/// @notice What batches are made of: invoices, confirmations, payments, pledges and releases over one delivered order.
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
        return _issueThese(_invoices(n));
    }

    function _issueThese(IReceivables.IssueParams[] memory items) internal returns (uint256) {
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

    /// @dev Issued and confirmed.
    function _confirmAll(uint256 n) internal {
        _issueAll(n);
        IReceivables.ConfirmParams[] memory items = _confirmations(n);
        by(BUYER);
        receivables.confirmBatch(items);
    }

    /// @dev Each in full, to the seller.
    function _payments(uint256 n) internal view returns (IReceivables.SettleParams[] memory items) {
        items = new IReceivables.SettleParams[](n);
        for (uint256 i = 0; i < n; ++i) {
            items[i] = IReceivables.SettleParams(bytes32(i + 1), 0, FACE / 100, bytes32(i), partyOf[SELLER]);
        }
    }

    function _pledgeId(uint256 i) internal pure returns (bytes32) {
        return over(bytes32(i + 1), "pledge");
    }

    function _offers(uint256 n) internal view returns (IPledges.PledgeParams[] memory items) {
        items = new IPledges.PledgeParams[](n);
        for (uint256 i = 0; i < n; ++i) {
            items[i] = offer(_pledgeId(i), RECEIVABLE, bytes32(i + 1), 1_000);
        }
    }

    function _registryNos(uint256 n) internal pure returns (bytes32[] memory numbers) {
        numbers = new bytes32[](n);
        for (uint256 i = 0; i < n; ++i) {
            numbers[i] = bytes32(0x2000 + i);
        }
    }

    function _pledgeAll(uint256 n) internal {
        IPledges.PledgeParams[] memory items = _offers(n);
        Auth memory granted = grantAll(items, SELLER);
        by(LENDER);
        pledges.pledgeBatch(items, granted, _registryNos(n));
    }

    function _releases(uint256 n) internal pure returns (IPledges.ReleaseParams[] memory items) {
        items = new IPledges.ReleaseParams[](n);
        for (uint256 i = 0; i < n; ++i) {
            items[i] = IPledges.ReleaseParams(_pledgeId(i), bytes32(i + 1), 1_000, 0, 0);
        }
    }

    function _tooMany(uint256 n) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IActs.BatchInvalid.selector, n);
    }

    /// @dev A batch of `n` with ever more gas: refused as a whole until there is enough for all of it.
    function _allOrNothing(uint256 pk, address where, bytes memory call, uint256 n) internal {
        for (uint256 gasLimit = 20_000; gasLimit < 600_000; gasLimit += 2_000) {
            by(pk);
            (bool ok, bytes memory result) = where.call{gas: gasLimit}(call);
            if (ok) {
                eq(abi.decode(result, (uint256)), n, "all or nothing, never some for want of gas");
                isTrue(gasLimit > 20_000, "too little was tried");
                return;
            }
        }
        isTrue(false, "never enough gas");
    }

    /// @dev The second item (its call begins with `id`) ends without a reason, as one does that runs out of gas. Items are
    /// so cheap that what is left of the gas then mostly isn't enough to say so: therefore without spending it.
    function _outOfGas(uint256 pk, address where, bytes memory call, bytes4 item, bytes32 id) internal {
        vm.mockCallRevert(where, abi.encodePacked(item, id), "");
        by(pk);
        (bool ok, bytes memory result) = where.call(call);
        isTrue(!ok, "refused as a whole");
        bytes memory reason = abi.encodeWithSelector(IActs.BatchOutOfGas.selector, 1);
        eq32(keccak256(result), keccak256(reason), "BatchOutOfGas of the second");
    }
}
