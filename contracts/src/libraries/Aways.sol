// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice What went away from a receivable other than by payment, in one word, written when first needed.
/// @dev From the lowest bit: splitAway 64, diluted 64, children 64 = 192 bits. Minor units; `children` counts the parts
/// split off, which numbers them.
type Away is uint256;

using Aways for Away global;

/// @title Readers and changes of an Away. No amount can overflow: together they are at most a face of 56 bits.
library Aways {
    function splitAway(Away a) internal pure returns (uint64) {
        return uint64(Away.unwrap(a));
    }

    function diluted(Away a) internal pure returns (uint64) {
        return uint64(Away.unwrap(a) >> 64);
    }

    function children(Away a) internal pure returns (uint256) {
        return Away.unwrap(a) >> 128;
    }

    /// @notice `amount` more went to `parts` more children; to none if a lender took it.
    function moreSplit(Away a, uint256 amount, uint256 parts) internal pure returns (Away) {
        return Away.wrap(Away.unwrap(a) + amount + (parts << 128));
    }

    /// @notice A credit note took `amount`.
    function moreDiluted(Away a, uint256 amount) internal pure returns (Away) {
        return Away.wrap(Away.unwrap(a) + (amount << 64));
    }
}
