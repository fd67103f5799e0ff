// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPledges} from "../../src/interfaces/IPledges.sol";
import {Kinds} from "../../src/libraries/Kinds.sol";
import {OfferedWorld} from "./OfferedWorld.sol";

/// @notice Drawing: in time, by the lender.
contract PledgesDrawTest is OfferedWorld {
    function test_draw__unknown__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IPledges.PledgeUnknown.selector, PLEDGE));
        _draw(LENDER);
    }

    function test_draw__notTheLender__refused() public {
        _expiring();
        vm.expectRevert(abi.encodeWithSelector(IPledges.NotLender.selector, PLEDGE, partyOf[LENDER2]));
        _draw(LENDER2);
    }

    function test_draw__twice__refused() public {
        _expiring();
        _draw(LENDER);
        vm.expectRevert(abi.encodeWithSelector(IPledges.AlreadyDrawn.selector, PLEDGE));
        _draw(LENDER);
    }

    function test_draw__afterExpiry__refused() public {
        _expiring();
        vm.warp(EXPIRES + 1);
        vm.expectRevert(abi.encodeWithSelector(IPledges.PledgeLapsed.selector, PLEDGE, EXPIRES));
        _draw(LENDER);
    }

    /// @dev The loan is paid out by then: else whoever pauses for a week has the pledgor take back its security.
    function test_draw__suspendedAndPaused__stillOpen() public {
        _expiring();
        pause(Kinds.PLEDGE);
        suspend(LENDER);
        _draw(LENDER);
        vm.warp(EXPIRES + 1);
        vm.expectRevert(abi.encodeWithSelector(IPledges.NotExpired.selector, PLEDGE, EXPIRES));
        by(SELLER);
        pledges.expire(IPledges.ExpireParams(PLEDGE, CLAIM));
    }

    function test_draw__lastSecond__drawn() public {
        _expiring();
        isTrue(!pledges.pledgeOf(PLEDGE).drawn, "not yet");
        vm.warp(EXPIRES);
        vm.expectEmit(true, true, true, true, address(pledges));
        emit IPledges.Drawn(PLEDGE);
        _draw(LENDER);
        isTrue(pledges.pledgeOf(PLEDGE).drawn, "drawn");
    }
}
