// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth} from "./IActs.sol";

/// @title The register of pledges (质押) over both kinds of assets: a part of an asset secures one loan at a time.
interface IPledges {
    /// @param pledgeId Names the pledge, once for all. Begins with bytes 14 to 29 of keccak256(assetId), see `pledgeIdOf`;
    /// the last 16 bytes are the lender's free choice.
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
    /// @param assetId Its asset (checked against the stored tag and the pledge's id; the full asset id isn't stored).
    /// @param amount Part that is set free: minor units or thousandths.
    /// @param keep What has to stay locked after it, whatever other acts took from the pledge meanwhile; same unit.
    /// @param valuation SHA-256 of the canonical JSON of what it was reckoned by (price, unit, currency, as_of, source,
    /// owed, ltv); 0 where no price counts. Kept by the parties: the contract doesn't look at it.
    struct ReleaseParams {
        bytes32 pledgeId;
        bytes32 assetId;
        uint64 amount;
        uint64 keep;
        bytes32 valuation;
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

    /// @notice Goods were sold: part of a pledge over goods is set free and the receivable of the sale pledged instead.
    /// @param soldPledgeId Pledge over the goods.
    /// @param goodsId The warehouse receipt.
    /// @param quantity Goods set free, thousandths of the declared unit.
    /// @param pledgeId The new pledge; this and what follows as in PledgeParams, over a receivable of the same party.
    struct SubstituteParams {
        bytes32 soldPledgeId;
        bytes32 goodsId;
        uint64 quantity;
        bytes32 pledgeId;
        bytes32 receivableId;
        uint64 amount;
        uint32 lender;
        bytes32 loanRef;
        bytes32 decisionHash;
        uint64 expiresAt;
    }

    /// @param pledgeId Pledge over goods that a core enterprise undertakes to buy back (保兑仓), or over a receivable that
    /// whoever gives recourse for it, its seller say, undertakes to buy back (有追索权).
    /// @param assetId Its warehouse receipt or receivable.
    /// @param amount How much it will buy at most: minor units, or thousandths of the declared unit.
    /// @param untilDay Last day on which it can be called, days since 1970-01-01.
    /// @param documentRoot Root of the undertaking.
    struct UndertakeParams {
        bytes32 pledgeId;
        bytes32 assetId;
        uint64 amount;
        uint32 untilDay;
        bytes32 documentRoot;
    }

    /// @param pledgeId Pledge that the lender was paid for.
    /// @param assetId Its warehouse receipt or receivable.
    /// @param buyer Party that undertook it and has paid.
    /// @param amount What it bought: thousandths of the declared unit, or minor units.
    /// @param bankRef The bank's reference of the payment to the lender; it counts once, among its settlements too.
    /// @param valuation The price that it was reckoned by, as in ReleaseParams; 0 of a receivable.
    struct BuyBackParams {
        bytes32 pledgeId;
        bytes32 assetId;
        uint32 buyer;
        uint64 amount;
        bytes32 bankRef;
        bytes32 valuation;
    }

    /// @param pledgeId Pledge whose debt was paid.
    /// @param assetId Its warehouse receipt or receivable.
    /// @param loanRef The loan that is paid off, as the pledge's `Pledged` event names it. The contract doesn't keep it: whoever
    /// compares the two events sees whether the bank spoke of this loan.
    /// @param bankRef The bank's reference of the payment that was the last.
    struct PayOffParams {
        bytes32 pledgeId;
        bytes32 assetId;
        bytes32 loanRef;
        bytes32 bankRef;
    }

    /// @param amount How much it has still to buy: minor units, or thousandths of the declared unit.
    /// @param untilDay Last day on which it can be called, days since 1970-01-01.
    struct Undertaking {
        uint64 amount;
        uint32 untilDay;
    }

    enum PledgeState {
        None,
        Active,
        Released,
        Enforced,
        Expired,
        Lost
    }

    /// @notice A pledge as stored.
    /// @param state Active while `amount` > 0; Released, Enforced, Expired or Lost (a recount left nothing of it) for good.
    /// @param assetKind 1 receivable, 2 warehouse receipt.
    /// @param drawn Whether the lender has paid out (an undrawn one can expire).
    /// @param lender Party in whose favour.
    /// @param amount Still locked: minor units, or thousandths of the declared unit.
    /// @param expiresAt Unix seconds; 0 if it was drawn from the start.
    /// @param assetTag First 14 bytes of keccak256(assetId): with the start of the pledge's id it ties it to its asset.
    /// @param rank Which pledge over its receipt it is, from 1: the older one comes first. 0 over a receivable.
    struct Pledge {
        PledgeState state;
        uint8 assetKind;
        bool drawn;
        uint32 lender;
        uint64 amount;
        uint32 expiresAt;
        bytes14 assetTag;
        uint16 rank;
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
    /// @notice A recount of the goods took `by` from the pledge; `left` 0 ends it (Lost).
    event Shrunk(bytes32 indexed pledgeId, bytes32 indexed assetId, uint64 by, uint64 left);
    /// @notice The lender took the part: it holds it as `childId` now.
    event Enforced(bytes32 indexed pledgeId, bytes32 indexed assetId, bytes32 childId, uint64 amount);

