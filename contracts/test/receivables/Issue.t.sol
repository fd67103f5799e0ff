// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Auth, IActs} from "../../src/interfaces/IActs.sol";
import {IAsset} from "../../src/interfaces/IAsset.sol";
import {IOrders} from "../../src/interfaces/IOrders.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {IReceivables} from "../../src/interfaces/IReceivables.sol";
import {Kinds} from "../../src/libraries/Kinds.sol";
import {Roles} from "../../src/libraries/Roles.sol";
import {World} from "../World.sol";

/// @notice Issue: by whom, over which goods, under whose attestation.
contract ReceivablesIssueTest is World {
    function setUp() public override {
        super.setUp();
        deliver(ORDER, FACE);
    }

    function _refused(IReceivables.IssueParams memory p, bytes memory reason) private {
        Auth memory registrar = attest(p);
        vm.expectRevert(reason);
        by(SELLER);
        receivables.issue(p, registrar);
    }

    function test_issue__paused__refused() public {
        pause(Kinds.ISSUE);
        _refused(invoice(CLAIM, FACE), abi.encodeWithSelector(IParticipants.ActPaused.selector, Kinds.ISSUE));
    }

    function test_issue__suspendedSeller__refused() public {
        suspend(SELLER);
        _refused(invoice(CLAIM, FACE), abi.encodeWithSelector(IParticipants.PartySuspended.selector, partyOf[SELLER]));
    }

    function test_issue__suspendedRegistrar__refused() public {
        suspend(REGISTRAR);
        _refused(
            invoice(CLAIM, FACE), abi.encodeWithSelector(IParticipants.PartySuspended.selector, partyOf[REGISTRAR])
        );
    }

    function test_issue__notTheSellerOfTheOrder__refused() public {
        IReceivables.IssueParams memory p = invoice(CLAIM, FACE);
        Auth memory registrar = attest(p);
        vm.expectRevert(abi.encodeWithSelector(IOrders.NotSeller.selector, ORDER, partyOf[TIER2]));
        by(TIER2);
        receivables.issue(p, registrar);
    }

    function test_issue__unknownOrder__refused() public {
        IReceivables.IssueParams memory p = invoice(CLAIM, FACE);
        p.orderId = "no order";
        _refused(p, abi.encodeWithSelector(IOrders.OrderUnknown.selector, p.orderId));
    }

    function test_issue__aboveReceived__refused() public {
        issue("first", FACE - 10);
        _refused(
            invoice(CLAIM, 11),
            abi.encodeWithSelector(IOrders.InvoiceExceedsReceived.selector, ORDER, uint256(FACE) + 1, FACE)
        );
    }

    function test_issue__sameFingerprintAgain__refused() public {
        issue(CLAIM, 10);
        _refused(invoice(CLAIM, 10), abi.encodeWithSelector(IReceivables.ReceivableExists.selector, CLAIM));
    }

    function test_issue__idOfAPart__refused() public {
        bytes32 id = receivables.childId(CLAIM, 0);
        _refused(invoice(id, FACE), abi.encodeWithSelector(IAsset.IdReserved.selector, id));
    }

    function test_issue__nothing__refused() public {
        _refused(invoice(CLAIM, 0), abi.encodeWithSelector(IActs.AmountZero.selector));
    }

    function test_issue__beyond56Bits__refused() public {
        _refused(
            invoice(CLAIM, uint64(1) << 56), abi.encodeWithSelector(IActs.AmountTooLarge.selector, uint256(1) << 56)
        );
    }

    function test_issue__dueToday__refused() public {
        IReceivables.IssueParams memory p = invoice(CLAIM, FACE);
        p.dueDay = today();
        _refused(p, abi.encodeWithSelector(IReceivables.DueDayPast.selector, p.dueDay, today()));
    }

    function test_issue__beyondTheLawfulTenor__refused() public {
        IReceivables.IssueParams memory p = invoice(CLAIM, FACE);
        p.dueDay = today() + MAX_TENOR + 1;
        _refused(p, abi.encodeWithSelector(IReceivables.TenorTooLong.selector, p.dueDay, today() + MAX_TENOR));
    }

    function test_issue__attestedByAnybody__refused() public {
        IReceivables.IssueParams memory p = invoice(CLAIM, FACE);
        Auth memory registrar = attestBy(BUYER, p);
        vm.expectRevert(abi.encodeWithSelector(IActs.RoleMissing.selector, partyOf[BUYER], Roles.REGISTRAR));
        by(SELLER);
        receivables.issue(p, registrar);
    }

    function test_issue__attestedByTheSellerItself__refused() public {
        participants.setRoles(IParticipants.SetRolesParams(partyOf[SELLER], Roles.SUPPLIER | Roles.REGISTRAR));
        IReceivables.IssueParams memory p = invoice(CLAIM, FACE);
        Auth memory registrar = attestBy(SELLER, p);
        vm.expectRevert(abi.encodeWithSelector(IActs.SelfAttested.selector, partyOf[SELLER]));
        by(SELLER);
        receivables.issue(p, registrar);
    }

    function test_issue__anotherIdThanAttested__refused() public {
        IReceivables.IssueParams memory p = invoice(CLAIM, FACE);
        Auth memory registrar = attest(p);
        p.id = "freely chosen";
        vm.expectRevert(abi.encodeWithSelector(IActs.ActSignatureInvalid.selector, vm.addr(REGISTRAR)));
        by(SELLER);
        receivables.issue(p, registrar);
    }

    function test_issue__anotherRootThanAttested__refused() public {
        IReceivables.IssueParams memory p = invoice(CLAIM, FACE);
        Auth memory registrar = attest(p);
        p.documentRoot = "root 2";
        vm.expectRevert(abi.encodeWithSelector(IActs.ActSignatureInvalid.selector, vm.addr(REGISTRAR)));
        by(SELLER);
        receivables.issue(p, registrar);
    }

    function test_issue__anotherFaceThanAttested__refused() public {
        IReceivables.IssueParams memory p = invoice(CLAIM, FACE - 1);
        Auth memory registrar = attest(p);
        p.face = FACE;
        vm.expectRevert(abi.encodeWithSelector(IActs.ActSignatureInvalid.selector, vm.addr(REGISTRAR)));
        by(SELLER);
        receivables.issue(p, registrar);
    }

    function test_issue__anotherDueDayThanAttested__refused() public {
        IReceivables.IssueParams memory p = invoice(CLAIM, FACE);
        Auth memory registrar = attest(p);
        p.dueDay += 1;
        vm.expectRevert(abi.encodeWithSelector(IActs.ActSignatureInvalid.selector, vm.addr(REGISTRAR)));
        by(SELLER);
        receivables.issue(p, registrar);
    }

    function test_issue__goodsMovedOnSinceTheAttestation__refused() public {
        deliver("order 2", FACE);
        IReceivables.IssueParams memory p = invoice(CLAIM, FACE);
        p.orderId = "order 2";
        Auth memory registrar = attest(p);
        by(BUYER);
        orders.amend(IOrders.AmendParams("order 2", "root 2", FACE + 1));
        vm.expectRevert(abi.encodeWithSelector(IActs.ActSignatureInvalid.selector, vm.addr(REGISTRAR)));
        by(SELLER);
        receivables.issue(p, registrar);
        eq(orders.order("order 2").invoiced, 0, "not invoiced");
        registrar = attest(p);
        by(SELLER);
        receivables.issue(p, registrar);
    }

    function test_issue__attestedForAnotherOrder__refused() public {
        deliver("order 2", FACE);
        IReceivables.IssueParams memory p = invoice(CLAIM, FACE);
        Auth memory registrar = attest(p);
        p.orderId = "order 2";
        vm.expectRevert(abi.encodeWithSelector(IActs.ActSignatureInvalid.selector, vm.addr(REGISTRAR)));
        by(SELLER);
        receivables.issue(p, registrar);
    }

    function test_issue__attestationExpired__refused() public {
        IReceivables.IssueParams memory p = invoice(CLAIM, FACE);
        Auth memory registrar = attest(p);
        vm.warp(block.timestamp + 1);
        vm.expectRevert(abi.encodeWithSelector(IActs.ActExpired.selector, registrar.deadline));
        by(SELLER);
        receivables.issue(p, registrar);
    }

    function test_issue__attestationWithdrawn__refused() public {
        IReceivables.IssueParams memory p = invoice(CLAIM, FACE);
        Auth memory registrar = attest(p);
        by(REGISTRAR);
        receivables.revokeNonces(registrar.nonce >> 8, 1 << (registrar.nonce & 255));
        vm.expectRevert(abi.encodeWithSelector(IActs.ActReplayed.selector, vm.addr(REGISTRAR), registrar.nonce));
        by(SELLER);
        receivables.issue(p, registrar);
    }

    function test_issue__good__storedAndTold() public {
        vm.expectEmit(true, true, true, true, address(receivables));
        emit IReceivables.Issued(
            CLAIM, ORDER, partyOf[BUYER], partyOf[SELLER], ROOT, FACE, dueDay(), partyOf[REGISTRAR]
        );
        issue(CLAIM, FACE);
        IReceivables.Receivable memory r = claim(CLAIM);
        eq(r.holder, 0, "the seller's, but not in storage");
        eq(r.debtor, partyOf[BUYER], "debtor");
        eq(r.dueDay, dueDay(), "due day");
        eq(uint256(r.state), uint256(IReceivables.ReceivableState.Issued), "state");
        isTrue(!r.confirmed && !r.part, "flags");
        eq32(r.originTag, bytes18(keccak256(abi.encode(ORDER, ROOT, partyOf[SELLER]))), "tag");
        eq(r.face, FACE, "face");
        eq(r.free, FACE, "free");
        eq(uint256(r.pledged) + r.splitAway + r.settled + r.diluted, 0, "nothing else");
        eq(orders.order(ORDER).invoiced, FACE, "invoiced");
        eq(receivables.holderOf(CLAIM), 0, "nobody's yet");
    }

    function testFuzz_issue__anyFace__neverAboveReceived(uint64[5] calldata faces) public {
        for (uint256 i = 0; i < 5; ++i) {
            IReceivables.IssueParams memory p = invoice(bytes32(i + 1), uint64(bound(faces[i], 1, FACE)));
            Auth memory registrar = attest(p);
            by(SELLER);
            try receivables.issue(p, registrar) {} catch {}
            isTrue(orders.order(ORDER).invoiced <= orders.order(ORDER).received, "invoiced <= received");
        }
    }
}
