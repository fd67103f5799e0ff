// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAsset} from "../src/interfaces/IAsset.sol";
import {IParticipants} from "../src/interfaces/IParticipants.sol";
import {IReceivables} from "../src/interfaces/IReceivables.sol";
import {Kinds} from "../src/libraries/Kinds.sol";
import {World} from "./World.sol";

contract ReceivablesConfirmTest is World {
    function setUp() public override {
        super.setUp();
        deliver(ORDER, FACE);
        issue(CLAIM, FACE);
    }

    function _wrong(IReceivables.ReceivableState state) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IReceivables.ReceivableStateWrong.selector, CLAIM, state);
    }

    function _dispute() private {
        by(BUYER);
        receivables.dispute(IReceivables.DisputeParams(CLAIM, "notice"));
    }

    function _mismatch(IReceivables.ConfirmParams memory p) private {
        vm.expectRevert(abi.encodeWithSelector(IReceivables.ConfirmationMismatch.selector, CLAIM));
        by(BUYER);
        receivables.confirm(p);
    }

    function test_confirm__notTheDebtor__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IReceivables.NotDebtor.selector, CLAIM, partyOf[SELLER]));
        by(SELLER);
        receivables.confirm(confirmation(CLAIM, FACE));
    }

    function test_confirm__unknown__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IReceivables.ReceivableUnknown.selector, bytes32("none")));
        confirm("none", FACE);
    }

    function test_confirm__paused__refused() public {
        pause(Kinds.CONFIRM);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.ActPaused.selector, Kinds.CONFIRM));
        confirm(CLAIM, FACE);
    }

    function test_confirm__suspended__refused() public {
        suspend(BUYER);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.PartySuspended.selector, partyOf[BUYER]));
        confirm(CLAIM, FACE);
    }

    function test_confirm__anotherFace__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IReceivables.ConfirmationMismatch.selector, CLAIM));
        confirm(CLAIM, FACE - 1);
    }

    function test_confirm__anotherDueDay__refused() public {
        IReceivables.ConfirmParams memory p = confirmation(CLAIM, FACE);
        p.dueDay += 1;
        _mismatch(p);
    }

    function test_confirm__anotherDocument__refused() public {
        IReceivables.ConfirmParams memory p = confirmation(CLAIM, FACE);
        p.documentRoot = "another root";
        _mismatch(p);
    }

    function test_confirm__anotherOrder__refused() public {
        IReceivables.ConfirmParams memory p = confirmation(CLAIM, FACE);
        p.orderId = "order 2";
        _mismatch(p);
    }

    function test_confirm__anotherSeller__refused() public {
        IReceivables.ConfirmParams memory p = confirmation(CLAIM, FACE);
        p.seller = partyOf[TIER2];
        _mismatch(p);
    }

    function test_confirm__twice__refused() public {
        confirm(CLAIM, FACE);
        vm.expectRevert(_wrong(IReceivables.ReceivableState.Confirmed));
        confirm(CLAIM, FACE);
    }

    function test_confirm__good__storedAndTold() public {
        vm.expectEmit(true, true, true, true, address(receivables));
        emit IReceivables.Confirmed(CLAIM, partyOf[BUYER], ROOT);
        confirm(CLAIM, FACE);
        IReceivables.Receivable memory r = claim(CLAIM);
        isTrue(r.confirmed && !r.part && !r.lined, "flags");
        eq(uint256(r.state), uint256(IReceivables.ReceivableState.Confirmed), "state");
        eq(r.holder, partyOf[SELLER], "holder");
        eq(r.debtor, partyOf[BUYER], "debtor");
        eq(r.dueDay, dueDay(), "due day");
        eq32(r.originTag, 0, "the tag has served");
        eq(r.face, FACE, "face");
        eq(r.free, FACE, "free");
        eq(uint256(r.pledged) + r.splitAway + r.settled + r.diluted, 0, "nothing else");
        eq(receivables.holderOf(CLAIM), partyOf[SELLER], "holderOf");
    }

    function test_dispute__nothingLeft__refused() public {
        confirm(CLAIM, FACE);
        uint64[] memory amounts = new uint64[](2);
        (amounts[0], amounts[1]) = (FACE - 1, 1);
        by(SELLER);
        receivables.split(IReceivables.SplitParams(CLAIM, amounts));
        vm.expectRevert(abi.encodeWithSelector(IAsset.NothingLeft.selector, CLAIM));
        _dispute();
    }

    function test_dispute__unconfirmed__keepsWhatItIsBoundTo() public {
        bytes32 tag = claim(CLAIM).originTag;
        _dispute();
        IReceivables.Receivable memory r = claim(CLAIM);
        eq32(r.originTag, tag, "tag");
        eq(r.free, FACE, "free");
        eq(r.settled, 0, "settled");
        eq(r.holder, 0, "nobody's yet");
    }

    function test_dispute__notTheDebtor__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IReceivables.NotDebtor.selector, CLAIM, partyOf[SELLER]));
        by(SELLER);
        receivables.dispute(IReceivables.DisputeParams(CLAIM, "notice"));
    }

    function test_dispute__twice__refused() public {
        _dispute();
        vm.expectRevert(_wrong(IReceivables.ReceivableState.Disputed));
        _dispute();
    }

    function test_dispute__beforeConfirmation__blocksConfirmationUntilWithdrawn() public {
        _dispute();
        vm.expectRevert(_wrong(IReceivables.ReceivableState.Disputed));
        confirm(CLAIM, FACE);
        vm.expectEmit(true, true, true, true, address(receivables));
        emit IReceivables.DisputeResolved(CLAIM, IReceivables.ReceivableState.Issued);
        by(BUYER);
        receivables.resolveDispute(IReceivables.ResolveDisputeParams(CLAIM));
        confirm(CLAIM, FACE);
    }

    function test_dispute__unconfirmed__canBeCancelled() public {
        _dispute();
        withdraw(SELLER);
        eq(uint256(claim(CLAIM).state), uint256(IReceivables.ReceivableState.Cancelled), "state");
    }

    function test_dispute__confirmed__nothingNewButPaymentGoesOn() public {
        confirm(CLAIM, FACE);
        vm.expectEmit(true, true, true, true, address(receivables));
        emit IReceivables.Disputed(CLAIM, "notice");
        _dispute();
        vm.expectRevert(_wrong(IReceivables.ReceivableState.Disputed));
        by(SELLER);
        receivables.transfer(IReceivables.TransferParams(CLAIM, partyOf[TIER2]));
        settle(0, 100, 1, SELLER);
        eq(claim(CLAIM).settled, 100, "paid in spite of the dispute");
        by(BUYER);
        receivables.resolveDispute(IReceivables.ResolveDisputeParams(CLAIM));
        eq(uint256(claim(CLAIM).state), uint256(IReceivables.ReceivableState.Confirmed), "back");
    }

    function test_resolveDispute__notTheDebtor__refused() public {
        _dispute();
        vm.expectRevert(abi.encodeWithSelector(IReceivables.NotDebtor.selector, CLAIM, partyOf[SELLER]));
        by(SELLER);
        receivables.resolveDispute(IReceivables.ResolveDisputeParams(CLAIM));
    }

    function test_resolveDispute__noDispute__refused() public {
        vm.expectRevert(_wrong(IReceivables.ReceivableState.Issued));
        by(BUYER);
        receivables.resolveDispute(IReceivables.ResolveDisputeParams(CLAIM));
    }

    function testFuzz_confirm__anythingElseThanIssued__refused(IReceivables.ConfirmParams memory p, uint256 right)
        public
    {
        // Any mixture of right and wrong members.
        IReceivables.ConfirmParams memory good = confirmation(CLAIM, FACE);
        p.id = CLAIM;
        if (right & 1 != 0) p.orderId = good.orderId;
        if (right & 2 != 0) p.seller = good.seller;
        if (right & 4 != 0) p.documentRoot = good.documentRoot;
        if (right & 8 != 0) p.face = good.face;
        if (right & 16 != 0) p.dueDay = good.dueDay;
        vm.assume(keccak256(abi.encode(p)) != keccak256(abi.encode(good)));
        _mismatch(p);
    }
}
