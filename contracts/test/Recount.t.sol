// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth, IActs} from "../src/interfaces/IActs.sol";
import {IParticipants} from "../src/interfaces/IParticipants.sol";
import {IPledges} from "../src/interfaces/IPledges.sol";
import {IWarehouseReceipts} from "../src/interfaces/IWarehouseReceipts.sol";
import {World} from "./World.sol";

/// @notice A count that finds less: who bears the loss, in which order, and how many pledges a receipt takes.
contract RecountTest is World {
    uint64 private constant LOCKED = STOCK * 3 / 5;
    uint64 private constant YOUNGER = 50_000;
    uint64 private constant FREE = STOCK - LOCKED - YOUNGER;
    bytes32 private constant SECOND = "second";

    function setUp() public override {
        super.setUp();
        goodsPledged();
        _take(SECOND, YOUNGER);
    }

    function _take(bytes32 pledgeId, uint64 quantity) private {
        IPledges.PledgeParams memory p = offer(pledgeId, WAREHOUSE, GOODS, quantity);
        p.lender = partyOf[LENDER2];
        take(p, DISTRIBUTOR, LENDER2);
    }

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
        _refused(STOCK + 1, named(PLEDGE, SECOND), reason);
    }

    function test_recount__pledgesNamedThoughTheFreePartBearsIt__refused() public {
        bytes memory reason = abi.encodeWithSelector(IWarehouseReceipts.PledgesUnwanted.selector, GOODS);
        _refused(FREE, named(PLEDGE, SECOND), reason);
    }

    function test_recount__noneNamed__refused() public {
        _refused(FREE + 1, new bytes32[](0), _incomplete(0));
    }

    function test_recount__oneOfTwoNamed__refused() public {
        _refused(FREE + 1, named(PLEDGE), _incomplete(LOCKED));
        _refused(FREE + 1, named(SECOND), _incomplete(YOUNGER));
    }

    function test_recount__youngestFirst__refused() public {
        bytes memory reason = abi.encodeWithSelector(IPledges.PledgesOutOfOrder.selector, PLEDGE);
        _refused(FREE + 1, named(SECOND, PLEDGE), reason);
    }

    function test_recount__oneTwice__refused() public {
        bytes memory reason = abi.encodeWithSelector(IPledges.PledgesOutOfOrder.selector, SECOND);
        _refused(FREE + 1, named(SECOND, SECOND), reason);
    }

    function test_recount__unknownOrEndedPledge__refused() public {
        bytes memory reason = abi.encodeWithSelector(IPledges.PledgeUnknown.selector, bytes32("none"));
        _refused(FREE + 1, named(PLEDGE, "none"), reason);
        by(LENDER2);
        pledges.release(IPledges.ReleaseParams(SECOND, GOODS, YOUNGER));
        reason = abi.encodeWithSelector(IPledges.PledgeStateWrong.selector, SECOND, IPledges.PledgeState.Released);
        _refused(FREE + YOUNGER + 1, named(PLEDGE, SECOND), reason);
    }

    function test_recount__pledgeOverOtherGoods__refused() public {
        by(KEEPER);
        receipts.issue(IWarehouseReceipts.IssueParams("goods 2", partyOf[DISTRIBUTOR], ROOT, STOCK));
        take(offer("first of 2", WAREHOUSE, "goods 2", 10), DISTRIBUTOR, LENDER);
        bytes32 other = "first of 2";
        _refused(FREE + 1, named(other), abi.encodeWithSelector(IPledges.AssetMismatch.selector, other, GOODS));
    }

    function test_recount__pledgeOverAReceivableOfTheSameId__refused() public {
        // A registrar attests fingerprints, a keeper chooses ids: the two kinds of assets may share one.
        deliver(ORDER, FACE);
        issue(GOODS, FACE);
        confirm(GOODS, FACE);
        take(offer("on claim", RECEIVABLE, GOODS, 10), SELLER, LENDER);
        bytes32 other = "on claim";
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
        recount(KEEPER, FREE + 1_000, named(PLEDGE, SECOND));
        eq(pledges.pledgeOf(PLEDGE).amount, LOCKED, "the older keeps all");
        eq(pledges.pledgeOf(SECOND).amount, YOUNGER - 1_000, "the younger bears it");
        eq(_receipt().pledged, LOCKED + YOUNGER - 1_000, "pledged");
        eq(_receipt().missing, FREE + 1_000, "missing");
        vm.expectRevert(abi.encodeWithSelector(IPledges.ExceedsPledge.selector, SECOND, YOUNGER, YOUNGER - 1_000));
        by(LENDER2);
        pledges.release(IPledges.ReleaseParams(SECOND, GOODS, YOUNGER));
        by(LENDER2);
        pledges.release(IPledges.ReleaseParams(SECOND, GOODS, YOUNGER - 1_000));
        eq(_receipt().free, YOUNGER - 1_000, "what is there is free");
        eq(_receipt().missing, FREE + 1_000, "missing as before");
    }

    function test_recount__takesTheYoungestWhole__lostAndTheOlderBearsTheRest() public {
        recount(KEEPER, FREE + YOUNGER + 7, named(PLEDGE, SECOND));
        eq(uint256(pledges.pledgeOf(SECOND).state), uint256(IPledges.PledgeState.Lost), "lost");
        eq(pledges.pledgeOf(SECOND).amount, 0, "nothing left");
        eq(pledges.pledgeOf(PLEDGE).amount, LOCKED - 7, "the rest");
        vm.expectRevert(abi.encodeWithSelector(IPledges.PledgeStateWrong.selector, SECOND, IPledges.PledgeState.Lost));
        by(LENDER2);
        pledges.release(IPledges.ReleaseParams(SECOND, GOODS, 1));
        // From now on it needn't, and mustn't, be named.
        recount(KEEPER, LOCKED - 7, named(PLEDGE));
        eq(uint256(pledges.pledgeOf(PLEDGE).state), uint256(IPledges.PledgeState.Lost), "lost too");
        eq(_receipt().missing, STOCK, "all of it is missing");
    }

    function test_recount__suspendedAndPaused__stillOpen() public {
        suspend(KEEPER);
        suspend(LENDER2);
        participants.pause(IParticipants.PauseParams(type(uint256).max));
        recount(KEEPER, FREE + 1, named(PLEDGE, SECOND));
        eq(pledges.pledgeOf(SECOND).amount, YOUNGER - 1, "shrunk");
    }

    function test_rank__newPledgeAfterOneEnded__comesLast() public {
        eq(pledges.pledgeOf(PLEDGE).rank, 1, "first");
        eq(pledges.pledgeOf(SECOND).rank, 2, "second");
        by(LENDER);
        pledges.release(IPledges.ReleaseParams(PLEDGE, GOODS, LOCKED));
        _take("third", 10);
        eq(pledges.pledgeOf("third").rank, 3, "third");
        vm.expectRevert(abi.encodeWithSelector(IPledges.PledgesOutOfOrder.selector, SECOND));
        recount(KEEPER, STOCK - YOUNGER, named("third", SECOND));
        recount(KEEPER, STOCK - YOUNGER, named(SECOND, "third"));
        eq(pledges.pledgeOf(SECOND).amount, YOUNGER, "the older keeps all");
        eq(uint256(pledges.pledgeOf("third").state), uint256(IPledges.PledgeState.Lost), "lost");
    }

    function _tooMany(bytes32 pledgeId) private {
        IPledges.PledgeParams memory p = offer(pledgeId, WAREHOUSE, GOODS, 1);
        Auth memory granted = grant(p, DISTRIBUTOR);
        vm.expectRevert(abi.encodeWithSelector(IWarehouseReceipts.TooManyPledges.selector, GOODS));
        by(LENDER);
        pledges.pledge(p, granted, "registry 1");
    }

    /// @dev A hundred live ones over GOODS, oldest first.
    function _hundred() private returns (bytes32[] memory ids) {
        ids = new bytes32[](100);
        (ids[0], ids[1]) = (PLEDGE, SECOND);
        for (uint256 i = 2; i < 100; ++i) {
            ids[i] = bytes32(i);
            _take(ids[i], 1);
        }
    }

    function test_pledge__aHundredLive__refusedUntilOneEnds() public {
        _hundred();
        _tooMany("last");
        by(LENDER2);
        pledges.release(IPledges.ReleaseParams(SECOND, GOODS, YOUNGER - 1));
        _tooMany("last");
        by(LENDER2);
        pledges.release(IPledges.ReleaseParams(SECOND, GOODS, 1));
        _take("last", 1);
        _tooMany("one more");
    }

    function test_pledge__afterAnyEndOfAnother__roomAgain() public {
        _hundred();
        _endSome();
        by(LENDER);
        pledges.release(IPledges.ReleaseParams(PLEDGE, GOODS, 10));
        for (uint256 i = 0; i < 4; ++i) {
            _take(bytes32(1_000 + i), 1);
        }
        _tooMany("one more");
    }

    /// @dev Four of the hundred end: enforced, bought back, expired, lost.
    function _endSome() private {
        by(LENDER2);
        pledges.enforce(IPledges.EnforceParams(bytes32(uint256(2)), GOODS));
        by(BUYER);
        pledges.undertake(IPledges.UndertakeParams(bytes32(uint256(3)), 1, today() + 9, ROOT));
        by(BANK);
        pledges.buyBack(IPledges.BuyBackParams(bytes32(uint256(3)), GOODS, partyOf[BUYER], 1, "ref"));
        IPledges.PledgeParams memory p = offer("expiring", WAREHOUSE, GOODS, 1);
        p.expiresAt = uint64(block.timestamp + 1);
        take(p, DISTRIBUTOR, LENDER);
        vm.warp(block.timestamp + 2);
        by(DISTRIBUTOR);
        pledges.expire(IPledges.ExpireParams("expiring", GOODS));
        by(LENDER2);
        pledges.release(IPledges.ReleaseParams(bytes32(uint256(4)), GOODS, 1));
        bytes32[] memory ids = new bytes32[](97);
        (ids[0], ids[1]) = (PLEDGE, SECOND);
        for (uint256 i = 2; i < 97; ++i) {
            ids[i] = bytes32(i + 3);
        }
        recount(KEEPER, FREE - 98 + 1 + 1, ids);
        eq(uint256(pledges.pledgeOf(bytes32(uint256(99))).state), uint256(IPledges.PledgeState.Lost), "the youngest");
    }

    function test_recount__aHundredPledges__allNamedAndCut() public {
        bytes32[] memory ids = _hundred();
        recount(KEEPER, FREE - 98 + 98 + 1, ids);
        eq(pledges.pledgeOf(SECOND).amount, YOUNGER - 1, "98 young ones and one of the next");
        eq(pledges.pledgeOf(PLEDGE).amount, LOCKED, "the oldest keeps all");
    }

    function test_pledge__asManyAsRanksCount__refused() public {
        // 65,535 pledges would take a day: the count stands in the uppermost 16 bits of the receipt's word.
        bytes32 slot = keccak256(abi.encode(GOODS, uint256(3)));
        uint256 word = uint256(vm.load(address(receipts), slot));
        eq(word >> 240, 2, "made so far");
        vm.store(address(receipts), slot, bytes32(word | (uint256(0xffff) << 240)));
        _tooMany("last");
    }

    function testFuzz_recount__anyLoss__youngestFirstAndSumOfPledges(uint64 missing, uint64 third) public {
        third = uint64(bound(third, 1, FREE));
        _take("third", third);
        uint64 free = FREE - third;
        missing = uint64(bound(missing, 1, STOCK));
        bytes32[] memory ids = new bytes32[](missing > free ? 3 : 0);
        if (missing > free) (ids[0], ids[1], ids[2]) = (PLEDGE, SECOND, "third");
        recount(KEEPER, missing, ids);
        (uint64 a, uint64 b, uint64 c) =
            (pledges.pledgeOf(PLEDGE).amount, pledges.pledgeOf(SECOND).amount, pledges.pledgeOf("third").amount);
        eq(uint256(_receipt().free) + a + b + c, STOCK - missing, "no part twice, none lost");
        eq(_receipt().pledged, uint256(a) + b + c, "sum of the pledges");
        isTrue(b == YOUNGER || c == 0, "the second bears only what the third can't");
        isTrue(a == LOCKED || b == 0, "the first bears only what the second can't");
        isTrue(c == third || _receipt().free == 0, "pledges bear only what the free part can't");
    }
}
