// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {Auth} from "../../src/interfaces/IActs.sol";
import {IParticipants} from "../../src/interfaces/IParticipants.sol";
import {World} from "../World.sol";

/// @notice The operator gives a party that lost its key a new one, which proves itself.
contract ParticipantsRecoverKeyTest is World {
    uint256 private constant NEW = 0x4e77;

    function _succession(uint256 pk) private returns (IParticipants.RecoverKeyParams memory p, Auth memory proof) {
        p = IParticipants.RecoverKeyParams(partyOf[SELLER], vm.addr(NEW));
        proof = sign(
            pk, participants, "Succeed(uint32 party,address newKey,uint256 nonce,uint256 deadline)", abi.encode(p)
        );
    }

    function test_recoverKey__notTheOperator__refused() public {
        (IParticipants.RecoverKeyParams memory p, Auth memory proof) = _succession(NEW);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, vm.addr(BUYER)));
        by(BUYER);
        participants.recoverKey(p, proof);
    }

    function test_recoverKey__unproved__refused() public {
        (IParticipants.RecoverKeyParams memory p, Auth memory proof) = _succession(STRANGER);
        vm.expectRevert(abi.encodeWithSelector(IParticipants.KeyNotProved.selector, vm.addr(NEW), vm.addr(STRANGER)));
        participants.recoverKey(p, proof);
    }

    function test_recoverKey__good__newKeySpeaks() public {
        (IParticipants.RecoverKeyParams memory p, Auth memory proof) = _succession(NEW);
        participants.recoverKey(p, proof);
        eq(participants.partyOf(vm.addr(NEW)), partyOf[SELLER], "new key");
        eq(participants.partyOf(vm.addr(SELLER)), 0, "old key");
    }
}
