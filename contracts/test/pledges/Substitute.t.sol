// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth, IActs} from "../../src/interfaces/IActs.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {IPledges} from "../../src/interfaces/IPledges.sol";
import {IReceivables} from "../../src/interfaces/IReceivables.sol";
import {Roles} from "../../src/libraries/Roles.sol";
import {SUBSTITUTE_TYPE} from "../RelayedTypes.sol";
import {SoldWorld} from "./SoldWorld.sol";

/// @notice The receivable of a sale in the place of the goods sold, in one step.
contract PledgesSubstituteTest is SoldWorld {
    bytes32 private constant SALE = PLEDGE;

    function _sale() private view returns (IPledges.SubstituteParams memory) {
        return
            IPledges.SubstituteParams(ON_GOODS, GOODS, 1_000, SALE, CLAIM, PART, partyOf[LENDER], "loan", "decision", 0);
    }

    function _substitute(IPledges.SubstituteParams memory p, uint256 granter, uint256 lender, bytes memory reason)
        private
    {
        Auth memory granted = exchange(p, granter);
        if (reason.length > 0) vm.expectRevert(reason);
        by(lender);
        pledges.substitute(p, granted, "registry 2");
    }

    function test_substitute__anotherLender__refused() public {
        IPledges.SubstituteParams memory p = _sale();
        p.lender = partyOf[LENDER2];
        _substitute(p, SELLER, LENDER2, abi.encodeWithSelector(IPledges.NotLender.selector, ON_GOODS, partyOf[LENDER2]));
    }

    function test_substitute__receivableOfAnother__refused() public {
        by(SELLER);
        receivables.transfer(IReceivables.TransferParams(CLAIM, partyOf[TIER2]));
        _substitute(_sale(), TIER2, LENDER, abi.encodeWithSelector(IPledges.SubstituteForeign.selector, GOODS, CLAIM));
        _substitute(
            _sale(), SELLER, LENDER, abi.encodeWithSelector(IReceivables.NotHolder.selector, CLAIM, partyOf[SELLER])
        );
        eq(receipts.receipt(GOODS).pledged, LOCKED, "the goods stayed pledged");
    }

    function test_substitute__notGoods__refused() public {
        take(offer(over(CLAIM, "on claim"), RECEIVABLE, CLAIM, 10), SELLER, LENDER);
        IPledges.SubstituteParams memory p = _sale();
        p.soldPledgeId = over(CLAIM, "on claim");
        _substitute(p, SELLER, LENDER, abi.encodeWithSelector(IPledges.NotOverGoods.selector, p.soldPledgeId));
    }

    function test_substitute__lenderOwesTheReceivable__refused() public {
        participants.setRoles(IParticipants.SetRolesParams(partyOf[BUYER], Roles.CORE | Roles.LENDER));
        IPledges.PledgeParams memory own = offer(over(GOODS, "of the buyer"), WAREHOUSE, GOODS, 10);
        own.lender = partyOf[BUYER];
        take(own, SELLER, BUYER);
        IPledges.SubstituteParams memory p = _sale();
        (p.soldPledgeId, p.quantity, p.lender) = (own.pledgeId, 10, partyOf[BUYER]);
        _substitute(p, SELLER, BUYER, abi.encodeWithSelector(IReceivables.LenderIsDebtor.selector, partyOf[BUYER]));
        eq(pledges.pledgeOf(own.pledgeId).amount, 10, "the goods stayed pledged");
    }

    function test_substitute__idOfAnotherAsset__refusedAndTheGoodsStay() public {
        IPledges.SubstituteParams memory p = _sale();
        p.pledgeId = over(GOODS, "sale");
        _substitute(p, SELLER, LENDER, abi.encodeWithSelector(IPledges.PledgeIdForeign.selector, p.pledgeId, CLAIM));
        eq(receipts.receipt(GOODS).pledged, LOCKED, "the goods stayed pledged");
    }

    /// @dev What the owner gives for its goods, the lender can't take and keep the goods too.
    function test_substitute__exchangeUsedAsAGrant__refused() public {
        IPledges.SubstituteParams memory p = _sale();
        Auth memory granted = exchange(p, SELLER);
        vm.expectRevert(abi.encodeWithSelector(IActs.ActSignatureInvalid.selector, vm.addr(SELLER)));
        by(LENDER);
        pledges.pledge(offer(SALE, RECEIVABLE, CLAIM, PART), granted, "registry 2");
        // Nor for fewer goods than were agreed.
        p.quantity = 1;
        vm.expectRevert(abi.encodeWithSelector(IActs.ActSignatureInvalid.selector, vm.addr(SELLER)));
        by(LENDER);
        pledges.substitute(p, granted, "registry 2");
    }

    function test_substitute__good__oneStep() public {
        vm.expectEmit(true, true, true, true, address(pledges));
        emit IPledges.Substituted(ON_GOODS, SALE, GOODS, CLAIM);
        _substitute(_sale(), SELLER, LENDER, "");
        eq(receipts.receipt(GOODS).pledged, LOCKED - 1_000, "goods");
        eq(claim(CLAIM).pledged, PART, "receivable");
        eq(pledges.pledgeOf(SALE).amount, PART, "new pledge");
    }

    function test_substituteBySig__good__done() public {
        IPledges.SubstituteParams memory p = _sale();
        Auth memory granted = exchange(p, SELLER);
        Auth memory auth = sign(LENDER, pledges, SUBSTITUTE_TYPE, abi.encode(p, bytes32("registry 2")));
        pledges.substituteBySig(p, granted, "registry 2", auth);
        eq(claim(CLAIM).pledged, PART, "receivable");
    }

    function testFuzz_substitute__anyAmounts__bothOrNeither(uint64 quantity, uint64 amount) public {
        IPledges.SubstituteParams memory p = _sale();
        p.quantity = uint64(bound(quantity, 1, STOCK));
        p.amount = uint64(bound(amount, 1, 2 * FACE));
        bytes memory reason;
        if (p.quantity > LOCKED) {
            reason = abi.encodeWithSelector(IPledges.ExceedsPledge.selector, ON_GOODS, p.quantity, LOCKED);
        } else if (p.amount > FACE) {
            reason = abi.encodeWithSelector(IReceivables.ExceedsFree.selector, CLAIM, p.amount, FACE);
        }
        _substitute(p, SELLER, LENDER, reason);
        bool done = reason.length == 0;
        eq(receipts.receipt(GOODS).pledged, done ? LOCKED - p.quantity : LOCKED, "goods pledged");
        eq(receipts.receipt(GOODS).free, STOCK - LOCKED + (done ? p.quantity : 0), "goods free");
        eq(claim(CLAIM).pledged, done ? p.amount : 0, "receivable pledged");
        eq(pledges.pledgeOf(SALE).amount, done ? p.amount : 0, "the new pledge");
    }
}
