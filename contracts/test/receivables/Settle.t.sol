// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActs} from "../../src/interfaces/IActs.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {IPledges} from "../../src/interfaces/IPledges.sol";
import {IReceivables} from "../../src/interfaces/IReceivables.sol";
import {IWarehouseReceipts} from "../../src/interfaces/IWarehouseReceipts.sol";
import {Roles} from "../../src/libraries/Roles.sol";
import {DueWorld} from "./DueWorld.sol";

/// @notice Payments: attested by a bank, counted once, to whom each part is due.
contract ReceivablesSettleTest is DueWorld {
    function test_settle__notABank__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IActs.RoleMissing.selector, partyOf[BUYER], Roles.BANK));
        by(BUYER);
        receivables.settle(IReceivables.SettleParams(CLAIM, 0, 1, "ref", partyOf[SELLER]));
    }

    /// @dev A payment declared by the payer proves nothing, bank or not.
    function test_settle__attestedByTheDebtor__refused() public {
        participants.setRoles(IParticipants.SetRolesParams(partyOf[BUYER], Roles.CORE | Roles.BANK));
        vm.expectRevert(abi.encodeWithSelector(IActs.SelfAttested.selector, partyOf[BUYER]));
        by(BUYER);
        receivables.settle(IReceivables.SettleParams(CLAIM, 0, 1, "ref", partyOf[SELLER]));
    }

    function test_settle__unknown__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IReceivables.ReceivableUnknown.selector, bytes32("none")));
        by(BANK);
        receivables.settle(IReceivables.SettleParams("none", 0, 1, "ref", partyOf[SELLER]));
    }

    function test_settle__unconfirmed__refused() public {
        issueOn("order 2", "claim 2", 100);
        vm.expectRevert(
            abi.encodeWithSelector(
                IReceivables.ReceivableStateWrong.selector, bytes32("claim 2"), IReceivables.ReceivableState.Issued
            )
        );
        by(BANK);
        receivables.settle(IReceivables.SettleParams("claim 2", 0, 1, "ref", partyOf[SELLER]));
    }

    function test_settle__nothing__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IActs.AmountZero.selector));
        settle(0, 0, 1, SELLER);
    }

    function test_settle__sameReferenceAgain__refused() public {
        settle(0, 10, 1, SELLER);
        isTrue(receivables.bankRefUsed(partyOf[BANK], bytes32(uint256(1))), "used");
        vm.expectRevert(abi.encodeWithSelector(IReceivables.BankRefUsed.selector, partyOf[BANK], bytes32(uint256(1))));
        settle(0, 10, 1, SELLER);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.BankRefUsed.selector, partyOf[BANK], bytes32(uint256(1))));
        settle(PLEDGE, 10, 1, LENDER);
    }

    function test_settle__freePartToTheLender__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IReceivables.PayeeWrong.selector, partyOf[LENDER], partyOf[SELLER]));
        settle(0, 10, 1, LENDER);
    }

    function test_settle__pledgedPartToTheHolder__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IReceivables.PayeeWrong.selector, partyOf[SELLER], partyOf[LENDER]));
        settle(PLEDGE, 10, 1, SELLER);
    }

    function test_settle__moreThanTheFreePart__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IReceivables.ExceedsFree.selector, CLAIM, FACE - PART + 1, FACE - PART));
        settle(0, FACE - PART + 1, 1, SELLER);
    }

    function test_settle__moreThanThePledgedPart__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IReceivables.ExceedsPledged.selector, CLAIM, PART + 1, PART));
        settle(PLEDGE, PART + 1, 1, LENDER);
    }

    function test_settle__moreThanThisPledge__refused() public {
        IPledges.PledgeParams memory p = offer(over(CLAIM, "pledge 2"), RECEIVABLE, CLAIM, 100);
        p.lender = partyOf[LENDER2];
        take(p, SELLER, LENDER2);
        vm.expectRevert(abi.encodeWithSelector(IPledges.ExceedsPledge.selector, p.pledgeId, 101, 100));
        settle(p.pledgeId, 101, 1, LENDER2);
    }

    function test_settle__pledgeOfAnotherAsset__refused() public {
        issueOn("order 2", "claim 2", 100);
        confirmOn("order 2", "claim 2", 100);
        bytes32 other = over("claim 2", "pledge 2");
        take(offer(other, RECEIVABLE, "claim 2", 100), SELLER, LENDER);
        vm.expectRevert(abi.encodeWithSelector(IPledges.AssetMismatch.selector, other, CLAIM));
        settle(other, 50, 1, LENDER);
    }

    function test_settle__unknownPledge__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IPledges.PledgeUnknown.selector, bytes32("none")));
        settle("none", 50, 1, LENDER);
    }

    function test_settle__pledgeOverGoodsOfTheSameId__refused() public {
        // A keeper may choose any id for a receipt, also this receivable's; its pledge is none over the receivable.
        by(KEEPER);
        receipts.issue(IWarehouseReceipts.IssueParams(CLAIM, partyOf[DISTRIBUTOR], ROOT, STOCK));
        bytes32 other = over(CLAIM, "pledge 2");
        take(offer(other, WAREHOUSE, CLAIM, 100), DISTRIBUTOR, LENDER);
        vm.expectRevert(abi.encodeWithSelector(IPledges.AssetMismatch.selector, other, CLAIM));
        settle(other, 50, 1, LENDER);
    }

    function test_settle__freePart__storedAndTold() public {
        vm.expectEmit(true, true, true, true, address(receivables));
        emit IReceivables.Settled(CLAIM, 0, partyOf[SELLER], 70, bytes32(uint256(9)), partyOf[BANK], false);
        settle(0, 70, 9, SELLER);
        eq(claim(CLAIM).settled, 70, "settled");
        eq(claim(CLAIM).free, FACE - PART - 70, "free");
    }

    function test_settle__pledgeInFull__releasesIt() public {
        settle(PLEDGE, PART - 1, 1, LENDER);
        eq(pledges.pledgeOf(PLEDGE).amount, 1, "one left");
        vm.expectEmit(true, true, true, true, address(pledges));
        emit IPledges.Discharged(PLEDGE, CLAIM);
        settle(PLEDGE, 1, 2, LENDER);
        eq(uint256(pledges.pledgeOf(PLEDGE).state), uint256(IPledges.PledgeState.Released), "released");
        eq(claim(CLAIM).pledged, 0, "pledged");
        vm.expectRevert(
            abi.encodeWithSelector(IPledges.PledgeStateWrong.selector, PLEDGE, IPledges.PledgeState.Released)
        );
        by(LENDER);
        pledges.release(IPledges.ReleaseParams(PLEDGE, CLAIM, 1, 0, 0));
    }

    function test_settle__everything__paidUp() public {
        settle(PLEDGE, PART, 1, LENDER);
        settle(0, FACE - PART, 2, SELLER);
        eq(uint256(claim(CLAIM).state), uint256(IReceivables.ReceivableState.Settled), "state");
        eq(claim(CLAIM).settled, FACE, "settled");
        vm.expectRevert(_wrong(IReceivables.ReceivableState.Settled));
        settle(0, 1, 3, SELLER);
    }

    function test_settle__everybodySuspendedAndPaused__stillOpen() public {
        suspend(SELLER);
        suspend(BUYER);
        suspend(LENDER);
        suspend(BANK);
        participants.pause(IParticipants.PauseParams(type(uint256).max));
        settle(PLEDGE, PART, 1, LENDER);
        settle(0, FACE - PART, 2, SELLER);
        eq(uint256(claim(CLAIM).state), uint256(IReceivables.ReceivableState.Settled), "state");
    }

    function testFuzz_settle__anyPayments__neverAboveFace(uint64[8] calldata amounts, uint8 toLender) public {
        for (uint256 i = 0; i < 8; ++i) {
            bool free = toLender & (1 << i) == 0;
            IReceivables.SettleParams memory p = IReceivables.SettleParams(
                CLAIM,
                free ? bytes32(0) : PLEDGE,
                uint64(bound(amounts[i], 1, FACE)),
                bytes32(i),
                partyOf[free ? SELLER : LENDER]
            );
            by(BANK);
            try receivables.settle(p) {} catch {}
            IReceivables.Receivable memory r = claim(CLAIM);
            eq(uint256(r.free) + r.pledged + r.settled, FACE, "conserved");
            eq(r.pledged, pledges.pledgeOf(PLEDGE).amount, "both sides say the same");
        }
    }
}
