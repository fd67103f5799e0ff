// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth} from "../../src/interfaces/IActs.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {IReceivables} from "../../src/interfaces/IReceivables.sol";
import {Kinds} from "../../src/libraries/Kinds.sol";
import {Roles} from "../../src/libraries/Roles.sol";
import {BatchWorld} from "../BatchWorld.sol";
import {Receivables} from "../Contracts.sol";

/// @notice Batches of confirmations: what is refused as a whole, what as an item, and that the rest is done.
contract ReceivablesConfirmBatchTest is BatchWorld {
    function _refused(uint256 n, bytes memory reason) private {
        IReceivables.ConfirmParams[] memory items = _confirmations(n);
        vm.expectRevert(reason);
        by(BUYER);
        receivables.confirmBatch(items);
    }

    function test_confirmBatch__noneOrAboveHundred__refused() public {
        _refused(0, _tooMany(0));
        _refused(101, _tooMany(101));
        // Before anything is hashed for the signature.
        Auth memory none;
        vm.expectRevert(_tooMany(101));
        receivables.confirmBatchBySig(_confirmations(101), none);
    }

    function test_confirmBatch__paused__refused() public {
        _issueAll(2);
        pause(Kinds.CONFIRM);
        _refused(2, abi.encodeWithSelector(IParticipants.ActPaused.selector, Kinds.CONFIRM));
    }

    function test_confirmBatch__suspended__refused() public {
        _issueAll(2);
        suspend(BUYER);
        _refused(2, abi.encodeWithSelector(IParticipants.PartySuspended.selector, partyOf[BUYER]));
    }

    function test_confirmBatch__partyThatOnlyReads__refused() public {
        _issueAll(2);
        participants.setRoles(IParticipants.SetRolesParams(partyOf[BUYER], Roles.AUDITOR));
        _refused(2, abi.encodeWithSelector(IParticipants.ReadsOnly.selector, partyOf[BUYER]));
    }

    function test_confirmBatch__tooLittleGas__refusedAsAWhole() public {
        _issueAll(3);
        bytes memory call = abi.encodeCall(IReceivables.confirmBatch, (_confirmations(3)));
        _outOfGas(BUYER, address(receivables), call, Receivables.confirmItem.selector, bytes32(uint256(2)));
    }

    function test_confirmBatch__everMoreGas__refusedUntilAllIsDone() public {
        _issueAll(3);
        _allOrNothing(BUYER, address(receivables), abi.encodeCall(IReceivables.confirmBatch, (_confirmations(3))), 3);
    }

    function test_confirmBatch__oneMismatch__thatOneIsNamed() public {
        _issueAll(3);
        IReceivables.ConfirmParams[] memory items = _confirmations(3);
        items[1].face += 1;
        vm.expectEmit(true, true, true, true, address(receivables));
        emit IReceivables.ItemRefused(
            1, items[1].id, abi.encodeWithSelector(IReceivables.ConfirmationMismatch.selector, items[1].id)
        );
        by(BUYER);
        eq(receivables.confirmBatch(items), 2, "done");
    }

    function test_confirmBatch__notTheDebtor__everyItemRefused() public {
        _issueAll(3);
        IReceivables.ConfirmParams[] memory items = _confirmations(3);
        by(SELLER);
        eq(receivables.confirmBatch(items), 0, "none done");
        isTrue(!claim(bytes32(uint256(1))).confirmed, "not confirmed");
    }
}
