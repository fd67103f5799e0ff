// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth, IActs} from "../src/interfaces/IActs.sol";
import {IParticipants} from "../src/interfaces/IParticipants.sol";
import {IPledges} from "../src/interfaces/IPledges.sol";
import {IReceivables} from "../src/interfaces/IReceivables.sol";
import {Roles} from "../src/libraries/Roles.sol";
import {World} from "./World.sol";

/// @notice substitute, undertake, buyBack: goods that leave the pledge for a receivable, or for the core enterprise.
contract GoodsSoldTest is World {
    uint64 private constant LOCKED = STOCK * 3 / 5;
    bytes32 private constant SALE = "sale";

    function setUp() public override {
        super.setUp();
        // The seller of the receivable owns goods too: it stores them until they are sold.
        confirmed();
        partyOf[DISTRIBUTOR] = partyOf[SELLER];
        store();
        take(offer(PLEDGE, WAREHOUSE, GOODS, LOCKED), SELLER, LENDER);
    }

    function _sale() private view returns (IPledges.SubstituteParams memory) {
        return
            IPledges.SubstituteParams(PLEDGE, GOODS, 1_000, SALE, CLAIM, PART, partyOf[LENDER], "loan", "decision", 0);
    }

    function _substitute(IPledges.SubstituteParams memory p, uint256 granter, uint256 lender, bytes memory reason)
        private
    {
        IPledges.PledgeParams memory inPlace = offer(p.pledgeId, RECEIVABLE, p.receivableId, p.amount);
        inPlace.lender = p.lender;
        Auth memory granted = grant(inPlace, granter);
        if (reason.length > 0) vm.expectRevert(reason);
        by(lender);
        pledges.substitute(p, granted, "registry 2");
    }

    function test_substitute__anotherLender__refused() public {
        IPledges.SubstituteParams memory p = _sale();
        p.lender = partyOf[LENDER2];
        _substitute(p, SELLER, LENDER2, abi.encodeWithSelector(IPledges.NotLender.selector, PLEDGE, partyOf[LENDER2]));
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
        take(offer("on claim", RECEIVABLE, CLAIM, 10), SELLER, LENDER);
        IPledges.SubstituteParams memory p = _sale();
        p.soldPledgeId = "on claim";
        _substitute(p, SELLER, LENDER, abi.encodeWithSelector(IPledges.NotOverGoods.selector, p.soldPledgeId));
    }

    function test_substitute__lenderOwesTheReceivable__refused() public {
        participants.setRoles(IParticipants.SetRolesParams(partyOf[BUYER], Roles.CORE | Roles.LENDER));
        IPledges.PledgeParams memory own = offer("of the buyer", WAREHOUSE, GOODS, 10);
        own.lender = partyOf[BUYER];
        take(own, SELLER, BUYER);
        IPledges.SubstituteParams memory p = _sale();
        (p.soldPledgeId, p.quantity, p.lender) = ("of the buyer", 10, partyOf[BUYER]);
        _substitute(p, SELLER, BUYER, abi.encodeWithSelector(IReceivables.LenderIsDebtor.selector, partyOf[BUYER]));
        eq(pledges.pledgeOf("of the buyer").amount, 10, "the goods stayed pledged");
    }

    function test_substitute__good__oneStep() public {
        vm.expectEmit(true, true, true, true, address(pledges));
        emit IPledges.Substituted(PLEDGE, SALE, GOODS, CLAIM);
        _substitute(_sale(), SELLER, LENDER, "");
        eq(receipts.receipt(GOODS).pledged, LOCKED - 1_000, "goods");
        eq(claim(CLAIM).pledged, PART, "receivable");
        eq(pledges.pledgeOf(SALE).amount, PART, "new pledge");
    }

    function test_substituteBySig__good__done() public {
        IPledges.SubstituteParams memory p = _sale();
        Auth memory granted = grant(offer(SALE, RECEIVABLE, CLAIM, PART), SELLER);
        Auth memory auth = sign(
            LENDER,
            pledges,
            "Substitute(bytes32 soldPledgeId,bytes32 goodsId,uint64 quantity,bytes32 pledgeId,bytes32 receivableId,uint64 amount,uint32 lender,bytes32 loanRef,bytes32 decisionHash,uint64 expiresAt,bytes32 registryNo,uint256 nonce,uint256 deadline)",
            abi.encode(p, bytes32("registry 2"))
        );
        pledges.substituteBySig(p, granted, "registry 2", auth);
        eq(claim(CLAIM).pledged, PART, "receivable");
    }

    function _undertaking(uint64 amount) private view returns (IPledges.UndertakeParams memory) {
        return IPledges.UndertakeParams(PLEDGE, amount, today() + 10, "undertaking");
    }

    function _undertake(uint64 amount) private {
        IPledges.UndertakeParams memory p = _undertaking(amount);
        by(BUYER);
        pledges.undertake(p);
    }

    function _buyBack(uint256 pk, uint64 amount, bytes32 bankRef) private {
        by(pk);
        pledges.buyBack(IPledges.BuyBackParams(PLEDGE, GOODS, partyOf[BUYER], amount, bankRef));
    }

    function test_undertake__notACoreEnterprise__refused() public {
        IPledges.UndertakeParams memory p = _undertaking(1);
        vm.expectRevert(abi.encodeWithSelector(IActs.RoleMissing.selector, partyOf[TIER2], Roles.CORE));
        by(TIER2);
        pledges.undertake(p);
    }

    function test_undertake__overAReceivable__refused() public {
        take(offer("on claim", RECEIVABLE, CLAIM, 10), SELLER, LENDER);
        IPledges.UndertakeParams memory p = _undertaking(1);
        p.pledgeId = "on claim";
        vm.expectRevert(abi.encodeWithSelector(IPledges.NotOverGoods.selector, p.pledgeId));
        by(BUYER);
        pledges.undertake(p);
    }

    function test_undertake__nothingOrTooMuch__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IActs.AmountZero.selector));
        _undertake(0);
        vm.expectRevert(abi.encodeWithSelector(IPledges.ExceedsPledge.selector, PLEDGE, LOCKED + 1, LOCKED));
        _undertake(LOCKED + 1);
    }

    function test_undertake__twice__refused() public {
        _undertake(500);
        vm.expectRevert(abi.encodeWithSelector(IPledges.UndertakingExists.selector, PLEDGE, partyOf[BUYER]));
        _undertake(500);
    }

    function test_buyBack__notABank__refused() public {
        _undertake(500);
        vm.expectRevert(abi.encodeWithSelector(IActs.RoleMissing.selector, partyOf[BUYER], Roles.BANK));
        _buyBack(BUYER, 500, "ref");
    }

    function test_buyBack__withoutUndertaking__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IPledges.UndertakingMissing.selector, PLEDGE, partyOf[BUYER]));
        _buyBack(BANK, 500, "ref");
    }

    function test_buyBack__tooMuchOrTooLate__refused() public {
        _undertake(500);
        vm.expectRevert(abi.encodeWithSelector(IPledges.UndertakingMissing.selector, PLEDGE, partyOf[BUYER]));
        _buyBack(BANK, 501, "ref");
        vm.warp(block.timestamp + 11 days);
        vm.expectRevert(abi.encodeWithSelector(IPledges.UndertakingMissing.selector, PLEDGE, partyOf[BUYER]));
        _buyBack(BANK, 500, "ref");
    }

    function test_buyBack__sameReferenceAgain__refused() public {
        _undertake(500);
        _buyBack(BANK, 200, "ref");
        vm.expectRevert(abi.encodeWithSelector(IReceivables.BankRefUsed.selector, partyOf[BANK], bytes32("ref")));
        _buyBack(BANK, 200, "ref");
    }

    function test_buyBack__neverDrawn__refused() public {
        IPledges.PledgeParams memory p = offer("undrawn", WAREHOUSE, GOODS, 10);
        p.expiresAt = uint64(START + 1 days);
        take(p, SELLER, LENDER);
        IPledges.UndertakeParams memory u = _undertaking(5);
        u.pledgeId = "undrawn";
        by(BUYER);
        pledges.undertake(u);
        vm.expectRevert(abi.encodeWithSelector(IPledges.NotDrawn.selector, u.pledgeId));
        by(BANK);
        pledges.buyBack(IPledges.BuyBackParams("undrawn", GOODS, partyOf[BUYER], 5, "ref"));
    }

    function test_buyBack__inParts__coreEnterpriseOwnsTheGoods() public {
        _undertake(500);
        _buyBack(BANK, 200, "ref 1");
        bytes32 second = pledges.boughtBackId(PLEDGE, partyOf[BUYER], 1);
        vm.expectEmit(true, true, true, true, address(pledges));
        emit IPledges.BoughtBack(PLEDGE, GOODS, partyOf[BUYER], second, 300, LOCKED - 500, "ref 2", partyOf[BANK]);
        _buyBack(BANK, 300, "ref 2");
        eq(receipts.receipt(pledges.boughtBackId(PLEDGE, partyOf[BUYER], 0)).free, 200, "first");
        eq(receipts.receipt(second).owner, partyOf[BUYER], "owner");
        eq(receipts.receipt(GOODS).liquidated, 500, "gone from the old receipt");
        eq(pledges.undertakingOf(PLEDGE, partyOf[BUYER]).amount, 0, "kept");
    }

    function test_buyBackBySig__good__done() public {
        Auth memory promised = sign(
            BUYER,
            pledges,
            "Undertake(bytes32 pledgeId,uint64 amount,uint32 untilDay,bytes32 documentRoot,uint256 nonce,uint256 deadline)",
            abi.encode(_undertaking(500))
        );
        pledges.undertakeBySig(_undertaking(500), promised);
        IPledges.BuyBackParams memory p = IPledges.BuyBackParams(PLEDGE, GOODS, partyOf[BUYER], 500, "ref");
        Auth memory paid = sign(
            BANK,
            pledges,
            "BuyBack(bytes32 pledgeId,bytes32 assetId,uint32 buyer,uint64 amount,bytes32 bankRef,uint256 nonce,uint256 deadline)",
            abi.encode(p)
        );
        pledges.buyBackBySig(p, paid);
        eq(receipts.receipt(pledges.boughtBackId(PLEDGE, partyOf[BUYER], 0)).owner, partyOf[BUYER], "owner");
    }
}
