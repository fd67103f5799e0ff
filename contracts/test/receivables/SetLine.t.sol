// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth, IActs} from "../../src/interfaces/IActs.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {IReceivables} from "../../src/interfaces/IReceivables.sol";
import {Kinds} from "../../src/libraries/Kinds.sol";
import {Roles} from "../../src/libraries/Roles.sol";
import {LinedWorld} from "./LinedWorld.sol";

/// @notice A debtor's credit line: what each of its lenders adds to it.
contract ReceivablesSetLineTest is LinedWorld {
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

    /// @dev Less risk is a way out: who stops it leaves the debtor a line that no lender wants any more.
    function test_setLine__loweredWhilePausedAndSuspended__stillOpen() public {
        _set(LENDER, 100);
        pause(Kinds.PLEDGE);
        suspend(LENDER);
        participants.setRoles(IParticipants.SetRolesParams(partyOf[BUYER], Roles.CORE));
        _set(LENDER, 99);
        (uint64 limit,) = receivables.line(partyOf[BUYER]);
        eq(limit, 99, "lowered");
        vm.expectRevert(abi.encodeWithSelector(IParticipants.ActPaused.selector, Kinds.PLEDGE));
        _set(LENDER, 99);
        participants.pause(IParticipants.PauseParams(0));
        vm.expectRevert(abi.encodeWithSelector(IParticipants.PartySuspended.selector, partyOf[LENDER]));
        _set(LENDER, 100);
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
}
