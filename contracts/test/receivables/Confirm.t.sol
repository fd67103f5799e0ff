// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {IReceivables} from "../../src/interfaces/IReceivables.sol";
import {Kinds} from "../../src/libraries/Kinds.sol";
import {IssuedWorld} from "./IssuedWorld.sol";

/// @notice Confirmation: only by the debtor, only of what was issued, and no relay can change it.
contract ReceivablesConfirmTest is IssuedWorld {
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
