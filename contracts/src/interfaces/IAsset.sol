// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What the register of pledges asks of an asset, receivable or warehouse receipt alike.
/// @dev Only the Pledges contract may call these. Amounts: fen, or thousandths of the declared unit.
interface IAsset {
    /// @notice Ids that begin with four bytes 0xff are those of parts (split off, or taken by a lender).
    error IdReserved(bytes32 id);

    /// @notice Moves `amount` from free to pledged. Refused unless `pledgor` (by its party number) holds the asset.
    function lock(bytes32 id, uint64 amount, uint32 pledgor) external;
    /// @notice Moves `amount` from pledged back to free.
    function unlock(bytes32 id, uint64 amount) external;
    /// @notice Takes `amount` out of pledged into a new asset `childId` of the same kind, held by `lender`.
    function take(bytes32 id, bytes32 childId, uint64 amount, uint32 lender) external;
    /// @notice Party that holds the asset; 0 if there is none.
    function holderOf(bytes32 id) external view returns (uint32);
}
