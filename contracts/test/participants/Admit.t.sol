// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {Auth, IActs} from "../../src/interfaces/IActs.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {Kinds} from "../../src/libraries/Kinds.sol";
import {Roles} from "../../src/libraries/Roles.sol";
import {World} from "../World.sol";

/// @notice Admission: by the operator, proved by the party's own key.
contract ParticipantsAdmitTest is World {
    uint256 private constant NEW = 0x4e77;

    function _refused(IParticipants.AdmitParams memory p, bytes memory reason) private {
        Auth memory proof = joinProof(p, NEW);
        vm.expectRevert(reason);
        participants.admit(p, proof);
    }

    function test_admit__notTheOperator__refused() public {
        IParticipants.AdmitParams memory p = admission(NEW, Roles.SUPPLIER);
        Auth memory proof = joinProof(p, NEW);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, vm.addr(STRANGER)));
        by(STRANGER);
        participants.admit(p, proof);
    }

    function test_admit__paused__refused() public {
        pause(Kinds.ADMIT);
        _refused(admission(NEW, Roles.SUPPLIER), abi.encodeWithSelector(IParticipants.ActPaused.selector, Kinds.ADMIT));
    }

    function test_admit__noCommitment__refused() public {
        IParticipants.AdmitParams memory p = admission(NEW, Roles.SUPPLIER);
        p.commitment = 0;
        _refused(p, abi.encodeWithSelector(IParticipants.CommitmentZero.selector));
    }

    function test_admit__sameCommitmentAgain__refused() public {
        IParticipants.AdmitParams memory p = admission(NEW, Roles.SUPPLIER);
        p.commitment = admission(BUYER, 0).commitment;
        _refused(p, abi.encodeWithSelector(IParticipants.CommitmentTaken.selector, p.commitment));
    }

    function test_admit__noRole__refused() public {
        _refused(admission(NEW, 0), abi.encodeWithSelector(IParticipants.RolesInvalid.selector, 0));
    }

    function test_admit__undefinedRole__refused() public {
        _refused(admission(NEW, 512), abi.encodeWithSelector(IParticipants.RolesInvalid.selector, 512));
    }

    function test_admit__zeroKey__refused() public {
        IParticipants.AdmitParams memory p = admission(NEW, Roles.SUPPLIER);
        p.key = address(0);
        _refused(p, abi.encodeWithSelector(IParticipants.KeyZero.selector));
    }

    function test_admit__keyOfAnotherParty__refused() public {
        IParticipants.AdmitParams memory p = admission(NEW, Roles.SUPPLIER);
        p.key = vm.addr(BUYER);
        _refused(p, abi.encodeWithSelector(IParticipants.KeyTaken.selector, p.key));
    }

    function test_admit__proofByAnotherKey__refused() public {
        IParticipants.AdmitParams memory p = admission(NEW, Roles.SUPPLIER);
        p.key = vm.addr(STRANGER);
        _refused(p, abi.encodeWithSelector(IParticipants.KeyNotProved.selector, p.key, vm.addr(NEW)));
    }

    function test_admit__proofOfOtherRoles__refused() public {
        IParticipants.AdmitParams memory p = admission(NEW, Roles.SUPPLIER);
        Auth memory proof = joinProof(p, NEW);
        p.roles = Roles.BANK;
        vm.expectRevert(abi.encodeWithSelector(IActs.ActSignatureInvalid.selector, vm.addr(NEW)));
        participants.admit(p, proof);
    }

    function test_admit__good__storedAndTold() public {
        IParticipants.AdmitParams memory p = admission(NEW, Roles.SUPPLIER | Roles.DISTRIBUTOR);
        Auth memory proof = joinProof(p, NEW);
        uint32 next = participants.partyCount() + 1;
        vm.expectEmit(true, true, true, true, address(participants));
        emit IParticipants.Admitted(next, p.commitment, p.roles, p.key);
        eq(participants.admit(p, proof), next, "id");
        IParticipants.Party memory stored = participants.party(next);
        eq32(stored.commitment, p.commitment, "commitment");
        eq(stored.roles, p.roles, "roles");
        isTrue(stored.key == p.key && !stored.suspended, "key, suspended");
        eq(participants.partyOf(p.key), next, "partyOf");
        eq(participants.partyByCommitment(p.commitment), next, "partyByCommitment");
    }

    function testFuzz_admit__anybodyButTheOperator__refused(address who, uint32 roles) public {
        vm.assume(who != address(this));
        IParticipants.AdmitParams memory p = admission(NEW, roles);
        Auth memory proof = joinProof(p, NEW);
        uint32 count = participants.partyCount();
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, who));
        vm.prank(who);
        participants.admit(p, proof);
        eq(participants.partyCount(), count, "nobody came in");
    }
}
