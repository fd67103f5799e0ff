// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What the register of pledges asks of an asset, receivable or warehouse receipt alike.
/// @dev Only the Pledges contract may call these. Amounts: fen, or thousandths of the declared unit.
interface IAsset {
    /// @notice Ids that begin with four bytes 0xff are those of parts (split off, or taken by a lender).
    error IdReserved(bytes32 id);
    /// @notice Nothing of it is left, neither free nor pledged.
    error NothingLeft(bytes32 id);

    /// @notice Moves `amount` from free to pledged, under one more pledge. Refused unless `pledgor` (by its party number)
    /// holds the asset, and if `lender` is the one that owes it.
    /// @return rank Which pledge over this asset it is (the first is 1), if the asset ranks them; else 0.
    function lock(bytes32 id, uint64 amount, uint32 pledgor, uint32 lender) external returns (uint16 rank);
    /// @notice Moves `amount` from pledged back to free; `ended` says that nothing of the pledge is left.
    function unlock(bytes32 id, uint64 amount, bool ended) external;
    /// @notice Takes `amount` out of pledged into a new asset `childId` of the same kind, held by `lender`; `ended` says
    /// that nothing of the pledge is left.
    function take(bytes32 id, bytes32 childId, uint64 amount, uint32 lender, bool ended) external;
    /// @notice Party that holds the asset; 0 if there is none.
    function holderOf(bytes32 id) external view returns (uint32);
}
