// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAsset} from "../../src/interfaces/IAsset.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {IPledges} from "../../src/interfaces/IPledges.sol";
import {IReceivables} from "../../src/interfaces/IReceivables.sol";
import {IWarehouseReceipts} from "../../src/interfaces/IWarehouseReceipts.sol";
import {EndedWorld} from "./EndedWorld.sol";

/// @notice Enforcement: by a lender that paid out, over a receivable once it is overdue.
contract PledgesEnforceTest is EndedWorld {
    function _enforce(uint256 pk, bytes32 pledgeId, bytes32 assetId) private {
        by(pk);
        pledges.enforce(IPledges.EnforceParams(pledgeId, assetId));
    }

    function _goods() private {
        store();
        take(offer(ON_GOODS, WAREHOUSE, GOODS, 1_000), DISTRIBUTOR, LENDER);
    }

    function test_enforce__notTheLender__refused() public {
        pastDue();
        vm.expectRevert(abi.encodeWithSelector(IPledges.NotLender.selector, PLEDGE, partyOf[LENDER2]));
        _enforce(LENDER2, PLEDGE, CLAIM);
    }

    function test_enforce__ofAnotherAsset__refused() public {
        pastDue();
        vm.expectRevert(abi.encodeWithSelector(IPledges.AssetMismatch.selector, PLEDGE, bytes32("claim 2")));
        _enforce(LENDER, PLEDGE, "claim 2");
    }

    function test_enforce__beforeTheReceivableIsOverdue__refused() public {
        vm.warp(uint256(dueDay()) * 1 days + 1 days - 1);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.NotYetDue.selector, dueDay(), dueDay()));
        _enforce(LENDER, PLEDGE, CLAIM);
    }

    function test_enforce__neverDrawn__refused() public {
        IPledges.PledgeParams memory p = offer(over(CLAIM, "pledge 2"), RECEIVABLE, CLAIM, 10);
        p.expiresAt = uint64(START + 1 days);
        take(p, SELLER, LENDER);
        pastDue();
        vm.expectRevert(abi.encodeWithSelector(IPledges.NotDrawn.selector, p.pledgeId));
        _enforce(LENDER, p.pledgeId, CLAIM);
    }

    function test_enforce__twice__refused() public {
        pastDue();
        _enforce(LENDER, PLEDGE, CLAIM);
        vm.expectRevert(
            abi.encodeWithSelector(IPledges.PledgeStateWrong.selector, PLEDGE, IPledges.PledgeState.Enforced)
        );
        _enforce(LENDER, PLEDGE, CLAIM);
    }

    function test_enforce__idOfThePartIssuedBefore__refusedToWhoeverTries() public {
        _goods();
        bytes32 taken = pledges.enforcedId(ON_GOODS, GOODS);
        vm.expectRevert(abi.encodeWithSelector(IAsset.IdReserved.selector, taken));
        by(KEEPER);
        receipts.issue(IWarehouseReceipts.IssueParams(taken, partyOf[DISTRIBUTOR], ROOT, 1));
    }

    function test_enforce__receivable__lenderHoldsItsPart() public {
        _release(LENDER, CLAIM, 100);
        pastDue();
        bytes32 taken = pledges.enforcedId(PLEDGE, CLAIM);
        vm.expectEmit(true, true, true, true, address(pledges));
        emit IPledges.Enforced(PLEDGE, CLAIM, taken, PART - 100);
        vm.expectEmit(true, true, true, true, address(receivables));
        emit IReceivables.Taken(CLAIM, taken, partyOf[LENDER], PART - 100);
        _enforce(LENDER, PLEDGE, CLAIM);
        eq(claim(taken).holder, partyOf[LENDER], "holder");
        eq(claim(taken).face, PART - 100, "face");
        eq(claim(taken).debtor, partyOf[BUYER], "debtor");
        eq(claim(CLAIM).pledged, 0, "pledged");
        eq(claim(CLAIM).splitAway, PART - 100, "split away");
        eq(claim(CLAIM).settled, 0, "settled");
        by(BANK);
        receivables.settle(IReceivables.SettleParams(taken, 0, PART - 100, "paid", partyOf[LENDER]));
        eq(uint256(claim(taken).state), uint256(IReceivables.ReceivableState.Settled), "paid to the lender");
    }

    function test_enforce__suspendedAndPaused__stillOpen() public {
        suspend(LENDER);
        participants.pause(IParticipants.PauseParams(type(uint256).max));
        pastDue();
        _enforce(LENDER, PLEDGE, CLAIM);
        eq(uint256(pledges.pledgeOf(PLEDGE).state), uint256(IPledges.PledgeState.Enforced), "state");
    }

    function test_enforce__goods__lenderOwnsThem() public {
        _goods();
        bytes32 taken = pledges.enforcedId(ON_GOODS, GOODS);
        vm.expectEmit(true, true, true, true, address(receipts));
        emit IWarehouseReceipts.Taken(GOODS, taken, partyOf[LENDER], 1_000);
        _enforce(LENDER, ON_GOODS, GOODS);
        IWarehouseReceipts.Receipt memory r = receipts.receipt(taken);
        eq(r.owner, partyOf[LENDER], "owner");
        eq(r.keeper, partyOf[KEEPER], "keeper");
        eq(r.free, 1_000, "free");
        isTrue(r.part, "part");
        eq(receipts.receipt(GOODS).liquidated, 1_000, "liquidated");
        eq(receipts.receipt(GOODS).missing, 0, "missing");
        handOut(taken, 1_000, LENDER);
    }

    function testFuzz_enforce__anyRestAtAnyTime__onlyOverdueAndToTheFen(uint64 released, uint64 paid, uint64 when)
        public
    {
        uint64 rest = PART;
        if (released % 4 != 0) {
            uint64 amount = uint64(bound(released, 1, PART - 1));
            _release(LENDER, CLAIM, amount);
            rest -= amount;
        }
        if (paid % 4 != 0 && rest > 1) {
            uint64 amount = uint64(bound(paid, 1, rest - 1));
            settle(PLEDGE, amount, 1, LENDER);
            rest -= amount;
        }
        IReceivables.Receivable memory before = claim(CLAIM);
        vm.warp(bound(when, START, START + 365 days));
        if (today() <= dueDay()) {
            vm.expectRevert(abi.encodeWithSelector(IReceivables.NotYetDue.selector, dueDay(), today()));
            _enforce(LENDER, PLEDGE, CLAIM);
            return;
        }
        _enforce(LENDER, PLEDGE, CLAIM);
        IReceivables.Receivable memory part = claim(pledges.enforcedId(PLEDGE, CLAIM));
        eq(part.face, rest, "the lender's part");
        eq(part.holder, partyOf[LENDER], "its holder");
        IReceivables.Receivable memory left = claim(CLAIM);
        eq(left.pledged, 0, "nothing is pledged any more");
        eq(left.free, before.free, "what is free stays");
        eq(left.splitAway, before.splitAway + rest, "split away");
    }
}
