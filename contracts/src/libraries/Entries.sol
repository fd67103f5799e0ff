// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPledges} from "../interfaces/IPledges.sol";

/// @notice A pledge in one word, read once and written once an act.
/// @dev From the lowest bit: amount 56, lender 32, expiresAt 32 (unix seconds), state 4, drawn 1, goods 1, two spare,
/// rank 16, tag 112 = 256 bits. The full asset id isn't stored (a second slot would cost 22,100 gas a pledge): acts name
/// it. What ties the pledge to it are 30 bytes of its hash: the first 14 are the tag, the next 16 begin the pledge's id.
/// Parts' ids follow from splits that a holder chooses, so an attacker looks for a collision, not for a preimage: two
/// assets that one pledge fits cost 2^120 hashes. (The tag alone: 2^56.)
type Entry is uint256;

using Entries for Entry global;

/// @title Readers and changes of an Entry. The changes don't check: that is the rules' part, beforehand.
library Entries {
    uint256 private constant AMOUNT = type(uint56).max;
    uint256 private constant DRAWN = 1 << 124;
    uint256 private constant GOODS = 1 << 125;

    /// @notice A new pledge; without `expiresAt_` it counts as drawn. `amount_` has to fit 56 bits, `expiresAt_` 32.
    function create(uint64 amount_, uint32 lender_, uint64 expiresAt_, bool goods_, uint16 rank_, bytes32 assetId)
        internal
        pure
        returns (Entry)
    {
        uint256 flags = (expiresAt_ == 0 ? DRAWN : 0) | (goods_ ? GOODS : 0);
        uint256 word = uint256(amount_) | (uint256(lender_) << 56) | (uint256(expiresAt_) << 88);
        return Entry.wrap(
            word | (uint256(uint8(IPledges.PledgeState.Active)) << 120) | flags | (uint256(rank_) << 128)
                | (uint256(uint112(tagOf(assetId))) << 144)
        );
    }

    function amount(Entry e) internal pure returns (uint64) {
        return uint64(Entry.unwrap(e) & AMOUNT);
    }

    function lender(Entry e) internal pure returns (uint32) {
        return uint32(Entry.unwrap(e) >> 56);
    }

    function expiresAt(Entry e) internal pure returns (uint32) {
        return uint32(Entry.unwrap(e) >> 88);
    }

    function state(Entry e) internal pure returns (IPledges.PledgeState) {
        return IPledges.PledgeState((Entry.unwrap(e) >> 120) & 0xf);
    }

    /// @notice Whether it is in this state: cheaper than to read the state and compare.
    function isIn(Entry e, IPledges.PledgeState state_) internal pure returns (bool) {
        return (Entry.unwrap(e) >> 120) & 0xf == uint8(state_);
    }

    function drawn(Entry e) internal pure returns (bool) {
        return Entry.unwrap(e) & DRAWN != 0;
    }

    function goods(Entry e) internal pure returns (bool) {
        return Entry.unwrap(e) & GOODS != 0;
    }

    function rank(Entry e) internal pure returns (uint16) {
        return uint16(Entry.unwrap(e) >> 128);
    }

    function tag(Entry e) internal pure returns (bytes14) {
        return bytes14(uint112(Entry.unwrap(e) >> 144));
    }

    /// @notice The part of the asset's hash that is stored: its first 14 bytes.
    function tagOf(bytes32 assetId) internal pure returns (bytes14) {
        return bytes14(_hash(assetId));
    }

    /// @notice The id of a pledge over `assetId`: 16 bytes of the asset's hash (bytes 14 to 29), then `own`, the lender's
    /// free choice.
    function idOf(bytes32 assetId, bytes16 own) internal pure returns (bytes32) {
        return bytes32(_start(_hash(assetId))) | (bytes32(own) >> 128);
    }

    /// @notice Whether a pledge over `assetId` may have this id. An id of zero, which a payment uses to name the free part,
    /// needs a hash with 128 zeros: 2^128 hashes.
    function mayName(bytes32 pledgeId, bytes32 assetId) internal pure returns (bool) {
        return bytes16(pledgeId) == _start(_hash(assetId));
    }

    /// @notice Whether the pledge, which has this id, is over `assetId`: tag and id both say so.
    function isOver(Entry e, bytes32 pledgeId, bytes32 assetId) internal pure returns (bool) {
        bytes32 hash = _hash(assetId);
        return e.tag() == bytes14(hash) && bytes16(pledgeId) == _start(hash);
    }

    function asDrawn(Entry e) internal pure returns (Entry) {
        return Entry.wrap(Entry.unwrap(e) | DRAWN);
    }

    /// @notice Less of it is locked; at zero it ends in `atZero`.
    function less(Entry e, uint64 by, IPledges.PledgeState atZero) internal pure returns (Entry) {
        uint256 word = Entry.unwrap(e) - by;
        if (word & AMOUNT != 0) return Entry.wrap(word);
        return Entry.wrap((word & ~(uint256(0xf) << 120)) | (uint256(uint8(atZero)) << 120));
    }

    function _start(bytes32 hash) private pure returns (bytes16) {
        return bytes16(hash << 112);
    }

    function _hash(bytes32 assetId) private pure returns (bytes32) {
        return keccak256(abi.encode(assetId));
    }
}
