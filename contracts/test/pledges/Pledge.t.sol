// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth, IActs} from "../../src/interfaces/IActs.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {IPledges} from "../../src/interfaces/IPledges.sol";
import {IReceivables} from "../../src/interfaces/IReceivables.sol";
import {IWarehouseReceipts} from "../../src/interfaces/IWarehouseReceipts.sol";
import {Kinds} from "../../src/libraries/Kinds.sol";
import {Roles} from "../../src/libraries/Roles.sol";
import {OfferedWorld} from "./OfferedWorld.sol";

/// @notice Taking a pledge: granted by the holder, taken by the lender, no part twice.
contract PledgesPledgeTest is OfferedWorld {
    function _refused(IPledges.PledgeParams memory p, uint256 pledgor, uint256 lender, bytes memory reason) private {
        Auth memory granted = grant(p, pledgor);
        vm.expectRevert(reason);
        by(lender);
        pledges.pledge(p, granted, "registry 1");
    }

    function test_pledge__paused__refused() public {
        pause(Kinds.PLEDGE);
        _refused(_offer(), SELLER, LENDER, abi.encodeWithSelector(IParticipants.ActPaused.selector, Kinds.PLEDGE));
    }

    function test_pledge__suspendedPledgor__refused() public {
        suspend(SELLER);
        bytes memory reason = abi.encodeWithSelector(IParticipants.PartySuspended.selector, partyOf[SELLER]);
        _refused(_offer(), SELLER, LENDER, reason);
    }

    function test_pledge__suspendedLender__refused() public {
        suspend(LENDER);
        bytes memory reason = abi.encodeWithSelector(IParticipants.PartySuspended.selector, partyOf[LENDER]);
        _refused(_offer(), SELLER, LENDER, reason);
    }

    function test_pledge__sentByAnotherLender__refused() public {
        bytes memory reason = abi.encodeWithSelector(IPledges.NotLender.selector, PLEDGE, partyOf[LENDER2]);
        _refused(_offer(), SELLER, LENDER2, reason);
    }

    function test_pledge__notALender__refused() public {
        IPledges.PledgeParams memory p = _offer();
        p.lender = partyOf[TIER2];
        _refused(p, SELLER, TIER2, abi.encodeWithSelector(IActs.RoleMissing.selector, partyOf[TIER2], Roles.LENDER));
    }

    function test_pledge__grantedByTheLenderItself__refused() public {
        _refused(_offer(), LENDER, LENDER, abi.encodeWithSelector(IPledges.LenderIsPledgor.selector, partyOf[LENDER]));
    }

    function test_pledge__grantedByAnybodyElse__refused() public {
        _refused(
            _offer(), TIER2, LENDER, abi.encodeWithSelector(IReceivables.NotHolder.selector, CLAIM, partyOf[TIER2])
        );
    }

    function test_pledge__otherTermsThanGranted__refused() public {
        IPledges.PledgeParams memory p = _offer();
        Auth memory granted = grant(p, SELLER);
        p.amount += 1;
        vm.expectRevert(abi.encodeWithSelector(IActs.ActSignatureInvalid.selector, vm.addr(SELLER)));
        by(LENDER);
        pledges.pledge(p, granted, "registry 1");
    }

    function test_pledge__grantExpired__refused() public {
        IPledges.PledgeParams memory p = _offer();
        Auth memory granted = grant(p, SELLER);
        vm.warp(block.timestamp + 1);
        vm.expectRevert(abi.encodeWithSelector(IActs.ActExpired.selector, granted.deadline));
        by(LENDER);
        pledges.pledge(p, granted, "registry 1");
    }

    function test_pledge__grantWithdrawn__refused() public {
        IPledges.PledgeParams memory p = _offer();
        Auth memory granted = grant(p, SELLER);
        by(SELLER);
        pledges.revokeNonces(granted.nonce >> 8, 1 << (granted.nonce & 255));
        vm.expectRevert(abi.encodeWithSelector(IActs.ActReplayed.selector, vm.addr(SELLER), granted.nonce));
        by(LENDER);
        pledges.pledge(p, granted, "registry 1");
    }

    function test_pledge__noRegistryNumber__refused() public {
        IPledges.PledgeParams memory p = _offer();
        Auth memory granted = grant(p, SELLER);
        vm.expectRevert(abi.encodeWithSelector(IPledges.RegistryNoMissing.selector, PLEDGE));
        by(LENDER);
        pledges.pledge(p, granted, 0);
    }

    function test_pledge__nothing__refused() public {
        _refused(offer(PLEDGE, RECEIVABLE, CLAIM, 0), SELLER, LENDER, abi.encodeWithSelector(IActs.AmountZero.selector));
    }

    function test_pledge__moreThanFree__refused() public {
        bytes memory reason = abi.encodeWithSelector(IReceivables.ExceedsFree.selector, CLAIM, uint256(FACE) + 1, FACE);
        _refused(offer(PLEDGE, RECEIVABLE, CLAIM, FACE + 1), SELLER, LENDER, reason);
    }

    function test_pledge__samePartToASecondLender__refused() public {
        take(_offer(), SELLER, LENDER);
        IPledges.PledgeParams memory p = offer(over(CLAIM, "pledge 2"), RECEIVABLE, CLAIM, PART);
        p.lender = partyOf[LENDER2];
        bytes memory reason = abi.encodeWithSelector(IReceivables.ExceedsFree.selector, CLAIM, PART, FACE - PART);
        _refused(p, SELLER, LENDER2, reason);
    }

    function test_pledge__sameIdAgain__refused() public {
        take(_offer(), SELLER, LENDER);
        _refused(
            offer(PLEDGE, RECEIVABLE, CLAIM, 1),
            SELLER,
            LENDER,
            abi.encodeWithSelector(IPledges.PledgeExists.selector, PLEDGE)
        );
    }

    function test_pledge__idOfAReleasedOne__refused() public {
        take(_offer(), SELLER, LENDER);
        by(LENDER);
        pledges.release(IPledges.ReleaseParams(PLEDGE, CLAIM, PART, 0, 0));
        _refused(_offer(), SELLER, LENDER, abi.encodeWithSelector(IPledges.PledgeExists.selector, PLEDGE));
    }

    function _foreign(bytes32 pledgeId) private {
        bytes memory reason = abi.encodeWithSelector(IPledges.PledgeIdForeign.selector, pledgeId, CLAIM);
        _refused(offer(pledgeId, RECEIVABLE, CLAIM, 1), SELLER, LENDER, reason);
    }

    function test_pledge__idOfAnotherAssetOrOfNone__refused() public {
        _foreign(over("claim 2", "pledge"));
        _foreign("pledge");
        _foreign(0);
    }

    function testFuzz_pledge__startOfTheIdWrongInOneBit__refused(uint8 bit, bytes16 own) public {
        _foreign(over(CLAIM, own) ^ bytes32(uint256(1) << (128 + bit % 128)));
    }

    function testFuzz_pledge__startOfTheIdRight__restIsFree(bytes16 own) public {
        bytes32 id = pledges.pledgeIdOf(CLAIM, own);
        eq32(id, over(CLAIM, own), "id");
        take(offer(id, RECEIVABLE, CLAIM, 1), SELLER, LENDER);
        eq(pledges.pledgeOf(id).amount, 1, "pledged");
    }

    function test_pledge__kindOfNothing__refused() public {
        _refused(
            offer(PLEDGE, 3, CLAIM, 1), SELLER, LENDER, abi.encodeWithSelector(IPledges.AssetKindInvalid.selector, 3)
        );
        _refused(
            offer(PLEDGE, 0, CLAIM, 1), SELLER, LENDER, abi.encodeWithSelector(IPledges.AssetKindInvalid.selector, 0)
        );
    }

    function test_pledge__expiryPastOrBeyond32Bits__refused() public {
        IPledges.PledgeParams memory p = _offer();
        p.expiresAt = uint64(block.timestamp);
        _refused(p, SELLER, LENDER, abi.encodeWithSelector(IPledges.ExpiryInvalid.selector, p.expiresAt));
        p.expiresAt = uint64(1) << 32;
        _refused(p, SELLER, LENDER, abi.encodeWithSelector(IPledges.ExpiryInvalid.selector, p.expiresAt));
    }

    function test_pledge__unconfirmed__refused() public {
        issueOn("order 2", "claim 2", 100);
        bytes memory reason = abi.encodeWithSelector(
            IReceivables.ReceivableStateWrong.selector, bytes32("claim 2"), IReceivables.ReceivableState.Issued
        );
        _refused(offer(over("claim 2", "p"), RECEIVABLE, "claim 2", 1), SELLER, LENDER, reason);
    }

    function test_pledge__disputed__refused() public {
        by(BUYER);
        receivables.dispute(IReceivables.DisputeParams(CLAIM, ROOT));
        bytes memory reason = abi.encodeWithSelector(
            IReceivables.ReceivableStateWrong.selector, CLAIM, IReceivables.ReceivableState.Disputed
        );
        _refused(_offer(), SELLER, LENDER, reason);
    }

    function test_pledge__lenderOwesIt__refused() public {
        participants.setRoles(IParticipants.SetRolesParams(partyOf[BUYER], Roles.CORE | Roles.LENDER));
        IPledges.PledgeParams memory p = _offer();
        p.lender = partyOf[BUYER];
        _refused(p, SELLER, BUYER, abi.encodeWithSelector(IReceivables.LenderIsDebtor.selector, partyOf[BUYER]));
    }

    function test_pledge__goodsOfAnother__refused() public {
        store();
        bytes memory reason = abi.encodeWithSelector(IWarehouseReceipts.NotOwner.selector, GOODS, partyOf[SELLER]);
        _refused(offer(ON_GOODS, WAREHOUSE, GOODS, 1), SELLER, LENDER, reason);
    }

    function test_pledge__moreGoodsThanFree__refused() public {
        store();
        bytes memory reason = abi.encodeWithSelector(IWarehouseReceipts.ExceedsFree.selector, GOODS, STOCK + 1, STOCK);
        _refused(offer(ON_GOODS, WAREHOUSE, GOODS, STOCK + 1), DISTRIBUTOR, LENDER, reason);
    }

    function test_pledge__good__storedAndTold() public {
        IPledges.PledgeParams memory p = _offer();
        Auth memory granted = grant(p, SELLER);
        vm.expectEmit(true, true, true, true, address(pledges));
        emit IPledges.Pledged(
            PLEDGE, CLAIM, "loan", RECEIVABLE, PART, partyOf[SELLER], partyOf[LENDER], "decision", "registry 1", 0
        );
        by(LENDER);
        pledges.pledge(p, granted, "registry 1");
        IPledges.Pledge memory stored = pledges.pledgeOf(PLEDGE);
        eq(uint256(stored.state), uint256(IPledges.PledgeState.Active), "state");
        eq(stored.assetKind, RECEIVABLE, "kind");
        eq(stored.lender, partyOf[LENDER], "lender");
        eq(stored.amount, PART, "amount");
        isTrue(stored.drawn, "drawn from the start");
        eq32(stored.assetTag, bytes14(keccak256(abi.encode(CLAIM))), "tag");
        eq(stored.rank, 0, "receivables rank nobody");
        eq(claim(CLAIM).pledged, PART, "pledged");
        eq(claim(CLAIM).free, FACE - PART, "free");
    }

    function test_pledge__goods__storedAndLocked() public {
        goodsPledged();
        eq(pledges.pledgeOf(ON_GOODS).assetKind, WAREHOUSE, "kind");
        eq(receipts.receipt(GOODS).pledged, STOCK * 3 / 5, "locked");
        eq(pledges.pledgeOf("none").assetKind, 0, "no pledge, no kind");
    }

    function test_pledge__twoLendersOnTwoParts__bothHold() public {
        take(_offer(), SELLER, LENDER);
        IPledges.PledgeParams memory p = offer(over(CLAIM, "pledge 2"), RECEIVABLE, CLAIM, FACE - PART);
        p.lender = partyOf[LENDER2];
        take(p, SELLER, LENDER2);
        eq(claim(CLAIM).pledged, FACE, "all pledged");
        eq(claim(CLAIM).free, 0, "nothing free");
    }

    function testFuzz_pledge__anyAmounts__noPartTwice(uint64[6] calldata amounts) public {
        uint256 locked;
        for (uint256 i = 0; i < 6; ++i) {
            IPledges.PledgeParams memory p =
                offer(over(CLAIM, bytes16(uint128(i))), RECEIVABLE, CLAIM, uint64(bound(amounts[i], 1, FACE)));
            Auth memory granted = grant(p, SELLER);
            by(LENDER);
            try pledges.pledge(p, granted, "registry") {
                locked += p.amount;
            } catch {}
            eq(claim(CLAIM).pledged, locked, "pledged is the sum of the pledges");
            isTrue(locked <= FACE, "no part twice");
        }
    }
}
