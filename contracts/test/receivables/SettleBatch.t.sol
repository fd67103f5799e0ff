// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth, IActs} from "../../src/interfaces/IActs.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {IReceivables} from "../../src/interfaces/IReceivables.sol";
import {Roles} from "../../src/libraries/Roles.sol";
import {BatchWorld} from "../BatchWorld.sol";
import {Receivables} from "../Contracts.sol";

/// @notice Batches of payments: what is refused as a whole, what as an item, and that the rest is done.
contract ReceivablesSettleBatchTest is BatchWorld {
    function _refused(uint256 pk, uint256 n, bytes memory reason) private {
        IReceivables.SettleParams[] memory items = _payments(n);
        vm.expectRevert(reason);
        by(pk);
        receivables.settleBatch(items);
    }

    function test_settleBatch__noneOrAboveHundred__refused() public {
        _refused(BANK, 0, _tooMany(0));
        _refused(BANK, 101, _tooMany(101));
        // Before anything is hashed for the signature.
        Auth memory none;
        vm.expectRevert(_tooMany(101));
        receivables.settleBatchBySig(_payments(101), none);
    }

    function test_settleBatch__notABank__refused() public {
        _refused(BUYER, 3, abi.encodeWithSelector(IActs.RoleMissing.selector, partyOf[BUYER], Roles.BANK));
    }

    function test_settleBatch__tooLittleGas__refusedAsAWhole() public {
        _confirmAll(3);
        bytes memory call = abi.encodeCall(IReceivables.settleBatch, (_payments(3)));
        _outOfGas(BANK, address(receivables), call, Receivables.settleItem.selector, bytes32(uint256(2)));
    }

    function test_settleBatch__everMoreGas__refusedUntilAllIsDone() public {
        _confirmAll(3);
        _allOrNothing(BANK, address(receivables), abi.encodeCall(IReceivables.settleBatch, (_payments(3))), 3);
    }

    function test_settleBatch__sameReferenceTwice__thatOneIsNamed() public {
        _confirmAll(3);
        IReceivables.SettleParams[] memory items = _payments(3);
        items[2].bankRef = items[1].bankRef;
        vm.expectEmit(true, true, true, true, address(receivables));
        emit IReceivables.ItemRefused(
            2, items[2].id, abi.encodeWithSelector(IReceivables.BankRefUsed.selector, partyOf[BANK], items[1].bankRef)
        );
        by(BANK);
        eq(receivables.settleBatch(items), 2, "done");
    }

    function test_settleBatch__suspendedAndPaused__stillOpen() public {
        _confirmAll(3);
        IReceivables.SettleParams[] memory items = _payments(3);
        participants.pause(IParticipants.PauseParams(type(uint256).max));
        suspend(BANK);
        suspend(SELLER);
        by(BANK);
        eq(receivables.settleBatch(items), 3, "done");
    }
}