    /// @notice The lender put receivable `receivableId` (pledge `pledgeId`) in the place of sold goods, in one step.
    event Substituted(bytes32 indexed soldPledgeId, bytes32 indexed pledgeId, bytes32 goodsId, bytes32 receivableId);
    event Undertaken(
        bytes32 indexed pledgeId, uint32 indexed buyer, uint64 amount, uint32 untilDay, bytes32 documentRoot
    );
    /// @notice `buyer` paid the lender and owns the goods as the receipt `childId` now; `remaining` of the pledge is locked.
    event BoughtBack(
        bytes32 indexed pledgeId,
        bytes32 indexed assetId,
        uint32 indexed buyer,
        bytes32 childId,
        uint64 amount,
        uint64 remaining,
        bytes32 bankRef,
        uint32 bank
    );
    /// @notice The debt is paid, by the word of `bank`: the pledge has ended and all of it is free.
    event PaidOff(
        bytes32 indexed pledgeId,
        bytes32 indexed assetId,
        bytes32 indexed loanRef,
        uint64 amount,
        bytes32 bankRef,
        uint32 bank
    );
    /// @notice An item of a batch was refused; `reason` is the error, as the same act alone would have given it.
    event ItemRefused(uint256 index, bytes32 indexed id, bytes reason);

    /// @notice The receivable isn't held by the owner of the goods that it replaces.
    error SubstituteForeign(bytes32 goodsId, bytes32 receivableId);
    /// @notice This party has an undertaking for the pledge that hasn't lapsed nor been carried out.
    error UndertakingExists(bytes32 pledgeId, uint32 buyer);
    /// @notice An undertaking until a day that is over.
    error UndertakingPast(uint32 untilDay, uint256 today);
    /// @notice The lender and the pledgor of a pledge undertake nothing over it.
    error UndertakerIsParty(bytes32 pledgeId, uint32 party);
    /// @notice This party didn't undertake that much for that long.
    error UndertakingMissing(bytes32 pledgeId, uint32 buyer);
    /// @notice This act is for pledges over goods.
    error NotOverGoods(bytes32 pledgeId);
    /// @notice One registry number is needed for each item.
    error RegistryNosMismatch(uint256 items, uint256 numbers);
    /// @notice This id names a pledge already.
    error PledgeExists(bytes32 pledgeId);
    /// @notice A pledge over this asset can't have this id: it has to begin as `pledgeIdOf` says.
    error PledgeIdForeign(bytes32 pledgeId, bytes32 assetId);
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
    /// @notice Of the pledge `left` would stay, less than the `keep` that has to.
    error LeavesTooLittle(bytes32 pledgeId, uint64 left, uint64 keep);
    /// @notice Expiry in the past or beyond 2^32 - 1 seconds.
    error ExpiryInvalid(uint64 expiresAt);
    /// @notice The pledge can't end by expiry now: drawn, or not yet expired.
    error NotExpired(bytes32 pledgeId, uint64 expiresAt);
    /// @notice It expired before it was drawn.
    error PledgeLapsed(bytes32 pledgeId, uint64 expiresAt);
    /// @notice It was drawn already.
    error AlreadyDrawn(bytes32 pledgeId);
    /// @notice The lender never paid out on it: there is no debt to enforce or to buy off.
    error NotDrawn(bytes32 pledgeId);
    /// @notice This one isn't younger than the one named before it.
    error PledgesOutOfOrder(bytes32 pledgeId);
    /// @notice The pledges named secure `sum` together, but `pledged` of the receipt is pledged: one is missing.
    error PledgesIncomplete(bytes32 assetId, uint256 sum, uint64 pledged);
    /// @notice No number of the entry in the statutory registry.
    error RegistryNoMissing(bytes32 pledgeId);

    /// @notice The lender takes a pledge. `pledgor` is the holder's own `Grant(<PledgeParams>,uint256 nonce,uint256 deadline)`:
    /// its acceptance of the offer. The grant's nonce isn't used up (the pledgeId serves once), but a withdrawn one is refused.
    /// @param registryNo Number (or its hash) of the entry in the statutory registry; not zero.
    function pledge(PledgeParams calldata p, Auth calldata pledgor, bytes32 registryNo) external;
    /// @notice Relayed: `lenderAuth` is the lender's `Pledge(<PledgeParams>,bytes32 registryNo,uint256 nonce,uint256 deadline)`.
    function pledgeBySig(PledgeParams calldata p, Auth calldata pledgor, bytes32 registryNo, Auth calldata lenderAuth)
        external;
    /// @notice The lender sets a part, or all, free, as long as `keep` of it stays.
    function release(ReleaseParams calldata p) external;
    function releaseBySig(ReleaseParams calldata p, Auth calldata auth) external;
    /// @notice The lender has paid out: from now on the pledge doesn't expire. Can't be paused, as `expire` can't.
    function draw(DrawParams calldata p) external;
    function drawBySig(DrawParams calldata p, Auth calldata auth) external;
    /// @notice The pledgor ends a pledge that wasn't drawn in time.
    function expire(ExpireParams calldata p) external;
    function expireBySig(ExpireParams calldata p, Auth calldata auth) external;
    /// @notice The lender takes the pledged part on default (a receivable: not before its due day has passed). It has to have
    /// paid out.
    function enforce(EnforceParams calldata p) external;
    function enforceBySig(EnforceParams calldata p, Auth calldata auth) external;

