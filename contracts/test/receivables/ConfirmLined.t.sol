// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {IReceivables} from "../../src/interfaces/IReceivables.sol";
import {Roles} from "../../src/libraries/Roles.sol";
import {LinedWorld} from "./LinedWorld.sol";

/// @notice Confirmation by a debtor under a credit line: within it, used until paid or credited.
contract ReceivablesConfirmLinedTest is LinedWorld {
    function _used() private view returns (uint64 used) {
        (, used) = receivables.line(partyOf[BUYER]);
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

    function testFuzz_line__anyLimitsAndPayments__boundsWhatIsOwed(uint64[2] calldata limits, uint64[5] calldata paid)
        public
    {
        uint64 first = uint64(bound(limits[0], 0, FACE));
        uint64 second = uint64(bound(limits[1], 0, FACE));
        _set(LENDER, first);
        _set(LENDER2, second);
        uint64 limit = first + second;
        if (FACE > limit) {
            vm.expectRevert(abi.encodeWithSelector(IReceivables.LineExceeded.selector, partyOf[BUYER], FACE, limit));
            confirm(CLAIM, FACE);
            eq(_used(), 0, "nothing is used");
            return;
        }
        confirm(CLAIM, FACE);
        for (uint256 i = 0; i < 5; ++i) {
            uint64 free = claim(CLAIM).free;
            if (free == 0) break;
            settle(0, uint64(bound(paid[i], 1, free)), i, SELLER);
            eq(_used(), claim(CLAIM).free, "used is what is owed");
        }
        issueOn("order 2", "claim 2", FACE);
        uint64 wanted = _used() + FACE;
        if (wanted > limit) {
            vm.expectRevert(abi.encodeWithSelector(IReceivables.LineExceeded.selector, partyOf[BUYER], wanted, limit));
        }
        confirmOn("order 2", "claim 2", FACE);
        eq(_used(), wanted > limit ? wanted - FACE : wanted, "used afterwards");
    }
}
