// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActs} from "../../src/interfaces/IActs.sol";
import {OrderedWorld} from "./OrderedWorld.sol";

/// @notice Billing against an order: only by Receivables.
contract OrdersInvoiceTest is OrderedWorld {
    function test_invoice__notReceivables__refused() public {
        deliver(ORDER, AMOUNT);
        vm.expectRevert(abi.encodeWithSelector(IActs.NotSister.selector, vm.addr(SELLER)));
        by(SELLER);
        orders.invoice(ORDER, 2, 1);
        vm.expectRevert(abi.encodeWithSelector(IActs.NotSister.selector, vm.addr(SELLER)));
        by(SELLER);
        orders.uninvoice(ORDER, 1);
    }
}
