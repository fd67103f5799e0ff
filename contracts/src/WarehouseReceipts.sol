// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {PartyActs} from "./Acts.sol";
import {Auth} from "./interfaces/IActs.sol";
import {IAsset} from "./interfaces/IAsset.sol";
import {IParticipants} from "./interfaces/IParticipants.sol";
import {IPledges} from "./interfaces/IPledges.sol";
import {IWarehouseReceipts} from "./interfaces/IWarehouseReceipts.sol";
import {Ids} from "./libraries/Ids.sol";
import {Kinds} from "./libraries/Kinds.sol";
import {Roles} from "./libraries/Roles.sol";
import {Stock, Stocks} from "./libraries/Stocks.sol";

/// @title Electronic warehouse receipts. See IWarehouseReceipts for meaning and units.
contract WarehouseReceipts is PartyActs, IWarehouseReceipts {
    bytes32 private constant ISSUE =
        keccak256("Issue(bytes32 id,uint32 owner,bytes32 documentRoot,uint64 quantity,uint256 nonce,uint256 deadline)");
    bytes32 private constant TRANSFER = keccak256("Transfer(bytes32 id,uint32 to,uint256 nonce,uint256 deadline)");
    bytes32 private constant RELEASE = keccak256("Release(bytes32 id,uint64 quantity,uint256 nonce,uint256 deadline)");
    bytes32 private constant HAND_OUT = keccak256("HandOut(bytes32 id,uint64 quantity,uint256 nonce,uint256 deadline)");
    bytes32 private constant CORRECT =
        keccak256("Correct(bytes32 id,bytes32 documentRoot,uint64 found,uint256 nonce,uint256 deadline)");
    bytes32 private constant CORRECTION =
        keccak256("Correction(bytes32 id,bytes32 documentRoot,uint64 found,uint256 nonce,uint256 deadline)");
    bytes32 private constant RECOUNT = keccak256(
        "Recount(bytes32 id,bytes32 documentRoot,uint64 missing,bytes32[] pledgeIds,uint256 nonce,uint256 deadline)"
    );

    /// @dev So that one recount can name all of them; and what their ranks count to.
    uint256 private constant MAX_LIVE = 100;
    uint256 private constant MAX_MADE = type(uint16).max;

    /// @dev Written when first needed, one slot. `missing` isn't stored: it is what the others leave of `issued`.
    struct Gone {
        uint64 released;
        uint64 liquidated;
    }

    /// @notice The register of pledges, the only one that locks, unlocks and takes.
    IPledges public immutable pledges;

    mapping(bytes32 id => Stock) private _stocks;
    mapping(bytes32 id => bytes24 documentTag) private _tags;
    mapping(bytes32 id => Gone) private _gone;

    constructor(IParticipants participants_, IPledges pledges_) PartyActs("chainfin WarehouseReceipts", participants_) {
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
    function release(ReleaseParams calldata p, Auth calldata owner) external {
        _release(p, owner, msg.sender);
    }

    /// @inheritdoc IWarehouseReceipts
    function releaseBySig(ReleaseParams calldata p, Auth calldata owner, Auth calldata auth) external {
        _release(p, owner, _authorize(auth, keccak256(abi.encode(RELEASE, p, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IWarehouseReceipts
    function recount(RecountParams calldata p) external {
        _recount(p, msg.sender);
    }

    /// @inheritdoc IWarehouseReceipts
    function recountBySig(RecountParams calldata p, Auth calldata auth) external {
        bytes32 named = keccak256(abi.encodePacked(p.pledgeIds));
        bytes32 structHash =
            keccak256(abi.encode(RECOUNT, p.id, p.documentRoot, p.missing, named, auth.nonce, auth.deadline));
        _recount(p, _authorize(auth, structHash));
    }

    /// @inheritdoc IWarehouseReceipts
    function correct(CorrectParams calldata p, Auth calldata owner) external {
        _correct(p, owner, msg.sender);
    }

    /// @inheritdoc IWarehouseReceipts
    function correctBySig(CorrectParams calldata p, Auth calldata owner, Auth calldata auth) external {
        _correct(p, owner, _authorize(auth, keccak256(abi.encode(CORRECT, p, auth.nonce, auth.deadline))));
    }

    /// @inheritdoc IAsset
    function lock(bytes32 id, uint64 quantity, uint32 pledgor, uint32 lender)
        external
        onlySister(address(pledges))
        returns (uint16)
    {
        Stock s = _owned(id, pledgor);
        // A keeper neither lends nor borrows on what it counts itself.
        _requireOther(s.keeper(), pledgor);
        _requireOther(s.keeper(), lender);
        if (quantity > s.free()) revert ExceedsFree(id, quantity, s.free());
        if (s.live() == MAX_LIVE || s.made() == MAX_MADE) revert TooManyPledges(id);
        s = s.withPledge(quantity);
        _stocks[id] = s;
        return s.made();
    }

    /// @inheritdoc IAsset
    function unlock(bytes32 id, uint64 quantity, bool ended) external onlySister(address(pledges)) {
        _stocks[id] = _unpledge(id, quantity, ended).moreFree(quantity);
    }

    /// @inheritdoc IAsset
    function take(bytes32 id, bytes32 childId, uint64 quantity, uint32 lender, bool ended)
        external
        onlySister(address(pledges))
    {
        // No check that `childId` is new: a pledge is enforced once, and nobody else can issue such an id.
        Stock s = _unpledge(id, quantity, ended);
        _requireOther(s.keeper(), lender);
        _stocks[id] = s;
        _gone[id].liquidated += quantity;
        _stocks[childId] = Stocks.create(quantity, lender, s.keeper(), true);
        emit Taken(id, childId, lender, quantity);
    }

    /// @inheritdoc IAsset
    function holderOf(bytes32 id) external view returns (uint32) {
        return _stocks[id].owner();
    }

    /// @inheritdoc IWarehouseReceipts
    function keeperOf(bytes32 id) external view returns (uint32) {
        return _stocks[id].keeper();
    }

    /// @inheritdoc IWarehouseReceipts
    function receipt(bytes32 id) external view returns (Receipt memory) {
        Stock s = _stocks[id];
        Gone memory g = _gone[id];
        return Receipt({
            owner: s.owner(),
            keeper: s.keeper(),
            part: s.part(),
            documentTag: _tags[id],
            issued: s.issued(),
            free: s.free(),
            pledged: s.pledged(),
            released: g.released,
            liquidated: g.liquidated,
            missing: _missing(s, g)
        });
    }

    function _issue(IssueParams calldata p, address who) private {
        (uint32 keeper, uint32 roles) = participants.enter(who, Kinds.RECEIPT);
        _requireRole(keeper, roles, Roles.KEEPER);
        if (Ids.isReserved(p.id)) revert IdReserved(p.id);
        if (_stocks[p.id].keeper() != 0) revert ReceiptExists(p.id);
        _requireAmount(p.quantity);
        _requireOther(keeper, p.owner);
        participants.requireRole(p.owner, type(uint32).max);
        _stocks[p.id] = Stocks.create(p.quantity, p.owner, keeper, false);
        _tags[p.id] = bytes24(keccak256(abi.encode(p.documentRoot)));
        emit Issued(p.id, p.owner, keeper, p.documentRoot, p.quantity);
    }

    function _transfer(TransferParams calldata p, address who) private {
        (uint32 party,) = participants.enter(who, Kinds.TRANSFER);
        Stock s = _owned(p.id, party);
        if (s.empty()) revert NothingLeft(p.id);
        if (s.pledged() != 0) revert PledgedPart(p.id, s.pledged());
        if (p.to == party) revert TransferToSelf(party);
        _requireOther(s.keeper(), p.to);
        participants.requireRole(p.to, type(uint32).max);
        _stocks[p.id] = s.withOwner(p.to);
        emit Transferred(p.id, party, p.to);
    }

    function _release(ReleaseParams calldata p, Auth calldata owner, address who) private {
        (uint32 party,) = participants.actor(who);
        Stock s = _kept(p.id, party);
        _requireAmount(p.quantity);
        if (p.quantity > s.free()) revert ExceedsFree(p.id, p.quantity, s.free());
        _requireOwner(p.id, s, owner, keccak256(abi.encode(HAND_OUT, p, owner.nonce, owner.deadline)));
        _stocks[p.id] = s.lessFree(p.quantity);
        _gone[p.id].released += p.quantity;
        emit GoodsReleased(p.id, p.quantity);
    }

    function _recount(RecountParams calldata p, address who) private {
        (uint32 party,) = participants.actor(who);
        Stock s = _kept(p.id, party);
        _requireAmount(p.missing);
        uint64 there = s.free() + s.pledged();
        if (p.missing > there) revert ExceedsFree(p.id, p.missing, there);
        // The free part bears the loss first, then the pledges, the youngest first.
        uint64 fromFree = p.missing < s.free() ? p.missing : s.free();
        uint64 fromPledged = p.missing - fromFree;
        uint256 ended;
        if (fromPledged != 0) {
            // The one call before the effects: it says how many pledges end, and calls nobody.
            ended = pledges.shrink(p.id, p.pledgeIds, s.pledged(), fromPledged);
        } else if (p.pledgeIds.length != 0) {
            revert PledgesUnwanted(p.id);
        }
        _stocks[p.id] = s.lessFree(fromFree).lessPledged(fromPledged).lessLive(ended);
        emit Recounted(p.id, p.documentRoot, fromFree, fromPledged);
    }

    function _correct(CorrectParams calldata p, Auth calldata owner, address who) private {
        (uint32 party,) = participants.actor(who);
        Stock s = _kept(p.id, party);
        _requireAmount(p.found);
        uint64 missing = _missing(s, _gone[p.id]);
        if (p.found > missing) revert ExceedsMissing(p.id, p.found, missing);
        _requireOwner(p.id, s, owner, keccak256(abi.encode(CORRECTION, p, owner.nonce, owner.deadline)));
        _stocks[p.id] = s.moreFree(p.found);
        emit Corrected(p.id, p.documentRoot, p.found);
    }

    /// @dev The owner signed it; that serves once.
    function _requireOwner(bytes32 id, Stock s, Auth calldata owner, bytes32 structHash) private {
        (uint32 party,) = participants.actor(owner.signer);
        if (s.owner() != party) revert NotOwner(id, party);
        _authorize(owner, structHash);
    }

    function _missing(Stock s, Gone memory g) private pure returns (uint64) {
        return s.issued() - s.free() - s.pledged() - g.released - g.liquidated;
    }

    function _unpledge(bytes32 id, uint64 quantity, bool ended) private view returns (Stock s) {
        s = _stocks[id];
        if (quantity > s.pledged()) revert ExceedsPledged(id, quantity, s.pledged());
        s = s.lessPledged(quantity);
        if (ended) s = s.lessLive(1);
    }

    function _requireOther(uint32 keeper, uint32 party) private pure {
        if (party == keeper) revert SelfAttested(keeper);
    }

    function _known(bytes32 id) private view returns (Stock s) {
        s = _stocks[id];
        if (s.keeper() == 0) revert ReceiptUnknown(id);
    }

    function _owned(bytes32 id, uint32 party) private view returns (Stock s) {
        s = _known(id);
        if (s.owner() != party) revert NotOwner(id, party);
    }

    function _kept(bytes32 id, uint32 party) private view returns (Stock s) {
        s = _known(id);
        if (s.keeper() != party) revert NotKeeper(id, party);
    }
}
