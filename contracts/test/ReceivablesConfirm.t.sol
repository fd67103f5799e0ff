// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

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

    function test_confirm__notTheDebtor__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IReceivables.NotDebtor.selector, CLAIM, partyOf[SELLER]));
        by(SELLER);
        receivables.confirm(IReceivables.ConfirmParams(CLAIM, ROOT, FACE, dueDay()));
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
        vm.expectRevert(abi.encodeWithSelector(IReceivables.ConfirmationMismatch.selector, CLAIM));
        by(BUYER);
        receivables.confirm(IReceivables.ConfirmParams(CLAIM, ROOT, FACE, dueDay() + 1));
    }

    function test_confirm__anotherDocument__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IReceivables.ConfirmationMismatch.selector, CLAIM));
        by(BUYER);
        receivables.confirm(IReceivables.ConfirmParams(CLAIM, "another root", FACE, dueDay()));
    }

    function test_confirm__twice__refused() public {
        confirm(CLAIM, FACE);
        vm.expectRevert(_wrong(IReceivables.ReceivableState.Confirmed));
        confirm(CLAIM, FACE);
    }

    function test_confirm__good__storedAndTold() public {
        vm.expectEmit(true, true, true, true, address(receivables));
        emit IReceivables.Confirmed(CLAIM, partyOf[BUYER], ROOT, FACE, dueDay());
        confirm(CLAIM, FACE);
        isTrue(claim(CLAIM).confirmed, "confirmed");
        eq(uint256(claim(CLAIM).state), uint256(IReceivables.ReceivableState.Confirmed), "state");
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
        by(SELLER);
        receivables.cancel(IReceivables.CancelParams(CLAIM));
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

    function testFuzz_confirm__anythingElseThanIssued__refused(bytes32 root, uint64 face, uint32 day) public {
        vm.assume(root != ROOT || face != FACE || day != dueDay());
        vm.expectRevert(abi.encodeWithSelector(IReceivables.ConfirmationMismatch.selector, CLAIM));
        by(BUYER);
        receivables.confirm(IReceivables.ConfirmParams(CLAIM, root, face, day));
    }
}
