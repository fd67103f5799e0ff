// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth} from "./IActs.sol";

/// @title The register of pledges (质押) over both kinds of assets: a part of an asset secures one loan at a time.
interface IPledges {
    /// @param pledgeId Hash that names the pledge, once for all.
    /// @param assetKind 1 receivable, 2 warehouse receipt.
    /// @param assetId Receivable or receipt.
    /// @param amount Part that is locked: minor units, or thousandths of the declared unit.
    /// @param lender Party in whose favour.
    /// @param loanRef Hash that names the loan.
    /// @param decisionHash Hash of the lender's decision record.
    /// @param expiresAt Unix seconds (below 2^32) after which an undrawn pledge may be ended by its pledgor; 0: never, counts as drawn.
    struct PledgeParams {
        bytes32 pledgeId;
        uint8 assetKind;
        bytes32 assetId;
        uint64 amount;
        uint32 lender;
        bytes32 loanRef;
        bytes32 decisionHash;
        uint64 expiresAt;
    }

    /// @param pledgeId The pledge.
    /// @param assetId Its asset (checked against the stored tag; the full id isn't stored).
    /// @param amount Part that is set free: minor units or thousandths.
    struct ReleaseParams {
        bytes32 pledgeId;
        bytes32 assetId;
        uint64 amount;
    }

    /// @param pledgeId The pledge on which the lender has paid out.
    struct DrawParams {
        bytes32 pledgeId;
    }

    /// @param pledgeId The pledge that was never drawn.
    /// @param assetId Its asset.
    struct ExpireParams {
        bytes32 pledgeId;
        bytes32 assetId;
    }

    /// @param pledgeId The pledge of a loan in default.
    /// @param assetId Its asset.
    struct EnforceParams {
        bytes32 pledgeId;
        bytes32 assetId;
    }

    enum PledgeState {
        None,
        Active,
        Released,
        Enforced,
        Expired
    }

    /// @notice A pledge as stored.
    /// @param state Active while `amount` > 0; Released, Enforced or Expired for good.
    /// @param assetKind 1 receivable, 2 warehouse receipt.
    /// @param drawn Whether the lender has paid out (an undrawn one can expire).
    /// @param lender Party in whose favour.
    /// @param amount Still locked: minor units, or thousandths of the declared unit.
    /// @param expiresAt Unix seconds; 0 if it was drawn from the start.
    /// @param assetTag First 16 bytes of keccak256(assetId): ties the pledge to its asset.
    struct Pledge {
        PledgeState state;
        uint8 assetKind;
        bool drawn;
        uint32 lender;
        uint64 amount;
        uint32 expiresAt;
        bytes16 assetTag;
    }

    event Pledged(
        bytes32 indexed pledgeId,
        bytes32 indexed assetId,
        bytes32 indexed loanRef,
        uint8 assetKind,
        uint64 amount,
        uint32 pledgor,
        uint32 lender,
        bytes32 decisionHash,
        bytes32 registryNo,
        uint64 expiresAt
    );
    event Drawn(bytes32 indexed pledgeId);
    /// @notice A part was set free by the lender; `remaining` 0 ends the pledge.
    event Released(bytes32 indexed pledgeId, bytes32 indexed assetId, uint64 amount, uint64 remaining);
    /// @notice The last of it was paid by the debtor: the pledge is released by itself. Each payment, this one too, is in
    /// the `Settled` event of Receivables, which names the pledge: it isn't logged a second time here.
    event Discharged(bytes32 indexed pledgeId, bytes32 indexed assetId);
    event Expired(bytes32 indexed pledgeId, bytes32 indexed assetId, uint64 amount);
    /// @notice The lender took the part: it holds it as `childId` now.
    event Enforced(bytes32 indexed pledgeId, bytes32 indexed assetId, bytes32 childId, uint64 amount);

    /// @notice This id names a pledge already.
    error PledgeExists(bytes32 pledgeId);
    error PledgeUnknown(bytes32 pledgeId);
    /// @notice The pledge has ended.
    error PledgeStateWrong(bytes32 pledgeId, PledgeState state);
    /// @notice Neither 1 nor 2.
    error AssetKindInvalid(uint8 assetKind);
    /// @notice The pledge isn't over this asset.
    error AssetMismatch(bytes32 pledgeId, bytes32 assetId);
    /// @notice Only the pledge's lender may do this.
    error NotLender(bytes32 pledgeId, uint32 party);
    /// @notice Only the holder of the pledged asset may do this.
    error NotPledgor(bytes32 pledgeId, uint32 party);
    /// @notice A lender can't take a pledge from itself.
    error LenderIsPledgor(uint32 party);
    /// @notice More than the part still locked.
    error ExceedsPledge(bytes32 pledgeId, uint256 wanted, uint64 locked);
    /// @notice Expiry in the past or beyond 2^32 - 1 seconds.
    error ExpiryInvalid(uint64 expiresAt);
    /// @notice The pledge can't end by expiry now: drawn, or not yet expired.
    error NotExpired(bytes32 pledgeId, uint64 expiresAt);
    /// @notice It expired before it was drawn.
    error PledgeLapsed(bytes32 pledgeId, uint64 expiresAt);
    /// @notice It was drawn already.
    error AlreadyDrawn(bytes32 pledgeId);
    /// @notice No number of the entry in the statutory registry.
    error RegistryNoMissing(bytes32 pledgeId);

    /// @notice The lender takes a pledge. `pledgor` is the holder's own `Grant(<PledgeParams>,uint256 nonce,uint256 deadline)`:
    /// its acceptance of the offer. The grant's nonce isn't used up (the pledgeId serves once), but a withdrawn one is refused.
    /// @param registryNo Number (or its hash) of the entry in the statutory registry; not zero.
    function pledge(PledgeParams calldata p, Auth calldata pledgor, bytes32 registryNo) external;
    /// @notice Relayed: `lenderAuth` is the lender's `Pledge(<PledgeParams>,bytes32 registryNo,uint256 nonce,uint256 deadline)`.
    function pledgeBySig(PledgeParams calldata p, Auth calldata pledgor, bytes32 registryNo, Auth calldata lenderAuth)
        external;
    /// @notice The lender sets a part, or all, free.
    function release(ReleaseParams calldata p) external;
    function releaseBySig(ReleaseParams calldata p, Auth calldata auth) external;
    /// @notice The lender has paid out: from now on the pledge doesn't expire.
    function draw(DrawParams calldata p) external;
    function drawBySig(DrawParams calldata p, Auth calldata auth) external;
    /// @notice The pledgor ends a pledge that wasn't drawn in time.
    function expire(ExpireParams calldata p) external;
    function expireBySig(ExpireParams calldata p, Auth calldata auth) external;
    /// @notice The lender takes the pledged part on default (a receivable: not before its due day has passed).
    function enforce(EnforceParams calldata p) external;
    function enforceBySig(EnforceParams calldata p, Auth calldata auth) external;

    /// @notice By Receivables only: `amount` of the pledged part was paid to `payee`.
    function discharge(bytes32 pledgeId, bytes32 assetId, uint64 amount, uint32 payee) external;

    function pledgeOf(bytes32 pledgeId) external view returns (Pledge memory);
    /// @notice Id of the asset that comes to be when this pledge is enforced.
    function enforcedId(bytes32 pledgeId, bytes32 assetId) external pure returns (bytes32);
}
