// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth} from "../../src/interfaces/IActs.sol";
import {IReceivables} from "../../src/interfaces/IReceivables.sol";
import {BatchWorld} from "../BatchWorld.sol";

/// @notice Batches of confirmations: a refused item is named, the rest is done.
contract ReceivablesConfirmBatchTest is BatchWorld {
    string private constant CONFIRM =
        "ConfirmBatch(ConfirmItem[] items,uint256 nonce,uint256 deadline)ConfirmItem(bytes32 id,bytes32 orderId,uint32 seller,bytes32 documentRoot,uint64 face,uint32 dueDay)";

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

    function test_confirmBatchBySig__good__done() public {
        _issueAll(3);
        IReceivables.ConfirmParams[] memory items = _confirmations(3);
        bytes32 kind = keccak256(
            "ConfirmItem(bytes32 id,bytes32 orderId,uint32 seller,bytes32 documentRoot,uint64 face,uint32 dueDay)"
        );
        bytes32[] memory hashes = new bytes32[](3);
        for (uint256 i = 0; i < 3; ++i) {
            hashes[i] = keccak256(abi.encode(kind, items[i]));
        }
        Auth memory auth = sign(BUYER, receivables, CONFIRM, abi.encode(keccak256(abi.encodePacked(hashes))));
        eq(receivables.confirmBatchBySig(items, auth), 3, "done");
    }
}
