// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {PartyActs} from "./Acts.sol";
import {ReceivableBatches} from "./ReceivableBatches.sol";
import {ReceivableRules} from "./ReceivableRules.sol";
import {Auth} from "./interfaces/IActs.sol";
import {IOrders} from "./interfaces/IOrders.sol";
import {IParticipants} from "./interfaces/IParticipants.sol";
import {IPledges} from "./interfaces/IPledges.sol";
import {IReceivables} from "./interfaces/IReceivables.sol";
import {Away} from "./libraries/Aways.sol";
import {Claim} from "./libraries/Claims.sol";
import {Ids} from "./libraries/Ids.sol";
import {Kinds} from "./libraries/Kinds.sol";
import {Roles} from "./libraries/Roles.sol";

/// @title Receivables: who acts, directly or relayed. What comes of it is in ReceivableRules, the meaning and units in
/// IReceivables.
contract Receivables is ReceivableBatches {
    bytes32 private constant ISSUE = keccak256(
        "Issue(bytes32 id,bytes32 orderId,bytes32 documentRoot,uint64 face,uint32 dueDay,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant ATTEST = keccak256(
        "Attest(bytes32 id,bytes32 orderId,bytes32 documentRoot,uint64 face,uint32 dueDay,bytes32 trail,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant CONFIRM = keccak256(
        "Confirm(bytes32 id,bytes32 orderId,uint32 seller,bytes32 documentRoot,uint64 face,uint32 dueDay,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant CANCEL =
        keccak256("Cancel(bytes32 id,bytes32 orderId,bytes32 documentRoot,uint256 nonce,uint256 deadline)");
    bytes32 private constant DISPUTE =
        keccak256("Dispute(bytes32 id,bytes32 documentRoot,uint256 nonce,uint256 deadline)");
    bytes32 private constant RESOLVE_DISPUTE = keccak256("ResolveDispute(bytes32 id,uint256 nonce,uint256 deadline)");
    bytes32 private constant CREDIT =
        keccak256("Credit(bytes32 id,bytes32 documentRoot,uint64 amount,uint256 nonce,uint256 deadline)");
    bytes32 private constant SPLIT = keccak256("Split(bytes32 id,uint64[] amounts,uint256 nonce,uint256 deadline)");
    bytes32 private constant TRANSFER = keccak256("Transfer(bytes32 id,uint32 to,uint256 nonce,uint256 deadline)");
    bytes32 private constant SETTLE = keccak256(
        "Settle(bytes32 id,bytes32 pledgeId,uint64 amount,bytes32 bankRef,uint32 payee,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant DECLARE_DEFAULT = keccak256("DeclareDefault(bytes32 id,uint256 nonce,uint256 deadline)");
    bytes32 private constant SET_LINE = keccak256("SetLine(uint32 debtor,uint64 limit,uint256 nonce,uint256 deadline)");

    constructor(IParticipants participants_, IOrders orders_, IPledges pledges_, uint32 maxTenorDays_)
        PartyActs("chainfin Receivables", participants_)
        ReceivableRules(orders_, pledges_, maxTenorDays_)
    {}

    /// @inheritdoc IReceivables
    function issue(IssueParams calldata p, Auth calldata registrar) external {
        _byIssue(p, registrar, msg.sender);
    }

    /// @inheritdoc IReceivables
    function issueBySig(IssueParams calldata p, Auth calldata registrar, Auth calldata auth) external {
        _byIssue(p, registrar, _authorize(auth, keccak256(abi.encode(ISSUE, p, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IReceivables
    function confirm(ConfirmParams calldata p) external {
        _byConfirm(p, msg.sender);
    }

    /// @inheritdoc IReceivables
    function confirmBySig(ConfirmParams calldata p, Auth calldata auth) external {
        _byConfirm(p, _authorize(auth, keccak256(abi.encode(CONFIRM, p, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IReceivables
    function cancel(CancelParams calldata p) external {
        _byCancel(p, msg.sender);
    }

    /// @inheritdoc IReceivables
    function cancelBySig(CancelParams calldata p, Auth calldata auth) external {
        _byCancel(p, _authorize(auth, keccak256(abi.encode(CANCEL, p, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IReceivables
    function dispute(DisputeParams calldata p) external {
        _byDispute(p, msg.sender);
    }

    /// @inheritdoc IReceivables
    function disputeBySig(DisputeParams calldata p, Auth calldata auth) external {
        _byDispute(p, _authorize(auth, keccak256(abi.encode(DISPUTE, p, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IReceivables
    function resolveDispute(ResolveDisputeParams calldata p) external {
        _byResolveDispute(p, msg.sender);
    }

    /// @inheritdoc IReceivables
    function resolveDisputeBySig(ResolveDisputeParams calldata p, Auth calldata auth) external {
        _byResolveDispute(p, _authorize(auth, keccak256(abi.encode(RESOLVE_DISPUTE, p, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IReceivables
    function credit(CreditParams calldata p) external {
        _byCredit(p, msg.sender);
    }

    /// @inheritdoc IReceivables
    function creditBySig(CreditParams calldata p, Auth calldata auth) external {
        _byCredit(p, _authorize(auth, keccak256(abi.encode(CREDIT, p, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IReceivables
    function split(SplitParams calldata p) external {
        _bySplit(p, msg.sender);
    }

    /// @inheritdoc IReceivables
    function splitBySig(SplitParams calldata p, Auth calldata auth) external {
        // EIP-712: an array is signed as the hash of its members, each padded to 32 bytes (which encodePacked does).
        bytes32 amounts = keccak256(abi.encodePacked(p.amounts));
        _bySplit(p, _authorize(auth, keccak256(abi.encode(SPLIT, p.id, amounts, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IReceivables
    function transfer(TransferParams calldata p) external {
        _byTransfer(p, msg.sender);
    }

    /// @inheritdoc IReceivables
    function transferBySig(TransferParams calldata p, Auth calldata auth) external {
        _byTransfer(p, _authorize(auth, keccak256(abi.encode(TRANSFER, p, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IReceivables
    function settle(SettleParams calldata p) external {
        _bySettle(p, msg.sender);
    }

    /// @inheritdoc IReceivables
    function settleBySig(SettleParams calldata p, Auth calldata auth) external {
        _bySettle(p, _authorize(auth, keccak256(abi.encode(SETTLE, p, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IReceivables
    function declareDefault(DeclareDefaultParams calldata p) external {
        _byDeclareDefault(p, msg.sender);
    }

    /// @inheritdoc IReceivables
    function declareDefaultBySig(DeclareDefaultParams calldata p, Auth calldata auth) external {
        _byDeclareDefault(p, _authorize(auth, keccak256(abi.encode(DECLARE_DEFAULT, p, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IReceivables
    function setLine(SetLineParams calldata p) external {
        _bySetLine(p, msg.sender);
    }

    /// @inheritdoc IReceivables
    function setLineBySig(SetLineParams calldata p, Auth calldata auth) external {
        _bySetLine(p, _authorize(auth, keccak256(abi.encode(SET_LINE, p, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IReceivables
    function receivable(bytes32 id) external view returns (Receivable memory r) {
        Claim c = _claims[id];
        Away a = _away[id];
        (r.debtor, r.dueDay, r.state) = (c.debtor(), c.dueDay(), c.state());
        (r.confirmed, r.part, r.lined) = (c.confirmed(), c.part(), c.lined());
        (r.face, r.splitAway, r.diluted) = (c.face(), a.splitAway(), a.diluted());
        if (_unconfirmed(c)) {
            (r.free, r.originTag) = (r.face, c.tag());
        } else {
            (r.holder, r.free, r.pledged) = (c.holder(), c.free(), c.pledged());
        }
        r.settled = r.face - r.free - r.pledged - r.splitAway - r.diluted;
    }

    /// @inheritdoc IReceivables
    function childId(bytes32 id, uint256 n) external pure returns (bytes32) {
        return Ids.child(id, n);
    }

    /// @inheritdoc IReceivables
    function childCount(bytes32 id) external view returns (uint256) {
        return _away[id].children();
    }

    function _byIssue(IssueParams calldata p, Auth calldata registrar, address who) private {
        (uint32 seller, uint32 attester) = _enterWithRegistrar(who, registrar.signer);
        bytes32 trail = _issue(p, seller, attester);
        _attest(registrar, keccak256(abi.encode(ATTEST, p, trail, registrar.nonce, registrar.deadline)));
    }

    function _byConfirm(ConfirmParams calldata p, address who) private {
        (uint32 party, uint32 roles) = participants.enter(who, Kinds.CONFIRM);
        _confirm(p, party, roles);
    }

    function _byCancel(CancelParams calldata p, address who) private {
        _cancel(p, _actor(who));
    }

    function _byDispute(DisputeParams calldata p, address who) private {
        _dispute(p, _actor(who));
    }

    function _byResolveDispute(ResolveDisputeParams calldata p, address who) private {
        _resolveDispute(p, _actor(who));
    }

    function _byCredit(CreditParams calldata p, address who) private {
        _credit(p, _actor(who));
    }

    function _bySplit(SplitParams calldata p, address who) private {
        (uint32 party,) = participants.enter(who, Kinds.TRANSFER);
        _split(p, party);
    }

    function _byTransfer(TransferParams calldata p, address who) private {
        (uint32 party,) = participants.enter(who, Kinds.TRANSFER);
        _transfer(p, party);
    }

    function _bySettle(SettleParams calldata p, address who) private {
        _settle(p, _bank(who));
    }

    function _byDeclareDefault(DeclareDefaultParams calldata p, address who) private {
        _declareDefault(p, _actor(who));
    }

    function _bySetLine(SetLineParams calldata p, address who) private {
        uint32 lender = _actor(who);
        // To lower its share is a way out: neither paused nor stopped by a suspension, nor by a role that was lost.
        if (p.limit >= lineOf[lender][p.debtor]) {
            (, uint32 roles) = participants.enter(who, Kinds.PLEDGE);
            _requireRole(lender, roles, Roles.LENDER);
            participants.requireRole(p.debtor, Roles.LINED);
        }
        _setLine(p, lender);
    }

    function _actor(address who) private view returns (uint32 party) {
        (party,) = participants.actor(who);
    }
}
