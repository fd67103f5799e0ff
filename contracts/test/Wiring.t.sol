// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Orders} from "../src/Orders.sol";
import {Pledges} from "../src/Pledges.sol";
import {Receivables} from "../src/Receivables.sol";
import {WarehouseReceipts} from "../src/WarehouseReceipts.sol";
import {IActs} from "../src/interfaces/IActs.sol";
import {IPledges} from "../src/interfaces/IPledges.sol";
import {IReceivables} from "../src/interfaces/IReceivables.sol";
import {World} from "./World.sol";

/// @notice What the constructors refuse: a contract that isn't where its sisters expect it.
contract WiringTest is World {
    function test_receivables__elsewhereThanOrdersExpect__refused() public {
        address here = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        vm.expectRevert(abi.encodeWithSelector(IActs.WiringWrong.selector, here, address(receivables)));
        new Receivables(participants, orders, pledges, MAX_TENOR);
    }

    function test_receivables__tenorOfZeroOrAboveAYear__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IReceivables.MaxTenorInvalid.selector, 0));
        new Receivables(participants, orders, pledges, 0);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.MaxTenorInvalid.selector, 367));
        new Receivables(participants, orders, pledges, 367);
    }

    function test_pledges__elsewhereThanReceivablesExpect__refused() public {
        address here = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        vm.expectRevert(abi.encodeWithSelector(IActs.WiringWrong.selector, here, address(pledges)));
        new Pledges(participants, receivables, receipts);
    }

    function test_pledges__elsewhereThanReceiptsExpect__refused() public {
        uint256 next = vm.getNonce(address(this));
        Orders o = new Orders(participants, vm.computeCreateAddress(address(this), next + 1));
        address last = vm.computeCreateAddress(address(this), next + 2);
        Receivables r = new Receivables(participants, o, IPledges(last), 366);
        vm.expectRevert(abi.encodeWithSelector(IActs.WiringWrong.selector, last, address(pledges)));
        new Pledges(participants, r, receipts);
        eq(r.maxTenorDays(), 366, "a year is the outside");
    }
}
