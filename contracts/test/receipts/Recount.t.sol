// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActs} from "../../src/interfaces/IActs.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {IPledges} from "../../src/interfaces/IPledges.sol";
import {IWarehouseReceipts} from "../../src/interfaces/IWarehouseReceipts.sol";
import {CountedWorld} from "./CountedWorld.sol";

/// @notice A count that finds less: the free part bears it first, then the pledges, the youngest first.
contract ReceiptsRecountTest is CountedWorld {
    function _receipt() private view returns (IWarehouseReceipts.Receipt memory) {
        return receipts.receipt(GOODS);
    }

    function _refused(uint64 missing, bytes32[] memory ids, bytes memory reason) private {
        vm.expectRevert(reason);
        recount(KEEPER, missing, ids);
    }

    function _incomplete(uint256 sum) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IPledges.PledgesIncomplete.selector, GOODS, sum, LOCKED + YOUNGER);
    }

    function test_recount__notItsKeeper__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IWarehouseReceipts.NotKeeper.selector, GOODS, partyOf[DISTRIBUTOR]));
        recount(DISTRIBUTOR, 1, new bytes32[](0));
    }

    function test_recount__nothing__refused() public {
        _refused(0, new bytes32[](0), abi.encodeWithSelector(IActs.AmountZero.selector));
    }

    function test_recount__moreThanThereIs__refused() public {
        bytes memory reason = abi.encodeWithSelector(IWarehouseReceipts.ExceedsFree.selector, GOODS, STOCK + 1, STOCK);
        _refused(STOCK + 1, named(ON_GOODS, SECOND), reason);
    }

    function test_recount__pledgesNamedThoughTheFreePartBearsIt__refused() public {
        bytes memory reason = abi.encodeWithSelector(IWarehouseReceipts.PledgesUnwanted.selector, GOODS);
        _refused(FREE, named(ON_GOODS, SECOND), reason);
    }

    function test_recount__noneNamed__refused() public {
        _refused(FREE + 1, new bytes32[](0), _incomplete(0));
    }

    function test_recount__oneOfTwoNamed__refused() public {
        _refused(FREE + 1, named(ON_GOODS), _incomplete(LOCKED));
        _refused(FREE + 1, named(SECOND), _incomplete(YOUNGER));
    }

    function test_recount__youngestFirst__refused() public {
        bytes memory reason = abi.encodeWithSelector(IPledges.PledgesOutOfOrder.selector, ON_GOODS);
        _refused(FREE + 1, named(SECOND, ON_GOODS), reason);
    }

    function test_recount__oneTwice__refused() public {
        bytes memory reason = abi.encodeWithSelector(IPledges.PledgesOutOfOrder.selector, SECOND);
        _refused(FREE + 1, named(SECOND, SECOND), reason);
    }

    function test_recount__unknownOrEndedPledge__refused() public {
        bytes memory reason = abi.encodeWithSelector(IPledges.PledgeUnknown.selector, bytes32("none"));
        _refused(FREE + 1, named(ON_GOODS, "none"), reason);
        by(LENDER2);
        pledges.release(IPledges.ReleaseParams(SECOND, GOODS, YOUNGER, 0, 0));
        reason = abi.encodeWithSelector(IPledges.PledgeStateWrong.selector, SECOND, IPledges.PledgeState.Released);
        _refused(FREE + YOUNGER + 1, named(ON_GOODS, SECOND), reason);
    }

    function test_recount__pledgeOverOtherGoods__refused() public {
        by(KEEPER);
        receipts.issue(IWarehouseReceipts.IssueParams("goods 2", partyOf[DISTRIBUTOR], ROOT, STOCK));
        bytes32 other = over("goods 2", "first of 2");
        take(offer(other, WAREHOUSE, "goods 2", 10), DISTRIBUTOR, LENDER);
        _refused(FREE + 1, named(other), abi.encodeWithSelector(IPledges.AssetMismatch.selector, other, GOODS));
    }

    function test_recount__pledgeOverAReceivableOfTheSameId__refused() public {
        // A registrar attests fingerprints, a keeper chooses ids: the two kinds of assets may share one.
        deliver(ORDER, FACE);
        issue(GOODS, FACE);
        confirm(GOODS, FACE);
        bytes32 other = over(GOODS, "on claim");
        take(offer(other, RECEIVABLE, GOODS, 10), SELLER, LENDER);
        _refused(FREE + 1, named(other), abi.encodeWithSelector(IPledges.NotOverGoods.selector, other));
    }

    function test_recount__freePartBearsIt__pledgesUntouched() public {
        vm.expectEmit(true, true, true, true, address(receipts));
        emit IWarehouseReceipts.Recounted(GOODS, "count", FREE, 0);
        recount(KEEPER, FREE, new bytes32[](0));
        eq(_receipt().free, 0, "free");
        eq(_receipt().missing, FREE, "missing");
        eq(_receipt().pledged, LOCKED + YOUNGER, "pledged");
    }

    function test_recount__eatsIntoTheYoungest__olderUntouchedAndReleaseGoesThrough() public {
        vm.expectEmit(true, true, true, true, address(pledges));
        emit IPledges.Shrunk(SECOND, GOODS, 1_000, YOUNGER - 1_000);
        vm.expectEmit(true, true, true, true, address(receipts));
        emit IWarehouseReceipts.Recounted(GOODS, "count", FREE, 1_000);
        recount(KEEPER, FREE + 1_000, named(ON_GOODS, SECOND));
        eq(pledges.pledgeOf(ON_GOODS).amount, LOCKED, "the older keeps all");
        eq(pledges.pledgeOf(SECOND).amount, YOUNGER - 1_000, "the younger bears it");
        eq(_receipt().pledged, LOCKED + YOUNGER - 1_000, "pledged");
        eq(_receipt().missing, FREE + 1_000, "missing");
        vm.expectRevert(abi.encodeWithSelector(IPledges.ExceedsPledge.selector, SECOND, YOUNGER, YOUNGER - 1_000));
        by(LENDER2);
        pledges.release(IPledges.ReleaseParams(SECOND, GOODS, YOUNGER, 0, 0));
        by(LENDER2);
        pledges.release(IPledges.ReleaseParams(SECOND, GOODS, YOUNGER - 1_000, 0, 0));
        eq(_receipt().free, YOUNGER - 1_000, "what is there is free");
        eq(_receipt().missing, FREE + 1_000, "missing as before");
    }

    function test_recount__takesTheYoungestWhole__lostAndTheOlderBearsTheRest() public {
        recount(KEEPER, FREE + YOUNGER + 7, named(ON_GOODS, SECOND));
        eq(uint256(pledges.pledgeOf(SECOND).state), uint256(IPledges.PledgeState.Lost), "lost");
        eq(pledges.pledgeOf(SECOND).amount, 0, "nothing left");
        eq(pledges.pledgeOf(ON_GOODS).amount, LOCKED - 7, "the rest");
        vm.expectRevert(abi.encodeWithSelector(IPledges.PledgeStateWrong.selector, SECOND, IPledges.PledgeState.Lost));
        by(LENDER2);
        pledges.release(IPledges.ReleaseParams(SECOND, GOODS, 1, 0, 0));
        // From now on it needn't, and mustn't, be named.
        recount(KEEPER, LOCKED - 7, named(ON_GOODS));
        eq(uint256(pledges.pledgeOf(ON_GOODS).state), uint256(IPledges.PledgeState.Lost), "lost too");
        eq(_receipt().missing, STOCK, "all of it is missing");
    }

    function test_recount__suspendedAndPaused__stillOpen() public {
        suspend(KEEPER);
        suspend(LENDER2);
        participants.pause(IParticipants.PauseParams(type(uint256).max));
        recount(KEEPER, FREE + 1, named(ON_GOODS, SECOND));
        eq(pledges.pledgeOf(SECOND).amount, YOUNGER - 1, "shrunk");
    }

    function test_recount__aHundredPledges__allNamedAndCut() public {
        bytes32[] memory ids = _hundred();
        recount(KEEPER, FREE - 98 + 98 + 1, ids);
        eq(pledges.pledgeOf(SECOND).amount, YOUNGER - 1, "98 young ones and one of the next");
        eq(pledges.pledgeOf(ON_GOODS).amount, LOCKED, "the oldest keeps all");
    }

    function testFuzz_recount__anyLoss__youngestFirstAndSumOfPledges(uint64 missing, uint64 third) public {
        third = uint64(bound(third, 1, FREE));
        _take(over(GOODS, "third"), third);
        uint64 free = FREE - third;
        missing = uint64(bound(missing, 1, STOCK));
        bytes32[] memory ids = new bytes32[](missing > free ? 3 : 0);
        if (missing > free) (ids[0], ids[1], ids[2]) = (ON_GOODS, SECOND, over(GOODS, "third"));
        recount(KEEPER, missing, ids);
        (uint64 a, uint64 b, uint64 c) = (
            pledges.pledgeOf(ON_GOODS).amount,
            pledges.pledgeOf(SECOND).amount,
            pledges.pledgeOf(over(GOODS, "third")).amount
        );
        eq(uint256(_receipt().free) + a + b + c, STOCK - missing, "no part twice, none lost");
        eq(_receipt().pledged, uint256(a) + b + c, "sum of the pledges");
        isTrue(b == YOUNGER || c == 0, "the second bears only what the third can't");
        isTrue(a == LOCKED || b == 0, "the first bears only what the second can't");
        isTrue(c == third || _receipt().free == 0, "pledges bear only what the free part can't");
    }
}
