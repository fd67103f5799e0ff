// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth, IActs} from "../src/interfaces/IActs.sol";
import {IParticipants} from "../src/interfaces/IParticipants.sol";
import {IReceivables} from "../src/interfaces/IReceivables.sol";
import {Roles} from "../src/libraries/Roles.sol";
import {World} from "./World.sol";

/// @notice A debtor's credit line: set by lenders, used by confirmations, given back by payments and credit notes.
contract LinesTest is World {
    function setUp() public override {
        super.setUp();
        participants.setRoles(IParticipants.SetRolesParams(partyOf[BUYER], Roles.CORE | Roles.LINED));
        deliver(ORDER, FACE);
        issue(CLAIM, FACE);
    }

    function _set(uint256 pk, uint64 limit) private {
        by(pk);
        receivables.setLine(IReceivables.SetLineParams(partyOf[BUYER], limit));
    }

    function _used() private view returns (uint64 used) {
        (, used) = receivables.line(partyOf[BUYER]);
    }

    function test_setLine__notALender__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IActs.RoleMissing.selector, partyOf[SELLER], Roles.LENDER));
        _set(SELLER, 1);
    }

    function test_setLine__debtorWithoutTheMark__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IActs.RoleMissing.selector, partyOf[SELLER], Roles.LINED));
        by(LENDER);
        receivables.setLine(IReceivables.SetLineParams(partyOf[SELLER], 1));
    }

    function test_setLine__beyond56Bits__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IActs.AmountTooLarge.selector, uint256(1) << 56));
        _set(LENDER, uint64(1) << 56);
    }

    function test_setLine__twoLenders__addUp() public {
        _set(LENDER, 100);
        _set(LENDER2, 50);
        vm.expectEmit(true, true, true, true, address(receivables));
        emit IReceivables.LineSet(partyOf[LENDER], partyOf[BUYER], 70, 120);
        _set(LENDER, 70);
        (uint64 limit,) = receivables.line(partyOf[BUYER]);
        eq(limit, 120, "total");
        eq(receivables.lineOf(partyOf[LENDER], partyOf[BUYER]), 70, "own");
    }

    function test_setLineBySig__good__set() public {
        Auth memory auth = sign(
            LENDER,
            receivables,
            "SetLine(uint32 debtor,uint64 limit,uint256 nonce,uint256 deadline)",
            abi.encode(partyOf[BUYER], 90)
        );
        receivables.setLineBySig(IReceivables.SetLineParams(partyOf[BUYER], 90), auth);
        eq(receivables.lineOf(partyOf[LENDER], partyOf[BUYER]), 90, "set");
    }

    function test_confirm__aboveTheLine__refused() public {
        _set(LENDER, FACE - 1);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.LineExceeded.selector, partyOf[BUYER], FACE, FACE - 1));
        confirm(CLAIM, FACE);
    }

    function test_confirm__withinTheLine__usedUntilPaidOrCredited() public {
        _set(LENDER, FACE);
        confirm(CLAIM, FACE);
        isTrue(claim(CLAIM).lined, "lined");
        eq(_used(), FACE, "used");
        settle(0, 100, 1, SELLER);
        eq(_used(), FACE - 100, "paid");
        by(SELLER);
        receivables.credit(IReceivables.CreditParams(CLAIM, ROOT, 30));
        eq(_used(), FACE - 130, "credited");
        uint64[] memory amounts = new uint64[](2);
        (amounts[0], amounts[1]) = (40, 50);
        by(SELLER);
        receivables.split(IReceivables.SplitParams(CLAIM, amounts));
        bytes32 child = receivables.childId(CLAIM, 0);
        by(BANK);
        receivables.settle(IReceivables.SettleParams(child, 0, 40, "x", partyOf[SELLER]));
        eq(_used(), FACE - 170, "a part's payment counts too");
        // Cut below what is used: payments still go through.
        _set(LENDER, 0);
        settle(0, FACE - 100 - 30 - 90, 2, SELLER);
        eq(_used(), 50, "the last part");
    }

    function test_confirm__markTakenAway__unbounded() public {
        participants.setRoles(IParticipants.SetRolesParams(partyOf[BUYER], Roles.CORE));
        confirm(CLAIM, FACE);
        isTrue(!claim(CLAIM).lined, "not lined");
        settle(0, FACE, 1, SELLER);
        eq(_used(), 0, "untouched");
    }
}
