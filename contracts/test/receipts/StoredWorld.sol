// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth} from "../../src/interfaces/IActs.sol";
import {IWarehouseReceipts} from "../../src/interfaces/IWarehouseReceipts.sol";
import {World} from "../World.sol";

/// @notice Goods in a warehouse, and what their owner and keeper do with them.
abstract contract StoredWorld is World {
    uint64 internal constant LOCKED = STOCK * 3 / 5;

    function _release(uint256 pk, uint64 quantity) internal {
        Auth memory order = ordered(GOODS, quantity, DISTRIBUTOR);
        by(pk);
        receipts.release(IWarehouseReceipts.ReleaseParams(GOODS, quantity), order);
    }

    function _receipt() internal view returns (IWarehouseReceipts.Receipt memory) {
        return receipts.receipt(GOODS);
    }
}
