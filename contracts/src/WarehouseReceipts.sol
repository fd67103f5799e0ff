// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {PartyActs} from "./Acts.sol";
import {Auth} from "./interfaces/IActs.sol";
import {IAsset} from "./interfaces/IAsset.sol";
import {IParticipants} from "./interfaces/IParticipants.sol";
import {IWarehouseReceipts} from "./interfaces/IWarehouseReceipts.sol";
import {Ids} from "./libraries/Ids.sol";
import {Kinds} from "./libraries/Kinds.sol";
import {Roles} from "./libraries/Roles.sol";

/// @title Electronic warehouse receipts. See IWarehouseReceipts for meaning and units.
contract WarehouseReceipts is PartyActs, IWarehouseReceipts {
    bytes32 private constant ISSUE =
        keccak256("Issue(bytes32 id,uint32 owner,bytes32 documentRoot,uint64 quantity,uint256 nonce,uint256 deadline)");
    bytes32 private constant TRANSFER = keccak256("Transfer(bytes32 id,uint32 to,uint256 nonce,uint256 deadline)");
    bytes32 private constant RELEASE = keccak256("Release(bytes32 id,uint64 quantity,uint256 nonce,uint256 deadline)");
    bytes32 private constant RECOUNT =
        keccak256("Recount(bytes32 id,bytes32 documentRoot,uint64 missing,uint256 nonce,uint256 deadline)");

    /// @dev What pledges and transfers touch, in one slot: 3 x 7 + 4 + 4 + 1 = 30 bytes.
    struct Stock {
        uint56 issued;
        uint56 free;
        uint56 pledged;
        uint32 owner;
        uint32 keeper;
        bool part;
    }

    /// @dev Written when first needed, one slot. `missing` isn't stored: it is what the others leave of `issued`.
    struct Gone {
        uint64 released;
        uint64 liquidated;
    }

    /// @notice The register of pledges, the only one that locks, unlocks and takes.
    address public immutable pledges;

    mapping(bytes32 id => Stock) private _stocks;
    mapping(bytes32 id => bytes24 documentTag) private _tags;
    mapping(bytes32 id => Gone) private _gone;

    constructor(IParticipants participants_, address pledges_) PartyActs("chainfin WarehouseReceipts", participants_) {
        pledges = pledges_;
    }

    /// @inheritdoc IWarehouseReceipts
    function issue(IssueParams calldata p) external {
        _issue(p, msg.sender);
    }

    /// @inheritdoc IWarehouseReceipts
    function issueBySig(IssueParams calldata p, Auth calldata auth) external {
        _issue(p, _authorize(auth, keccak256(abi.encode(ISSUE, p, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IWarehouseReceipts
    function transfer(TransferParams calldata p) external {
        _transfer(p, msg.sender);
    }

    /// @inheritdoc IWarehouseReceipts
    function transferBySig(TransferParams calldata p, Auth calldata auth) external {
        _transfer(p, _authorize(auth, keccak256(abi.encode(TRANSFER, p, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IWarehouseReceipts
    function release(ReleaseParams calldata p) external {
        _release(p, msg.sender);
    }

    /// @inheritdoc IWarehouseReceipts
    function releaseBySig(ReleaseParams calldata p, Auth calldata auth) external {
        _release(p, _authorize(auth, keccak256(abi.encode(RELEASE, p, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IWarehouseReceipts
    function recount(RecountParams calldata p) external {
        _recount(p, msg.sender);
    }

    /// @inheritdoc IWarehouseReceipts
    function recountBySig(RecountParams calldata p, Auth calldata auth) external {
        _recount(p, _authorize(auth, keccak256(abi.encode(RECOUNT, p, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IAsset
    function lock(bytes32 id, uint64 quantity, uint32 pledgor) external onlySister(pledges) {
        Stock storage s = _owned(id, pledgor);
        if (quantity > s.free) revert ExceedsFree(id, quantity, s.free);
        s.free -= uint56(quantity); // fits: not above `free`
        s.pledged += uint56(quantity);
    }

    /// @inheritdoc IAsset
    function unlock(bytes32 id, uint64 quantity) external onlySister(pledges) {
        Stock storage s = _stocks[id];
        s.free += _unpledge(s, quantity);
    }

    /// @inheritdoc IAsset
    function take(bytes32 id, bytes32 childId, uint64 quantity, uint32 lender) external onlySister(pledges) {
        Stock storage s = _stocks[id];
        // No check that `childId` is new: a pledge is enforced once, and nobody else can issue such an id.
        uint56 taken = _unpledge(s, quantity);
        _gone[id].liquidated += taken;
        _stocks[childId] = Stock(taken, taken, 0, lender, s.keeper, true);
        emit Taken(id, childId, lender, taken);
    }

    /// @inheritdoc IAsset
    function holderOf(bytes32 id) external view returns (uint32) {
        return _stocks[id].owner;
    }

    /// @inheritdoc IWarehouseReceipts
    function receipt(bytes32 id) external view returns (Receipt memory) {
        Stock memory s = _stocks[id];
        Gone memory g = _gone[id];
        return Receipt({
            owner: s.owner,
            keeper: s.keeper,
            part: s.part,
            documentTag: _tags[id],
            issued: s.issued,
            free: s.free,
            pledged: s.pledged,
            released: g.released,
            liquidated: g.liquidated,
            missing: uint64(s.issued) - s.free - s.pledged - g.released - g.liquidated
        });
    }

    function _issue(IssueParams calldata p, address who) private {
        (uint32 keeper, uint32 roles) = participants.enter(who, Kinds.RECEIPT);
        _requireRole(keeper, roles, Roles.KEEPER);
        if (Ids.isReserved(p.id)) revert IdReserved(p.id);
        if (_stocks[p.id].keeper != 0) revert ReceiptExists(p.id);
        _requireAmount(p.quantity);
        participants.requireRole(p.owner, type(uint32).max);
        _stocks[p.id] = Stock(uint56(p.quantity), uint56(p.quantity), 0, p.owner, keeper, false); // fits: _requireAmount
        _tags[p.id] = bytes24(keccak256(abi.encode(p.documentRoot)));
        emit Issued(p.id, p.owner, keeper, p.documentRoot, p.quantity);
    }

    function _transfer(TransferParams calldata p, address who) private {
        (uint32 party,) = participants.enter(who, Kinds.TRANSFER);
        Stock storage s = _owned(p.id, party);
        if (s.pledged != 0) revert PledgedPart(p.id, s.pledged);
        if (p.to == party) revert TransferToSelf(party);
        participants.requireRole(p.to, type(uint32).max);
        s.owner = p.to;
        emit Transferred(p.id, party, p.to);
    }

    function _release(ReleaseParams calldata p, address who) private {
        (uint32 party,) = participants.actor(who);
        Stock storage s = _kept(p.id, party);
        _requireAmount(p.quantity);
        if (p.quantity > s.free) revert ExceedsFree(p.id, p.quantity, s.free);
        s.free -= uint56(p.quantity); // fits: not above `free`
        _gone[p.id].released += p.quantity;
        emit GoodsReleased(p.id, p.quantity);
    }

    function _recount(RecountParams calldata p, address who) private {
        (uint32 party,) = participants.actor(who);
        Stock storage s = _kept(p.id, party);
        _requireAmount(p.missing);
        uint56 free = s.free;
        uint256 there = uint256(free) + s.pledged;
        if (p.missing > there) revert ExceedsFree(p.id, p.missing, uint64(there));
        // The free part bears the loss first; what is beyond it eats into the pledged part, and the event says so.
        uint56 fromFree = p.missing > free ? free : uint56(p.missing);
        uint56 fromPledged = uint56(p.missing) - fromFree; // fits: not above free + pledged, of one issue
        s.free = free - fromFree;
        s.pledged -= fromPledged;
        emit Recounted(p.id, p.documentRoot, fromFree, fromPledged);
    }

    /// @dev Takes what is there: after a count that found less, a pledge may be larger than what is left of its goods,
    /// and its release must still go through.
    function _unpledge(Stock storage s, uint64 quantity) private returns (uint56 moved) {
        moved = quantity > s.pledged ? s.pledged : uint56(quantity);
        s.pledged -= moved;
    }

    function _known(bytes32 id) private view returns (Stock storage s) {
        s = _stocks[id];
        if (s.keeper == 0) revert ReceiptUnknown(id);
    }

    function _owned(bytes32 id, uint32 party) private view returns (Stock storage s) {
        s = _known(id);
        if (s.owner != party) revert NotOwner(id, party);
    }

    function _kept(bytes32 id, uint32 party) private view returns (Stock storage s) {
        s = _known(id);
        if (s.keeper != party) revert NotKeeper(id, party);
    }
}
