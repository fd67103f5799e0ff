// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActs} from "../../src/interfaces/IActs.sol";
import {IAsset} from "../../src/interfaces/IAsset.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {IReceivables} from "../../src/interfaces/IReceivables.sol";
import {Kinds} from "../../src/libraries/Kinds.sol";
import {MovedWorld} from "./MovedWorld.sol";

/// @notice Split: conserves to the fen, numbers its parts.
contract ReceivablesSplitTest is MovedWorld {
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
}
