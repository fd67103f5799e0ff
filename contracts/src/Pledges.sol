// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {PartyActs} from "./Acts.sol";
import {Auth} from "./interfaces/IActs.sol";
import {IAsset} from "./interfaces/IAsset.sol";
import {IParticipants} from "./interfaces/IParticipants.sol";
import {IPledges} from "./interfaces/IPledges.sol";
import {IReceivables} from "./interfaces/IReceivables.sol";
import {IWarehouseReceipts} from "./interfaces/IWarehouseReceipts.sol";
import {Ids} from "./libraries/Ids.sol";
import {Kinds} from "./libraries/Kinds.sol";
import {Roles} from "./libraries/Roles.sol";

/// @title The register of pledges. See IPledges for meaning and units.
contract Pledges is PartyActs, IPledges {
    bytes32 private constant PLEDGE = keccak256(
        "Pledge(bytes32 pledgeId,uint8 assetKind,bytes32 assetId,uint64 amount,uint32 lender,bytes32 loanRef,bytes32 decisionHash,uint64 expiresAt,bytes32 registryNo,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant GRANT = keccak256(
        "Grant(bytes32 pledgeId,uint8 assetKind,bytes32 assetId,uint64 amount,uint32 lender,bytes32 loanRef,bytes32 decisionHash,uint64 expiresAt,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant RELEASE =
        keccak256("Release(bytes32 pledgeId,bytes32 assetId,uint64 amount,uint256 nonce,uint256 deadline)");
    bytes32 private constant DRAW = keccak256("Draw(bytes32 pledgeId,uint256 nonce,uint256 deadline)");
    bytes32 private constant EXPIRE =
        keccak256("Expire(bytes32 pledgeId,bytes32 assetId,uint256 nonce,uint256 deadline)");
    bytes32 private constant ENFORCE =
        keccak256("Enforce(bytes32 pledgeId,bytes32 assetId,uint256 nonce,uint256 deadline)");

    uint8 private constant RECEIVABLE = 1;
    uint8 private constant WAREHOUSE_RECEIPT = 2;

    /// @dev One slot: 1 + 4 + 7 + 4 + 16 = 32 bytes.
    /// The full asset id isn't stored (a second slot would cost 22,100 gas a pledge): acts name it and the tag binds it.
    struct Entry {
        uint8 status; // low four bits: PledgeState; 0x10: drawn; 0x20: over a warehouse receipt
        uint32 lender;
        uint56 amount;
        uint32 expiresAt;
        bytes16 assetTag;
    }

    uint8 private constant STATE_MASK = 0x0f;
    uint8 private constant DRAWN_FLAG = 0x10;
    uint8 private constant GOODS_FLAG = 0x20;

    IReceivables public immutable receivables;
    IWarehouseReceipts public immutable warehouseReceipts;

    mapping(bytes32 pledgeId => Entry) private _pledges;

    constructor(IParticipants participants_, IReceivables receivables_, IWarehouseReceipts warehouseReceipts_)
        PartyActs("chainfin Pledges", participants_)
    {
        if (address(receivables_.pledges()) != address(this)) {
            revert WiringWrong(address(this), address(receivables_.pledges()));
        }
        if (warehouseReceipts_.pledges() != address(this)) {
            revert WiringWrong(address(this), warehouseReceipts_.pledges());
        }
        receivables = receivables_;
        warehouseReceipts = warehouseReceipts_;
    }

    /// @inheritdoc IPledges
    function pledge(PledgeParams calldata p, Auth calldata pledgor, bytes32 registryNo) external {
        _pledge(p, pledgor, registryNo, msg.sender);
    }

    /// @inheritdoc IPledges
    function pledgeBySig(PledgeParams calldata p, Auth calldata pledgor, bytes32 registryNo, Auth calldata lenderAuth)
        external
    {
        bytes32 structHash = keccak256(abi.encode(PLEDGE, p, registryNo, lenderAuth.nonce, lenderAuth.deadline));
        _pledge(p, pledgor, registryNo, _authorize(lenderAuth, structHash));
    }

    /// @inheritdoc IPledges
    function release(ReleaseParams calldata p) external {
        _release(p, msg.sender);
    }

    /// @inheritdoc IPledges
    function releaseBySig(ReleaseParams calldata p, Auth calldata auth) external {
        _release(p, _authorize(auth, keccak256(abi.encode(RELEASE, p, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IPledges
    function draw(DrawParams calldata p) external {
        _draw(p, msg.sender);
    }

    /// @inheritdoc IPledges
    function drawBySig(DrawParams calldata p, Auth calldata auth) external {
        _draw(p, _authorize(auth, keccak256(abi.encode(DRAW, p, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IPledges
    function expire(ExpireParams calldata p) external {
        _expire(p, msg.sender);
    }

    /// @inheritdoc IPledges
    function expireBySig(ExpireParams calldata p, Auth calldata auth) external {
        _expire(p, _authorize(auth, keccak256(abi.encode(EXPIRE, p, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IPledges
    function enforce(EnforceParams calldata p) external {
        _enforce(p, msg.sender);
    }

    /// @inheritdoc IPledges
    function enforceBySig(EnforceParams calldata p, Auth calldata auth) external {
        _enforce(p, _authorize(auth, keccak256(abi.encode(ENFORCE, p, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IPledges
    function discharge(bytes32 pledgeId, bytes32 assetId, uint64 amount, uint32 payee)
        external
        onlySister(address(receivables))
    {
        Entry storage e = _active(pledgeId);
        _requireAsset(e, pledgeId, assetId);
        if (e.status & GOODS_FLAG != 0) revert AssetMismatch(pledgeId, assetId);
        if (e.lender != payee) revert IReceivables.PayeeWrong(payee, e.lender);
        if (_reduce(e, pledgeId, amount, PledgeState.Released) == 0) emit Discharged(pledgeId, assetId);
    }

    /// @inheritdoc IPledges
    function pledgeOf(bytes32 pledgeId) external view returns (Pledge memory) {
        Entry memory e = _pledges[pledgeId];
        uint8 kind = e.status == 0 ? 0 : e.status & GOODS_FLAG == 0 ? RECEIVABLE : WAREHOUSE_RECEIPT;
        return Pledge(_state(e.status), kind, e.status & DRAWN_FLAG != 0, e.lender, e.amount, e.expiresAt, e.assetTag);
    }

    /// @inheritdoc IPledges
    function enforcedId(bytes32 pledgeId, bytes32 assetId) public pure returns (bytes32) {
        return Ids.enforced(pledgeId, assetId);
    }

    function _pledge(PledgeParams calldata p, Auth calldata pledgor, bytes32 registryNo, address who) private {
        (uint32 lender, uint32 roles, uint32 holder,) = participants.enterBoth(who, pledgor.signer, Kinds.PLEDGE);
        if (p.lender != lender) revert NotLender(p.pledgeId, lender);
        _requireRole(lender, roles, Roles.LENDER);
        if (holder == lender) revert LenderIsPledgor(lender);
        if (registryNo == 0) revert RegistryNoMissing(p.pledgeId);
        _requireAmount(p.amount);
        _requireExpiry(p.expiresAt);
        if (_pledges[p.pledgeId].status != 0) revert PledgeExists(p.pledgeId);
        _pledges[p.pledgeId] = Entry({
            status: _newStatus(p),
            lender: lender,
            amount: uint56(p.amount), // fits: _requireAmount
            expiresAt: uint32(p.expiresAt), // fits: _requireExpiry
            assetTag: _tag(p.assetId)
        });
        _attest(pledgor, keccak256(abi.encode(GRANT, p, pledgor.nonce, pledgor.deadline)));
        _emitPledged(p, holder, registryNo);
        _asset(p.assetKind == WAREHOUSE_RECEIPT).lock(p.assetId, p.amount, holder);
    }

    function _emitPledged(PledgeParams calldata p, uint32 holder, bytes32 registryNo) private {
        emit Pledged(
            p.pledgeId,
            p.assetId,
            p.loanRef,
            p.assetKind,
            p.amount,
            holder,
            p.lender,
            p.decisionHash,
            registryNo,
            p.expiresAt
        );
    }

    function _release(ReleaseParams calldata p, address who) private {
        Entry storage e = _ofLender(p.pledgeId, p.assetId, who);
        _requireAmount(p.amount);
        uint64 remaining = _reduce(e, p.pledgeId, p.amount, PledgeState.Released);
        emit Released(p.pledgeId, p.assetId, p.amount, remaining);
        _asset(e.status & GOODS_FLAG != 0).unlock(p.assetId, p.amount);
    }

    function _draw(DrawParams calldata p, address who) private {
        (uint32 party,) = participants.enter(who, Kinds.PLEDGE);
        Entry storage e = _active(p.pledgeId);
        if (e.lender != party) revert NotLender(p.pledgeId, party);
        if (e.status & DRAWN_FLAG != 0) revert AlreadyDrawn(p.pledgeId);
        if (block.timestamp > e.expiresAt) revert PledgeLapsed(p.pledgeId, e.expiresAt);
        e.status |= DRAWN_FLAG;
        emit Drawn(p.pledgeId);
    }

    function _expire(ExpireParams calldata p, address who) private {
        (uint32 party,) = participants.actor(who);
        Entry storage e = _active(p.pledgeId);
        _requireAsset(e, p.pledgeId, p.assetId);
        IAsset asset = _asset(e.status & GOODS_FLAG != 0);
        if (asset.holderOf(p.assetId) != party) revert NotPledgor(p.pledgeId, party);
        if (e.status & DRAWN_FLAG != 0 || block.timestamp <= e.expiresAt) revert NotExpired(p.pledgeId, e.expiresAt);
        uint64 amount = e.amount;
        _reduce(e, p.pledgeId, amount, PledgeState.Expired);
        emit Expired(p.pledgeId, p.assetId, amount);
        asset.unlock(p.assetId, amount);
    }

    function _enforce(EnforceParams calldata p, address who) private {
        Entry storage e = _ofLender(p.pledgeId, p.assetId, who);
        uint64 amount = e.amount;
        bytes32 taken = enforcedId(p.pledgeId, p.assetId);
        _reduce(e, p.pledgeId, amount, PledgeState.Enforced);
        emit Enforced(p.pledgeId, p.assetId, taken, amount);
        _asset(e.status & GOODS_FLAG != 0).take(p.assetId, taken, amount, e.lender);
    }

    function _reduce(Entry storage e, bytes32 pledgeId, uint64 amount, PledgeState atZero)
        private
        returns (uint64 remaining)
    {
        if (amount > e.amount) revert ExceedsPledge(pledgeId, amount, e.amount);
        remaining = e.amount - amount;
        e.amount = uint56(remaining); // fits: it shrank
        if (remaining == 0) e.status = (e.status & ~STATE_MASK) | uint8(atZero);
    }

    function _newStatus(PledgeParams calldata p) private pure returns (uint8 status) {
        if (p.assetKind != RECEIVABLE && p.assetKind != WAREHOUSE_RECEIPT) revert AssetKindInvalid(p.assetKind);
        status = uint8(PledgeState.Active);
        if (p.assetKind == WAREHOUSE_RECEIPT) status |= GOODS_FLAG;
        if (p.expiresAt == 0) status |= DRAWN_FLAG;
    }

    function _ofLender(bytes32 pledgeId, bytes32 assetId, address who) private view returns (Entry storage e) {
        (uint32 party,) = participants.actor(who);
        e = _active(pledgeId);
        if (e.lender != party) revert NotLender(pledgeId, party);
        _requireAsset(e, pledgeId, assetId);
    }

    function _active(bytes32 pledgeId) private view returns (Entry storage e) {
        e = _pledges[pledgeId];
        PledgeState state = _state(e.status);
        if (state == PledgeState.None) revert PledgeUnknown(pledgeId);
        if (state != PledgeState.Active) revert PledgeStateWrong(pledgeId, state);
    }

    function _requireAsset(Entry storage e, bytes32 pledgeId, bytes32 assetId) private view {
        if (e.assetTag != _tag(assetId)) revert AssetMismatch(pledgeId, assetId);
    }

    function _requireExpiry(uint64 expiresAt) private view {
        if (expiresAt == 0) return;
        if (expiresAt <= block.timestamp || expiresAt > type(uint32).max) revert ExpiryInvalid(expiresAt);
    }

    function _asset(bool goods) private view returns (IAsset) {
        return goods ? IAsset(warehouseReceipts) : IAsset(receivables);
    }

    function _state(uint8 status) private pure returns (PledgeState) {
        return PledgeState(status & STATE_MASK);
    }

    function _tag(bytes32 assetId) private pure returns (bytes16) {
        return bytes16(keccak256(abi.encode(assetId)));
    }
}
