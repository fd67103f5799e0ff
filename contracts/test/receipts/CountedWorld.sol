// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPledges} from "../../src/interfaces/IPledges.sol";
import {World} from "../World.sol";

/// @notice Goods under two pledges of two lenders, the second one younger.
abstract contract CountedWorld is World {
    uint64 internal constant LOCKED = STOCK * 3 / 5;
    uint64 internal constant YOUNGER = 50_000;
    uint64 internal constant FREE = STOCK - LOCKED - YOUNGER;
    bytes32 internal constant SECOND =
        bytes32(bytes16(keccak256(abi.encode(GOODS)) << 112)) | (bytes32(bytes16("second")) >> 128);

    function setUp() public virtual override {
        super.setUp();
        goodsPledged();
        _take(SECOND, YOUNGER);
    }

    function _take(bytes32 pledgeId, uint64 quantity) internal {
        IPledges.PledgeParams memory p = offer(pledgeId, WAREHOUSE, GOODS, quantity);
        p.lender = partyOf[LENDER2];
        take(p, DISTRIBUTOR, LENDER2);
    }

    function _nth(uint256 i) internal pure returns (bytes32) {
        return over(GOODS, bytes16(uint128(i)));
    }

    /// @dev A hundred live ones over GOODS, oldest first.
    function _hundred() internal returns (bytes32[] memory ids) {
        ids = new bytes32[](100);
        (ids[0], ids[1]) = (ON_GOODS, SECOND);
        for (uint256 i = 2; i < 100; ++i) {
            ids[i] = _nth(i);
            _take(ids[i], 1);
        }
    }
}
