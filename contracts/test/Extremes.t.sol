// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPledges} from "../src/interfaces/IPledges.sol";
import {IReceivables} from "../src/interfaces/IReceivables.sol";
import {IWarehouseReceipts} from "../src/interfaces/IWarehouseReceipts.sol";
import {World} from "./World.sol";

/// @notice The largest amounts that fit the packed words, in every field at once: nothing runs over into its neighbour.
contract ExtremesTest is World {
    uint64 private constant MOST = type(uint56).max;
    uint64 private constant LATEST = type(uint32).max;

    function _neighbours(IReceivables.Receivable memory c, uint64 face) private view {
        eq(c.holder, partyOf[SELLER], "holder");
        eq(c.debtor, partyOf[BUYER], "debtor");
        eq(c.dueDay, dueDay(), "due day");
        isTrue(c.confirmed && !c.lined, "flags");
        eq(c.face, face, "face");
        eq(uint256(c.free) + c.pledged + c.splitAway + c.settled + c.diluted, face, "conserved");
    }

    function test_receivable__largestFace__everyFieldKeepsToItself() public {
        deliver(ORDER, MOST);
        issue(CLAIM, MOST);
        confirm(CLAIM, MOST);
        IPledges.PledgeParams memory p = offer(PLEDGE, RECEIVABLE, CLAIM, MOST);
        p.expiresAt = LATEST;
        take(p, SELLER, LENDER);
        _neighbours(claim(CLAIM), MOST);
        eq(claim(CLAIM).pledged, MOST, "all of it");
        IPledges.Pledge memory e = pledges.pledgeOf(PLEDGE);
        isTrue(e.amount == MOST && e.expiresAt == LATEST && !e.drawn && e.lender == partyOf[LENDER], "pledge");
        by(LENDER);
        pledges.release(IPledges.ReleaseParams(PLEDGE, CLAIM, MOST - 1, 0, 0));
        settle(PLEDGE, 1, 1, LENDER);
        _neighbours(claim(CLAIM), MOST);
        isTrue(pledges.pledgeOf(PLEDGE).state == IPledges.PledgeState.Released, "paid up");
        uint64[] memory amounts = new uint64[](2);
        (amounts[0], amounts[1]) = (MOST - 3, 1);
        by(SELLER);
        receivables.split(IReceivables.SplitParams(CLAIM, amounts));
        by(SELLER);
        receivables.credit(IReceivables.CreditParams(CLAIM, ROOT, 1));
        _neighbours(claim(CLAIM), MOST);
        isTrue(claim(CLAIM).state == IReceivables.ReceivableState.Settled, "nothing left");
        _neighbours(claim(receivables.childId(CLAIM, 0)), MOST - 3);
        eq(claim(CLAIM).splitAway, MOST - 2, "split away");
        eq(receivables.childCount(CLAIM), 2, "children");
    }

    function test_receipt__largestQuantity__everyFieldKeepsToItself() public {
        by(KEEPER);
        receipts.issue(IWarehouseReceipts.IssueParams(GOODS, partyOf[DISTRIBUTOR], ROOT, MOST));
        take(offer(ON_GOODS, WAREHOUSE, GOODS, MOST - 1), DISTRIBUTOR, LENDER);
        take(offer(over(GOODS, "second"), WAREHOUSE, GOODS, 1), DISTRIBUTOR, LENDER);
        recount(KEEPER, 2, named(ON_GOODS, over(GOODS, "second")));
        by(LENDER);
        pledges.enforce(IPledges.EnforceParams(ON_GOODS, GOODS));
        IWarehouseReceipts.Receipt memory r = receipts.receipt(GOODS);
        isTrue(r.owner == partyOf[DISTRIBUTOR] && r.keeper == partyOf[KEEPER] && !r.part, "owner and keeper");
        isTrue(r.issued == MOST && r.free == 0 && r.pledged == 0 && r.liquidated == MOST - 2, "quantities");
        eq(r.missing, 2, "missing");
        r = receipts.receipt(pledges.enforcedId(ON_GOODS, GOODS));
        isTrue(r.owner == partyOf[LENDER] && r.keeper == partyOf[KEEPER] && r.free == MOST - 2 && r.part, "taken");
    }
}
