// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActs} from "../src/interfaces/IActs.sol";
import {IAsset} from "../src/interfaces/IAsset.sol";
import {IParticipants} from "../src/interfaces/IParticipants.sol";
import {IReceivables} from "../src/interfaces/IReceivables.sol";
import {Kinds} from "../src/libraries/Kinds.sol";
import {World} from "./World.sol";

/// @notice split, transfer, credit.
contract ReceivablesMoveTest is World {
    function setUp() public override {
        super.setUp();
        confirmed();
    }

    function _split(uint256 pk, uint64[] memory amounts) private {
        by(pk);
        receivables.split(IReceivables.SplitParams(CLAIM, amounts));
    }

    function _two(uint64 a, uint64 b) private pure returns (uint64[] memory amounts) {
        amounts = new uint64[](2);
        (amounts[0], amounts[1]) = (a, b);
    }

    function _transfer(uint256 pk, bytes32 id, uint256 to) private {
        by(pk);
        receivables.transfer(IReceivables.TransferParams(id, partyOf[to]));
    }

    function _credit(uint256 pk, uint64 amount) private {
        by(pk);
        receivables.credit(IReceivables.CreditParams(CLAIM, "credit note", amount));
    }

    function _wrong(bytes32 id, IReceivables.ReceivableState state) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IReceivables.ReceivableStateWrong.selector, id, state);
    }

    function test_split__notTheHolder__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IReceivables.NotHolder.selector, CLAIM, partyOf[BUYER]));
        _split(BUYER, _two(1, 2));
    }

    function test_split__paused__refused() public {
        pause(Kinds.TRANSFER);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.ActPaused.selector, Kinds.TRANSFER));
        _split(SELLER, _two(1, 2));
    }

    function test_split__oneOrNineParts__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IReceivables.PartsInvalid.selector, 1));
        _split(SELLER, new uint64[](1));
        vm.expectRevert(abi.encodeWithSelector(IReceivables.PartsInvalid.selector, 9));
        _split(SELLER, new uint64[](9));
    }

    function test_split__emptyPart__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IActs.AmountZero.selector));
        _split(SELLER, _two(1, 0));
    }

    function test_split__moreThanFree__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IReceivables.ExceedsFree.selector, CLAIM, uint256(FACE) + 1, FACE));
        _split(SELLER, _two(FACE, 1));
    }

    function test_split__unconfirmed__refused() public {
        issueOn("order 2", "claim 2", 100);
        vm.expectRevert(_wrong("claim 2", IReceivables.ReceivableState.Issued));
        by(SELLER);
        receivables.split(IReceivables.SplitParams("claim 2", _two(1, 2)));
    }

    function test_split__nothingLeft__refused() public {
        _split(SELLER, _two(FACE - 1, 1));
        vm.expectRevert(abi.encodeWithSelector(IAsset.NothingLeft.selector, CLAIM));
        _split(SELLER, _two(1, 1));
    }

    function test_split__good__partsAreReceivables() public {
        bytes32 first = receivables.childId(CLAIM, 0);
        vm.expectEmit(true, true, true, true, address(receivables));
        emit IReceivables.Split(CLAIM, first, 100);
        _split(SELLER, _two(100, 250));
        IReceivables.Receivable memory parent = claim(CLAIM);
        eq(parent.free, FACE - 350, "free");
        eq(parent.splitAway, 350, "split away");
        eq(parent.settled, 0, "settled");
        IReceivables.Receivable memory child = claim(receivables.childId(CLAIM, 1));
        eq(child.face, 250, "face");
        eq(child.free, 250, "free of the part");
        eq(child.holder, partyOf[SELLER], "holder");
        eq(child.debtor, partyOf[BUYER], "debtor");
        eq(child.dueDay, dueDay(), "due day");
        isTrue(child.part && child.confirmed, "flags");
        eq(receivables.childCount(CLAIM), 2, "children");
    }

    function test_split__again__numbersGoOn() public {
        _split(SELLER, _two(100, 250));
        _split(SELLER, _two(10, 20));
        eq(claim(receivables.childId(CLAIM, 2)).face, 10, "third");
        eq(claim(receivables.childId(CLAIM, 3)).face, 20, "fourth");
        eq(claim(receivables.childId(CLAIM, 0)).face, 100, "first untouched");
    }

    function testFuzz_split__anyParts__conservesToTheFen(uint64[8] calldata wanted, uint256 parts) public {
        parts = bound(parts, 2, 8);
        uint64[] memory amounts = new uint64[](parts);
        uint64 left = FACE;
        for (uint256 i = 0; i < parts; ++i) {
            amounts[i] = uint64(bound(wanted[i], 1, left / 2));
            left -= amounts[i];
        }
        _split(SELLER, amounts);
        uint256 total = claim(CLAIM).free;
        for (uint256 i = 0; i < parts; ++i) {
            total += claim(receivables.childId(CLAIM, i)).face;
        }
        eq(total, FACE, "to the fen");
    }

    function test_transfer__notTheHolder__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IReceivables.NotHolder.selector, CLAIM, partyOf[TIER2]));
        _transfer(TIER2, CLAIM, TIER2);
    }

    function test_transfer__paused__refused() public {
        pause(Kinds.TRANSFER);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.ActPaused.selector, Kinds.TRANSFER));
        _transfer(SELLER, CLAIM, TIER2);
    }

    function test_transfer__toItself__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IReceivables.TransferToSelf.selector, partyOf[SELLER]));
        _transfer(SELLER, CLAIM, SELLER);
    }

    function test_transfer__toTheDebtor__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IReceivables.TransferToDebtor.selector, partyOf[BUYER]));
        _transfer(SELLER, CLAIM, BUYER);
    }

    function test_transfer__nothingLeft__refused() public {
        _split(SELLER, _two(FACE - 1, 1));
        vm.expectRevert(abi.encodeWithSelector(IAsset.NothingLeft.selector, CLAIM));
        _transfer(SELLER, CLAIM, TIER2);
    }

    function test_transfer__unconfirmed__refusedToWhoeverTries() public {
        issueOn("order 2", "claim 2", 100);
        vm.expectRevert(_wrong("claim 2", IReceivables.ReceivableState.Issued));
        _transfer(SELLER, "claim 2", TIER2);
        vm.expectRevert(_wrong("claim 2", IReceivables.ReceivableState.Issued));
        _transfer(TIER2, "claim 2", SELLER);
    }

    function test_transfer__toNobody__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IParticipants.PartyUnknown.selector, 0));
        _transfer(SELLER, CLAIM, STRANGER);
    }

    function test_transfer__toASuspendedParty__refused() public {
        suspend(TIER2);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.PartySuspended.selector, partyOf[TIER2]));
        _transfer(SELLER, CLAIM, TIER2);
    }

    function test_transfer__partPledged__refused() public {
        take(offer(PLEDGE, RECEIVABLE, CLAIM, 1), SELLER, LENDER);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.PledgedPart.selector, CLAIM, 1));
        _transfer(SELLER, CLAIM, TIER2);
    }

    function test_transfer__good__newHolderAndNotice() public {
        vm.expectEmit(true, true, true, true, address(receivables));
        emit IReceivables.Transferred(CLAIM, partyOf[SELLER], partyOf[TIER2], partyOf[BUYER]);
        _transfer(SELLER, CLAIM, TIER2);
        eq(claim(CLAIM).holder, partyOf[TIER2], "holder");
        vm.expectRevert(abi.encodeWithSelector(IReceivables.PayeeWrong.selector, partyOf[SELLER], partyOf[TIER2]));
        settle(0, 1, 1, SELLER);
        settle(0, 1, 1, TIER2);
    }

    function test_transfer__defaulted__backToWhoOwesRecourse() public {
        _transfer(SELLER, CLAIM, TIER2);
        pastDue();
        by(TIER2);
        receivables.declareDefault(IReceivables.DeclareDefaultParams(CLAIM));
        _transfer(TIER2, CLAIM, SELLER);
        eq(claim(CLAIM).holder, partyOf[SELLER], "holder");
    }

    function test_transfer__settled__refused() public {
        settle(0, FACE, 1, SELLER);
        vm.expectRevert(_wrong(CLAIM, IReceivables.ReceivableState.Settled));
        _transfer(SELLER, CLAIM, TIER2);
    }

    function test_credit__notTheHolder__refused() public {
        _transfer(SELLER, CLAIM, TIER2);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.NotHolder.selector, CLAIM, partyOf[SELLER]));
        _credit(SELLER, 5);
    }

    function test_credit__nothing__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IActs.AmountZero.selector));
        _credit(SELLER, 0);
    }

    function test_credit__ofAPledgedPart__refused() public {
        take(offer(PLEDGE, RECEIVABLE, CLAIM, PART), SELLER, LENDER);
        vm.expectRevert(abi.encodeWithSelector(IReceivables.ExceedsFree.selector, CLAIM, FACE - PART + 1, FACE - PART));
        _credit(SELLER, FACE - PART + 1);
    }

    function test_credit__unconfirmed__refused() public {
        issueOn("order 2", "claim 2", 100);
        vm.expectRevert(_wrong("claim 2", IReceivables.ReceivableState.Issued));
        by(SELLER);
        receivables.credit(IReceivables.CreditParams("claim 2", ROOT, 1));
    }

    function test_credit__suspendedAndPaused__stillOpen() public {
        suspend(SELLER);
        participants.pause(IParticipants.PauseParams(type(uint256).max));
        vm.expectEmit(true, true, true, true, address(receivables));
        emit IReceivables.Credited(CLAIM, "credit note", 40);
        _credit(SELLER, 40);
        eq(claim(CLAIM).diluted, 40, "diluted");
        eq(claim(CLAIM).free, FACE - 40, "free");
        eq(claim(CLAIM).settled, 0, "settled");
    }

    function test_credit__whole__nothingIsDue() public {
        _credit(SELLER, FACE);
        eq(uint256(claim(CLAIM).state), uint256(IReceivables.ReceivableState.Settled), "state");
    }
}
