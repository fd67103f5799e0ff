// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Ids of parts, set apart from the ids that parties choose.
/// @dev A part's id starts with four bytes 0xff, an issued asset's never does: else a keeper could take the id under which
/// a lender is to receive its goods, and block the enforcement.
library Ids {
    bytes32 private constant PREFIX = bytes32(bytes4(0xffffffff));

    /// @notice Id of the n-th part split off from `id`.
    function child(bytes32 id, uint256 n) internal pure returns (bytes32) {
        return keccak256(abi.encode("chainfin split", id, n)) | PREFIX;
    }

    /// @notice Id of what a lender takes from `assetId` by enforcing `pledgeId`.
    function enforced(bytes32 pledgeId, bytes32 assetId) internal pure returns (bytes32) {
        return keccak256(abi.encode("chainfin enforcement", pledgeId, assetId)) | PREFIX;
    }

    /// @notice Id of the n-th receipt that `buyer` takes out of the pledge.
    function boughtBack(bytes32 pledgeId, uint32 buyer, uint256 n) internal pure returns (bytes32) {
        return keccak256(abi.encode("chainfin buy-back", pledgeId, buyer, n)) | PREFIX;
    }

    /// @notice Whether only a part may carry this id.
    function isReserved(bytes32 id) internal pure returns (bool) {
        return id & PREFIX == PREFIX;
    }
}
