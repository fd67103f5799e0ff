// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice What every act on a warehouse receipt touches, in one word, read once and written once an act.
/// @dev From the lowest bit: issued 56, free 56, pledged 56, owner 32, keeper 32, live 7, part 1, made 16 = 256 bits.
/// `made` counts the pledges ever made over the receipt, which gives each its rank; `live` those that haven't ended.
/// `missing` isn't stored: it is what issued, free, pledged, released and liquidated leave.
type Stock is uint256;

using Stocks for Stock global;

/// @title Readers and changes of a Stock. The changes don't check: that is the rules' part, beforehand.
library Stocks {
    uint256 private constant QUANTITY = type(uint56).max;
    uint256 private constant ONE_LIVE = 1 << 232;
    uint256 private constant PART = 1 << 239;
    uint256 private constant ONE_MADE = 1 << 240;

    /// @notice A new receipt, all of it free. `quantity` has to fit 56 bits.
    function create(uint64 quantity, uint32 owner_, uint32 keeper_, bool part_) internal pure returns (Stock) {
        uint256 word = uint256(quantity) | (uint256(quantity) << 56) | (uint256(owner_) << 168);
        return Stock.wrap(word | (uint256(keeper_) << 200) | (part_ ? PART : 0));
    }

    function issued(Stock s) internal pure returns (uint64) {
        return uint64(Stock.unwrap(s) & QUANTITY);
    }

    function free(Stock s) internal pure returns (uint64) {
        return uint64((Stock.unwrap(s) >> 56) & QUANTITY);
    }

    function pledged(Stock s) internal pure returns (uint64) {
        return uint64((Stock.unwrap(s) >> 112) & QUANTITY);
    }

    function owner(Stock s) internal pure returns (uint32) {
        return uint32(Stock.unwrap(s) >> 168);
    }

    function keeper(Stock s) internal pure returns (uint32) {
        return uint32(Stock.unwrap(s) >> 200);
    }

    /// @notice Pledges over it that haven't ended.
    function live(Stock s) internal pure returns (uint256) {
        return (Stock.unwrap(s) >> 232) & 0x7f;
    }

    function part(Stock s) internal pure returns (bool) {
        return Stock.unwrap(s) & PART != 0;
    }

    /// @notice Pledges ever made over it: the rank of the youngest.
    function made(Stock s) internal pure returns (uint16) {
        return uint16(Stock.unwrap(s) >> 240);
    }

    /// @notice Nothing of it is left: neither free nor pledged.
    function empty(Stock s) internal pure returns (bool) {
        return (Stock.unwrap(s) >> 56) & type(uint112).max == 0;
    }

    /// @notice `quantity` of the free part is gone.
    function lessFree(Stock s, uint256 quantity) internal pure returns (Stock) {
        return Stock.wrap(Stock.unwrap(s) - (quantity << 56));
    }

    /// @notice `quantity` more is free.
    function moreFree(Stock s, uint256 quantity) internal pure returns (Stock) {
        return Stock.wrap(Stock.unwrap(s) + (quantity << 56));
    }

    /// @notice `quantity` of the pledged part is gone.
    function lessPledged(Stock s, uint256 quantity) internal pure returns (Stock) {
        return Stock.wrap(Stock.unwrap(s) - (quantity << 112));
    }

    /// @notice `quantity` of the free part comes under one more pledge.
    function withPledge(Stock s, uint256 quantity) internal pure returns (Stock) {
        uint256 moved = (quantity << 112) - (quantity << 56);
        return Stock.wrap(Stock.unwrap(s) + moved + ONE_LIVE + ONE_MADE);
    }

    /// @notice `pledges` of those over it have ended.
    function lessLive(Stock s, uint256 pledges) internal pure returns (Stock) {
        return Stock.wrap(Stock.unwrap(s) - pledges * ONE_LIVE);
    }

    function withOwner(Stock s, uint32 owner_) internal pure returns (Stock) {
        uint256 mask = uint256(type(uint32).max) << 168;
        return Stock.wrap((Stock.unwrap(s) & ~mask) | (uint256(owner_) << 168));
    }
}
