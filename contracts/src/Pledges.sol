// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {PartyActs} from "./Acts.sol";
import {PledgeRules} from "./PledgeRules.sol";
import {Auth} from "./interfaces/IActs.sol";
import {IParticipants} from "./interfaces/IParticipants.sol";
import {IPledges} from "./interfaces/IPledges.sol";
import {IReceivables} from "./interfaces/IReceivables.sol";
import {IWarehouseReceipts} from "./interfaces/IWarehouseReceipts.sol";
import {Entries, Entry} from "./libraries/Entries.sol";
import {Ids} from "./libraries/Ids.sol";
import {Kinds} from "./libraries/Kinds.sol";
import {Roles} from "./libraries/Roles.sol";

/// @title The register of pledges: who acts, directly, relayed or in batches. What comes of it is in PledgeRules, the
/// meaning and units in IPledges.
contract Pledges is PledgeRules {
    bytes32 private constant PLEDGE = keccak256(
        "Pledge(bytes32 pledgeId,uint8 assetKind,bytes32 assetId,uint64 amount,uint32 lender,bytes32 loanRef,bytes32 decisionHash,uint64 expiresAt,bytes32 registryNo,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant GRANT = keccak256(
        "Grant(bytes32 pledgeId,uint8 assetKind,bytes32 assetId,uint64 amount,uint32 lender,bytes32 loanRef,bytes32 decisionHash,uint64 expiresAt,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant RELEASE = keccak256(
        "Release(bytes32 pledgeId,bytes32 assetId,uint64 amount,uint64 keep,bytes32 valuation,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant DRAW = keccak256("Draw(bytes32 pledgeId,uint256 nonce,uint256 deadline)");
    bytes32 private constant EXPIRE =
        keccak256("Expire(bytes32 pledgeId,bytes32 assetId,uint256 nonce,uint256 deadline)");
    bytes32 private constant ENFORCE =
        keccak256("Enforce(bytes32 pledgeId,bytes32 assetId,uint256 nonce,uint256 deadline)");
    bytes32 private constant SUBSTITUTE = keccak256(
        "Substitute(bytes32 soldPledgeId,bytes32 goodsId,uint64 quantity,bytes32 pledgeId,bytes32 receivableId,uint64 amount,uint32 lender,bytes32 loanRef,bytes32 decisionHash,uint64 expiresAt,bytes32 registryNo,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant EXCHANGE = keccak256(
        "Exchange(bytes32 soldPledgeId,bytes32 goodsId,uint64 quantity,bytes32 pledgeId,bytes32 receivableId,uint64 amount,uint32 lender,bytes32 loanRef,bytes32 decisionHash,uint64 expiresAt,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant UNDERTAKE = keccak256(
        "Undertake(bytes32 pledgeId,bytes32 assetId,uint64 amount,uint32 untilDay,bytes32 documentRoot,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant PAY_OFF = keccak256(
        "PayOff(bytes32 pledgeId,bytes32 assetId,bytes32 loanRef,bytes32 bankRef,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant BUY_BACK = keccak256(
        "BuyBack(bytes32 pledgeId,bytes32 assetId,uint32 buyer,uint64 amount,bytes32 bankRef,bytes32 valuation,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant PLEDGE_BATCH = keccak256(
        "PledgeBatch(PledgeItem[] items,bytes32[] registryNos,uint256 nonce,uint256 deadline)PledgeItem(bytes32 pledgeId,uint8 assetKind,bytes32 assetId,uint64 amount,uint32 lender,bytes32 loanRef,bytes32 decisionHash,uint64 expiresAt)"
    );
    bytes32 private constant PLEDGE_ITEM = keccak256(
        "PledgeItem(bytes32 pledgeId,uint8 assetKind,bytes32 assetId,uint64 amount,uint32 lender,bytes32 loanRef,bytes32 decisionHash,uint64 expiresAt)"
    );
    bytes32 private constant GRANT_BATCH = keccak256(
        "GrantBatch(GrantItem[] items,uint256 nonce,uint256 deadline)GrantItem(bytes32 pledgeId,uint8 assetKind,bytes32 assetId,uint64 amount,uint32 lender,bytes32 loanRef,bytes32 decisionHash,uint64 expiresAt)"
    );
    bytes32 private constant GRANT_ITEM = keccak256(
        "GrantItem(bytes32 pledgeId,uint8 assetKind,bytes32 assetId,uint64 amount,uint32 lender,bytes32 loanRef,bytes32 decisionHash,uint64 expiresAt)"
    );
    bytes32 private constant RELEASE_BATCH = keccak256(
        "ReleaseBatch(ReleaseItem[] items,uint256 nonce,uint256 deadline)ReleaseItem(bytes32 pledgeId,bytes32 assetId,uint64 amount,uint64 keep,bytes32 valuation)"
    );
    bytes32 private constant RELEASE_ITEM =
        keccak256("ReleaseItem(bytes32 pledgeId,bytes32 assetId,uint64 amount,uint64 keep,bytes32 valuation)");

    constructor(IParticipants participants_, IReceivables receivables_, IWarehouseReceipts warehouseReceipts_)
        PartyActs("chainfin Pledges", participants_)
        PledgeRules(receivables_, warehouseReceipts_)
    {}

    /// @inheritdoc IPledges
    function pledge(PledgeParams calldata p, Auth calldata pledgor, bytes32 registryNo) external {
        _byPledge(p, pledgor, registryNo, msg.sender);
    }

    /// @inheritdoc IPledges
    function pledgeBySig(PledgeParams calldata p, Auth calldata pledgor, bytes32 registryNo, Auth calldata lenderAuth)
        external
    {
        bytes32 structHash = keccak256(abi.encode(PLEDGE, p, registryNo, lenderAuth.nonce, lenderAuth.deadline));
        _byPledge(p, pledgor, registryNo, _authorize(lenderAuth, structHash));
    }

    /// @inheritdoc IPledges
    function release(ReleaseParams calldata p) external {
        _byRelease(p, _actor(msg.sender));
    }

    /// @inheritdoc IPledges
    function releaseBySig(ReleaseParams calldata p, Auth calldata auth) external {
        _byRelease(p, _actor(_authorize(auth, keccak256(abi.encode(RELEASE, p, auth.nonce, auth.deadline)))));
    }

    /// @inheritdoc IPledges
    function draw(DrawParams calldata p) external {
        _byDraw(p, msg.sender);
    }

    /// @inheritdoc IPledges
    function drawBySig(DrawParams calldata p, Auth calldata auth) external {
        _byDraw(p, _authorize(auth, keccak256(abi.encode(DRAW, p, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IPledges
    function expire(ExpireParams calldata p) external {
        _expire(p, _actor(msg.sender));
    }

    /// @inheritdoc IPledges
    function expireBySig(ExpireParams calldata p, Auth calldata auth) external {
        _expire(p, _actor(_authorize(auth, keccak256(abi.encode(EXPIRE, p, auth.nonce, auth.deadline)))));
    }

    /// @inheritdoc IPledges
    function enforce(EnforceParams calldata p) external {
        _enforce(p, _actor(msg.sender));
    }

    /// @inheritdoc IPledges
    function enforceBySig(EnforceParams calldata p, Auth calldata auth) external {
        _enforce(p, _actor(_authorize(auth, keccak256(abi.encode(ENFORCE, p, auth.nonce, auth.deadline)))));
    }

    /// @inheritdoc IPledges
    function substitute(SubstituteParams calldata p, Auth calldata pledgor, bytes32 registryNo) external {
        _bySubstitute(p, pledgor, registryNo, msg.sender);
    }

    /// @inheritdoc IPledges
    function substituteBySig(
        SubstituteParams calldata p,
        Auth calldata pledgor,
        bytes32 registryNo,
        Auth calldata lenderAuth
    ) external {
        bytes32 structHash = keccak256(abi.encode(SUBSTITUTE, p, registryNo, lenderAuth.nonce, lenderAuth.deadline));
        _bySubstitute(p, pledgor, registryNo, _authorize(lenderAuth, structHash));
    }

    /// @inheritdoc IPledges
    function undertake(UndertakeParams calldata p) external {
        _byUndertake(p, msg.sender);
    }

    /// @inheritdoc IPledges
    function undertakeBySig(UndertakeParams calldata p, Auth calldata auth) external {
        _byUndertake(p, _authorize(auth, keccak256(abi.encode(UNDERTAKE, p, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IPledges
    function buyBack(BuyBackParams calldata p) external {
        _buyBack(p, _bank(msg.sender));
    }

    /// @inheritdoc IPledges
    function buyBackBySig(BuyBackParams calldata p, Auth calldata auth) external {
        _buyBack(p, _bank(_authorize(auth, keccak256(abi.encode(BUY_BACK, p, auth.nonce, auth.deadline)))));
    }

    /// @inheritdoc IPledges
    function payOff(PayOffParams calldata p) external {
        _payOff(p, _bank(msg.sender));
    }

    /// @inheritdoc IPledges
    function payOffBySig(PayOffParams calldata p, Auth calldata auth) external {
        _payOff(p, _bank(_authorize(auth, keccak256(abi.encode(PAY_OFF, p, auth.nonce, auth.deadline)))));
    }

    /// @inheritdoc IPledges
    function pledgeBatch(PledgeParams[] calldata items, Auth calldata pledgor, bytes32[] calldata registryNos)
        external
        returns (uint256)
    {
        return _pledgeBatch(items, pledgor, registryNos, msg.sender);
    }

    /// @inheritdoc IPledges
    function pledgeBatchBySig(
        PledgeParams[] calldata items,
        Auth calldata pledgor,
        bytes32[] calldata registryNos,
        Auth calldata lenderAuth
    ) external returns (uint256) {
        bytes32 array = keccak256(abi.encodePacked(_hashes(PLEDGE_ITEM, items)));
        bytes32 numbers = keccak256(abi.encodePacked(registryNos));
        bytes32 structHash = keccak256(abi.encode(PLEDGE_BATCH, array, numbers, lenderAuth.nonce, lenderAuth.deadline));
        return _requireDone(_pledgeBatch(items, pledgor, registryNos, _authorize(lenderAuth, structHash)));
    }

    /// @inheritdoc IPledges
    function releaseBatch(ReleaseParams[] calldata items) external returns (uint256) {
        return _releaseBatch(items, msg.sender);
    }

    /// @inheritdoc IPledges
    function releaseBatchBySig(ReleaseParams[] calldata items, Auth calldata auth) external returns (uint256) {
        _requireBatch(items.length);
        bytes32[] memory hashes = new bytes32[](items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            hashes[i] = keccak256(abi.encode(RELEASE_ITEM, items[i]));
        }
        return _requireDone(_releaseBatch(items, _authorize(auth, _batchHash(RELEASE_BATCH, hashes, auth))));
    }

    /// @notice One item of a batch; only the contract itself calls this.
    function releaseItem(ReleaseParams calldata p, uint32 party) external onlySelf {
        _byRelease(p, party);
    }

    /// @inheritdoc IPledges
    function pledgeOf(bytes32 pledgeId) external view returns (Pledge memory) {
        Entry e = _pledges[pledgeId];
        uint8 kind = e.state() == PledgeState.None ? 0 : e.goods() ? WAREHOUSE_RECEIPT : RECEIVABLE;
        return Pledge(e.state(), kind, e.drawn(), e.lender(), e.amount(), e.expiresAt(), e.tag(), e.rank());
    }

    /// @inheritdoc IPledges
    function pledgeIdOf(bytes32 assetId, bytes16 own) external pure returns (bytes32) {
        return Entries.idOf(assetId, own);
    }

    /// @inheritdoc IPledges
    function enforcedId(bytes32 pledgeId, bytes32 assetId) external pure returns (bytes32) {
        return Ids.enforced(pledgeId, assetId);
    }

    /// @inheritdoc IPledges
    function boughtBackId(bytes32 pledgeId, uint32 buyer, uint256 n) external pure returns (bytes32) {
        return Ids.boughtBack(pledgeId, buyer, n);
    }

    function _byPledge(PledgeParams calldata p, Auth calldata pledgor, bytes32 registryNo, address who) private {
        (uint32 lender, uint32 holder) = _lenderAndHolder(who, pledgor.signer);
        _attest(pledgor, keccak256(abi.encode(GRANT, p, pledgor.nonce, pledgor.deadline)));
        _pledge(p, lender, holder, registryNo);
    }

    function _bySubstitute(SubstituteParams calldata p, Auth calldata pledgor, bytes32 registryNo, address who)
        private
    {
        (uint32 lender, uint32 holder) = _lenderAndHolder(who, pledgor.signer);
        _attest(pledgor, keccak256(abi.encode(EXCHANGE, p, pledgor.nonce, pledgor.deadline)));
        _substitute(p, lender, holder, registryNo);
    }

    function _byRelease(ReleaseParams calldata p, uint32 party) private {
        _release(p.pledgeId, p.assetId, p.amount, p.keep, party);
    }

    function _byDraw(DrawParams calldata p, address who) private {
        // The lender has paid out already, and the pledgor's way out by expiry can't be stopped either.
        _draw(p, _actor(who));
    }

    function _byUndertake(UndertakeParams calldata p, address who) private {
        (uint32 buyer, uint32 roles) = participants.enter(who, Kinds.PLEDGE);
        _undertake(p, buyer, roles);
    }

    function _pledgeBatch(
        PledgeParams[] calldata items,
        Auth calldata pledgor,
        bytes32[] calldata registryNos,
        address who
    ) private returns (uint256 done) {
        _requireBatch(items.length);
        if (registryNos.length != items.length) revert RegistryNosMismatch(items.length, registryNos.length);
        (uint32 lender, uint32 holder) = _lenderAndHolder(who, pledgor.signer);
        _attest(pledgor, _batchHash(GRANT_BATCH, _hashes(GRANT_ITEM, items), pledgor));
        for (uint256 i = 0; i < items.length; ++i) {
            try this.pledgeItem(items[i], lender, holder, registryNos[i]) {
                ++done;
            } catch (bytes memory reason) {
                _requireReason(i, reason);
                emit ItemRefused(i, items[i].pledgeId, reason);
            }
        }
    }

    function _releaseBatch(ReleaseParams[] calldata items, address who) private returns (uint256 done) {
        _requireBatch(items.length);
        uint32 party = _actor(who);
        for (uint256 i = 0; i < items.length; ++i) {
            try this.releaseItem(items[i], party) {
                ++done;
            } catch (bytes memory reason) {
                _requireReason(i, reason);
                emit ItemRefused(i, items[i].pledgeId, reason);
            }
        }
    }

    function _hashes(bytes32 itemType, PledgeParams[] calldata items) private pure returns (bytes32[] memory hashes) {
        _requireBatch(items.length);
        hashes = new bytes32[](items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            hashes[i] = keccak256(abi.encode(itemType, items[i]));
        }
    }

    function _lenderAndHolder(address who, address pledgor) private view returns (uint32 lender, uint32 holder) {
        uint32 roles;
        (lender, roles, holder,) = participants.enterBoth(who, pledgor, Kinds.PLEDGE);
        _requireRole(lender, roles, Roles.LENDER);
    }

    function _bank(address who) private view returns (uint32 bank) {
        uint32 roles;
        (bank, roles) = participants.actor(who);
        _requireRole(bank, roles, Roles.BANK);
    }

    function _actor(address who) private view returns (uint32 party) {
        (party,) = participants.actor(who);
    }
}
