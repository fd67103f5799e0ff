// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth} from "../../src/interfaces/IActs.sol";
import {IOrders} from "../../src/interfaces/IOrders.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {IReceivables} from "../../src/interfaces/IReceivables.sol";
import {World} from "../World.sol";

/// @notice Withdrawal of what isn't confirmed, and its correction.
contract ReceivablesCancelTest is World {
    function setUp() public override {
        super.setUp();
        deliver(ORDER, FACE);
    }

    function test_cancel__notTheHolder__refused() public {
        issue(CLAIM, FACE);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.NotHolder.selector, CLAIM, partyOf[BUYER]));
        withdraw(BUYER);
    }

    function test_cancel__anotherOrderOrDocument__refused() public {
        issue(CLAIM, FACE);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.NotHolder.selector, CLAIM, partyOf[SELLER]));
        by(SELLER);
        receivables.cancel(IReceivables.CancelParams(CLAIM, "order 2", ROOT));
        vm.expectRevert(abi.encodeWithSelector(IReceivables.NotHolder.selector, CLAIM, partyOf[SELLER]));
        by(SELLER);
        receivables.cancel(IReceivables.CancelParams(CLAIM, ORDER, "root 2"));
    }

    function test_cancel__unknownOrTwice__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IReceivables.ReceivableUnknown.selector, CLAIM));
        withdraw(SELLER);
        issue(CLAIM, FACE);
        withdraw(SELLER);
        vm.expectRevert(
            abi.encodeWithSelector(
                IReceivables.ReceivableStateWrong.selector, CLAIM, IReceivables.ReceivableState.Cancelled
            )
        );
        withdraw(SELLER);
    }

    function test_cancel__confirmed__refused() public {
        issue(CLAIM, FACE);
        confirm(CLAIM, FACE);
        vm.expectRevert(
            abi.encodeWithSelector(
                IReceivables.ReceivableStateWrong.selector, CLAIM, IReceivables.ReceivableState.Confirmed
            )
        );
        withdraw(SELLER);
        by(BUYER);
        receivables.dispute(IReceivables.DisputeParams(CLAIM, ROOT));
        vm.expectRevert(
            abi.encodeWithSelector(
                IReceivables.ReceivableStateWrong.selector, CLAIM, IReceivables.ReceivableState.Disputed
            )
        );
        withdraw(SELLER);
    }

    function test_cancel__thenIssuedByAnother__refused() public {
        issue(CLAIM, FACE);
        withdraw(SELLER);
        // Another supplier with an order of its own: the fingerprint stays the first one's.
        by(BUYER);
        orders.post(IOrders.PostParams("order 2", partyOf[TIER2], ROOT, FACE, "CNY"));
        acknowledge(TIER2, "order 2");
        by(TIER2);
        orders.despatch(IOrders.DespatchParams("order 2", ROOT, FACE));
        by(BUYER);
        orders.receiveGoods(IOrders.ReceiveGoodsParams("order 2", ROOT, FACE));
        IReceivables.IssueParams memory p = invoice(CLAIM, FACE);
        p.orderId = "order 2";
        Auth memory registrar = attest(p);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.ReceivableExists.selector, CLAIM));
        by(TIER2);
        receivables.issue(p, registrar);
    }

    function test_cancel__suspendedAndPaused__stillOpen() public {
        issue(CLAIM, FACE);
        suspend(SELLER);
        suspend(BUYER);
        participants.pause(IParticipants.PauseParams(type(uint256).max));
        vm.expectEmit(true, true, true, true, address(receivables));
        emit IReceivables.Cancelled(CLAIM);
        withdraw(SELLER);
        eq(orders.order(ORDER).invoiced, 0, "invoiced");
    }

    function test_cancel__good__givesTheAmountBackAndAllowsACorrection() public {
        issue(CLAIM, FACE);
        vm.expectEmit(true, true, true, true, address(receivables));
        emit IReceivables.Cancelled(CLAIM);
        withdraw(SELLER);
        eq(orders.order(ORDER).invoiced, 0, "invoiced");
        IReceivables.Receivable memory r = claim(CLAIM);
        eq(r.holder, partyOf[SELLER], "whose it was");
        eq(r.debtor, partyOf[BUYER], "who owed it");
        eq(uint256(r.face) + r.free + r.pledged + r.settled, 0, "amounts");
        eq32(r.originTag, 0, "tag");
        eq(receivables.holderOf(CLAIM), 0, "nobody holds it");
        issue(CLAIM, FACE - 1);
        eq(claim(CLAIM).face, FACE - 1, "corrected");
        eq(orders.order(ORDER).invoiced, FACE - 1, "invoiced again");
        confirm(CLAIM, FACE - 1);
        eq(claim(CLAIM).holder, partyOf[SELLER], "holder");
    }
}
