// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth} from "../../src/interfaces/IActs.sol";
import {IPledges} from "../../src/interfaces/IPledges.sol";
import {IWarehouseReceipts} from "../../src/interfaces/IWarehouseReceipts.sol";
import {StoredWorld} from "./StoredWorld.sol";

/// @notice A receipt's quantity is conserved, whatever is done.
contract ReceiptsConservedTest is StoredWorld {
    function testFuzz_goods__anyActs__conserved(uint64[8] calldata amounts) public {
        goodsPledged();
        for (uint256 i = 0; i < 8; ++i) {
            uint64 amount = uint64(bound(amounts[i], 1, STOCK));
            bytes32[] memory ids = amount > _receipt().free ? named(ON_GOODS) : new bytes32[](0);
            Auth memory order = ordered(GOODS, amount, DISTRIBUTOR);
            Auth memory agreement = agreed(IWarehouseReceipts.CorrectParams(GOODS, ROOT, amount), DISTRIBUTOR);
            by(i % 4 == 1 ? LENDER : KEEPER);
            if (i % 4 == 0) try receipts.release(IWarehouseReceipts.ReleaseParams(GOODS, amount), order) {} catch {}
            if (i % 4 == 1) try pledges.release(IPledges.ReleaseParams(ON_GOODS, GOODS, amount, 0, 0)) {} catch {}
            if (i % 4 == 2) {
                try receipts.recount(IWarehouseReceipts.RecountParams(GOODS, ROOT, amount, ids)) {} catch {}
            }
            if (i % 4 == 3) {
                try receipts.correct(IWarehouseReceipts.CorrectParams(GOODS, ROOT, amount), agreement) {} catch {}
            }
            IWarehouseReceipts.Receipt memory r = _receipt();
            eq(uint256(r.free) + r.pledged + r.released + r.liquidated + r.missing, STOCK, "conserved");
            eq(pledges.pledgeOf(ON_GOODS).amount, r.pledged, "the pledge is what is pledged");
        }
    }
}
