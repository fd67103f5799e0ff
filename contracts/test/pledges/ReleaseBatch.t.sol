// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth} from "../../src/interfaces/IActs.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {IPledges} from "../../src/interfaces/IPledges.sol";
import {Roles} from "../../src/libraries/Roles.sol";
import {BatchWorld} from "../BatchWorld.sol";
import {Pledges} from "../Contracts.sol";

/// @notice Batches of releases: a refused item is named. A way out: neither paused nor suspended.
contract ReleaseBatchTest is BatchWorld {
    function _refused(uint256 n) private {
        IPledges.ReleaseParams[] memory items = _releases(n);
        vm.expectRevert(_tooMany(n));
        by(LENDER);
        pledges.releaseBatch(items);
    }

    function test_releaseBatch__noneOrAboveHundred__refused() public {
        _refused(0);
        _refused(101);
        // Before anything is hashed for the signature.
        Auth memory none;
        vm.expectRevert(_tooMany(101));
        pledges.releaseBatchBySig(_releases(101), none);
    }

    function test_releaseBatch__tooLittleGas__refusedAsAWhole() public {
        _confirmAll(3);
        _pledgeAll(3);
        bytes memory call = abi.encodeCall(IPledges.releaseBatch, (_releases(3)));
        _outOfGas(LENDER, address(pledges), call, Pledges.releaseItem.selector, _pledgeId(1));
    }

    function test_releaseBatch__everMoreGas__refusedUntilAllIsDone() public {
        _confirmAll(3);
        _pledgeAll(3);
        _allOrNothing(LENDER, address(pledges), abi.encodeCall(IPledges.releaseBatch, (_releases(3))), 3);
    }

    function test_releaseBatch__notTheLender__everyItemRefused() public {
        _confirmAll(1);
        _pledgeAll(1);
        IPledges.ReleaseParams[] memory items = _releases(1);
        bytes32 id = items[0].pledgeId;
        vm.expectEmit(true, true, true, true, address(pledges));
        emit IPledges.ItemRefused(0, id, abi.encodeWithSelector(IPledges.NotLender.selector, id, partyOf[LENDER2]));
        by(LENDER2);
        eq(pledges.releaseBatch(items), 0, "none");
    }

    function test_releaseBatch__suspendedAndPaused__stillOpen() public {
        _confirmAll(3);
        _pledgeAll(3);
        IPledges.ReleaseParams[] memory items = _releases(3);
        participants.pause(IParticipants.PauseParams(type(uint256).max));
        participants.setRoles(IParticipants.SetRolesParams(partyOf[LENDER], Roles.AUDITOR));
        suspend(LENDER);
        suspend(SELLER);
        by(LENDER);
        eq(pledges.releaseBatch(items), 3, "done");
    }
}
