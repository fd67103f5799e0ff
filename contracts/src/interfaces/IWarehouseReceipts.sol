// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth} from "./IActs.sol";
import {IAsset} from "./IAsset.sol";
import {IPledges} from "./IPledges.sol";

/// @title Electronic warehouse receipts (电子仓单). `free + pledged + released + liquidated + missing = issued`, always.
/// @dev Quantities are whole thousandths of the unit declared in the document; no prices on chain.
interface IWarehouseReceipts is IAsset {
    /// @param id Hash that names the receipt.
    /// @param owner Party that has title to the goods.
    /// @param documentRoot Salted Merkle root over the receipt's fields (goods, grade, unit, place).
    /// @param quantity Thousandths of the declared unit.
    struct IssueParams {
        bytes32 id;
        uint32 owner;
        bytes32 documentRoot;
        uint64 quantity;
    }

    /// @param id The receipt, something of it left and no part of it pledged.
    /// @param to Party that owns it from now on.
    struct TransferParams {
        bytes32 id;
        uint32 to;
    }

    /// @param id The receipt.
    /// @param quantity Goods that leave to the owner, thousandths; out of the free part.
    struct ReleaseParams {
        bytes32 id;
        uint64 quantity;
    }

    /// @param id The receipt.
    /// @param documentRoot Root of the record of the count.
    /// @param missing Quantity that the count didn't find, thousandths.
    /// @param pledgeIds If that is more than the free part: all live pledges over the receipt, oldest first; else none.
    struct RecountParams {
        bytes32 id;
        bytes32 documentRoot;
        uint64 missing;
        bytes32[] pledgeIds;
    }

    /// @param id The receipt.
    /// @param documentRoot Root of the record of what was found.
    /// @param found Quantity that a count missed and that is there after all, thousandths; free from now on.
    struct CorrectParams {
        bytes32 id;
        bytes32 documentRoot;
        uint64 found;
    }

    /// @notice A receipt; quantities in thousandths of the declared unit.
    /// @param owner Party with title to the goods.
    /// @param keeper Party that holds them.
    /// @param part Whether it came from an enforcement.
    /// @param documentTag First 24 bytes of keccak256(documentRoot); 0 for a part.
    struct Receipt {
        uint32 owner;
        uint32 keeper;
        bool part;
        bytes24 documentTag;
        uint64 issued;
        uint64 free;
        uint64 pledged;
        uint64 released;
        uint64 liquidated;
        uint64 missing;
    }

    event Issued(
        bytes32 indexed id, uint32 indexed owner, uint32 indexed keeper, bytes32 documentRoot, uint64 quantity
    );
    event Transferred(bytes32 indexed id, uint32 indexed from, uint32 indexed to);
    event GoodsReleased(bytes32 indexed id, uint64 quantity);
    /// @notice A count found less: first the free part shrinks by `fromFree`, then the pledged one by `fromPledged`; which
    /// pledges bear it, is in the `Shrunk` events of Pledges.
    event Recounted(bytes32 indexed id, bytes32 documentRoot, uint64 fromFree, uint64 fromPledged);
    /// @notice `found` of what counts had missed is there after all, and free. Pledges that a count shrank don't grow again.
    event Corrected(bytes32 indexed id, bytes32 documentRoot, uint64 found);
    /// @notice Enforcement: `lender` owns `quantity` as the receipt `childId` now.
    event Taken(bytes32 indexed id, bytes32 indexed childId, uint32 indexed lender, uint64 quantity);

    error ReceiptExists(bytes32 id);
    error ReceiptUnknown(bytes32 id);
    /// @notice Only the keeper of this receipt's goods may do this.
    error NotKeeper(bytes32 id, uint32 party);
    /// @notice Only the owner may do this.
    error NotOwner(bytes32 id, uint32 party);
    /// @notice More than the free part.
    error ExceedsFree(bytes32 id, uint256 wanted, uint64 free);
    /// @notice More than the part pledged.
    error ExceedsPledged(bytes32 id, uint256 wanted, uint64 pledged);
    /// @notice More than counts have missed.
    error ExceedsMissing(bytes32 id, uint256 found, uint64 missing);
    /// @notice A part of it is pledged.
    error PledgedPart(bytes32 id, uint64 pledged);
    /// @notice It belongs to this party already.
    error TransferToSelf(uint32 party);
    /// @notice It has 100 live pledges, or has had 65,535.
    error TooManyPledges(bytes32 id);
    /// @notice The free part bears the whole loss: no pledge has to be named.
    error PledgesUnwanted(bytes32 id);

    /// @notice The keeper issues a receipt for goods that it holds.
    function issue(IssueParams calldata p) external;
    function issueBySig(IssueParams calldata p, Auth calldata auth) external;
    /// @notice The owner passes title on.
    function transfer(TransferParams calldata p) external;
    function transferBySig(TransferParams calldata p, Auth calldata auth) external;
    /// @notice The keeper hands goods out to the owner (赎货): free quantity only, and by the owner's order. `owner` is its own
    /// `HandOut(<ReleaseParams>,uint256 nonce,uint256 deadline)`, which serves once.
    function release(ReleaseParams calldata p, Auth calldata owner) external;
    /// @notice Relayed: `auth` is the keeper's `Release(<ReleaseParams>,uint256 nonce,uint256 deadline)`.
    function releaseBySig(ReleaseParams calldata p, Auth calldata owner, Auth calldata auth) external;
    /// @notice The keeper's count finds less than the receipt says. The free part bears the loss first, then the youngest
    /// pledge, and so on to the oldest.
    function recount(RecountParams calldata p) external;
    function recountBySig(RecountParams calldata p, Auth calldata auth) external;

    /// @notice The keeper has found again what a count of its own missed. `owner` is the owner's
    /// `Correction(<CorrectParams>,uint256 nonce,uint256 deadline)`: two parties say that it is there; it serves once.
    function correct(CorrectParams calldata p, Auth calldata owner) external;
    function correctBySig(CorrectParams calldata p, Auth calldata owner, Auth calldata auth) external;

    /// @notice Party that holds the goods; 0 if there is no such receipt.
    function keeperOf(bytes32 id) external view returns (uint32);
    /// @notice The register of pledges, the only one that locks, unlocks and takes.
    function pledges() external view returns (IPledges);
    function receipt(bytes32 id) external view returns (Receipt memory);
}
