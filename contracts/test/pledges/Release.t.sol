// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActs} from "../../src/interfaces/IActs.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {IPledges} from "../../src/interfaces/IPledges.sol";
import {EndedWorld} from "./EndedWorld.sol";

/// @notice Release: by the lender, a part or all, whoever is suspended and whatever is paused.
contract PledgesReleaseTest is EndedWorld {
    function test_release__unknown__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IPledges.PledgeUnknown.selector, bytes32("none")));
        by(LENDER);
        pledges.release(IPledges.ReleaseParams("none", CLAIM, 1, 0, 0));
    }

    function test_release__byThePledgor__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IPledges.NotLender.selector, PLEDGE, partyOf[SELLER]));
        _release(SELLER, CLAIM, 1);
    }

    function test_release__byAnotherLender__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IPledges.NotLender.selector, PLEDGE, partyOf[LENDER2]));
        _release(LENDER2, CLAIM, 1);
    }

    function test_release__ofAnotherAsset__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IPledges.AssetMismatch.selector, PLEDGE, bytes32("claim 2")));
        _release(LENDER, "claim 2", 1);
    }

    function test_release__nothing__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IActs.AmountZero.selector));
        _release(LENDER, CLAIM, 0);
    }

    function test_release__moreThanPledged__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IPledges.ExceedsPledge.selector, PLEDGE, PART + 1, PART));
        _release(LENDER, CLAIM, PART + 1);
    }

    function test_release__lessWouldStayThanHasTo__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IPledges.LeavesTooLittle.selector, PLEDGE, PART - 100, PART - 100 + 1));
        _releaseKeeping(LENDER, CLAIM, 100, PART - 100 + 1);
        _releaseKeeping(LENDER, CLAIM, 100, PART - 100);
        eq(claim(CLAIM).pledged, PART - 100, "what has to stay");
        // Another that was reckoned before that one was carried out.
        vm.expectRevert(abi.encodeWithSelector(IPledges.LeavesTooLittle.selector, PLEDGE, PART - 150, PART - 50));
        _releaseKeeping(LENDER, CLAIM, 50, PART - 50);
    }

    function test_release__part__rest() public {
        vm.expectEmit(true, true, true, true, address(pledges));
        emit IPledges.Released(PLEDGE, CLAIM, 100, PART - 100);
        _release(LENDER, CLAIM, 100);
        eq(pledges.pledgeOf(PLEDGE).amount, PART - 100, "locked");
        eq(claim(CLAIM).pledged, PART - 100, "pledged");
        eq(claim(CLAIM).free, FACE - PART + 100, "free");
    }

    function testFuzz_release__inAnyOrder__whatHasToStayStays(uint64[6] calldata amounts, uint64[6] calldata keeps)
        public
    {
        uint64 least = PART;
        for (uint256 i = 0; i < 6; ++i) {
            uint64 amount = uint64(bound(amounts[i], 1, PART / 3));
            uint64 keep = uint64(bound(keeps[i], 1, PART));
            uint64 left = pledges.pledgeOf(PLEDGE).amount;
            bool right = amount <= left && left - amount >= keep;
            by(LENDER);
            try pledges.release(IPledges.ReleaseParams(PLEDGE, CLAIM, amount, keep, 0)) {
                isTrue(right, "less stays than has to");
                least = keep;
            } catch {
                isTrue(!right, "refused without a reason");
            }
            isTrue(pledges.pledgeOf(PLEDGE).amount >= (least < PART ? least : 0), "what was promised to stay");
        }
    }

    function test_release__whole__endsIt() public {
        _release(LENDER, CLAIM, PART);
        eq(uint256(pledges.pledgeOf(PLEDGE).state), uint256(IPledges.PledgeState.Released), "state");
        vm.expectRevert(
            abi.encodeWithSelector(IPledges.PledgeStateWrong.selector, PLEDGE, IPledges.PledgeState.Released)
        );
        _release(LENDER, CLAIM, 1);
        take(offer(over(CLAIM, "pledge 2"), RECEIVABLE, CLAIM, FACE), SELLER, LENDER);
    }

    function test_release__everybodySuspendedAndPaused__stillOpen() public {
        suspend(LENDER);
        suspend(SELLER);
        participants.pause(IParticipants.PauseParams(type(uint256).max));
        _release(LENDER, CLAIM, PART);
        eq(claim(CLAIM).free, FACE, "free");
    }

    function testFuzz_release__anyParts__bothSidesSayTheSame(uint64[6] calldata amounts) public {
        uint64 left = PART;
        for (uint256 i = 0; i < 6; ++i) {
            uint64 amount = uint64(bound(amounts[i], 1, FACE));
            if (left == 0) {
                vm.expectRevert(
                    abi.encodeWithSelector(IPledges.PledgeStateWrong.selector, PLEDGE, IPledges.PledgeState.Released)
                );
            } else if (amount > left) {
                vm.expectRevert(abi.encodeWithSelector(IPledges.ExceedsPledge.selector, PLEDGE, amount, left));
            } else {
                left -= amount;
            }
            _release(LENDER, CLAIM, amount);
            eq(pledges.pledgeOf(PLEDGE).amount, left, "locked");
            eq(claim(CLAIM).pledged, left, "pledged");
            eq(claim(CLAIM).free, FACE - left, "free");
        }
    }
}
