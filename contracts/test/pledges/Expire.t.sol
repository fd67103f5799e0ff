// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {IPledges} from "../../src/interfaces/IPledges.sol";
import {OfferedWorld} from "./OfferedWorld.sol";

/// @notice Expiry of what wasn't drawn in time, by the pledgor.
contract PledgesExpireTest is OfferedWorld {
    function _expire(uint256 pk) private {
        by(pk);
        pledges.expire(IPledges.ExpireParams(PLEDGE, CLAIM));
    }

    function test_expire__beforeItsTime__refused() public {
        _expiring();
        vm.warp(EXPIRES);
        vm.expectRevert(abi.encodeWithSelector(IPledges.NotExpired.selector, PLEDGE, EXPIRES));
        _expire(SELLER);
    }

    function test_expire__drawn__refused() public {
        _expiring();
        _draw(LENDER);
        vm.warp(EXPIRES + 1);
        vm.expectRevert(abi.encodeWithSelector(IPledges.NotExpired.selector, PLEDGE, EXPIRES));
        _expire(SELLER);
    }

    function test_expire__withoutExpiry__refused() public {
        take(_offer(), SELLER, LENDER);
        vm.warp(EXPIRES + 1);
        vm.expectRevert(abi.encodeWithSelector(IPledges.NotExpired.selector, PLEDGE, 0));
        _expire(SELLER);
    }

    function test_expire__notThePledgor__refused() public {
        _expiring();
        vm.warp(EXPIRES + 1);
        vm.expectRevert(abi.encodeWithSelector(IPledges.NotPledgor.selector, PLEDGE, partyOf[TIER2]));
        _expire(TIER2);
    }

    function test_expire__anotherAsset__refused() public {
        _expiring();
        vm.warp(EXPIRES + 1);
        vm.expectRevert(abi.encodeWithSelector(IPledges.AssetMismatch.selector, PLEDGE, bytes32("claim 2")));
        by(SELLER);
        pledges.expire(IPledges.ExpireParams(PLEDGE, "claim 2"));
    }

    function test_expire__suspendedAndPaused__stillOpen() public {
        _expiring();
        suspend(SELLER);
        participants.pause(IParticipants.PauseParams(type(uint256).max));
        vm.warp(EXPIRES + 1);
        vm.expectEmit(true, true, true, true, address(pledges));
        emit IPledges.Expired(PLEDGE, CLAIM, PART);
        _expire(SELLER);
        eq(claim(CLAIM).free, FACE, "free");
        eq(uint256(pledges.pledgeOf(PLEDGE).state), uint256(IPledges.PledgeState.Expired), "state");
    }

    function testFuzz_expire__anyMoments__eitherDrawnOrExpired(uint64 drawnAt, uint64 expiredAt) public {
        _expiring();
        uint256 first = bound(drawnAt, START, EXPIRES + 30 days);
        vm.warp(first);
        bool drawn = first <= EXPIRES;
        if (!drawn) vm.expectRevert(abi.encodeWithSelector(IPledges.PledgeLapsed.selector, PLEDGE, EXPIRES));
        _draw(LENDER);
        uint256 second = bound(expiredAt, first, first + 30 days);
        vm.warp(second);
        if (drawn) vm.expectRevert(abi.encodeWithSelector(IPledges.NotExpired.selector, PLEDGE, EXPIRES));
        _expire(SELLER);
        eq(claim(CLAIM).pledged, drawn ? PART : 0, "pledged");
        isTrue(pledges.pledgeOf(PLEDGE).drawn == drawn, "drawn");
    }
}
