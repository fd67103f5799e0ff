// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth, IActs} from "../../src/interfaces/IActs.sol";
import {IReceivables} from "../../src/interfaces/IReceivables.sol";
import {Roles} from "../../src/libraries/Roles.sol";
import {BatchWorld} from "../BatchWorld.sol";

/// @notice Batches of payments: a refused item is named, the rest is done.
contract ReceivablesSettleBatchTest is BatchWorld {
    string private constant SETTLE =
        "SettleBatch(SettleItem[] items,uint256 nonce,uint256 deadline)SettleItem(bytes32 id,bytes32 pledgeId,uint64 amount,bytes32 bankRef,uint32 payee)";

    function _payments() private view returns (IReceivables.SettleParams[] memory items) {
        items = new IReceivables.SettleParams[](3);
        for (uint256 i = 0; i < 3; ++i) {
            items[i] = IReceivables.SettleParams(bytes32(i + 1), 0, FACE / 100, bytes32(i), partyOf[SELLER]);
        }
    }

    function test_settleBatch__sameReferenceTwice__thatOneIsNamed() public {
        _issueAll(3);
        by(BUYER);
        receivables.confirmBatch(_confirmations(3));
        IReceivables.SettleParams[] memory items = _payments();
        items[2].bankRef = items[1].bankRef;
        vm.expectEmit(true, true, true, true, address(receivables));
        emit IReceivables.ItemRefused(
            2, items[2].id, abi.encodeWithSelector(IReceivables.BankRefUsed.selector, partyOf[BANK], items[1].bankRef)
        );
        by(BANK);
        eq(receivables.settleBatch(items), 2, "done");
    }

    function test_settleBatch__notABank__refused() public {
        IReceivables.SettleParams[] memory items = _payments();
        vm.expectRevert(abi.encodeWithSelector(IActs.RoleMissing.selector, partyOf[BUYER], Roles.BANK));
        by(BUYER);
        receivables.settleBatch(items);
    }

    function test_settleBatchBySig__good__done() public {
        _issueAll(3);
        by(BUYER);
        receivables.confirmBatch(_confirmations(3));
        IReceivables.SettleParams[] memory items = _payments();
        bytes32 kind = keccak256("SettleItem(bytes32 id,bytes32 pledgeId,uint64 amount,bytes32 bankRef,uint32 payee)");
        bytes32[] memory hashes = new bytes32[](3);
        for (uint256 i = 0; i < 3; ++i) {
            hashes[i] = keccak256(abi.encode(kind, items[i]));
        }
        Auth memory auth = sign(BANK, receivables, SETTLE, abi.encode(keccak256(abi.encodePacked(hashes))));
        eq(receivables.settleBatchBySig(items, auth), 3, "done");
    }
}
