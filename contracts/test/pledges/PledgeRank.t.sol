// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth} from "../../src/interfaces/IActs.sol";
import {IPledges} from "../../src/interfaces/IPledges.sol";
import {IWarehouseReceipts} from "../../src/interfaces/IWarehouseReceipts.sol";
import {CountedWorld} from "../receipts/CountedWorld.sol";

/// @notice How many pledges a receipt bears, and which comes first.
contract PledgeRankTest is CountedWorld {
    function _tooMany(bytes32 pledgeId) private {
        IPledges.PledgeParams memory p = offer(pledgeId, WAREHOUSE, GOODS, 1);
        Auth memory granted = grant(p, DISTRIBUTOR);
        vm.expectRevert(abi.encodeWithSelector(IWarehouseReceipts.TooManyPledges.selector, GOODS));
        by(LENDER);
        pledges.pledge(p, granted, "registry 1");
    }

    /// @dev Four of the hundred end: enforced, bought back, expired, lost.
    function _endSome() private {
        by(LENDER2);
        pledges.enforce(IPledges.EnforceParams(_nth(2), GOODS));
        by(BUYER);
        pledges.undertake(IPledges.UndertakeParams(_nth(3), GOODS, 1, today() + 9, ROOT));
        by(BANK);
        pledges.buyBack(IPledges.BuyBackParams(_nth(3), GOODS, partyOf[BUYER], 1, "ref", 0));
        IPledges.PledgeParams memory p = offer(over(GOODS, "expiring"), WAREHOUSE, GOODS, 1);
        p.expiresAt = uint64(block.timestamp + 1);
        take(p, DISTRIBUTOR, LENDER);
        vm.warp(block.timestamp + 2);
        by(DISTRIBUTOR);
        pledges.expire(IPledges.ExpireParams(over(GOODS, "expiring"), GOODS));
        by(LENDER2);
        pledges.release(IPledges.ReleaseParams(_nth(4), GOODS, 1, 0, 0));
        bytes32[] memory ids = new bytes32[](97);
        (ids[0], ids[1]) = (ON_GOODS, SECOND);
        for (uint256 i = 2; i < 97; ++i) {
            ids[i] = _nth(i + 3);
        }
        recount(KEEPER, FREE - 98 + 1 + 1, ids);
        eq(uint256(pledges.pledgeOf(_nth(99)).state), uint256(IPledges.PledgeState.Lost), "the youngest");
    }

    function test_pledge__aHundredLive__refusedUntilOneEnds() public {
        _hundred();
        _tooMany(over(GOODS, "last"));
        by(LENDER2);
        pledges.release(IPledges.ReleaseParams(SECOND, GOODS, YOUNGER - 1, 0, 0));
        _tooMany(over(GOODS, "last"));
        by(LENDER2);
        pledges.release(IPledges.ReleaseParams(SECOND, GOODS, 1, 0, 0));
        _take(over(GOODS, "last"), 1);
        _tooMany(over(GOODS, "one more"));
    }

    function test_pledge__asManyAsRanksCount__refused() public {
        // 65,535 pledges would take a day: the count stands in the uppermost 16 bits of the receipt's word.
        bytes32 slot = keccak256(abi.encode(GOODS, uint256(3)));
        uint256 word = uint256(vm.load(address(receipts), slot));
        eq(word >> 240, 2, "made so far");
        vm.store(address(receipts), slot, bytes32(word | (uint256(0xffff) << 240)));
        _tooMany(over(GOODS, "last"));
    }

    function test_rank__newPledgeAfterOneEnded__comesLast() public {
        eq(pledges.pledgeOf(ON_GOODS).rank, 1, "first");
        eq(pledges.pledgeOf(SECOND).rank, 2, "second");
        by(LENDER);
        pledges.release(IPledges.ReleaseParams(ON_GOODS, GOODS, LOCKED, 0, 0));
        bytes32 third = over(GOODS, "third");
        _take(third, 10);
        eq(pledges.pledgeOf(third).rank, 3, "third");
        vm.expectRevert(abi.encodeWithSelector(IPledges.PledgesOutOfOrder.selector, SECOND));
        recount(KEEPER, STOCK - YOUNGER, named(third, SECOND));
        recount(KEEPER, STOCK - YOUNGER, named(SECOND, third));
        eq(pledges.pledgeOf(SECOND).amount, YOUNGER, "the older keeps all");
        eq(uint256(pledges.pledgeOf(third).state), uint256(IPledges.PledgeState.Lost), "lost");
    }

    function test_pledge__afterAnyEndOfAnother__roomAgain() public {
        _hundred();
        _endSome();
        by(LENDER);
        pledges.release(IPledges.ReleaseParams(ON_GOODS, GOODS, 10, 0, 0));
        for (uint256 i = 0; i < 4; ++i) {
            _take(_nth(1_000 + i), 1);
        }
        _tooMany(over(GOODS, "one more"));
    }
}
