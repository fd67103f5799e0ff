// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActs} from "../../src/interfaces/IActs.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {IReceivables} from "../../src/interfaces/IReceivables.sol";
import {MovedWorld} from "./MovedWorld.sol";

/// @notice Credit notes: out of the free part, by the holder.
contract ReceivablesCreditTest is MovedWorld {
    function _credit(uint256 pk, uint64 amount) private {
        by(pk);
        receivables.credit(IReceivables.CreditParams(CLAIM, "credit note", amount));
    }

    function test_credit__notTheHolder__refused() public {
        _transfer(SELLER, CLAIM, TIER2);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.NotHolder.selector, CLAIM, partyOf[SELLER]));
        _credit(SELLER, 5);
    }

    function test_credit__nothing__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IActs.AmountZero.selector));
        _credit(SELLER, 0);
    }

    function test_credit__ofAPledgedPart__refused() public {
        take(offer(PLEDGE, RECEIVABLE, CLAIM, PART), SELLER, LENDER);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.ExceedsFree.selector, CLAIM, FACE - PART + 1, FACE - PART));
        _credit(SELLER, FACE - PART + 1);
    }

    function test_credit__unconfirmed__refused() public {
        issueOn("order 2", "claim 2", 100);
        vm.expectRevert(_wrong("claim 2", IReceivables.ReceivableState.Issued));
        by(SELLER);
        receivables.credit(IReceivables.CreditParams("claim 2", ROOT, 1));
    }

    function test_credit__suspendedAndPaused__stillOpen() public {
        suspend(SELLER);
        participants.pause(IParticipants.PauseParams(type(uint256).max));
        vm.expectEmit(true, true, true, true, address(receivables));
        emit IReceivables.Credited(CLAIM, "credit note", 40);
        _credit(SELLER, 40);
        eq(claim(CLAIM).diluted, 40, "diluted");
        eq(claim(CLAIM).free, FACE - 40, "free");
        eq(claim(CLAIM).settled, 0, "settled");
    }

    function test_credit__whole__nothingIsDue() public {
        _credit(SELLER, FACE);
        eq(uint256(claim(CLAIM).state), uint256(IReceivables.ReceivableState.Settled), "state");
    }

    function testFuzz_credit__anyNotes__outOfTheFreePartAlone(uint64[6] calldata amounts) public {
        take(offer(PLEDGE, RECEIVABLE, CLAIM, PART), SELLER, LENDER);
        uint64 diluted;
        for (uint256 i = 0; i < 6; ++i) {
            uint64 amount = uint64(bound(amounts[i], 1, FACE));
            uint64 free = claim(CLAIM).free;
            if (amount > free) {
                vm.expectRevert(abi.encodeWithSelector(IReceivables.ExceedsFree.selector, CLAIM, amount, free));
            } else {
                diluted += amount;
            }
            _credit(SELLER, amount);
            IReceivables.Receivable memory r = claim(CLAIM);
            eq(r.diluted, diluted, "diluted");
            eq(r.free, FACE - PART - diluted, "free");
            eq(r.pledged, PART, "what is pledged stays");
            eq(r.settled, 0, "nothing was paid");
        }
    }
}
