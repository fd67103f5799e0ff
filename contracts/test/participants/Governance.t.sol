// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

import {Auth} from "../../src/interfaces/IActs.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {Roles} from "../../src/libraries/Roles.sol";
import {Participants} from "../Contracts.sol";
import {World} from "../World.sol";

/// @notice Governance as it is deployed: what the operator may at once, what it has to announce, and that it can't change that
/// sooner than it announces it.
contract ParticipantsGovernanceTest is World {
    uint256 private constant OPERATOR = 0x09;
    uint256 private constant NEW = 0x4e77;
    uint32 private constant DELAY = 2 days;

    /// @dev Other than World's, whose rules have no delay.
    function setUp() public override {
        super.setUp();
        address where = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 1);
        manager = AccessManager(create("Governance", abi.encode(vm.addr(OPERATOR), where, DELAY)));
        participants = Participants(create("Participants", abi.encode(manager)));
        _admit(SELLER, Roles.SUPPLIER);
    }

    function _admit(uint256 pk, uint32 roles) private {
        IParticipants.AdmitParams memory p = admission(pk, roles);
        Auth memory proof = joinProof(p, pk);
        by(OPERATOR);
        partyOf[pk] = participants.admit(p, proof);
    }

    function _roles() private view returns (IParticipants.SetRolesParams memory) {
        return IParticipants.SetRolesParams(partyOf[SELLER], Roles.BANK);
    }

    /// @dev Refused at once, to be done when it was announced for two days; then it is.
    function _onlyAfterTheDelay(address target, bytes memory act) private {
        bytes32 id = manager.hashOperation(vm.addr(OPERATOR), target, act);
        by(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(IAccessManager.AccessManagerNotScheduled.selector, id));
        manager.execute(target, act);
        by(OPERATOR);
        manager.schedule(target, act, 0);
        vm.warp(block.timestamp + DELAY - 1);
        by(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(IAccessManager.AccessManagerNotReady.selector, id));
        manager.execute(target, act);
        vm.warp(block.timestamp + 1);
        by(OPERATOR);
        manager.execute(target, act);
    }

    function test_governance__strangers__refused() public {
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, vm.addr(STRANGER)));
        by(STRANGER);
        participants.pause(IParticipants.PauseParams(1));
    }

    function test_governance__rolesBySignature__refused() public {
        Auth memory auth = sign(
            OPERATOR,
            participants,
            "SetRoles(uint32 party,uint32 roles,uint256 nonce,uint256 deadline)",
            abi.encode(_roles())
        );
        vm.expectRevert(abi.encodeWithSelector(IParticipants.NotOperator.selector, vm.addr(OPERATOR)));
        participants.setRolesBySig(_roles(), auth);
    }

    function test_governance__dailyActs__atOnce() public {
        _admit(NEW, Roles.LENDER);
        by(OPERATOR);
        participants.suspend(IParticipants.SuspendParams(partyOf[NEW]));
        by(OPERATOR);
        participants.resume(IParticipants.ResumeParams(partyOf[NEW]));
        by(OPERATOR);
        participants.pause(IParticipants.PauseParams(1));
        eq(participants.paused(), 1, "paused");
        isTrue(!participants.party(partyOf[NEW]).suspended, "resumed");
    }

    function test_governance__rolesOfAParty__announced() public {
        _onlyAfterTheDelay(address(participants), abi.encodeCall(IParticipants.setRoles, (_roles())));
        eq(participants.party(partyOf[SELLER]).roles, Roles.BANK, "after the delay");
    }

    function test_governance__recoveredKey__announced() public {
        IParticipants.RecoverKeyParams memory p =
            IParticipants.RecoverKeyParams(partyOf[SELLER], vm.addr(SELLER), vm.addr(NEW));
        bytes memory members = abi.encode(p);
        Auth memory proof = signWith(NEW, participants, SUCCEED_TYPE, members, fresh(), block.timestamp + 3 days);
        _onlyAfterTheDelay(address(participants), abi.encodeCall(IParticipants.recoverKey, (p, proof)));
        eq(participants.partyOf(vm.addr(NEW)), partyOf[SELLER], "the new key speaks");
    }

    function test_governance__theRulesThemselves__announced() public {
        // Its own delay, who may do what at once, and the authority: none of them is a way round.
        address operator = vm.addr(OPERATOR);
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = IParticipants.setRoles.selector;
        address itself = address(manager);
        uint64 admin = manager.ADMIN_ROLE();
        _onlyAfterTheDelay(itself, abi.encodeCall(manager.grantRole, (admin, vm.addr(STRANGER), 0)));
        _onlyAfterTheDelay(
            itself, abi.encodeCall(manager.setTargetFunctionRole, (address(participants), selectors, OPERATOR_ROLE))
        );
        _onlyAfterTheDelay(itself, abi.encodeCall(manager.grantRole, (admin, operator, DELAY + 1)));
    }

    function test_governance__anotherAuthority__announced() public {
        _onlyAfterTheDelay(
            address(manager), abi.encodeCall(manager.updateAuthority, (address(participants), address(receivables)))
        );
    }
}
