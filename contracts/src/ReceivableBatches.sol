// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ReceivableRules} from "./ReceivableRules.sol";
import {Auth} from "./interfaces/IActs.sol";
import {IOrders} from "./interfaces/IOrders.sol";
import {IReceivables} from "./interfaces/IReceivables.sol";
import {Kinds} from "./libraries/Kinds.sol";
import {Roles} from "./libraries/Roles.sol";

/// @title Issue, confirmation and settlement of up to 100 at once: one signature, one look-up of the party.
/// @dev Each item is a call to oneself, so that a refusal undoes that item alone and is told by its own error.
abstract contract ReceivableBatches is ReceivableRules {
    bytes32 private constant ISSUE_BATCH = keccak256(
        "IssueBatch(IssueItem[] items,uint256 nonce,uint256 deadline)IssueItem(bytes32 id,bytes32 orderId,bytes32 documentRoot,uint64 face,uint32 dueDay)"
    );
    bytes32 private constant ISSUE_ITEM =
        keccak256("IssueItem(bytes32 id,bytes32 orderId,bytes32 documentRoot,uint64 face,uint32 dueDay)");
    bytes32 private constant ATTEST_BATCH = keccak256(
        "AttestBatch(AttestItem[] items,uint256 nonce,uint256 deadline)AttestItem(bytes32 id,bytes32 orderId,bytes32 documentRoot,uint64 face,uint32 dueDay,bytes32 trail)"
    );
    bytes32 private constant ATTEST_ITEM = keccak256(
        "AttestItem(bytes32 id,bytes32 orderId,bytes32 documentRoot,uint64 face,uint32 dueDay,bytes32 trail)"
    );
    bytes32 private constant CONFIRM_BATCH = keccak256(
        "ConfirmBatch(ConfirmItem[] items,uint256 nonce,uint256 deadline)ConfirmItem(bytes32 id,bytes32 orderId,uint32 seller,bytes32 documentRoot,uint64 face,uint32 dueDay)"
    );
    bytes32 private constant CONFIRM_ITEM = keccak256(
        "ConfirmItem(bytes32 id,bytes32 orderId,uint32 seller,bytes32 documentRoot,uint64 face,uint32 dueDay)"
    );
    bytes32 private constant SETTLE_BATCH = keccak256(
        "SettleBatch(SettleItem[] items,uint256 nonce,uint256 deadline)SettleItem(bytes32 id,bytes32 pledgeId,uint64 amount,bytes32 bankRef,uint32 payee)"
    );
    bytes32 private constant SETTLE_ITEM =
        keccak256("SettleItem(bytes32 id,bytes32 pledgeId,uint64 amount,bytes32 bankRef,uint32 payee)");

    /// @inheritdoc IReceivables
    function issueBatch(IssueParams[] calldata items, bytes32[] calldata trails, Auth calldata registrar)
        external
        returns (uint256)
    {
        return _issueBatch(items, trails, registrar, msg.sender);
    }

    /// @inheritdoc IReceivables
    function issueBatchBySig(
        IssueParams[] calldata items,
        bytes32[] calldata trails,
        Auth calldata registrar,
        Auth calldata auth
    ) external returns (uint256) {
        _requireBatch(items.length);
        bytes32[] memory hashes = new bytes32[](items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            hashes[i] = keccak256(abi.encode(ISSUE_ITEM, items[i]));
        }
        address who = _authorize(auth, _batchHash(ISSUE_BATCH, hashes, auth));
        return _requireDone(_issueBatch(items, trails, registrar, who));
    }

    /// @inheritdoc IReceivables
    function confirmBatch(ConfirmParams[] calldata items) external returns (uint256) {
        return _confirmBatch(items, msg.sender);
    }

    /// @inheritdoc IReceivables
    function confirmBatchBySig(ConfirmParams[] calldata items, Auth calldata auth) external returns (uint256) {
        _requireBatch(items.length);
        bytes32[] memory hashes = new bytes32[](items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            hashes[i] = keccak256(abi.encode(CONFIRM_ITEM, items[i]));
        }
        return _requireDone(_confirmBatch(items, _authorize(auth, _batchHash(CONFIRM_BATCH, hashes, auth))));
    }

    /// @inheritdoc IReceivables
    function settleBatch(SettleParams[] calldata items) external returns (uint256) {
        return _settleBatch(items, msg.sender);
    }

    /// @inheritdoc IReceivables
    function settleBatchBySig(SettleParams[] calldata items, Auth calldata auth) external returns (uint256) {
        _requireBatch(items.length);
        bytes32[] memory hashes = new bytes32[](items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            hashes[i] = keccak256(abi.encode(SETTLE_ITEM, items[i]));
        }
        return _requireDone(_settleBatch(items, _authorize(auth, _batchHash(SETTLE_BATCH, hashes, auth))));
    }

    /// @notice One item of a batch; only the contract itself calls this.
    function issueItem(IssueParams calldata p, bytes32 trail, uint32 seller, uint32 attester) external onlySelf {
        bytes32 found = _issue(p, seller, attester);
        if (found != trail) revert IOrders.OrderChanged(p.orderId, found);
    }

    /// @notice One item of a batch; only the contract itself calls this.
    function confirmItem(ConfirmParams calldata p, uint32 party, uint32 roles) external onlySelf {
        _confirm(p, party, roles);
    }

    /// @notice One item of a batch; only the contract itself calls this.
    function settleItem(SettleParams calldata p, uint32 bank) external onlySelf {
        _settle(p, bank);
    }

    function _issueBatch(IssueParams[] calldata items, bytes32[] calldata trails, Auth calldata registrar, address who)
        private
        returns (uint256 done)
    {
        _requireBatch(items.length);
        if (trails.length != items.length) revert BatchInvalid(trails.length);
        (uint32 seller, uint32 attester) = _enterWithRegistrar(who, registrar.signer);
        bytes32[] memory hashes = new bytes32[](items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            hashes[i] = keccak256(abi.encode(ATTEST_ITEM, items[i], trails[i]));
        }
        _attest(registrar, _batchHash(ATTEST_BATCH, hashes, registrar));
        for (uint256 i = 0; i < items.length; ++i) {
            try this.issueItem(items[i], trails[i], seller, attester) {
                ++done;
            } catch (bytes memory reason) {
                _refused(i, items[i].id, reason);
            }
        }
    }

    function _confirmBatch(ConfirmParams[] calldata items, address who) private returns (uint256 done) {
        _requireBatch(items.length);
        (uint32 party, uint32 roles) = participants.enter(who, Kinds.CONFIRM);
        for (uint256 i = 0; i < items.length; ++i) {
            try this.confirmItem(items[i], party, roles) {
                ++done;
            } catch (bytes memory reason) {
                _refused(i, items[i].id, reason);
            }
        }
    }

    function _settleBatch(SettleParams[] calldata items, address who) private returns (uint256 done) {
        _requireBatch(items.length);
        uint32 bank = _bank(who);
        for (uint256 i = 0; i < items.length; ++i) {
            try this.settleItem(items[i], bank) {
                ++done;
            } catch (bytes memory reason) {
                _refused(i, items[i].id, reason);
            }
        }
    }

    function _refused(uint256 index, bytes32 id, bytes memory reason) private {
        _requireReason(index, reason);
        emit ItemRefused(index, id, reason);
    }

    function _enterWithRegistrar(address who, address registrar)
        internal
        view
        returns (uint32 seller, uint32 attester)
    {
        uint32 roles;
        (seller,, attester, roles) = participants.enterBoth(who, registrar, Kinds.ISSUE);
        _requireRole(attester, roles, Roles.REGISTRAR);
        if (attester == seller) revert SelfAttested(seller);
    }

    function _bank(address who) internal view returns (uint32 bank) {
        uint32 roles;
        (bank, roles) = participants.actor(who);
        _requireRole(bank, roles, Roles.BANK);
    }
}