    /// @notice The lender takes the receivable of a sale in the place of the goods sold: never counted in both, never in neither.
    /// `pledgor` is the owner's `Exchange(<SubstituteParams>,uint256 nonce,uint256 deadline)`, not a `Grant`: its receivable
    /// is only for these goods, so the lender can't take the one and keep the other.
    function substitute(SubstituteParams calldata p, Auth calldata pledgor, bytes32 registryNo) external;
    function substituteBySig(
        SubstituteParams calldata p,
        Auth calldata pledgor,
        bytes32 registryNo,
        Auth calldata lenderAuth
    ) external;
    /// @notice A party undertakes to buy back what is pledged: a core enterprise goods that the pledgor doesn't redeem, any
    /// party a receivable that its debtor doesn't pay. Neither lender nor pledgor of it, nor the keeper of the goods.
    function undertake(UndertakeParams calldata p) external;
    function undertakeBySig(UndertakeParams calldata p, Auth calldata auth) external;
    /// @notice A settlement bank, not the undertaker itself, attests that it paid the lender: the goods, or the claim against the debtor, are its
    /// own from now on. A receivable only once it is overdue, and never by its debtor.
    function buyBack(BuyBackParams calldata p) external;
    function buyBackBySig(BuyBackParams calldata p, Auth calldata auth) external;

    /// @notice A settlement bank, neither pledgor nor lender, attests that the loan behind a drawn pledge is paid off: the pledge
    /// ends with the claim (民法典 §393), whether or not its lender signs. Can't be paused.
    function payOff(PayOffParams calldata p) external;
    function payOffBySig(PayOffParams calldata p, Auth calldata auth) external;

    /// @notice Up to 100 pledges of one pledgor to one lender; a refused item is named by `ItemRefused`. `pledgor` is one
    /// `GrantBatch(GrantItem[] items,uint256 nonce,uint256 deadline)` over all of them.
    /// @return done How many were carried out.
    function pledgeBatch(PledgeParams[] calldata items, Auth calldata pledgor, bytes32[] calldata registryNos)
        external
        returns (uint256 done);
    function pledgeBatchBySig(
        PledgeParams[] calldata items,
        Auth calldata pledgor,
        bytes32[] calldata registryNos,
        Auth calldata lenderAuth
    ) external returns (uint256 done);
    /// @notice Up to 100 releases of one lender at once.
    function releaseBatch(ReleaseParams[] calldata items) external returns (uint256 done);
    function releaseBatchBySig(ReleaseParams[] calldata items, Auth calldata auth) external returns (uint256 done);

    /// @notice By Receivables only: `amount` of the pledged part was paid to `payee`.
    function discharge(bytes32 pledgeId, bytes32 assetId, uint64 amount, uint32 payee) external;

    /// @notice By WarehouseReceipts only: a recount found `by` less than is pledged of `assetId`. The youngest pledge bears the
    /// loss first.
    /// @param pledgeIds All live pledges over it, oldest first.
    /// @param pledged What they secure together.
    /// @return ended How many of them have nothing left.
    function shrink(bytes32 assetId, bytes32[] calldata pledgeIds, uint64 pledged, uint64 by)
        external
        returns (uint256 ended);

    function pledgeOf(bytes32 pledgeId) external view returns (Pledge memory);
    /// @notice What `buyer` undertook for the pledge; each core enterprise its own, so that none keeps another out.
    function undertakingOf(bytes32 pledgeId, uint32 buyer) external view returns (Undertaking memory);
    /// @notice Id of a pledge over `assetId`: bytes 14 to 29 of keccak256(assetId), then `own`. With the 14 bytes stored, 240
    /// bits of the hash tie the pledge to its asset: to find another one that it fits takes 2^120 hashes.
    function pledgeIdOf(bytes32 assetId, bytes16 own) external pure returns (bytes32);
    /// @notice Id of the n-th receipt (from 0) that `buyer` takes out of this pledge.
    function boughtBackId(bytes32 pledgeId, uint32 buyer, uint256 n) external pure returns (bytes32);
    /// @notice Id of the asset that comes to be when this pledge is enforced.
    function enforcedId(bytes32 pledgeId, bytes32 assetId) external pure returns (bytes32);
}
